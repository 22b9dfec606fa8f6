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
from orgroot.core.scp_tree import AccountGroup, ScpTree, groups


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
    """

    tree: ScpTree
    regions: tuple[str, ...]
    now: str | None = None
    settled: Mapping[str, Value] = field(default_factory=dict)
    beyond: bool = False
    _said: dict[tuple[Any, ...], Stance] = field(default_factory=dict, repr=False)

    def run(self) -> Iterator[Checked]:
        """Every group, principal, Region and task."""
        for group in groups(self.tree, settled=bool(self.settled)):
            bound = self._bound(group)
            others = self._other_regions(bound) if self.beyond else ()
            for principal in RootPrincipal:
                # The calls to IAM are the same whatever the Region of buckets and queues.
                answers: dict[RootRequest, Judgement] = {}
                known: dict[TaskPolicy, set[TaskJudgement]] = {task: set() for task in TaskPolicy}
                for region, task in product((*self.regions, *others), TaskPolicy):
                    asked = requests_of(task, group.where.account, region)
                    requests = tuple(self._named(request) for request in asked)
                    for request in requests:
                        if request not in answers:
                            answers[request] = self._judge(request, principal, bound, group.where)
                    found = {request.action: answers[request] for request in requests}
                    judgement = judge_task(task, found)
                    beyond = region not in self.regions
                    if beyond and judgement in known[task]:
                        continue
                    if not beyond:
                        known[task].add(judgement)
                    yield Checked(
                        group=group,
                        principal=principal,
                        region=region,
                        found=found,
                        judgement=judgement,
                        beyond=beyond,
                    )

    def _bound(self, group: AccountGroup) -> "_Bound":
        def bound(policies: Iterable[str]) -> list[_BoundPolicy]:
            return [
                _BoundPolicy(
                    policy=policy,
                    name=each.scp.name,
                    marks=each.marks(group.where, settled=bool(self.settled)),
                )
                for policy in policies
                for each in (self.tree.policies[policy],)
            ]

        return _Bound(levels=[bound(level) for level in group.levels], rcps=bound(group.rcps))

    def _other_regions(self, bound: "_Bound") -> tuple[str, ...]:
        """Every Region that the policies of a group name, and one that they do not."""
        policies = (*(each for level in bound.levels for each in level), *bound.rcps)
        named = {region for each in policies for region in self.tree.policies[each.policy].regions}
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
            return self._stance(each.policy, each.marks, principal, request, where)

        levels = [[(each.name, said(each)) for each in level] for level in bound.levels]
        rcps = bound.rcps if rcps_reach(request.action) else ()
        return joined(levels, [said(each) for each in rcps])

    def _stance(
        self,
        policy: str,
        marks: tuple[Any, ...],
        principal: RootPrincipal,
        request: RootRequest,
        where: Whereabouts,
    ) -> Stance:
        key = (policy, marks, principal, request.action, request.region)
        said = self._said.get(key)
        if said is None:
            known = request_context(principal, where, now=self.now, action=request.action)
            context = known.settled(
                {"aws:requestedregion": request.region, **with_implied(self.settled)}
            )
            scp = self.tree.policies[policy].scp
            said = self._said[key] = stance(scp, request.action, request.resource, context)
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class _BoundPolicy:
    """A policy: its id, its name, and what it tells a group by."""

    policy: str
    name: str
    marks: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bound:
    """The policies that bind a group: the SCPs of each level, and the RCPs."""

    levels: list[list[_BoundPolicy]]
    rcps: list[_BoundPolicy]
