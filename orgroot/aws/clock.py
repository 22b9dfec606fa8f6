"""AWS's time: a local clock that only runs on, set by the `Date` header of AWS's answers.

It never takes a time from a flag, a variable or a file.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_JITTER = timedelta(seconds=2)
"""`Date` has whole seconds and answers travel: within this, time is never set back."""


_RUNS_ON = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Runs on while the machine sleeps. Linux's CLOCK_MONOTONIC does not, and `time.monotonic` on macOS
neither: a run would wake up hours after its deadline and believe that it is in time."""


def running_on() -> float:
    """Seconds that only grow, whether the machine is awake or asleep."""
    return time.clock_gettime(_RUNS_ON)


def _local_now() -> datetime:
    return datetime.now(UTC)


class AwsClock:
    """A `ports.Clock` that follows AWS once AWS has answered, and the local clock until then.

    Args:
        local: the local wall clock, UTC and aware.
        monotonic: seconds that only grow, also while the machine sleeps.
    """

    def __init__(
        self,
        local: Callable[[], datetime] = _local_now,
        monotonic: Callable[[], float] = running_on,
    ) -> None:
        self._local = local
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._at: tuple[datetime, float] | None = None

    def record(self, date_header: str) -> None:
        """Take the time from an answer's `Date` header (RFC 9110, 6.6.1); nonsense is ignored."""
        try:
            told = parsedate_to_datetime(date_header)
        except ValueError:
            return
        if told.tzinfo is None:
            return
        with self._lock:
            moment = self._monotonic()
            told = told.astimezone(UTC)
            expected = self._expected(moment)
            if expected is not None and abs(told - expected) <= _JITTER:
                told = max(told, expected)
            self._at = (told, moment)

    def now(self) -> datetime:
        """UTC, aware: AWS's time where AWS has answered, else the local clock."""
        with self._lock:
            return self._expected(self._monotonic()) or self._local()

    def skew(self) -> timedelta | None:
        """AWS's time minus the local clock; None until AWS has answered."""
        with self._lock:
            expected = self._expected(self._monotonic())
            return None if expected is None else expected - self._local()

    def _expected(self, moment: float) -> datetime | None:
        if self._at is None:
            return None
        told, then = self._at
        return told + timedelta(seconds=moment - then)
