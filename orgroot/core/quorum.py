"""Whether enough different people said yes: every slot its own person, and enough who count.

Names here are human beings, already told apart; who is fit to approve is decided elsewhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orgroot.core.requirements import Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """So many more distinct people are needed: of a group, or (None) of all who count."""

    group: str | None
    count: int


def missing(needs: Requirement, people: Mapping[str, frozenset[str]]) -> tuple[Missing, ...]:
    """What is missing once these people (name → groups) have approved; empty: nothing.

    The open slots, and the people needed beyond those who will fill them.
    """
    counting = frozenset(needs.each_of) if needs.approvers is None else needs.approvers
    slots = unfilled(needs.each_of, people)
    short = needs.total - sum(1 for groups in people.values() if groups & counting)
    beyond = short - sum(count for group, count in slots.items() if group in counting)
    named = tuple(Missing(group=group, count=count) for group, count in sorted(slots.items()))
    return (*named, Missing(group=None, count=beyond)) if beyond > 0 else named


def unfilled(slots: Mapping[str, int], people: Mapping[str, frozenset[str]]) -> Mapping[str, int]:
    """The slots left open when people (name → groups) are placed best, each in one slot.

    A largest matching of people to slots, found by augmenting paths: as few as possible stay open.
    """
    seats = [group for group, count in sorted(slots.items()) for _ in range(count)]
    seated: dict[int, str] = {}
    for person in people:
        _seat(person, people, seats, seated, set())
    return Counter(group for seat, group in enumerate(seats) if seat not in seated)


def _seat(
    person: str,
    people: Mapping[str, frozenset[str]],
    seats: Sequence[str],
    seated: dict[int, str],
    tried: set[int],
) -> bool:
    for seat, group in enumerate(seats):
        if seat in tried or group not in people[person]:
            continue
        tried.add(seat)
        if seat not in seated or _seat(seated[seat], people, seats, seated, tried):
            seated[seat] = person
            return True
    return False
