"""Which root tasks of root sessions work today and would no longer after a change of SCPs.

What depends on something unknown works, as far as anybody can say: it is stopped where it would
be denied, would depend on more, or on the same under other statements. Long-term root is not asked
about: stopping it is what such SCPs are for.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict

from orgroot.core.request_context import Value
from orgroot.core.root_principals import RootPrincipal
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.scp_check import Check, Memory
from orgroot.core.scp_lockout import Blame, Judgement, Outcome, TaskJudgement, judge_task
from orgroot.core.scp_statement import Statement
from orgroot.core.scp_tree import AccountGroup, ScpTree


class Asked(TypedDict):
    """What is asked of an organization, as of `Check`."""

    regions: tuple[str, ...]
    now: str | None
    settled: Mapping[str, Value]
    said: Memory


_Answers = dict[tuple[str, TaskPolicy], Mapping[str, Judgement]]
"""By Region and task, the judgement of each of its actions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A root task that a change would stop.

    Attributes:
        accounts: where it works today, in order.
        regions: with buckets and queues of these Regions.
        judgement: what would become of those of its actions that work today; `by` names who stops
            them.
    """

    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    judgement: TaskJudgement


def stopped_by(
    before: ScpTree,
    after: ScpTree,
    *,
    regions: tuple[str, ...],
    now: str | None,
    settled: Mapping[str, Value],
) -> tuple[Stopped, ...]:
    """Every root task that works in an account before and would not after, in order of accounts.

    Args:
        before: the organization as it is.
        after: the same accounts, as they would be.
        regions: where buckets and queues lie.
        now: the time of the check (UTC, ISO 8601); None: unknown.
        settled: condition keys whose values somebody knows.
    """
    asked: Asked = {"regions": regions, "now": now, "settled": settled, "said": Memory()}
    return regressions(Judged(before, asked), Judged(after, asked))


def regressions(old: "Judged", new: "Judged") -> tuple[Stopped, ...]:
    """What runs in the accounts of `old` and would not in those of `new`, which are among them."""
    alike: dict[tuple[AccountGroup, AccountGroup], list[str]] = {}
    for account in sorted(new.group):
        alike.setdefault((old.group[account], new.group[account]), []).append(account)
    found: dict[tuple[str, TaskJudgement], list[str]] = {}
    for (one, other), accounts in alike.items():
        for key in _Change(old=old, before=one, new=new, after=other).stopped():
            found.setdefault(key, []).extend(accounts)
    everywhere: dict[tuple[tuple[str, ...], TaskJudgement], list[str]] = {}
    for (region, judgement), accounts in found.items():
        everywhere.setdefault((tuple(sorted(accounts)), judgement), []).append(region)
    return tuple(
        Stopped(accounts=accounts, regions=tuple(where), judgement=judgement)
        for (accounts, judgement), where in sorted(
            everywhere.items(), key=lambda item: (item[0][0], item[0][1].task_policy)
        )
    )


class Judged:
    """An organization with every answer for root sessions, by group."""

    def __init__(self, tree: ScpTree, asked: Asked) -> None:
        self.answers: dict[AccountGroup, _Answers] = {}
        for each in Check(tree=tree, principals=(RootPrincipal.ROOT_SESSION,), **asked).run():
            answers = self.answers.setdefault(each.group, {})
            answers[each.region, each.judgement.task_policy] = each.found
        self.group = {account: group for group in self.answers for account in group.accounts}
        self._tree = tree

    def may_deny(self, group: AccountGroup, by: Iterable[Blame]) -> set[str]:
        """What the statements say that are named."""
        named = {(blame.policy, blame.sid, blame.kind) for blame in by}
        policies = {*group.rcps, *(policy for level in group.levels for policy in level)}
        scps = [self._tree.policies[policy].scp for policy in policies]
        return {
            _meaning(each)
            for scp in scps
            for each in scp.statements
            if each.deny and (scp.name, each.sid, scp.kind) in named
        }

    def allows(self, group: AccountGroup) -> list[set[str]]:
        """What the Allow statements of each level say."""
        levels = ([self._tree.policies[policy].scp for policy in level] for level in group.levels)
        return [
            {_meaning(each) for scp in level for each in scp.statements if not each.deny}
            for level in levels
        ]


@dataclass(frozen=True, kw_only=True)
class _Change:
    """What becomes of accounts that are bound alike before, and alike after."""

    old: Judged
    before: AccountGroup
    new: Judged
    after: AccountGroup

    def stopped(self) -> Iterator[tuple[str, TaskJudgement]]:
        """What runs before and would not after, by Region."""
        for (region, task), found in self.new.answers[self.after].items():
            known = self.old.answers[self.before][region, task]
            worse = {
                action: judgement
                for action, judgement in found.items()
                if self._is_worse(known[action], judgement)
            }
            if worse:
                yield region, judge_task(task, worse)

    def _is_worse(self, before: Judgement, after: Judgement) -> bool:
        if after.outcome is Outcome.ALLOWED or before.outcome is Outcome.DENIED:
            return False
        if Outcome.ALLOWED is before.outcome or Outcome.DENIED is after.outcome:
            return True
        denials = self.new.may_deny(self.after, after.by)
        known = self.old.may_deny(self.before, before.by)
        return not (after.on <= before.on and denials <= known and self._allows_as_much)

    @cached_property
    def _allows_as_much(self) -> bool:
        """Whether each level still has every Allow statement that it had."""
        pairs = zip(self.old.allows(self.before), self.new.allows(self.after), strict=True)
        return all(had <= has for had, has in pairs)


def _meaning(statement: Statement) -> str:
    """What a statement says, whatever its policy and Sid are called."""
    return json.dumps(
        (
            statement.actions,
            statement.not_actions,
            statement.resources,
            statement.not_resources,
            statement.conditions,
        ),
        sort_keys=True,
    )
