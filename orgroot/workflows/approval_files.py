"""Approvals and reviews signed elsewhere: the exact text to sign, and the signed text attached.

Whoever prepares or attaches needs no key: the approver's signature alone counts, and it is checked
before a word of the text is believed. Nothing here calls AWS.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from orgroot.core.codec import Signature
from orgroot.core.eligibility import demand, skew
from orgroot.core.ids import RequestId, sha256
from orgroot.core.log_state import RequestRecord
from orgroot.core.people import Roster
from orgroot.core.public_keys import PublicKey
from orgroot.core.results import RequestView
from orgroot.core.sshsig import verify
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import Approval, Denial, Review, from_text, instant, timestamp, to_text
from orgroot.core.withdrawal import revoked_by
from orgroot.errors import IntegrityError, RequestRefused, UsageError
from orgroot.workflows.approvals import decision_of, require_eligible, require_key
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.desk import Desk, log_of
from orgroot.workflows.request_view import find, view_of
from orgroot.workflows.review import require_reviewable, review_of

Word = Approval | Denial | Review
"""What is said about a request and may be signed elsewhere."""

KINDS: tuple[type[Approval] | type[Denial] | type[Review], ...] = (Approval, Denial, Review)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A decision or review to be signed.

    Attributes:
        body: what is said.
        text: its exact bytes.
        key: the key that must sign it.
        others: further keys of that person that hold now.
    """

    body: Word
    text: bytes
    key: PublicKey
    others: tuple[PublicKey, ...]


def prepare(
    desk: Desk,
    request_id: str,
    person: str,
    kind: type[Approval] | type[Denial],
    *,
    comment: str = "",
    fingerprint: str | None = None,
) -> Prepared:
    """The decision of `person` on a request, for them to sign wherever they are.

    Args:
        desk: where the log is; whose desk it is does not matter.
        request_id: the request.
        person: the approver, a roster name.
        kind: Approval or Denial.
        comment: a remark for the log.
        fingerprint: `SHA256:…` of the key they will sign with; None: their first in the roster.

    Raises:
        RequestRefused: this person may not decide on it, or it is no longer open.
        UsageError: no such request, or no such key of theirs.
    """
    log = log_of(desk)
    log.require()
    request = find(log, request_id)
    now = log.check_clock(desk.clock.now())
    require_eligible(log, request, person, now, kind)

    def said(signer: Signer) -> Word:
        require_key(log, request, signer)
        return decision_of(log, request, kind, signer=signer, comment=comment, now=now)

    return _prepared(log, person, fingerprint, now, said)


def prepare_review(
    desk: Desk,
    request_id: str,
    person: str,
    *,
    violation: bool = False,
    ticket: str = "",
    comment: str = "",
    fingerprint: str | None = None,
) -> Prepared:
    """The review of `person` of what was done under break-glass, for them to sign.

    Raises:
        RequestRefused: this person may not review it, or nothing is owed.
        UsageError: no such request, no such key of theirs, or the ticket is missing or wrong.
    """
    log = log_of(desk)
    log.require()
    request = find(log, request_id)
    now = log.check_clock(desk.clock.now())
    require_reviewable(log, request, person, now)

    def said(signer: Signer) -> Word:
        return review_of(
            log,
            request,
            signer=signer,
            violation=violation,
            ticket=ticket,
            comment=comment,
            now=now,
        )

    return _prepared(log, person, fingerprint, now, said)


def _prepared(
    log: AuditLog,
    person: str,
    fingerprint: str | None,
    now: datetime,
    said: Callable[[Signer], Word],
) -> Prepared:
    """What is said by the chosen key of a person, as bytes."""
    keys = log.rules().roster.keys_of(person, now)
    chosen = [key for key in keys if fingerprint in {None, key.fingerprint}]
    if not chosen:
        raise UsageError(
            f"{fingerprint} is not a key of {person} that holds now",
            hint="keys are: " + ", ".join(key.fingerprint for key in keys),
            code="no-key",
        )
    signer = Signer(person=person, key=chosen[0].text)
    body = said(signer)
    others = tuple(key for key in keys if key != chosen[0])
    return Prepared(body=body, text=to_text(body), key=chosen[0], others=others)


def attach(desk: Desk, text: bytes, armored: str) -> RequestView:
    """Append a decision or review that was signed elsewhere, exactly as it was signed.

    Raises:
        IntegrityError: the signature is not of a key of the roster over this very text, or the
            text is of another log, request or state than this.
        RequestRefused: the signer may not decide on it, it came too late, or it is there already.
        UsageError: no log, no rules, or this machine's clock is wrong.
    """
    log = log_of(desk)
    log.require()
    now = log.check_clock(desk.clock.now())
    key, kind = _signed_by(log.rules().roster, text, armored, now)
    body = from_text(text)
    if not isinstance(body, Word) or not isinstance(body, kind):
        raise IntegrityError(
            f"it was signed as {kind.NAMESPACE}, and says it is something else",
            code="wrong-namespace",
        )
    if body.signer.key != key.text:
        raise IntegrityError(
            f"it names another key than {key.fingerprint}, which signed it", code="unknown-signer"
        )
    signatures = (Signature(alg="sshsig", key=key.text, sig=armored),)

    def guard(_state: object) -> None:
        _require_in_time(log, _require_ours(log, body, text, now), body, now)
        flaw = log.flaw(text, signatures)
        if flaw is not None:
            raise IntegrityError(
                f"it would not count: {flaw.detail}",
                hint="have it prepared and signed anew",
                code=flaw.code.value.lower().replace("_", "-"),
            )

    log.append(lambda _state: (text, signatures), guard)
    request = log.state.requests[RequestId(body.request_id)]
    return view_of(log, request, now, runner=desk.config.organization.runner)


def _signed_by(
    roster: Roster, text: bytes, armored: str, now: datetime
) -> tuple[PublicKey, type[Approval] | type[Denial] | type[Review]]:
    """The roster key that signed these bytes, and as what."""
    refused = IntegrityError(
        "bad signature: it was made by no key of the roster that holds now",
        hint="nor is it over anything that waits here for owners: it must be the prepared text",
        code="unknown-signer",
    )
    for key in _keys(roster, now):
        for kind in KINDS:
            try:
                verify(armored, text, namespace=kind.NAMESPACE, key=key)
            except IntegrityError as error:
                if error.code == "unknown-signer":
                    break
                if error.code != "wrong-namespace":
                    raise
                refused = error
            else:
                return key, kind
    raise refused


def _keys(roster: Roster, now: datetime) -> Iterator[PublicKey]:
    for person in roster.persons():
        yield from roster.keys_of(person, now)


def _require_ours(log: AuditLog, body: Word, text: bytes, now: datetime) -> RequestRecord:
    """The request it is on: of this log, by a person who may, and not there already."""
    if (body.org, body.log) != (log.organization, log.id):
        raise IntegrityError(
            f"it is of organization {body.org}, log {body.log}, and this is {log.organization}, "
            f"log {log.id}",
            code="wrong-log",
        )
    if sha256(text) in log.state.statements:
        raise RequestRefused("this very statement already stands in the log", code="replay")
    taken_back = revoked_by(log.state, sha256(text), body.signer.person)
    if taken_back:
        raise RequestRefused(
            f"{body.signer.person} took it back in record {taken_back}", code="revoked"
        )
    request = log.state.requests.get(RequestId(body.request_id))
    if request is None or request.sha256 != body.request_sha256:
        raise IntegrityError(
            f"the log {log.trust.store} has no request {body.request_id} of that text",
            code="unknown-request",
        )
    signer = body.signer
    if not log.rules().roster.has_key(signer.person, signer.key, now):
        raise IntegrityError(
            f"the key that signed it is not one of {signer.person}", code="unknown-signer"
        )
    if isinstance(body, Review):
        require_reviewable(log, request, signer.person, now)
    else:
        require_eligible(log, request, signer.person, now, type(body))
        require_key(log, request, signer)
    return request


def _require_in_time(log: AuditLog, request: RequestRecord, body: Word, now: datetime) -> None:
    """Made no later than now, and not so long ago that it has lapsed."""
    rules = log.rules()
    needs = demand(rules, request)
    made = instant(body.created_at)
    if made > now + skew(rules):
        raise RequestRefused(
            f"it says it was made at {body.created_at}, and it is {timestamp(now)} here",
            hint="check the clock of whoever prepared it, and this one",
            code="post-dated",
        )
    until = instant(body.expires_at)
    if needs is not None:
        until = min(until, made + timedelta(seconds=needs.approval_ttl))
    if until <= now:
        raise RequestRefused(
            f"it had to be attached before {timestamp(until)}",
            hint=f"have it prepared and signed anew: `orgroot approval prepare {request.id}`",
            code="expired",
        )
