"""Wildcards as rules and policies write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.wildcards import leftovers, matches


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("prod-tfstate", "*-tfstate", True),
        ("prod-tfstate-old", "*-tfstate", False),
        ("Prod", "prod", False),
        ("log1", "log?", True),
        ("log", "log?", False),
        ("a.b", "a?b", True),
        ("axb", "a.b", False),
        ("a[b]", "a[b]", True),
        ("ab", "a[b]", False),
        ("x\n", "x", False),
        ("", "*", True),
        ("", "?", False),
        ("abcb", "a*b", True),
        ("abcbx", "a*b", False),
        ("a" * 63, "*a" * 2000 + "b", False),
        ("a" * 63, "*a" * 40, True),
        ("a" * 63, "a*" * 40 + "?", True),
    ],
)
def test_patterns_know_two_wildcards(name: str, pattern: str, *, fits: bool) -> None:
    """`*` and `?` match at once however many, other characters are themselves, case counts."""
    assert matches(pattern, name) is fits


def test_actions_are_compared_ignoring_case() -> None:
    """IAM's action patterns fit in any mixture of upper and lower case, names do not."""
    assert matches("S3:put*", "s3:PutBucketPolicy", ignore_case=True)
    assert not matches("S3:put*", "s3:PutBucketPolicy")


@given(
    st.text(alphabet="ab*?", max_size=7),
    st.text(alphabet="ab", max_size=3),
    st.text(alphabet="ab", max_size=3),
)
def test_what_is_left_of_a_pattern_decides_on_the_rest(pattern: str, begin: str, end: str) -> None:
    """A text fits a pattern exactly if its end fits something left over after its beginning."""
    left = list(leftovers(pattern, begin))
    assert any(matches(rest, end) for rest in left) is matches(pattern, begin + end)
