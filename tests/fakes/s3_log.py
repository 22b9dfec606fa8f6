"""A bucket for the log behind real HTTP: in a log archive account, locked, and doors to it."""

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from orgroot.aws.clients import AwsDoor
from orgroot.aws.log_bucket import LogBucket
from orgroot.aws.s3_store import S3Store
from orgroot.core.ids import AccountId
from orgroot.core.store_place import S3Place
from orgroot.ports import RecordCache
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.faults import Effect, Rule
from orgroot.sandbox.front import Front
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.provision import UserKey
from orgroot.sandbox.server import SandboxServer

ACCOUNT = AccountId("444444444444")
BUCKET = "corp-orgroot-log"
REGION = "eu-west-1"
RETAIN = timedelta(days=400)


@dataclass(kw_only=True)
class LogPlace:
    """One log's place in the bucket: a prefix of its own.

    Attributes:
        server: the sandbox.
        prefix: below it the log lies.
        pauses: what stores opened here would have slept, in seconds.
        user: who opens them; None: the account's administrator.
    """

    server: SandboxServer
    prefix: str = field(default_factory=lambda: f"{uuid.uuid4().hex}/")
    pauses: list[float] = field(default_factory=list)
    user: UserKey | None = None

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of who opens the stores."""
        key = self.user or self.server.administrator(ACCOUNT)
        return {
            "AWS_ENDPOINT_URL": self.server.endpoint,
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
        }

    def bucket(
        self,
        *,
        read_timeout_seconds: float = 10,
        owner: str = ACCOUNT,
        region: str = REGION,
        name: str = BUCKET,
    ) -> LogBucket:
        """The calls of a new process."""
        door = AwsDoor(
            None,
            region,
            "sandbox",
            self.environ,
            concurrency=32,
            read_timeout_seconds=read_timeout_seconds,
        )
        place = S3Place(name, self.prefix)
        return LogBucket(door, place, AccountId(owner), sleep=self.pauses.append)

    def store(self, *, cache: RecordCache | None = None, **options: Any) -> S3Store:
        """The log as a new process opens it."""
        return S3Store(self.bucket(**options), retain=RETAIN, cache=cache)

    @property
    def s3(self) -> Any:
        """A boto3 client of the account's administrator: who may do everything to the bucket."""
        return self.server.client("s3", self.server.administrator(ACCOUNT), region=REGION)

    def put(self, key: str, body: bytes, *, locked: bool = True, days: int = 401) -> str:
        """Write a version as an attacker would, over whatever is there; its version id."""
        until = datetime.now(UTC) + timedelta(days=days)
        lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
        answer = self.s3.put_object(
            Bucket=BUCKET,
            Key=f"{self.prefix}{key}",
            Body=body,
            ChecksumAlgorithm="SHA256",
            **(lock if locked else {}),
        )
        return str(answer["VersionId"])

    def mark_deleted(self, key: str) -> str:
        """Put a delete marker over a key; the marker's version id."""
        answer = self.s3.delete_object(Bucket=BUCKET, Key=f"{self.prefix}{key}")
        return str(answer["VersionId"])

    def destroy(self, key: str, version: str) -> None:
        """Delete one version for good, which only works where nothing retains it."""
        self.s3.delete_object(Bucket=BUCKET, Key=f"{self.prefix}{key}", VersionId=version)

    def versions(self, key: str) -> list[dict[str, Any]]:
        """The versions of a key, newest first."""
        page = self.s3.list_object_versions(Bucket=BUCKET, Prefix=f"{self.prefix}{key}")
        return list(page.get("Versions", ()))

    def fault(self, effect: str, operation: str, **more: Any) -> None:
        """Order a fault."""
        rule = Rule(effect=Effect(effect), service="s3", operation=operation, **more)
        self.server.front.faults.order((rule,))

    def calls(self) -> dict[str, int]:
        """How often each S3 operation was called so far."""
        counts = self.server.front.trail.counts()
        return {name[3:]: count for name, count in counts.items() if name.startswith("s3:")}


@contextlib.contextmanager
def log_archive() -> Iterator[SandboxServer]:
    """A sandbox whose only account holds a bucket with Object Lock."""
    organization = Organization(
        management_account=ACCOUNT,
        name="log-archive",
        email="logs@corp.test",
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
    )
    with SandboxServer(Front(organization, SandboxClock())) as server:
        server.client("s3", server.administrator(ACCOUNT), region=REGION).create_bucket(
            Bucket=BUCKET,
            ObjectLockEnabledForBucket=True,
            CreateBucketConfiguration={"LocationConstraint": REGION},
        )
        yield server
