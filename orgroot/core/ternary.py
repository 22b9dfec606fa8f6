"""Yes, no, or "it depends on …": the answers of a question about requests not yet made.

What depends is never rounded to yes or to no; it names everything that would settle it.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        value: yes or no; None: it depends.
        on: what it depends on: names of condition keys, or what else is not known.
    """

    value: bool | None
    on: frozenset[str] = frozenset()


YES = Answer(value=True)
NO = Answer(value=False)


def known(*, value: bool) -> Answer:
    """A plain yes or no."""
    return YES if value else NO


def depends(*keys: str) -> Answer:
    """An answer that nobody can give without knowing these."""
    return Answer(value=None, on=frozenset(keys))


def negation(answer: Answer) -> Answer:
    """The opposite; what depends still depends."""
    return answer if answer.value is None else known(value=not answer.value)


def all_of(answers: Iterable[Answer]) -> Answer:
    """Yes where all say yes; one no is enough for no."""
    return _joined(answers, settled_by=False)


def any_of(answers: Iterable[Answer]) -> Answer:
    """Yes where one says yes; no only where all say no."""
    return _joined(answers, settled_by=True)


def _joined(answers: Iterable[Answer], *, settled_by: bool) -> Answer:
    on: frozenset[str] = frozenset()
    for answer in answers:
        if answer.value is settled_by:
            return known(value=settled_by)
        on |= answer.on
    return Answer(value=None, on=on) if on else known(value=not settled_by)
