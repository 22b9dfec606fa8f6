"""May somebody act before others have approved? Only by the rules' terms, and within their quotas.

Everything else that speaks against a request speaks against an emergency too. What cannot be known
refuses.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from orgroot.core.eligibility import listed
from orgroot.core.incidents import began_at, incident
from orgroot.core.log_state import RequestRecord, RulesInForce
from orgroot.core.requirements import Requirement

DAY = timedelta(hours=24)


def refusals(
    rules: RulesInForce,
    request: RequestRecord,
    needs: Requirement,
    *,
    person: str,
    now: datetime,
    incidents: Collection[RequestRecord] | None,
    drafted: bool = False,
) -> Iterator[str]:
    """Why break-glass does not stand in for approvals, one sentence each.

    Args:
        rules: those in force, expired or not.
        request: as recorded, or as drafted.
        needs: what the rules demand of it.
        person: who asks or executes.
        now: UTC.
        incidents: the requests that were executed under break-glass; None: not known.
        drafted: it is not signed yet, so what its signature will show is judged later.
    """
    terms, roster, requester = needs.break_glass, rules.roster, request.body.signer.person
    named = ", ".join(needs.rule_ids)
    if terms is None:
        yield f"Break-glass is not granted: not every rule that matches allows it ({named})."
        return
    if roster.is_service(requester):
        yield f"{requester} is a service, and services never break glass."
    if not roster.groups_of(requester) & terms.requesters:
        only = listed(terms.requesters)
        yield f"{requester} may not break glass: by rule {named} only {only} may."
    if person != requester and not _serves(rules, needs, person):
        yield f"{person} may not execute {request.id}: under break-glass only {requester} may."
    if terms.pin and not _verified(request, drafted=drafted):
        yield (
            f"By rule {named} the request must be signed by a security key that asks for its PIN "
            "(`ssh-keygen -t ed25519-sk -O verify-required`)."
        )
    if request.reviews:
        yield f"{request.id} was reviewed, and nothing more is done under it: ask anew."
    if incidents is None:
        yield "What was done under break-glass before is not known, so nothing more is."
        return
    others = [other for other in incidents if other.id != request.id]
    owed, recent = spent_of(rules, requester, now, others)
    if len(owed) >= terms.max_open_unreviewed:
        ids = ", ".join(other.id for other in owed)
        yield f"{requester} has broken glass before, and that awaits its review: {ids}."
    if len(recent) >= terms.max_per_24h:
        yield (
            f"{requester} has broken glass {len(recent)} times in 24 hours, and "
            f"{terms.max_per_24h} is the most."
        )


def _serves(rules: RulesInForce, needs: Requirement, person: str) -> bool:
    """A service that the rules name as executor, as a runner is: it acts for whoever asked."""
    named = needs.executors or frozenset()
    return rules.roster.is_service(person) and bool(rules.roster.groups_of(person) & named)


def _verified(request: RequestRecord, *, drafted: bool) -> bool:
    """A security key signed it and had checked who holds it; a draft's key could at least."""
    how = request.signed_with
    if how is None:
        return drafted and request.body.signer.key.startswith("sk-")
    return how.hardware and how.user_verified


def spent_of(
    rules: RulesInForce, person: str, now: datetime, incidents: Collection[RequestRecord]
) -> tuple[tuple[RequestRecord, ...], tuple[RequestRecord, ...]]:
    """A human being's incidents that are owed a review, and those of the last 24 hours."""
    own = [
        (other, run)
        for other in incidents
        if (run := incident(other)) is not None
        and rules.roster.same_human(person, other.body.signer.person)
    ]
    owed = tuple(other for other, _ in own if not other.settled)
    recent = tuple(other for other, run in own if now - began_at(run) < DAY)
    return owed, recent
