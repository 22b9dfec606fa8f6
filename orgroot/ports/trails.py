"""What CloudTrail shows: the event history of accounts, and the bucket of an organization trail."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol


class TrailGateway(Protocol):
    """CloudTrail's event history: of the caller's account, and of those that a role opens."""

    def regions(self, account: str) -> tuple[str, ...]:
        """The enabled Regions of an account.

        Raises:
            UsageError: code `no-reading-role`: nothing is configured to read that account.
        """
        ...

    def lookup(
        self, account: str, region: str, event: str, since: datetime, until: datetime
    ) -> Iterator[str]:
        """The records (JSON texts) of one event name, page by page; UsageError as `regions`."""
        ...

    def delivered_regions(self, account: str) -> tuple[str, ...]:
        """The Regions of which the organization trail has anything; UsageError as `delivered`."""
        ...

    def delivered(
        self, account: str, region: str, since: datetime, until: datetime
    ) -> Iterator[Sequence[str]]:
        """What the organization trail delivered of a member account: the records of each object.

        Raises:
            UsageError: code `no-organization-trail`: the configuration names none.
        """
        ...
