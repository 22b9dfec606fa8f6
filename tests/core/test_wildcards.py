"""Wildcards as rules and policies write them."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.wildcards import includes, leftovers, matches


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


WORDS = ["".join(word) for n in range(6) for word in product("abz", repeat=n)]


@given(st.text(alphabet="ab*?", max_size=4), st.text(alphabet="ab*?", max_size=4))
def test_a_pattern_includes_another_where_all_its_texts_fit(wide: str, narrow: str) -> None:
    """Exactly where no text of the narrow pattern is one that the wide one does not match."""
    fitting = [word for word in WORDS if matches(narrow, word)]
    assert includes(wide, narrow) is all(matches(wide, word) for word in fitting)


def test_patterns_that_take_too_long_to_compare_are_not_included() -> None:
    """Other people's patterns cost no time: no answer is a no."""
    assert includes("*a" + "?" * 5, "*a" + "?" * 5)
    assert not includes("*a" + "?" * 14, "*a" + "?" * 14)
