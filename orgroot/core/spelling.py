"""The two spellings of a value: compact for records and objects, readable for what people sign.

Sorted keys, ASCII, one newline at the end. The standard library writes them; whether a text is
spelled so is asked ten thousand times for a log, so a faster writer is asked first. It never says
yes where the slow one would say no; whatever it is not sure of, it leaves to the slow one.
"""

import json
import re
from typing import Any

import msgspec

MAX_DEPTH = 32
"""How many lists and objects may stand around a value; fixed, so that machines never differ."""

_ENCODER = msgspec.json.Encoder(order="sorted")

_DELETE = b"\x7f"
"""The one ASCII character that the fast writer does not escape."""

_DOUBTFUL_NUMBER = re.compile(rb"\n,?(?:[0-9]{16}|[0-9]+[.eE+-])")
"""The end of a line, read backwards, of what may be a float or an integer beyond 53 bits.

In the readable spelling every number ends its line; backwards, the search is from line to line.
"""

_TOO_DEEP = b"\n" + b"  " * (MAX_DEPTH + 1)


def compact(tree: Any) -> bytes:
    """The spelling of records and objects: no spaces."""
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return (text + "\n").encode("ascii")


def readable(tree: Any) -> bytes:
    """The spelling of statements: indented by two spaces."""
    text = json.dumps(tree, sort_keys=True, indent=2, ensure_ascii=True)
    return (text + "\n").encode("ascii")


def surely_compact(value: Any, raw: bytes) -> bool:
    """`raw` is certainly the compact spelling of a value.

    Args:
        value: read from `raw`; it holds texts and integers within 53 bits.
        raw: the text.
    """
    return _plain_ascii(raw) and _written(value) + b"\n" == raw


def surely_readable(value: Any, text: bytes) -> bool:
    """`text` is certainly the readable spelling of a value that JSON carries in one spelling.

    That is: no float, no integer beyond 53 bits, nothing nested deeper than `MAX_DEPTH`.

    Args:
        value: read from `text`.
        text: the text.
    """
    return (
        _plain_ascii(text)
        and msgspec.json.format(_written(value), indent=2) + b"\n" == text
        and _TOO_DEEP not in text
        and _DOUBTFUL_NUMBER.search(text[::-1]) is None
    )


def _written(value: Any) -> bytes:
    return _ENCODER.encode(value)


def _plain_ascii(text: bytes) -> bool:
    return text.isascii() and _DELETE not in text
