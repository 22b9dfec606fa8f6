"""A new log that several owners must sign: each runs `log init` with the same configuration.

What the first one signed waits in the store, as any proposal. An owner signs only what their own
configuration says, and what AWS says of the organization, whatever waits there.
"""

from datetime import datetime

from orgroot.core.config import Owners
from orgroot.core.owners import trust_digest
from orgroot.core.proposals import Proposal, objection
from orgroot.core.statements import Genesis, Rules, TrustChange
from orgroot.workflows.proposals import (
    add_signature,
    collected,
    known,
    proposal_of,
    publish,
    put,
)
from orgroot.workflows.signing import signer_of
from orgroot.workflows.workspace import Governed


def begin_together(
    owner: Governed, genesis: Genesis, rules: Rules, now: datetime
) -> tuple[int, tuple[str, ...]]:
    """Sign the first two records as one of several owners; write them once enough have.

    Args:
        owner: who signs now.
        genesis: the first record, as this owner's configuration and AWS have it.
        rules: the second one.
        now: UTC.

    Returns:
        How many more owners must sign, and who has.
    """
    log = owner.log
    # Where the genesis stands already, the process that wrote it died before the rules.
    wanted = (genesis, rules) if log.state.genesis is None else (rules,)
    waiting = tuple(p for p in known(log) if objection(log.state, p, now) is None)
    pair = tuple(_alike(waiting, body) or proposal_of(body) for body in wanted)
    for proposal in pair:
        put(log, proposal)
        _sign(owner, proposal, genesis.owners)
    have = [collected(log, proposal, first=genesis.owners) for proposal in pair]
    lacking = max(counted.lacking for counted in have)
    if not lacking:
        for proposal in pair:
            publish(log, proposal, now)
    everywhere = (who for who in have[0].people if all(who in other.people for other in have))
    return lacking, tuple(everywhere)


def _alike(waiting: tuple[Proposal, ...], body: Genesis | Rules) -> Proposal | None:
    """The first proposal that says what this owner would say."""
    return next((p for p in waiting if _meaning(p.body) == _meaning(body)), None)


def _meaning(body: Genesis | Rules | TrustChange) -> tuple[object, ...]:
    """What a statement says, whoever prepared it, and when."""
    if isinstance(body, Genesis):
        trust = trust_digest(body.log, body.owners, body.retain)
        return (body.signers, body.endpoint, body.management_account, trust)
    return (body.signers, body.approvals) if isinstance(body, Rules) else ()


def _sign(owner: Governed, proposal: Proposal, owners: Owners) -> None:
    """Sign, unless this owner has."""
    me = signer_of(owner.person, owner.signer)
    if me in collected(owner.log, proposal, first=owners).open_to:
        armored = owner.signer.sign(proposal.body.NAMESPACE, proposal.text)
        add_signature(owner.log, proposal, armored.encode("ascii"))
