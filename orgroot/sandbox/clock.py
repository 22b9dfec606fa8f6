"""The sandbox's clock: real time plus whatever a test has moved it on by. It never goes back."""

import threading
from datetime import UTC, datetime, timedelta


class SandboxClock:
    """A callable that answers now in UTC, in whole seconds as AWS's own times are.

    Tests advance it to let sessions and features age.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """Now in UTC."""
        return (datetime.now(UTC) + self._ahead).replace(microsecond=0)

    def advance(self, seconds: float) -> None:
        """Move on by some seconds, zero or more.

        Raises:
            ValueError: negative seconds.
        """
        if seconds < 0:
            raise ValueError("the sandbox's clock never goes back")
        with self._lock:
            self._ahead += timedelta(seconds=seconds)

    @property
    def ahead_seconds(self) -> float:
        """How far this clock is ahead of the machine's."""
        return self._ahead.total_seconds()
