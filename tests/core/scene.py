"""The people, rules, accounts and texts that tests of the log are about, and their facts."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from fakes.signer import FakeSigner

from orgroot.core.config import Approvals, Owners, Trust
from orgroot.core.facts import (
    AbortedItem,
    ClosedItem,
    IssuedItem,
    StepIntentItem,
    StepResultItem,
)
from orgroot.core.ids import sha256
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.scp_changes import ScpContent
from orgroot.core.scp_document import policy_text
from orgroot.core.statement_parts import Target
from orgroot.core.structure import convert

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ORG = "o-exampleorgid"
LOG = "5f0c8d2e9b7a4c31"
ACCOUNT = "333333333333"
OTHER = "444444444444"
THIRD = "555555555555"
BUCKET = "example-logs"
LOCKED = b'{"Version":"2012-10-17","Statement":[{"Sid":"Lock","Effect":"Deny"},{"Sid":"Keep"}]}'
OPEN = b'{"Version":"2012-10-17","Statement":[{"Sid":"Keep"}]}'
SCP = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}'
SEED = b"\x07" * 32

PEOPLE: Mapping[str, tuple[str, ...]] = {
    "alice": ("platform",),
    "olga": ("platform",),
    "bob": ("security",),
    "carol": ("security",),
    "erik": ("security", "platform"),
    "nightly": ("readers",),
}
AWS = ("alice", "olga")


def arn(person: str) -> str:
    """The AWS identity of a person."""
    return f"arn:aws:iam::111111111111:user/{person}"


def key(person: str) -> str:
    """A person's public key."""
    return FakeSigner(person).public_key


def person(name: str, **changes: Any) -> dict[str, Any]:
    """A roster entry as a tree."""
    tree: dict[str, Any] = {
        "groups": list(PEOPLE.get(name, ())),
        "keys": [{"key": key(name), "added": "2026-01-10T00:00:00Z"}],
    }
    if name in AWS:
        tree["aws"] = [{"arn": arn(name)}]
    if name == "nightly":
        tree["service"] = "true"
    return tree | changes


def rule(rule_id: str, tasks: list[str] | None, total: int, **fields: Any) -> dict[str, Any]:
    """A rule as a tree; platform asks."""
    named = ("buckets", "queues", "accounts", "ous", "tags", "except")
    match = {name: fields.pop(name) for name in named if fields.get(name)}
    slots = fields.pop("each_of", {})
    match |= {"tasks": tasks} if tasks is not None else {}
    return {
        "id": rule_id,
        "match": match,
        "requesters": {"groups": fields.pop("requesters", ["platform"])},
        "approvals": {
            "total": str(total),
            "each_of": [{"group": g, "count": str(n)} for g, n in slots.items()],
        },
        **{name: {"groups": v} for name, v in fields.items() if name in {"executors", "approvers"}},
        **{n: v for n, v in fields.items() if n not in {"executors", "approvers"}},
    }


ROOT_TASKS = ["unlock-bucket", "delete-root-credentials"]
READING = ["audit-root-credentials", "inspect-bucket-policy"]
RULES: tuple[dict[str, Any], ...] = (
    rule("root-tasks", ROOT_TASKS, 1, each_of={"security": 1}, executors=["platform"]),
    rule(
        "state-buckets",
        ["unlock-bucket"],
        2,
        buckets=["*-tfstate"],
        each_of={"security": 1},
        approvers=["security", "platform"],
        executors=["platform"],
    ),
    rule("guarded", ["disable-root-access", "add-scps", "change-scps"], 1, each_of={"security": 1}),
    rule("adding", ["enable-root-access"], 0),
    rule("reading", READING, 0, requesters=["platform", "security", "readers"]),
)


def tree_of(
    *rules: dict[str, Any], people: Mapping[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    """An `approvals:` tree."""
    roster = {name: person(name) for name in PEOPLE} | dict(people or {})
    return {
        "expires": "2026-08-01T00:00:00Z",
        "people": {name: entry for name, entry in roster.items() if entry},
        "rules": list(rules or RULES),
        **fields,
    }


def approvals_of(*rules: dict[str, Any], **fields: Any) -> Approvals:
    """Approvals as loaded."""
    return convert(tree_of(*rules, **fields), Approvals)


def trust_of(*owners: str, threshold: int = 1, **fields: Any) -> Trust:
    """The pinned trust."""
    keys = [{"person": name, "key": key(name)} for name in owners or ("dana",)]
    base = {
        "log_id": LOG,
        "store": "file:///var/lib/log",
        "owners": {"threshold": threshold, "keys": keys},
    }
    return msgspec.convert(base | fields, Trust)


def owners_of(*names: str, threshold: int = 1) -> Owners:
    """Owners of a trust."""
    return trust_of(*names, threshold=threshold).owners


def bucket_params(*names: str) -> dict[str, Any]:
    """The parameters of an unlocking that drops one statement of each bucket's policy."""
    return {
        "mode": "drop-statements",
        "buckets": [
            {
                "bucket": name,
                "region": "eu-west-1",
                "expected_policy_sha256": sha256(LOCKED),
                "unseen": False,
                "sids": ["Lock"],
                "before_b64": base64.b64encode(LOCKED).decode(),
                "after_b64": base64.b64encode(OPEN).decode(),
            }
            for name in names or (BUCKET,)
        ],
    }


def creation(text: str = SCP, name: str = "deny") -> dict[str, Any]:
    """The change that creates an SCP."""
    wanted = ScpContent(policy=policy_text(text), description="")
    after: Any = msgspec.to_builtins(wanted)
    return {"op": "create-scp", "target": name, "before": None, "after": after}


def target(account: str = ACCOUNT, **fields: Any) -> Target:
    """A member account as asked about."""
    base = {
        "account": account,
        "name": f"team-{account[0]}",
        "ou_path": "r-ab12/ou-ab12-11111111",
        "tags_sha256": sha256(b"{}\n"),
        "partition": "aws",
        "region": "eu-west-1",
    }
    return Target(**(base | fields))


def removal_params(*accounts: str) -> dict[str, Any]:
    """The parameters of a removal in these accounts."""
    seen = {
        "password": True,
        "access_keys": ["AKIAEXAMPLE"],
        "signing_certificates": [],
        "mfa_devices": [],
    }
    return {
        "only": ["password", "access-keys"],
        "seen": dict.fromkeys(accounts, seen),
        "survey": "orq_" + "a" * 26,
    }


def issued(
    account: str = ACCOUNT, key_id: str = "ASIA1", policy: TaskPolicy = TaskPolicy.UNLOCK_BUCKET
) -> IssuedItem:
    """A session was issued."""
    return IssuedItem(
        account=account,
        task_policy=policy,
        access_key_id=key_id,
        expires_at="2026-03-02T10:00:00Z",
        aws_request_id="00000000-0000",
    )


def begun(
    account: str = ACCOUNT,
    n: int = 1,
    operation: str = "s3:PutBucketPolicy",
    target: str = BUCKET,
) -> StepIntentItem:
    """A change is about to be made."""
    return StepIntentItem(account=account, n=n, operation=operation, target=target, before_b64="")


def made(account: str = ACCOUNT, n: int = 1) -> StepResultItem:
    """A change was made."""
    return StepResultItem(account=account, n=n, outcome="done", after_sha256="", error="")


def ended(account: str = ACCOUNT, outcome: str = "succeeded", *objects: str) -> ClosedItem:
    """The work on an account ended."""
    return ClosedItem(account=account, outcome=outcome, objects=objects)


def refused(account: str = ACCOUNT) -> AbortedItem:
    """AWS refused before anything happened."""
    return AbortedItem(account=account, error="AccessDenied")
