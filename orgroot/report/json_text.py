"""A result as one JSON object: `schema` first, then the keys in the order of its Struct."""

from collections.abc import Mapping
from typing import Any

import msgspec

from orgroot.core.results import Result
from orgroot.report.escape import hidden


def to_json(result: Result) -> str:
    """Two-space indented JSON, UTF-8 text, final newline. Empty lists are `[]`, never absent.

    What would move a terminal's cursor or turn a word around is written as JSON's own escape, so
    that a program reads the text as it is and a person who prints it is safe.
    """
    text = msgspec.json.format(msgspec.json.encode(result), indent=2).decode()
    lines = text.split("\n")  # JSON's own, for a line end inside a text is escaped already
    return "\n".join(line if line.isprintable() else _escaped(line) for line in lines) + "\n"


def to_json_line(tree: Mapping[str, Any]) -> str:
    """One JSON object on one line, with a newline; escaped as `to_json` does."""
    line = msgspec.json.encode(tree).decode()
    return (line if line.isprintable() else _escaped(line)) + "\n"


def _escaped(line: str) -> str:
    return "".join(_safe(character) if hidden(character) else character for character in line)


def _safe(character: str) -> str:
    """A character as JSON escapes it (RFC 8259, section 7): one or two UTF-16 units."""
    utf16 = character.encode("utf-16-be")
    return "".join(f"\\u{utf16[i : i + 2].hex()}" for i in range(0, len(utf16), 2))
