"""CloudTrail's event history, and the bucket of an organization trail: TrailGateway.

`LookupEvents` sees one account and one Region, the last 90 days, 50 events a page, and takes two
requests a second (CloudTrail API reference). An organization trail has the calls of all accounts
as gzipped JSON in S3 (CloudTrail user guide, "log file names"). Reads only; a page that is missing,
or an object that is not what it should be, is an error.
"""

import gzip
import io
import json
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from orgroot.aws.clients import AwsDoor
from orgroot.aws.paging import pages
from orgroot.aws.patience import Patience
from orgroot.aws.role_sessions import ReadingRoles
from orgroot.core.config import OrganizationTrail
from orgroot.errors import AwsError, AwsErrorKind, UsageError

PAUSE_SECONDS = 0.5
"""Between two pages of one account and Region."""

_ACTIONS = (
    "account:ListRegions",
    "cloudtrail:LookupEvents",
    "s3:ListBucket",
    "s3:GetObject",
    "kms:Decrypt",
)
_PAGE = 50
_OFF = "DISABLED"
_NAME = re.compile(r"_CloudTrail_[a-z0-9-]+_([0-9]{8}T[0-9]{4}Z)_[^/]+\.json\.gz$")
_LARGEST = 256 * 1024 * 1024
"""Bytes of one object, unpacked: far more than CloudTrail delivers in one."""

_DAMAGE = (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError, RecursionError)
"""What reading an object that CloudTrail did not write may raise."""


class AwsTrails:
    """The trails that can be read; see `ports.TrailGateway`.

    Args:
        door: the way to AWS.
        home: the caller's account, read with the operator's own credentials.
        roles: the role to read through, by account, for all others.
        organization: the organization's id, part of the names in an organization trail.
        trail: the organization trail, if any is known.
        patience: waits out throttling.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        door: AwsDoor,
        *,
        home: str,
        roles: Mapping[str, str],
        organization: str = "",
        trail: OrganizationTrail | None = None,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._door = door
        self._home = home
        self._roles = ReadingRoles(door, roles, name="orgroot-reconcile", actions=_ACTIONS)
        self._organization = organization
        self._trail = trail
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

    def delivered_regions(self, account: str) -> tuple[str, ...]:
        """`s3:ListObjectsV2`: the Regions that have a folder, the account's own ones too."""
        trail, names = self._named_trail(), []
        prefix = self._folder(trail, account)
        for page in self._listed(trail, {"Prefix": prefix, "Delimiter": "/"}):
            for found in page.get("CommonPrefixes", ()):
                names.append(str(found["Prefix"]).removeprefix(prefix).rstrip("/"))  # noqa: PERF401 - two loops in one
        return tuple(names)

    def delivered(
        self, account: str, region: str, since: datetime, until: datetime
    ) -> Iterator[Sequence[str]]:
        """`s3:ListObjectsV2`, `s3:GetObject`: the records of each object of those days."""
        trail = self._named_trail()
        for key in self._keys(trail, account, region, since, until):
            answer = self._in_bucket(trail, "GetObject", {"Key": key})
            yield _records(key, answer["Body"].read())

    def _keys(
        self,
        trail: OrganizationTrail,
        account: str,
        region: str,
        since: datetime,
        until: datetime,
    ) -> Iterator[str]:
        """The objects that were delivered in a time: it stands in their names."""
        for day in _days(since, until):
            prefix = f"{self._folder(trail, account)}{region}/{day}/"
            for page in self._listed(trail, {"Prefix": prefix}):
                for found in page.get("Contents", ()):
                    at = _delivered_at(str(found["Key"]))
                    if at is None or since <= at <= until:
                        yield str(found["Key"])

    def _named_trail(self) -> OrganizationTrail:
        if self._trail is None:
            raise UsageError(
                "no organization trail is configured",
                hint="name its bucket under reconcile.organization_trail",
                code="no-organization-trail",
            )
        return self._trail

    def _folder(self, trail: OrganizationTrail, account: str) -> str:
        first = f"{trail.prefix}/" if trail.prefix else ""
        return f"{first}AWSLogs/{self._organization}/{account}/CloudTrail/"

    def _listed(
        self, trail: OrganizationTrail, wanted: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        return pages(
            lambda more: self._in_bucket(trail, "ListObjectsV2", more),
            wanted,
            sends="ContinuationToken",
            answers="NextContinuationToken",
            operation="s3:ListObjectsV2",
        )

    def _in_bucket(
        self, trail: OrganizationTrail, operation: str, wanted: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A reading call: through the role of the bucket's account, else as the operator."""
        session = None
        if trail.account != self._home and trail.account in self._roles:
            session = self._roles.session(trail.account)
        where = {"Bucket": trail.bucket, "ExpectedBucketOwner": trail.account}
        return self._patience(
            lambda: self._door.call(
                "s3", operation, {**where, **wanted}, session=session, region=trail.region
            )
        )

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


def _days(since: datetime, until: datetime) -> Iterator[str]:
    """The days of a time as they stand in names, e.g. `2026/03/02`."""
    day = since.date()
    while day <= until.date():
        yield day.strftime("%Y/%m/%d")
        day += timedelta(days=1)


def _delivered_at(key: str) -> datetime | None:
    """When an object was delivered, to the minute; None where its name does not tell."""
    found = _NAME.search(key)
    return None if found is None else datetime.strptime(found[1], "%Y%m%dT%H%M%z")


def _records(key: str, data: bytes) -> Sequence[str]:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise ValueError("it is too large")
        return [json.dumps(record) for record in json.loads(text)["Records"]]
    except _DAMAGE as error:
        raise AwsError(
            f"{key} is no object of a trail: {error}",
            kind=AwsErrorKind.OTHER,
            aws_code="",
            operation="s3:GetObject",
        ) from error
