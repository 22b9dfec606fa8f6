"""Statements that owners sign one after the other, wherever they are: text and signatures.

They wait beside the records, under names made from their content, and mean nothing until the
statement is recorded with enough signatures: whoever writes there can at most litter.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from msgspec import Struct

from orgroot.core.codec import Signature
from orgroot.core.config import Owners
from orgroot.core.differences import Difference, differences
from orgroot.core.eligibility import skew
from orgroot.core.findings import Void
from orgroot.core.ids import ProposalId, proposal_id_of, sha256
from orgroot.core.log_state import LogState
from orgroot.core.owners import PROPOSAL_LIFE, electorates, owner_keys, signed_by
from orgroot.core.positions import Place, check_head
from orgroot.core.public_keys import parse_public_key
from orgroot.core.sshsig import verify
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import Genesis, Rules, TrustChange, from_text, instant
from orgroot.errors import IntegrityError, UsageError

PREFIX = "proposals/"
_PROPOSAL = re.compile(r"proposals/(opr_[a-z2-7]{26})\.json")
_SIGNATURE = re.compile(r"proposals/(opr_[a-z2-7]{26})/([0-9a-f]{64})\.sig")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A statement of owners: its exact text, and the id made from it."""

    id: ProposalId
    text: bytes
    body: Genesis | Rules | TrustChange

    @property
    def ends(self) -> datetime:
        """After this instant (UTC) it comes into force no more."""
        return instant(self.body.created_at) + PROPOSAL_LIFE


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """The signatures that count, in the order of a record, and how many are lacking.

    Attributes:
        signatures: one for each key, as a record has them.
        people: who has signed.
        lacking: how many more owners must sign.
        open_to: who still could, with which keys.
    """

    signatures: tuple[Signature, ...]
    people: tuple[str, ...]
    lacking: int
    open_to: tuple[Signer, ...]


def proposal_key(proposal: ProposalId) -> str:
    """Where a proposal's text lies."""
    return f"{PREFIX}{proposal}.json"


def signature_key(proposal: ProposalId, armored: bytes) -> str:
    """Where a signature lies: no other can take its place before it."""
    return f"{PREFIX}{proposal}/{sha256(armored)}.sig"


def proposals_in(keys: Iterable[str]) -> tuple[ProposalId, ...]:
    """The ids of the proposals among a store's keys."""
    found = (_PROPOSAL.fullmatch(key) for key in keys)
    return tuple(ProposalId(match[1]) for match in found if match)


def signatures_in(keys: Iterable[str], proposal: ProposalId) -> tuple[str, ...]:
    """The keys of a store under which signatures of a proposal lie."""
    found = ((key, _SIGNATURE.fullmatch(key)) for key in keys)
    return tuple(key for key, match in found if match and match[1] == proposal)


def read_proposal(proposal: ProposalId, text: bytes) -> Proposal:
    """A proposal from the bytes that lie under its name.

    Raises:
        IntegrityError: they are not what the name says, or no statement of owners.
    """
    if proposal_id_of(text) != proposal:
        raise IntegrityError(f"{proposal} is not what its name says", code="object")
    body = from_text(text)
    if not isinstance(body, Genesis | Rules | TrustChange):
        raise IntegrityError(f"{proposal} is nothing that owners sign", code="proposal")
    return Proposal(id=proposal, text=text, body=body)


def signature_of(proposal: Proposal, armored: bytes) -> Signature | None:
    """The signature of one of those who may sign a proposal; None: it is no such thing."""
    for signer in proposal.body.signers:
        try:
            text = armored.decode("ascii")
            key = parse_public_key(signer.key)
            verify(text, proposal.text, namespace=proposal.body.NAMESPACE, key=key)
        except (IntegrityError, UsageError, UnicodeDecodeError):
            continue
        return Signature(alg="sshsig", key=key.text, sig=text)
    return None


def collect(
    state: LogState,
    proposal: Proposal,
    armored: Iterable[bytes],
    first: Owners | None = None,
) -> Collected:
    """What the signatures amount to now: each key once, keys that the log has ended not at all.

    Args:
        state: the log.
        proposal: what is signed.
        armored: whatever lies there as signatures.
        first: the owners to be, where the log has none yet.

    Raises:
        Void: ILLEGAL_TRANSITION: there is no genesis before it, and no `first`.
    """
    begin = None if state.trusts else first
    groups = electorates(state, proposal.body) if begin is None else (begin,)
    live = tuple(owner_keys(state, owners) for owners in groups)
    able = tuple(
        signer
        for signer in proposal.body.signers
        if any((signer.person, signer.key) in group for group in live)
    )
    found = {sig.key: sig for text in sorted(armored) if (sig := signature_of(proposal, text))}
    signed = tuple(signer for signer in able if signer.key in found)
    missing = [
        owners.threshold - len(signed_by(signed, group))
        for owners, group in zip(groups, live, strict=True)
    ]
    return Collected(
        signatures=tuple(found[signer.key] for signer in signed),
        people=tuple(dict.fromkeys(signer.person for signer in signed)),
        lacking=max(0, *missing),
        open_to=tuple(signer for signer in able if signer not in signed),
    )


def objection(state: LogState, proposal: Proposal, now: datetime) -> str | None:
    """Why a proposal cannot come into force any more, one sentence; None: it still can."""
    return next(_objections(state, proposal, now), None)


def _objections(state: LogState, proposal: Proposal, now: datetime) -> Iterator[str]:
    match proposal.body:
        case Rules() as body:
            if body.serial != len(state.rules) + 1:
                yield f"it is rules serial {body.serial}, and serial {len(state.rules)} is in force"
            if body.approvals.expires <= now:
                yield f"its rules expired at {body.expires_at}"
        case TrustChange() as body:
            if body.serial != len(state.trusts):
                yield "the owners changed since it was proposed"
        case Genesis():
            if state.genesis is not None:
                yield "the log has been created"
        case _:
            assert_never(proposal.body)
    yield from _untimely(proposal, now, skew(state.rules_in_force))
    try:
        check_head(state, proposal.body, Place(seq=state.seq + 1, prev=state.hash))
    except Void as void:
        yield f"it was proposed for another log than this: {void.detail}"


def _untimely(proposal: Proposal, now: datetime, tolerance: timedelta) -> Iterator[str]:
    """Dated ahead it would outlive its two weeks, and set the time of the log as it likes."""
    if instant(proposal.body.created_at) > now + tolerance:
        yield f"it says it was proposed at {proposal.body.created_at}, which is to come"
    if proposal.ends <= now:
        yield f"it was proposed at {proposal.body.created_at}, more than 14 days ago"


class Terms(Struct, frozen=True, kw_only=True):
    """What owners agree on beside rules: whose log it is, and how long its records are kept."""

    owners: Owners
    retain: str | None


def changes(state: LogState, body: Genesis | Rules | TrustChange) -> tuple[Difference, ...]:
    """What a statement of owners changes against what is in force, value by value."""
    if isinstance(body, Rules):
        rules = state.rules_in_force
        return differences(None if rules is None else rules.body.approvals, body.approvals)
    last = state.trusts[-1] if state.trusts else None
    before = None if last is None else Terms(owners=last.owners, retain=last.retain)
    return differences(before, Terms(owners=body.owners, retain=body.retain))


def is_sound(key: str, get: Callable[[str], bytes | None], log: str) -> bool:
    """Whether a key holds a proposal of this log, or a signature of one; `get` reads the store."""
    found = _PROPOSAL.fullmatch(key) or _SIGNATURE.fullmatch(key)
    if found is None:
        return False
    name = ProposalId(found[1])
    try:
        proposal = read_proposal(name, get(proposal_key(name)) or b"")
    except IntegrityError:
        return False
    if proposal.body.log != log or key == proposal_key(name):
        return proposal.body.log == log
    data = get(key) or b""
    return key == signature_key(name, data) and signature_of(proposal, data) is not None
