"""Where accounts are and what tags they carry, as recorded: what the rules of a request rest on.

An account that is recorded elsewhere, or with other tags, than before stands under the rules of
all these places until an owner acknowledges the move: nobody gets weaker rules by moving it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orgroot.core.config import Approvals
from orgroot.core.governed_tasks import Task
from orgroot.core.selectors import BUCKET_TASKS, QUEUE_TASKS, Asked, Subject, asked
from orgroot.core.statement_parts import Target

Tags = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where an account was seen, as far as somebody looked.

    Attributes:
        ou_path: ids from the organization's root to its parent, joined by `/`; empty: unknown.
        tags: the tag keys that were looked at, sorted, each with its value or None for none.
    """

    ou_path: str = ""
    tags: Tags = ()

    def __str__(self) -> str:
        tags = ", ".join(f"no {k}" if v is None else f"{k}={v}" for k, v in self.tags)
        return f"{self.ou_path or 'an unknown OU'}{f' ({tags})' if tags else ''}"

    def agrees_with(self, other: "Whereabouts") -> bool:
        """Nothing that both know differs."""
        if self.ou_path and other.ou_path and self.ou_path != other.ou_path:
            return False
        known = dict(other.tags)
        return all(known.get(key, value) == value for key, value in self.tags)

    def completed(self, by: "Whereabouts") -> "Whereabouts":
        """With what only the other knows."""
        return Whereabouts(
            ou_path=self.ou_path or by.ou_path,
            tags=tuple(sorted((dict(by.tags) | dict(self.tags)).items())),
        )


_NOWHERE = Whereabouts()

Places = Mapping[str, tuple[Whereabouts, ...]]
"""By account, every place it was recorded in since an owner's last word on it, oldest first."""


def seen_in(target: Target) -> Whereabouts:
    """Where a statement says that its account is."""
    return Whereabouts(ou_path=target.ou_path, tags=tuple(sorted(target.tags.items())))


def remember(places: dict[str, tuple[Whereabouts, ...]], targets: Iterable[Target]) -> None:
    """Record where accounts were seen; a place that agrees with a known one adds to it."""
    for target in targets:
        seen = seen_in(target)
        if target.account and seen != _NOWHERE:
            places[target.account] = _with(places.get(target.account, ()), seen)


def _with(known: tuple[Whereabouts, ...], seen: Whereabouts) -> tuple[Whereabouts, ...]:
    for at, place in enumerate(known):
        if place.agrees_with(seen):
            return (*known[:at], place.completed(seen), *known[at + 1 :])
    return (*known, seen)


def elsewhere(places: Places, target: Target) -> tuple[Whereabouts, ...]:
    """The recorded places of an account that this is not, what they leave open taken from it."""
    seen = seen_in(target)
    known = places.get(target.account, ())
    return tuple(place.completed(seen) for place in known if not place.agrees_with(seen))


def moved(approvals: Approvals, targets: Iterable[Target], places: Places) -> Places:
    """The accounts that were recorded elsewhere in a way that some rule looks at, and where."""
    asks = asked(approvals)
    found: dict[str, tuple[Whereabouts, ...]] = {}
    for target in targets if asks.places else ():
        seen = _as_asked(seen_in(target), asks)
        known = [_as_asked(place, asks) for place in places.get(target.account, ())]
        other = tuple(place for place in known if not place.agrees_with(seen))
        if other:
            found[target.account] = other
    return found


def unsettled(approvals: Approvals, places: Places) -> Places:
    """The accounts that were recorded in places that rules tell apart, without an owner's word."""
    asks = asked(approvals)
    found: dict[str, tuple[Whereabouts, ...]] = {}
    for account, known in places.items():
        shown = tuple(dict.fromkeys(_as_asked(place, asks) for place in known))
        if any(not place.agrees_with(shown[0]) for place in shown):
            found[account] = shown
    return found


def subjects(
    approvals: Approvals,
    task: Task,
    targets: Iterable[Target],
    params: Mapping[str, Any],
    places: Places,
) -> tuple[Subject, ...]:
    """Everything a request is about, as rules see it; what they would not tell apart stands once.

    Each account where it is, and in every other place it was recorded in; times each bucket or
    queue that is named.
    """
    asks = asked(approvals)
    found: set[tuple[str, Whereabouts]] = set()
    for target in targets:
        account = target.account if asks.accounts or not target.account else _SOME
        if not asks.places:
            found.add((account, _NOWHERE))
            continue
        found.add((account, _as_asked(seen_in(target), asks)))
        found.update((account, _as_asked(place, asks)) for place in elsewhere(places, target))
    return tuple(
        Subject(account=account, ou_path=place.ou_path, tags=place.tags, resource=name)
        for account, place in found
        for name in resources_in(task, params) or ("",)
    )


_SOME = "some account"
"""Stands for any account where no rule names accounts."""


def _as_asked(place: Whereabouts, asks: Asked) -> Whereabouts:
    """What rules look at, and nothing else."""
    return Whereabouts(
        ou_path=place.ou_path if asks.ous else "",
        tags=tuple((key, value) for key, value in place.tags if key in asks.tags),
    )


def resources_in(task: Task, params: Mapping[str, Any]) -> tuple[str, ...]:
    """The buckets or queues that parameters name; none for tasks without."""
    if task in BUCKET_TASKS:
        named, key = params.get("buckets"), "bucket"
    elif task in QUEUE_TASKS:
        named, key = params.get("queues"), "queue"
    else:
        return ()
    if not isinstance(named, list | tuple):
        return ()
    return tuple(str(item.get(key)) for item in named if isinstance(item, dict))
