"""A clock that stands until a test moves it; sleeping moves it too."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 22, 9, 0, 0, tzinfo=UTC)


class FakeClock:
    """Time as the test says it is."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The time the test set."""
        return self.at

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        """Pass the time at once, and remember for how long."""
        self.slept.append(seconds)
        self.forward(seconds)
