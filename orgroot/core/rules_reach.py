"""Whether rules can be satisfied where they hold: who could ask, approve, break glass and review.

It looks at every region that the rules tell apart, and there at every person who may ask.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from orgroot.core.config import Approvals
from orgroot.core.governed_tasks import Task
from orgroot.core.people import Roster
from orgroot.core.quorum import missing, unfilled
from orgroot.core.requirements import Requirement
from orgroot.core.results import RulesIssue
from orgroot.core.rule_regions import Region, regions_of


def reach(approvals: Approvals, roster: Roster, now: datetime) -> Iterator[RulesIssue]:
    """What nobody can do, task by task. Keys added later than `now` count."""
    team = _Team(approvals, roster, now)
    matched: set[str] = set()
    complete = True
    for task in Task:
        found = regions_of(approvals, task)
        complete = complete and found.complete
        yield from _holes(found.regions)
        for region in found.regions:
            if region.needs is not None:
                matched |= set(region.needs.rule_ids)
                yield from _beside_others(team, region.words, region.needs, task)
                yield from _unreachable(team, region.words, region.needs)
                yield from _emergency(team, region.words, region.needs)
    if not complete:
        words = "too many combinations of selectors: only the simpler ones were checked"
        yield RulesIssue(level="warning", code="not-all-checked", rule=None, message=words)
        return
    for rule in approvals.rules:
        if rule.id not in matched:
            words = "nothing fits its selectors: it is never in force"
            yield RulesIssue(level="error", code="matches-nothing", rule=rule.id, message=words)


def _holes(regions: tuple[Region, ...]) -> Iterator[RulesIssue]:
    """A task that is covered somewhere and not everywhere: the simplest place where it is not."""
    covering = [region.needs for region in regions if region.needs is not None]
    holes = [region for region in regions if region.needs is None]
    if covering and holes:
        words = holes[0].words if holes[0].where else f"{holes[0].task} of anything else"
        yield RulesIssue(
            level="error",
            code="HOLE",
            rule=covering[0].rule_ids[0],
            message=f"{words} is covered by no rule",
        )


def _beside_others(
    team: "_Team", where: str, needs: Requirement, task: Task
) -> Iterator[RulesIssue]:
    """A session that is handed out wants a rule that says so, and nothing else."""
    rules = [team.rules[name] for name in needs.rule_ids]
    if task is Task.ROOT_SESSION and not any(rule.match.tasks == (task,) for rule in rules):
        words = f"{where} is covered by rules for other tasks alone: it needs one of its own"
        yield _error(needs, "not-alone", words)


class _Team:
    """The people of the rules, and which of them can sign.

    Most regions ask the same of the same people: what was found out once is kept for this look.
    """

    def __init__(self, approvals: Approvals, roster: Roster, now: datetime) -> None:
        self.roster = roster
        self.rules = {rule.id: rule for rule in approvals.rules}
        keys = {name: roster.keys_to_come(name, now) for name in roster.persons()}
        self._signers = frozenset(name for name, held in keys.items() if held)
        self._hardware = frozenset(
            name for name, held in keys.items() if any(key.hardware for key in held)
        )
        self._others: dict[tuple[str, bool], Mapping[str, frozenset[str]]] = {}
        self._short: dict[tuple[object, ...], bool] = {}

    def signers(self, *, hardware: bool) -> frozenset[str]:
        """Who has a key that counts."""
        return self._hardware if hardware else self._signers

    def askers(self, needs: Requirement) -> tuple[str, ...]:
        """Who may ask: people with a key that counts, and services for what needs no approval."""
        roster, signers = self.roster, self.signers(hardware=needs.hardware_key)
        return tuple(
            name
            for name in roster.members(needs.requesters)
            if (not needs.people if roster.is_service(name) else name in signers)
        )

    def others(self, person: str, *, hardware: bool) -> Mapping[str, frozenset[str]]:
        """Everyone who could decide beside this person: human → groups."""
        if (person, hardware) not in self._others:
            roster, signers = self.roster, self.signers(hardware=hardware)
            self._others[person, hardware] = {
                roster.human(name): roster.groups_of(name)
                for name in roster.persons()
                if name in signers
                and not roster.is_service(name)
                and not roster.same_human(name, person)
            }
        return self._others[person, hardware]

    def falls_short(self, needs: Requirement, person: str) -> bool:
        """Whether all others together could not approve what this person asks for."""
        slots = frozenset(needs.each_of.items())
        demand = (person, needs.hardware_key, needs.total, slots, needs.approvers)
        if demand not in self._short:
            others = self.others(person, hardware=needs.hardware_key)
            self._short[demand] = bool(missing(needs, others))
        return self._short[demand]


def _unreachable(team: _Team, where: str, needs: Requirement) -> Iterator[RulesIssue]:
    askers = team.askers(needs)
    if not askers:
        yield _error(needs, "unreachable", f"nobody may ask for {where}")
    for person in askers:
        if team.falls_short(needs, person):
            words = f"{where}, asked by {person}, can never have its approvals"
            yield _error(needs, "unreachable", words)


def _emergency(team: _Team, where: str, needs: Requirement) -> Iterator[RulesIssue]:
    without = [name for name in needs.rule_ids if team.rules[name].break_glass is None]
    if needs.break_glass is None:
        if len(without) < len(needs.rule_ids):
            words = f"{where}: no break-glass, for {', '.join(without)} applies too and has none"
            rule = next(name for name in needs.rule_ids if name not in without)
            yield RulesIssue(level="warning", code="no-break-glass", rule=rule, message=words)
        return
    roster, emergency = team.roster, needs.break_glass
    hardware = emergency.pin or needs.hardware_key
    signers = team.signers(hardware=hardware)
    members = roster.members(emergency.requesters)
    operators = [name for name in members if name in signers and not roster.is_service(name)]
    if not operators:
        keys = " with a hardware key" if hardware else ""
        yield _error(needs, "unreachable-break-glass", f"nobody{keys} may break glass for {where}")
    for person in operators:
        if unfilled(emergency.review, team.others(person, hardware=needs.hardware_key)):
            words = f"{where}: where {person} breaks glass, the review can never be complete"
            yield _error(needs, "unreachable-review", words)


def _error(needs: Requirement, code: str, message: str) -> RulesIssue:
    ids = needs.rule_ids
    words = f"{message} ({', '.join(ids)})"
    return RulesIssue(level="error", code=code, rule=ids[0], message=words)
