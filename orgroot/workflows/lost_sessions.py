"""Asking CloudTrail for the sessions that an execution could not put on record.

What it shows is taken only where exactly one session fits; where it was not read, or is too new to
tell, nothing is said.
"""

from dataclasses import dataclass

from orgroot.core import audit_log
from orgroot.core.eligibility import skew
from orgroot.core.log_state import ExecutionRecord, RequestRecord
from orgroot.core.lost_sessions import fits, looked_after, may_have_lost
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.statement_parts import FoundSession
from orgroot.core.statements import Survey, instant, timestamp
from orgroot.core.trail import KEPT, AssumeRootEvent
from orgroot.errors import IntegrityError
from orgroot.workflows.log_reading import sessions_of
from orgroot.workflows.trails import read_own_trail
from orgroot.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What CloudTrail showed of one execution.

    Attributes:
        sessions: those that were not on record, one per account at most.
        looked: the accounts of which nothing more is missing; `""`: all of a survey.
        words: by account what a person should know.
        unread: why CloudTrail was not read, or not compared; empty: it was.
    """

    sessions: tuple[FoundSession, ...] = ()
    looked: tuple[str, ...] = ()
    words: dict[str, str]
    unread: str = ""


def can_look(ws: Workspace, run: ExecutionRecord) -> bool:
    """Sessions of it may be missing, and CloudTrail has had time to show them, and still does."""
    now = ws.clock.now()
    fresh = instant(run.body.observed_at) > now - KEPT
    return bool(may_have_lost(run)) and looked_after(run) < now and fresh


def look(ws: Workspace, request: RequestRecord, run: ExecutionRecord) -> Look:
    """Read the trail of whoever executed, in the Regions of the request, over the run's time.

    Raises:
        CredentialsError: the operator's credentials are not accepted.
    """
    tolerance = skew(ws.governed.log.state.rules_in_force)
    since = instant(run.body.observed_at) - tolerance
    until = looked_after(run)
    account = (run.body.executor_arn or run.body.caller_arn).split(":")[4]
    regions = {target.region for target in request.targets if target.region}
    events: list[AssumeRootEvent] = []
    for region in sorted(regions | {ws.config.organization.region}):
        found = read_own_trail(ws, account, region, since, until)
        if isinstance(found, str):
            return Look(words={}, unread=f"CloudTrail of {account} in {region}: {found}")
        events += found
    reference = audit_log.reference(request.id, run.seq, run.record_hash)
    try:
        on_record = tuple(sessions_of(ws.governed.log, run))
    except IntegrityError as error:  # a survey of whoever made it so; it ends nobody else's look
        return Look(words={}, unread=error.message)
    known = {item.access_key_id for item in on_record}
    # A survey opens one session per account: where it has that one, none is missing.
    met = {i.account for i in on_record} if isinstance(run.body, Survey) else frozenset[str]()
    ours = {e.id: e for e in events if fits(run, e, reference, tolerance)}
    missing = tuple(e for e in ours.values() if e.access_key_id not in known)
    return _taken(run, tuple(a for a in may_have_lost(run) if a not in met), missing)


def _taken(
    run: ExecutionRecord, lost: tuple[str, ...], missing: tuple[AssumeRootEvent, ...]
) -> Look:
    sessions: list[FoundSession] = []
    words: dict[str, str] = {}
    clear: list[str] = []
    for account in lost:
        there = [event for event in missing if event.target == account]
        keys = ", ".join(event.access_key_id for event in there)
        if len(there) > 1:
            words[account] = f"CloudTrail shows {len(there)} sessions with its reference: {keys}"
            continue
        clear.append(account)
        sessions += map(_found, there)
        words[account] = (
            f"CloudTrail shows session {keys}, which was not put on record"
            if there
            else "CloudTrail shows no other session of it"
        )
    whole = isinstance(run.body, Survey) and len(clear) == len(lost)
    return Look(sessions=tuple(sessions), looked=("",) if whole else tuple(clear), words=words)


def _found(event: AssumeRootEvent) -> FoundSession:
    return FoundSession(
        account=event.target,
        task_policy=TaskPolicy(event.task_policy),
        access_key_id=event.access_key_id,
        at=timestamp(event.at),
        event_id=event.id,
    )
