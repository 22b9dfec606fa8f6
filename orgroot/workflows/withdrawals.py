"""Taking back: the requester cancels a request, an approver revokes a decision.

Nothing here calls AWS; what was executed before stays executed.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from orgroot.core.ids import Digest, sha256
from orgroot.core.log_state import LogState, RequestRecord
from orgroot.core.results import RequestView
from orgroot.core.statements import Approval, Cancel, Denial, Review, Revoke, from_text
from orgroot.core.summary import summarize
from orgroot.core.withdrawal import cannot_cancel, cannot_revoke, decisions_of
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows.audit_log import AuditLog, signed_once
from orgroot.workflows.desk import Desk
from orgroot.workflows.request_view import find, view_of
from orgroot.workflows.signing import common_fields, sign, signer_of

Confirm = Callable[[dict[str, Any]], None]
"""Shows what the request asks and has it confirmed; raises UsageError on a no."""


def cancel(desk: Desk, request_id: str, comment: str, confirm: Confirm) -> RequestView:
    """Take one's own request back, for good.

    Raises:
        RequestRefused: it is somebody else's, or no longer open; nothing is written.
        UsageError: no such request, no person, no key, or not confirmed.
    """
    governed = desk.governed
    log, person = governed.log, governed.person
    log.require()
    request = find(log, request_id)
    now = log.check_clock(desk.clock.now())

    def guard(state: LogState) -> None:
        _refuse(cannot_cancel(log.rules(), state.requests[request.id], person, now))

    guard(log.state)
    confirm(summarize(log.state, request))
    body = Cancel(
        **common_fields(log, log.state, now),
        signer=signer_of(person, governed.signer),
        request_id=request.id,
        request_sha256=request.sha256,
        comment=comment,
    )
    log.append(signed_once(lambda _state: sign(body, governed.signer)), guard)
    runner = desk.config.organization.runner
    return view_of(log, log.state.requests[request.id], now, runner=runner)


def revoke(
    desk: Desk, request_id: str, comment: str, confirm: Confirm, *, text: bytes | None = None
) -> RequestView:
    """Take one's own decision on a request back: what is in the log, or a signed text that is not.

    Args:
        desk: where the log is, and who takes it back.
        request_id: the request.
        comment: a remark for the log.
        confirm: shows the request and asks.
        text: the statement to take back, which may never have been attached; None: every decision
            of this person on the request that stands in the log.

    Raises:
        RequestRefused: it is somebody else's, or the request was executed or has ended.
        UsageError: no such request, nothing to take back, no person, no key, or not confirmed.
        IntegrityError: the text is no statement.
    """
    governed = desk.governed
    log, person = governed.log, governed.person
    log.require()
    request = find(log, request_id)
    now = log.check_clock(desk.clock.now())
    digests = (
        _own(log, request, person) if text is None else (_of_text(log, request, person, text),)
    )
    for digest in digests:
        _refuse(cannot_revoke(log.state, request, digest, person, now))
    confirm(summarize(log.state, request))
    for digest in digests:
        _revoke(desk, request, digest, comment, now)
    runner = desk.config.organization.runner
    return view_of(log, log.state.requests[request.id], now, runner=runner)


def _revoke(
    desk: Desk, request: RequestRecord, digest: Digest, comment: str, now: datetime
) -> None:
    governed = desk.governed
    log, person = governed.log, governed.person
    body = Revoke(
        **common_fields(log, log.state, now),
        signer=signer_of(person, governed.signer),
        request_id=request.id,
        request_sha256=request.sha256,
        statement_sha256=digest,
        comment=comment,
    )

    def guard(state: LogState) -> None:
        _refuse(cannot_revoke(state, state.requests[request.id], digest, person, now))

    log.append(signed_once(lambda _state: sign(body, governed.signer)), guard)


def _own(log: AuditLog, request: RequestRecord, person: str) -> tuple[Digest, ...]:
    """The decisions of this human being that stand."""
    roster = log.rules().roster
    own = tuple(
        made.sha256
        for made in decisions_of(request)
        if not made.revoked and roster.same_human(made.body.signer.person, person)
    )
    if not own:
        raise UsageError(
            f"no decision of {person} on {request.id} stands in the log",
            hint="a signed text that was never attached is named with --file",
            code="nothing-to-revoke",
        )
    return own


def _of_text(log: AuditLog, request: RequestRecord, person: str, text: bytes) -> Digest:
    """The SHA-256 of a decision or review of this person on this request that lies in a file."""
    body = from_text(text)
    if not isinstance(body, Approval | Denial | Review) or body.request_id != request.id:
        raise UsageError(f"the file is no decision on {request.id}", code="other-statement")
    if not log.rules().roster.same_human(body.signer.person, person):
        raise RequestRefused(
            f"the file is a decision of {body.signer.person}, not of {person}", code="not-yours"
        )
    return sha256(text)


def _refuse(why: str | None) -> None:
    """Raise what forbids it.

    Raises:
        RequestRefused: it cannot be taken back.
    """
    if why is not None:
        raise RequestRefused(
            f"it cannot be taken back: {why}", reasons=(why,), code="not-withdrawable"
        )
