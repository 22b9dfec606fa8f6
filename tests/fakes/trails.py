"""CloudTrail in memory: the sessions that the fake AWS issued, further records, and gaps."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fakes.aws_members import MANAGEMENT, FakeMembers

from orgroot.core.root_tasks import MAX_SESSION_SECONDS
from orgroot.core.secrets import RootSession
from orgroot.core.statements import timestamp
from orgroot.errors import OrgrootError

REGION = "eu-west-1"
ALICE = f"arn:aws:iam::{MANAGEMENT}:user/alice"


@dataclass(slots=True)
class FakeTrails:
    """The trails of all accounts.

    Attributes:
        aws: whose sessions stand in the management account's trail.
        more: further records by account and Region.
        broken: raised for an account and Region (empty: for its list of Regions) after the records.
        asked: every account, Region and event name asked for.
        calls: the objects of an organization trail, by account and Region.
    """

    aws: FakeMembers
    more: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    broken: dict[tuple[str, str], OrgrootError] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    calls: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)

    def regions(self, account: str) -> tuple[str, ...]:
        """Two Regions everywhere."""
        self._check(account, "")
        return (REGION, "us-east-1")

    def lookup(
        self, account: str, region: str, event: str, since: datetime, until: datetime
    ) -> Iterator[str]:
        """The records of that name and time."""
        self.asked.append((account, region, event))
        for record in self._records(account, region):
            in_time = timestamp(since) <= record["eventTime"] <= timestamp(until)
            if record["eventName"] == event and in_time:
                yield json.dumps(record)
        self._check(account, region)

    def delivered_regions(self, account: str) -> tuple[str, ...]:
        """Those with calls, and those that cannot be read."""
        self._check(account, "")
        return tuple(sorted({r for a, r in (*self.calls, *self.broken) if a == account}))

    def delivered(
        self, account: str, region: str, since: datetime, until: datetime
    ) -> Iterator[Sequence[str]]:
        """One object with the calls of that time."""
        self._check(account, region)
        found = self.calls.get((account, region), ())
        yield [
            json.dumps(call)
            for call in found
            if timestamp(since) <= call["eventTime"] <= timestamp(until)
        ]

    def used(self, session: RootSession, action: str, *, at: datetime, **more: Any) -> None:
        """A call inside a session, in the Region where IAM's calls stand."""
        service, _, name = action.partition(":")
        self.calls.setdefault((session.account, "us-east-1"), []).append(
            {
                "eventID": f"call-{sum(map(len, self.calls.values()))}",
                "eventName": name,
                "eventSource": f"{service}.amazonaws.com",
                "eventTime": timestamp(at),
                "awsRegion": "us-east-1",
                "userIdentity": {
                    "type": "Root",
                    "accountId": session.account,
                    "accessKeyId": session.access_key_id,
                },
                **more,
            }
        )

    def add(self, account: str = MANAGEMENT, region: str = REGION, **record: Any) -> None:
        """A further record."""
        self.more.setdefault((account, region), []).append(record)

    def of(self, session: RootSession, reference: str, caller: str = ALICE) -> dict[str, Any]:
        """The record of the AssumeRoot that opened a session."""
        began = session.expires_at - timedelta(seconds=MAX_SESSION_SECONDS)
        arn = f"arn:aws:iam::aws:policy/root-task/{session.task_policy.value}"
        return {
            "eventID": session.aws_request_id,
            "eventName": "AssumeRoot",
            "eventTime": timestamp(began),
            "awsRegion": REGION,
            "recipientAccountId": MANAGEMENT,
            "userIdentity": {"type": "IAMUser", "arn": caller},
            "userAgent": f"orgroot/0.1.0 ref/{reference}",
            "requestParameters": {
                "targetPrincipal": session.account,
                "taskPolicyArn": {"arn": arn},
            },
            "responseElements": {"credentials": {"accessKeyId": session.access_key_id}},
        }

    def _records(self, account: str, region: str) -> Iterator[dict[str, Any]]:
        if (account, region) == (MANAGEMENT, REGION):
            yield from (self.of(*issued) for issued in self.aws.sessions)
        yield from self.more.get((account, region), ())

    def _check(self, account: str, region: str) -> None:
        if (account, region) in self.broken:
            raise self.broken[account, region]
