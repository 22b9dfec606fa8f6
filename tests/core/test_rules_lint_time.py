"""Rules are looked at again: what the linter says of their end."""

from datetime import datetime, timedelta

import pytest

from orgroot.core.rules_lint import lint_errors, lint_rules
from tests.core import scene as s
from tests.core.test_rules_lint import GOOD, TWO, found


@pytest.mark.parametrize(
    ("days", "word"), [(31, None), (30, "30 days"), (14, "14 days"), (2, "3 days"), (0, "expired")]
)
def test_expiry_is_announced(days: int, word: str | None) -> None:
    """30, 14 and 3 days ahead a warning; expired rules are an error."""
    now = datetime.fromisoformat("2026-08-01T00:00:00+00:00") - timedelta(days=days)
    issues = lint_rules(s.approvals_of(GOOD), TWO, now)
    assert [word in issue.message for issue in issues] == ([True] if word else [])
    assert bool(lint_errors(s.approvals_of(GOOD), TWO, now)) is (days == 0)


@pytest.mark.parametrize(("days", "expected"), [(180, []), (181, []), (182, ["long-life"])])
def test_rules_that_nobody_looks_at_again(days: int, expected: list[str]) -> None:
    """Half a year is usual; longer is a warning, and no error."""
    now = datetime.fromisoformat("2026-08-01T00:00:00+00:00") - timedelta(days=days)
    assert [code for code, _ in found(s.approvals_of(GOOD), "warning", now=now)] == expected


@pytest.mark.parametrize(
    ("name", "usual", "long"),
    [
        ("max_clock_skew", "15m", "901s"),
        ("request_ttl", "7d", "169h"),
        ("approval_ttl", "168h", "8d"),
    ],
)
def test_times_that_bar_little_are_named(name: str, usual: str, long: str) -> None:
    """A skew of hours or requests that live for weeks are the owners' to want, and are said."""

    def warned(value: str) -> list[str]:
        issues = lint_rules(s.approvals_of(GOOD, defaults={name: value}), TWO, s.START)
        assert {issue.level for issue in issues} <= {"warning"}
        return [issue.message for issue in issues if issue.code == "long-time"]

    assert warned(usual) == []
    assert [name in words and long in words for words in warned(long)] == [True]
