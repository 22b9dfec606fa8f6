"""The shipped SCP that reserves AssumeRoot in the delegated administrator, call by call."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from orgroot.sandbox import provision
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.data_plane import ADMINISTRATOR_ACCESS
from orgroot.sandbox.front import Front
from tests.sandbox.conftest import MANAGEMENT, MEMBER, OTHER, Sandbox, build_organization
from tests.sandbox.sts_calls import assume

SCP = Path(__file__).parents[2] / "policies" / "scp" / "reserve-assume-root.json"
RUNNER, EXECUTOR = "orgroot-runner", "orgroot-executor"
TASKS = f"arn:aws:ecs:eu-west-1:{MEMBER}:task-definition"
OTHERS = "arn:aws:iam::{}:role/helper"
ABOVE = "OrganizationAccountAccessRole"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        }
    ],
}
Clients = Callable[[str], Any]


def arn(name: str) -> str:
    """A role of the delegated administrator."""
    return f"arn:aws:iam::{MEMBER}:role/{name}"


DENIED: list[tuple[str, Callable[[Clients], Any]]] = [
    ("sts:AssumeRoot", lambda c: c("sts").assume_root(**ROOT)),
    ("sts:AssumeRole", lambda c: c("sts").assume_role(RoleArn=arn(EXECUTOR), RoleSessionName="me")),
    ("sts:AssumeRole", lambda c: c("sts").assume_role(RoleArn=arn(RUNNER), RoleSessionName="me")),
    (
        "iam:UpdateAssumeRolePolicy",
        lambda c: c("iam").update_assume_role_policy(
            RoleName=EXECUTOR, PolicyDocument=json.dumps(TRUST)
        ),
    ),
    (
        "iam:PutRolePolicy",
        lambda c: c("iam").put_role_policy(
            RoleName=RUNNER, PolicyName="more", PolicyDocument=ADMINISTRATOR_ACCESS
        ),
    ),
    (
        "iam:AttachRolePolicy",
        lambda c: c("iam").attach_role_policy(
            RoleName=RUNNER, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
    ),
    ("iam:DeleteRole", lambda c: c("iam").delete_role(RoleName=EXECUTOR)),
    (
        "iam:CreatePolicyVersion",
        lambda c: c("iam").create_policy_version(
            PolicyArn=f"arn:aws:iam::{MEMBER}:policy/orgroot-own",
            PolicyDocument=ADMINISTRATOR_ACCESS,
        ),
    ),
    (
        "iam:PassRole",
        lambda c: c("lambda").create_function(
            FunctionName="mine", Role=arn(RUNNER), Runtime="python3.12", Handler="a.b", Code={}
        ),
    ),
    (
        "iam:PassRole",
        lambda c: c("iam").add_role_to_instance_profile(
            InstanceProfileName="mine", RoleName=EXECUTOR
        ),
    ),
    (
        "iam:PassRole",
        lambda c: c("ecs").register_task_definition(
            family="mine", taskRoleArn=arn(RUNNER), containerDefinitions=[]
        ),
    ),
    (
        "lambda:UpdateFunctionCode",
        lambda c: c("lambda").update_function_code(FunctionName="orgroot-runner", ZipFile=b"x"),
    ),
    (
        "lambda:UpdateFunctionConfiguration",
        lambda c: c("lambda").update_function_configuration(
            FunctionName="orgroot-runner", Environment={"Variables": {"ORGROOT_CONFIG": "x"}}
        ),
    ),
    (
        "ecs:RegisterTaskDefinition",
        lambda c: c("ecs").register_task_definition(
            family="orgroot-runner", containerDefinitions=[]
        ),
    ),
    (
        "ecs:UpdateService",
        lambda c: c("ecs").update_service(cluster="any", service="orgroot-runner", desiredCount=0),
    ),
    (
        "ecs:CreateService",
        lambda c: c("ecs").create_service(
            cluster="mine", serviceName="mine", taskDefinition="orgroot-runner", launchType="EC2"
        ),
    ),
    (
        "ecs:UpdateService",
        lambda c: c("ecs").update_service(
            cluster="mine", service="mine", taskDefinition="orgroot-runner:7"
        ),
    ),
    (
        "ecs:CreateTaskSet",
        lambda c: c("ecs").create_task_set(
            cluster="mine", service="mine", taskDefinition=f"{TASKS}/orgroot-runner:7"
        ),
    ),
    ("ecs:RunTask", lambda c: c("ecs").run_task(taskDefinition="orgroot-runner:1")),
    (
        "ecr:PutImage",
        lambda c: c("ecr").put_image(repositoryName="orgroot-runner", imageManifest="{}"),
    ),
]
ROOT = {
    "TargetPrincipal": OTHER,
    "TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"},
}


@pytest.fixture(scope="module")
def guarded() -> Iterator[Sandbox]:
    """A delegated administrator with the runner's roles, and the SCP on it."""
    clock = SandboxClock()
    organization = build_organization(clock)
    organization.delegations["iam.amazonaws.com"] = {MEMBER: clock()}
    with Sandbox(Front(organization, clock)) as sandbox:
        data = sandbox.front.data_plane
        for name in (RUNNER, EXECUTOR):
            provision.add_role(
                data, MEMBER, name, trust=TRUST, policies={"p": ADMINISTRATOR_ACCESS}
            )
        manager = sandbox.client("organizations", sandbox.administrator(MANAGEMENT))
        text = json.dumps(json.loads(SCP.read_text(encoding="utf-8")), separators=(",", ":"))
        made = manager.create_policy(
            Name="reserve", Description="", Type="SERVICE_CONTROL_POLICY", Content=text
        )
        manager.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=MEMBER)
        yield sandbox


@pytest.mark.parametrize("row", DENIED, ids=[f"{n}-{row[0]}" for n, row in enumerate(DENIED)])
def test_an_administrator_of_that_account_may_not(
    guarded: Sandbox, row: tuple[str, Callable[[Clients], Any]]
) -> None:
    """Each way to AssumeRoot, to the roles that may, and to their code is denied by the SCP."""
    action, call = row
    key = guarded.administrator(MEMBER)
    with pytest.raises(ClientError) as caught:
        call(lambda service: guarded.client(service, key))
    words = str(caught.value)
    assert f"not authorized to perform: {action}" in words
    assert "with an explicit deny in a service control policy" in words


def test_the_runner_and_its_executor_open_root_sessions(guarded: Sandbox) -> None:
    """Their own AssumeRoot, and the runner's way to the executor, must stay open."""
    administrator = guarded.client("sts", guarded.administrator(MANAGEMENT))
    runner = administrator.assume_role(RoleArn=arn(RUNNER), RoleSessionName="orgroot")
    assert assume(guarded, runner["Credentials"], OTHER)["Credentials"]
    sts = guarded.client("sts", runner["Credentials"])
    executor = sts.assume_role(
        RoleArn=arn(EXECUTOR), RoleSessionName="alice", SourceIdentity="orq.x"
    )
    assert assume(guarded, executor["Credentials"], OTHER)["Credentials"]


def test_the_management_account_changes_what_nobody_else_may(guarded: Sandbox) -> None:
    """Through its access role, which opens no root session; its own administrators just do."""
    administrator = guarded.client("sts", guarded.administrator(MANAGEMENT))
    above = administrator.assume_role(RoleArn=arn(ABOVE), RoleSessionName="dana")["Credentials"]
    iam = guarded.client("iam", above)
    iam.update_assume_role_policy(RoleName=RUNNER, PolicyDocument=json.dumps(TRUST))
    with pytest.raises(ClientError, match="service control policy"):
        guarded.client("sts", above).assume_root(**ROOT)
    assert administrator.assume_root(**ROOT)["Credentials"]


def test_other_work_in_that_account_goes_on(guarded: Sandbox) -> None:
    """Roles, functions, services and images of other names are nobody's business here."""
    ecs = guarded.client("ecs", guarded.administrator(MEMBER))
    with pytest.raises(ClientError) as caught:  # which the sandbox does not know any further
        ecs.create_service(cluster="mine", serviceName="mine", taskDefinition="mine:1")
    assert "service control policy" not in str(caught.value)
    iam = guarded.client("iam", guarded.administrator(MEMBER))
    iam.create_role(RoleName="helper", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="helper", PolicyName="p", PolicyDocument=ADMINISTRATOR_ACCESS)
    sts = guarded.client("sts", guarded.administrator(MEMBER))
    assert sts.assume_role(RoleArn=OTHERS.format(MEMBER), RoleSessionName="me")["Credentials"]
    helper = sts.assume_role(RoleArn=OTHERS.format(MEMBER), RoleSessionName="me")["Credentials"]
    with pytest.raises(ClientError, match="service control policy"):
        guarded.client("sts", helper).assume_root(**ROOT)
