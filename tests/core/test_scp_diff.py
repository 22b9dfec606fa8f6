"""What another text changes, statement by statement."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.scp_diff import Kind, statement_changes
from orgroot.errors import UsageError


def text(*statements: Any) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deny(sid: str = "", **more: Any) -> dict[str, Any]:
    """A statement."""
    return ({"Sid": sid} if sid else {}) | {"Effect": "Deny", "Action": "s3:*"} | more


def labels(before: str | None, after: str | None) -> list[str]:
    """Each change in a word."""
    return [f"{each.kind} {each.label}" for each in statement_changes(before, after)]


def test_statements_belong_together_by_their_sid() -> None:
    """Moved is not changed, and a changed one is shown line by line."""
    before = text(deny("A"), deny("B"), deny("C"))
    after = text(deny("C"), deny("A", Action="iam:*"), deny("D"))
    assert labels(before, after) == ["changed #2 A", "added #3 D", "removed #2 B"]
    changed, added, removed = statement_changes(before, after)
    assert '-  "Action": "s3:*"' in changed.lines
    assert '+  "Action": "iam:*"' in changed.lines
    assert '   "Sid": "A",' in changed.lines
    assert {line[0] for line in added.lines} == {"+"}
    assert {line[0] for line in removed.lines} == {"-"}


def test_without_sids_equal_statements_belong_together() -> None:
    """What says the same is the same; all else was added or removed."""
    before = text(deny(), deny(Resource="a"), deny(""))
    after = text(deny(Resource="a"), deny(Resource="b"))
    assert labels(before, after) == ["added #2", "removed #1", "removed #3"]


def test_a_policy_that_is_not_there_has_no_statements() -> None:
    """Created and deleted policies are all added and all removed."""
    assert labels(None, text(deny("A"))) == ["added #1 A"]
    assert labels(text(deny("A")), None) == ["removed #1 A"]


def test_true_is_not_one() -> None:
    """What Python takes for equal is another text to AWS."""
    one, other = ({"Condition": {"Bool": {"k": value}}} for value in (True, 1))
    assert labels(text(deny("A", **one)), text(deny("A", **other))) == ["changed #1 A"]


def test_what_is_no_policy_cannot_be_compared() -> None:
    """The caller shows the texts instead."""
    with pytest.raises(UsageError):
        statement_changes("{", text(deny()))


statements = st.lists(
    st.builds(deny, st.sampled_from(("", "A", "B", "C")), Resource=st.sampled_from("xyz")),
    min_size=1,
    max_size=5,
)


@given(before=statements, after=statements)
def test_the_changes_make_one_text_of_the_other(before: list[Any], after: list[Any]) -> None:
    """As many statements are added less those removed as the texts differ in number."""
    found = statement_changes(text(*before), text(*after))
    kinds = [each.kind for each in found]
    assert kinds.count(Kind.ADDED) - kinds.count(Kind.REMOVED) == len(after) - len(before)
    keyed = (sorted(json.dumps(s, sort_keys=True) for s in some) for some in (before, after))
    assert (found == ()) == (next(keyed) == next(keyed))
