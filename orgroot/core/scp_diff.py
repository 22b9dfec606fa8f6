"""What a change of a policy's text changes, statement by statement, for people to read.

Statements belong together by their Sid; those without one by what they say.
"""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orgroot.core.policy_text import parse_policy, statements_in

_HEADER = 3
"""Lines of a diff before its first line of text."""


class Kind(StrEnum):
    """What becomes of a statement."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementChange:
    """One statement that is not the same.

    Attributes:
        kind: what becomes of it.
        label: its place in the text that holds it (the new one, if both do) and its Sid.
        lines: it as indented JSON, each line behind `+`, `-` or a blank.
    """

    kind: Kind
    label: str
    lines: tuple[str, ...]


def statement_changes(before: str | None, after: str | None) -> tuple[StatementChange, ...]:
    """Every statement that differs: those of the new text in order, then those that are gone.

    Args:
        before: the text that is there; None: no policy.
        after: the text that shall be; None: no policy.

    Raises:
        UsageError: one of them is no policy.
    """
    old, new = _statements(before), _statements(after)
    return tuple(_changes(old, new))


def _changes(old: list[Any], new: list[Any]) -> Iterator[StatementChange]:
    gone = list(range(len(old)))
    pairs: dict[int, int] = {}
    for alike in (_equal, _same_sid):
        for n, statement in enumerate(new):
            match = next((m for m in gone if alike(old[m], statement)), None)
            if n not in pairs and match is not None:
                pairs[n] = match
                gone.remove(match)
    for n, statement in enumerate(new):
        if n not in pairs:
            yield _change(Kind.ADDED, n, None, statement)
        elif not _equal(old[pairs[n]], statement):
            yield _change(Kind.CHANGED, n, old[pairs[n]], statement)
    for m in gone:
        yield _change(Kind.REMOVED, m, old[m], None)


def _change(kind: Kind, place: int, old: Any, new: Any) -> StatementChange:
    sid = (new or old).get("Sid")
    label = f"#{place + 1} {sid}" if isinstance(sid, str) and sid else f"#{place + 1}"
    old_lines, new_lines = _lines(old), _lines(new)
    everything = len(old_lines) + len(new_lines)
    diff = difflib.unified_diff(old_lines, new_lines, lineterm="", n=everything)
    return StatementChange(kind=kind, label=label, lines=tuple(diff)[_HEADER:])


def _lines(statement: Mapping[str, Any] | None) -> list[str]:
    if statement is None:
        return []
    return json.dumps(statement, indent=2, ensure_ascii=False).split("\n")


def _statements(text: str | None) -> list[Any]:
    if text is None:
        return []
    return list(statements_in(parse_policy(text, "policy"), "policy"))


def _equal(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _same_sid(one: Any, other: Any) -> bool:
    return bool(one.get("Sid")) and one.get("Sid") == other.get("Sid")
