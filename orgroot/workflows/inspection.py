"""`inspect bucket`: read a locked policy in a root session, say why it is locked, keep the text.

The session could write; this module sends ListBuckets and GetBucketPolicy and nothing else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from orgroot.core.codec import canonical, parse_canonical
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import AccountId, sha256
from orgroot.core.log_state import ExecutionRecord, RequestRecord
from orgroot.core.resource_policy import Lock, PolicyReading, read_bucket_policy
from orgroot.core.results import Inspection, Result, StatementRow
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.statement_parts import Target
from orgroot.core.statements import instant
from orgroot.core.task_params import BucketRef, InspectBucketPolicy, parse_params, to_params
from orgroot.errors import AwsError, IntegrityError, OrgrootError, OutcomeUnknown, UsageError
from orgroot.workflows import buckets
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.execution import submit
from orgroot.workflows.log_reading import ends_of
from orgroot.workflows.requests import Ask, Draft, needs_approval
from orgroot.workflows.run import Run
from orgroot.workflows.runner_mode import runner_for
from orgroot.workflows.surveys import survey
from orgroot.workflows.targets import live_targets, reading_targets
from orgroot.workflows.workspace import Workspace

FRESH = timedelta(hours=1)
"""How long an inspection may supply the old text of a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What an inspection in the log found.

    Attributes:
        bucket: its name.
        region: its Region.
        policy: the exact text; None: it has no policy.
        at: when (UTC).
        request: the survey or request it was.
    """

    bucket: str
    region: str
    policy: bytes | None
    at: datetime
    request: str


def inspect_bucket(
    ws: Workspace,
    account: AccountId,
    bucket: str,
    region: str | None = None,
    ask: Ask | None = None,
) -> Result:
    """Read one bucket's policy.

    Returns:
        Inspection; where the rules want approvals for reading, the waiting request.

    Raises:
        UsageError: not a member, no such bucket, another account's bucket, another Region.
        AwsError: AWS refuses the session or the reading.
    """
    name = buckets.bucket_name(bucket)
    where = buckets.region_name(region or ws.config.organization.region)
    member = buckets.owner_of(ws, account)
    ask = ask or Ask()
    params = InspectBucketPolicy(buckets=(BucketRef(bucket=name, region=where),))
    draft = Draft(
        task=Task.INSPECT_BUCKET_POLICY,
        targets=reading_targets(ws, (member,), Task.INSPECT_BUCKET_POLICY),
        params=to_params(params),
        task_policy=TaskPolicy.UNLOCK_BUCKET,
        duration_seconds=ask.duration_seconds,
        reason=ask.reason,
        ticket=ask.ticket,
    )
    if needs_approval(ws, draft) or runner_for(ws, draft.task) is not None:
        return submit(ws, draft, ask.wait_seconds)
    seen, _ = survey(ws, draft, lambda run: _look(ws, run, account, params)[0])
    return _shown(ws, account, seen)


def latest(log: AuditLog, account: str, bucket: str, now: datetime) -> Seen | None:
    """The newest inspection of a bucket in the log, if it is younger than an hour."""
    for request in reversed(log.state.requests.values()):
        body = request.body
        if body.task is not Task.INSPECT_BUCKET_POLICY or request.targets[0].account != account:
            continue
        for execution in reversed(request.executions):
            if instant(execution.body.created_at) <= now - FRESH:
                continue
            found = [seen for seen in _recorded(log, request, execution) if seen.bucket == bucket]
            if found:
                return found[0]
    return None


class InspectBucketDriver:
    """Inspection under approval, where the rules want one."""

    def live_targets(self, ws: Workspace, request: RequestRecord) -> tuple[Target, ...]:
        """The account as it is now."""
        return live_targets(ws, request)

    def pending(self, ws: Workspace, request: RequestRecord) -> tuple[str, ...]:
        """The account, unless its outcome is recorded."""
        del ws
        return request.remaining()

    def run(self, ws: Workspace, run: Run, request: RequestRecord) -> None:
        """Read the policies."""
        params = parse_params(request.body.task, request.params)
        if not isinstance(params, InspectBucketPolicy):
            raise IntegrityError(f"{request.id} does not say which buckets", code="params")
        _look(ws, run, AccountId(run.accounts[0]), params)

    def result(self, ws: Workspace, request: RequestRecord) -> Result:
        """What the last execution found in the first bucket."""
        log = ws.governed.log
        for execution in reversed(request.executions):
            for seen in _recorded(log, request, execution):
                return _shown(ws, AccountId(request.targets[0].account), seen)
        raise OutcomeUnknown(f"{request.id} left no result in the log")


def _look(
    ws: Workspace, run: Run, account: AccountId, params: InspectBucketPolicy
) -> tuple[Seen, ...]:
    """Open the session, read every bucket, keep the texts, close."""
    log = ws.governed.log
    try:
        session = run.open_session(account, TaskPolicy.UNLOCK_BUCKET)
    except AwsError as error:
        run.refuse(account, error)
        raise
    found: list[Seen] = []
    try:
        for ref in params.buckets:
            region = buckets.locate(ws, session, ref.bucket, ref.region)
            policy = buckets.read_policy(ws, session, ref.bucket, region)
            found.append(
                Seen(
                    bucket=ref.bucket,
                    region=region,
                    policy=policy,
                    at=ws.clock.now(),
                    request=run.request_id,
                )
            )
    except (AwsError, UsageError) as error:
        run.close(account, f"failed: {error.code}")
        raise
    listing = log.put_object(
        canonical(
            [
                {
                    "bucket": seen.bucket,
                    "region": seen.region,
                    "policy_sha256": None if seen.policy is None else sha256(seen.policy),
                }
                for seen in found
            ]
        )
    )
    texts = (log.put_object(seen.policy) for seen in found if seen.policy is not None)
    run.close(account, "succeeded", (listing, *texts))
    return tuple(found)


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket in the listing that an inspection keeps."""

    bucket: str
    region: str
    policy_sha256: str | None


def _recorded(
    log: AuditLog, request: RequestRecord, execution: ExecutionRecord
) -> tuple[Seen, ...]:
    """What an execution of an inspection found, from the objects its closing names.

    Where they are not what they should be, whoever wrote them so, it is as if nobody had looked.
    """
    try:
        end = ends_of(log, execution).get(request.targets[0].account)
        if end is None or not end.objects:
            return ()
        tree = parse_canonical(log.get_object(end.objects[0]))
        return tuple(
            Seen(
                bucket=item.bucket,
                region=item.region,
                policy=None if item.policy_sha256 is None else log.get_object(item.policy_sha256),
                at=instant(execution.body.created_at),
                request=request.id,
            )
            for item in msgspec.convert(tree, tuple[_Listed, ...])
        )
    except (IntegrityError, msgspec.ValidationError):
        return ()


def _shown(ws: Workspace, account: AccountId, seen: Seen) -> Inspection:
    """The inspection as its JSON shows it."""
    notes: tuple[str, ...] = ()
    reading: PolicyReading | None = None
    if seen.policy is None:
        notes = ("the bucket has no policy",)
    else:
        try:
            reading = read_bucket_policy(seen.policy, seen.bucket, account)
            notes = reading.notes
        except OrgrootError as error:
            notes = (f"the policy cannot be understood: {error.message}",)
    locked = reading is not None and reading.lock is Lock.LOCKED
    return Inspection(
        account=account,
        bucket=seen.bucket,
        region=seen.region,
        policy=None if seen.policy is None else seen.policy.decode(errors="backslashreplace"),
        sha256=None if seen.policy is None else sha256(seen.policy),
        locked=locked,
        by=reading.by if locked and reading is not None else (),
        receipt=ws.governed.log.receipt(),
        statements=() if reading is None else _rows(reading),
        notes=notes,
        next=_next(account, seen.bucket, reading),
    )


def _rows(reading: PolicyReading) -> tuple[StatementRow, ...]:
    return tuple(
        StatementRow(
            sid=statement.address,
            effect=statement.effect,
            locks=statement.address in reading.by and statement.lock is Lock.LOCKED,
            why=statement.why,
        )
        for statement in reading.statements
    )


def _next(account: str, bucket: str, reading: PolicyReading | None) -> str | None:
    if reading is None or reading.lock is Lock.OPEN:
        return None
    sids = buckets.sid_flags(reading.by)
    return (
        f"orgroot unlock-bucket {bucket} --account {account} --mode drop-statements {sids} "
        '--reason "…"'
    )
