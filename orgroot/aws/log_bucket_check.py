"""Looking at a bucket before a log is created in it. It changes nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from orgroot.aws.log_bucket import ACTIONS, LogBucket
from orgroot.core.log_bucket import BucketFacts
from orgroot.errors import AwsError, UsageError


def look_at(bucket: LogBucket, retain: timedelta) -> BucketFacts:
    """What S3 says of the bucket; what the caller may not read is named.

    A bucket policy is shown in its own account alone (S3 API reference, GetBucketPolicy): from
    another one it is found out what it refuses.

    Args:
        bucket: the bucket.
        retain: for how long every object must be locked.

    Raises:
        UsageError: there is no such bucket, or it is in another Region.
        AuditUnavailable: S3 does not answer.
    """
    unread: dict[str, str] = {}
    foreign: list[bool] = []

    def ask(operation: str, absent: str = "") -> Mapping[str, Any]:
        try:
            return bucket.ask(operation, absent=absent)
        except AwsError as error:
            if error.aws_code == "NoSuchBucket":
                raise _no_bucket(bucket) from error
            if error.aws_code == "MethodNotAllowed":
                foreign.append(True)
                return {}
            unread[ACTIONS[operation]] = error.message
            return {}

    versioning = ask("GetBucketVersioning")
    lock = ask("GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError")
    lifecycle = ask("GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration")
    policy = ask("GetBucketPolicy", "NoSuchBucketPolicy")
    configured = lock.get("ObjectLockConfiguration") or {}
    locks = configured.get("ObjectLockEnabled") == "Enabled"
    refused = None
    if foreign:
        refused = _refused(bucket, retain, unread) if locks else frozenset[str]()
    return BucketFacts(
        versioning=versioning.get("Status") == "Enabled",
        object_lock=locks,
        lifecycle=bool(lifecycle.get("Rules")),
        policy=policy.get("Policy"),
        refused=refused,
        unread=unread,
    )


def _refused(bucket: LogBucket, retain: timedelta, unread: dict[str, str]) -> frozenset[str] | None:
    """The guards that refuse a write against them; None where the caller may write nothing."""
    now = bucket.door.clock.now()
    enough, short = now + retain + timedelta(hours=1), now + retain - timedelta(days=1)
    if not bucket.would_take(on_condition=True, retain_until=enough):
        unread[ACTIONS["PutObject"]] = "a write as orgroot makes it is denied"
        return None
    against: dict[str, tuple[bool, datetime | None]] = {
        "EachKeyIsWrittenOnce": (False, enough),
        "EachObjectIsLocked": (True, None),
        "EachObjectIsLockedLongEnough": (True, short),
    }
    return frozenset(
        guard
        for guard, (condition, until) in against.items()
        if not bucket.would_take(on_condition=condition, retain_until=until)
    )


def _no_bucket(bucket: LogBucket) -> UsageError:
    return UsageError(
        f"there is no bucket {bucket.place.bucket}",
        hint="make it in an account that does nothing else, with Object Lock: `aws s3api "
        f"create-bucket --bucket {bucket.place.bucket} --object-lock-enabled-for-bucket "
        f"--create-bucket-configuration LocationConstraint={bucket.door.region}`",
        code="log-bucket",
    )
