"""AssumeRole with trust policies, as AWS was seen to answer it."""

import json
from collections.abc import Callable
from typing import Any

from orgroot.sandbox import provision
from orgroot.sandbox.data_plane import ADMINISTRATOR_ACCESS
from orgroot.sandbox.provision import UserKey
from tests.sandbox.conftest import INVITED, MANAGEMENT, MEMBER, OTHER, Sandbox
from tests.sandbox.sts_calls import AUDIT, assume, root_key

Refused = Callable[..., Any]
RECOVER = "IAMCreateRootUserPassword"
DELETE = "IAMDeleteRootUserCredentials"
S3_UNLOCK = "S3UnlockBucketPolicy"
SQS_UNLOCK = "SQSUnlockQueuePolicy"
TASKS = (AUDIT, RECOVER, DELETE, S3_UNLOCK, SQS_UNLOCK)
DENIED = "is not authorized to perform: sts:AssumeRoot on resource: arn:aws:iam::{}:root"


def role_arn(account: str, name: str = "OrganizationAccountAccessRole") -> str:
    """A role's ARN."""
    return f"arn:aws:iam::{account}:role/{name}"


def test_created_accounts_have_the_access_role_and_invited_ones_not(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """OrganizationAccountAccessRole trusts the management account, where AWS made it."""
    sts = sandbox.client("sts", manager)
    answer = sts.assume_role(RoleArn=role_arn(MEMBER), RoleSessionName="alice")
    who = sandbox.client("sts", answer["Credentials"]).get_caller_identity()
    expected = f"arn:aws:sts::{MEMBER}:assumed-role/OrganizationAccountAccessRole/alice"
    assert who["Arn"] == expected
    denied = refused(sts.assume_role, RoleArn=role_arn(INVITED), RoleSessionName="alice")
    assert (denied.code, denied.status) == ("AccessDenied", 403)


def test_a_role_that_does_not_trust_the_caller_is_closed(
    sandbox: Sandbox, refused: Refused
) -> None:
    """Being an administrator elsewhere must open nothing."""
    sts = sandbox.client("sts", sandbox.administrator(OTHER))
    denied = refused(sts.assume_role, RoleArn=role_arn(MEMBER), RoleSessionName="somebody")
    assert denied.code == "AccessDenied"


def test_source_identity_needs_its_own_trust_and_travels(
    sandbox: Sandbox, manager: UserKey, refused: Refused
) -> None:
    """SourceIdentity must be allowed by trust, be echoed, and come out of AssumeRoot."""
    trust: dict[str, Any] = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"},
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        },
    }
    data = sandbox.front.data_plane
    allowed = {"p": ADMINISTRATOR_ACCESS}
    good = provision.add_role(data, MANAGEMENT, "operator", trust=trust, policies=allowed)
    trust["Statement"]["Action"] = "sts:AssumeRole"
    plain = provision.add_role(data, MANAGEMENT, "plain", trust=trust, policies=allowed)
    sts = sandbox.client("sts", manager)
    session = sts.assume_role(RoleArn=good, RoleSessionName="alice", SourceIdentity="alice")
    assert session["SourceIdentity"] == "alice"
    answer = assume(sandbox, session["Credentials"], MEMBER)
    assert answer["SourceIdentity"] == "alice"
    denied = refused(
        sts.assume_role, RoleArn=plain, RoleSessionName="alice", SourceIdentity="alice"
    )
    assert denied.code == "AccessDenied"
    assert "sts:SetSourceIdentity" in denied.message


def test_a_session_policy_caps_a_role(sandbox: Sandbox, manager: UserKey, refused: Refused) -> None:
    """What the inline session policy does not allow must be refused."""
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": manager.arn},
            "Action": "sts:AssumeRole",
        },
    }
    arn = provision.add_role(
        sandbox.front.data_plane,
        MANAGEMENT,
        "runner",
        trust=trust,
        policies={"p": ADMINISTRATOR_ACCESS},
    )
    cap = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "sts:AssumeRoot",
            "Resource": f"arn:aws:iam::{MEMBER}:root",
        },
    }
    session = sandbox.client("sts", manager).assume_role(
        RoleArn=arn, RoleSessionName="alice", Policy=json.dumps(cap)
    )["Credentials"]
    assert assume(sandbox, session, MEMBER)["Credentials"]
    denied = refused(lambda: assume(sandbox, session, OTHER))
    assert denied.message.endswith("because no session policy allows the sts:AssumeRoot action")
    assert refused(sandbox.client("iam", session).list_users).code == "AccessDenied"


def test_managed_session_policies_and_boundaries_cap_a_role(
    sandbox: Sandbox, refused: Refused
) -> None:
    """PolicyArns and a permissions boundary must both take away what they do not allow."""
    admin = sandbox.client("iam", sandbox.administrator(MEMBER))
    read_only = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": sandbox.administrator(MEMBER).arn},
            "Action": "sts:AssumeRole",
        },
    }
    for name, more in (("free", {}), ("bound", {"PermissionsBoundary": read_only})):
        admin.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), **more)
        admin.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=ADMINISTRATOR_ACCESS)
    sts = sandbox.client("sts", sandbox.administrator(MEMBER))
    for name, more in (("free", {"PolicyArns": [{"arn": read_only}]}), ("bound", {})):
        answer = sts.assume_role(RoleArn=role_arn(MEMBER, name), RoleSessionName="alice", **more)
        iam = sandbox.client("iam", answer["Credentials"])
        assert iam.list_users()["Users"]
        assert refused(iam.create_user, UserName="intruder").code == "AccessDenied"


def test_root_may_not_assume_a_role(sandbox: Sandbox, refused: Refused) -> None:
    """AWS refuses root users by name."""
    sts = sandbox.client("sts", root_key(sandbox, MANAGEMENT))
    denied = refused(sts.assume_role, RoleArn=role_arn(MEMBER), RoleSessionName="somebody")
    assert (denied.code, denied.message) == (
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
    )
