"""The bucket of a log: the policies that guard it, and what a bucket still lacks to hold one.

Both documents are made here, for `policies/` and for the bucket at hand. A guard that is worded in
another way than known here counts as missing: nothing is believed that was not understood.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orgroot.core.policy_text import parse_policy, statements_in, texts
from orgroot.core.store_place import S3Place
from orgroot.core.wildcards import matches
from orgroot.errors import UsageError

_WRITES = ("s3:PutObject", "s3:PutObjectRetention", "s3:GetObjectVersion", "s3:GetObjectRetention")
_LISTS = (
    "s3:ListBucketVersions",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketPolicy",
    "s3:GetBucketVersioning",
    "s3:GetLifecycleConfiguration",
)
_TAKES_AWAY = (
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutLifecycleConfiguration",
    "s3:PutBucketVersioning",
    "s3:PutBucketObjectLockConfiguration",
    "s3:DeleteBucket",
)
_MEANING = {
    "EachKeyIsWrittenOnce": "a key can be written a second time",
    "EachObjectIsLocked": "an object can be written without compliance mode",
    "EachObjectIsLockedLongEnough": "an object can be locked for less than trust.retain",
    "NothingIsTakenAway": "objects can be deleted, or the bucket's guards changed",
}


_WRITE_GUARDS = ("EachKeyIsWrittenOnce", "EachObjectIsLocked", "EachObjectIsLockedLongEnough")


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketFacts:
    """What S3 says of a bucket.

    Attributes:
        versioning: it keeps versions.
        object_lock: it was made with Object Lock.
        lifecycle: it has lifecycle rules.
        policy: its bucket policy, or None.
        refused: where the policy cannot be read from this account: the guards that refused a write
            against them. None: it was read.
        unread: what could not be read, by the permission that was missing, and why.
    """

    versioning: bool
    object_lock: bool
    lifecycle: bool
    policy: str | None
    unread: Mapping[str, str]
    refused: frozenset[str] | None = None


def log_bucket_policy(
    place: S3Place, *, accounts: Sequence[str], retain_days: int
) -> dict[str, Any]:
    """The bucket policy of a log: what its writers may do, and what nobody may.

    Args:
        place: bucket and prefix.
        accounts: the accounts whose own policies say who uses the log: the management account, and
            the delegated administrator where runs start from there.
        retain_days: how long every object is locked at creation.
    """
    bucket = f"arn:aws:s3:::{place.bucket}"
    objects = f"{bucket}/{place.prefix}*"
    users = {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]}

    def allow(sid: str, actions: Sequence[str], resource: str) -> dict[str, Any]:
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": users,
            "Action": list(actions),
            "Resource": resource,
        }

    def deny(sid: str, actions: Any, resource: Any, condition: Any = None) -> dict[str, Any]:
        statement = {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": actions,
            "Resource": resource,
        }
        return statement if condition is None else statement | {"Condition": condition}

    put = "s3:PutObject"
    days = {"s3:object-lock-remaining-retention-days": str(retain_days)}
    return {
        "Version": "2012-10-17",
        "Statement": [
            allow("OrgrootUsesTheLog", _WRITES, objects),
            allow("OrgrootLooksAtTheBucket", _LISTS, bucket),
            deny("EachKeyIsWrittenOnce", put, objects, {"Null": {"s3:if-none-match": "true"}}),
            deny(
                "EachObjectIsLocked",
                put,
                objects,
                {"StringNotEquals": {"s3:object-lock-mode": "COMPLIANCE"}},
            ),
            deny("EachObjectIsLockedLongEnough", put, objects, {"NumericLessThan": days}),
            deny("NothingIsTakenAway", list(_TAKES_AWAY), [bucket, f"{bucket}/*"]),
        ],
    }


def log_bucket_scp(place: S3Place) -> dict[str, Any]:
    """The SCP for the account of the bucket: root, and root sessions, cannot change its policy."""
    bucket = f"arn:aws:s3:::{place.bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DenyRootTheLogBucketPolicy",
                "Effect": "Deny",
                "Action": ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
                "Resource": bucket,
                "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}},
            },
            {
                "Sid": "DenyTakingTheLogAway",
                "Effect": "Deny",
                "Action": list(_TAKES_AWAY),
                "Resource": [bucket, f"{bucket}/*"],
            },
        ],
    }


def lacks(facts: BucketFacts, wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """What a bucket lacks to hold a log, each in one sentence; what was not read is lacking too.

    Args:
        facts: as S3 answered.
        wanted: the bucket policy that `log_bucket_policy` makes for it.
    """
    found = [f"{action} is needed to look at it: {why}" for action, why in facts.unread.items()]
    if not facts.versioning and "s3:GetBucketVersioning" not in facts.unread:
        found.append("versioning is off")
    if not facts.object_lock and "s3:GetBucketObjectLockConfiguration" not in facts.unread:
        found.append("Object Lock is off")
    if facts.lifecycle:
        found.append("it has lifecycle rules, which may take objects away: remove them")
    if facts.refused is not None:
        found += (_open(sid) for sid in _WRITE_GUARDS if sid not in facts.refused)
    elif not facts.unread:
        found += _unguarded(facts.policy, wanted)
    return tuple(found)


def doubts(facts: BucketFacts) -> tuple[str, ...]:
    """What could not be found out from another account, and is for the bucket's own to check."""
    if facts.refused is None:
        return ()
    words = (
        "the bucket's policy can be read in its own account alone: there, make sure that it has "
        "NothingIsTakenAway of policies/s3/log-bucket.json, and its account the SCP beside it"
    )
    return (words,)


def as_text(document: Mapping[str, Any]) -> str:
    """A policy as it is shown and shipped."""
    return json.dumps(document, indent=2) + "\n"


def _open(sid: str) -> str:
    return f"its policy has no {sid}: {_MEANING[sid]}"


def _unguarded(policy: str | None, wanted: Mapping[str, Any]) -> Iterator[str]:
    try:
        present = () if policy is None else _denials(parse_policy(policy, "bucket policy"))
    except UsageError as error:
        yield f"its policy cannot be read: {error.message}"
        return
    for statement in wanted["Statement"]:
        if statement["Effect"] == "Deny" and not _covered(statement, present):
            yield _open(statement["Sid"])


def _denials(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        statement
        for statement in statements_in(document, "bucket policy")
        if statement.get("Effect") == "Deny" and _everyone(statement.get("Principal"))
    )


def _everyone(principal: Any) -> bool:
    return principal == "*" or (isinstance(principal, dict) and "*" in texts(principal.get("AWS")))


def _covered(wanted: Mapping[str, Any], present: Sequence[Mapping[str, Any]]) -> bool:
    """Each action on each resource is denied to everyone, at least as the wanted statement does."""
    return all(
        any(
            any(matches(p, action, ignore_case=True) for p in texts(each.get("Action")))
            and any(matches(p, resource) for p in texts(each.get("Resource")))
            and _as_strict(each.get("Condition"), wanted.get("Condition"))
            for each in present
        )
        for action in texts(wanted["Action"])
        for resource in texts(wanted["Resource"])
    )


def _as_strict(present: Any, wanted: Any) -> bool:
    """A denial bites at least as often: without a condition, by the same, or by a larger number."""
    if not present or present == wanted:
        return True
    if not isinstance(present, dict) or not isinstance(wanted, dict) or set(present) != set(wanted):
        return False
    for operator, keys in wanted.items():
        given = present[operator]
        if not isinstance(given, dict) or set(given) != set(keys):
            return False
        for key, value in keys.items():
            said = texts(given[key])
            if said != (value,) and not (len(said) == 1 and _larger(operator, said[0], value)):
                return False
    return True


def _larger(operator: str, given: str, wanted: str) -> bool:
    return operator == "NumericLessThan" and given.isdecimal() and int(given) >= int(wanted)
