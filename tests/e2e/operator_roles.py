"""Roles in a sandbox's management account, made by its administrator as people make them in AWS."""

import json
from typing import Any

from tests.e2e.playground import Playground

EXECUTOR = "orgroot-executor"
OPENS = {"Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": "arn:aws:iam::*:root"}
BOTH = ("sts:AssumeRole", "sts:SetSourceIdentity")


def document(*statements: dict[str, Any]) -> str:
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def make_role(
    place: Playground, name: str, principal: dict[str, Any], *statements: dict[str, Any]
) -> str:
    """A role that this principal may assume, with a SourceIdentity or without; its ARN."""
    iam = place.administrator("iam")
    trust = {"Effect": "Allow", "Principal": principal, "Action": list(BOTH)}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(
        RoleName=name, PolicyName="own", PolicyDocument=document(*(statements or (OPENS,)))
    )
    return str(made["Role"]["Arn"])


def set_user_policy(place: Playground, person: str, *statements: dict[str, Any]) -> None:
    """What a person's own user may do, and nothing else."""
    iam = place.administrator("iam")
    for name in iam.list_user_policies(UserName=person)["PolicyNames"]:
        iam.delete_user_policy(UserName=person, PolicyName=name)
    iam.put_user_policy(UserName=person, PolicyName="own", PolicyDocument=document(*statements))


def executor(place: Playground) -> str:
    """The executor role, trusted by the account's own people."""
    account = place.info["management_account"]
    return make_role(place, EXECUTOR, {"AWS": f"arn:aws:iam::{account}:root"})


def configured(place: Playground, role: str, name: str = "through-the-role") -> str:
    """The path of a configuration that names the role for this account."""
    account = place.info["management_account"]
    roles = f'\n  executor_roles: {{"{account}": "{role}"}}\n\nroot_access:'
    return place.variant(name, ("\n\nroot_access:", roles))


def session_of(place: Playground, role: str, name: str, **more: Any) -> dict[str, str]:
    """The variables of a session of a role, opened by the administrator."""
    answer = place.administrator("sts").assume_role(RoleArn=role, RoleSessionName=name, **more)
    found = answer["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
        "AWS_SESSION_TOKEN": found["SessionToken"],
    }
