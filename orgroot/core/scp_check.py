"""Every root task in every account, under the SCPs that bind it: which would run, and who stops it.

Accounts that the same policies bind in the same way are one group, judged once. Each policy is
asked about each request once, however many accounts it binds.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

from orgroot.core.policy_text import texts
from orgroot.core.request_context import Value
from orgroot.core.root_principals import RootPrincipal, Whereabouts, request_context
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.scp_lockout import (
    Judgement,
    RootRequest,
    Scp,
    Stance,
    TaskJudgement,
    joined,
    judge_task,
    requests_of,
    stance,
)
from orgroot.core.scp_statement import ANY, RESOURCE
from orgroot.core.wildcards import matches

_PATHS = "orgpaths"
_ACCOUNT_LIKE = re.compile(r"(?=.*[0-9])[0-9*?]+")
_ACCOUNT_KEYS = ("account", "aws:userid")
_MEASURES = re.compile(r"(forallvalues:|foranyvalue:)?(numeric|date)")


@dataclass(frozen=True, kw_only=True)
class BoundScp:
    """An SCP of the organization; `id` tells it from others of its name."""

    id: str
    scp: Scp

    @cached_property
    def account_patterns(self) -> frozenset[str]:
        """Patterns in it that some account ids match and others do not."""
        return frozenset(
            part
            for text in _words(self.scp)
            for part in text.split(":")
            if _ACCOUNT_LIKE.fullmatch(part)
        )

    @cached_property
    def asks_for_paths(self) -> bool:
        """It looks at where in the organization an account lies."""
        return any(_PATHS in key for _, key in _conditions(self.scp))

    @cached_property
    def measures_accounts(self) -> bool:
        """It compares account ids as numbers, so that each account is a case of its own."""
        return any(
            _MEASURES.match(operator) and key.endswith(_ACCOUNT_KEYS)
            for operator, key in _conditions(self.scp)
        )

    def marks(self, where: Whereabouts) -> tuple[Any, ...]:
        """What it can tell an account by: accounts of equal marks are alike to it."""
        account = where.account
        return (
            frozenset(p for p in self.account_patterns if matches(p, account)),
            where.path if self.asks_for_paths else (),
            account if self.measures_accounts else "",
        )


@dataclass(frozen=True, kw_only=True)
class ScpTree:
    """Which SCPs bind which accounts.

    Attributes:
        organization: the organization's id; empty where it is not known.
        policies: by id.
        attached: by id of root, OU and account, the ids of the SCPs attached directly.
        paths: by account, the ids from the root to its parent.
        in_force: the policy type is enabled; else nothing binds.
    """

    organization: str
    policies: Mapping[str, BoundScp]
    attached: Mapping[str, tuple[str, ...]]
    paths: Mapping[str, tuple[str, ...]]
    in_force: bool = True

    def levels(self, account: str) -> tuple[tuple[str, ...], ...]:
        """The ids of the SCPs on each level, from the root to the account."""
        nodes = (*self.paths[account], account) if self.in_force else ()
        return tuple(self.attached.get(node, ()) for node in nodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountGroup:
    """Accounts that are bound alike.

    Attributes:
        accounts: their ids, in order.
        levels: the ids of the SCPs on each level.
        where: one of them, to judge all by.
    """

    accounts: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    where: Whereabouts


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One root task, of one kind of principal, in one Region, in a group of accounts.

    Attributes:
        found: the judgement of each of its actions.
        judgement: what they amount to.
    """

    group: AccountGroup
    principal: RootPrincipal
    region: str
    found: Mapping[str, Judgement]
    judgement: TaskJudgement


def groups(tree: ScpTree) -> tuple[AccountGroup, ...]:
    """The accounts by what binds them, in order of the first account of each."""
    found: dict[tuple[Any, ...], list[Whereabouts]] = {}
    for account in sorted(tree.paths):
        where = Whereabouts(
            account=account, organization=tree.organization, path=tree.paths[account]
        )
        levels = tree.levels(account)
        bound = sorted({policy for level in levels for policy in level})
        marks = tuple(tree.policies[policy].marks(where) for policy in bound)
        found.setdefault((levels, marks), []).append(where)
    return tuple(
        AccountGroup(
            accounts=tuple(where.account for where in alike), levels=levels, where=alike[0]
        )
        for (levels, _), alike in found.items()
    )


@dataclass(kw_only=True)
class Check:
    """Judges groups, and remembers what each policy said.

    Attributes:
        tree: the organization, or what a plan would make of it.
        regions: where buckets and queues lie.
        now: the time of the check (UTC, ISO 8601); None: unknown.
        settled: condition keys whose values somebody knows, by name; the same for all accounts.
            `Resource`: the ARN of the bucket or queue.
    """

    tree: ScpTree
    regions: tuple[str, ...]
    now: str | None = None
    settled: Mapping[str, Value] = field(default_factory=dict)
    _said: dict[tuple[Any, ...], Stance] = field(default_factory=dict, repr=False)

    def run(self) -> Iterator[Checked]:
        """Every group, principal, Region and task."""
        for group in groups(self.tree):
            bound = _bound(self.tree, group)
            for principal in RootPrincipal:
                # The calls to IAM are the same whatever the Region of buckets and queues.
                answers: dict[RootRequest, Judgement] = {}
                for region, task in product(self.regions, TaskPolicy):
                    asked = requests_of(task, group.where.account, region)
                    requests = tuple(self._named(request) for request in asked)
                    for request in requests:
                        if request not in answers:
                            answers[request] = self._judge(request, principal, bound, group.where)
                    found = {request.action: answers[request] for request in requests}
                    yield Checked(
                        group=group,
                        principal=principal,
                        region=region,
                        found=found,
                        judgement=judge_task(task, found),
                    )

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
        return joined(
            [
                [
                    (name, self._stance(policy, marks, principal, request, where))
                    for policy, name, marks in level
                ]
                for level in bound
            ]
        )

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
            context = request_context(principal, where, now=self.now).settled(
                {"aws:requestedregion": request.region, **self.settled}
            )
            scp = self.tree.policies[policy].scp
            said = self._said[key] = stance(scp, request.action, request.resource, context)
        return said


_Bound = list[list[tuple[str, str, tuple[Any, ...]]]]
"""Of each level, each policy: its id, its name, and what it tells the group by."""


def _bound(tree: ScpTree, group: AccountGroup) -> _Bound:
    return [
        [
            (policy, tree.policies[policy].scp.name, tree.policies[policy].marks(group.where))
            for policy in level
        ]
        for level in group.levels
    ]


def _words(scp: Scp) -> Iterator[str]:
    """Every text in an SCP that a request is compared with."""
    for statement in scp.statements:
        yield from statement.resources
        for keys in statement.conditions.values():
            for values in keys.values() if isinstance(keys, Mapping) else ():
                yield from texts(values)


def _conditions(scp: Scp) -> Iterator[tuple[str, str]]:
    """Every operator with its key, in lower case."""
    for statement in scp.statements:
        for operator, keys in statement.conditions.items():
            for key in keys if isinstance(keys, Mapping) else ():
                yield operator.lower(), key.lower()
