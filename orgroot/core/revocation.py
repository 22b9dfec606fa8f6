"""`key-revoke`: a key speaks for nobody from a record on, whatever any rules say later.

Any one owner ends any key of the roster, everyone their own. An owner's key ends as such only by
its own person, and only while the others still reach the threshold: else one stolen key could
freeze the rules. What remains is a new trust, signed by the thresholds.
"""

from dataclasses import replace
from datetime import datetime

from orgroot.core.codec import Signature
from orgroot.core.eligibility import skew
from orgroot.core.findings import Finding, FindingCode, Void
from orgroot.core.log_state import LogState
from orgroot.core.owners import owners_in_force, reachable
from orgroot.core.people import RevokedKey
from orgroot.core.positions import check_person, check_sshsigs
from orgroot.core.sshsig import Verified
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import KeyRevoke, instant


def check_revoker(
    state: LogState, body: KeyRevoke, text: bytes, sigs: tuple[Signature, ...]
) -> Verified:
    """Signed by an owner, or by a person of the roster.

    Raises:
        Void: UNKNOWN_SIGNER, WRONG_NAMESPACE, FLAGS or BADSIG.
    """
    if not _is_owner(state, body.signer):
        return check_person(state.rules_in_force, body, text, sigs, state.witnessed)
    (verified,) = check_sshsigs((body.signer,), text, sigs, body.NAMESPACE)
    return verified


def admit_key_revoke(state: LogState, body: KeyRevoke, seq: int) -> tuple[Finding, ...]:
    """End the key; answers what it had signed since it was in other hands.

    Raises:
        Void: RULES_VIOLATION or ILLEGAL_TRANSITION, and nothing changed.
    """
    end = ending(state, body, seq)
    before = state.ended_keys.get(body.key)
    state.ended_keys[body.key] = end
    if state.rules:
        state.rules[-1] = replace(state.rules[-1], revoked=dict(state.ended_keys))
    known = None if before is None else before.since
    detail = f"signed with a key of {body.person} that was in other hands: see record {seq}"
    return tuple(
        Finding(code=FindingCode.KEY_COMPROMISED, seq=signed, detail=detail)
        for signed, at in state.signed.get(body.key, ())
        if end.since is not None and _lies(instant(at), end.since, known)
    )


def ending(state: LogState, body: KeyRevoke, seq: int) -> RevokedKey:
    """What would become of the key.

    Raises:
        Void: RULES_VIOLATION or ILLEGAL_TRANSITION.
    """
    rules, signer = state.rules_in_force, body.signer
    if not _is_owner(state, signer) and signer.person != body.person:
        raise _violation(f"{signer.person} is no owner, and the key is not theirs")
    in_roster = rules is not None and rules.roster.lists(body.person, body.key)
    as_owner = ends_owner(state, signer, body.person, body.key)
    if not in_roster and not as_owner:
        raise _violation(_why_not(state, body))
    since = None if body.compromised_since is None else instant(body.compromised_since)
    if since is not None and since > instant(body.created_at) + skew(rules):
        raise _violation(f"in other hands since {body.compromised_since}, which is to come")
    before = state.ended_keys.get(body.key)
    if before is None:
        return RevokedKey(seq=seq, since=since, owner=as_owner)
    earlier = min((t for t in (before.since, since) if t is not None), default=None)
    after = RevokedKey(seq=before.seq, since=earlier, owner=before.owner or as_owner)
    if after == before:
        raise Void(
            FindingCode.ILLEGAL_TRANSITION, f"the key was revoked before, in record {before.seq}"
        )
    return after


def ends_owner(state: LogState, signer: Signer, person: str, key: str) -> bool:
    """Whether this signer's word ends the key as an owner's key."""
    keys = owners_in_force(state)
    mine = signer.person == person and _is_owner(state, signer)
    without = keys - {(person, key)}
    return mine and without < keys and reachable(without, state.trusts[-1].owners.threshold)


def _is_owner(state: LogState, signer: Signer) -> bool:
    return (signer.person, signer.key) in owners_in_force(state)


def _why_not(state: LogState, body: KeyRevoke) -> str:
    if (body.person, body.key) in owners_in_force(state):
        return f"the owner's key of {body.person} ends by a new trust, which a threshold signs"
    return f"{body.person} has no such key"


def _lies(at: datetime, since: datetime, known: datetime | None) -> bool:
    """Recorded while the key was in other hands, and not found before."""
    return at >= since and (known is None or at < known)


def _violation(detail: str) -> Void:
    return Void(FindingCode.RULES_VIOLATION, detail)
