"""What owners sign one after the other: proposed, signed wherever they are, then put into the log.

A proposal and its signatures lie in the log's store, beside the records. Whoever can write there
may propose; only signatures of the owners' thresholds give it force, and only as a record.
"""

from collections.abc import Callable
from datetime import datetime

from orgroot.core.config import Owners
from orgroot.core.ids import ProposalId, proposal_id_of, sha256
from orgroot.core.owners import owners_in_force, signers_of
from orgroot.core.proposals import (
    Collected,
    Proposal,
    changes,
    collect,
    objection,
    proposal_key,
    proposals_in,
    read_proposal,
    signature_key,
    signature_of,
    signatures_in,
)
from orgroot.core.results import (
    DifferenceRow,
    ExitReason,
    ProposalList,
    ProposalRow,
    ProposalView,
)
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import Genesis, Rules, TrustChange, timestamp, to_text
from orgroot.errors import IntegrityError, RequestRefused, UsageError
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.desk import LogDesk

_KINDS = {Genesis: "genesis", Rules: "rules", TrustChange: "trust"}

Confirm = Callable[[ProposalView], None]
"""Shows what a proposal changes and has the end of its id typed; raises UsageError on a no."""


def proposal_of(body: Genesis | Rules | TrustChange) -> Proposal:
    """A statement as a proposal; it waits nowhere yet."""
    text = to_text(body)
    return Proposal(id=proposal_id_of(text), text=text, body=body)


def put(log: AuditLog, proposal: Proposal) -> None:
    """Let a statement wait for its signatures; twice is once."""
    log.put(proposal_key(proposal.id), proposal.text)


def all_owners(log: AuditLog) -> tuple[Signer, ...]:
    """Every key that speaks for the owners in force, as those who may sign."""
    return signers_of(owners_in_force(log.state))


def electorate(log: AuditLog, proposal: ProposalId) -> tuple[Signer, ...]:
    """Those who may sign a proposal, the keys that have not signed it first."""
    found = find(log, proposal)
    left = collected(log, found).open_to
    return (*left, *(signer for signer in found.body.signers if signer not in left))


def find(log: AuditLog, proposal: ProposalId) -> Proposal:
    """A proposal of this log by its id.

    Raises:
        UsageError: there is none.
        IntegrityError: it is not what its name says, or of another log.
    """
    text = log.store.get(proposal_key(proposal))
    if text is None:
        raise UsageError(
            f"there is no proposal {proposal} in {log.trust.store}",
            hint="`orgroot rules proposals` lists them",
            code="no-proposal",
        )
    found = read_proposal(proposal, text)
    if (found.body.org, found.body.log) != (log.organization, log.id):
        raise IntegrityError(f"{proposal} is of log {found.body.log}, not of {log.id}")
    return found


def known(log: AuditLog) -> tuple[Proposal, ...]:
    """Every proposal of this log in the store, the oldest first; litter is passed over."""
    found = []
    for name in proposals_in(log.store.keys()):
        try:
            found.append(find(log, name))
        except IntegrityError:
            continue  # `log verify` names it
    return tuple(sorted(found, key=lambda proposal: (proposal.body.created_at, proposal.id)))


def collected(log: AuditLog, proposal: Proposal, first: Owners | None = None) -> Collected:
    """The signatures that lie there and count; `first`: the owners to be of a log without any."""
    return collect(log.state, proposal, _signatures(log, proposal), first)


def _signatures(log: AuditLog, proposal: Proposal) -> list[bytes]:
    """Whatever lies there as a signature."""
    keys = signatures_in(log.store.keys(), proposal.id)
    return [log.store.get(key) or b"" for key in keys]


def listing(desk: LogDesk) -> ProposalList:
    """Every proposal, with where it stands."""
    log = desk.log
    log.sync()
    views = (view(log, proposal, desk.clock.now()) for proposal in known(log))
    return ProposalList(
        proposals=tuple(
            ProposalRow(
                id=seen.id,
                kind=seen.kind,
                serial=seen.serial,
                state=seen.state,
                proposed_at=seen.proposed_at,
                signed=seen.signed,
                lacking=seen.lacking,
                detail=seen.detail,
            )
            for seen in views
        )
    )


def view(log: AuditLog, proposal: Proposal, now: datetime, *, waits: bool = False) -> ProposalView:
    """How a proposal stands; with `waits` its command waits for what is lacking (exit 10)."""
    body = proposal.body
    have = collected(log, proposal)
    why = objection(log.state, proposal, now)
    if sha256(proposal.text) in log.state.statements:
        state, why = "PUBLISHED", ""
    elif why is not None:
        state = "STALE"
    else:
        state = "OPEN" if have.lacking else "READY"
    return ProposalView(
        exit_reasons=(ExitReason.WAITING,) if waits and state in {"OPEN", "READY"} else (),
        id=proposal.id,
        kind=_KINDS[type(body)],
        serial=0 if isinstance(body, Genesis) else body.serial,
        state=state,
        proposed_at=body.created_at,
        ends_at=timestamp(proposal.ends),
        signed=have.people,
        lacking=have.lacking,
        could_sign=tuple(dict.fromkeys(signer.person for signer in have.open_to)),
        changes=tuple(
            DifferenceRow(path=d.path, before=d.before, after=d.after)
            for d in changes(log.state, body)
        ),
        detail=why or "",
        receipt=log.receipt() if log.state.seq else None,
    )


def sign(desk: LogDesk, proposal_id: ProposalId, confirm: Confirm) -> ProposalView:
    """One owner signs; the signature waits beside the proposal.

    Raises:
        UsageError: no such proposal, no owner who could sign it, no key, or not confirmed.
        RequestRefused: it cannot come into force any more.
    """
    governed = desk.governed
    log = governed.log
    log.require()
    now = log.check_clock(desk.clock.now())
    proposal = find(log, proposal_id)
    require_open(log, proposal, now)
    signer = Signer(person=governed.person, key=governed.signer.public_key)
    have = collected(log, proposal)
    if signer not in have.open_to:
        names = ", ".join(dict.fromkeys(s.person for s in have.open_to)) or "nobody"
        raise UsageError(
            f"{signer.person} has signed {proposal_id}"
            if signer.person in have.people
            else f"{signer.person} with this key is no owner who signs {proposal_id}",
            hint=f"those who still can: {names}",
            code="not-owner",
        )
    confirm(view(log, proposal, now))
    armored = governed.signer.sign(proposal.body.NAMESPACE, proposal.text)
    add_signature(log, proposal, armored.encode("ascii"))
    return view(log, proposal, now)


def add_signature(log: AuditLog, proposal: Proposal, armored: bytes) -> None:
    """Keep a signature of one of those who may sign, wherever it was made.

    Raises:
        IntegrityError: it is of nobody who may, or of another text.
    """
    if signature_of(proposal, armored) is None:
        raise bad_signature(proposal)
    log.put(signature_key(proposal.id, armored), armored)


def bad_signature(proposal: Proposal) -> IntegrityError:
    """What a signature is that nobody made who may sign a proposal."""
    return IntegrityError(
        f"bad signature: it was made over {proposal.id} by no owner who signs it",
        hint="it must be made over exactly the prepared text, with a key of an owner",
        code="badsig",
    )


def publish(log: AuditLog, proposal: Proposal, now: datetime) -> ProposalView:
    """Put a proposal into the log once enough owners have signed it; no key is needed for that.

    Where signatures are lacking it waits (exit 10); where it was published, nothing is done.

    Raises:
        RequestRefused: it cannot come into force any more.
        IntegrityError: the record would not count.
    """
    seen = view(log, proposal, now, waits=True)
    if seen.state in {"OPEN", "PUBLISHED"}:
        return seen
    require_open(log, proposal, now)
    armored = _signatures(log, proposal)

    def guard(state: object) -> None:
        _ = state
        require_open(log, proposal, now)
        flaw = log.flaw(proposal.text, collect(log.state, proposal, armored).signatures)
        if flaw is not None:
            raise IntegrityError(
                f"{proposal.id} would not count: {flaw.detail}",
                hint="propose it anew",
                code=flaw.code.value.lower().replace("_", "-"),
            )

    log.append(lambda state: (proposal.text, collect(state, proposal, armored).signatures), guard)
    return view(log, proposal, now)


def require_open(log: AuditLog, proposal: Proposal, now: datetime) -> None:
    """Return if a proposal can still come into force.

    Raises:
        RequestRefused: it cannot.
    """
    if sha256(proposal.text) in log.state.statements:
        raise RequestRefused(f"{proposal.id} stands in the log already", code="published")
    why = objection(log.state, proposal, now)
    if why is not None:
        raise RequestRefused(
            f"{proposal.id} is out of date: {why}", hint="propose it anew", code="stale"
        )
