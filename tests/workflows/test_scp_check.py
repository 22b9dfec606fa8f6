"""Judging SCPs: as few calls as can be, every account named, templates and unknown keys said."""

import json
from typing import Any

import pytest
from fakes.aws_members import MANAGEMENT, ORG_ROOT
from fakes.team import World, new_world

from orgroot.core.organization import OrganizationalUnit, OrganizationRoot, ScpSummary
from orgroot.core.results import ExitReason, ScpCheck
from orgroot.errors import UsageError
from orgroot.workflows.scp_check import Question, check_live, check_text

ONE, TWO, THREE = "222222222222", "333333333333", "444444444444"
UNIT = "ou-ab12-11111111"
QUESTION = Question(regions=("eu-west-1",))
FREE = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ROOT = {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}}


def policy(*statements: Any) -> str:
    """A policy's text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deny(sid: str, condition: Any) -> dict[str, Any]:
    """A Deny of everything under a condition."""
    return {"Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}


@pytest.fixture
def world() -> World:
    """Three members, one of them in an OU, FullAWSAccess everywhere, a root deny on the OU."""
    found = new_world()
    aws = found.aws
    aws.units[UNIT] = OrganizationalUnit(id=UNIT, name="prod", parent=ORG_ROOT)
    aws.members[ONE].parent = UNIT
    for name, text in (("FullAWSAccess", policy(FREE)), ("no-root", policy(deny("Root", ROOT)))):
        summary = ScpSummary(id=f"p-{name}", arn="", name=name, description="", aws_managed=False)
        aws.policies[summary.id] = (summary, text)
    for target in (ORG_ROOT, UNIT, ONE, TWO, THREE):
        aws.attachments[target] = ["p-FullAWSAccess"]
    aws.attachments[UNIT].append("p-no-root")
    return found


def decisions(result: ScpCheck, principal: str = "root-session") -> dict[str, set[str]]:
    """What becomes of the tasks, by account."""
    found: dict[str, set[str]] = {}
    for row in result.results:
        if row.principal == principal:
            found.setdefault(row.target, set()).add(row.decision)
    return found


def test_the_account_the_policy_and_the_statement_are_named(world: World) -> None:
    """Sessions are stopped where the policy is attached above, and nowhere else; exit 6."""
    result = check_live(world.workspace(), (), QUESTION)
    assert decisions(result) == {ONE: {"denied"}, TWO: {"allowed"}, THREE: {"allowed"}}
    blamed = {(by.policy, by.sid) for row in result.results for by in row.by}
    assert blamed == {("no-root", "Root")}
    assert result.exit_reasons == (ExitReason.FINDINGS,)
    assert (result.summary.accounts, result.summary.denied) == (3, 1)
    assert [group.accounts for group in result.groups] == [(ONE,), (TWO, THREE)]
    assert MANAGEMENT not in {row.target for row in result.results}
    assert any(MANAGEMENT in note for note in result.notes)


def with_rcp(world: World, *actions: str) -> None:
    """A resource control policy on the organization's root."""
    aws = world.aws
    aws.policy_types["RESOURCE_CONTROL_POLICY"] = "ENABLED"
    shut = {**deny("Shut", {}), "Principal": "*", "Action": list(actions)}
    for name, text in (
        ("RCPFullAWSAccess", policy({**FREE, "Principal": "*"})),
        ("no-root", policy(shut)),
    ):
        summary = ScpSummary(
            id=f"p-rcp-{name}", arn="", name=name, description="", aws_managed=False
        )
        aws.policies[summary.id] = (summary, text)
        aws.rcp.add(summary.id)
        aws.attachments[ORG_ROOT].append(summary.id)


def test_a_resource_control_policy_is_named_with_its_kind(world: World) -> None:
    """Where an RCP denies the unlocking, its name, Sid and kind stand beside the decision."""
    with_rcp(world, "s3:*", "sts:*")
    result = check_live(world.workspace(), (TWO,), QUESTION)
    blamed = {
        (row.task_policy, by.policy, by.sid, by.kind) for row in result.results for by in row.by
    }
    assert blamed == {("S3UnlockBucketPolicy", "no-root", "Shut", "resource control policy")}
    assert result.groups[0].rcps == ("RCPFullAWSAccess", "no-root")
    assert any("no-root (Shut) denies sts:AssumeRoot" in note for note in result.notes)
    described = [c.subject for c in world.aws.calls if c.operation.endswith(":DescribePolicy")]
    assert len(described) == len(set(described)) == 4


def test_each_policy_is_read_once_and_nothing_is_written(world: World) -> None:
    """The organization costs one description and one listing of targets for each policy."""
    check_live(world.workspace(), (), QUESTION)
    calls = [call for call in world.aws.calls if call.operation.startswith("organizations:")]
    for operation in ("DescribePolicy", "ListTargetsForPolicy"):
        subjects = [c.subject for c in calls if c.operation == f"organizations:{operation}"]
        assert sorted(subjects) == ["p-FullAWSAccess", "p-no-root"]
    assert not world.aws.writes


@pytest.mark.parametrize(
    ("target", "accounts"), [(ONE, {ONE}), (UNIT, {ONE}), (ORG_ROOT, {ONE, TWO, THREE})]
)
def test_a_target_is_an_account_or_all_below(world: World, target: str, accounts: set[str]) -> None:
    """An account is judged by itself; an OU or the root with everything below it."""
    assert set(decisions(check_live(world.workspace(), (target,), QUESTION))) == accounts


def test_a_target_that_is_not_there_is_named(world: World) -> None:
    """An id that is no account and no container of the organization is refused."""
    with pytest.raises(UsageError, match="999999999999"):
        check_live(world.workspace(), ("999999999999",), QUESTION)
    assert not world.aws.writes


def test_where_no_policy_is_in_force_nothing_stops(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the policy type off every task is allowed, and the report says why."""
    off = OrganizationRoot(id=ORG_ROOT, policy_types={})
    monkeypatch.setattr(world.aws, "root", lambda: off)
    result = check_live(world.workspace(), (), QUESTION)
    assert set().union(*decisions(result).values()) == {"allowed"}
    assert any("not enabled" in note for note in result.notes)


def test_a_suspended_account_is_said_not_to_be_judged(world: World) -> None:
    """Who is not ACTIVE stands in the notes, never among the allowed."""
    world.aws.add_account("555555555555", state="SUSPENDED")
    result = check_live(world.workspace(), (), QUESTION)
    assert "555555555555" not in decisions(result)
    assert any("555555555555" in note for note in result.notes)


def test_one_document_is_judged_by_itself(world: World) -> None:
    """A text is judged beside FullAWSAccess, under its file's name, without any call."""
    result = check_text(policy(deny("Root", ROOT)), "scps/no-root.json", QUESTION, world.clock)
    assert decisions(result) == {"no-root.json": {"denied"}}
    assert decisions(result, "root-user") == {"no-root.json": {"denied"}}
    assert not world.aws.calls


def test_a_document_that_speaks_of_everybody_is_a_resource_control_policy(world: World) -> None:
    """With a Principal a document is an RCP, which never stops the tasks of IAM, or is refused."""
    shut = {**deny("Shut", {}), "Action": ["s3:*", "iam:*"]}
    for principal in ("*", {"AWS": "*"}):
        text = policy({**shut, "Principal": principal})
        result = check_text(text, "rcp.json", QUESTION, world.clock)
        kinds = {(row.task_policy, by.kind) for row in result.results for by in row.by}
        assert kinds == {("S3UnlockBucketPolicy", "resource control policy")}
    for odd in ({"Principal": {"AWS": ONE}}, {"NotPrincipal": "*"}):
        with pytest.raises(UsageError, match="an SCP has no Principal"):
            check_text(policy({**shut, **odd}), "odd.json", QUESTION, world.clock)
    with pytest.raises(UsageError, match="an SCP has no Principal"):
        check_text(policy({**shut, "Principal": "*"}, FREE), "mixed.json", QUESTION, world.clock)


def test_accounts_that_a_document_treats_otherwise_stand_apart(world: World) -> None:
    """An account that the text exempts is a row of its own; one that it merely names is not."""
    spare = {
        "ArnNotLike": {"aws:PrincipalArn": [f"arn:*:iam::{ONE}:*", f"arn:*:iam::{TWO}:role/x"]}
    }
    result = check_text(policy(deny("Root", spare)), "spare.json", QUESTION, world.clock)
    assert decisions(result) == {"spare.json": {"denied"}, ONE: {"allowed"}}


def test_a_template_says_what_was_put_in(world: World) -> None:
    """Placeholders are filled in and named, so that a template is never judged as free."""
    arn = {"ArnLike": {"aws:PrincipalArn": "arn:${PARTITION}:iam::*:root"}}
    text = policy(deny("Root", {**arn, "StringNotEquals": {"aws:PrincipalAccount": "${ADMIN}"}}))
    result = check_text(text, "template.json", QUESTION, world.clock)
    assert decisions(result) == {"template.json": {"denied"}}
    assert [note.split(" was")[0] for note in result.notes] == ["${ADMIN}", "${PARTITION}"]


def test_a_placeholder_in_an_exemption_exempts_nobody(world: World) -> None:
    """However the tool writes it; a variable of AWS's stays what it is."""
    for name in ("${var.admin}", "${AWS::StackName}", "${Account}", "${each.value}"):
        spare = {"ArnNotLike": {"aws:PrincipalArn": f"arn:${{AWS::Partition}}:iam::*:role/{name}"}}
        result = check_text(policy(deny("Root", spare)), "t.json", QUESTION, world.clock)
        assert decisions(result) == {"t.json": {"denied"}}
        assert len(result.notes) == 2
    own = {"StringNotEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}}
    result = check_text(policy(deny("Own", own)), "own.json", QUESTION, world.clock)
    assert (decisions(result), result.notes) == ({"own.json": {"allowed"}}, ())


def test_a_document_that_aws_would_not_take_is_judged_and_said_to_be_one(world: World) -> None:
    """By what is wrong with it, the first three; its answer is the worst that it may mean."""
    text = json.dumps({"Statement": [{"Effect": "deny", "Resource": "x", "Odd": 1}]})
    result = check_text(text, "odd.json", QUESTION, world.clock)
    (note,) = result.notes
    assert note.startswith("AWS would not take this document as it is: no Version; Statement 1: ")
    assert "more (orgroot scp lint)" in note


def test_what_is_not_known_can_be_settled(world: World) -> None:
    """An answer that depends names its keys, is no finding, and is settled by their values."""
    net = policy(deny("Net", {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}))
    result = check_text(net, "net.json", QUESTION, world.clock)
    assert decisions(result) == {"net.json": {"depends"}}
    assert {key for row in result.results for key in row.depends_on} == {"aws:SourceVpc"}
    assert result.exit_reasons == ()
    settled = Question(regions=("eu-west-1",), settled={"aws:SourceVpc": "vpc-1"})
    assert decisions(check_text(net, "net.json", settled, world.clock)) == {"net.json": {"allowed"}}


def test_other_regions_are_shown_and_not_counted(world: World) -> None:
    """A Region limit is shown for where it denies, and is no finding where nobody works."""
    only = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
    text = policy({**deny("Limit", only), "Action": ["s3:*", "sqs:*"]})
    result = check_text(text, "limit.json", QUESTION, world.clock)
    assert result.exit_reasons == ()
    assert result.summary.denied == 0
    denied = {(row.region, row.beyond) for row in result.results if row.decision == "denied"}
    assert denied == {("elsewhere", True)}
    named = Question(regions=("eu-west-1",), settled={"AWS:RequestedRegion": "eu-west-1"})
    assert not any(r.beyond for r in check_text(text, "l.json", named, world.clock).results)


def test_the_name_of_a_bucket_settles_what_depends_on_it(world: World) -> None:
    """A policy about one bucket stops the unlocking of that bucket and of no other."""
    text = policy(
        {"Sid": "Log", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::the-log"}
    )
    for name, decision in (("the-log", "denied"), ("other", "allowed")):
        known = Question(regions=("eu-west-1",), settled={"Resource": f"arn:aws:s3:::{name}"})
        result = check_text(text, "log.json", known, world.clock)
        found = {
            row.decision
            for row in result.results
            if row.task_policy == "S3UnlockBucketPolicy" and row.principal == "root-session"
        }
        assert found == {decision}
    open_ = check_text(text, "log.json", QUESTION, world.clock)
    assert {key for row in open_.results for key in row.depends_on} == {"Resource"}
