"""Every root session on record, with what it was for: from records, facts and what was found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from orgroot.core.eligibility import skew
from orgroot.core.facts import IssuedItem
from orgroot.core.governed_tasks import Task
from orgroot.core.log_state import ExecutionRecord, LogState, RequestRecord
from orgroot.core.reconcile import LoggedSession
from orgroot.core.root_tasks import MAX_SESSION_SECONDS
from orgroot.core.session_use import SessionPlan
from orgroot.core.statement_parts import FoundSession
from orgroot.core.statements import Survey, instant
from orgroot.core.task_params import InspectBucketPolicy, UnlockBucket, parse_params
from orgroot.errors import IntegrityError
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.log_reading import ends_of, sessions_of
from orgroot.workflows.outcomes import parse_outcome
from orgroot.workflows.reading import UNREAD

_OF_BUCKETS = (Task.UNLOCK_BUCKET, Task.INSPECT_BUCKET_POLICY)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRecord:
    """A session on record.

    Attributes:
        session: as the log has it.
        plan: what it was opened for.
        used: its execution came to an end that it cannot have come to without a call.
        at: when AWS says that it was opened (UTC); None: CloudTrail does not show it.
    """

    session: LoggedSession
    plan: SessionPlan
    used: bool
    at: datetime | None = None


def logged_sessions(
    log: AuditLog, state: LogState, since: datetime, unsound: Callable[[str], None]
) -> Iterator[OnRecord]:
    """Every session on record whose execution was not over before an instant (UTC).

    A survey whose facts are not what they should be is told to `unsound`, and has no session on
    record from there on: nobody can end the look at all others by a bad survey of their own.
    """
    tolerance = skew(state.rules_in_force)
    for request in state.requests.values():
        for run in request.executions:
            if instant(run.body.deadline) >= since:
                try:
                    yield from _sessions(log, request, run, tolerance)
                except IntegrityError as error:
                    unsound(f"record {run.seq}, {request.id}: {error.message}")


def _sessions(
    log: AuditLog, request: RequestRecord, run: ExecutionRecord, tolerance: timedelta
) -> Iterator[OnRecord]:
    """What it put on record, and what `recover` found of it; a survey has one in each account."""
    used = _used(log, run)
    met: set[str] = set()
    for item in sessions_of(log, run):
        if isinstance(run.body, Survey) and item.account in met:
            continue  # a program that opens two of them is not ours
        met.add(item.account)
        session = _session(request, run, item, instant(item.expires_at), tolerance)
        yield _on_record(request, run, item, session, used=item.account in used)
    for found in run.found.values():
        if not isinstance(run.body, Survey) or found.account not in met:
            longest = instant(found.at) + timedelta(seconds=MAX_SESSION_SECONDS)
            session = _session(request, run, found, longest, tolerance)
            yield _on_record(request, run, found, session, used=False)


def _used(log: AuditLog, run: ExecutionRecord) -> set[str]:
    """The accounts in which calls were surely made: read, or changed."""
    changed = {account for account, _ in run.step_results}
    if not isinstance(run.body, Survey):
        return changed
    ends = ends_of(log, run)
    return {account for account, end in ends.items() if parse_outcome(end.outcome)[0] != UNREAD}


def _session(
    request: RequestRecord,
    run: ExecutionRecord,
    item: IssuedItem | FoundSession,
    expires_at: datetime,
    tolerance: timedelta,
) -> LoggedSession:
    return LoggedSession(
        access_key_id=item.access_key_id,
        account=item.account,
        task_policy=item.task_policy.value,
        execution=run.id,
        request=request.id,
        seq=run.seq,
        begun=instant(run.body.observed_at) - tolerance,
        until=instant(run.body.deadline) + tolerance,
        expires_at=expires_at,
        caller=run.body.caller_arn,
        role=run.body.executor_arn or "",
    )


def _on_record(
    request: RequestRecord,
    run: ExecutionRecord,
    item: IssuedItem | FoundSession,
    session: LoggedSession,
    *,
    used: bool,
) -> OnRecord:
    steps = (step for (account, _), step in run.step_intents.items() if account == item.account)
    plan = SessionPlan(
        execution=run.id,
        policy=item.task_policy,
        steps=tuple((step.operation, step.target) for step in steps),
        free=request.body.task is Task.ROOT_SESSION,
        buckets=_buckets(request),
    )
    return OnRecord(session=session, plan=plan, used=used)


def _buckets(request: RequestRecord) -> dict[str, bytes | None] | None:
    if request.body.task not in _OF_BUCKETS:
        return None  # what is read of thousands of accounts says nothing of buckets
    match parse_params(request.body.task, request.params):
        case UnlockBucket(buckets=about):
            return {each.bucket: each.after for each in about}
        case InspectBucketPolicy(buckets=about):
            return {each.bucket: None for each in about}
        case _:
            return None
