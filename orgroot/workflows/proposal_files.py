"""What owners sign, signed where orgroot is not: the exact text, and a signature of it attached.

The text waits beside the log already (`orgroot rules propose`, `orgroot trust propose`), so whoever
prepares or attaches needs no key, and writes nothing but a signature that was checked.
"""

from dataclasses import dataclass

from orgroot.core.ids import ProposalId, proposal_id_of
from orgroot.core.proposals import Proposal, proposal_key, signature_of
from orgroot.core.public_keys import PublicKey, parse_public_key
from orgroot.core.results import ProposalView
from orgroot.errors import IntegrityError, RequestRefused, UsageError
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.desk import LogDesk
from orgroot.workflows.proposals import (
    add_signature,
    bad_signature,
    collected,
    find,
    require_open,
    view,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedProposal:
    """A proposal to be signed by one owner.

    Attributes:
        view: where it stands, and all that it changes.
        text: its exact bytes.
        namespace: what it is signed as.
        key: the key that must sign it.
        others: further keys of that owner that may.
    """

    view: ProposalView
    text: bytes
    namespace: str
    key: PublicKey
    others: tuple[PublicKey, ...]


def prepare(
    desk: LogDesk, proposal_id: ProposalId, person: str, fingerprint: str | None = None
) -> PreparedProposal:
    """A proposal for an owner to sign wherever they are; nothing is written.

    Args:
        desk: where the log is; whose desk it is does not matter.
        proposal_id: the proposal.
        person: the owner.
        fingerprint: `SHA256:…` of the key they will sign with; None: their first.

    Raises:
        UsageError: no such proposal, nobody who could still sign it, or no such key of theirs.
        RequestRefused: it cannot come into force any more.
    """
    log = desk.log
    log.require()
    now = log.check_clock(desk.clock.now())
    proposal = find(log, proposal_id)
    require_open(log, proposal, now)
    have = collected(log, proposal)
    keys = [parse_public_key(who.key) for who in have.open_to if who.person == person]
    if not keys:
        names = ", ".join(dict.fromkeys(who.person for who in have.open_to)) or "nobody"
        raise UsageError(
            f"{person} has signed {proposal_id}"
            if person in have.people
            else f"{person} is no owner who signs {proposal_id}",
            hint=f"those who still can: {names}",
            code="not-owner",
        )
    chosen = next((key for key in keys if fingerprint in {None, key.fingerprint}), None)
    if chosen is None:
        raise UsageError(
            f"{fingerprint} is not a key with which {person} signs {proposal_id}",
            hint="keys are: " + ", ".join(key.fingerprint for key in keys),
            code="no-key",
        )
    return PreparedProposal(
        view=view(log, proposal, now),
        text=proposal.text,
        namespace=proposal.body.NAMESPACE,
        key=chosen,
        others=tuple(key for key in keys if key != chosen),
    )


def waits(log: AuditLog, text: bytes) -> bool:
    """Whether exactly this text lies in the store for owners to sign."""
    return log.store.get(proposal_key(proposal_id_of(text))) == text


def attach(desk: LogDesk, text: bytes, armored: str) -> ProposalView:
    """Keep a signature of a waiting proposal that was made elsewhere.

    Raises:
        UsageError: nothing of this text waits here.
        IntegrityError: the signature is of nobody who signs it, or over another text.
        RequestRefused: it cannot come into force any more, or that key signed it already.
    """
    log = desk.log
    log.require()
    now = log.check_clock(desk.clock.now())
    proposal = find(log, proposal_id_of(text))
    _require_new(log, proposal, armored.encode("ascii"))
    require_open(log, proposal, now)
    add_signature(log, proposal, armored.encode("ascii"))
    return view(log, proposal, now)


def _require_new(log: AuditLog, proposal: Proposal, armored: bytes) -> None:
    """Return if a signature is one that still counts and is not there."""
    found = signature_of(proposal, armored)
    if found is None:
        raise bad_signature(proposal)
    have = collected(log, proposal)
    if any(sig.key == found.key for sig in have.signatures):
        raise RequestRefused(f"that key has signed {proposal.id} already", code="signed")
    if all(who.key != found.key for who in have.open_to):
        raise IntegrityError(
            "bad signature: that key signs nothing for the owners any more",
            hint="`orgroot trust show` tells who the owners are, and which key ended",
            code="unknown-signer",
        )
