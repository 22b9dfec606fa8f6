"""The documents of this repository, and the fenced blocks in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
README = REPOSITORY / "README.md"
RUNBOOKS = tuple(sorted((REPOSITORY / "runbooks").glob("*.md")))

_FENCE = re.compile(r"^( *)```([a-z]*)$")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block: its language, its lines, and the 0-based line of the first of them."""

    language: str
    first: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines with their ends."""
        return "".join(f"{line}\n" for line in self.lines)


def blocks(text: str) -> Iterator[Block]:
    """Every fenced block of a document, in order."""
    lines = text.splitlines()
    start, language = None, ""
    for number, line in enumerate(lines):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        if start is None:
            start, language = number + 1, fence[2]
        else:
            yield Block(language=language, first=start, lines=tuple(lines[start:number]))
            start = None
    assert start is None, f"a block that begins at line {start} does not end"


def section(text: str, title: str) -> str:
    """The text under a heading, up to the next one of its level or above."""
    match = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert match, f"there is no section {title!r}"
    rest = text[match.end() :]
    end = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def table_rows(text: str) -> list[list[str]]:
    """The cells of the tables in a text, without their heads and rules."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    heads = {n for n, row in enumerate(rows) if n + 1 < len(rows) and set(rows[n + 1][0]) == {"-"}}
    return [row for n, row in enumerate(rows) if n not in heads and set("".join(row)) - set("-: ")]
