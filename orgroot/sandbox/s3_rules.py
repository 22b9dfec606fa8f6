"""What S3 says by itself: a bucket's Region, expected owner and ownership, and ListBuckets.

moto answers ListBuckets without the Region of a bucket, on which an unlock depends.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from orgroot.core.ids import AccountId
from orgroot.sandbox.data_plane import DataPlane
from orgroot.sandbox.model import ApiError

_MAX_BUCKETS = 10_000
_LIST_PARAMETERS = ("MaxBuckets", "Prefix", "BucketRegion", "ContinuationToken")
_POLICY_OPERATIONS = frozenset(
    {"GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy", "GetBucketPolicyStatus"}
)


def check(
    data_plane: DataPlane,
    operation: str,
    params: Mapping[str, Any],
    *,
    region: str,
    caller: AccountId,
) -> None:
    """Refuse what S3 refuses by itself; a bucket that does not exist is left to S3 to miss.

    Raises:
        ApiError: PermanentRedirect to the bucket's Region, AccessDenied for an unexpected owner,
            MethodNotAllowed for the bucket policy of another account.
    """
    name = params.get("Bucket")
    bucket = data_plane.bucket(str(name)) if name else None
    if bucket is None or operation == "CreateBucket":
        return
    anywhere = operation == "GetBucketLocation" and region == "us-east-1"
    if bucket.region != region and not anywhere:
        raise ApiError(
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified "
            "endpoint. Please send all future requests to this endpoint.",
            301,
            {
                "Endpoint": f"{name}.s3.{bucket.region}.amazonaws.com",
                "Bucket": str(name),
                "x-amz-bucket-region": bucket.region,
            },
        )
    expected = params.get("ExpectedBucketOwner")
    if expected and expected != bucket.account:
        raise ApiError("AccessDenied", "Access Denied", 403)
    if operation in _POLICY_OPERATIONS and caller != bucket.account:
        text = "The specified method is not allowed against this resource."
        raise ApiError("MethodNotAllowed", text, 405, {"Method": "POLICY"})


def list_buckets(
    data_plane: DataPlane, params: Mapping[str, Any], account: AccountId
) -> Mapping[str, Any]:
    """Answer ListBuckets; ``BucketRegion`` is told only where a parameter was given, as S3 does.

    Raises:
        ApiError: a parameter out of range.
    """
    size = int(params.get("MaxBuckets") or _MAX_BUCKETS)
    if not 1 <= size <= _MAX_BUCKETS:
        raise ApiError("InvalidArgument", "Argument max-buckets must be 1 to 10000", 400)
    prefix, region = str(params.get("Prefix") or ""), params.get("BucketRegion")
    after = _after(params.get("ContinuationToken"))
    found = [
        bucket
        for bucket in data_plane.buckets(account)
        if bucket[0].startswith(prefix)
        and region in {None, bucket[1]}
        and (after is None or bucket[0] > after)
    ]
    told = any(params.get(name) for name in _LIST_PARAMETERS)
    answer: dict[str, Any] = {
        "Owner": {"ID": hashlib.sha256(account.encode()).hexdigest()},
        "Buckets": [
            {"Name": name, "CreationDate": made, **({"BucketRegion": where} if told else {})}
            for name, where, made in found[:size]
        ],
    }
    if prefix:
        answer["Prefix"] = prefix
    if len(found) > size:
        token = base64.urlsafe_b64encode(found[size - 1][0].encode()).decode()
        answer["ContinuationToken"] = token
    return answer


def _after(token: Any) -> str | None:
    if token is None:
        return None
    try:
        return base64.urlsafe_b64decode(str(token)).decode()
    except ValueError as error:
        text = "The continuation token provided is incorrect"
        raise ApiError("InvalidArgument", text, 400) from error
