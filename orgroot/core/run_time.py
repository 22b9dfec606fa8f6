"""How long an execution may last: what its intent may announce, and what the fold believes."""

from datetime import datetime, timedelta

from orgroot.core.root_tasks import MAX_SESSION_SECONDS

MARGIN = timedelta(seconds=60)
"""Beyond the session's own life, how long a run may still record and read."""


def ends_at(
    start: datetime, expires: datetime, *, turns: int, seconds: int = MAX_SESSION_SECONDS
) -> datetime:
    """When the last session of a run is over at the latest.

    A bulk run opens its sessions one after the other, so it has as many turns as it needs; none
    starts when the request has expired.

    Args:
        start: when it was decided (UTC).
        expires: when the request does (UTC).
        turns: how often one session follows another at most; at least once.
        seconds: how long each lives at most.
    """
    life = timedelta(seconds=seconds)
    return max(start + life, min(start + life * max(1, turns), expires)) + MARGIN
