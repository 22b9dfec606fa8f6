"""Plans of SCPs in a sandbox that enforces them: refused in time, proved wave by wave, put back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.playground import Playground
from tests.e2e.scenes import PASSED
from tests.e2e.stage import KILLED, Stage

SCP = "SERVICE_CONTROL_POLICY"
DENY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Old", "Effect": "Deny", "Action": "a4b:*", "Resource": "*"}],
}
SMALL = json.dumps(DENY, separators=(",", ":"))
LONG = SMALL.replace("a4b:*", "a4b:*" + "x" * (10_241 - len(SMALL)))
APPLY = ("scp", "apply", "--reason", "guardrails", "--yes")


def declaring(place: Playground, name: str, text: str, **fields: Any) -> str:
    """A configuration that declares one SCP more, with this text."""
    (place.folder / f"{name}.json").write_text(text, encoding="utf-8")
    entry = {"name": name, "file": f"{name}.json", "targets": ["root"], **fields}
    return place.variant(name, ("scps:\n", f"scps:\n  - {json.dumps(entry)}\n"))


def unit_of(place: Playground, name: str) -> str:
    """The OU of an account."""
    return next(str(a["ou_id"]) for a in place.info["accounts"] if a["name"] == name)


@pytest.mark.parametrize(
    ("name", "text", "fields", "words"),
    [
        ("malformed", '{"Version": "2012-10-17", "Statement": [', {}, "malformed.json: line 1"),
        (
            "long",
            LONG,
            {},
            "10,241 characters",
        ),
        ("lost", json.dumps(DENY), {"targets": ["ou-zzzz-99999999"]}, "ou-zzzz-99999999"),
        (
            "nowhere",
            json.dumps(DENY),
            {"targets": ["everything"]},
            "'everything' is not accepted: a target is root",
        ),
        ("AWSAccelerator-1", json.dumps(DENY), {}, "Landing Zone Accelerator"),
    ],
)
def test_what_aws_would_refuse_is_refused_when_it_is_planned(
    place: Playground, name: str, text: str, fields: dict[str, Any], words: str
) -> None:
    """By name, with exit 2, before any call that changes and before any record."""
    config = declaring(place, name, text, **fields)
    for command in (("scp", "plan"), APPLY):
        done = place.refused("alice", 2, "--config", config, *command)
        assert words in done.err


def test_an_eleventh_scp_is_refused_when_it_is_planned(place: Playground) -> None:
    """Ten are on the OU by hand: the plan ends with 2 and names it."""
    organizations = place.administrator("organizations")
    unit = unit_of(place, "network")
    made = []
    try:
        for number in range(9):
            answer = organizations.create_policy(
                Name=f"by hand {number}", Description="", Content=json.dumps(DENY), Type=SCP
            )
            made.append(answer["Policy"]["PolicySummary"]["Id"])
            organizations.attach_policy(PolicyId=made[-1], TargetId=unit)
        config = declaring(place, "eleventh", json.dumps(DENY), targets=[unit])
        for command in (("scp", "plan"), APPLY):
            done = place.refused("alice", 2, "--config", config, *command)
            assert f"{unit} holds 10 SCPs and would hold 11" in done.err
    finally:
        for policy in made:
            organizations.detach_policy(PolicyId=policy, TargetId=unit)
            organizations.delete_policy(PolicyId=policy)


def applied(place: Playground, *command: str) -> Any:
    """Ask, approve, execute; the result."""
    request = place.pending("alice", *command)
    place.approve(request, "bob")
    return place.ok("alice", "execute", request, "--yes")


def test_waves_go_out_and_come_back(place: Playground) -> None:
    """Canary, then everywhere, proved by live sessions; a rollback, a new text, an adoption."""
    network = unit_of(place, "network")
    config = declaring(place, "waved", json.dumps(DENY), waves=[[network], ["root"]])
    first = ("--config", config, *APPLY[:-1])
    early = place.refused("alice", 3, *first, "--wave", "2", "--yes")
    assert "comes after wave 1" in early.err
    one = applied(place, *first, "--wave", "1")
    assert [(row["wave"], row["verified"]) for row in one["waves"]] == [(1, True)]
    organizations = place.administrator("organizations")
    by_name = {p["Name"]: p["Id"] for p in organizations.list_policies(Filter=SCP)["Policies"]}
    on = {"PolicyId": by_name["waved"], "TargetId": network}
    organizations.detach_policy(**on)
    noticed = place.ok("alice", "--config", config, "scp", "plan", "--wave", "1")["notes"]
    assert any(
        "somebody undid attach-scp waved" in n and ":user/sandbox-administrator" in n
        for n in noticed
    )
    organizations.attach_policy(**on)
    two = applied(place, *first, "--wave", "2")
    assert [(row["wave"], row["verified"]) for row in two["waves"]] == [(2, True)]
    assert [(c["op"], c["target"]) for c in two["changes"]][-1] == ("detach-scp", network)
    back = applied(place, "--config", config, "scp", "rollback", two["receipt"], "--reason", "r")
    assert back["applied"]
    names = {
        p["Name"]
        for p in organizations.list_policies_for_target(TargetId=network, Filter=SCP)["Policies"]
    }
    assert "waved" in names
    newer = {**DENY, "Statement": [DENY["Statement"][0] | {"Action": "athena:*"}]}
    config = declaring(place, "waved", json.dumps(newer), targets=[network])
    shown = place.run("alice", "--config", config, "scp", "plan")
    assert '-  "Action": "a4b:*",' in shown.out
    assert '+  "Action": "athena:*",' in shown.out
    assert applied(place, "--config", config, *APPLY[:-1])["applied"]
    gone = applied(place, *APPLY[:-1])
    assert [c["op"] for c in gone["changes"]] == ["detach-scp", "delete-scp"]
    organizations.create_policy(Name="theirs", Description="", Content=json.dumps(DENY), Type=SCP)
    config = declaring(place, "theirs", json.dumps(DENY), targets=[])
    done = place.refused("alice", 2, "--config", config, *APPLY)
    assert "orgroot scp adopt theirs" in done.err
    adopted = applied(place, "--config", config, "scp", "adopt", "theirs", "--reason", "ours now")
    assert (adopted["command"], adopted["applied"]) == ("scp adopt", True)
    assert [c["op"] for c in applied(place, *APPLY[:-1])["changes"]] == ["delete-scp"]
    assert place.run("bob", "log", "verify").code in {0, 6}


def test_a_policy_type_that_is_off_is_refused_when_it_is_planned(place: Playground) -> None:
    """Exit 2 with the command that turns it on; nothing is sent."""
    organizations = place.administrator("organizations")
    root = place.info["root"]
    attached = {
        policy["Id"]: [
            target["TargetId"]
            for target in organizations.list_targets_for_policy(PolicyId=policy["Id"])["Targets"]
        ]
        for policy in organizations.list_policies(Filter=SCP)["Policies"]
        if not policy["AwsManaged"]
    }
    organizations.disable_policy_type(RootId=root, PolicyType=SCP)
    try:
        config = declaring(place, "off", json.dumps(DENY))
        for command in (("scp", "plan"), APPLY):
            done = place.refused("alice", 2, "--config", config, *command)
            assert "enable-policy-type" in done.err
    finally:
        organizations.enable_policy_type(RootId=root, PolicyType=SCP)
        organizations.list_roots()
        for policy, targets in attached.items():
            for target in targets:
                organizations.attach_policy(PolicyId=policy, TargetId=target)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A sandbox whose commands can be killed."""
    with Stage(tmp_path_factory.mktemp("stage") / "s").playing(12, 7) as found:
        yield found


WRITES = {
    f"organizations:{word}Policy" for word in ("Create", "Update", "Attach", "Detach", "Delete")
}


def test_a_plan_that_is_killed_again_and_again_is_resumed_by_the_next(stage: Stage) -> None:
    """SIGKILL in the middle of each run: what is left is asked for anew, and nothing done twice."""
    request = stage.pending("alice", *APPLY[:-1])
    stage.approve(request, "bob")
    points = len(stage.forked("alice", "execute", request, "--yes").points)
    config = Path(stage.folder / "config.yaml")
    text = config.read_text(encoding="utf-8")
    for old, new in (("Long-term root is", "The root user is"), ("- name: orgroot-p", "- name: p")):
        text = text.replace(old, new)
    config.write_text(text, encoding="utf-8")
    before = {name: n for name, n in stage.changing_calls().items() if name in WRITES}
    kills = 0
    for part in (5, 6, 7, 8, 9):
        if not stage.ok("alice", "scp", "plan")["changes"]:
            break
        request = stage.pending("alice", *APPLY[:-1])
        stage.approve(request, "bob")
        ended = stage.forked(
            "alice", "execute", request, "--yes", how="kill", at=points * part // 10
        )
        if ended.code == KILLED:
            kills += 1
    if stage.ok("alice", "scp", "plan")["changes"]:
        assert applied(stage, *APPLY[:-1])["applied"]
    assert kills >= 2
    made = {name: n - before.get(name, 0) for name, n in stage.changing_calls().items()}
    assert {name: made[name] for name in WRITES} == dict.fromkeys(WRITES, 1)
    assert stage.ok("alice", "scp", "plan")["changes"] == []
    stage.pass_time(PASSED)
    assert stage.ok("alice", "recover", "--yes")["executions"]
    assert stage.run("bob", "log", "verify").code in {0, 6}
