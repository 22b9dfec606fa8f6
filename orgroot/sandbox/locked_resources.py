"""The buckets and queues of the seeded company whose policies lock their own administrators out."""

import json
from typing import TYPE_CHECKING, Any, Final

from orgroot.sandbox.company import COMPANY
from orgroot.sandbox.world import LockedResource

if TYPE_CHECKING:
    from orgroot.sandbox.organization_values import Account

SECOND_REGION: Final = "eu-central-1"


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _deny(sid: str, action: str | list[str], *resources: str) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": list(resources),
    }


def locked_buckets(
    owners: "tuple[Account, ...]", tag: str, region: str
) -> tuple[LockedResource, ...]:
    """Up to three locked buckets of different owners, in two Regions.

    The first denies everyone everything, the second does so beside two statements that are
    innocent, the third denies only changing its policy.
    """
    builders = (_ledger, _tfstate, _artifacts)
    return tuple(build(owner, tag, region) for build, owner in zip(builders, owners, strict=False))


def _ledger(owner: "Account", tag: str, region: str) -> LockedResource:
    name = f"{COMPANY}-{owner.name}-ledger-{tag}"
    arn = f"arn:aws:s3:::{name}"
    policy = _document(_deny("LockDown", "s3:*", arn, f"{arn}/*"))
    return LockedResource(name=name, account=owner.id, region=region, policy=policy)


def _tfstate(owner: "Account", tag: str, _region: str) -> LockedResource:
    name = f"{COMPANY}-{owner.name}-{tag}-tfstate"
    arn = f"arn:aws:s3:::{name}"
    allow = {
        "Sid": "AccountReadsState",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{owner.id}:root"},
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [arn, f"{arn}/*"],
    }
    policy = _document(
        allow,
        _deny("KeepTheBucket", "s3:DeleteBucket", arn),
        _deny("OnlyFromTheOldPipeline", "s3:*", arn, f"{arn}/*"),
    )
    return LockedResource(name=name, account=owner.id, region=SECOND_REGION, policy=policy)


def _artifacts(owner: "Account", tag: str, region: str) -> LockedResource:
    name = f"{COMPANY}-{owner.name}-artifacts-{tag}"
    changes = ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
    policy = _document(_deny("FreezePolicy", changes, f"arn:aws:s3:::{name}"))
    return LockedResource(name=name, account=owner.id, region=region, policy=policy)


def locked_queues(owners: "tuple[Account, ...]", region: str) -> tuple[LockedResource, ...]:
    """Up to two locked queues of different owners, in two Regions; the second has an innocent side.

    The innocent statement lets a topic of the same account send.
    """
    queues = []
    for owner, where, innocent in zip(owners, (region, SECOND_REGION), (False, True), strict=False):
        name = f"{owner.name}-events"
        arn = f"arn:aws:sqs:{where}:{owner.id}:{name}"
        lock = _deny("LockDown", "sqs:*", arn)
        send = {
            "Sid": "TopicSends",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": owner.id}},
        }
        policy = _document(send, lock) if innocent else _document(lock)
        queues.append(LockedResource(name=name, account=owner.id, region=where, policy=policy))
    return tuple(queues)
