"""`scp check` in a sandbox whose SCPs really stop what it says they stop."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.playground import Playground

DATA = Path(__file__).parent.parent / "data"
TERRAFORM = DATA / "terraform" / "landing-zone.json"
CORPUS = DATA / "scp-corpus"
LANDING_ZONE = CORPUS / "21-lza-cccs-sensitive-before-fix.json"
TASKS = (
    "IAMAuditRootUserCredentials",
    "IAMCreateRootUserPassword",
    "IAMDeleteRootUserCredentials",
    "S3UnlockBucketPolicy",
    "SQSUnlockQueuePolicy",
)
LANDING_ZONE_DENY = {"policy": "LZA-Guardrails-Sensitive", "sid": "ROOT"}
AUDIT = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}


@contextlib.contextmanager
def attached(place: Playground, name: str, text: str, target: str) -> Iterator[None]:
    """An SCP that somebody else attached, for a while."""
    organizations = place.administrator("organizations")
    made = organizations.create_policy(
        Name=name, Description="", Content=text, Type="SERVICE_CONTROL_POLICY"
    )
    policy = made["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=target)
    try:
        yield
    finally:
        organizations.detach_policy(PolicyId=policy, TargetId=target)
        organizations.delete_policy(PolicyId=policy)


def landing_zone_text() -> str:
    """The published SCP, its placeholders filled in, as small as AWS wants it."""
    text = LANDING_ZONE.read_text(encoding="utf-8").replace("${PARTITION}", "aws")
    filled = re.sub(r"\$\{[A-Z_]+\}", "PLACEHOLDER", text)
    return json.dumps(json.loads(filled), separators=(",", ":"))


def test_the_scp_that_broke_a_landing_zone_is_named(place: Playground) -> None:
    """Policy, Sid and accounts are named, and the sandbox indeed blocks the sessions there."""
    victim = next(a for a in place.info["accounts"] if a["name"] == "orders-dev")
    siblings = {a["id"] for a in place.info["accounts"] if a["ou_id"] == victim["ou_id"]}
    with attached(place, "LZA-Guardrails-Sensitive", landing_zone_text(), victim["ou_id"]):
        found = place.ok("alice", "scp", "check", code=6)
        session = place.administrator("sts", region_name="eu-west-1").assume_root(
            TargetPrincipal=victim["id"], TaskPolicyArn=AUDIT
        )["Credentials"]
        iam = place.with_session(session, "iam")
        with pytest.raises(ClientError, match="explicit deny in a service control policy"):
            iam.get_account_summary()
    denied = [
        row
        for row in found["results"]
        if row["principal"] == "root-session"
        and row["decision"] == "denied"
        and {**LANDING_ZONE_DENY, "kind": "service control policy"} in row["by"]
    ]
    assert {row["target"] for row in denied} == siblings
    assert len({row["task_policy"] for row in denied}) == 5


def terraform_plan(folder: Path, text: str, target: str) -> Path:
    """A plan, as Terraform writes it, that makes a policy through a module and attaches it."""
    template = TERRAFORM.read_text(encoding="utf-8").replace("@TARGET@", target)
    file = folder / "plan.json"
    file.write_text(template.replace('"@CONTENT@"', json.dumps(text)), encoding="utf-8")
    return file


def test_a_pull_request_that_would_break_root_sessions_fails(
    place: Playground, tmp_path: Path
) -> None:
    """Terraform's plan names policy, Sid and accounts, with the organization and without it."""
    victim = next(a for a in place.info["accounts"] if a["name"] == "orders-dev")
    siblings = {a["id"] for a in place.info["accounts"] if a["ou_id"] == victim["ou_id"]}
    plan = terraform_plan(tmp_path, landing_zone_text(), victim["ou_id"])
    asked = ("scp", "check", "--terraform-plan", str(plan))
    with place.untouched():
        live = place.ok("alice", *asked, code=6)
        alone = place.ok("alice", *asked, "--offline", code=6)
        nobody = place.ok(None, *asked, code=6)
    for found, accounts in (
        (live, siblings),
        (alone, {victim["ou_id"]}),
        (nobody, {victim["ou_id"]}),
    ):
        assert {row["task_policy"] for row in found["stopped"]} == set(TASKS)
        assert {account for row in found["stopped"] for account in row["accounts"]} == accounts
        blame = {**LANDING_ZONE_DENY, "kind": "service control policy"}
        assert all(blame in row["by"] and row["decision"] == "denied" for row in found["stopped"])
    assert any("no configuration" in note for note in nobody["notes"])
    spared = policy_text({"Null": {"aws:AssumedRoot": "true"}})
    harmless = terraform_plan(tmp_path, spared, victim["ou_id"])
    assert place.ok("alice", *asked[:-1], str(harmless))["stopped"] == []


def test_the_plan_of_the_configuration_is_judged_before_it_is_asked_for(
    place: Playground,
) -> None:
    """`--plan` names what the declared SCPs would stop, and what they leave alone is clean."""
    victim = next(a for a in place.info["accounts"] if a["name"] == "orders-dev")
    siblings = {a["id"] for a in place.info["accounts"] if a["ou_id"] == victim["ou_id"]}
    file = place.folder / "landing-zone.json"
    file.write_text(landing_zone_text(), encoding="utf-8")
    declared = f"scps:\n  - name: lz\n    file: {file.name}\n    targets: [{victim['ou_id']}]\n"
    whole = (place.folder / "config.yaml").read_text(encoding="utf-8")
    assert "scps:\n" in whole
    with place.untouched():
        harmless = place.ok("alice", "scp", "check", "--plan")
        config = place.variant("lz.yaml", ("scps:\n", declared))
        found = place.ok("alice", "--config", config, "scp", "check", "--plan", code=6)
    assert harmless["planned"]
    assert harmless["stopped"] == []
    assert {account for row in found["stopped"] for account in row["accounts"]} == siblings
    assert {(by["policy"], by["sid"]) for row in found["stopped"] for by in row["by"]} >= {
        ("lz", "ROOT")
    }


def policy_text(condition: Any) -> str:
    """A root deny under a condition."""
    deny = {"Sid": "Root", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [deny]})


SHUT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "OnlyFromTheNetwork",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-1"}},
        }
    ],
}


def test_a_resource_control_policy_that_stops_an_unlock_is_named(place: Playground) -> None:
    """An RCP is named with Sid and kind, and indeed the sandbox blocks the bucket's session."""
    bucket = place.locked_bucket("ledger")
    organizations = place.administrator("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    kind = "RESOURCE_CONTROL_POLICY"
    organizations.enable_policy_type(RootId=root, PolicyType=kind)
    organizations.list_roots()
    made = organizations.create_policy(
        Name="data-perimeter", Description="", Content=json.dumps(SHUT), Type=kind
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=made, TargetId=bucket["account"])
    try:
        asked = ("--target", bucket["account"])
        depends = place.ok("alice", "scp", "check", *asked)
        denied = place.ok("alice", "scp", "check", *asked, "--context", "aws:SourceVpc=", code=6)
        session = place.administrator("sts", region_name="eu-west-1").assume_root(
            TargetPrincipal=bucket["account"],
            TaskPolicyArn={
                "arn": AUDIT["arn"].replace("IAMAuditRootUserCredentials", "S3UnlockBucketPolicy")
            },
        )["Credentials"]
        with pytest.raises(ClientError, match="explicit deny in a resource control policy"):
            place.with_session(session, "s3").get_bucket_policy(Bucket=bucket["name"])
        refused = place.run(
            "alice", "inspect", "bucket", bucket["name"], "--account", bucket["account"]
        )
    finally:
        organizations.disable_policy_type(RootId=root, PolicyType=kind)
        organizations.delete_policy(PolicyId=made)
    blame = {
        "policy": "data-perimeter",
        "sid": "OnlyFromTheNetwork",
        "kind": "resource control policy",
    }
    for found, decision in ((depends, "depends"), (denied, "denied")):
        rows = [row for row in found["results"] if blame in row["by"]]
        assert {row["decision"] for row in rows} == {decision}
        assert {row["task_policy"] for row in rows} == {"S3UnlockBucketPolicy"}
    assert refused.code == 8
    assert f"resource_control_policy/{made}" in refused.err


def test_one_document_needs_no_credentials_and_no_configuration(
    place: Playground, tmp_path: Path
) -> None:
    """A file is judged where there is nothing else; what it stops is exit 6, what it is not, 2."""
    done = place.run(None, "scp", "check", "--file", str(LANDING_ZONE))
    assert done.code == 6
    assert ": ROOT" in done.out
    free = place.run(None, "scp", "check", "--file", "policies/scp/deny-root-user.json")
    assert free.code == 0, free.err
    broken = tmp_path / "broken.json"
    broken.write_text('{"Version": ')
    for bad in (str(broken), str(tmp_path / "none.json")):
        refused = place.run(None, "scp", "check", "--file", bad)
        assert refused.code == 2
        assert Path(bad).name in refused.err


@pytest.mark.parametrize(
    "wrong",
    [
        ("--target", "999999999999"),
        ("--context", "aws:SourceVpc"),
        ("--file", "policies/scp/deny-root-user.json", "--target", "999999999999"),
        ("--file", "policies/scp/deny-root-user.json", "--terraform-plan", "README.md"),
        ("--offline",),
        ("--plan", "--file", "policies/scp/deny-root-user.json"),
        ("--plan", "--terraform-plan", "README.md"),
        ("--terraform-plan", "README.md"),
        ("--terraform-plan", "none.json"),
        ("--terraform-plan", "README.md", "--offline", "--target", "999999999999"),
    ],
)
def test_what_makes_no_sense_is_refused(place: Playground, wrong: tuple[str, ...]) -> None:
    """What is no account, no value, no plan, or does not go together is exit 2."""
    place.refused("alice", 2, "scp", "check", *wrong)
