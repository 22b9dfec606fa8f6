"""SCPs that would lock out whoever governs the organization, published ones among them."""

import json

import pytest

from tests.e2e.playground import Playground
from tests.e2e.test_scp_check import landing_zone_text
from tests.e2e.test_scp_plans import APPLY, DENY, SCP, declaring, unit_of

OTHER = {**DENY, "Statement": [DENY["Statement"][0] | {"Action": "athena:*"}]}
TASKS = (
    "audit-root-credentials",
    "delete-root-credentials",
    "allow-root-recovery",
    "unlock-bucket",
    "unlock-queue",
)


def test_an_scp_that_stops_root_sessions_for_a_landing_zone(place: Playground) -> None:
    """Exit 3 by task, account, policy and Sid; accepted by name, approvers read it first."""
    unit = unit_of(place, "orders-dev")
    config = declaring(place, "LZA-copy", landing_zone_text(), targets=[unit])
    for command in (("scp", "plan"), APPLY):
        done = place.refused("alice", 3, "--config", config, *command)
        assert "unlock-bucket in " in done.err
        assert "LZA-copy (ROOT)" in done.err
    accepting = [word for task in TASKS for word in ("--accept-lockout", task)]
    asked = place.run("alice", "--config", config, *APPLY, *accepting, "-o", "json")
    assert asked.code == 10
    assert asked.json["summary"]["changes"][0].startswith("LOCKOUT ACCEPTED: ")
    place.ok("alice", "request", "cancel", asked.json["id"], "--yes")
    wrong = place.refused("alice", 2, "scp", "plan", "--accept-lockout", "everything")
    assert "names no root task" in wrong.err


@pytest.mark.parametrize(
    ("name", "tags", "tool"),
    [
        ("aws-guardrails-abcd", {}, "Control Tower"),
        ("AWSAccelerator-core", {"orgroot:managed": "true"}, "Landing Zone Accelerator"),
        ("baseline", {"ManagedBy": "terraform"}, "Terraform"),
        ("FullAWSAccess", {}, "AWS"),
    ],
)
def test_scps_of_another_tool_are_never_written(
    place: Playground, name: str, tags: dict[str, str], tool: str
) -> None:
    """Whatever the configuration says of them: neither rewritten, nor adopted, nor deleted."""
    organizations = place.administrator("organizations")
    if tool != "AWS":
        organizations.create_policy(
            Name=name,
            Description="",
            Content=json.dumps(DENY),
            Type=SCP,
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
    config = declaring(place, name, json.dumps(OTHER), targets=[])
    for command in (APPLY, ("scp", "adopt", name, "--reason", "ours now", "--yes")):
        done = place.refused("alice", 2, "--config", config, *command)
        assert tool in done.err, done.err
    assert f"delete-scp {name}" not in place.run("alice", "scp", "plan").out


def test_an_scp_that_changed_after_its_approval(place: Playground) -> None:
    """Another text of that name came first: the approved plan is stale (3), and nothing is done."""
    config = declaring(place, "late", json.dumps(DENY), targets=[unit_of(place, "network")])
    request = place.pending("alice", "--config", config, *APPLY[:-1])
    place.approve(request, "bob")
    organizations = place.administrator("organizations")
    made = organizations.create_policy(
        Name="late", Description="", Content=json.dumps(OTHER), Type=SCP
    )
    done = place.refused("alice", 3, "execute", request, "--yes")
    assert "stale" in done.err
    organizations.delete_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"])


def allowing(*services: str) -> str:
    """An allow list."""
    actions = [f"{service}:*" for service in services]
    statement = {"Sid": "Allow", "Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_plan_that_stops_root_sessions_between_its_steps(place: Playground) -> None:
    """Two lists trade what they allow: exit 3 by step; half-way AWS indeed refuses the session."""
    account = place.account("orders-dev")
    organizations = place.administrator("organizations")
    lists = {"trade-a": allowing("iam", "sqs"), "trade-b": allowing("s3")}
    texts, made = dict(zip(lists, reversed(lists.values()), strict=True)), {}
    try:
        for name, text in lists.items():
            answer = organizations.create_policy(
                Name=name,
                Description="",
                Content=text,
                Type=SCP,
                Tags=[{"Key": "orgroot:managed", "Value": "true"}],
            )
            made[name] = answer["Policy"]["PolicySummary"]["Id"]
            organizations.attach_policy(PolicyId=made[name], TargetId=account)
        organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=account)
        entries = []
        for name, text in texts.items():
            (place.folder / f"{name}.json").write_text(text, encoding="utf-8")
            entry = {"name": name, "file": f"{name}.json", "targets": [account]}
            entries.append(f"  - {json.dumps(entry)}\n")
        config = place.variant("trading", ("scps:\n", "".join(("scps:\n", *entries))))
        for command in (("scp", "plan"), APPLY):
            done = place.refused("alice", 3, "--config", config, *command)
            assert "(update-scp trade-a) and until a later one, " in done.err
            assert f"audit-root-credentials in {account} would be denied by" in done.err
        place.ok("alice", "inventory", account)
        organizations.update_policy(PolicyId=made["trade-a"], Content=texts["trade-a"])
        (row,) = place.ok("alice", "inventory", account, code=9)["accounts"]
        assert row["denied_by"]["kind"] == "service control policy"
        organizations.update_policy(PolicyId=made["trade-b"], Content=texts["trade-b"])
        place.ok("alice", "inventory", account)
    finally:
        organizations.attach_policy(PolicyId="p-FullAWSAccess", TargetId=account)
        for policy in made.values():
            organizations.detach_policy(PolicyId=policy, TargetId=account)
            organizations.delete_policy(PolicyId=policy)
