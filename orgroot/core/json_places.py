"""Where in a JSON text each value stands: by line and column, as editors count them.

The text must be JSON already; what it means is read elsewhere.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Path = tuple[str | int, ...]
"""The way to a value: keys of objects and places in lists, counted from 0."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{},:]|[^][{},:\s"]+', re.DOTALL)


class Place(NamedTuple):
    """A place in a text; both count from 1."""

    line: int
    column: int


class _Token(NamedTuple):
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class JsonMap:
    """Where the values of a JSON text stand.

    Attributes:
        places: of each path: of a member its key, of an item the item. A repeated key's first.
        repeated: keys that stand twice in one object, with the place of the later one.
    """

    places: Mapping[Path, Place]
    repeated: tuple[tuple[Path, Place], ...]

    def place(self, path: Path) -> Place:
        """Where a value stands, or the nearest thing around it that is there."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]


def locate(text: str) -> JsonMap:
    """Find every value of a text that is JSON, nested no deeper than Python calls may be."""
    walk = _Walk(tokens=_tokens(text))
    walk.value(next(walk.tokens), ())
    return JsonMap(places=walk.places, repeated=tuple(walk.repeated))


def place_at(text: str, offset: int) -> Place:
    """The place of a character, counted from 0."""
    start = text.rfind("\n", 0, offset) + 1
    return Place(text.count("\n", 0, offset) + 1, offset - start + 1)


def _tokens(text: str) -> Iterator[_Token]:
    lines = (0, *(found.end() for found in re.finditer("\n", text)))

    def token(found: re.Match[str]) -> _Token:
        line = bisect_right(lines, found.start())
        return _Token(found[0], Place(line, found.start() - lines[line - 1] + 1))

    return map(token, _TOKEN.finditer(text))


@dataclass(slots=True, kw_only=True)
class _Walk:
    tokens: Iterator[_Token]
    places: dict[Path, Place] = field(default_factory=dict)
    repeated: list[tuple[Path, Place]] = field(default_factory=list)

    def value(self, token: _Token, path: Path) -> None:
        self.places.setdefault(path, token.place)
        if token.text == "{":
            self._members(path)
        elif token.text == "[":
            self._items(path)

    def _members(self, path: Path) -> None:
        seen: set[str] = set()
        while (token := next(self.tokens)).text != "}":
            if token.text == ",":
                continue
            key = json.loads(token.text)
            inner = (*path, key)
            if key in seen:
                self.repeated.append((inner, token.place))
            seen.add(key)
            self.places.setdefault(inner, token.place)
            next(self.tokens)  # the colon
            self.value(next(self.tokens), inner)

    def _items(self, path: Path) -> None:
        count = 0
        while (token := next(self.tokens)).text != "]":
            if token.text != ",":
                self.value(token, (*path, count))
                count += 1
