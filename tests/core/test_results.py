"""Exit reasons: ranked in one place."""

from itertools import permutations

import pytest

from orgroot.core.results import ExitReason, exit_code

RANKED = (
    ExitReason.INTEGRITY,
    ExitReason.UNKNOWN,
    ExitReason.LOG_UNAVAILABLE,
    ExitReason.INCOMPLETE,
    ExitReason.FINDINGS,
    ExitReason.AWS_REFUSED,
    ExitReason.REFUSED,
    ExitReason.WAITING,
)


def test_each_reason_has_its_code() -> None:
    """The codes are a contract with scripts."""
    assert [reason.code for reason in RANKED] == [4, 7, 5, 9, 6, 8, 3, 10]
    assert set(RANKED) == set(ExitReason)


@pytest.mark.parametrize("position", range(len(RANKED)))
def test_the_gravest_reason_decides(position: int) -> None:
    """Whatever the order in which reasons were found."""
    held = RANKED[position : position + 3]
    for order in permutations(held):
        assert exit_code(order) == RANKED[position].code


def test_no_reason_is_success() -> None:
    """Done, or nothing to do."""
    assert exit_code(()) == 0
