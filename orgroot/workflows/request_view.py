"""Looking at requests: what the log says about one, who could still approve it, what to run next.

Reads only; every answer comes from the log as it was last verified.
"""

from datetime import datetime
from typing import Any

import msgspec

from orgroot.core import audit_log, review
from orgroot.core.chat_block import chat_block
from orgroot.core.eligibility import could_approve
from orgroot.core.governed_tasks import GOVERNED_TASKS, Task
from orgroot.core.ids import request_id as parse_request_id
from orgroot.core.incidents import began_at, breaks_glass, due_at, incident, owes
from orgroot.core.log_state import RequestRecord, RequestState
from orgroot.core.people import Roster
from orgroot.core.results import (
    ApprovalRow,
    ExitReason,
    MissingRow,
    OpenRequest,
    RequestList,
    RequestView,
    ReviewedRow,
    ReviewState,
)
from orgroot.core.statements import Request, Review, timestamp
from orgroot.core.summary import summarize
from orgroot.core.withdrawal import decisions_of
from orgroot.errors import IntegrityError, UsageError
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.decisions import decision_on
from orgroot.workflows.desk import Desk, log_of

OPEN = frozenset({RequestState.PENDING, RequestState.APPROVED})
"""States in which the same request is continued, and approvals still count."""


_ENDED = frozenset(
    {
        RequestState.SUCCEEDED,
        RequestState.FAILED,
        RequestState.ABANDONED,
        RequestState.DENIED,
        RequestState.CANCELLED,
        RequestState.EXPIRED,
        RequestState.STALE,
        RequestState.REVIEWED,
        RequestState.VIOLATION,
    }
)


def view(desk: Desk, request_id: str) -> RequestView:
    """One request, as the log has it now."""
    log = log_of(desk)
    log.require()
    now = log.check_clock(desk.clock.now())
    return view_of(log, find(log, request_id), now, runner=desk.config.organization.runner)


def list_requests(desk: Desk, *, every: bool = False) -> RequestList:
    """The open requests, or all of them, oldest first; surveys are no requests."""
    log = log_of(desk)
    state = log.require()
    now = log.check_clock(desk.clock.now())
    rows = (
        (request, audit_log.request_state(state, request, now, log.running))
        for request in state.requests.values()
        if isinstance(request.body, Request)
    )
    return RequestList(
        requests=tuple(
            OpenRequest(
                id=request.id,
                state=stands.value,
                task=request.body.task.value,
                requester=request.body.signer.person,
                expires_at=request.body.expires_at,
            )
            for request, stands in rows
            if every or stands not in _ENDED
        )
    )


def summary_of(desk: Desk, request_id: str) -> dict[str, Any]:
    """What an approver is shown, and an executor before the start."""
    log = log_of(desk)
    log.require()
    return shown_of(log, find(log, request_id))


def shown_of(log: AuditLog, request: RequestRecord) -> dict[str, Any]:
    """What was asked; of what was done under break-glass also what was done."""
    if incident(request) is None:
        return summarize(log.state, request)
    return review.shown(log.state, request)


def review_state(log: AuditLog, request: RequestRecord, now: datetime) -> ReviewState | None:
    """What is owed for a request that was executed under break-glass; None: it was not."""
    run, rules = incident(request), log.rules()
    if run is None:
        return None
    owed = owes(request)
    missing = review.missing(rules, request) if owed else ()
    return ReviewState(
        began_at=timestamp(began_at(run)),
        due_at=timestamp(due_at(run)),
        owed=owed,
        reviews=tuple(
            ReviewedRow(
                person=record.body.signer.person,
                verdict=record.body.decision,
                ticket=record.body.ticket if isinstance(record.body, Review) else "",
                comment=record.body.comment,
                at=record.body.created_at,
                seq=record.seq,
            )
            for record in request.reviews
        ),
        missing=tuple(MissingRow(group=m.group, count=m.count) for m in missing),
        could_review=review.could_review(rules, request, now) if owed else (),
        ticket_owed=owed and review.wrong_ticket(request, "") is not None,
    )


def view_of(
    log: AuditLog,
    request: RequestRecord,
    now: datetime,
    *,
    continuing: bool = False,
    exit_reasons: tuple[ExitReason, ...] = (),
    runner: str | None = None,
) -> RequestView:
    """A request as its JSON shows it, from the state as last synced.

    `runner`: the service that executes what opens root sessions; None: people do.
    """
    state, rules = log.state, log.rules()
    stands = audit_log.request_state(state, request, now, log.running)
    waiting = stands is RequestState.PENDING
    could = could_approve(rules, request, now) if waiting else ()
    decision = decision_on(log, request, request.body.signer.person, now)
    opens = bool(GOVERNED_TASKS[request.body.task].task_policies)
    owed = review_state(log, request, now)
    shown = shown_of(log, request)
    return RequestView(
        exit_reasons=exit_reasons,
        id=request.id,
        state=stands.value,
        task=request.body.task.value,
        targets=tuple(msgspec.to_builtins(target) for target in request.targets),
        params=dict(request.params),
        requester=request.body.signer.person,
        approvals=_approval_rows(request, rules.roster),
        missing=tuple(MissingRow(group=m.group, count=m.count) for m in decision.missing)
        if waiting
        else (),
        expires_at=request.body.expires_at,
        receipt=log.receipt(),
        ticket=request.body.ticket,
        justification=request.body.justification,
        could_approve=could,
        summary=shown,
        commands=_commands(request, stands, could, owed, by_hand=runner is None or not opens),
        continuing=continuing,
        break_glass=breaks_glass(request),
        review=owed,
        chat=chat_block(request.id, shown, decision.missing, could) if waiting else "",
    )


def find(log: AuditLog, request_id: str) -> RequestRecord:
    """A request of the log by its id.

    Raises:
        UsageError: malformed, or not in this log.
        IntegrityError: what it names stands in the log no more, or is not what its name says.
    """
    parsed = parse_request_id(request_id)
    lacking = log.state.unreadable.get(parsed)
    if lacking is not None:
        raise IntegrityError(
            f"{request_id} does not count: {lacking}",
            hint="`orgroot log verify` names the record; ask anew",
            code="object",
        )
    request = log.state.requests.get(parsed)
    if request is None:
        raise UsageError(
            f"{request_id} is not in the log {log.trust.store}",
            hint="`orgroot request list` shows the open ones",
            code="unknown-request",
        )
    return request


def _approval_rows(request: RequestRecord, roster: Roster) -> tuple[ApprovalRow, ...]:
    return tuple(
        ApprovalRow(
            person=record.body.signer.person,
            decision=record.body.decision,
            groups=tuple(sorted(roster.groups_of(record.body.signer.person))),
            at=record.body.created_at,
            seq=record.seq,
            revoked=record.revoked or None,
            comment=record.body.comment,
        )
        for record in decisions_of(request)
    )


def _commands(
    request: RequestRecord,
    stands: RequestState,
    could: tuple[str, ...],
    owed: ReviewState | None,
    *,
    by_hand: bool,
) -> tuple[str, ...]:
    run = f"orgroot execute {request.id}" if by_hand else f"orgroot request show {request.id}"
    if request.body.task is Task.ROOT_SESSION:
        run = f"orgroot session exec {request.id} -- COMMAND"
    match stands:
        case RequestState.UNREVIEWED | RequestState.OVERDUE if owed is not None:
            ticket = " --ticket TICKET" if owed.ticket_owed else ""
            return tuple(
                f"orgroot review {request.id} --as {person}{ticket}" for person in owed.could_review
            )
        case RequestState.PENDING:
            return (*(f"orgroot approve {request.id} --as {person}" for person in could), run)
        case RequestState.APPROVED:
            return (run,)
        case _:
            return ()
