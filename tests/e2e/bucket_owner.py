"""A bucket's owner with plain boto3, who knows nothing of orgroot: makes, locks and knocks."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

ELSEWHERE = "eu-central-1"


def arns(bucket: str) -> list[str]:
    """The bucket and what is in it."""
    return [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]


def innocent(account: str, bucket: str) -> dict[str, Any]:
    """A statement that locks nobody out: the account's own root may read."""
    return {
        "Sid": "AccountReads",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": arns(bucket),
    }


def denial(bucket: str, action: str | list[str] = "s3:*", sid: str = "Oops") -> dict[str, Any]:
    """A statement that denies everyone."""
    resource = arns(bucket) if action == "s3:*" else arns(bucket)[:1]
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
    }


def document(*statements: dict[str, Any]) -> str:
    """A bucket policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def make_bucket(s3: Any, bucket: str, *statements: dict[str, Any]) -> None:
    """Create a bucket in the client's Region, with a policy where there are statements."""
    where = {"LocationConstraint": s3.meta.region_name}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    if statements:
        s3.put_bucket_policy(Bucket=bucket, Policy=document(*statements))


def refused(s3: Any, bucket: str) -> set[str]:
    """Which of these the owner's administrator is denied: read, change and delete the policy."""
    harmless = denial(bucket, "s3:DeleteBucket", "Keep")
    tries = {
        "get": lambda: s3.get_bucket_policy(Bucket=bucket),
        "put": lambda: s3.put_bucket_policy(Bucket=bucket, Policy=document(harmless)),
        "delete": lambda: s3.delete_bucket_policy(Bucket=bucket),
    }
    return {name for name, call in tries.items() if _code(call) == "AccessDenied"}


def policy(s3: Any, bucket: str) -> dict[str, Any] | None:
    """The bucket's policy as its owner reads it; None where there is none."""
    code = _code(lambda: s3.get_bucket_policy(Bucket=bucket))
    if code == "NoSuchBucketPolicy":
        return None
    assert code is None, code
    found: dict[str, Any] = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    return found


def _code(call: Callable[[], object]) -> str | None:
    """The code of AWS's refusal; None where there was none."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None
