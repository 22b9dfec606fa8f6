"""The comparison of documents with screens must be strict, or a document could say anything."""

from pathlib import Path

import pytest

from tests.docs.console import play
from tests.docs.screen import matches, rewritten

ONE, OTHER = f"orq_{'a' * 26}", f"orq_{'b' * 26}"


@pytest.mark.parametrize(
    ("shown", "screen", "same"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a", "b"], ["a", "c"], False),
        (["a"], ["a", "b"], False),
        (["a", "…"], ["a", "b", "c"], True),
        (["…", "c"], ["a", "b", "c"], True),
        (["a", "…", "c"], ["a", "c"], True),
        (["a", "…", "c"], ["a", "b"], False),
        (["a", "…", "b", "…", "d"], ["a", "x", "b", "c", "d"], True),
        (["a", "…", "b", "…", "d"], ["a", "x", "c", "d"], False),
        (["long …"], ["long and longer"], True),
        (["long …"], ["short"], False),
        (["at 2026-01-02T03:04:05Z"], ["at 2027-11-12T13:14:15Z"], True),
        (["at 2026-01-02T03:04:05Z"], ["at noon"], False),
        ([ONE, ONE], [OTHER, OTHER], True),
        ([ONE, ONE], [ONE, OTHER], False),
        ([], [], True),
        ([], ["a"], False),
    ],
)
def test_only_ids_hashes_and_times_may_differ(
    shown: list[str], screen: list[str], *, same: bool
) -> None:
    """A screen must be as shown, line by line, but for what is new at every run."""
    assert matches(tuple(shown), screen, {}) is same


def test_a_rewritten_output_matches_and_keeps_what_was_left_out() -> None:
    """What is written anew must match the screen, as much left out as before."""
    screen = ["a", "b", "c", "d"]
    better = rewritten(("a", "…", "x"), screen, 0)
    assert better == ["a", "…", "d"]
    assert matches(tuple(better), screen, {})


def test_a_document_that_is_wrong_is_told(tmp_path: Path) -> None:
    """Another output or exit code than shown must be named, and the document put right."""
    text = "```console\n$ echo one; exit 3\ntwo\n[exit 2]\n```\n"
    wrong, better = play(text, tmp_path)
    assert len(wrong) == 1
    assert better == "```console\n$ echo one; exit 3\none\n[exit 3]\n```\n"
    assert play(better, tmp_path) == ([], better)
