"""`review`: others look at what was done under break-glass, and say what they think of it.

Nothing here calls AWS. Who did it never reviews it, whoever's desk it is.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from orgroot.core import review as reviewing
from orgroot.core.config import seconds
from orgroot.core.incidents import REVIEWED, VIOLATION, due_at, incident, overdue, owes
from orgroot.core.log_state import LogState, RequestRecord
from orgroot.core.results import RequestView, ReviewDue
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import Review, timestamp
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows.audit_log import AuditLog, signed_once
from orgroot.workflows.desk import Desk
from orgroot.workflows.request_view import find, view_of
from orgroot.workflows.signing import common_fields, sign, signer_of

Confirm = Callable[[dict[str, Any]], None]
"""Shows what was asked and done and has it confirmed; raises UsageError on a no."""


def review(
    desk: Desk,
    request_id: str,
    confirm: Confirm,
    *,
    violation: bool = False,
    ticket: str = "",
    comment: str = "",
) -> RequestView:
    """Review what was done under break-glass.

    Raises:
        RequestRefused: this person may not review it, or nothing is owed; nothing is written.
        UsageError: no such request, no person, no key, a ticket is missing, or not confirmed.
    """
    governed = desk.governed
    log, person = governed.log, governed.person
    log.require()
    request = find(log, request_id)
    now = log.check_clock(desk.clock.now())
    require_reviewable(log, request, person, now)
    signer = signer_of(person, governed.signer)
    body = review_of(
        log, request, signer=signer, violation=violation, ticket=ticket, comment=comment, now=now
    )
    confirm(body.summary)

    def guard(state: LogState) -> None:
        require_reviewable(log, state.requests[request.id], person, now)

    log.append(signed_once(lambda _state: sign(body, governed.signer)), guard)
    return view_of(log, log.state.requests[request.id], now)


def review_of(
    log: AuditLog,
    request: RequestRecord,
    *,
    signer: Signer,
    violation: bool,
    ticket: str,
    comment: str,
    now: datetime,
) -> Review:
    """The review of a person, with what they are shown, unsigned.

    Raises:
        UsageError: the ticket is missing, or not one that the rules want.
    """
    wrong = reviewing.wrong_ticket(request, ticket)
    if wrong is not None:
        raise UsageError(f"{request.id}: {wrong}", code="ticket")
    defaults = log.rules().body.approvals.defaults
    return Review(
        **common_fields(log, log.state, now),
        signer=signer,
        decision=VIOLATION if violation else REVIEWED,
        request_id=request.id,
        request_sha256=request.sha256,
        expires_at=timestamp(now + timedelta(seconds=seconds(defaults.approval_ttl))),
        comment=comment,
        summary=reviewing.shown(log.state, request),
        ticket=ticket,
    )


def unseen_texts(log: AuditLog, request: RequestRecord) -> tuple[tuple[str, str], ...]:
    """Policies that nobody had read when they went, as the execution kept them: name, base64."""
    unseen = {change["bucket"] for change in request.params.get("buckets", ()) if change["unseen"]}
    return tuple(
        (step.target, step.before_b64)
        for run in log.state.requests[request.id].executions
        for step in run.step_intents.values()
        if step.target in unseen
    )


def require_reviewable(log: AuditLog, request: RequestRecord, person: str, now: datetime) -> None:
    """Return if this person may review this request now.

    Raises:
        RequestRefused: they may not, or nothing is owed for it.
    """
    why = reviewing.cannot_review(log.rules(), request, person, now)
    if why is not None:
        raise RequestRefused(
            f"{person} cannot review {request.id}: {why}", reasons=(why,), code="not-reviewable"
        )


def reviews_due(log: AuditLog, now: datetime) -> tuple[ReviewDue, ...]:
    """What awaits its review, in order of the log."""
    return tuple(
        ReviewDue(
            request=request.id,
            task=request.body.task.value,
            operator=request.body.signer.person,
            due_at=timestamp(due_at(run)),
            overdue=overdue(request, now),
        )
        for request in log.state.incidents
        if owes(request) and (run := incident(request)) is not None
    )
