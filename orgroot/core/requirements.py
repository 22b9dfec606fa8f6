"""What the rules demand of one task: all matching rules together, the strictest value of each.

Adding a rule can only make a request that was covered stricter. Nothing here looks at a request,
at people or at a clock.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from orgroot.core.config import Approvals, Rule, seconds
from orgroot.core.governed_tasks import GOVERNED_TASKS, Task
from orgroot.core.root_tasks import MAX_SESSION_SECONDS
from orgroot.core.wildcards import matches

BUCKET_TASKS = frozenset({Task.UNLOCK_BUCKET, Task.INSPECT_BUCKET_POLICY})
"""Tasks whose requests name buckets; a rule with a `buckets` selector is about these alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """The strictest of all matching rules.

    Attributes:
        rule_ids: the rules it comes from, in their order.
        total: so many distinct people who count, see `approvers`.
        each_of: group → so many distinct people of it.
        requesters: groups whose members may ask.
        executors: groups whose members may execute beside the requester; None: requester only.
        approvers: groups whose members count for `total`; None: whoever fills a slot.
        max_seconds: the longest root session.
        tickets: patterns a ticket must match in full, all of them.
        request_ttl, approval_ttl: how long a request or an approval lives, in seconds.
        deny_threshold: so many denials end a request.
    """

    rule_ids: tuple[str, ...]
    total: int
    each_of: Mapping[str, int]
    requesters: frozenset[str]
    executors: frozenset[str] | None
    approvers: frozenset[str] | None
    max_seconds: int
    tickets: tuple[str, ...]
    request_ttl: int
    approval_ttl: int
    deny_threshold: int

    @property
    def people(self) -> int:
        """How many distinct people are needed at least: the larger of `total` and the slots."""
        return max(self.total, sum(self.each_of.values()))

    def same_as(self, other: "Requirement") -> bool:
        """Both demand the same, whichever rules say so."""
        mine, theirs = (
            [getattr(r, name) for name in r.__slots__ if name != "rule_ids"] for r in (self, other)
        )
        return mine == theirs


def requirement(approvals: Approvals, task: Task, buckets: Sequence[str]) -> Requirement | None:
    """The demand on a request, or None: denied, for no rule covers it.

    Of several buckets each must be covered by a rule, and the rules of all of them apply. Without
    a bucket, only patterns that fit any name cover.
    """
    covering = [_matching(approvals.rules, task, bucket) for bucket in buckets or ("",)]
    if not all(covering):
        return None
    ids = {rule.id for rules in covering for rule in rules}
    return _strictest(approvals, task, tuple(rule for rule in approvals.rules if rule.id in ids))


def _matching(rules: Iterable[Rule], task: Task, bucket: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if covers(rule, task, bucket))


def covers(rule: Rule, task: Task, bucket: str) -> bool:
    """Whether a rule is about this task and bucket; an absent selector matches any."""
    match = rule.match
    if match.tasks is not None and task not in match.tasks:
        return False
    if match.buckets is None:
        return True
    return task in BUCKET_TASKS and any(matches(p, bucket) for p in match.buckets)


def people_needed(rule: Rule) -> int:
    """How many distinct people one rule demands by itself."""
    return max(rule.approvals.total, sum(slot.count for slot in rule.approvals.each_of))


def _counting(rule: Rule) -> frozenset[str] | None:
    """The groups that count for a rule's `total`; None where its slots already make it up."""
    slots = frozenset(slot.group for slot in rule.approvals.each_of)
    if rule.approvers is not None:
        return frozenset(rule.approvers.groups) | slots
    alone = rule.approvals.total <= sum(slot.count for slot in rule.approvals.each_of)
    return None if alone else slots


def _all_of(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """The intersection of those that limit something; None where none does."""
    limits = [groups for groups in sets if groups is not None]
    return frozenset.intersection(*limits) if limits else None


def _executors(rules: Sequence[Rule]) -> frozenset[str] | None:
    named = [frozenset(rule.executors.groups) for rule in rules if rule.executors is not None]
    return frozenset.intersection(*named) if len(named) == len(rules) else None


def _slots(rules: Iterable[Rule]) -> Iterator[tuple[str, int]]:
    for rule in rules:
        for slot in rule.approvals.each_of:
            yield slot.group, slot.count


def _strictest(approvals: Approvals, task: Task, rules: tuple[Rule, ...]) -> Requirement:
    each_of: dict[str, int] = {}
    for group, count in _slots(rules):
        each_of[group] = max(count, each_of.get(group, 0))
    sessions = [rule.session.max_seconds for rule in rules if rule.session is not None]
    defaults = approvals.defaults
    return Requirement(
        rule_ids=tuple(rule.id for rule in rules),
        total=max(
            GOVERNED_TASKS[task].minimum_approvals, *(rule.approvals.total for rule in rules)
        ),
        each_of=each_of,
        requesters=frozenset.intersection(*(frozenset(r.requesters.groups) for r in rules)),
        executors=_executors(rules),
        approvers=_all_of(_counting(rule) for rule in rules),
        max_seconds=min(sessions, default=MAX_SESSION_SECONDS),
        tickets=tuple(sorted({rule.ticket for rule in rules if rule.ticket is not None})),
        request_ttl=seconds(defaults.request_ttl),
        approval_ttl=seconds(defaults.approval_ttl),
        deny_threshold=defaults.deny_threshold,
    )
