"""This machine's own time, for commands that call no AWS. Decisions about AWS use AWS's time."""

from datetime import UTC, datetime


class SystemClock:
    """`Clock` from the operating system."""

    def now(self) -> datetime:
        """UTC, aware."""
        return datetime.now(UTC)
