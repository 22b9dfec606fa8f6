"""Other owners for a log: shown, proposed, and put in force by the thresholds of both sides.

Everybody works with the old configuration until the change is in the log, and with the new one
from then on: the old one is refused by name.
"""

from orgroot.core.config import OwnerKey, Trust
from orgroot.core.log_state import LogState
from orgroot.core.owners import owner_keys, owners_in_force, signers_of
from orgroot.core.people import usable_key
from orgroot.core.proposals import objection
from orgroot.core.results import OwnerRow, ProposalView, TrustView
from orgroot.core.statements import TrustChange
from orgroot.errors import UsageError
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.desk import LogDesk
from orgroot.workflows.proposals import known, proposal_of, put, view
from orgroot.workflows.signing import common_fields
from orgroot.workflows.trust_memory import trust_sha256


def show(log: AuditLog) -> TrustView:
    """Whose log it is now; the configuration may still name the owners before."""
    state = log.require()
    now = state.trusts[-1]
    alive = owners_in_force(state)
    return TrustView(
        log_id=log.id,
        store=log.trust.store,
        seq=now.seq,
        trust_sha256=now.digest,
        threshold=now.owners.threshold,
        owners=tuple(_row(owner, alive) for owner in now.owners.keys),
        retain=now.retain,
        configured=now.digest == trust_sha256(log.trust),
        yaml=_yaml(log.trust, state),
        receipt=log.receipt(),
    )


def propose(desk: LogDesk, wanted: Trust, *, only_show: bool = False) -> ProposalView:
    """Let another `trust:` wait for the signatures of the old owners and of the new ones.

    Args:
        desk: with the configuration in use.
        wanted: the `trust:` of the configuration to be.
        only_show: nothing is written.

    Raises:
        UsageError: it is of another log, it changes nothing, or its owners could never sign.
    """
    log = desk.log
    state = log.require()
    now = log.check_clock(desk.clock.now())
    if wanted.log_id != log.id:
        raise UsageError(
            f"it is of log {wanted.log_id}, and this is {log.id}",
            hint="keep log_id: only owners and retain change",
            code="wrong-log",
        )
    if trust_sha256(wanted) == state.trusts[-1].digest:
        raise UsageError(
            "it names the owners and the retention that are in force",
            hint="write other owners, or another retain, into its trust: section",
            code="no-change",
        )
    old, new = owners_in_force(state), owner_keys(state, wanted.owners)
    if len({person for person, _ in new}) < wanted.owners.threshold:
        raise UsageError(
            f"{wanted.owners.threshold} of its owners can never sign: a key of theirs was revoked",
            hint="name other keys",
            code="unreachable",
        )
    body = TrustChange(
        **common_fields(log, state, now),
        signers=signers_of(old, new),
        serial=len(state.trusts),
        owners=wanted.owners,
        retain=wanted.retain,
    )
    waiting = (
        proposal
        for proposal in known(log)
        if isinstance(proposal.body, TrustChange)
        and (proposal.body.owners, proposal.body.retain) == (body.owners, body.retain)
        and objection(state, proposal, now) is None
    )
    proposal = next(waiting, None) or proposal_of(body)
    if not only_show:
        put(log, proposal)
    return view(log, proposal, now, waits=not only_show)


def _row(owner: OwnerKey, alive: frozenset[tuple[str, str]]) -> OwnerRow:
    key = usable_key(owner.key)
    text = owner.key if key is None else key.text
    return OwnerRow(
        person=owner.person,
        key=text,
        fingerprint="" if key is None else key.fingerprint,
        ended=(owner.person, text) not in alive,
    )


def _yaml(trust: Trust, state: LogState) -> str:
    """The section as it should stand; where the log lies is this machine's own matter."""
    now = state.trusts[-1]
    lines = ["trust:", f"  log_id: {trust.log_id}", f"  store: {trust.store}"]
    if trust.store_account is not None:
        lines.append(f'  store_account: "{trust.store_account}"')
    if trust.store_region is not None:
        lines.append(f"  store_region: {trust.store_region}")
    if now.retain is not None:
        lines.append(f"  retain: {now.retain}")
    lines += ["  owners:", f"    threshold: {now.owners.threshold}", "    keys:"]
    lines += [f'      - {{person: {o.person}, key: "{o.key}"}}' for o in now.owners.keys]
    return "\n".join(lines) + "\n"
