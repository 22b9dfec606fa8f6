"""What users and roles may do through their own policies and sessions, row by row, as IAM answers.

Each row differs from one that passes by one thing.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orgroot.core.ids import AccountId
from orgroot.sandbox import provision
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.front import Front
from orgroot.sandbox.provision import UserKey
from tests.sandbox.conftest import (
    MANAGEMENT,
    MEMBER,
    OTHER,
    TASK,
    Sandbox,
    build_organization,
)
from tests.sandbox.sts_calls import AUDIT, assume

Refused = Callable[..., Any]
USERS = "arn:aws:iam::*:user/"
LONG = "LimitExceeded"
UNLOCK = "S3UnlockBucketPolicy"
REFERENCE = "orq.abcdefghijkl.000000000042.0123456789abcdef01234567"
BOTH = ["sts:AssumeRole", "sts:SetSourceIdentity"]
OPEN = {"Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": "*"}


def document(*statements: dict[str, Any]) -> str:
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def limited(operator: str, key: str, value: Any, **more: Any) -> dict[str, Any]:
    """A statement that opens root sessions under a condition."""
    return {**OPEN, "Condition": {operator: {key: value}}, **more}


def user(sandbox: Sandbox, *statements: dict[str, Any], name: str = "operator") -> UserKey:
    """A user of the management account with these statements."""
    policies = {"p": document(*statements)} if statements else {}
    return provision.add_user(sandbox.front.data_plane, MANAGEMENT, name, policies)


def role(
    sandbox: Sandbox,
    trusted: str,
    *statements: dict[str, Any],
    name: str = "executor",
    actions: Any = BOTH,
    **more: Any,
) -> str:
    """A role of the management account."""
    trust = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": actions, **more}
    return provision.add_role(
        sandbox.front.data_plane,
        MANAGEMENT,
        name,
        trust={"Version": "2012-10-17", "Statement": [trust]},
        policies={"p": document(*(statements or (OPEN,)))},
    )


def become(sandbox: Sandbox, key: Any, arn: str, **more: Any) -> dict[str, str]:
    """The credentials of a session of the role."""
    answer = sandbox.client("sts", key).assume_role(RoleArn=arn, RoleSessionName="alice", **more)
    return dict(answer["Credentials"])


AUDIT_ONLY = limited("ArnEquals", "sts:TaskPolicyArn", TASK + AUDIT)
ROWS = [
    # (statements of the user, target, task, whether AssumeRoot is allowed)
    ((OPEN,), MEMBER, UNLOCK, True),
    ((), MEMBER, AUDIT, False),
    ((AUDIT_ONLY,), MEMBER, AUDIT, True),
    ((AUDIT_ONLY,), MEMBER, UNLOCK, False),
    ((limited("StringEquals", "sts:TaskPolicyArn", TASK + AUDIT),), MEMBER, AUDIT, True),
    ((limited("ArnLike", "sts:TaskPolicyArn", f"{TASK}IAM*"),), MEMBER, UNLOCK, False),
    (({**OPEN, "Resource": f"arn:aws:iam::{MEMBER}:root"},), MEMBER, AUDIT, True),
    (({**OPEN, "Resource": f"arn:aws:iam::{MEMBER}:root"},), OTHER, AUDIT, False),
    (({**OPEN, "Resource": "arn:aws:iam::*:root"},), OTHER, AUDIT, True),
    (({**OPEN, "Resource": "arn:aws:iam::*:user/*"},), OTHER, AUDIT, False),
    ((OPEN, {**AUDIT_ONLY, "Effect": "Deny"}), MEMBER, AUDIT, False),
    ((OPEN, {**AUDIT_ONLY, "Effect": "Deny"}), MEMBER, UNLOCK, True),
    ((limited("StringLike", "aws:SourceIdentity", "orq.*"),), MEMBER, AUDIT, False),
    ((limited("Null", "aws:SourceIdentity", "true"),), MEMBER, AUDIT, True),
    (
        (limited("ArnEquals", "aws:PrincipalArn", f"{USERS}operator-*"),),
        MEMBER,
        AUDIT,
        1,
    ),
    ((limited("ArnEquals", "aws:PrincipalArn", f"{USERS}other"),), MEMBER, AUDIT, 0),
    (({**OPEN, "Action": "sts:*"},), MEMBER, AUDIT, True),
    (({**OPEN, "Action": "sts:AssumeRole"},), MEMBER, AUDIT, False),
]


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """One sandbox for the rows, which change nothing in it."""
    clock = SandboxClock()
    with Sandbox(Front(build_organization(clock), clock)) as server:
        yield server


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_assume_root_is_allowed_by_the_callers_own_policy(
    shared: Sandbox, refused: Refused, row: tuple[Any, AccountId, str, Any]
) -> None:
    """Action, resource, task and caller must all be covered, and no Deny may be."""
    statements, target, task, allowed = row
    key = user(shared, *statements, name=f"operator-{ROWS.index(row)}")
    if allowed:
        assert assume(shared, key, target, task)["Credentials"]
    else:
        answer = refused(lambda: assume(shared, key, target, task))
        assert answer.code == "AccessDenied"
        assert "sts:AssumeRoot" in answer.message


def test_a_source_identity_needs_caller_and_trust(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """Both policies must allow sts:SetSourceIdentity, and so the identity of a run is nobody's."""
    only = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    weak = user(sandbox, only, name="weak")
    account = f"arn:aws:iam::{MANAGEMENT}:root"
    arn = role(sandbox, account)
    assert become(sandbox, weak, arn)
    answer = refused(lambda: become(sandbox, weak, arn, SourceIdentity=REFERENCE))
    assert "sts:SetSourceIdentity" in answer.message
    plain = role(sandbox, account, name="plain", actions="sts:AssumeRole")
    answer = refused(lambda: become(sandbox, manager, plain, SourceIdentity=REFERENCE))
    assert "sts:SetSourceIdentity" in answer.message


def test_a_source_identity_stays_through_every_role(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """It is handed on and echoed, cannot be changed, and needs its permission at every step."""
    account = f"arn:aws:iam::{MANAGEMENT}:root"
    anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    first = role(sandbox, account, anything, name="first")
    second = role(sandbox, account, name="second")
    closed = role(sandbox, account, name="closed", actions="sts:AssumeRole")
    session = become(sandbox, manager, first, SourceIdentity="dana")
    answer = sandbox.client("sts", session).assume_role(RoleArn=second, RoleSessionName="alice")
    assert answer["SourceIdentity"] == "dana"
    assert assume(sandbox, answer["Credentials"], MEMBER)["SourceIdentity"] == "dana"
    assert become(sandbox, session, second, SourceIdentity="dana")
    other = refused(lambda: become(sandbox, session, second, SourceIdentity=REFERENCE))
    assert other.code == "AccessDenied"
    assert refused(lambda: become(sandbox, session, closed)).code == "AccessDenied"


def test_a_trust_policy_can_ask_for_the_reference(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """sts:SourceIdentity and sts:RoleSessionName must be keys of the trust policy's conditions."""
    arn = role(
        sandbox,
        manager.arn,
        Condition={
            "StringLike": {"sts:SourceIdentity": "orq.*", "sts:RoleSessionName": ["alice", "olga"]}
        },
    )
    assert become(sandbox, manager, arn, SourceIdentity=REFERENCE)
    assert refused(lambda: become(sandbox, manager, arn)).code == "AccessDenied"
    assert refused(lambda: become(sandbox, manager, arn, SourceIdentity="dana")).code == (
        "AccessDenied"
    )


def test_the_reference_can_be_made_a_condition_of_root_sessions(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """A role's policy may want aws:SourceIdentity to be a reference before it opens anything."""
    arn = role(sandbox, manager.arn, limited("StringLike", "aws:SourceIdentity", "orq.*"))
    with_it = become(sandbox, manager, arn, SourceIdentity=REFERENCE)
    assert assume(sandbox, with_it, MEMBER)["SourceIdentity"] == REFERENCE
    without = become(sandbox, manager, arn)
    assert refused(lambda: assume(sandbox, without, MEMBER)).code == "AccessDenied"


def test_the_trail_shows_the_reference(sandbox: Sandbox, manager: UserKey) -> None:
    """AssumeRole names it as parameter and answer, AssumeRoot as identity of its session."""
    session = become(sandbox, manager, role(sandbox, manager.arn), SourceIdentity=REFERENCE)
    assume(sandbox, session, MEMBER)
    records = {record["eventName"]: record for record in sandbox.front.trail.records()}
    role_event, root_event = records["AssumeRole"], records["AssumeRoot"]
    assert role_event["requestParameters"]["sourceIdentity"] == REFERENCE
    assert role_event["responseElements"]["sourceIdentity"] == REFERENCE
    assert root_event["userIdentity"]["sessionContext"]["sourceIdentity"] == REFERENCE
    assert root_event["responseElements"]["sourceIdentity"] == REFERENCE
    assert sandbox.front.trail.root_sessions()[0]["source_identity"] == REFERENCE


def test_a_session_policy_only_takes_away(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """What the role does not allow stays forbidden, whatever the session policy says."""
    arn = role(sandbox, manager.arn, AUDIT_ONLY)
    session = become(sandbox, manager, arn, Policy=document(OPEN))
    assert assume(sandbox, session, MEMBER)
    answer = refused(lambda: assume(sandbox, session, MEMBER, UNLOCK))
    assert answer.message.endswith("no identity-based policy allows the sts:AssumeRoot action")
    nothing = document({"Effect": "Deny", "Action": "*", "Resource": "*"})
    session = become(sandbox, manager, arn, Policy=nothing)
    answer = refused(lambda: assume(sandbox, session, MEMBER))
    assert answer.message.endswith("with an explicit deny in a session policy")
    assert sandbox.client("sts", session).get_caller_identity()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"RoleSessionName": "a/b"}, "ValidationError"),
        ({"RoleSessionName": "x" * 65}, "ValidationError"),
        ({"SourceIdentity": "y" * 65}, "ValidationError"),
        ({"SourceIdentity": "aws:dana"}, "ValidationError"),
        ({"SourceIdentity": "two words"}, "ValidationError"),
        ({"Policy": document(OPEN) + " " * 2048}, "ValidationError"),
        ({"Policy": "{}["}, "MalformedPolicyDocument"),
        ({"DurationSeconds": 43200}, "ValidationError"),
    ],
)
def test_assume_role_refuses_what_sts_refuses(
    sandbox: Sandbox, manager: UserKey, refused: Refused, changes: dict[str, Any], code: str
) -> None:
    """Names, lengths and durations are those of the STS API reference."""
    arn = role(sandbox, manager.arn)
    wanted = {"RoleArn": arn, "RoleSessionName": "alice", **changes}
    assert refused(sandbox.client("sts", manager).assume_role, **wanted).code == code


def test_a_packed_session_policy_may_be_too_large(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """STS says by its own code that a policy of legal length takes more than its share."""
    arn = role(sandbox, manager.arn)
    sandbox.control("POST", "habits", {"packed_policy_characters": 100})
    answer = refused(lambda: become(sandbox, manager, arn, Policy=document(OPEN, AUDIT_ONLY)))
    assert (answer.code, answer.status) == ("PackedPolicyTooLarge", 400)
    sandbox.control("POST", "habits", {"packed_policy_characters": 2048})
    answer = sandbox.client("sts", manager).assume_role(
        RoleArn=arn, RoleSessionName="alice", Policy=document(OPEN)
    )
    assert 0 < answer["PackedPolicySize"] <= 100


def test_handing_a_role_to_a_service_needs_pass_role(sandbox: Sandbox, refused: Refused) -> None:
    """A function that would run as a role is nobody's to make who may not pass that role."""
    anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    arn = role(sandbox, f"arn:aws:iam::{MANAGEMENT}:root", name="orgroot-runner")
    guarded = {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*:role/orgroot-*"}
    key = user(sandbox, anything, guarded)
    sandbox.client("iam", sandbox.administrator(MANAGEMENT)).create_instance_profile(
        InstanceProfileName="box"
    )
    calls = (
        lambda: sandbox.client("lambda", key).create_function(
            FunctionName="mine", Role=arn, Runtime="python3.12", Handler="a.b", Code={}
        ),
        lambda: sandbox.client("iam", key).add_role_to_instance_profile(
            InstanceProfileName="box", RoleName="orgroot-runner"
        ),
        lambda: sandbox.client("ecs", key).register_task_definition(
            family="mine", taskRoleArn=arn, containerDefinitions=[]
        ),
    )
    for call in calls:
        answer = refused(call)
        assert answer.code in {"AccessDenied", "AccessDeniedException"}
        assert f"iam:PassRole on resource: {arn}" in answer.message


def test_making_something_with_tags_needs_to_tag(sandbox: Sandbox, refused: Refused) -> None:
    """CreatePolicy with tags is refused to who may create and not tag; without them it is not."""
    creates = {"Effect": "Allow", "Action": ["organizations:CreatePolicy", "iam:CreateUser"]}
    key = user(sandbox, {**creates, "Resource": "*"})
    tags = [{"Key": "a", "Value": "b"}]
    allow = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    wanted = {
        "Name": "one",
        "Description": "",
        "Type": "SERVICE_CONTROL_POLICY",
        "Content": allow,
    }
    create = sandbox.client("organizations", key).create_policy
    assert "organizations:TagResource" in refused(create, **wanted, Tags=tags).message
    assert create(**wanted)
    iam = sandbox.client("iam", key)
    assert "iam:TagUser" in refused(iam.create_user, UserName="bob", Tags=tags).message


def test_a_role_is_judged_by_its_whole_arn(sandbox: Sandbox, refused: Refused) -> None:
    """The path is part of it: a Deny on role/orgroot-* does not cover role/hidden/orgroot-*."""
    admin = sandbox.client("iam", sandbox.administrator(MEMBER))
    made = admin.create_user(UserName="bob")
    keys = admin.create_access_key(UserName="bob")["AccessKey"]
    policy = document(
        {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:*Role*", "Resource": "arn:aws:iam::*:role/orgroot-*"},
    )
    admin.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=policy)
    bob = sandbox.client(
        "iam",
        UserKey(
            arn=made["User"]["Arn"],
            access_key_id=keys["AccessKeyId"],
            secret=keys["SecretAccessKey"],
        ),
    )
    trust = document({"Effect": "Allow", "Principal": {"AWS": MEMBER}, "Action": "sts:AssumeRole"})
    for made_by, path in ((bob, "/hidden/"), (admin, "/")):
        name = f"orgroot-{path.strip('/') or 'open'}"
        made_by.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)
    bob.delete_role(RoleName="orgroot-hidden")
    assert refused(bob.delete_role, RoleName="orgroot-open").code == "AccessDenied"
    denied = refused(bob.create_role, RoleName="orgroot-x", AssumeRolePolicyDocument=trust)
    assert denied.code == "AccessDenied"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (document({"Effect": "Allow", "Action": "sts:AssumeRoot"}), "MalformedPolicyDocument"),
        (document({**OPEN, "Principal": "*"}), "MalformedPolicyDocument"),
        (document({**OPEN, "Condition": {"StringSounds": {"a": "b"}}}), "MalformedPolicyDocument"),
        ("[]", "MalformedPolicyDocument"),
        (
            document({**OPEN, "Resource": [f"{n:040d}" for n in range(70)]}),
            "MalformedPolicyDocument",
        ),
        (document({**OPEN, "Resource": [f"arn:aws:iam::{n:012d}:root" for n in range(70)]}), LONG),
        (document({**OPEN, "Resource": "arn:aws:iam::*:root"}), "taken"),
    ],
)
def test_inline_policies_are_taken_or_refused_as_iam_does(
    sandbox: Sandbox, manager: UserKey, refused: Refused, text: str, code: str
) -> None:
    """Malformed or too long is refused; the root user's ARN as a resource is taken."""
    iam = sandbox.client("iam", manager)
    iam.create_user(UserName="bob")
    wanted = {"UserName": "bob", "PolicyName": "p", "PolicyDocument": text}
    if code == "taken":
        iam.put_user_policy(**wanted)
        assert iam.list_user_policies(UserName="bob")["PolicyNames"] == ["p"]
        return
    assert refused(iam.put_user_policy, **wanted).code == code
    assert refused(iam.put_user_policy, **{**wanted, "UserName": "eve"}).code == "NoSuchEntity"


def test_a_users_boundary_is_501_and_never_forgotten(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """What the sandbox does not enforce it does not take either."""
    iam = sandbox.client("iam", manager)
    policy = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    answer = refused(iam.create_user, UserName="bob", PermissionsBoundary=policy)
    assert answer.status == 501
