"""CloudTrail's event history of the caller's account, and of others through a role: TrailGateway.

`LookupEvents` sees one account and one Region, the last 90 days, 50 events a page, and takes two
requests a second (CloudTrail API reference). Reads only; a page that is missing is an error.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from orgroot.aws.clients import AwsDoor
from orgroot.aws.paging import pages
from orgroot.aws.patience import Patience
from orgroot.aws.role_sessions import ReadingRoles
from orgroot.errors import AwsError, AwsErrorKind, UsageError

PAUSE_SECONDS = 0.5
"""Between two pages of one account and Region."""

_ACTIONS = ("account:ListRegions", "cloudtrail:LookupEvents")
_PAGE = 50
_OFF = "DISABLED"


class AwsTrails:
    """The trails that can be read; see `ports.TrailGateway`.

    Args:
        door: the way to AWS.
        home: the caller's account, read with the operator's own credentials.
        roles: the role to read through, by account, for all others.
        patience: waits out throttling.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        door: AwsDoor,
        *,
        home: str,
        roles: Mapping[str, str],
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._door = door
        self._home = home
        self._roles = ReadingRoles(door, roles, name="orgroot-reconcile", actions=_ACTIONS)
        self._patience = patience or Patience()
        self._sleep = sleep

    def regions(self, account: str) -> tuple[str, ...]:
        """`account:ListRegions`: every Region that is not off there, in order."""
        names = []
        for page in pages(
            lambda wanted: self._call(account, "account", "ListRegions", wanted),
            {"MaxResults": _PAGE},
            operation="account:ListRegions",
        ):
            for found in page.get("Regions", ()):
                if found.get("RegionOptStatus") != _OFF:
                    names.append(str(found["RegionName"]))  # noqa: PERF401 - two loops in one
        if not names:
            raise AwsError(
                f"AWS names no Region of account {account}",
                kind=AwsErrorKind.OTHER,
                aws_code="",
                operation="account:ListRegions",
            )
        return tuple(sorted(names))

    def lookup(
        self, account: str, region: str, event: str, since: datetime, until: datetime
    ) -> Iterator[str]:
        """`cloudtrail:LookupEvents`: the records of one event name, newest first, page by page."""
        wanted = {
            "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": event}],
            "StartTime": since,
            "EndTime": until,
            "MaxResults": _PAGE,
        }
        first = True

        def page(parameters: Mapping[str, Any]) -> dict[str, Any]:
            nonlocal first
            if not first:
                self._sleep(PAUSE_SECONDS)
            first = False
            return self._call(account, "cloudtrail", "LookupEvents", parameters, region=region)

        for answer in pages(page, wanted, operation="cloudtrail:LookupEvents"):
            for found in answer.get("Events", ()):
                yield str(found.get("CloudTrailEvent", ""))

    def _call(
        self,
        account: str,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        region: str | None = None,
    ) -> dict[str, Any]:
        session = None
        if account != self._home:
            if account not in self._roles:
                raise UsageError(
                    f"the caller is in {self._home}, and no role is configured to read {account}",
                    hint=f"name one under reconcile.roles: {{{account}: ROLE-ARN}}",
                    code="no-reading-role",
                )
            session = self._roles.session(account)
        return self._patience(
            lambda: self._door.call(service, operation, parameters, session=session, region=region)
        )
