"""May this be done? One pure answer from the rules, the request and the approvals in the log.

The answer is no unless everything speaks for it, and it always says why. Nothing here reads a
clock, a file or AWS, and no argument skips a check.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from orgroot.core import emergency
from orgroot.core.eligibility import (
    deciders,
    demand,
    in_hardware,
    lapsed,
    listed,
    outlived,
    time_refusals,
    uncounted,
)
from orgroot.core.governed_tasks import Task
from orgroot.core.incidents import breaks_glass, incident
from orgroot.core.log_state import RequestRecord, RulesInForce
from orgroot.core.quorum import Missing, missing
from orgroot.core.request_shape import malformed
from orgroot.core.requirements import Requirement
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.selectors import BUCKET_TASKS
from orgroot.core.statement_parts import Target
from orgroot.core.whereabouts import moved, resources_in
from orgroot.core.wildcards import matches

_FEW = 3
"""So many accounts are named where all of them would hide the sentence."""


class Phase(Enum):
    """What is asked: may it be requested at all, or may it be done now."""

    REQUEST = auto()
    EXECUTE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An answer; true only where everything is granted.

    Attributes:
        allowed: granted.
        reasons: why not, each one sentence; empty when granted.
        missing: the approvals still missing.
        final: refused for good; False while only approvals are missing.
        emergency: break-glass stands in for what the rules demand, so a review is owed.
    """

    allowed: bool
    reasons: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    final: bool = False
    emergency: bool = False

    def __bool__(self) -> bool:
        return self.allowed


def decide(
    rules: RulesInForce,
    request: RequestRecord,
    *,
    phase: Phase,
    person: str,
    now: datetime,
    live_targets: tuple[Target, ...] | None = None,
    accounts: Collection[str] | None = None,
    incidents: Collection[RequestRecord] | None = None,
) -> Decision:
    """Decide under the given rules, at an instant (UTC).

    What was asked for as an emergency is granted like anything else once it has all approvals, and
    before that within the terms of break-glass.

    Args:
        rules: those in force.
        request: as recorded; for `Phase.REQUEST` also as drafted.
        phase: may `person` ask for it, or may `person` execute it.
        person: who wants to ask or to execute.
        now: AWS's time; for a replay the intent's `observed_at`.
        live_targets: the targets as AWS shows them now, those gone or not ACTIVE left out; None
            where they cannot be known (asking, replaying).
        accounts: in a bulk request, the accounts this run is about; None: all of them. A stale one
            among them refuses all, so leave those of `stale_targets` out.
        incidents: the requests that were executed under break-glass; None: not known, which
            refuses any more of it.
    """
    needs = demand(rules, request)
    reasons = list(_refusals(rules, request, needs, now))
    if phase is Phase.EXECUTE:
        reasons += _execution_refusals(rules, request, needs)
        reasons += _stale_refusals(request, live_targets, accounts)
    elif person != request.body.signer.person:
        reasons.append(f"{person} cannot ask in the name of {request.body.signer.person}.")
    usual = [] if needs is None else [*_usual_refusals(rules, request, needs)]
    if phase is Phase.EXECUTE and needs is not None:
        usual += _executor_refusals(rules, request, needs, person)
    if reasons or needs is None:
        reasons += [] if breaks_glass(request) else usual
        return Decision(allowed=False, reasons=tuple(reasons), final=True)
    if phase is Phase.REQUEST and breaks_glass(request):
        answer = Decision(allowed=False, final=True)
    elif usual or phase is Phase.REQUEST:
        answer = Decision(allowed=not usual, reasons=tuple(usual), final=bool(usual))
    else:
        answer = _quorum(rules, request, needs, person, now)
    if answer or not breaks_glass(request):
        return answer
    alone = emergency.refusals(
        rules,
        request,
        needs,
        person=person,
        now=now,
        incidents=incidents,
        drafted=phase is Phase.REQUEST,
    )
    return _alone(tuple(alone), answer)


def _alone(refusals: tuple[str, ...], usually: Decision) -> Decision:
    """What an emergency is granted, where the usual answer is not enough for it."""
    if not refusals:
        return Decision(allowed=True, emergency=True)
    return Decision(
        allowed=False,
        reasons=(*refusals, *usually.reasons),
        missing=usually.missing,
        final=usually.final,
    )


def answered_by_quorum(rules: RulesInForce, request: RequestRecord, now: datetime) -> bool:
    """Whether an incident has all that the rules demand without break-glass: approvals, ticket."""
    needs, run = demand(rules, request), incident(request)
    if needs is None or run is None or _lacks_ticket(needs, request):
        return False
    return _quorum(rules, request, needs, run.body.signer.person, now).allowed


def missing_fields(needs: Requirement, request: RequestRecord) -> Mapping[str, str]:
    """The fields a person must still give (`reason`, `ticket`), each with a sentence."""
    lacking: dict[str, str] = {}
    by, glass = _by(needs), breaks_glass(request)
    if (needs.people or glass) and not request.body.justification.strip():
        lacking["reason"] = f"A reason is required {by} (--reason)."
    if _lacks_ticket(needs, request) and not glass:
        lacking["ticket"] = f"A ticket is required {by}: {' and '.join(needs.tickets)} (--ticket)."
    return lacking


def _lacks_ticket(needs: Requirement, request: RequestRecord) -> bool:
    return bool(needs.tickets) and not request.body.ticket


def stale_targets(request: RequestRecord, live_targets: tuple[Target, ...]) -> Mapping[str, str]:
    """The targets that are no longer what was asked about: account (or `""`) → why."""
    live = {target.account: target for target in live_targets}
    stale: dict[str, str] = {}
    for target in request.targets:
        now = live.get(target.account)
        what = f"account {target.account}" if target.account else "the organization"
        if now is None:
            stale[target.account] = f"STALE: {what} is gone or not ACTIVE."
        elif now != target:
            names = ", ".join(n for n in target.__struct_fields__ if _differs(n, target, now))
            stale[target.account] = f"STALE: {what} changed since the request: {names}."
    return stale


def _stale_refusals(
    request: RequestRecord,
    live_targets: tuple[Target, ...] | None,
    accounts: Collection[str] | None,
) -> Iterator[str]:
    if live_targets is None:
        return
    for account, why in stale_targets(request, live_targets).items():
        if accounts is None or account in accounts:
            yield why


def _differs(name: str, a: Target, b: Target) -> bool:
    return bool(getattr(a, name) != getattr(b, name))


def _by(needs: Requirement) -> str:
    return f"by rule {', '.join(needs.rule_ids)}"


def _refusals(
    rules: RulesInForce, request: RequestRecord, needs: Requirement | None, now: datetime
) -> Iterator[str]:
    """What speaks against a request whoever executes it, emergency or not."""
    yield from malformed(request)
    named = resources_in(request.body.task, request.params)
    yield from _log_refusals(rules, request, named)
    expired = outlived(rules, request, now)
    if expired is not None:
        yield expired
    yield from time_refusals(rules, request, now)
    if needs is None:
        of = f" of {', '.join(named)}" if named else ""
        yield f"No rule covers {request.body.task}{of}, so it is denied.{_moved(rules, request)}"
        return
    yield from _never_refusals(needs, request, named)
    yield from _signer_refusals(rules, request, needs)
    yield from missing_fields(needs, request).values()
    if request.body.ticket:
        yield from _ticket_refusals(needs, request.body.ticket)
    session = request.body.session
    if session is not None and not 0 < session.duration_seconds <= needs.max_seconds:
        yield (
            f"A session of {session.duration_seconds} seconds is longer than the "
            f"{needs.max_seconds} allowed {_by(needs)}."
        )


def _log_refusals(
    rules: RulesInForce, request: RequestRecord, named: tuple[str, ...]
) -> Iterator[str]:
    """The bucket of the log itself is opened by no rule, nor by a session that is handed out."""
    if rules.log_bucket and request.body.task in BUCKET_TASKS and rules.log_bucket in named:
        yield f"{rules.log_bucket} holds the audit log, which no rule opens."
    handed_out = request.body.task is Task.ROOT_SESSION
    opens_buckets = request.body.task_policy is TaskPolicy.UNLOCK_BUCKET
    if rules.log_account in request.accounts and handed_out and opens_buckets:
        yield f"{rules.log_account} holds the audit log: no session there may open buckets."


def _never_refusals(
    needs: Requirement, request: RequestRecord, named: tuple[str, ...]
) -> Iterator[str]:
    buckets = request.body.task in BUCKET_TASKS
    patterns = needs.never_buckets if buckets else needs.never_queues
    for name in named:
        if any(matches(pattern, name) for pattern in patterns):
            yield f"{name} is never touched, {_by(needs)}."


def _moved(rules: RulesInForce, request: RequestRecord) -> str:
    """Why more is demanded than where the accounts are now, as a sentence to append."""
    accounts = sorted(moved(rules.body.approvals, request.targets, request.places))
    if not accounts:
        return ""
    shown = ", ".join(accounts[:_FEW]) + (" and others" if len(accounts) > _FEW else "")
    return (
        f" The log saw {shown} elsewhere, or with other tags, before: the rules of both apply "
        f"until an owner acknowledges the move (`orgroot log ack {accounts[0]}`)."
    )


def _ticket_refusals(needs: Requirement, ticket: str) -> Iterator[str]:
    for pattern in needs.tickets:
        if re.fullmatch(pattern, ticket) is None:
            yield f"The ticket {ticket!r} does not match {pattern!r}, required {_by(needs)}."


def _signer_refusals(
    rules: RulesInForce, request: RequestRecord, needs: Requirement
) -> Iterator[str]:
    signer, roster = request.body.signer, rules.roster
    if not roster.had_key(signer.person, signer.key, request.seq, request.at, request.latest):
        yield f"The key that signed {request.id} does not speak for {signer.person}."
    service = roster.is_service(signer.person)
    if needs.hardware_key and not service and not in_hardware(request):
        yield f"{signer.person} must ask with a hardware key (sk-ssh-ed25519, sk-ecdsa)."


def _usual_refusals(
    rules: RulesInForce, request: RequestRecord, needs: Requirement
) -> Iterator[str]:
    """What speaks against asking for it, unless it is an emergency."""
    signer, roster = request.body.signer, rules.roster
    if not roster.groups_of(signer.person) & needs.requesters:
        yield (
            f"{signer.person} may not ask for {request.body.task}: {_by(needs)} only "
            f"{listed(needs.requesters)} may."
        )
    if breaks_glass(request) and _lacks_ticket(needs, request):
        yield f"A ticket is required {_by(needs)}."
    if roster.is_service(signer.person) and needs.people:
        yield f"{signer.person} is a service and may ask only for what needs no approval."


def _execution_refusals(
    rules: RulesInForce, request: RequestRecord, needs: Requirement | None
) -> Iterator[str]:
    """What speaks against any execution."""
    if needs is None:
        return
    denials = {
        rules.roster.human(denial.body.signer.person)
        for denial in request.denials
        if uncounted(rules, request, needs, denial) is None
    }
    if request.denied or len(denials) >= needs.deny_threshold:
        who = ", ".join(sorted(denial.body.signer.person for denial in request.denials))
        yield f"{request.id} was denied by {who}."
    if request.cancelled:
        yield f"{request.id} was cancelled in record {request.cancelled}."
    if request.spent:
        yield f"{request.spent}."
    if request.requirement is not None and not needs.same_as(request.requirement):
        yield f"STALE: the rules demand something else of {request.id} than when it was made."


def _executor_refusals(
    rules: RulesInForce, request: RequestRecord, needs: Requirement, person: str
) -> Iterator[str]:
    if person not in rules.roster.persons():
        yield f"{person} is not in the roster."
    elif person != request.body.signer.person and not (
        needs.executors and rules.roster.groups_of(person) & needs.executors
    ):
        others = f" or a member of {listed(needs.executors)}" if needs.executors else ""
        yield f"{person} may not execute {request.id}: {_by(needs)} only its requester{others} may."


def _quorum(
    rules: RulesInForce, request: RequestRecord, needs: Requirement, executor: str, now: datetime
) -> Decision:
    """Whether enough others said yes."""
    people: dict[str, frozenset[str]] = {}
    ignored: list[str] = []
    for approval in request.approvals:
        person = approval.body.signer.person
        why = uncounted(rules, request, needs, approval) or lapsed(rules, needs, approval, now)
        if why is None and rules.roster.same_human(person, executor):
            why = f"{person} executes it, and the executor never counts."
        if why is not None:
            ignored.append(why)
            continue
        human = rules.roster.human(person)
        groups = approval.groups & rules.roster.groups_of(person)
        people[human] = people.get(human, frozenset()) | groups
    lacking = missing(needs, people)
    if not lacking:
        return Decision(allowed=True)
    wanted = [*_wanted(needs, lacking)]
    wanted[-1] += _moved(rules, request)
    return Decision(allowed=False, reasons=(*wanted, *ignored), missing=lacking)


def _wanted(needs: Requirement, lacking: tuple[Missing, ...]) -> Iterator[str]:
    for item in lacking:
        of = item.group or f"those who count ({listed(deciders(needs))})"
        yield f"{item.count} more approval(s) of {of} needed {_by(needs)}."
