"""`rules show`: what a request would need and who could approve it, or all that rules tell apart.

Reads the log only, signs nothing. What is not known of an account is said, and taken strictly.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orgroot.core.config import Approvals
from orgroot.core.eligibility import deciders
from orgroot.core.governed_tasks import GOVERNED_TASKS, Power, Task
from orgroot.core.ids import AccountId
from orgroot.core.log_state import LogState
from orgroot.core.people import Roster
from orgroot.core.requirements import Requirement, requirement
from orgroot.core.results import AskerRow, EmergencyRow, RegionRow, RulesShow, SlotRow
from orgroot.core.rule_answers import answer, could_decide
from orgroot.core.rule_regions import Region, regions_of
from orgroot.core.selectors import BUCKET_TASKS, QUEUE_TASKS, asked
from orgroot.core.statement_parts import Target
from orgroot.core.statements import timestamp
from orgroot.core.whereabouts import Whereabouts, moved, subjects
from orgroot.errors import UsageError
from orgroot.workflows.desk import LogDesk
from orgroot.workflows.rules import authored

_WHOLE = "the organization"
"""What management tasks are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a request would be about.

    Attributes:
        task: what would be asked for.
        account: where; None for management tasks.
        ous: the OUs that the account is in; empty: as the log last saw it.
        tags: tags that it carries, beside those the log saw.
        resource: the bucket or queue, or empty.
        person: who would ask; None: nobody in particular.
    """

    task: Task
    account: AccountId | None = None
    ous: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    resource: str = ""
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Law:
    """Rules, in force or authored."""

    approvals: Approvals
    roster: Roster
    serial: int | None
    now: datetime


def matrix(desk: LogDesk, *, config: bool = False) -> RulesShow:
    """Every task, in every part of the organization that the rules tell apart.

    Args:
        desk: the log.
        config: the rules of the configuration instead of those in force.
    """
    law = _law(desk, config=config)
    found = {task: regions_of(law.approvals, task) for task in Task}
    rows = tuple(
        _row(law, task, _part(task, region), region.needs)
        for task, regions in found.items()
        for region in regions.regions
    )
    partly = ", ".join(task for task, regions in found.items() if not regions.complete)
    notes = (f"not all combinations of selectors were looked at for {partly}",) if partly else ()
    return _shown(desk, law, rows, notes=notes)


def show(desk: LogDesk, question: Question, *, config: bool = False) -> RulesShow:
    """What a request would need, and who could approve it now.

    Raises:
        UsageError: the question does not fit its task.
    """
    _require_sense(question)
    law = _law(desk, config=config)
    state = desk.log.state
    target = _target(desk, state, question)
    params = _params(question)
    about = subjects(law.approvals, question.task, (target,), params, state.places)
    needs = requirement(law.approvals, question.task, about)
    asker = None
    if question.person is not None and needs is not None:
        told = answer(law.approvals, law.roster, question.task, needs, question.person, law.now)
        asker = AskerRow(
            person=question.person,
            may_ask=not told.refusals,
            refusals=told.refusals,
            could_approve=told.could_approve,
            out_of_reach=tuple(SlotRow(group=m.group, count=m.count) for m in told.out_of_reach),
        )
    return _shown(
        desk,
        law,
        (_row(law, question.task, _where(question, target), needs),),
        asker=asker,
        notes=tuple(_notes(law, state, target)),
    )


def _part(task: Task, region: Region) -> tuple[str, ...]:
    managing = GOVERNED_TASKS[task].power is Power.OPERATOR
    return (_WHOLE,) if managing else tuple(map(str, region.where))


def _law(desk: LogDesk, *, config: bool) -> _Law:
    log = desk.log
    log.require()
    now = log.check_clock(desk.clock.now())
    if config:
        approvals = authored(desk)
        roster = Roster(approvals, log.state.ended_keys)
        return _Law(approvals=approvals, roster=roster, serial=None, now=now)
    rules = log.rules()
    return _Law(
        approvals=rules.body.approvals, roster=rules.roster, serial=rules.body.serial, now=now
    )


def _require_sense(question: Question) -> None:
    task = question.task
    managing = GOVERNED_TASKS[task].power is Power.OPERATOR
    if managing and (question.account or question.ous or question.tags):
        raise UsageError(
            f"{task} is about the organization", hint="leave out --account, --ou and --tag"
        )
    if not managing and question.account is None:
        raise UsageError(f"{task} is about an account", hint="name one: --account ID")
    if question.resource and task not in BUCKET_TASKS | QUEUE_TASKS:
        raise UsageError(f"{task} names no bucket or queue", hint="leave out --bucket, --queue")


def _target(desk: LogDesk, state: LogState, question: Question) -> Target:
    """The account as the question says, what it leaves open as the log last saw it."""
    if question.account is None:
        return Target(organization=desk.config.organization.id)
    said = Whereabouts(ou_path="/".join(question.ous), tags=tuple(sorted(question.tags.items())))
    known = state.places.get(question.account, ())
    here = said.completed(known[-1]) if known else said
    return Target(account=question.account, ou_path=here.ou_path, tags=dict(here.tags))


def _params(question: Question) -> dict[str, Any]:
    if not question.resource:
        return {}
    kind = "bucket" if question.task in BUCKET_TASKS else "queue"
    return {f"{kind}s": [{kind: question.resource}]}


def _where(question: Question, target: Target) -> tuple[str, ...]:
    parts = [f"account {target.account}" if target.account else _WHOLE]
    parts += [f"in {target.ou_path}"] if target.ou_path else []
    parts += [
        f"tag {key}={value}" if value is not None else f"no tag {key}"
        for key, value in target.tags.items()
    ]
    kind = "bucket" if question.task in BUCKET_TASKS else "queue"
    return (*parts, *([f"{kind} {question.resource}"] if question.resource else []))


def _notes(law: _Law, state: LogState, target: Target) -> list[str]:
    asks = asked(law.approvals)
    unknown = []
    if target.account and asks.ous and not target.ou_path:
        unknown.append("its OU (--ou)")
    if target.account:
        unknown += [f"its tag {key} (--tag)" for key in sorted(asks.tags - set(target.tags))]
    notes = []
    if unknown:
        named = ", ".join(unknown)
        notes.append(f"not known: {named}; rules that look at it are taken to apply")
    notes += [
        f"the log saw {account} in {' and in '.join(map(str, places))} before: those rules apply "
        f"too until an owner's `orgroot log ack {account}`"
        for account, places in moved(law.approvals, (target,), state.places).items()
    ]
    return notes


def _row(law: _Law, task: Task, where: tuple[str, ...], needs: Requirement | None) -> RegionRow:
    if needs is None:
        return RegionRow(task=task.value, where=where, rules=())
    roster, now = law.roster, law.now
    may_ask = tuple(
        person
        for person in roster.persons()
        if not answer(law.approvals, roster, task, needs, person, now).refusals
    )
    return RegionRow(
        task=task.value,
        where=where,
        rules=needs.rule_ids,
        people=needs.people,
        total=needs.total,
        each_of=_slots(needs.each_of),
        requesters=tuple(sorted(needs.requesters)),
        may_ask=may_ask,
        executors=None if needs.executors is None else tuple(sorted(needs.executors)),
        approvers=tuple(sorted(deciders(needs))),
        may_approve=could_decide(roster, needs, now) if needs.people else (),
        max_seconds=needs.max_seconds,
        tickets=needs.tickets,
        request_ttl=needs.request_ttl,
        approval_ttl=needs.approval_ttl,
        deny_threshold=needs.deny_threshold,
        hardware_key=needs.hardware_key,
        never_buckets=needs.never_buckets,
        never_queues=needs.never_queues,
        break_glass=_emergency(needs),
    )


def _slots(counts: Any) -> tuple[SlotRow, ...]:
    return tuple(SlotRow(group=group, count=count) for group, count in sorted(counts.items()))


def _emergency(needs: Requirement) -> EmergencyRow | None:
    allowed = needs.break_glass
    if allowed is None:
        return None
    return EmergencyRow(
        requesters=tuple(sorted(allowed.requesters)),
        user_verification="required" if allowed.pin else "preferred",
        max_open_unreviewed=allowed.max_open_unreviewed,
        max_per_24h=allowed.max_per_24h,
        review_within=allowed.review_within,
        review=_slots(allowed.review),
    )


def _shown(
    desk: LogDesk,
    law: _Law,
    regions: tuple[RegionRow, ...],
    *,
    asker: AskerRow | None = None,
    notes: tuple[str, ...] = (),
) -> RulesShow:
    return RulesShow(
        serial=law.serial,
        expires_at=timestamp(law.approvals.expires),
        expired=law.approvals.expires <= law.now,
        regions=regions,
        asker=asker,
        notes=notes,
        receipt=desk.log.receipt(),
    )
