"""Taking back: a request by its requester, a decision by its signer.

The order in the log decides every race: what was withdrawn before an intent was never given to it,
and what is withdrawn after it changes nothing.
"""

from datetime import datetime

from orgroot.core.eligibility import closed
from orgroot.core.findings import FindingCode, Void
from orgroot.core.ids import Digest, RequestId
from orgroot.core.incidents import owes
from orgroot.core.log_state import DecisionRecord, LogState, RequestRecord, RulesInForce
from orgroot.core.statements import Cancel, Request, Revoke, instant


def admit(state: LogState, rules: RulesInForce, body: Cancel | Revoke, seq: int) -> None:
    """Let a withdrawal take effect.

    Raises:
        Void: ILLEGAL_TRANSITION, RULES_VIOLATION: it is not theirs, or too late.
    """
    request = state.requests.get(RequestId(body.request_id))
    if request is None or request.sha256 != body.request_sha256:
        raise Void(FindingCode.ILLEGAL_TRANSITION, f"there is no request {body.request_id}")
    person, now = body.signer.person, instant(body.created_at)
    if isinstance(body, Cancel):
        why = cannot_cancel(rules, request, person, now)
    else:
        digest = Digest(body.statement_sha256)
        why = cannot_revoke(state, request, digest, person, now)
    if why is not None:
        raise Void(FindingCode.ILLEGAL_TRANSITION, f"{person} cannot take it back: {why}")
    if isinstance(body, Cancel):
        request.cancelled = seq
        return
    made = _decision(request, digest)
    if made is not None:
        made.revoked = seq
    state.revoked.setdefault(digest, []).append((person, seq))


def cannot_cancel(
    rules: RulesInForce, request: RequestRecord, person: str, now: datetime
) -> str | None:
    """Why a person may not cancel a request now, one sentence; None: they may."""
    if not isinstance(request.body, Request):
        return f"{request.id} is a survey, which was its own execution."
    if not rules.roster.same_human(person, request.body.signer.person):
        return f"{request.body.signer.person} asked for it, not {person}."
    if any(run.left_open() for run in request.executions):
        return f"{request.id} is being executed, or nobody knows how that ended."
    return f"{request.spent}." if request.spent else closed(rules, request, now)


def cannot_revoke(
    state: LogState, request: RequestRecord, digest: Digest, person: str, now: datetime
) -> str | None:
    """Why a person may not take back the decision with this SHA-256 now; None: they may.

    A decision or review that is not in the log may be taken back too: then it never counts when it
    comes.
    """
    rules = state.rules[-1]
    # A review is given, and taken back, however long ago its request expired.
    why = None if owes(request) else closed(rules, request, now)
    if why is not None:
        return why
    if revoked_by(state, digest, person):
        return f"{person} took it back in record {revoked_by(state, digest, person)}."
    made = _decision(request, digest)
    if made is None:
        known = digest in state.statements
        return f"It is no decision on {request.id} that counts." if known else None
    if not rules.roster.same_human(person, made.body.signer.person):
        return f"{made.body.signer.person} decided so, not {person}."
    return None


def revoked_by(state: LogState, digest: Digest, person: str) -> int:
    """The record in which this human being took back the statement with this SHA-256; 0: none."""
    roster = state.rules[-1].roster
    return next(
        (seq for who, seq in state.revoked.get(digest, ()) if roster.same_human(who, person)), 0
    )


def decisions_of(request: RequestRecord) -> tuple[DecisionRecord, ...]:
    """Every decision recorded on a request, in order of the log."""
    return tuple(sorted((*request.approvals, *request.denials), key=lambda made: made.seq))


def _decision(request: RequestRecord, digest: Digest) -> DecisionRecord | None:
    return next((made for made in decisions_of(request) if made.sha256 == digest), None)
