"""What the rules demand of one task: all matching rules together, the strictest value of each.

Adding a rule can only make a request that was covered stricter. Nothing here looks at a request,
at people or at a clock.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from orgroot.core.config import Approvals, BreakGlass, Rule, seconds
from orgroot.core.governed_tasks import GOVERNED_TASKS, Task
from orgroot.core.root_tasks import MAX_SESSION_SECONDS
from orgroot.core.selectors import Fit, Subject, fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """Break-glass as all matching rules together allow it.

    Attributes:
        requesters: groups whose members may break glass.
        pin: the key's PIN flag must be set.
        max_open_unreviewed, max_per_24h: so many incidents per person.
        review_within: so soon the review must be done, in seconds.
        review: group → so many distinct people of it review.
    """

    requesters: frozenset[str]
    pin: bool
    max_open_unreviewed: int
    max_per_24h: int
    review_within: int
    review: Mapping[str, int]


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
        hardware_key: only hardware keys count, of those who approve and of people who ask.
        break_glass: None: nobody may act first.
        never_buckets, never_queues: patterns of what no request may name.
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
    hardware_key: bool = False
    break_glass: Emergency | None = None
    never_buckets: tuple[str, ...] = ()
    never_queues: tuple[str, ...] = ()

    @property
    def people(self) -> int:
        """How many distinct people are needed at least: the larger of `total` and the slots."""
        return max(self.total, sum(self.each_of.values()))

    def same_as(self, other: "Requirement") -> bool:
        """Both demand the same, whichever rules say so.

        What must never be named is no demand on a request that names something else; one that
        names it is refused each time it is decided. Nor is break-glass one: its terms are applied
        as they are when it is executed.
        """
        return _demands(self) == _demands(other)


_NO_DEMAND = frozenset({"rule_ids", "break_glass", "never_buckets", "never_queues"})
_demands = attrgetter(*(name for name in Requirement.__slots__ if name not in _NO_DEMAND))


def requirement(
    approvals: Approvals, task: Task, subjects: Iterable[Subject]
) -> Requirement | None:
    """The demand on a request, or None: denied, for no rule covers it.

    Each subject must surely be covered by a rule, and the rules of all of them apply; a rule that
    may match by what is unknown applies too, and covers nothing.
    """
    applying: set[str] = set()
    for subject in subjects:
        fits = {rule.id: fit(rule, task, subject) for rule in approvals.rules}
        sure = (rule for rule in approvals.rules if fits[rule.id] is Fit.YES)
        if not any(_covers(rule, task) for rule in sure):
            return None
        applying |= {name for name, how in fits.items() if how is not Fit.NO}
    rules = tuple(rule for rule in approvals.rules if rule.id in applying)
    return strictest(approvals, task, rules) if rules else None


def _covers(rule: Rule, task: Task) -> bool:
    """A session is handed out by a rule of its own alone; others only make it stricter."""
    return task is not Task.ROOT_SESSION or rule.match.tasks == (task,)


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


def _largest(counts: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    largest: dict[str, int] = {}
    for group, count in counts:
        largest[group] = max(count, largest.get(group, 0))
    return largest


def _emergency(rules: Sequence[Rule]) -> Emergency | None:
    """Break-glass field by field; None where any of the rules has none."""
    allowed: list[BreakGlass] = [r.break_glass for r in rules if r.break_glass is not None]
    if len(allowed) < len(rules):
        return None
    return Emergency(
        requesters=frozenset.intersection(*(frozenset(b.requesters.groups) for b in allowed)),
        pin=any(b.user_verification == "required" for b in allowed),
        max_open_unreviewed=min(b.max_open_unreviewed for b in allowed),
        max_per_24h=min(b.max_per_24h for b in allowed),
        review_within=min(seconds(b.review.within) for b in allowed),
        review=_largest((b.review.group, b.review.count) for b in allowed),
    )


def strictest(approvals: Approvals, task: Task, rules: Sequence[Rule]) -> Requirement:
    """What these rules (one at least) demand together of the task."""
    sessions = [rule.session.max_seconds for rule in rules if rule.session is not None]
    nevers = [rule.never for rule in rules if rule.never is not None]
    defaults = approvals.defaults
    return Requirement(
        rule_ids=tuple(rule.id for rule in rules),
        total=max(
            GOVERNED_TASKS[task].minimum_approvals, *(rule.approvals.total for rule in rules)
        ),
        each_of=_largest(_slots(rules)),
        requesters=frozenset.intersection(*(frozenset(r.requesters.groups) for r in rules)),
        executors=_executors(rules),
        approvers=_all_of(_counting(rule) for rule in rules),
        max_seconds=min(sessions, default=MAX_SESSION_SECONDS),
        tickets=tuple(sorted({rule.ticket for rule in rules if rule.ticket is not None})),
        request_ttl=seconds(defaults.request_ttl),
        approval_ttl=seconds(defaults.approval_ttl),
        deny_threshold=defaults.deny_threshold,
        hardware_key=defaults.hardware_key == "required",
        break_glass=_emergency(rules),
        never_buckets=tuple(sorted({p for never in nevers for p in never.buckets})),
        never_queues=tuple(sorted({p for never in nevers for p in never.queues})),
    )
