"""CloudTrail against the log, through the command line and over real HTTP."""

from typing import Any

import pytest

from tests.e2e.playground import Playground

AUDIT = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}


def copied_reference(place: Playground) -> str:
    """The reference of the newest session that orgroot opened, as anyone may read it."""
    agents = [call["user_agent"] for call in place.control("state")["assume_root"]]
    return next(agent for agent in reversed(agents) if " ref/orq." in agent)


def outside(place: Playground, account: str, **options: Any) -> str:
    """Someone opens a root session with boto3 alone; answers its access key id."""
    sts = place.administrator("sts", **options)
    answer = sts.assume_root(TargetPrincipal=account, TaskPolicyArn=AUDIT)
    return str(answer["Credentials"]["AccessKeyId"])


def wearing(agent: str) -> Any:
    """A client configuration that sends this very user agent."""
    from botocore.config import Config  # noqa: PLC0415 - what an attacker would write

    return Config(user_agent=agent)


def test_assume_root_outside_the_tool_with_a_copied_reference_is_found(place: Playground) -> None:
    """The log has no session of that access key id: exit 4, whatever the user agent says."""
    account = place.account("backup")
    place.ok("alice", "inventory", account)
    agent = copied_reference(place)
    plain, dressed = outside(place, account), outside(place, account, config=wearing(agent))
    done = place.run("carol", "reconcile", "-o", "json")
    assert done.code == 4
    assert "integrity" in done.json["exit_reasons"]
    rows = {row["access_key_id"]: row for row in done.json["sessions"]}
    logged = {session["access_key_id"] for session in place.witness()["sessions"]}
    assert {rows[key]["status"] for key in logged} == {"MATCHED"}
    assert rows[plain]["status"] == rows[dressed]["status"] == "UNLOGGED_SESSION"
    assert "no reference" in rows[plain]["detail"]
    assert "the reference was copied" in rows[dressed]["detail"]
    shown = place.run("carol", "reconcile")
    assert plain in shown.out
    assert dressed in shown.out
    assert place.ok("bob", "log", "verify")["findings"] == []


def test_a_known_caller_is_shown_apart(place: Playground) -> None:
    """A caller whom the configuration explains for a task and a time is no finding."""
    caller = place.administrator("sts").get_caller_identity()["Arn"]
    known = (
        f"reconcile:\n  known_callers:\n    - role: {caller}\n"
        "      tasks: [audit-root-credentials]\n"
        "      reason: weekly scan\n      until: 2099-01-01\n"
    )
    config = place.variant("known", ("\napprovals:\n", f"\n{known}approvals:\n"))
    key = outside(place, place.account("backup"))
    done = place.run("carol", "--config", config, "reconcile", "--dry-run", "-o", "json")
    rows = {row["access_key_id"]: row for row in done.json["sessions"]}
    assert rows[key]["status"] == "KNOWN_CALLER"
    assert "weekly scan" in rows[key]["detail"]
    assert done.json["summary"]["UNLOGGED_SESSION"] == 0


def test_a_delegate_is_read_through_its_role_or_named(place: Playground) -> None:
    """Without a role the delegate's trail is exit 9 and named; with one it is read."""
    delegate = place.account("security-tooling")
    where = {"AccountId": delegate, "ServicePrincipal": "iam.amazonaws.com"}
    organizations = place.administrator("organizations")
    organizations.register_delegated_administrator(**where)
    try:
        key = place.in_account(delegate, "sts").assume_root(
            TargetPrincipal=place.account("backup"), TaskPolicyArn=AUDIT
        )["Credentials"]["AccessKeyId"]
        blind = place.run("alice", "reconcile", "--dry-run", "-o", "json")
        assert "incomplete" in blind.json["exit_reasons"]
        assert {one["account"] for one in blind.json["unread"]} == {delegate}
        role = f"arn:aws:iam::{delegate}:role/OrganizationAccountAccessRole"
        roles = f'reconcile:\n  roles: {{"{delegate}": "{role}"}}\n'
        config = place.variant("roles", ("\napprovals:\n", f"\n{roles}approvals:\n"))
        done = place.run("alice", "--config", config, "reconcile", "--dry-run", "-o", "json")
        assert done.json["unread"] == []
        assert key in {row["access_key_id"] for row in done.json["sessions"]}
        assert done.code == 4
    finally:
        organizations.deregister_delegated_administrator(**where)


@pytest.mark.parametrize("arguments", [("--days", "0"), ("--days", "91"), ("--days", "x")])
def test_a_wrong_number_of_days_is_refused(place: Playground, arguments: tuple[str, str]) -> None:
    """CloudTrail keeps 90 days: anything else is exit 2 before any call."""
    place.refused("carol", 2, "reconcile", *arguments)
