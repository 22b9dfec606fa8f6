"""What root sessions meet while a plan of SCPs is carried out, step by step.

A plan may end well and stop a root task on its way, for as long as it takes, or for good where it
breaks off. Only what each step can change is judged anew, in one account of each kind that the
plan can tell apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property

from orgroot.core.governed_tasks import Task
from orgroot.core.plan import Change, Op
from orgroot.core.root_principals import RootPrincipal, Whereabouts
from orgroot.core.scp import ObservedScps
from orgroot.core.scp_after import organization_after
from orgroot.core.scp_changes import MOVES, attached_at, known_of, step_of
from orgroot.core.scp_check import Check, Leaning
from orgroot.core.scp_guard import edits_of, sentence, tasks_of
from orgroot.core.scp_order import Simulation, ranked
from orgroot.core.scp_regressions import Asked, Judged, Stopped, regressions
from orgroot.core.scp_tree import ScpTree, groups

_MOST_TRIES = 100
"""Steps that are judged in search of an order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """A root task that works before a plan and after it, and would stop in between.

    Attributes:
        step: after which step, from 1 on.
        change: that step.
        stopped: what would stop.
    """

    step: int
    change: Change
    stopped: Stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What a plan would stop.

    Attributes:
        after: root tasks that work today and would not once it is carried out.
        between: those that would work again then.
        steps: how many steps it has.
    """

    after: tuple[Stopped, ...] = ()
    between: tuple[Interruption, ...] = ()
    steps: int = 0

    @property
    def tasks(self) -> frozenset[Task]:
        """The tasks that would stop, be it for a moment."""
        return tasks_of(self.after) | tasks_of(each.stopped for each in self.between)

    @property
    def words(self) -> tuple[str, ...]:
        """What would stop, where, by which statement, and after which step."""
        passing = (
            f"after {self.step(each)} and until a later one, {sentence(each.stopped)}"
            for each in self.between
        )
        return (*map(sentence, self.after), *passing)

    def step(self, interruption: Interruption) -> str:
        """The step that begins an interruption, in words."""
        change = interruption.change
        doing = f"{change.op} {step_of(change)[1]}"
        return f"step {interruption.step} of {self.steps} ({doing})"


class Course:
    """The organization while a plan is carried out, as far as root sessions tell it apart."""

    def __init__(self, tree: ScpTree, changes: Iterable[Change], asked: Asked) -> None:
        self._asked = asked
        self._alike = _alike(tree, tuple(changes), settled=bool(asked["settled"]))
        self.start = _only(tree, self._alike)

    def passage(self, changes: tuple[Change, ...]) -> Passage:
        """What the changes would stop, made in this order."""
        begun: list[Interruption] = []
        state, harmed = self.start, False
        for step, change in enumerate(changes, 1):
            before, state = state, self.after(state, change)
            stopped = self.stopped(before, change, state)
            harmed = harmed or bool(stopped)
            begun += [Interruption(step=step, change=change, stopped=each) for each in stopped]
        at_end = self._stopped_in(state, state.paths) if harmed else ()
        return Passage(after=at_end, between=tuple(_passing(begun, at_end)), steps=len(changes))

    def least_broken(
        self, changes: tuple[Change, ...], observed: ObservedScps, accepted: AbstractSet[Task]
    ) -> tuple[tuple[Change, ...], Passage]:
        """The changes in an order that interrupts no task, else none but those accepted.

        Where no such order is found, they stay in theirs.
        """
        found = self.passage(changes)
        lost = tasks_of(found.after)
        for tolerated in (lost, lost | accepted):
            if found.tasks <= tolerated:
                break
            order = self.unbroken(changes, observed, tolerated)
            if order is not None:
                return order, self.passage(order)
        return changes, found

    def unbroken(
        self,
        changes: tuple[Change, ...],
        observed: ObservedScps,
        tolerated: AbstractSet[Task],
    ) -> tuple[Change, ...] | None:
        """The changes in a safe order in which no step stops other tasks than these.

        None: there is none, or the search for it became too long.
        """
        stack = [_Stage.of(changes, observed, self.start)]
        seen: set[frozenset[int]] = set()
        while stack:
            stage = stack[-1]
            if not stage.pending:
                return stage.made
            if len(seen) >= _MOST_TRIES + len(changes):
                break
            found = next(stage.next_stages(self, tolerated, seen), None)
            if found is not None:
                stack.append(found)
            else:
                stack.pop()
        return None

    def after(self, state: ScpTree, change: Change) -> ScpTree:
        """The organization after one more step."""
        return organization_after(state, edits_of((change,), state))

    def stopped(self, before: ScpTree, change: Change, after: ScpTree) -> tuple[Stopped, ...]:
        """What works today and would not after a step that can stop something."""
        touched = _touched(before, change)
        if not touched or not self._may_stop(before, change, after, touched):
            return ()
        return self._stopped_in(after, touched)

    @cached_property
    def _today(self) -> Judged:
        return Judged(self.start, self._asked)

    def _stopped_in(self, state: ScpTree, accounts: Iterable[str]) -> tuple[Stopped, ...]:
        only = replace(state, paths={account: state.paths[account] for account in accounts})
        return tuple(
            replace(
                each, accounts=tuple(sorted(a for one in each.accounts for a in self._alike[one]))
            )
            for each in regressions(self._today, Judged(only, self._asked))
        )

    def _may_stop(
        self, before: ScpTree, change: Change, after: ScpTree, touched: Iterable[str]
    ) -> bool:
        """Whether a step makes a policy deny a root session, or takes away one that allows."""
        (edit,) = edits_of((change,), before)
        gone = change.op is not Op.ATTACH_SCP and any(
            each.allows for each in self._leanings(before, edit.policy, touched)
        )
        return gone or (
            change.op is not Op.DETACH_SCP
            and any(each.denies for each in self._leanings(after, edit.policy, touched))
        )

    def _leanings(self, state: ScpTree, policy: str, accounts: Iterable[str]) -> Iterator[Leaning]:
        """What a policy can do to root sessions in these accounts."""
        check = Check(tree=state, principals=(RootPrincipal.ROOT_SESSION,), **self._asked)
        return (check.leaning(policy, _where(state, account)) for account in accounts)


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """How far a search for an order has come.

    Attributes:
        all: every change, in the order in which each is preferred.
        done: the places of those that are made.
        made: these, in their order.
        pending: the places of the others.
    """

    all: list[Change]
    done: frozenset[int]
    made: tuple[Change, ...]
    simulation: Simulation
    tree: ScpTree

    @classmethod
    def of(cls, changes: Iterable[Change], observed: ObservedScps, tree: ScpTree) -> "_Stage":
        return cls(
            all=ranked(changes, observed),
            done=frozenset(),
            made=(),
            simulation=Simulation.of(observed),
            tree=tree,
        )

    @property
    def pending(self) -> tuple[int, ...]:
        return tuple(n for n in range(len(self.all)) if n not in self.done)

    def next_stages(
        self, course: Course, tolerated: AbstractSet[Task], seen: set[frozenset[int]]
    ) -> Iterator["_Stage"]:
        """Each step that may come next, tried once."""
        pending = [self.all[n] for n in self.pending]
        for n in self.pending:
            done, change = self.done | {n}, self.all[n]
            if done in seen or self.simulation.objection(change, pending):
                continue
            seen.add(done)
            tree = course.after(self.tree, change)
            stopped = course.stopped(self.tree, change, tree)
            if tasks_of(stopped) <= tolerated:
                simulation = self.simulation.copied()
                simulation.make(change)
                made = (*self.made, change)
                yield replace(self, done=done, made=made, simulation=simulation, tree=tree)


def _alike(
    tree: ScpTree, changes: tuple[Change, ...], *, settled: bool
) -> dict[str, tuple[str, ...]]:
    """The accounts that no step of a plan can tell apart, by one of them."""
    edits = edits_of(changes, tree)
    after = organization_after(tree, edits)
    named = {edit.policy for edit in edits}
    texts = [
        state.policies[policy]
        for state in (tree, after)
        for policy in sorted(named & state.policies.keys())
    ]
    nodes = attached_at(changes)
    found: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for n, group in enumerate(groups(tree, settled=settled)):
        for account in group.accounts:
            where = _where(tree, account)
            place = tuple(
                (at, node) for at, node in enumerate((*where.path, account)) if node in nodes
            )
            marks = tuple(text.marks(where, settled=settled) for text in texts)
            found[n, place, marks].append(account)
    return {accounts[0]: tuple(accounts) for accounts in found.values()}


def _only(tree: ScpTree, accounts: Iterable[str]) -> ScpTree:
    """An organization of these accounts and what lies above them."""
    paths = {account: tree.paths[account] for account in accounts}
    nodes = {node for account, path in paths.items() for node in (*path, account)}
    attached = {node: tree.attached[node] for node in nodes & tree.attached.keys()}
    return replace(tree, paths=paths, attached=attached)


def _where(tree: ScpTree, account: str) -> Whereabouts:
    return Whereabouts(account=account, organization=tree.organization, path=tree.paths[account])


def _touched(state: ScpTree, change: Change) -> tuple[str, ...]:
    """The accounts of which a step changes what binds them."""
    if change.op in MOVES:
        return tuple(a for a, path in state.paths.items() if change.target in (*path, a))
    if change.op is not Op.UPDATE_SCP:
        return ()
    policy = known_of(change).id
    return tuple(a for a in state.paths if any(policy in level for level in state.levels(a)))


def _passing(begun: Iterable[Interruption], at_end: Iterable[Stopped]) -> Iterator[Interruption]:
    """Each interruption once, with the accounts in which it ends again."""
    known = {(each.judgement.task_policy, a) for each in at_end for a in each.accounts}
    for each in begun:
        task = each.stopped.judgement.task_policy
        accounts = tuple(a for a in each.stopped.accounts if (task, a) not in known)
        known |= {(task, account) for account in accounts}
        if accounts:
            yield replace(each, stopped=replace(each.stopped, accounts=accounts))
