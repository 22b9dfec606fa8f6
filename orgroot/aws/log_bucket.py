"""The calls that a log in S3 consists of, each repeated until it is answered or given up.

Every call names the bucket's owner. What was not answered is AuditUnavailable, never "not there".
"""

import base64
import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError

from orgroot.aws.clients import AwsDoor
from orgroot.aws.failures import CallFacts, translate
from orgroot.core.ids import AccountId
from orgroot.core.store_place import S3Place, longest
from orgroot.errors import AuditUnavailable, AwsError, AwsErrorKind, OrgrootError, UsageError

_READS = 2
_WRITES = 4
"""How often a call is made at most, by kind."""

_LONGEST_PAUSE = 2.0
"""Seconds before the last attempt at most; half as long before each earlier one."""

_PASSING = frozenset(
    {
        AwsErrorKind.THROTTLED,
        AwsErrorKind.UNAVAILABLE,
        AwsErrorKind.LOST,
        AwsErrorKind.CONFLICT,  # two conditional writes of a key met, and either may have won
    }
)
ACTIONS = {
    "ListObjectVersions": "s3:ListBucketVersions",
    "GetObject": "s3:GetObjectVersion",
    "GetObjectRetention": "s3:GetObjectRetention",
    "PutObject": "s3:PutObject and s3:PutObjectRetention",
    "GetBucketVersioning": "s3:GetBucketVersioning",
    "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetBucketPolicy": "s3:GetBucketPolicy",
}
"""What the caller needs for each call that is made here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One version of an object: its bytes, and until when compliance mode keeps it."""

    data: bytes
    retained_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of a listing: a version, or (no `created_at` counts for it) a delete marker."""

    key: str
    version: str
    created_at: datetime
    marker: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a listing, in order of key, the newest of each key first."""

    lines: tuple[Listed, ...]
    more: tuple[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How a conditional write ended.

    Attributes:
        version: the id of the version that was made; None: something was there.
        unsure: an earlier attempt was not answered, so that what is there may be ours.
    """

    version: str | None
    unsure: bool


class LogBucket:
    """One bucket, for the objects below one prefix. Every method may be called from any thread.

    Args:
        door: with the operator's credentials, in the bucket's Region.
        place: bucket and prefix.
        owner: the account that must own the bucket.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        door: AwsDoor,
        place: S3Place,
        owner: AccountId,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.door = door
        self.place = place
        self._on = {"Bucket": place.bucket, "ExpectedBucketOwner": owner}
        self._owner = owner
        self._sleep = sleep

    def page(self, prefix: str, *, after: str = "", version: str = "", delimiter: str = "") -> Page:
        """One page of the versions whose keys begin with `prefix`, behind the key `after`.

        Args:
            prefix: below the place's own prefix, as every key here.
            after: the key behind which the page begins; empty: at the first.
            version: with it, the older versions of `after` too.
            delimiter: keys that hold it behind the prefix are left out.
        """
        wanted: dict[str, str] = {"Prefix": self._full(prefix)}
        if after:
            wanted["KeyMarker"] = self._full(after)
        if version:
            wanted["VersionIdMarker"] = version
        if delimiter:
            wanted["Delimiter"] = delimiter
        answer = self._call("ListObjectVersions", wanted)
        lines = [
            Listed(
                key=str(item["Key"]).removeprefix(self.place.prefix),
                version=str(item["VersionId"]),
                created_at=item["LastModified"],
                marker=marker,
            )
            for name, marker in (("Versions", False), ("DeleteMarkers", True))
            for item in answer.get(name, ())
        ]
        more = None
        if answer.get("IsTruncated"):
            marker = str(answer.get("NextKeyMarker", "")).removeprefix(self.place.prefix)
            more = (marker, str(answer.get("NextVersionIdMarker") or ""))
        # Each of the two lists has S3's order: newest first within a key.
        return Page(lines=tuple(sorted(lines, key=lambda line: line.key)), more=more)

    def pages(self, prefix: str) -> Iterator[Page]:
        """All pages of a prefix."""
        more: tuple[str, str] | None = ("", "")
        while more is not None:
            page = self.page(prefix, after=more[0], version=more[1])
            yield page
            if page.more == more:
                raise self._unavailable("ListObjectVersions", "S3 repeats the same page")
            more = page.more

    def read(self, key: str, version: str) -> Stored | None:
        """A version's bytes; None where there is no such version (any more)."""
        answer = self._call(
            "GetObject",
            {"Key": self._full(key), "VersionId": version, "ChecksumMode": "ENABLED"},
            absent=("NoSuchKey", "NoSuchVersion"),
            finish=partial(_read_body, longest(key)),
        )
        if not answer:
            return None
        return Stored(data=answer["Body"], retained_until=_kept_until(answer, "ObjectLock"))

    def retained_until(self, key: str, version: str) -> datetime | None:
        """Until when compliance mode keeps a version; None where nothing does."""
        answer = self._call(
            "GetObjectRetention",
            {"Key": self._full(key), "VersionId": version},
            absent=("NoSuchObjectLockConfiguration", "NoSuchKey", "NoSuchVersion"),
        )
        return _kept_until(answer.get("Retention", {}), "")

    def write(self, key: str, data: bytes, *, retain_until: datetime) -> Written:
        """Create an object if nothing is there, locked in compliance mode from the start.

        Raises:
            AuditUnavailable: it is not known to be written.
        """
        wanted = {
            "Key": self._full(key),
            "Body": data,
            "ContentType": "application/json",
            "IfNoneMatch": "*",
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": base64.b64encode(hashlib.sha256(data).digest()).decode(),
            "ObjectLockMode": "COMPLIANCE",
            "ObjectLockRetainUntilDate": retain_until,
        }
        unsure: list[AwsError] = []
        answer = self._call("PutObject", wanted, absent=("PreconditionFailed",), failures=unsure)
        return Written(version=answer.get("VersionId"), unsure=bool(unsure))

    def would_take(self, *, on_condition: bool, retain_until: datetime | None) -> bool:
        """Whether a write like this is allowed; nothing is ever written.

        S3 looks at policies before it reads a body, and a body that is not its checksum is refused
        (BadDigest): whoever hears of the checksum was allowed.

        Raises:
            AuditUnavailable: S3 does not answer, or answers something else.
        """
        wanted: dict[str, Any] = {
            "Key": self._full("probe"),
            "Body": b"nothing of this is ever stored\n",
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": base64.b64encode(bytes(32)).decode(),
        }
        if on_condition:
            wanted["IfNoneMatch"] = "*"
        if retain_until is not None:
            wanted |= {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": retain_until}
        try:
            self.door.call("s3", "PutObject", {**self._on, **wanted}, changes=True)
        except AwsError as error:
            if error.kind is AwsErrorKind.DENIED:
                return False
            if error.aws_code == "BadDigest":
                return True
            raise self._refused("PutObject", error) from error
        raise self._unavailable("PutObject", "S3 took a body that is not its checksum")

    def ask(self, operation: str, *, absent: str = "") -> dict[str, Any]:
        """One reading call about the bucket itself; empty for the error code `absent`.

        Raises:
            AwsError: the caller may not ask, or may not from outside of the bucket's account;
                or there is no such bucket.
            AuditUnavailable: S3 does not answer.
            UsageError: the bucket is in another Region.
        """
        try:
            return self.door.call("s3", operation, self._on)
        except AwsError as error:
            if error.aws_code == absent:
                return {}
            if error.kind is AwsErrorKind.DENIED or error.aws_code == "NoSuchBucket":
                raise
            raise self._refused(operation, error) from error

    def _full(self, key: str) -> str:
        return f"{self.place.prefix}{key}"

    def _call(
        self,
        operation: str,
        wanted: Mapping[str, Any],
        *,
        absent: tuple[str, ...] = (),
        finish: Callable[[dict[str, Any]], dict[str, Any]] = dict,
        failures: list[AwsError] | None = None,
    ) -> dict[str, Any]:
        """One call, repeated where it was not answered or met another; empty where `absent`.

        Args:
            operation: of S3.
            wanted: its parameters.
            absent: error codes that answer with nothing.
            finish: reads what is left of the answer; may fail like the call itself.
            failures: takes those failures after which the call may have been done.
        """
        facts = CallFacts(operation=f"s3:{operation}")
        # The SDK repeats reads itself. A write it must not: it would hide an unanswered attempt.
        writes = operation == "PutObject"
        for left in reversed(range(_WRITES if writes else _READS)):
            try:
                answer = self.door.call("s3", operation, {**self._on, **wanted}, changes=writes)
                return finish(answer)
            except AwsError as error:
                if error.aws_code in absent:
                    return {}
                if error.kind not in _PASSING or not left:
                    raise self._refused(operation, error) from error
                if failures is not None:
                    failures.append(error)
            except BotoCoreError as error:  # the connection broke within the body
                if not left:
                    raise self._refused(operation, translate(error, facts)) from error
            pause = _LONGEST_PAUSE / 2**left
            self._sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter
        raise AssertionError("the last attempt returns or raises")

    def _refused(self, operation: str, error: OrgrootError) -> OrgrootError:
        if not isinstance(error, AwsError):
            return error
        if error.kind is AwsErrorKind.WRONG_REGION:
            return UsageError(
                f"trust.store_region says {self.door.region}: {error.message}",
                hint="write the bucket's Region as trust.store_region",
                code="store-region",
            )
        if error.kind is AwsErrorKind.DENIED:
            return self._unavailable(operation, error.message, self._permission(operation))
        if error.aws_code == "NoSuchBucket":
            hint = (
                "restore it; only a first use makes the bucket and starts with `orgroot log init`"
            )
            return self._unavailable(operation, "there is no such bucket", hint)
        return self._unavailable(operation, error.message)

    def _permission(self, operation: str) -> str:
        arn = f"arn:aws:s3:::{self.place.bucket}"
        if operation != "ListObjectVersions":
            arn += f"/{self.place.prefix}*"
        return (
            f"the caller needs {ACTIONS[operation]} on {arn}, in its own policy and, where the "
            f"bucket is another account's, in the bucket's; account {self._owner} "
            "(trust.store_account) must own the bucket"
        )

    def _unavailable(self, operation: str, why: str, hint: str | None = None) -> AuditUnavailable:
        what = "did not take a record" if operation == "PutObject" else "cannot be read"
        return AuditUnavailable(
            f"the audit log in {self.place.url} {what}: {why}",
            hint=hint or "try again; AWS's health dashboard tells of trouble with S3",
        )


def _read_body(most: int, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its body read, as far as anything of a log could be long."""
    body = answer["Body"]
    data = body.read(most)
    if len(data) == most:
        body.close()  # the rest is not fetched
    return {**answer, "Body": data}


def _kept_until(answer: Mapping[str, Any], prefix: str) -> datetime | None:
    if answer.get(f"{prefix}Mode") != "COMPLIANCE":
        return None
    until: datetime | None = answer.get(f"{prefix}RetainUntilDate")
    return until
