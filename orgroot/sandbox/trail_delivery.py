"""Organization trails: what happened in every account, delivered to a bucket as AWS delivers it.

AWS needs some minutes; here objects are delivered when a control page is asked for it, so that
tests need not wait. Object names are those of "CloudTrail log file names" (CloudTrail user guide).
"""

import gzip
import json
import secrets
from collections.abc import Iterable
from datetime import datetime

from moto.cloudtrail.models import cloudtrail_backends
from moto.s3.models import s3_backends

from orgroot.sandbox.data_plane import DataPlane
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.trail import Event, Trail

_KEY = "{prefix}AWSLogs/{organization}/{account}/CloudTrail/{region}/{day}/{name}.json.gz"


class Delivery:
    """Delivers to every organization trail of the management account that is logging."""

    def __init__(self, organization: Organization, data_plane: DataPlane) -> None:
        self._organization = organization
        self._data = data_plane
        self._delivered: dict[str, int] = {}

    def deliver(self, trail: Trail, now: datetime) -> int:
        """Deliver what has happened since the last time; how many objects."""
        written = 0
        manager = self._organization.management_account
        with self._data.locked("cloudtrail"):
            found = [t for b in cloudtrail_backends[manager].values() for t in b.trails.values()]
        for to in found:
            if not to.is_org_trail or not to.status.is_logging:
                continue
            events = trail.events_after(self._delivered.get(to.arn, 0))
            for account, region, mine in _by_place(events):
                key = self._key(to.s3_key_prefix, account, region, mine[0].at, now)
                text = json.dumps({"Records": [event.record for event in mine]}, default=str)
                with self._data.locked("s3"):
                    bucket = s3_backends[manager]["aws"]
                    bucket.put_object(to.bucket_name, key, gzip.compress(text.encode()))
                written += 1
            if events:
                self._delivered[to.arn] = events[-1].sequence
        return written

    def _key(
        self, prefix: str | None, account: str, region: str, day: datetime, now: datetime
    ) -> str:
        unique = secrets.token_hex(8)
        return _KEY.format(
            prefix=f"{prefix}/" if prefix else "",
            organization=self._organization.organization_id,
            account=account,
            region=region,
            day=day.strftime("%Y/%m/%d"),
            name=f"{account}_CloudTrail_{region}_{now.strftime('%Y%m%dT%H%MZ')}_{unique}",
        )


def _by_place(events: Iterable[Event]) -> Iterable[tuple[str, str, list[Event]]]:
    """Account, Region and what happened there on one day: objects lie under days."""
    found: dict[tuple[str, str, str], list[Event]] = {}
    for event in events:
        day = event.at.strftime("%Y/%m/%d")
        place = (str(event.record["recipientAccountId"]), str(event.record["awsRegion"]), day)
        found.setdefault(place, []).append(event)
    return [(account, region, mine) for (account, region, _), mine in found.items()]
