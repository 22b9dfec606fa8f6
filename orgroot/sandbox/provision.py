"""Furnishing an account behind the front: users with keys, roles, buckets, queues, each at once.

It writes moto's state directly, as a seed does, and so asks no policy; never call it for a client.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from orgroot.core.ids import AccountId
from orgroot.sandbox.data_plane import DataPlane

DENY_EVERYONE: Mapping[str, Any] = {"Effect": "Deny", "Principal": "*", "Sid": "DenyEveryone"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserKey:
    """An IAM user's access key.

    Attributes:
        arn: the user.
        access_key_id: ``AKIA…``.
        secret: the secret access key; valid in this sandbox only.
    """

    arn: str
    access_key_id: str
    secret: str

    def __repr__(self) -> str:
        return f"UserKey({self.arn}, {self.access_key_id})"


def add_user(
    data_plane: DataPlane, account: AccountId, name: str, policies: Mapping[str, str]
) -> UserKey:
    """Make an IAM user with inline policies (name to document) and one access key."""
    backend = data_plane.iam(account)
    with data_plane.locked("iam"):
        user = backend.create_user("us-east-1", name)
        for policy_name, document in policies.items():
            user.put_policy(policy_name, document)
        key = backend.create_access_key(name)
    return UserKey(arn=user.arn, access_key_id=key.access_key_id, secret=key.secret_access_key)


def add_role(
    data_plane: DataPlane,
    account: AccountId,
    name: str,
    *,
    trust: Mapping[str, Any],
    policies: Mapping[str, str],
    path: str = "/",
) -> str:
    """Make a role with inline policies (name to document); its ARN."""
    backend = data_plane.iam(account)
    with data_plane.locked("iam"):
        role = backend.create_role(
            role_name=name,
            assume_role_policy_document=json.dumps(trust),
            path=path,
            permissions_boundary="",
            description="",
            tags=[],
            max_session_duration="3600",
        )
        role.policies.update(policies)
    return str(role.arn)


def add_bucket(
    data_plane: DataPlane,
    account: AccountId,
    name: str,
    region: str,
    policy: str | None,
    *,
    object_lock: bool = False,
) -> None:
    """Make a bucket, with a bucket policy where one is given."""
    with data_plane.locked("s3"):
        bucket = s3_backends[account]["aws"].create_bucket(name, region)
        if object_lock:
            bucket.object_lock_enabled = True
            bucket.versioning_status = "Enabled"
        bucket.policy = None if policy is None else policy.encode()


def add_queue(
    data_plane: DataPlane, account: AccountId, name: str, region: str, policy: str | None
) -> None:
    """Make a queue, with a queue policy where one is given."""
    with data_plane.locked("sqs"):
        queue = sqs_backends[account][region].create_queue(name)
        if policy is not None:
            queue.policy = policy


def allow_policy(actions: Iterable[str]) -> str:
    """An identity policy that allows some actions everywhere, and nothing else."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def lock_policy(actions: str, resources: tuple[str, ...]) -> str:
    """A resource policy that denies everyone everything: the lock-out that root undoes."""
    statement = {**DENY_EVERYONE, "Action": actions, "Resource": list(resources)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
