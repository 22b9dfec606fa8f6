"""Root sessions whose AssumeRoot answer was lost: which there may be, and which are taken for ours.

The reference in CloudTrail can be copied, so a session found there is only taken on record where
one can be missing: once per account, within the plan and the time of its execution.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from orgroot.core.codec import parse_canonical
from orgroot.core.eligibility import skew
from orgroot.core.facts import ClosedItem
from orgroot.core.findings import FindingCode, Void
from orgroot.core.log_state import ExecutionRecord, LogState
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.statement_parts import FoundSession
from orgroot.core.statements import Recovered, Survey, instant
from orgroot.core.trail import DELAY, AssumeRootEvent
from orgroot.errors import IntegrityError

LOST = "lost"
"""Under this name the closing of a survey lists the accounts whose AssumeRoot had no answer."""

EVERY = "*"
"""Stands for a list of them that would be too long for a record."""

RECOVERED = '"recovered":true'
"""Stands in the details of a recovered end; inside a text its quotes would be escaped."""


def was_recovered(item: ClosedItem) -> bool:
    """The end of this work was told by a `recovered` record, not by its execution."""
    return RECOVERED in item.outcome


def may_have_lost(run: ExecutionRecord) -> tuple[str, ...]:
    """The accounts in which this execution may have a session that is not on record.

    Where its own last word on an account came after every answer, none can be missing; where
    CloudTrail was looked at over all of its time, none is.
    """
    if not run.accounts or "" in run.looked:
        return ()
    whole = run.closed.get("")
    lost = None if whole is None or was_recovered(whole) else _lost(whole.outcome)
    return tuple(
        account
        for account in run.accounts
        if account not in run.found
        and account not in run.looked
        and (account in lost if lost is not None else not _told(run, account))
        and any(has_room(run, account, policy) for policy in run.body.task_policies)
    )


def looked_after(run: ExecutionRecord) -> datetime:
    """From this instant (UTC) CloudTrail shows everything that this execution may have done."""
    return instant(run.body.deadline) + DELAY


def fits(
    run: ExecutionRecord, event: AssumeRootEvent, reference: str, tolerance: timedelta
) -> bool:
    """Whether an event can be a session of this execution: its caller, reference, plan and time."""
    body = run.body
    caller = (
        event.role == body.executor_arn if body.executor_arn else event.caller == body.caller_arn
    )
    return (
        caller
        and reference in event.references
        and bool(event.access_key_id)
        and event.target in run.accounts
        and event.task_policy in {policy.value for policy in body.task_policies}
        and instant(body.observed_at) - tolerance <= event.at <= instant(body.deadline) + tolerance
    )


def admit_look(state: LogState, run: ExecutionRecord, body: Recovered) -> None:
    """Take on record what CloudTrail showed of an execution.

    Raises:
        Void: ILLEGAL_TRANSITION: no session is missing there, it is not within plan and time, or it
            was too early to look.
    """
    for found in body.sessions:
        why = _objection(state, run, found)
        if why is not None:
            raise _illegal(run, found.account, why)
        run.found[found.account] = found
    if body.looked and instant(body.created_at) < looked_after(run):
        raise _illegal(run, "", "CloudTrail may not have shown everything yet")
    whole = isinstance(run.body, Survey)
    for account in body.looked:
        if account not in run.scope and not (whole and account == ""):
            raise _illegal(run, account, "it is not about this")
        run.looked.add(account)


def _objection(state: LogState, run: ExecutionRecord, found: FoundSession) -> str | None:
    tolerance = skew(state.rules_in_force)
    if found.account not in may_have_lost(run):
        return "no session is missing there"
    policy = found.task_policy
    if policy not in run.body.task_policies or not has_room(run, found.account, policy):
        return f"no session with {policy.value} is missing there"
    early = instant(run.body.observed_at) - tolerance
    if not early <= instant(found.at) <= instant(run.body.deadline) + tolerance:
        return f"{found.at} is not within its time"
    if not found.access_key_id or _on_record(
        (run, *state.executions.values()), found.access_key_id
    ):
        return f"session {found.access_key_id} is on record"
    return None


def has_room(run: ExecutionRecord, account: str, policy: TaskPolicy) -> bool:
    """A further session with this policy could have been opened: only a removal audits again."""
    if policy is TaskPolicy.AUDIT and len(run.body.task_policies) > 1:
        return True
    held = {(item.account, item.task_policy) for item in run.issued.values()}
    return (account, policy) not in held


def _told(run: ExecutionRecord, account: str) -> bool:
    """Its own facts say how the work on an account ended, with every answer there."""
    own = run.closed.get(account)
    word = "" if own is None else own.outcome.split(" ")[0].rstrip(":")
    ended = own is not None and word != "unknown" and not was_recovered(own)
    return ended or account in run.aborted


def _lost(outcome: str) -> frozenset[str] | None:
    """The accounts that a survey's own closing calls lost; None: it may be any of them."""
    _, _, details = outcome.partition(" ")
    try:
        tree = parse_canonical(f"{details}\n".encode())
    except IntegrityError:
        return frozenset()
    lost = tree.get(LOST) if isinstance(tree, dict) else None
    if lost == EVERY:
        return None
    return frozenset(map(str, lost)) if isinstance(lost, list) else frozenset()


def _on_record(runs: Iterable[ExecutionRecord], access_key_id: str) -> bool:
    return any(
        access_key_id in run.issued
        or any(access_key_id == found.access_key_id for found in run.found.values())
        for run in runs
    )


def _illegal(run: ExecutionRecord, account: str, why: str) -> Void:
    return Void(FindingCode.ILLEGAL_TRANSITION, f"{run.id}, account {account!r}: {why}")
