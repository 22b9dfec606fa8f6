"""Where in a text a value stands: as an editor counts lines and columns."""

import json

from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.json_places import Place, locate

TEXT = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "A \\" { [ :", "Action": ["s3:*",
      "ec2:*"]},
    {}
  ]
}"""


def test_members_are_found_by_their_keys_and_items_by_themselves() -> None:
    """Brackets, quotes and colons inside of texts mislead nobody."""
    found = locate(TEXT)
    assert found.place(()) == Place(1, 1)
    assert found.place(("Version",)) == Place(2, 3)
    assert found.place(("Statement", 0)) == Place(4, 5)
    assert found.place(("Statement", 0, "Action")) == Place(4, 27)
    assert found.place(("Statement", 0, "Action", 1)) == Place(5, 7)
    assert found.place(("Statement", 1)) == Place(6, 5)
    assert not found.repeated


def test_what_is_not_there_is_where_it_should_be() -> None:
    """A missing member is placed at the object that lacks it."""
    assert locate(TEXT).place(("Statement", 1, "Effect")) == Place(6, 5)


def test_a_key_that_stands_twice_is_found_in_whatever_spelling() -> None:
    """JSON lets a letter be written as an escape; it is the same key, and both are one place."""
    found = locate('{"a": 1, "b": {"a": 2},\n "\\u0061": [{"c": 1}]}')
    assert found.repeated == ((("a",), Place(2, 2)),)
    assert found.place(("a",)) == Place(1, 2)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=12,
    ),
    st.sampled_from([None, 1]),
)
def test_every_value_of_any_text_has_a_place(value: object, indent: int | None) -> None:
    """The places are as many as the values, and each key stands where it is said to stand."""
    text = json.dumps(value, indent=indent)
    found = locate(text)
    lines = text.split("\n")
    for path, place in found.places.items():
        if path and isinstance(path[-1], str):
            assert lines[place.line - 1][place.column - 1 :].startswith(json.dumps(path[-1]))
    assert len(found.places) == _count(value)


def _count(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value
    return 1 + sum(map(_count, inner)) if isinstance(inner, list) or isinstance(value, dict) else 1
