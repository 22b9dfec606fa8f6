"""The parts of the organization that rules tell apart, each by an example: what holds where.

Every value that some selector names stands beside "any other", in all combinations, the simplest
first: an account may be in an OU, carry a tag and own the bucket all at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product

from orgroot.core.config import Approvals, Rule, Selectors
from orgroot.core.governed_tasks import GOVERNED_TASKS, Power, Task
from orgroot.core.requirements import Requirement, strictest
from orgroot.core.selectors import BUCKET_TASKS, ORGANIZATION, QUEUE_TASKS, Fit, Subject, fit
from orgroot.core.wildcards import matches

MOST = 2000
"""So many combinations are looked at per task; `Regions.complete` says whether those were all."""

OTHER_ACCOUNT = "another account"
"""Stands for an account that no rule names: no account id has this form."""

OTHER_OU = "another OU"
"""Stands for a path through OUs that no rule names."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that is so of an example.

    Attributes:
        kind: `account`, `ou`, `tag`, `bucket` or `queue`.
        value: which one; of a tag its value.
        key: the key of a tag.
    """

    kind: str
    value: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.key}={self.value}" if self.key else f"{self.kind} {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where the same rules match.

    Attributes:
        task: the task.
        where: the simplest example of it; empty: anything that no selector names.
        needs: what the rules demand there; None: no rule covers it.
    """

    task: Task
    where: tuple[Choice, ...]
    needs: Requirement | None

    @property
    def words(self) -> str:
        """The example in words, with the task."""
        return f"{self.task} ({', '.join(map(str, self.where))})" if self.where else f"{self.task}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """All that rules tell apart for one task; not `complete`: more combinations than `MOST`."""

    regions: tuple[Region, ...]
    complete: bool


def regions_of(approvals: Approvals, task: Task) -> Regions:
    """The regions of one task, the simplest example first; one region where no rule names it."""
    about = [r for r in approvals.rules if r.match.tasks is None or task in r.match.tasks]
    found: dict[tuple[str, ...], Region] = {}
    examples = _examples(about, task)
    for where, subject in islice(examples, MOST):
        rules = tuple(rule for rule in about if fit(rule, task, subject) is Fit.YES)
        ids = tuple(rule.id for rule in rules)
        if ids not in found:
            needs = strictest(approvals, task, rules) if rules else None
            found[ids] = Region(task=task, where=where, needs=needs)
    return Regions(regions=tuple(found.values()), complete=next(examples, None) is None)


def _examples(rules: list[Rule], task: Task) -> Iterator[tuple[tuple[Choice, ...], Subject]]:
    if GOVERNED_TASKS[task].power is Power.OPERATOR:
        yield (), ORGANIZATION
        return
    dimensions = tuple(values for values in _dimensions(rules, task) if values)
    keys = frozenset(key for s in _selectors(rules) for key in s.tags or ())
    for size in range(len(dimensions) + 1):
        for chosen in combinations(dimensions, size):
            for where in product(*chosen):
                yield where, _subject(where, keys)


def _dimensions(rules: list[Rule], task: Task) -> Iterator[tuple[Choice, ...]]:
    """What may be chosen beside "any other": of each tuple one value at most.

    An account may be in several OUs, one below the other.
    """
    used = _selectors(rules)
    yield _choices("account", (a for s in used for a in s.accounts or ()))
    for ou in dict.fromkeys(ou for s in used for ou in s.ous or ()):
        yield (Choice("ou", ou),)
    pairs = dict.fromkeys(pair for s in used for pair in (s.tags or {}).items())
    for wanted in dict.fromkeys(key for key, _ in pairs):
        yield tuple(Choice("tag", value, key) for key, value in pairs if key == wanted)
    if task in BUCKET_TASKS:
        yield _choices("bucket", example_names(p for s in used for p in s.buckets or ()))
    elif task in QUEUE_TASKS:
        yield _choices("queue", example_names(p for s in used for p in s.queues or ()))


def _selectors(rules: list[Rule]) -> list[Selectors]:
    return [s for r in rules for s in (r.match, r.match.except_) if s is not None]


def _choices(kind: str, values: Iterable[str]) -> tuple[Choice, ...]:
    return tuple(Choice(kind, value) for value in dict.fromkeys(values))


def _subject(where: tuple[Choice, ...], keys: frozenset[str]) -> Subject:
    tags = {choice.key: choice.value for choice in where if choice.kind == "tag"}
    ous = [choice.value for choice in where if choice.kind == "ou"]
    names = {choice.kind: choice.value for choice in where}
    return Subject(
        account=names.get("account", OTHER_ACCOUNT),
        ou_path="/".join(ous) or OTHER_OU,
        tags=tuple((key, tags.get(key)) for key in sorted(keys)),
        resource=names.get("bucket") or names.get("queue") or "",
    )


def example_names(patterns: Iterable[str]) -> Iterator[str]:
    """Names that fit the patterns: one for each, and one for each two where that is easily found.

    A pattern that any name fits gives none: it tells nothing apart.
    """
    listed = [p for p in dict.fromkeys(patterns) if p.strip("*")]
    simple = {pattern: _filled(pattern, "x") for pattern in listed}
    yield from simple.values()
    for one, other in combinations(listed, 2):
        for name in (_filled(one, simple[other]), _filled(other, simple[one])):
            if matches(one, name) and matches(other, name):
                yield name


def _filled(pattern: str, text: str) -> str:
    return pattern.replace("*", text).replace("?", "x")
