"""Threats to the rules: accounts that move, second identities, rules that nobody can satisfy."""

import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bucket_owner import denial, document
from tests.e2e.operator_roles import OPENS, make_role, session_of
from tests.e2e.operator_roles import document as trust_document
from tests.e2e.playground import Playground
from tests.e2e.test_attacks import Target, findings

RULES = "\n    - id: sessions\n"
"""Where a rule of a test's own is put in."""


def publish(place: Playground, *replacements: tuple[str, str]) -> str:
    """Rules changed so, put in force by their owner; the path of the config."""
    config = place.variant(f"rules-{uuid.uuid4().hex[:8]}", *replacements)
    place.ok("dana", "--config", config, "rules", "publish", "--as", "dana", "--yes")
    return config


def not_published(place: Playground, word: str, *replacements: tuple[str, str]) -> None:
    """Rules changed so are refused (2), by an error that says this, and nothing is written."""
    config = place.variant(f"bad-{uuid.uuid4().hex[:8]}", *replacements)
    publishing = ("--config", config, "rules", "publish", "--as", "dana", "--yes")
    assert word in place.refused("dana", 2, *publishing).err


def stricter(match: str) -> tuple[str, str]:
    """Three must approve an unlocking that this matches, two of them of security."""
    return (
        RULES,
        f"""
    - id: strict
      match: {{tasks: [unlock-bucket], {match}}}
      requesters: {{groups: [platform]}}
      executors: {{groups: [platform]}}
      approvals:
        total: 3
        each_of: [{{group: security, count: 2}}, {{group: platform, count: 1}}]
{RULES.lstrip(chr(10))}""",
    )


def missing(place: Playground, request: str) -> int:
    """How many approvals a request still needs."""
    shown = place.ok("carol", "request", "show", request)
    return sum(each["count"] for each in shown["missing"])


def move(place: Playground, account: str, to: str) -> str:
    """The administrator moves an account; answers where it was."""
    organizations = place.administrator("organizations")
    (parent,) = organizations.list_parents(ChildId=account)["Parents"]
    organizations.move_account(
        AccountId=account, SourceParentId=parent["Id"], DestinationParentId=to
    )
    return str(parent["Id"])


def another_ou(place: Playground) -> str:
    """A new OU directly below the root."""
    organizations = place.administrator("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    name = f"weak-{uuid.uuid4().hex[:8]}"
    made = organizations.create_organizational_unit(ParentId=root, Name=name)
    return str(made["OrganizationalUnit"]["Id"])


def parent_of(place: Playground, account: str) -> str:
    """The OU it is in."""
    organizations = place.administrator("organizations")
    return str(organizations.list_parents(ChildId=account)["Parents"][0]["Id"])


def test_account_moved_to_a_weaker_ou_and_back(place: Playground) -> None:
    """Moved away both rules apply, moved back nothing is executed; only an owner's word ends it."""
    target = Target(place)
    strict, weak = parent_of(place, target.account), another_ou(place)
    publish(place, stricter(f"ous: [{strict}]"))
    assert missing(place, target.asked("--ticket", "before")) == 3
    move(place, target.account, weak)
    request = target.asked("--ticket", "moved")
    summary = place.ok("carol", "request", "show", request)["summary"]
    assert any(line.startswith("MOVED: ") and strict in line for line in summary["targets"])
    place.approve(request, "olga", "bob")
    with place.untouched():
        waiting = place.run("alice", "execute", request, "--yes")
    assert waiting.code == 10, waiting.err
    place.approve(request, "carol")
    move(place, target.account, strict)
    place.refused("alice", 3, "execute", request, "--yes")
    move(place, target.account, weak)
    ack = ("log", "ack", target.account, "--reason", "it belongs there", "--yes")
    place.refused("dana", 2, *ack, "--as", "alice")
    place.refused("dana", 2, *ack[:3], "--as", "dana", "--yes")
    done = place.ok("dana", *ack, "--as", "dana")
    assert done["moves"][0]["ou_path"].endswith(weak)
    place.refused("alice", 3, "execute", request, "--yes")
    assert missing(place, target.asked("--ticket", "settled")) == 2
    assert findings(place) == set()


def test_bucket_policy_or_tags_changed_after_approval(place: Playground) -> None:
    """Another policy or another tag than was approved: refused (3), and left as it is."""
    publish(place, stricter("tags: {stage: prod}"))
    target = Target(place)
    organizations = place.administrator("organizations")
    request = target.granted()
    organizations.tag_resource(ResourceId=target.account, Tags=[{"Key": "stage", "Value": "prod"}])
    stale = place.refused("alice", 3, "execute", request, "--yes")
    assert "STALE" in stale.err
    tagged = target.asked("--ticket", "tagged")
    assert missing(place, tagged) == 3
    organizations.untag_resource(ResourceId=target.account, TagKeys=["stage"])
    assert missing(place, target.asked("--ticket", "untagged")) == 3
    place.ok("dana", "log", "ack", target.account, "--as", "dana", "--reason", "seen", "--yes")
    fresh = target.asked("--ticket", "fresh")
    place.approve(fresh, "bob", "olga")
    put_by_somebody_else(target, document(denial(target.name, sid="AnotherOne")))
    before = place.control("state")["calls"]["s3:PutBucketPolicy"]
    done = place.run("alice", "execute", fresh, "--yes", "-o", "json")
    assert (done.code, done.json["items"][0]["outcome"]) == (3, "refused"), done.err
    assert "STALE" in done.json["items"][0]["reason"]
    assert place.control("state")["calls"]["s3:PutBucketPolicy"] == before


def put_by_somebody_else(target: Target, policy: str) -> None:
    """The administrator changes the policy in a root session that orgroot knows nothing of."""
    task = "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"
    answer = target.place.administrator("sts").assume_root(
        TargetPrincipal=target.account, TaskPolicyArn={"arn": task}
    )
    s3 = target.place.with_session(answer["Credentials"], "s3")
    s3.put_bucket_policy(Bucket=target.name, Policy=policy)


def test_key_added_to_local_yaml(place: Playground) -> None:
    """Alice's key as bob's, in her own copy of the rules, approves nothing and attaches nothing."""
    request = Target(place).asked()
    keys = place.folder / "keys"
    own, bobs = (
        (keys / f"{n}.pub").read_text(encoding="utf-8").split()[1] for n in ("alice", "bob")
    )
    config = place.variant("own-key", (bobs, own))
    key = {"ORGROOT_KEY": str(keys / "alice.pub")}
    done = place.refused("bob", 2, "--config", config, "approve", request, "--yes", env=key)
    assert "is not a key of bob" in done.err
    prepared = place.run("carol", "approval", "prepare", request, "--as", "bob")
    statement = place.folder / f"{uuid.uuid4().hex}.json"
    statement.write_text(prepared.out, encoding="ascii")
    sign(keys / "alice", statement, "orgroot-approval-v1")
    attach = ("approval", "attach", str(statement), f"{statement}.sig")
    place.refused("carol", 4, "--config", config, *attach)
    assert missing(place, request) == 2


def sign(key: Path, file: Path, namespace: str) -> None:
    """Sign a file as anybody can, with ssh-keygen alone."""
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(key), str(file)],
        check=True,
        stdin=subprocess.DEVNULL,
    )


def test_one_person_in_two_slots(place: Playground) -> None:
    """Bob is of both groups that must approve, and remains one person, however often he signs."""
    publish(place, ("groups: [security]", "groups: [security, platform]"), ("total: 2", "total: 1"))
    request = Target(place).asked()
    place.approve(request, "bob")
    assert missing(place, request) == 1
    again = place.run("bob", "approve", request, "--yes")
    assert again.code in {0, 3}, again.err
    with place.untouched():
        waiting = place.run("alice", "execute", request, "--yes")
    assert waiting.code == 10, waiting.err
    place.approve(request, "olga")
    place.ok("alice", "execute", request, "--yes")


def entry(place: Playground, name: str, groups: str, key: str, arn: str = "") -> tuple[str, str]:
    """A further roster entry, before the rules."""
    aws = f'\n      aws: [{{arn: "{arn}"}}]' if arn else ""
    text = (place.folder / "config.yaml").read_text(encoding="utf-8")
    added = next(line for line in text.splitlines() if "added: " in line)
    since = added.split("added: ")[1].split("}")[0]
    keys = f'\n      keys: [{{key: "{key}", added: {since}}}]'
    return "\n  rules:\n", f"\n    {name}:\n      groups: [{groups}]{keys}{aws}\n  rules:\n"


@pytest.fixture(scope="module")
def second_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another key of alice's."""
    path = tmp_path_factory.mktemp("keys") / "second"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return path


def public(key: Path) -> str:
    """The public half."""
    return " ".join(key.with_suffix(".pub").read_text(encoding="utf-8").split()[:2])


def test_self_approval_through_a_second_key(place: Playground, second_key: Path) -> None:
    """Her second key is still alice; a second entry with a key or identity of hers is refused."""
    own = public(place.folder / "keys" / "alice")
    for key, arn in ((own, ""), (public(second_key), place.info["people"]["alice"]["user"])):
        change = entry(place, "alter", "security", key, arn)
        not_published(place, "share a key or an AWS identity", change)
    config = publish(
        place,
        (
            f'keys: [{{key: "{own}"',
            f'keys: [{{key: "{public(second_key)}", added: 2026-01-10T00:00:00Z}}, {{key: "{own}"',
        ),
        ("groups: [platform, oncall]", "groups: [platform, oncall, security]"),
    )
    request = Target(place).asked()
    key = {"ORGROOT_KEY": f"{second_key}.pub"}
    done = place.refused(
        "alice", 3, "--config", config, "approve", request, "--yes", "--as", "alice", env=key
    )
    assert "the requester never counts" in done.err
    assert missing(place, request) == 2


def test_self_approval_through_a_second_role(place: Playground) -> None:
    """A role that only looks like olga's in Identity Center is nobody: exit 4, nothing done."""
    account = place.info["management_account"]
    olga = place.info["people"]["olga"]["user"]
    sso = f'{{sso: olga@corp, accounts: ["{account}"], permission_sets: [RootGov]}}'
    config = publish(place, (f'{{arn: "{olga}"}}', sso))
    name = "AWSReservedSSO_RootGov_0123456789abcdef"
    anyone = {"AWS": f"arn:aws:iam::{account}:root"}
    imitation = make_role(place, name, anyone, OPENS, {**OPENS, "Action": "*", "Resource": "*"})
    env = session_of(place, imitation, "olga@corp")
    request = Target(place).asked()
    place.approve(request, "bob")
    done = place.refused("olga", 4, "--config", config, "execute", request, "--yes", env=env)
    assert "was not made by IAM Identity Center" in done.err
    iam = place.administrator("iam")
    iam.delete_role_policy(RoleName=name, PolicyName="own")
    iam.delete_role(RoleName=name)
    trust = trust_document({"Effect": "Allow", "Principal": anyone, "Action": "sts:AssumeRole"})
    genuine = iam.create_role(
        RoleName=name,
        Path="/aws-reserved/sso.amazonaws.com/",
        AssumeRolePolicyDocument=trust,
    )["Role"]["Arn"]
    whole = trust_document({**OPENS, "Action": "*", "Resource": "*"})
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=whole)
    env = session_of(place, genuine, "olga@corp")
    waiting = place.run("olga", "--config", config, "execute", request, "--yes", env=env)
    assert waiting.code == 10, waiting.err


UNREACHABLE = (
    "total: 2\n        each_of: [{group: security, count: 1}, {group: platform, count: 1}]"
)


@pytest.mark.parametrize(
    ("sentence", "change", "code"),
    [
        (
            "More of a group than there are.",
            (UNREACHABLE, "total: 3\n        each_of: [{group: security, count: 3}]"),
            "unreachable",
        ),
        (
            "Accounts that no rule covers.",
            ("  match:\n", "  match:\n        accounts: ['111122223333']\n"),
            "HOLE",
        ),
        (
            "A group of nobody.",
            ("requesters: {groups: [platform]}\n", "requesters: {groups: [ghosts]}\n"),
            "empty-group",
        ),
        ("Approvals below the table.", (UNREACHABLE, "total: 0"), "below-minimum"),
        (
            "Keys that nobody has.",
            ("approval_ttl: 2h}", "approval_ttl: 2h, hardware_key: required}"),
            "unreachable",
        ),
        (
            "A review that nobody can do.",
            (
                "group: security, count: 1}\n    - id: sessions",
                "group: security, count: 9}\n    - id: sessions",
            ),
            "unreachable-review",
        ),
    ],
)
def test_rules_nobody_can_satisfy(
    place: Playground, sentence: str, change: tuple[str, str], code: str
) -> None:
    """`rules check` names the error (6), `rules publish` refuses them (2) and writes nothing."""
    config = place.variant(f"bad-{uuid.uuid4().hex[:8]}", change)
    with place.untouched():
        done = place.run("dana", "--config", config, "rules", "check", "--as", "dana", "-o", "json")
    assert done.code == 6, sentence
    errors = {issue["code"] for issue in done.json["issues"] if issue["level"] == "error"}
    assert code in errors, sentence
    not_published(place, "`orgroot rules check` shows all", change)


def test_what_breaks_when_somebody_leaves(place: Playground) -> None:
    """`rules check --without` is 6 where a quorum would be out of reach, and writes nothing."""
    publish(
        place,
        (
            UNREACHABLE,
            UNREACHABLE.replace("security, count: 1", "security, count: 2").replace(
                "total: 2", "total: 3"
            ),
        ),
    )
    config = str(max(place.folder.glob("rules-*.yaml"), key=lambda path: path.stat().st_mtime_ns))
    check: tuple[str, ...] = ("--config", config, "rules", "check", "--as", "dana")
    with place.untouched():
        gone: Any = place.ok("dana", *check, "--without", "bob", code=6)
        shown = place.ok(
            "carol",
            "rules",
            "show",
            "--task",
            "unlock-bucket",
            "--account",
            place.account("backup"),
            "--as",
            "alice",
        )
        matrix = place.ok("carol", "rules", "show", "--matrix")
    assert "unreachable" in {issue["code"] for issue in gone["issues"]}
    assert shown["asker"]["could_approve"] == ["bob", "carol", "olga"]
    assert {row["task"] for row in matrix["regions"]} >= {"unlock-bucket", "root-session"}
