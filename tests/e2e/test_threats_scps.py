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
