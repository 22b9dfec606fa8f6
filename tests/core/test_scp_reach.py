"""Statements that stop root sessions, or what orgroot itself calls."""

import json
from pathlib import Path
from typing import Any

import pytest

from orgroot.core.own_calls import OWN_CALLS
from orgroot.core.scp_flaws import Flaw
from orgroot.core.scp_lockout import Scp
from orgroot.core.scp_reach import narrowed, stopped_own_calls, stopped_root_tasks
from orgroot.core.scp_statement import parse_statements

POLICIES = Path(__file__).parents[2] / "policies"
ROOT = {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}}
SPARED = {"Null": {"aws:AssumedRoot": "true"}}


def text_of(*statements: Any) -> str:
    """A document of these statements, each with what it lacks."""
    whole = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    return json.dumps({"Statement": [{**whole, **statement} for statement in statements]})


def stopped(*statements: Any) -> list[Flaw]:
    """What stops root sessions."""
    text = text_of(*statements)
    return list(stopped_root_tasks(parse_statements(text, "x"), text))


def test_a_root_deny_without_the_exemption_is_told_with_its_cure() -> None:
    """It is found by what it does: root sessions are denied, roles are not."""
    (flaw,) = stopped({"Condition": SPARED | ROOT}, {"Condition": ROOT})
    assert flaw.code == "root-deny"
    assert flaw.path == ("Statement", 1)
    assert "all five root tasks" in flaw.message
    assert '"Null": {"aws:AssumedRoot": "true"}' in flaw.remedy


@pytest.mark.parametrize(
    "condition",
    [
        {"StringLike": {"aws:PrincipalArn": "*:root"}},
        {"StringEquals": {"aws:PrincipalType": "Account"}},
        {"StringNotLike": {"aws:PrincipalArn": ["*:role/*", "*:user/*"]}},
        {**ROOT, "Bool": {"aws:MultiFactorAuthPresent": "false"}},
    ],
)
def test_however_it_is_written_it_is_a_root_deny(condition: Any) -> None:
    """Root users are found by type, by what they are not, or through MFA that sessions lack."""
    assert [flaw.code for flaw in stopped({"Condition": condition})] == ["root-deny"]


@pytest.mark.parametrize(
    "condition",
    [
        SPARED | ROOT,
        ROOT | {"BoolIfExists": {"aws:AssumedRoot": "false"}},
        ROOT | {"StringNotEquals": {"aws:AssumedRoot": "true"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}},
    ],
)
def test_a_deny_that_spares_root_sessions_is_left_alone(condition: Any) -> None:
    """Each of the ways to exempt them counts."""
    assert stopped({"Condition": condition}) == []


def test_a_deny_for_everybody_names_the_tasks_it_stops() -> None:
    """It is no root deny; actions of a few tasks are named by their tasks."""
    flaw, everything = stopped({"Action": ["iam:CreateLoginProfile", "s3:*"]}, {})
    assert flaw.code == "stops-root-task"
    assert "IAMCreateRootUserPassword, S3UnlockBucketPolicy" in flaw.message
    assert "leave out iam:CreateLoginProfile" in flaw.remedy
    assert "and 17 more" in everything.remedy


def test_a_deny_on_all_buckets_is_no_root_deny() -> None:
    """It binds roles as well, whatever its Resource looks like."""
    (flaw,) = stopped({"Action": "s3:*", "Resource": "arn:aws:s3:::*"})
    assert flaw.code == "stops-root-task"


def test_what_nobody_can_know_beforehand_is_advice() -> None:
    """A Region, a network, a bucket's name settle it."""
    region, bucket = stopped(
        {"Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}},
        {"Action": "s3:PutBucketPolicy", "Resource": "arn:aws:s3:::the-log"},
    )
    assert (region.code, region.severity) == ("may-stop-root-task", "advice")
    assert "aws:RequestedRegion: S3UnlockBucketPolicy, SQSUnlockQueuePolicy" in region.message
    assert "Resource: S3UnlockBucketPolicy" in bucket.message


def test_an_account_that_the_document_names_is_tried_too() -> None:
    """A deny for the root user of one account stops the sessions there."""
    one = {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:root"}}
    assert [flaw.code for flaw in stopped({"Condition": one})] == ["root-deny"]


def test_what_no_root_task_carries_settles_nothing() -> None:
    """A key of another service is not there, so a condition on it never holds."""
    foreign = {"Bool": {"ram:AllowsExternalPrincipals": "true"}}
    assert stopped({"Condition": foreign}) == []


def test_a_region_that_the_document_names_is_tried_too() -> None:
    """Queues of one Region alone."""
    (flaw,) = stopped({"Action": "sqs:*", "Resource": "arn:aws:sqs:eu-west-3:*:*"})
    assert "SQSUnlockQueuePolicy" in flaw.message


def test_allow_statements_stop_nothing_by_themselves() -> None:
    """What is missing from them is told as a whole."""
    assert stopped({"Effect": "Allow", "Action": "s3:*"}) == []


def test_a_deny_of_what_orgroot_calls_is_advice() -> None:
    """Only where it holds whoever asks; an exemption may be orgroot's role."""
    deny = {"Action": ["sts:AssumeRoot", "organizations:List*"]}
    spare = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/any"}}
    allow = {"Effect": "Allow"}
    statements = parse_statements(text_of(allow, deny, {**deny, "Condition": spare}), "x")
    (flaw,) = stopped_own_calls(statements)
    assert (flaw.code, flaw.severity, flaw.statement) == ("stops-orgroot", "advice", 2)
    assert "organizations:ListAWSServiceAccessForOrganization" in flaw.message
    assert "and 8 more" in flaw.message
    (few,) = stopped_own_calls(parse_statements(text_of({"Action": "sts:AssumeRoot"}), "x"))
    assert few.message.endswith("calls: sts:AssumeRoot")


def test_orgroots_calls_are_those_that_its_policies_grant() -> None:
    """Reads, the log and sessions; what only the management account can do is apart."""
    granted: set[str] = set()
    for name in ("reader", "requester-direct", "runner", "runner-through-role", "log-in-s3"):
        document = json.loads((POLICIES / "iam" / f"{name}.json").read_text())
        for statement in document["Statement"]:
            actions = statement["Action"]
            granted |= {actions} if isinstance(actions, str) else set(actions)
    assert granted == set(OWN_CALLS)


def test_a_list_of_what_is_allowed_is_told() -> None:
    """Beside FullAWSAccess it does nothing; without it, it takes root tasks away."""

    def told(*statements: Any) -> list[Flaw]:
        return list(narrowed(Scp(name="x", statements=parse_statements(text_of(*statements), "x"))))

    (flaw,) = told({}, {"Effect": "Allow", "Action": ["s3:*", "sqs:*"]})
    assert (flaw.code, flaw.statement) == ("allow-list", 2)
    assert "IAMAuditRootUserCredentials, IAMCreateRootUserPassword" in flaw.message
    assert "S3Unlock" not in flaw.message
    assert told({}) == []
    assert told({"Effect": "Allow"}) == []
