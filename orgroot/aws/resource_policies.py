"""Bucket policies inside a root session: the ResourcePolicyGateway.

Every call on a bucket names the owning account and goes to the Region given; no redirect is
followed, and no bucket of another account is ever touched.
"""

from collections.abc import Mapping
from typing import Any

from orgroot.aws.clients import AwsDoor
from orgroot.aws.paging import pages
from orgroot.aws.patience import Patience
from orgroot.core.secrets import RootSession
from orgroot.errors import AwsError, UsageError
from orgroot.ports import Bucket

_PAGE = 1000


class AwsResourcePolicies:
    """Bucket policies in a member account; see `ports.ResourcePolicyGateway`."""

    def __init__(self, door: AwsDoor, patience: Patience | None = None) -> None:
        self._door = door
        self._patience = patience or Patience()

    def buckets(self, session: RootSession, prefix: str = "") -> tuple[Bucket, ...]:
        """`s3:ListBuckets`, all pages, with their Regions, in order of name."""
        # MaxBuckets asks for pages and for BucketRegion; without it, large quotas are refused.
        wanted: dict[str, Any] = {"MaxBuckets": _PAGE}
        if prefix:
            wanted["Prefix"] = prefix
        found = [
            Bucket(name=each["Name"], region=each.get("BucketRegion") or None)
            for page in pages(
                lambda parameters: self._patience(
                    lambda: self._door.call("s3", "ListBuckets", parameters, session=session)
                ),
                wanted,
                sends="ContinuationToken",
                answers="ContinuationToken",
                operation="s3:ListBuckets",
            )
            for each in page.get("Buckets", ())
        ]
        return tuple(sorted(found, key=lambda bucket: bucket.name))

    def bucket_policy(self, session: RootSession, bucket: str, region: str) -> bytes | None:
        """`s3:GetBucketPolicy`: the exact text, or None where there is no policy."""
        try:
            answer = self._patience(
                lambda: self._door.call(
                    "s3", "GetBucketPolicy", _on(bucket, session), session=session, region=region
                )
            )
        except AwsError as error:
            if error.aws_code == "NoSuchBucketPolicy":
                return None
            raise
        return str(answer["Policy"]).encode()

    def put_bucket_policy(
        self, session: RootSession, bucket: str, region: str, policy: bytes
    ) -> None:
        """`s3:PutBucketPolicy`: these bytes, unchanged.

        Raises:
            UsageError: the policy is not UTF-8; nothing was called.
        """
        try:
            text = policy.decode()
        except UnicodeDecodeError as error:
            raise UsageError("a bucket policy must be UTF-8 text", code="policy") from error
        self._change("PutBucketPolicy", {**_on(bucket, session), "Policy": text}, session, region)

    def delete_bucket_policy(self, session: RootSession, bucket: str, region: str) -> None:
        """`s3:DeleteBucketPolicy`."""
        self._change("DeleteBucketPolicy", _on(bucket, session), session, region)

    def _change(
        self, operation: str, parameters: Mapping[str, Any], session: RootSession, region: str
    ) -> None:
        self._patience(
            lambda: self._door.call(
                "s3", operation, parameters, changes=True, session=session, region=region
            )
        )


def _on(bucket: str, session: RootSession) -> dict[str, str]:
    return {"Bucket": bucket, "ExpectedBucketOwner": session.account}
