"""What an owner's `ack` amounts to: a place an account may be in, versions that may be there.

It is a word about what was found, never a grant: what it names is acknowledged, nothing else.
"""

import re

from orgroot.core.codec import Signature
from orgroot.core.findings import FindingCode, Void
from orgroot.core.log_state import LogState
from orgroot.core.owners import owners_in_force
from orgroot.core.positions import check_sshsigs
from orgroot.core.sshsig import Verified
from orgroot.core.statement_parts import Moved
from orgroot.core.statements import Ack
from orgroot.core.whereabouts import Whereabouts

_ACCOUNT = re.compile(r"[0-9]{12}")


def check_owner(state: LogState, body: Ack, text: bytes, sigs: tuple[Signature, ...]) -> Verified:
    """Signed by an owner of the trust in force.

    Raises:
        Void: UNKNOWN_SIGNER, WRONG_NAMESPACE, FLAGS or BADSIG.
    """
    signer = body.signer
    if (signer.person, signer.key) not in owners_in_force(state):
        raise Void(FindingCode.UNKNOWN_SIGNER, f"{signer.person} with this key is no owner")
    (verified,) = check_sshsigs((signer,), text, sigs, body.NAMESPACE)
    return verified


def admit_ack(state: LogState, body: Ack) -> None:
    """Count an owner's acknowledgement: all of it, or nothing.

    Raises:
        Void: RULES_VIOLATION: without a reason, or of nothing that can be acknowledged.
    """
    if not body.reason.strip():
        raise _violation("an acknowledgement without a reason")
    if not body.moves and not body.versions:
        raise _violation("it acknowledges nothing")
    places = {move.account: _place(move) for move in body.moves}
    if len(places) < len(body.moves):
        raise _violation("it says two things of one account")
    if any(not versions.key or not versions.version_ids for versions in body.versions):
        raise _violation("versions without a key or without ids")
    for account, place in places.items():
        state.places[account] = (place,)
    for versions in body.versions:
        known = state.acknowledged_versions.get(versions.key, frozenset())
        state.acknowledged_versions[versions.key] = known | set(versions.version_ids)


def _place(move: Moved) -> Whereabouts:
    if _ACCOUNT.fullmatch(move.account) is None or not move.ou_path:
        raise _violation(f"it does not say where {move.account!r} is")
    return Whereabouts(ou_path=move.ou_path, tags=tuple(sorted(move.tags.items())))


def _violation(detail: str) -> Void:
    return Void(FindingCode.RULES_VIOLATION, detail)
