"""The policy evaluator: operators, variables, elements, and the order in which policies count."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from orgroot.sandbox import conditions, provision
from orgroot.sandbox.conditions import Context
from orgroot.sandbox.model import ApiError
from tests.sandbox.conftest import MANAGEMENT, MEMBER, OTHER, TASK, Sandbox

Refused = Callable[..., Any]
NewPolicy = Callable[..., str]
CONTEXT: Context = {
    "aws:principalarn": "arn:aws:iam::222222222222:user/team/Bob",
    "aws:username": "Bob",
    "aws:sourceip": "10.1.2.3",
    "aws:currenttime": "2026-11-22T12:00:00Z",
    "aws:epochtime": "1795348800",
    "aws:securetransport": "true",
    "s3:max-keys": "10",
    "aws:tagkeys": ("one", "two"),
    "aws:principaltag/star": "a*b",
    "k:binary": "QmluQQ==",
}
ARN = "aws:PrincipalArn"
HOLDS = [
    # (operator, key, values, whether it holds)
    ("StringEquals", "aws:username", "Bob", True),
    ("StringEquals", "AWS:UserName", "Bob", True),
    ("StringEquals", "aws:username", "bob", False),
    ("StringEquals", "aws:username", ["Al", "Bob"], True),
    ("StringEquals", "aws:absent", "x", False),
    ("StringEqualsIfExists", "aws:absent", "x", True),
    ("StringEqualsIfExists", "aws:username", "x", False),
    ("StringNotEquals", "aws:username", "Bob", False),
    ("StringNotEquals", "aws:username", ["Al", "Bob"], False),
    ("StringNotEquals", "aws:absent", "x", True),
    ("StringNotEqualsIfExists", "aws:absent", "x", True),
    ("StringEqualsIgnoreCase", "aws:username", "BOB", True),
    ("StringNotEqualsIgnoreCase", "aws:username", "BOB", False),
    ("StringLike", "aws:username", "B?b", True),
    ("StringLike", "aws:username", "b*", False),
    ("StringNotLike", "aws:username", "B*", False),
    ("StringEquals", "aws:username", "B*", False),
    ("ArnLike", ARN, "arn:*:iam::*:user/*", True),
    ("ArnLike", ARN, "arn:*:user/*", False),
    ("ArnEquals", ARN, "arn:aws:iam::222222222222:user/team/*", True),
    ("ArnNotLike", ARN, "arn:aws:iam::*:root", True),
    ("ArnNotEquals", ARN, "arn:aws:iam::*:user/*", False),
    ("NumericLessThan", "s3:max-keys", "11", True),
    ("NumericLessThanEquals", "s3:max-keys", 10, True),
    ("NumericEquals", "s3:max-keys", "10.0", True),
    ("NumericNotEquals", "s3:max-keys", "10", False),
    ("NumericGreaterThan", "s3:max-keys", "10", False),
    ("NumericGreaterThanEquals", "s3:max-keys", "10", True),
    ("NumericEquals", "aws:username", "1", False),
    ("DateLessThan", "aws:CurrentTime", "2026-11-22T12:00:01Z", True),
    ("DateGreaterThan", "aws:CurrentTime", "2026-11-22T12:00:00Z", False),
    ("DateGreaterThanEquals", "aws:EpochTime", "2026-11-22T12:00:00Z", True),
    ("DateEquals", "aws:CurrentTime", "1795348800", True),
    ("DateNotEquals", "aws:CurrentTime", "1795348800", False),
    ("Bool", "aws:SecureTransport", "true", True),
    ("Bool", "aws:SecureTransport", False, False),
    ("Bool", "aws:AssumedRoot", "true", False),
    ("BoolIfExists", "aws:AssumedRoot", "true", True),
    ("BinaryEquals", "k:binary", "QmluQQ==", True),
    ("BinaryEquals", "k:binary", "QmluQg==", False),
    ("IpAddress", "aws:SourceIp", ["192.168.0.0/16", "10.0.0.0/8"], True),
    ("IpAddress", "aws:SourceIp", "10.1.2.4", False),
    ("NotIpAddress", "aws:SourceIp", "10.0.0.0/8", False),
    ("Null", "aws:AssumedRoot", "true", True),
    ("Null", "aws:AssumedRoot", False, False),
    ("Null", "aws:username", "false", True),
    ("ForAnyValue:StringEquals", "aws:TagKeys", "two", True),
    ("ForAnyValue:StringEquals", "aws:TagKeys", "three", False),
    ("ForAnyValue:StringEquals", "aws:absent", "x", False),
    ("ForAllValues:StringEquals", "aws:TagKeys", ["one", "two", "three"], True),
    ("ForAllValues:StringEquals", "aws:TagKeys", ["one"], False),
    ("ForAllValues:StringEquals", "aws:absent", "x", True),
    ("ForAnyValue:StringNotEquals", "aws:TagKeys", "one", True),
    ("StringLike", ARN, "*/${aws:username}", True),
    ("StringEquals", "aws:username", "${aws:absent}", False),
    ("StringEquals", "aws:username", "${aws:absent, 'Bob'}", True),
    ("StringNotEquals", "aws:username", "${aws:absent}", False),
    ("ArnNotLike", ARN, "arn:aws:iam::${Account}:role/x", False),
    ("StringEquals", "aws:principaltag/star", "a${*}b", True),
    ("StringLike", "aws:principaltag/star", "a${*}b", True),
    ("StringLike", "aws:username", "B${?}b", False),
]


@pytest.mark.parametrize("row", HOLDS, ids=lambda row: f"{row[0]}-{row[1]}-{row[2]}")
def test_each_operator_holds_as_the_iam_guide_says(row: tuple[str, str, Any, bool]) -> None:
    """One row per operator, key, value and case rule of the guide."""
    operator, key, values, expected = row
    assert conditions.holds({operator: {key: values}}, CONTEXT, variables=True) is expected


@pytest.mark.parametrize("operator", ["StringMatches", "ForSome:StringEquals", "Bool2IfExists"])
def test_an_unknown_operator_is_501_and_never_a_match(operator: str) -> None:
    """What is not known may not be guessed."""
    with pytest.raises(ApiError) as caught:
        conditions.holds({operator: {"aws:username": "Bob"}}, CONTEXT, variables=True)
    assert caught.value.status == 501


def test_without_the_new_version_variables_are_plain_text() -> None:
    """Policy variables need Version 2012-10-17."""
    block = {"StringEquals": {"aws:username": "${aws:username}"}}
    assert conditions.holds(block, CONTEXT, variables=True)
    assert not conditions.holds(block, CONTEXT, variables=False)


def user_with(sandbox: Sandbox, *statements: dict[str, Any], name: str = "subject") -> Any:
    """A user of the management account with exactly these statements."""
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return provision.add_user(sandbox.front.data_plane, MANAGEMENT, name, {"p": document})


def test_nothing_is_allowed_by_default(sandbox: Sandbox, refused: Refused) -> None:
    """A user without policies may only ask who it is."""
    key = provision.add_user(sandbox.front.data_plane, MANAGEMENT, "nobody", {})
    assert sandbox.client("sts", key).get_caller_identity()["Account"] == MANAGEMENT
    answer = refused(sandbox.client("iam", key).list_users)
    assert (answer.code, answer.status) == ("AccessDenied", 403)
    assert answer.message.endswith(
        "because no identity-based policy allows the iam:ListUsers action"
    )


def test_an_explicit_deny_wins(sandbox: Sandbox, refused: Refused) -> None:
    """Deny beats Allow within one policy."""
    key = user_with(
        sandbox,
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:List*", "Resource": "*"},
    )
    answer = refused(sandbox.client("iam", key).list_users)
    assert answer.message.endswith("with an explicit deny in an identity-based policy")
    assert sandbox.client("iam", key).get_user()["User"]["UserName"] == "subject"


def test_not_action_and_not_resource(sandbox: Sandbox, refused: Refused) -> None:
    """NotAction allows all but what it names; NotResource all but those ARNs."""
    key = user_with(
        sandbox,
        {"Effect": "Allow", "NotAction": "sqs:*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": "sts:AssumeRoot",
            "NotResource": f"arn:aws:iam::{MEMBER}:root",
        },
    )
    assert refused(sandbox.client("sqs", key).list_queues).code == "AccessDenied"
    sts = sandbox.client("sts", key)
    task = {"arn": TASK + "IAMAuditRootUserCredentials"}
    assert sts.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn=task)["Credentials"]
    assert refused(sts.assume_root, TargetPrincipal=OTHER, TaskPolicyArn=task).code == (
        "AccessDenied"
    )


def test_actions_match_without_case_and_resources_with_it(
    sandbox: Sandbox, refused: Refused
) -> None:
    """IAM:listusers is the action; a role ARN in other case is another role."""
    key = user_with(sandbox, {"Effect": "Allow", "Action": "IAM:listusers", "Resource": "*"})
    assert sandbox.client("iam", key).list_users()["Users"]
    other = user_with(
        sandbox,
        {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*:user/SUBJECT"},
        name="second",
    )
    iam = sandbox.client("iam", other)
    assert refused(iam.get_user, UserName="subject").code == "AccessDenied"


def test_policies_of_groups_and_attached_policies_count(sandbox: Sandbox, refused: Refused) -> None:
    """Attached AWS-managed policies and a group's policies must both allow and deny."""
    admin = sandbox.client("iam", sandbox.administrator(MEMBER))
    admin.create_user(UserName="bob")
    made = admin.create_access_key(UserName="bob")["AccessKey"]
    bob = provision.UserKey(
        arn="", access_key_id=made["AccessKeyId"], secret=made["SecretAccessKey"]
    )
    iam = sandbox.client("iam", bob)
    assert refused(iam.list_users).code == "AccessDenied"
    admin.attach_user_policy(
        UserName="bob", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    assert iam.list_users()["Users"]
    admin.create_group(GroupName="restricted")
    deny = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "iam:ListUsers"}}
    deny["Statement"]["Resource"] = "*"  # type: ignore[index]
    admin.put_group_policy(GroupName="restricted", PolicyName="p", PolicyDocument=json.dumps(deny))
    admin.add_user_to_group(GroupName="restricted", UserName="bob")
    assert refused(iam.list_users).code == "AccessDenied"
    admin.remove_user_from_group(GroupName="restricted", UserName="bob")
    admin.detach_user_policy(
        UserName="bob", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    assert refused(iam.list_users).code == "AccessDenied"


def test_a_tag_of_the_principal_is_a_condition_key(sandbox: Sandbox, refused: Refused) -> None:
    """aws:PrincipalTag must come from the user's tags."""
    key = user_with(
        sandbox,
        {
            "Effect": "Allow",
            "Action": "sqs:ListQueues",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/Team": "platform"}},
        },
    )
    sqs = sandbox.client("sqs", key)
    assert refused(sqs.list_queues).code == "AccessDenied"
    admin = sandbox.client("iam", sandbox.administrator(MANAGEMENT))
    admin.tag_user(UserName="subject", Tags=[{"Key": "Team", "Value": "platform"}])
    sqs.list_queues()


def test_an_unknown_operator_in_a_stored_policy_answers_501(
    sandbox: Sandbox, refused: Refused
) -> None:
    """A policy the sandbox cannot judge must never let a call through."""
    key = user_with(
        sandbox,
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringSounds": {"aws:username": "x"}},
        },
    )
    answer = refused(sandbox.client("iam", key).list_users)
    assert (answer.code, answer.status) == ("NotImplemented", 501)


# --- service control policies -------------------------------------------------------------------

DENY_ROOT = {
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}},
}


def test_an_scp_on_one_ou_binds_only_what_is_in_it(
    sandbox: Sandbox, refused: Refused, new_policy: NewPolicy
) -> None:
    """The member in the OU is denied by name of the policy, the account beside it is not."""
    unit = sandbox.organization.account(MEMBER)
    assert unit is not None
    arn = new_policy(unit.parent, [DENY_ROOT])
    task = "IAMAuditRootUserCredentials"
    iam = sandbox.client("iam", sandbox.root_session(task))
    answer = refused(iam.get_account_summary)
    assert answer.message.endswith(f"with an explicit deny in a service control policy: {arn}")
    assert f":policy/{sandbox.organization.organization_id}/service_control_policy/p-" in arn
    beside = sandbox.client("iam", sandbox.root_session(task, OTHER))
    assert beside.get_account_summary()["SummaryMap"]


def test_the_assumed_root_exemption_lets_root_sessions_through(
    sandbox: Sandbox, new_policy: NewPolicy
) -> None:
    """Null aws:AssumedRoot bites only where the key is absent: long-term root."""
    condition = {**DENY_ROOT["Condition"], "Null": {"aws:AssumedRoot": "true"}}  # type: ignore[dict-item]
    new_policy(MEMBER, [{**DENY_ROOT, "Condition": condition}])
    iam = sandbox.client("iam", sandbox.root_session("IAMAuditRootUserCredentials"))
    assert iam.get_account_summary()["SummaryMap"]


def test_each_level_must_allow(sandbox: Sandbox, refused: Refused, new_policy: NewPolicy) -> None:
    """Without FullAWSAccess at one level, what its allow list leaves out is refused."""
    new_policy(MEMBER, [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}])
    manager = sandbox.client("organizations", sandbox.administrator(MANAGEMENT))
    manager.detach_policy(PolicyId="p-FullAWSAccess", TargetId=MEMBER)
    key = sandbox.administrator(MEMBER)
    sandbox.client("sqs", key).list_queues()
    answer = refused(sandbox.client("iam", key).list_users)
    assert answer.message.endswith(
        "because no service control policy allows the iam:ListUsers action"
    )


def test_a_resource_control_policy_stops_a_root_session_on_queues_alone(
    sandbox: Sandbox, refused: Refused
) -> None:
    """An RCP denies the unlocking by name of the policy, and reaches no call to IAM."""
    manager = sandbox.client("organizations", sandbox.administrator(MANAGEMENT))
    kind = "RESOURCE_CONTROL_POLICY"
    manager.enable_policy_type(RootId=sandbox.organization.root_id, PolicyType=kind)
    manager.list_roots()
    shut = {"Effect": "Deny", "Principal": "*", "Action": ["sqs:*", "iam:*"], "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [shut]})
    made = manager.create_policy(Name="shut", Description="", Content=text, Type=kind)
    policy = made["Policy"]["PolicySummary"]
    manager.attach_policy(PolicyId=policy["Id"], TargetId=MEMBER)
    unlocking = sandbox.client("sqs", sandbox.root_session("SQSUnlockQueuePolicy"))
    answer = refused(unlocking.list_queues)
    assert answer.message.endswith(
        f"with an explicit deny in a resource control policy: {policy['Arn']}"
    )
    audit = sandbox.client("iam", sandbox.root_session("IAMAuditRootUserCredentials"))
    assert audit.get_account_summary()["SummaryMap"]


def test_the_management_account_is_bound_by_no_scp(sandbox: Sandbox, new_policy: NewPolicy) -> None:
    """An SCP on the root container must not touch the management account."""
    new_policy(
        sandbox.organization.root_id, [{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]
    )
    iam = sandbox.client("iam", sandbox.administrator(MANAGEMENT))
    assert iam.list_users()["Users"]


def test_an_scp_caps_the_delegated_administrator(
    sandbox: Sandbox, refused: Refused, new_policy: NewPolicy
) -> None:
    """SCPs bind the delegate account: it can be kept to one task."""
    sandbox.organization.delegations["iam.amazonaws.com"] = {OTHER: sandbox.front.clock()}
    audit = {"arn": TASK + "IAMAuditRootUserCredentials"}
    new_policy(
        OTHER,
        [
            {
                "Effect": "Deny",
                "Action": "sts:AssumeRoot",
                "Resource": "*",
                "Condition": {"ArnNotEquals": {"sts:TaskPolicyArn": audit["arn"]}},
            }
        ],
    )
    sts = sandbox.client("sts", sandbox.administrator(OTHER))
    assert sts.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn=audit)["Credentials"]
    unlock = {"arn": TASK + "S3UnlockBucketPolicy"}
    answer = refused(sts.assume_root, TargetPrincipal=MEMBER, TaskPolicyArn=unlock)
    assert "service control policy" in answer.message
