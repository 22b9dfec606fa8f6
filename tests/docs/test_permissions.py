"""What the README says about permissions, against the code and a sandbox that enforces it."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from orgroot.core.root_tasks import ROOT_TASKS, TaskPolicy
from tests.docs.documents import README, REPOSITORY, section, table_rows
from tests.e2e.playground import Playground, playground

SERVICES = ("sts", "iam", "s3", "organizations", "account", "cloudtrail")
IN_IAM = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
}
ROLES = ("requester", "reader", "requester-direct", "executor")
_OF_IAM = {TaskPolicy.AUDIT, TaskPolicy.DELETE_CREDENTIALS}
TO_NAME_WHO_DENIED = {"organizations:ListPolicies", "organizations:DescribePolicy"}
WITHOUT_OPERATION = {"sts:SetSourceIdentity"}
"""Permissions that no operation of their own needs."""


def operations(path: Path) -> set[str]:
    """Every AWS operation whose name stands in a module of `orgroot/aws`, as IAM names it."""
    texts = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    session = botocore.session.get_session()
    found = {
        f"{service}:{name}"
        for service in SERVICES
        if service in texts
        for name in texts & set(session.get_service_model(service).operation_names)
    }
    return {IN_IAM.get(name, name) for name in found}


def tables() -> tuple[list[list[str]], list[list[str]]]:
    """The rows about the caller's actions, and those about actions in root sessions."""
    text = section(README.read_text(encoding="utf-8"), "Permissions")
    outside, inside = text.split("| Action in the root session |")
    return table_rows(outside), table_rows("| Action in the root session |" + inside)


def actions(cell: str) -> set[str]:
    """The IAM actions in a cell."""
    return set(re.findall(r"`([a-z0-9]+:[A-Za-z]+)`", cell))


def needed(command: str) -> set[str]:
    """The caller's actions that the table gives a command."""
    group = f"{command.split(maxsplit=1)[0]} …"
    found: set[str] = set()
    for cell, commands in tables()[0]:
        named = re.findall(r"`([a-z -]+(?: …)?)`", commands)
        if command in named or group in named or "every command" in commands:
            found |= actions(cell)
    return found


def opened(command: str) -> set[str]:
    """The actions that the table gives the root sessions of a command."""
    policies = {
        policy
        for cell, commands in tables()[0]
        if f"`{command}`" in commands
        for policy in re.findall(r"with `(\w+)`", cell)
    }
    return {
        action
        for cell, named in tables()[1]
        for policy in policies
        if policy in named or ("both of `IAM…`" in named and policy.startswith("IAM"))
        for action in actions(cell)
    }


def document(role: str) -> dict[str, Any]:
    """One of the shipped IAM documents."""
    path = REPOSITORY / "policies" / "iam" / f"{role}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def allowed(role: str) -> set[str]:
    """The actions of a shipped IAM document; AssumeRoot once per task policy."""
    found: set[str] = set()
    for statement in document(role)["Statement"]:
        listed = statement["Action"]
        if listed == "sts:AssumeRoot":
            arns = statement["Condition"]["ArnEquals"]["sts:TaskPolicyArn"]
            found |= {
                f"sts:AssumeRoot {arn}" for arn in ([arns] if isinstance(arns, str) else arns)
            }
        else:
            found |= set(listed)
    return found


def of_the_log() -> set[str]:
    """The actions that the table of a log in S3 names; PutObject needs one more than its own."""
    rows = table_rows(section(README.read_text(encoding="utf-8"), "The log in S3"))
    return set().union(*(actions(row[0]) for row in rows)) - {"s3:PutObjectRetention"}


def of_the_trail() -> set[str]:
    """The actions that the table of an organization trail names, less those that go unseen."""
    rows = table_rows(section(README.read_text(encoding="utf-8"), "CloudTrail against the log"))
    named = set().union(*(actions(row[0]) for row in rows))
    return named - {"s3:GetObject", "kms:Decrypt"}  # one is told apart by its version, one is S3's


def test_every_operation_of_the_code_is_in_a_table() -> None:
    """What `orgroot/aws` can call must be in the README, and little else."""
    called = set().union(*(operations(path) for path in (REPOSITORY / "orgroot/aws").glob("*.py")))
    outside, inside = tables()
    named = set().union(*(actions(row[0]) for row in (*outside, *inside)))
    assert called == (named | of_the_log() | of_the_trail()) - WITHOUT_OPERATION


def test_actions_in_root_sessions_are_open_in_their_task_policies() -> None:
    """An action that the README gives a task policy must be one that AWS leaves open in it."""
    for cell, named in tables()[1]:
        for policy in TaskPolicy:
            if policy in named or ("both of `IAM…`" in named and policy in _OF_IAM):
                assert actions(cell) <= set(ROOT_TASKS[policy].actions), policy


def test_the_shipped_documents_hold_what_the_table_says() -> None:
    """The executor's document must be the whole table; each smaller one a part of the next."""
    requester, reader, direct, executor = map(allowed, ROLES)
    assert requester < reader < direct < executor
    plain = {action for action in executor if not action.startswith("sts:")}
    outside = set().union(*(actions(row[0]) for row in tables()[0]))
    assert plain == {action for action in outside if not action.startswith("sts:")}
    rows = re.findall(r"with `(\w+)`", "\n".join(row[0] for row in tables()[0]))
    assert {name.rpartition("/")[2] for name in executor - plain} == set(rows)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A sandbox with all off, whose people may do what the shipped documents say and no more."""
    folder = tmp_path_factory.mktemp("permissions") / "s"
    with playground(folder, "--accounts", "12", "--seed", "7", "--features", "off") as found:
        for person, role in (("carol", "reader"), ("alice", "requester-direct")):
            wear(found, person, role)
        yield found


def wear(place: Playground, person: str, role: str) -> None:
    """Give a person one of the shipped documents, and nothing else."""
    iam = place.administrator("iam")
    for name in iam.list_user_policies(UserName=person)["PolicyNames"]:
        iam.delete_user_policy(UserName=person, PolicyName=name)
    text = json.dumps(document(role))
    iam.put_user_policy(UserName=person, PolicyName=role, PolicyDocument=text)


class Watch:
    """Runs commands and holds their calls to the table."""

    def __init__(self, place: Playground) -> None:
        self.place = place
        self.seen: set[str] = set()

    def run(self, person: str, command: str, *options: str, code: int = 0, row: str = "") -> str:
        """Run a command; its request id, if it has one."""
        before = self.place.control("state")["calls"]
        done = self.place.run(person, *command.split(), *options)
        assert done.code == code, f"{person} {command}: {done.code}\n{done.out}\n{done.err}"
        after = self.place.control("state")["calls"]
        calls = {IN_IAM.get(n, n) for n, count in after.items() if count != before.get(n, 0)}
        self.seen |= calls
        name = row or command
        assert calls <= needed(name) | opened(name) | TO_NAME_WHO_DENIED, name
        found = re.search(r"orq_[a-z2-7]{26}", done.out)
        return found[0] if found else ""

    def through(
        self, command: str, *options: str, approvers: tuple[str, ...], code: int = 10
    ) -> None:
        """Alice asks as a requester, others approve, and she executes as an executor."""
        id_ = self.run("alice", command, *options, "--reason", "r", "--yes", code=code)
        for person in approvers:
            done = self.place.run(person, "approve", id_, "--yes")
            assert done.code == 0, done.err
        wear(self.place, "alice", "executor")
        self.run("alice", "execute", id_, "--yes", row=command)
        wear(self.place, "alice", "requester-direct")


def test_the_shipped_documents_are_enough_and_the_table_is_true(place: Playground) -> None:
    """With the shipped documents alone everything must work, by no call outside the table."""
    watch = Watch(place)
    watch.run("carol", "whoami")
    watch.run("carol", "status")
    wear(place, "alice", "executor")
    watch.run("alice", "enable", "--reason", "r", "--yes")
    wear(place, "alice", "requester-direct")
    watch.run("carol", "inventory", "--all", code=9)
    root = place.administrator("organizations").list_roots()["Roots"][0]["Id"]
    watch.run("carol", "inventory", "--ou", root, "--tag", "none=such")
    watch.run("carol", "scp plan")
    watch.run("carol", "scp check", code=6)
    watch.run("carol", "drift", code=9)
    watch.run("carol", "reconcile")
    watch.through("scp apply", approvers=("bob",))
    config = place.folder / "config.yaml"
    text = config.read_text(encoding="utf-8")
    for old, new in (("Long-term root is", "The root user is"), ("- name: orgroot-p", "- name: p")):
        text = text.replace(old, new)
    config.write_text(text, encoding="utf-8")
    watch.through("scp apply", approvers=("bob",))
    allow = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"a4b:*","Resource":"*"}}'
    (place.folder / "by-hand.json").write_text(allow, encoding="utf-8")
    place.administrator("organizations").create_policy(
        Name="by-hand", Description="", Type="SERVICE_CONTROL_POLICY", Content=allow
    )
    line = "scps:\n  - {name: by-hand, file: by-hand.json, targets: []}"
    config.write_text(text.replace("scps:", line, 1), encoding="utf-8")
    watch.through("scp adopt", "by-hand", approvers=("bob",))
    config.write_text(text, encoding="utf-8")
    watch.through("credentials remove", "--all", approvers=("bob", "olga"), code=9)
    bucket = place.info["locked_buckets"][0]
    where = (bucket["name"], "--account", bucket["account"])
    watch.run("alice", "inspect bucket", *where)
    watch.through("unlock-bucket", *where, "--mode", "delete", approvers=("bob", "olga"))
    asked = ("--account", bucket["account"], "--task-policy", "S3UnlockBucketPolicy")
    id_ = watch.run("alice", "session request", *asked, "--reason", "r", "--yes", code=10)
    for person in ("bob", "olga"):
        assert place.run(person, "approve", id_, "--yes").code == 0
    wear(place, "alice", "executor")
    watch.run("alice", "session exec", id_, "--yes", "--", "true")
    wear(place, "alice", "requester")
    delegate = next(a["id"] for a in place.info["accounts"] if a["name"] == "security-tooling")
    text = config.read_text(encoding="utf-8")
    line = f'  delegated_administrator: "{delegate}"\n  region:'
    config.write_text(text.replace("  region:", line, 1), encoding="utf-8")
    watch.through("enable", approvers=("bob",))
    watch.through("disable", approvers=("bob",))
    outside = set().union(*(actions(row[0]) for row in tables()[0]))
    by_others = {"sts:AssumeRole", "iam:GetRole"}  # through roles, and by Identity Center's users
    assert outside - watch.seen == {*WITHOUT_OPERATION, *by_others}


def test_a_reader_cannot_open_other_root_sessions(place: Playground) -> None:
    """The reader's document must not be enough to open a session that could unlock a bucket."""
    bucket = place.info["locked_buckets"][1]
    done = place.run("carol", "inspect", "bucket", bucket["name"], "--account", bucket["account"])
    assert done.code == 8
