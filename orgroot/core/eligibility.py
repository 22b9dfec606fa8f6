"""Who may decide on a request, and whose recorded decision counts.

Persons are compared, not names: another entry of the same human being is the same person. A
service never decides, nor does the requester.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from orgroot.core.config import seconds
from orgroot.core.governed_tasks import GOVERNED_TASKS, Power
from orgroot.core.incidents import owes
from orgroot.core.log_state import DecisionRecord, RequestRecord, RulesInForce
from orgroot.core.people import is_hardware
from orgroot.core.quorum import missing
from orgroot.core.requirements import Requirement, requirement
from orgroot.core.sshsig import Verified
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import Request, instant
from orgroot.core.whereabouts import subjects

DEFAULT_SKEW = timedelta(seconds=120)
"""How far clocks may differ before any rules say so."""


def demand(rules: RulesInForce, request: RequestRecord) -> Requirement | None:
    """What the rules demand of a request, all its accounts together; None: not all are covered."""
    approvals, task = rules.body.approvals, request.body.task
    about = subjects(approvals, task, request.targets, request.params, request.places)
    return requirement(approvals, task, about)


def expires_at(rules: RulesInForce, request: RequestRecord) -> datetime:
    """When a request ends: at its own expiry, or earlier where the rules give it less time."""
    ttl = timedelta(seconds=seconds(rules.body.approvals.defaults.request_ttl))
    return min(instant(request.body.expires_at), instant(request.body.created_at) + ttl)


def eligible(rules: RulesInForce, request: RequestRecord, person: str, now: datetime) -> str | None:
    """Why a person may not approve or deny a request now; None: they may."""
    return closed(rules, request, now) or _unfit(rules, request, person, now)


def wrong_key(rules: RulesInForce, signer: Signer, how: Verified | None = None) -> str | None:
    """Why a decision with this key counts for nothing; None: it may count.

    `how`: what its signature says of the key; None: it is not signed yet.
    """
    wanted = rules.body.approvals.defaults.hardware_key == "required"
    hardware = is_hardware(signer.key) if how is None else how.hardware
    if hardware or not wanted:
        return None
    return f"The rules want {signer.person} to sign with a hardware key (sk-ssh-ed25519, sk-ecdsa)."


def could_approve(rules: RulesInForce, request: RequestRecord, now: datetime) -> tuple[str, ...]:
    """Whose approval would bring a request nearer to its quorum now, in the order of the roster."""
    needs = demand(rules, request)
    if needs is None:
        return ()
    given = _given(rules, request, needs, now)
    open_now = _open(needs, given)

    def helps(person: str) -> bool:
        human = rules.roster.human(person)
        groups = rules.roster.groups_of(person)
        return human not in given and _open(needs, {**given, human: groups}) < open_now

    return tuple(
        person
        for person in rules.roster.persons()
        if eligible(rules, request, person, now) is None and helps(person)
    )


def _given(
    rules: RulesInForce, request: RequestRecord, needs: Requirement, now: datetime
) -> dict[str, frozenset[str]]:
    """Who has an approval that counts now, with the groups it counts for."""
    given: dict[str, frozenset[str]] = {}
    for approval in request.approvals:
        person = approval.body.signer.person
        if uncounted(rules, request, needs, approval) or lapsed(rules, needs, approval, now):
            continue
        human, groups = rules.roster.human(person), rules.roster.groups_of(person)
        given[human] = given.get(human, frozenset()) | (approval.groups & groups)
    return given


def _open(needs: Requirement, people: Mapping[str, frozenset[str]]) -> int:
    return sum(lacking.count for lacking in missing(needs, people))


def closed(rules: RulesInForce, request: RequestRecord, now: datetime) -> str | None:
    """Why a request takes no more decisions, one sentence; None: it does.

    What was done under break-glass may still be approved by those who would have been asked.
    """
    if request.denied:
        return f"{request.id} was denied in record {request.denied}."
    if request.cancelled:
        return f"{request.id} was cancelled in record {request.cancelled}."
    if request.spent and not owes(request):
        return f"{request.spent}."
    return next(time_refusals(rules, request, now), None)


def time_refusals(rules: RulesInForce, request: RequestRecord, now: datetime) -> Iterator[str]:
    """Why a request is not of this time: expired, or made later than now."""
    if expires_at(rules, request) <= now:
        yield f"{request.id} expired at {expires_at(rules, request):%Y-%m-%dT%H:%M:%SZ}."
    if instant(request.body.created_at) > now + skew(rules):
        yield f"{request.id} says it was made later than now ({request.body.created_at})."


def outlived(rules: RulesInForce, request: RequestRecord, now: datetime) -> str | None:
    """Expired rules govern reading and break-glass alone: why not this request; None: it is one."""
    body = request.body
    if GOVERNED_TASKS[body.task].power is Power.READ:
        return None
    if isinstance(body, Request) and body.break_glass:
        return None
    if instant(rules.body.expires_at) > now:
        return None
    return f"The rules (serial {rules.body.serial}) expired at {rules.body.expires_at}."


def uncounted(
    rules: RulesInForce, request: RequestRecord, needs: Requirement, record: DecisionRecord
) -> str | None:
    """Why a recorded decision counts for nothing, however recent; None: it may count.

    The person must be fit to decide by today's roster, with the groups of then and now, and a key
    that today's roster calls valid at the time of the record.
    """
    signer = record.body.signer
    if record.revoked:
        return f"{signer.person} took the decision back in record {record.revoked}."
    groups = record.groups & rules.roster.groups_of(signer.person)
    if not rules.roster.had_key(signer.person, signer.key, record.seq, record.at, record.latest):
        return f"The key of {signer.person}'s decision was not valid when it was recorded."
    if needs.hardware_key and not in_hardware(record):
        return f"The key of {signer.person}'s decision is no hardware key, which the rules want."
    return _outsider(rules, request, needs, signer.person, groups)


def in_hardware(record: RequestRecord | DecisionRecord) -> bool:
    """A security key signed it that says its key cannot be copied; of a draft: its key could."""
    how = record.signed_with
    return is_hardware(record.body.signer.key) if how is None else how.hardware


def lapsed(
    rules: RulesInForce, needs: Requirement, record: DecisionRecord, now: datetime
) -> str | None:
    """Why an approval is not of this time; None: it is. Denials do not lapse."""
    made = instant(record.body.created_at)
    if made > now + skew(rules):
        return f"The approval of {record.body.signer.person} says it was made later than now."
    if min(instant(record.body.expires_at), made + timedelta(seconds=needs.approval_ttl)) <= now:
        return f"The approval of {record.body.signer.person} has expired."
    return None


def skew(rules: RulesInForce | None) -> timedelta:
    """How far two clocks may differ; before any rules say so, `DEFAULT_SKEW`."""
    if rules is None:
        return DEFAULT_SKEW
    return timedelta(seconds=seconds(rules.body.approvals.defaults.max_clock_skew))


def deciders(needs: Requirement) -> frozenset[str]:
    """The groups whose members may decide."""
    return frozenset(needs.each_of) | (needs.approvers or frozenset())


def listed(groups: Collection[str]) -> str:
    """Groups as a sentence names them."""
    return ", ".join(sorted(groups)) or "none"


def _unfit(rules: RulesInForce, request: RequestRecord, person: str, now: datetime) -> str | None:
    """Why this person's decision would not count, were it recorded now."""
    needs = demand(rules, request)
    if needs is None:
        return f"No rule covers {request.body.task}."
    why = outlived(rules, request, now)
    if why is not None:
        return why
    keys = rules.roster.keys_of(person, now)
    if not keys:
        return f"{person} has no valid key in the roster."
    if needs.hardware_key and not any(key.hardware for key in keys):
        return f"{person} has no hardware key in the roster, which the rules want."
    return _outsider(rules, request, needs, person, rules.roster.groups_of(person))


def _outsider(
    rules: RulesInForce,
    request: RequestRecord,
    needs: Requirement,
    person: str,
    groups: frozenset[str],
) -> str | None:
    """Why a person with these groups is none of those who decide on a request."""
    if rules.roster.is_service(person):
        return f"{person} is a service, and services never approve."
    if rules.roster.same_human(person, request.body.signer.person):
        return f"{person} asked for it, and the requester never counts."
    if not groups & deciders(needs):
        return f"{person} is in none of the groups that approve: {listed(deciders(needs))}."
    return None
