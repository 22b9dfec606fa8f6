"""Whether somebody still uses a root access key: its account is held until a request names it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from orgroot.core.root_credentials import AccessKey
from orgroot.core.statements import instant


def last_use(keys: Iterable[AccessKey]) -> datetime | None:
    """When any of these keys was last used (UTC); None: never, or AWS does not tell."""
    return max((key.last_used_at for key in keys if key.last_used_at is not None), default=None)


def used_within(used: datetime | str | None, at: datetime, within: timedelta) -> bool:
    """Whether a use (UTC, or its text) is no longer ago than `within`, seen from `at`."""
    moment = instant(used) if isinstance(used, str) else used
    return moment is not None and at - moment <= within
