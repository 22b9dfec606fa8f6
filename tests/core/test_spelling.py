"""The fast look at a spelling never says yes where the slow one says no."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orgroot.core.codec import Record, require_plain
from orgroot.core.spelling import compact, readable, surely_compact, surely_readable
from orgroot.errors import IntegrityError


class Holder(msgspec.Struct, frozen=True, tag_field="type", tag="held"):
    """Anything, as parameters and summaries hold it."""

    z: Any
    a: int = 1


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def nested(depth: int) -> Any:
    """An empty list inside lists, so deep."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def is_one_spelling(value: Any) -> bool:
    """What the slow way says: JSON carries this value in exactly one spelling."""
    try:
        require_plain(msgspec.to_builtins(value))
    except IntegrityError:
        return False
    return True


@given(ANYTHING)
@example(2**53)
@example(-(2**53))
@example([1.0])
@example({"a": 1e22})
@example({"a": -5})
@example(float("inf"))
@example("\x7f")
@example('\x00\x1f\\"/')
@example("\n1.5\n")
@example(nested(30))
@example(nested(31))
@example(nested(32))
@example({"": {"\x7f": "\u00e9"}})
def test_a_fast_yes_is_a_slow_yes(value: Any) -> None:
    """For every value that a text can hold, in the text that either writer gives."""
    written = msgspec.json.encode(Holder(z=value), order="sorted")
    quick = msgspec.json.format(written, indent=2) + b"\n"
    for text in (quick, readable(msgspec.to_builtins(Holder(z=value)))):
        with suppress(msgspec.DecodeError):  # Infinity is no JSON
            held = msgspec.json.decode(text, type=Holder)
            if surely_readable(held, text):
                assert text == readable(msgspec.to_builtins(held))
                assert is_one_spelling(held)


@pytest.mark.parametrize(
    "value", [None, True, "CHG-1", "\n\t\x01", 0, 999_999_999_999, [], {}, {"b": [1, {"a": ""}]}]
)
def test_the_usual_value_takes_the_fast_way(value: Any) -> None:
    """What logs are full of needs no second look."""
    held = Holder(z=value)
    assert surely_readable(held, readable(msgspec.to_builtins(held)))


@given(body=st.text(st.characters(max_codepoint=127)))
def test_a_record_takes_the_fast_way_but_for_one_character(body: str) -> None:
    """Any record of ASCII is spelled alike by both writers; DEL is left to the slow one."""
    record = Record(v=1, seq=1, log="5f0c8d2e9b7a4c31", prev="0" * 64, body=body, sigs=())
    raw = compact(msgspec.to_builtins(record))
    assert surely_compact(record, raw) == ("\x7f" not in body)
    assert not surely_compact(record, raw[:-1])
    assert json.loads(raw)["body"] == body
