"""What S3 refuses of a write by its own rules, where moto takes it.

It follows PutObject and PutBucketVersioning (S3 API reference) and "Checking object integrity" (S3
user guide). Who may write is none of its business.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from orgroot.sandbox import object_lock
from orgroot.sandbox.model import ApiError, Call
from orgroot.sandbox.wire import HttpRequest


def check(call: Call, request: HttpRequest) -> None:
    """Refuse a write that S3 would not take; other calls pass.

    Raises:
        ApiError: a condition, digest or retention that S3 does not accept.
    """
    if call.service != "s3":
        return
    if call.operation == "PutObject":
        _condition(call.params)
        _retention(call)
        _digests(call.params, request)
    if call.operation == "PutBucketVersioning":
        wanted = (call.params.get("VersioningConfiguration") or {}).get("Status")
        if wanted != "Enabled" and object_lock.is_on(str(call.params["Bucket"])):
            text = (
                "An Object Lock configuration is present on this bucket, so the versioning state "
                "cannot be changed."
            )
            raise ApiError("InvalidBucketState", text, 409)


def _condition(params: Mapping[str, Any]) -> None:
    if params.get("IfNoneMatch") not in {None, "*"}:
        text = "A header you provided implies functionality that is not implemented"
        raise ApiError("NotImplemented", text, 501, {"Header": "If-None-Match"})


def _retention(call: Call) -> None:
    mode, until = call.params.get("ObjectLockMode"), call.params.get("ObjectLockRetainUntilDate")
    if (mode is None) != (until is None):
        text = (
            "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
        )
        raise ApiError("InvalidArgument", text, 400)
    if mode is None or until is None:
        return
    if mode not in {"COMPLIANCE", "GOVERNANCE"}:
        raise ApiError("InvalidArgument", "Unknown wormMode directive.", 400)
    if until <= call.at:
        raise ApiError("InvalidArgument", "The retain until date must be in the future!", 400)


def _digests(params: Mapping[str, Any], request: HttpRequest) -> None:
    if "aws-chunked" in request.headers.get("content-encoding", ""):
        return  # the digest of a body in chunks comes in its trailer, which the front does not read
    named = params.get("ChecksumSHA256")
    if named is not None and named != _sha256(request.body):
        _require_digest(named, hashlib.sha256().digest_size)
        text = "The SHA256 you specified did not match the calculated checksum."
        raise ApiError("BadDigest", text, 400)
    named = params.get("ContentMD5")
    if named is not None and named != _md5(request.body):
        text = "The Content-MD5 you specified did not match what we received."
        raise ApiError("BadDigest", text, 400)


def _require_digest(text: str, size: int) -> None:
    try:
        sound = len(base64.b64decode(text, validate=True)) == size
    except binascii.Error:
        sound = False
    if not sound:
        words = "Value for x-amz-checksum-sha256 header is invalid."
        raise ApiError("InvalidRequest", words, 400)


def _sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def _md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
