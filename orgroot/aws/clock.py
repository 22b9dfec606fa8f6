"""AWS's time: the local monotonic clock, set by the `Date` header of AWS's answers.

It never takes a time from a flag, a variable or a file.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_JITTER = timedelta(seconds=2)
"""`Date` has whole seconds and answers travel: within this, time is never set back."""


def _local_now() -> datetime:
    return datetime.now(UTC)


class AwsClock:
    """A `ports.Clock` that follows AWS once AWS has answered, and the local clock until then.

    Args:
        local: the local wall clock, UTC and aware.
        monotonic: seconds that only grow.
    """

    def __init__(
        self,
        local: Callable[[], datetime] = _local_now,
        monotonic: Callable[[], float] = time.monotonic,
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
