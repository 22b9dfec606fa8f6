"""The machine's own clock."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from orgroot.local.clock import SystemClock

if TYPE_CHECKING:
    from orgroot.ports import Clock


def test_the_clock_says_the_time_in_utc() -> None:
    """The time is aware, in UTC, and between two looks at the machine's time."""
    clock: Clock = SystemClock()
    before = datetime.now(UTC)
    now = clock.now()
    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta(0)
