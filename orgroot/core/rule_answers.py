"""What rules say to one person about one act: may they ask, and who could approve it now.

It explains; whether a request is granted, `approval.decide` alone says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from orgroot.core.config import Approvals
from orgroot.core.eligibility import deciders, listed
from orgroot.core.governed_tasks import GOVERNED_TASKS, Power, Task
from orgroot.core.people import Roster
from orgroot.core.quorum import Missing, missing
from orgroot.core.requirements import Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What holds for one person.

    Attributes:
        refusals: why they may not ask, each one sentence; empty: they may.
        could_approve: who could approve what they ask, in the order of the roster.
        out_of_reach: what would still be missing if all of those did.
    """

    refusals: tuple[str, ...]
    could_approve: tuple[str, ...]
    out_of_reach: tuple[Missing, ...]


def answer(  # noqa: PLR0917 - a question has so many parts
    approvals: Approvals,
    roster: Roster,
    task: Task,
    needs: Requirement,
    person: str,
    now: datetime,
) -> Answer:
    """The answer to a person, under these rules at an instant (UTC)."""
    could = could_decide(roster, needs, now, beside=person)
    people = {roster.human(name): roster.groups_of(name) for name in could}
    return Answer(
        refusals=tuple(_refusals(approvals, roster, task, needs, person, now)),
        could_approve=could if needs.people else (),
        out_of_reach=missing(needs, people),
    )


def could_decide(
    roster: Roster, needs: Requirement, now: datetime, *, beside: str | None = None
) -> tuple[str, ...]:
    """Whose approval would count now, of everyone who is not this person."""
    return tuple(
        name
        for name in roster.members(deciders(needs))
        if not roster.is_service(name)
        and (beside is None or not roster.same_human(name, beside))
        and _can_sign(roster, name, needs, now)
    )


def _can_sign(roster: Roster, person: str, needs: Requirement, now: datetime) -> bool:
    return any(key.hardware or not needs.hardware_key for key in roster.keys_of(person, now))


def _refusals(  # noqa: PLR0917 - as `answer`
    approvals: Approvals,
    roster: Roster,
    task: Task,
    needs: Requirement,
    person: str,
    now: datetime,
) -> Iterator[str]:
    if person not in roster.persons():
        yield f"{person} is not in the roster."
        return
    if not roster.groups_of(person) & needs.requesters:
        yield f"Only {listed(needs.requesters)} may ask for {task}."
    if roster.is_service(person):
        if needs.people:
            yield f"{person} is a service and may ask only for what needs no approval."
    elif not _can_sign(roster, person, needs, now):
        kind = "hardware" if needs.hardware_key else "valid"
        yield f"{person} has no {kind} key in the roster."
    if approvals.expires <= now and GOVERNED_TASKS[task].power is not Power.READ:
        yield f"The rules expired at {approvals.expires:%Y-%m-%dT%H:%M:%SZ}."
