"""Wildcards as rules and policies write them."""

import pytest

from orgroot.core.wildcards import matches


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
