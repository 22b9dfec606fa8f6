"""An organization of four accounts behind a real port, and short ways to speak to it."""

import contextlib
import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from orgroot.core.ids import AccountId
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.front import Front
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.organization_values import IAM, Feature, JoinedMethod
from orgroot.sandbox.provision import UserKey
from orgroot.sandbox.server import SandboxServer

MANAGEMENT = AccountId("111111111111")
MEMBER = AccountId("222222222222")
OTHER = AccountId("333333333333")
INVITED = AccountId("012345678901")
STRANGER = AccountId("999999999999")
TASK = "arn:aws:iam::aws:policy/root-task/"


class Sandbox(SandboxServer):
    """A server with words for what tests do all the time."""

    @property
    def organization(self) -> Organization:
        """The organization's state."""
        return self.front.organization

    def root_session(self, task: str, account: AccountId = MEMBER, **more: Any) -> dict[str, str]:
        """The credentials of a root session, opened by the management account's administrator."""
        sts = self.client("sts", self.administrator(MANAGEMENT))
        answer = sts.assume_root(
            TargetPrincipal=account, TaskPolicyArn={"arn": TASK + task}, **more
        )
        return dict(answer["Credentials"])

    def control(self, method: str, page: str, body: Any = None) -> Any:
        """Call a control page; a refusal fails the test."""
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=10)
        with contextlib.closing(connection):
            text = None if body is None else json.dumps(body)
            headers = {"Content-Type": "application/json"}
            connection.request(method, f"/_sandbox/{page}", body=text, headers=headers)
            answer = connection.getresponse()
            found = json.load(answer)
        assert answer.status == 200, found
        return found

    def fault(self, **rule: Any) -> None:
        """Order one fault."""
        self.control("POST", "faults", {"rules": [rule]})


def build_organization(clock: SandboxClock) -> Organization:
    """Four accounts in two OUs, trusted access and both features on, SCPs on."""
    organization = Organization(
        management_account=MANAGEMENT,
        name="management",
        email="management@example.com",
        created_at=clock(),
    )
    unit = organization.new_unit("workloads", organization.root_id)
    for number, name, parent, method in (
        (MEMBER, "member", unit.id, JoinedMethod.CREATED),
        (OTHER, "other", organization.root_id, JoinedMethod.CREATED),
        (INVITED, "invited", organization.root_id, JoinedMethod.INVITED),
    ):
        organization.new_account(
            name,
            f"{name}@example.com",
            account_id=number,
            parent=parent,
            joined_at=clock(),
            joined_method=method,
        )
    organization.enable_scps()
    organization.service_access[IAM] = clock()
    organization.features |= set(Feature)
    return organization


@pytest.fixture(autouse=True)
def no_aws_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's own AWS configuration and proxies out of every test."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "HTTP_PROXY", "http_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A fresh organization behind a port."""
    clock = SandboxClock()
    with Sandbox(Front(build_organization(clock), clock)) as server:
        yield server


@pytest.fixture
def manager(sandbox: Sandbox) -> UserKey:
    """The management account's administrator."""
    return sandbox.administrator(MANAGEMENT)


class Refusal:
    """What AWS said when it said no."""

    def __init__(self, error: ClientError) -> None:
        self.code = error.response["Error"]["Code"]
        self.message = error.response["Error"].get("Message", "")
        self.status = error.response["ResponseMetadata"]["HTTPStatusCode"]

    def __repr__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


@pytest.fixture
def refused() -> Callable[..., Refusal]:
    """Call something that AWS must refuse; answers the refusal."""

    def call(operation: Callable[..., Any], **params: Any) -> Refusal:
        with pytest.raises(ClientError) as caught:
            operation(**params)
        return Refusal(caught.value)

    return call


@pytest.fixture
def new_policy(sandbox: Sandbox) -> Callable[..., str]:
    """Create an SCP through the API and attach it; answers its ARN."""

    def create(target: str, statements: list[dict[str, Any]], name: str = "guardrail") -> str:
        client = sandbox.client("organizations", sandbox.administrator(MANAGEMENT))
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        made = client.create_policy(
            Name=name, Description="", Type="SERVICE_CONTROL_POLICY", Content=document
        )["Policy"]["PolicySummary"]
        client.attach_policy(PolicyId=made["Id"], TargetId=target)
        return str(made["Arn"])

    return create
