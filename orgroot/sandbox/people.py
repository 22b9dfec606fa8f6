"""The sandbox's ready-made people: an SSH key each, and what each may do in AWS.

Keys are new at every start and good for this sandbox only; must never touch a key of the user's.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from orgroot.core.ids import AccountId

_AUDIT_TASK: Final = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
_GOVERNS: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_READS: Final = (
    {
        "Sid": "ReadGovernance",
        "Effect": "Allow",
        "Action": [
            "sts:GetCallerIdentity",
            "organizations:Describe*",
            "organizations:List*",
            "iam:ListOrganizationsFeatures",
            "account:ListRegions",
            "cloudtrail:LookupEvents",
        ],
        "Resource": "*",
    },
    {
        "Sid": "UseALogInS3",
        "Effect": "Allow",
        "Action": [
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetBucketPolicy",
            "s3:GetBucketVersioning",
            "s3:GetLifecycleConfiguration",
            "s3:GetObjectRetention",
            "s3:GetObjectVersion",
            "s3:ListBucketVersions",
            "s3:PutObject",
            "s3:PutObjectRetention",
        ],
        "Resource": "arn:aws:s3:::orgroot-log-*",
    },
    {
        "Sid": "AuditRootCredentials",
        "Effect": "Allow",
        "Action": "sts:AssumeRoot",
        "Resource": "arn:aws:iam::*:root",
        "Condition": {"ArnEquals": {"sts:TaskPolicyArn": _AUDIT_TASK}},
    },
)


def _document(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


ADMINISTRATOR_POLICIES: Final = {"administrator": _document(_GOVERNS)}
"""Inline policies of who runs orgroot: everything in the management account."""

READER_POLICIES: Final = {"root-governance-reader": _document(*_READS)}
"""Inline policies of who approves and reviews: reading, and root sessions that audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One of the ready-made people.

    Attributes:
        name: also the name of the key files and of the IAM user.
        groups: the groups of the roster.
        owner: whether the person owns the rules.
        user_arn: the IAM user in the management account.
        policies: its inline policies, name to document.
        private_key: an OpenSSH private key, not encrypted.
        public_key: the ``ssh-ed25519 …`` line.
    """

    name: str
    groups: tuple[str, ...]
    owner: bool
    user_arn: str
    policies: Mapping[str, str]
    private_key: str = field(repr=False)
    public_key: str


_ROSTER: Final = (
    ("dana", (), True),
    ("alice", ("platform", "oncall"), False),
    ("olga", ("platform", "oncall"), False),
    ("bob", ("security",), False),
    ("carol", ("security",), False),
)


def make_people(management_account: AccountId) -> tuple[Person, ...]:
    """Dana, alice, olga, bob and carol with fresh ed25519 keys."""
    return tuple(
        _person(name, groups, owner=owner, account=management_account)
        for name, groups, owner in _ROSTER
    )


def make_person(name: str, management_account: AccountId) -> Person:
    """Somebody else of that account, in no group, with a fresh key."""
    return _person(name, (), owner=False, account=management_account)


def _person(name: str, groups: tuple[str, ...], *, owner: bool, account: AccountId) -> Person:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return Person(
        name=name,
        groups=groups,
        owner=owner,
        user_arn=f"arn:aws:iam::{account}:user/{name}",
        policies=ADMINISTRATOR_POLICIES if "platform" in groups else READER_POLICIES,
        private_key=private.decode(),
        public_key=public.decode(),
    )


def write_keys(people: tuple[Person, ...], folder: Path) -> None:
    """Write ``<folder>/<person>`` (mode 0600) and ``<folder>/<person>.pub`` as OpenSSH reads them.

    Raises:
        OSError: the folder cannot be made or a file cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for person in people:
        _write(folder / person.name, person.private_key, 0o600)
        _write(folder / f"{person.name}.pub", f"{person.public_key} {person.name}\n", 0o644)


def _write(path: Path, text: str, mode: int) -> None:
    # Removed first: the mode given to open counts only for a file that it makes, and a link that
    # lies there must not be followed.
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
