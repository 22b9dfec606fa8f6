"""Looking at a bucket before a log is created in it. It changes nothing."""

from collections.abc import Mapping
from typing import Any

from orgroot.aws.log_bucket import ACTIONS, LogBucket
from orgroot.core.log_bucket import BucketFacts
from orgroot.errors import AwsError, AwsErrorKind, UsageError


def look_at(bucket: LogBucket) -> BucketFacts:
    """What S3 says of the bucket; what the caller may not read is named.

    Raises:
        UsageError: there is no such bucket, or it is in another Region.
        AuditUnavailable: S3 does not answer.
    """
    unread: dict[str, str] = {}

    def ask(operation: str, absent: str = "") -> Mapping[str, Any]:
        try:
            return bucket.ask(operation, absent=absent)
        except AwsError as error:
            if error.kind is not AwsErrorKind.DENIED:
                raise _no_bucket(bucket) from error
            unread[ACTIONS[operation]] = error.message
            return {}

    versioning = ask("GetBucketVersioning")
    lock = ask("GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError")
    lifecycle = ask("GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration")
    policy = ask("GetBucketPolicy", "NoSuchBucketPolicy")
    configured = lock.get("ObjectLockConfiguration") or {}
    return BucketFacts(
        versioning=versioning.get("Status") == "Enabled",
        object_lock=configured.get("ObjectLockEnabled") == "Enabled",
        lifecycle=bool(lifecycle.get("Rules")),
        policy=policy.get("Policy"),
        unread=unread,
    )


def _no_bucket(bucket: LogBucket) -> UsageError:
    return UsageError(
        f"there is no bucket {bucket.place.bucket}",
        hint="make it in an account that does nothing else, with Object Lock: `aws s3api "
        f"create-bucket --bucket {bucket.place.bucket} --object-lock-enabled-for-bucket "
        f"--create-bucket-configuration LocationConstraint={bucket.door.region}`",
        code="log-bucket",
    )
