"""Approving and denying: the log is verified, the summary shown, the person signs exactly it.

Nothing is appended unless the person may decide, and nothing here calls AWS.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from orgroot.core import audit_log
from orgroot.core.codec import Signature
from orgroot.core.config import seconds
from orgroot.core.eligibility import eligible, skew, wrong_key
from orgroot.core.incidents import owes
from orgroot.core.log_state import LogState, RequestRecord
from orgroot.core.results import RequestView
from orgroot.core.sshsig import Verified
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import Approval, Denial, Request, instant, timestamp
from orgroot.core.summary import summarize
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows.audit_log import AuditLog, signed_once
from orgroot.workflows.desk import Desk
from orgroot.workflows.request_view import OPEN, find, view_of
from orgroot.workflows.signing import common_fields, how_signed, sign, signer_of

Confirm = Callable[[dict[str, Any]], None]
"""Shows the summary and asks for the id's last four characters; raises UsageError on a no."""


def approve(desk: Desk, request_id: str, comment: str, confirm: Confirm) -> RequestView:
    """Say yes to a request.

    Raises:
        RequestRefused: this person may not approve it, or it is no longer open; nothing is written.
        UsageError: no such request, no person, no key, or not confirmed.
    """
    return _decide(desk, request_id, comment, confirm, Approval)


def deny(desk: Desk, request_id: str, comment: str, confirm: Confirm) -> RequestView:
    """Say no to a request, for good.

    Raises:
        RequestRefused: this person's word does not count here; nothing is written.
        UsageError: no such request, no person, no key, or not confirmed.
    """
    return _decide(desk, request_id, comment, confirm, Denial)


def _decide(
    desk: Desk,
    request_id: str,
    comment: str,
    confirm: Confirm,
    kind: type[Approval] | type[Denial],
) -> RequestView:
    governed = desk.governed
    log, person = governed.log, governed.person
    log.require()
    request = find(log, request_id)
    now = log.check_clock(desk.clock.now())
    require_eligible(log, request, person, now, kind)
    signer = signer_of(person, governed.signer)
    require_key(log, request, signer)
    body = decision_of(log, request, kind, signer=signer, comment=comment, now=now)
    confirm(body.summary)

    def guard(state: LogState) -> None:
        require_eligible(log, state.requests[request.id], person, now, kind)

    def signed(_state: LogState) -> tuple[bytes, tuple[Signature, ...]]:
        text, signatures = sign(body, governed.signer)
        # Whether a token's key can be copied shows only now, and it must before it is written.
        require_key(log, request, signer, how_signed(body, text, signatures))
        return text, signatures

    log.append(signed_once(signed), guard)
    runner = desk.config.organization.runner
    return view_of(log, log.state.requests[request.id], now, runner=runner)


def decision_of(
    log: AuditLog,
    request: RequestRecord,
    kind: type[Approval] | type[Denial],
    *,
    signer: Signer,
    comment: str,
    now: datetime,
) -> Approval | Denial:
    """The decision of a person on a request, with the summary that they are shown, unsigned."""
    state = log.state
    defaults = log.rules().body.approvals.defaults
    until = now + timedelta(seconds=seconds(defaults.approval_ttl))
    return kind(
        **common_fields(log, state, now),
        signer=signer,
        decision="approve" if kind is Approval else "deny",
        request_id=request.id,
        request_sha256=request.sha256,
        expires_at=timestamp(min(until, instant(request.body.expires_at))),
        comment=comment,
        summary=summarize(state, request),
    )


def require_eligible(
    log: AuditLog,
    request: RequestRecord,
    person: str,
    now: datetime,
    kind: type[Approval] | type[Denial] = Approval,
) -> None:
    """Return if this person may decide so on this request now.

    What was done under break-glass may still be approved, and no more be denied.

    Raises:
        RequestRefused: they may not, or it is no longer open.
        UsageError: this machine's clock is behind the request's.
    """
    if not isinstance(request.body, Request):
        raise RequestRefused(f"{request.id} is a survey and needs no approval", code="survey")
    if instant(request.body.created_at) > now + skew(log.rules()):
        raise UsageError(
            f"it is {timestamp(now)} here, but {request.id} was made at {request.body.created_at}",
            hint="set this machine's clock; if it is right, do not trust this request",
            code="clock",
        )
    stands = audit_log.request_state(log.state, request, now, log.running)
    if stands not in OPEN and not (kind is Approval and owes(request)):
        raise RequestRefused(f"{request.id} is {stands.value}: nothing to decide", code="not-open")
    _refuse_if(eligible(log.rules(), request, person, now), request, person)


def require_key(
    log: AuditLog, request: RequestRecord, signer: Signer, how: Verified | None = None
) -> None:
    """Return if a decision that this key signs may count.

    Args:
        log: synced.
        request: what is decided on.
        signer: who signs, with which key.
        how: what the signature says of the key; None: it is not made yet.

    Raises:
        RequestRefused: the rules want a key in hardware.
    """
    _refuse_if(wrong_key(log.rules(), signer, how), request, signer.person)


def _refuse_if(reason: str | None, request: RequestRecord, person: str) -> None:
    if reason is not None:
        raise RequestRefused(
            f"{person} cannot decide on {request.id}: {reason}",
            reasons=(reason,),
            code="not-eligible",
        )
