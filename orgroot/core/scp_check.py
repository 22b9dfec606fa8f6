"""Every root task in every account, under the policies that bind it: which would run, who stops it.

Accounts that the same policies bind in the same way are one group, judged once. Each policy is
asked about each request once, however many accounts it binds.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from orgroot.core.request_context import Value
from orgroot.core.root_principals import RootPrincipal, Whereabouts, request_context, with_implied
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.scp_lockout import (
    Judgement,
    RootRequest,
    Stance,
    TaskJudgement,
    joined,
    judge_task,
    rcps_reach,
    requests_of,
    stance,
)
from orgroot.core.scp_statement import ANY, RESOURCE
from orgroot.core.scp_tree import AccountGroup, BoundScp, ScpTree, groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One root task, of one kind of principal, in one Region, in a group of accounts.

    Attributes:
        found: the judgement of each of its actions.
        judgement: what they amount to.
        beyond: it is no Region that was asked about: a policy names it, and treats it otherwise.
    """

    group: AccountGroup
    principal: RootPrincipal
    region: str
    found: Mapping[str, Judgement]
    judgement: TaskJudgement
    beyond: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaning:
    """What a policy can do to the calls of root tasks, whichever it is.

    Attributes:
        denies: it denies one of them, or may.
        allows: it allows one of them, or may.
        allows_all: it certainly allows each.
    """

    denies: bool
    allows: bool
    allows_all: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What policies said, and what came of it, to questions about one time and settled keys.

    A policy is found again as the very object that it is, which is kept here with its word.
    """

    stances: dict[tuple[Any, ...], tuple[BoundScp, Stance]] = field(default_factory=dict)
    leanings: dict[tuple[Any, ...], Leaning] = field(default_factory=dict)
    answers: dict[tuple[Any, ...], tuple["_Answer", ...]] = field(default_factory=dict)


ELSEWHERE = "elsewhere"
"""A Region that no policy names."""


@dataclass(kw_only=True)
class Check:
    """Judges groups, and remembers what each policy said.

    Attributes:
        tree: the organization, or what a plan would make of it.
        regions: where buckets and queues lie.
        now: the time of the check (UTC, ISO 8601); None: unknown.
        settled: condition keys whose values somebody knows, by name; the same for all accounts.
            `Resource`: the ARN of the bucket or queue.
        beyond: judge what policies say of other Regions too.
        principals: whom to ask about.
        said: what policies said before.
    """

    tree: ScpTree
    regions: tuple[str, ...]
    now: str | None = None
    settled: Mapping[str, Value] = field(default_factory=dict)
    beyond: bool = False
    principals: tuple[RootPrincipal, ...] = tuple(RootPrincipal)
    said: Memory = field(default_factory=Memory, repr=False)

    def run(self) -> Iterator[Checked]:
        """Every group, principal, Region and task."""
        for group in groups(self.tree, settled=bool(self.settled)):
            bound = self._bound(group)
            others = self._other_regions(bound) if self.beyond else ()
            regions = (*self.regions, *others)
            bound = self._telling(bound, group.where, regions)
            for principal in self.principals:
                key = (principal, self.regions, others, bound.key)
                if key not in self.said.answers:
                    answers = self._answers(bound, group.where, principal, regions)
                    self.said.answers[key] = tuple(answers)
                for answer in self.said.answers[key]:
                    yield Checked(
                        group=group,
                        principal=principal,
                        region=answer.region,
                        found=answer.found,
                        judgement=answer.judgement,
                        beyond=answer.region not in self.regions,
                    )

    def leaning(
        self, policy: str, where: Whereabouts, regions: tuple[str, ...] | None = None
    ) -> Leaning:
        """What one policy can do to root tasks in an account, in some Regions or all asked."""
        bound = self.tree.policies[policy]
        marks = bound.marks(where, settled=bool(self.settled))
        return self._leaning(_BoundPolicy(bound=bound, marks=marks), where, regions or self.regions)

    def _answers(
        self,
        bound: "_Bound",
        where: Whereabouts,
        principal: RootPrincipal,
        regions: tuple[str, ...],
    ) -> Iterator["_Answer"]:
        # The calls to IAM are the same whatever the Region of buckets and queues.
        judged: dict[RootRequest, Judgement] = {}
        known: dict[TaskPolicy, set[TaskJudgement]] = {task: set() for task in TaskPolicy}
        for region, task in product(regions, TaskPolicy):
            requests = tuple(self._requests(task, where, region))
            for request in requests:
                if request not in judged:
                    judged[request] = self._judge(request, principal, bound, where)
            found = {request.action: judged[request] for request in requests}
            judgement = judge_task(task, found)
            if region in self.regions:
                known[task].add(judgement)
            elif judgement in known[task]:
                continue
            yield _Answer(region=region, found=found, judgement=judgement)

    def _requests(self, task: TaskPolicy, where: Whereabouts, region: str) -> Iterator[RootRequest]:
        return map(self._named, requests_of(task, where.account, region))

    def _leaning(
        self, each: "_BoundPolicy", where: Whereabouts, regions: tuple[str, ...]
    ) -> Leaning:
        key = (id(each.bound), each.marks, self.principals, regions)
        if key not in self.said.leanings:
            said = [
                self._stance(each, principal, request, where)
                for principal, region, task in product(self.principals, regions, TaskPolicy)
                for request in self._requests(task, where, region)
            ]
            self.said.leanings[key] = Leaning(
                denies=any(one.denials for one in said),
                allows=any(one.allows.value is not False for one in said),
                allows_all=all(one.allows.value is True for one in said),
            )
        return self.said.leanings[key]

    def _telling(self, bound: "_Bound", where: Whereabouts, regions: tuple[str, ...]) -> "_Bound":
        """Without policies that deny nothing, on levels where others allow everything."""

        def telling(level: tuple[_BoundPolicy, ...]) -> tuple[_BoundPolicy, ...]:
            leanings = [self._leaning(each, where, regions) for each in level]
            if not any(each.allows_all for each in leanings):
                return level
            pairs = zip(level, leanings, strict=True)
            return tuple(one for one, lean in pairs if lean.denies or lean.allows_all)

        return _Bound(levels=tuple(map(telling, bound.levels)), rcps=bound.rcps)

    def _bound(self, group: AccountGroup) -> "_Bound":
        def bound(policies: Iterable[str]) -> tuple[_BoundPolicy, ...]:
            there = (self.tree.policies[policy] for policy in policies)
            settled = bool(self.settled)
            return tuple(
                _BoundPolicy(bound=each, marks=each.marks(group.where, settled=settled))
                for each in there
            )

        return _Bound(levels=tuple(map(bound, group.levels)), rcps=bound(group.rcps))

    def _other_regions(self, bound: "_Bound") -> tuple[str, ...]:
        """Every Region that the policies of a group name, and one that they do not."""
        policies = (*(each for level in bound.levels for each in level), *bound.rcps)
        named = {region for each in policies for region in each.bound.regions}
        others = sorted(named - set(self.regions))
        return (*others, ELSEWHERE) if named else ()

    def _named(self, request: RootRequest) -> RootRequest:
        """The request, on the bucket or queue that somebody named."""
        named = self.settled.get(RESOURCE)
        if not isinstance(named, str) or not request.resource.endswith(ANY):
            return request
        fits = named.startswith(request.resource.removesuffix(ANY))
        return replace(request, resource=named) if fits else request

    def _judge(
        self, request: RootRequest, principal: RootPrincipal, bound: "_Bound", where: Whereabouts
    ) -> Judgement:
        def said(each: _BoundPolicy) -> Stance:
            return self._stance(each, principal, request, where)

        levels = [[(each.bound.scp.name, said(each)) for each in level] for level in bound.levels]
        rcps = bound.rcps if rcps_reach(request.action) else ()
        return joined(levels, [said(each) for each in rcps])

    def _stance(
        self,
        each: "_BoundPolicy",
        principal: RootPrincipal,
        request: RootRequest,
        where: Whereabouts,
    ) -> Stance:
        key = (id(each.bound), each.marks, principal, request.action, request.region)
        known = self.said.stances.get(key)
        if known is not None:
            return known[1]
        context = request_context(principal, where, now=self.now, action=request.action).settled(
            {"aws:requestedregion": request.region, **with_implied(self.settled)}
        )
        said = stance(each.bound.scp, request.action, request.resource, context)
        self.said.stances[key] = (each.bound, said)
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A root task in a Region: the judgement of each action, and what they amount to."""

    region: str
    found: Mapping[str, Judgement]
    judgement: TaskJudgement


@dataclass(frozen=True, slots=True, kw_only=True)
class _BoundPolicy:
    """A policy, and what it tells a group by."""

    bound: BoundScp
    marks: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bound:
    """The policies that bind a group: the SCPs of each level, and the RCPs."""

    levels: tuple[tuple[_BoundPolicy, ...], ...]
    rcps: tuple[_BoundPolicy, ...]

    @property
    def key(self) -> tuple[Any, ...]:
        """By which groups are found whose answers are the same."""
        return tuple(
            tuple((id(each.bound), each.marks) for each in level)
            for level in (*self.levels, self.rcps)
        )
