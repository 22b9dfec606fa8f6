"""What can be wrong with an SCP, as values: what it is, how bad, where, and what to do about it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orgroot.core.json_places import JsonMap, Path, Place, locate


class Severity(StrEnum):
    """How bad a flaw is, worst first."""

    ERROR = "error"
    """AWS refuses the document."""
    WARNING = "warning"
    """AWS takes it, and it does not do what it seems to say, or stops what should go on."""
    ADVICE = "advice"
    """It works; people may want to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One thing that is wrong.

    Attributes:
        code: its name, stable for programs.
        severity: how bad.
        path: where in the document.
        message: what is wrong, one sentence without its full stop.
        remedy: what to do.
        place: where in the text, if the path does not tell.
    """

    code: str
    severity: Severity
    path: Path
    message: str
    remedy: str
    place: Place | None = None

    @property
    def statement(self) -> int | None:
        """The number of the statement it is in, counted from 1; None: in none."""
        return number_of(self.path)


def error(code: str, path: Path, message: str, remedy: str) -> Flaw:
    """What AWS refuses."""
    return Flaw(code=code, severity=Severity.ERROR, path=path, message=message, remedy=remedy)


def warning(code: str, path: Path, message: str, remedy: str) -> Flaw:
    """What AWS takes and nobody wants."""
    return Flaw(code=code, severity=Severity.WARNING, path=path, message=message, remedy=remedy)


def advice(code: str, path: Path, message: str, remedy: str) -> Flaw:
    """What people may want to know."""
    return Flaw(code=code, severity=Severity.ADVICE, path=path, message=message, remedy=remedy)


STATEMENT = "Statement"
_NOWHERE = JsonMap(places={}, repeated=())


def number_of(path: Path) -> int | None:
    """The number of the statement that a path leads into; a lone statement is the first."""
    match path:
        case ("Statement", int(index), *_):
            return index + 1
        case ("Statement", str(), *_):
            return 1
        case _:
            return None


def numbered(document: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The statements, each with its path; AWS takes one object as well as a list."""
    found = document.get(STATEMENT)
    if isinstance(found, list):
        yield from (((STATEMENT, index), each) for index, each in enumerate(found))
    elif found is not None:
        yield (STATEMENT,), found


def statements_in(document: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The statements that are objects, each with its path."""
    for path, statement in numbered(document) if isinstance(document, dict) else ():
        if isinstance(statement, dict):
            yield path, statement


def items(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """One or several values, each with its path: AWS takes a single one without its list."""
    if isinstance(value, list):
        yield from (((*path, index), each) for index, each in enumerate(value))
    else:
        yield path, value


def in_order(flaws: Iterable[Flaw], text: str) -> tuple[tuple[Place, Flaw], ...]:
    """The flaws of a text with their places, from its beginning to its end."""
    listed = tuple(flaws)
    # A text that is no JSON has one flaw, which knows its place.
    unplaced = any(flaw.place is None for flaw in listed)
    where = locate(text) if unplaced else _NOWHERE
    placed = [(flaw.place or where.place(flaw.path), flaw) for flaw in listed]
    return tuple(sorted(placed, key=lambda pair: (pair[0], pair[1].code)))


def said(flaw: Flaw) -> str:
    """A flaw in one sentence, with the number of its statement."""
    return f"Statement {flaw.statement}: {flaw.message}" if flaw.statement else flaw.message
