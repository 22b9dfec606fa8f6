"""S3 Object Lock where moto falls short: reading a retention, and never weakening one.

It follows "Locking objects with Object Lock" (S3 user guide): COMPLIANCE can only be lengthened,
GOVERNANCE only be weakened with the bypass.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from moto.s3.models import s3_backends

from orgroot.sandbox.answers import Answer
from orgroot.sandbox.data_plane import DataPlane
from orgroot.sandbox.evaluation import Evaluation
from orgroot.sandbox.model import ApiError, Call

_RETENTION = frozenset({"x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"})
_PROTECTED = "Access Denied because object protected by object lock."


def answer(data_plane: DataPlane, call: Call) -> Mapping[str, Any] | None:
    """Answer GetObjectRetention, and refuse a PutObjectRetention that weakens; None: moto's turn.

    Raises:
        ApiError: no retention, or one that may not be weakened.
    """
    if call.operation not in {"GetObjectRetention", "PutObjectRetention"}:
        return None
    params = call.params
    held = _retention(
        data_plane, str(params["Bucket"]), str(params["Key"]), params.get("VersionId")
    )
    if call.operation == "PutObjectRetention":
        if held is not None:
            _check_change(held, params, call.at)
        return None
    if held is None:
        text = "The specified object does not have a ObjectLock configuration"
        raise ApiError("NoSuchObjectLockConfiguration", text, 404)
    return {"Retention": {"Mode": held[0], "RetainUntilDate": _moment(held[1])}}


def is_on(bucket: str) -> bool:
    """The bucket exists and was made with Object Lock."""
    found = s3_backends.bucket_accounts.get(bucket)
    if found is None:
        return False
    return bool(s3_backends[found[1]][found[0]].buckets[bucket].object_lock_enabled)


def _retention(
    data_plane: DataPlane, bucket: str, key: str, version: str | None
) -> tuple[str, str] | None:
    """Mode and end of an object version's retention, or None.

    Raises:
        ApiError: no such bucket or object.
    """
    found = s3_backends.bucket_accounts.get(bucket)
    if found is None:
        raise ApiError("NoSuchBucket", "The specified bucket does not exist", 404)
    with data_plane.locked("s3"):
        held = s3_backends[found[1]][found[0]].get_object(bucket, key, version_id=version)
    if held is None:
        raise ApiError("NoSuchKey", "The specified key does not exist.", 404)
    return (held.lock_mode, held.lock_until) if held.lock_mode and held.lock_until else None


def may_see(evaluation: Evaluation, call: Call) -> bool:
    """Whether a read object may come with its retention ("Object Lock permissions")."""
    if call.operation not in {"GetObject", "HeadObject"}:
        return True
    try:
        evaluation.authorize(call, (("s3:GetObjectRetention", call.resource),))
    except ApiError:
        return False
    return True


def without_retention(answer: Answer) -> Answer:
    """The same object, and not a word of its retention."""
    kept = tuple(item for item in answer.headers if item[0].lower() not in _RETENTION)
    return replace(answer, headers=kept)


def _check_change(held: tuple[str, str], params: Mapping[str, Any], now: datetime) -> None:
    mode, until = held[0], _moment(held[1])
    if until <= now:
        return
    wanted = params.get("Retention") or {}
    wanted_until = wanted.get("RetainUntilDate")
    longer = wanted_until is not None and wanted_until >= until
    if longer and (wanted.get("Mode") == mode or mode == "GOVERNANCE"):
        return
    if mode == "GOVERNANCE" and params.get("BypassGovernanceRetention"):
        return
    raise ApiError("AccessDenied", _PROTECTED, 403)


def _moment(text: str) -> datetime:
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
