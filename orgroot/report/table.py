"""Columns of text that line up in any terminal: no colour, no box, nothing cut off."""

import unicodedata
from collections.abc import Iterable, Sequence


def width(text: str) -> int:
    """How many terminal cells a text takes: East Asian wide characters take two, marks none."""
    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Left-aligned columns two spaces apart, header first, without trailing blanks."""
    lines = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(width(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell + " " * (wide - width(cell)) for cell, wide in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def pairs(items: Iterable[tuple[str, str]], indent: str = "") -> str:
    """`label: value` lines with the values in one column."""
    listed = list(items)
    wide = max((width(label) for label, _ in listed), default=0) + 1
    return "\n".join(
        f"{indent}{label + ':' + ' ' * (wide - width(label))}{value}".rstrip()
        for label, value in listed
    )
