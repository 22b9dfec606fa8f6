"""Whose log it is: the owners of each time, whose signatures count, and how owners change.

The genesis names the first owners, each `trust` record the next ones; the last are in force. A
configuration is of this log only where its own owners are those: see `foreign_findings`.
"""

from datetime import timedelta
from functools import lru_cache

from orgroot.core.codec import Signature, canonical
from orgroot.core.config import Owners, Trust
from orgroot.core.config_checks import check_owners as check_shape
from orgroot.core.config_checks import key_material
from orgroot.core.findings import Finding, FindingCode, Void
from orgroot.core.ids import Digest, sha256
from orgroot.core.log_state import LogState, TrustInForce
from orgroot.core.people import usable_key
from orgroot.core.positions import check_sshsigs
from orgroot.core.statement_parts import OwnersStatement, Signer
from orgroot.core.statements import Genesis, TrustChange, instant
from orgroot.errors import ConfigError

PROPOSAL_LIFE = timedelta(days=14)
"""So long after it was proposed a statement of owners may still be recorded."""

OwnerKeys = frozenset[tuple[str, str]]
"""Owners as person and key (`type base64`)."""


@lru_cache(maxsize=64)
def trust_digest(log_id: str, owners: Owners, retain: str | None) -> Digest:
    """What a machine pins: SHA-256 over log id, owners and retention.

    Comments of keys and the order of owners make no other trust.
    """
    keys = [{"person": person, "key": key} for person, key in sorted(_materials(owners))]
    named = {"threshold": owners.threshold, "keys": keys}
    return sha256(canonical({"log_id": log_id, "owners": named, "retain": retain}))


def owner_keys(state: LogState, owners: Owners) -> OwnerKeys:
    """The keys that speak for these owners: verifiable ones that the log has not revoked."""
    return frozenset(
        (owner.person, key.text)
        for owner in owners.keys
        if (key := usable_key(owner.key)) is not None and not _ended(state, key.text)
    )


def owners_in_force(state: LogState) -> OwnerKeys:
    """The keys that speak for the owners now; none before the genesis."""
    return owner_keys(state, state.trusts[-1].owners) if state.trusts else frozenset()


def signers_of(*groups: OwnerKeys) -> tuple[Signer, ...]:
    """The keys of all these owners as statements name them, each once, in order of person."""
    pairs = sorted(frozenset().union(*groups))
    return tuple(Signer(person=person, key=key) for person, key in pairs)


def reachable(keys: OwnerKeys, threshold: int) -> bool:
    """So many distinct owners could sign."""
    return len({person for person, _ in keys}) >= threshold


def electorates(state: LogState, body: OwnersStatement) -> tuple[Owners, ...]:
    """Whose thresholds a statement needs: all of them.

    Raises:
        Void: ILLEGAL_TRANSITION: there is no genesis before it.
    """
    if isinstance(body, Genesis):
        return (body.owners,)
    if not state.trusts:
        raise Void(FindingCode.ILLEGAL_TRANSITION, "there is no genesis before it")
    in_force = state.trusts[-1].owners
    return (in_force, body.owners) if isinstance(body, TrustChange) else (in_force,)


def check_owners(
    state: LogState, body: OwnersStatement, text: bytes, sigs: tuple[Signature, ...]
) -> None:
    """Signed by as many distinct owners as each threshold asks, and by nobody else.

    The signatures are those of some of its `signers`, in their order, each key once: of the same
    signatures there is one spelling.

    Raises:
        Void: UNKNOWN_SIGNER, WRONG_NAMESPACE or BADSIG; ILLEGAL_TRANSITION.
    """
    groups = electorates(state, body)
    named = {pair for owners in groups for pair in _materials(owners)}
    live = [owner_keys(state, owners) for owners in groups]
    keys = {sig.key for sig in sigs}
    signed = tuple(signer for signer in body.signers if signer.key in keys)
    for signer in body.signers:
        if (signer.person, signer.key) not in named:
            raise _unknown(f"{signer.person} with this key is no owner")
    for signer in signed:
        if not any((signer.person, signer.key) in group for group in live):
            raise _unknown(f"this key of {signer.person} signs nothing any more")
    check_sshsigs(signed, text, sigs, body.NAMESPACE)
    for owners, group in zip(groups, live, strict=True):
        have = len(signed_by(signed, group))
        if have < owners.threshold:
            raise _unknown(f"signed by {have} owner(s), and {owners.threshold} must sign")


def signed_by(signed: tuple[Signer, ...], group: OwnerKeys) -> frozenset[str]:
    """The owners of a group among these signers; two keys of one owner are one owner."""
    return frozenset(s.person for s in signed if (s.person, s.key) in group)


def next_trust(state: LogState, body: Genesis | TrustChange, seq: int) -> TrustInForce:
    """Whose log it is from this record on; whether it is the trusted one, `foreign_findings` says.

    Raises:
        Void: ILLEGAL_TRANSITION, RULES_VIOLATION.
    """
    if isinstance(body, Genesis):
        if state.genesis is not None:
            raise Void(FindingCode.ILLEGAL_TRANSITION, "a second genesis")
        return _in_force(body, seq)
    require_fresh(state, body)
    serial = len(state.trusts)
    if body.serial != serial:
        raise _violation(f"a change of owners with serial {body.serial}, and {serial} is next")
    change = _in_force(body, seq)
    if change.digest == state.trusts[-1].digest:
        raise _violation("it changes neither owners nor retention")
    return change


def require_fresh(state: LogState, body: OwnersStatement) -> None:
    """What owners signed long ago and never recorded does not come into force one day.

    Raises:
        Void: RULES_VIOLATION.
    """
    now = state.witnessed
    if now and instant(now) > instant(body.created_at) + PROPOSAL_LIFE:
        raise _violation(f"it was proposed at {body.created_at}, more than 14 days before")


def foreign_findings(state: LogState, trust: Trust) -> tuple[Finding, ...]:
    """That this is not the log of a trust; nothing where it is, or was once, or holds nothing."""
    digest = trust_digest(trust.log_id, trust.owners, trust.retain)
    if not state.trusts or any(known.digest == digest for known in state.trusts):
        return ()
    detail = "its owners or retention are not those of the trusted configuration"
    return (Finding(code=FindingCode.FORK, seq=1, detail=detail, fatal=True),)


def _in_force(body: Genesis | TrustChange, seq: int) -> TrustInForce:
    """As it is once signed, so that the threshold is within reach."""
    owners = body.owners
    try:
        check_shape(owners, ("owners",))
    except ConfigError as error:
        raise _violation(error.message) from error
    digest = trust_digest(body.log, owners, body.retain)
    return TrustInForce(seq=seq, digest=digest, owners=owners, retain=body.retain)


def _materials(owners: Owners) -> list[tuple[str, str]]:
    return [(owner.person, key_material(owner.key)) for owner in owners.keys]


def _ended(state: LogState, key: str) -> bool:
    end = state.ended_keys.get(key)
    return end is not None and end.owner


def _unknown(detail: str) -> Void:
    return Void(FindingCode.UNKNOWN_SIGNER, detail)


def _violation(detail: str) -> Void:
    return Void(FindingCode.RULES_VIOLATION, detail)
