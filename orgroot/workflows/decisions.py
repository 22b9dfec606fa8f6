"""The pure decision asked for by workflows: what the rules demand, and a no raised as a refusal.

Nothing here reads AWS or writes the log; no argument skips a check.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orgroot.core import approval
from orgroot.core.approval import Decision, Phase
from orgroot.core.eligibility import skew
from orgroot.core.governed_tasks import Task
from orgroot.core.log_state import RequestRecord
from orgroot.core.requirements import Requirement, requirement
from orgroot.core.statement_parts import Target
from orgroot.core.statements import instant, timestamp
from orgroot.core.whereabouts import moved, subjects
from orgroot.errors import RequestRefused
from orgroot.workflows.audit_log import AuditLog


def demanded(
    log: AuditLog, task: Task, targets: tuple[Target, ...], params: Mapping[str, Any]
) -> Requirement:
    """What the rules demand of a task on these targets with these parameters.

    Raises:
        RequestRefused: no rule covers it, or not all of it.
    """
    approvals, places = log.rules().body.approvals, log.state.places
    found = requirement(approvals, task, subjects(approvals, task, targets, params, places))
    if found is not None:
        return found
    accounts = sorted(moved(approvals, targets, places))
    hint = "an owner adds a rule and publishes it: `orgroot rules publish`"
    if accounts:
        hint = (
            f"{accounts[0]} was elsewhere, or had other tags, when the log last saw it: an owner "
            f"looks and acknowledges the move, `orgroot log ack {accounts[0]}`"
        )
    raise RequestRefused(
        f"no rule allows {task.value} here",
        reasons=("no rule matches",),
        hint=hint,
        code="no-rule",
    )


def require_askable(log: AuditLog, request: RequestRecord, person: str, now: datetime) -> None:
    """Decide whether the person may ask for it.

    Raises:
        RequestRefused: anything but a yes.
    """
    refuse_unless(
        approval.decide(
            log.rules(),
            request,
            phase=Phase.REQUEST,
            person=person,
            now=now,
            incidents=log.state.incidents,
        )
    )


def decision_on(log: AuditLog, request: RequestRecord, person: str, now: datetime) -> Decision:
    """Whether `person` could execute the request, its targets taken as they were requested."""
    return approval.decide(
        log.rules(),
        request,
        phase=Phase.EXECUTE,
        person=person,
        now=now,
        live_targets=request.targets,
        incidents=log.state.incidents,
    )


def refuse_unless(decision: Decision) -> None:
    """Raise what a decision says no to.

    Raises:
        RequestRefused: with every reason.
    """
    if not decision.allowed:
        reasons = decision.reasons or ("the rules do not allow it",)
        raise RequestRefused("; ".join(reasons), reasons=reasons)


def require_recent(log: AuditLog, now: datetime) -> None:
    """Return unless the log has gone on, by more than the skew, since something was decided.

    What is signed then would be dated back: nobody could tell it from an older decision.

    Raises:
        RequestRefused: it has.
    """
    newest = log.state.newest
    if newest and now < instant(newest) - skew(log.state.rules_in_force):
        raise RequestRefused(
            f"it was decided at {timestamp(now)}, and the log has a record of {newest} since",
            hint="run it again: signing took too long",
            code="too-late",
        )


def require_granted(
    log: AuditLog,
    request: RequestRecord,
    person: str,
    now: datetime,
    live: tuple[Target, ...],
    *,
    accounts: tuple[str, ...] | None = None,
) -> None:
    """Decide with the targets as AWS has them now.

    Raises:
        RequestRefused: anything but a yes.
    """
    refuse_unless(
        approval.decide(
            log.rules(),
            request,
            phase=Phase.EXECUTE,
            person=person,
            now=now,
            live_targets=live,
            accounts=accounts,
            incidents=log.state.incidents,
        )
    )
