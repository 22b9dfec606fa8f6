"""A live organization over HTTP, and rows that say what AWS must answer to a call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from orgroot.core.ids import AccountId
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.front import Front
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.organization_values import IAM, AccountState, Feature, JoinedMethod
from orgroot.sandbox.server import SandboxServer

MANAGEMENT = AccountId("111111111111")
MEMBER = AccountId("222222222222")
DELEGATE = AccountId("333333333333")
SUSPENDED = AccountId("444444444444")
INVITED = AccountId("012345678901")
STRANGER = AccountId("999999999999")
ACCOUNTS = 25
SCP = "SERVICE_CONTROL_POLICY"
RCP = "RESOURCE_CONTROL_POLICY"
GUARDDUTY = "guardduty.amazonaws.com"
TASK = "arn:aws:iam::aws:policy/root-task/"
DENY = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"ec2:*","Resource":"*"}}'
_CALLERS = {
    "management": MANAGEMENT,
    "member": MEMBER,
    "delegate": DELEGATE,
    "stranger": STRANGER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What AWS said when it said no."""

    code: str
    status: int
    message: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A call that must be refused.

    Attributes:
        caller: management, member, delegate, stranger.
        operation: the API operation.
        params: its input; ``{name}`` in a text stands for an id of the live organization.
        code: AWS's code.
        reason: the Reason, where Organizations gives one.
        message: how the text begins or what it contains.
        status: the HTTP status.
        before: calls of the management account that come first.
    """

    caller: str
    operation: str
    params: Mapping[str, Any]
    code: str
    reason: str = ""
    message: str = ""
    status: int = 400
    before: tuple[tuple[str, Mapping[str, Any]], ...] = field(default=())

    def __str__(self) -> str:
        given = "-".join(str(value)[:24] for value in self.params.values())
        return f"{self.caller}-{self.operation}-{given}-{self.reason or self.code}"


def build_organization(clock: Callable[[], Any]) -> Organization:
    """25 accounts; the features and SCPs on; a delegate that is not registered yet."""
    organization = Organization(
        management_account=MANAGEMENT,
        name="management",
        email="management@example.com",
        created_at=clock(),
    )
    unit = organization.new_unit("Workloads", organization.root_id)
    organization.new_unit("Production", unit.id)
    now = clock()

    def join(number: AccountId, name: str, **more: Any) -> None:
        email = f"{name}@example.com"
        organization.new_account(name, email, account_id=number, joined_at=now, **more)

    join(MEMBER, "member", parent=unit.id)
    join(DELEGATE, "delegate")
    join(SUSPENDED, "suspended", state=AccountState.SUSPENDED)
    join(INVITED, "invited", joined_method=JoinedMethod.INVITED)
    for index in range(ACCOUNTS - len(organization.accounts)):
        join(AccountId(f"5000000000{index:02d}"), f"team-{index}")
    organization.enable_scps()
    organization.service_access[IAM] = now
    organization.features |= set(Feature)
    return organization


class Live:
    """A fresh organization behind a port, and short words to speak to it."""

    # One for all: each new one parses botocore's models again.
    _session: Any = boto3.Session()

    def __init__(self) -> None:
        self.clock = SandboxClock()
        self.organization = build_organization(self.clock)
        self.front = Front(self.organization, self.clock)
        self.server = SandboxServer(self.front)
        self._clients: dict[tuple[str, str], Any] = {}
        root = self.organization.root_id
        units = {unit.name: unit.id for unit in self.organization.units.values()}
        self.ids = {
            "root": str(root),
            "ou": units["Workloads"],
            "inner": units["Production"],
            "member": str(MEMBER),
            "delegate": str(DELEGATE),
            "suspended": str(SUSPENDED),
            "management": str(MANAGEMENT),
        }

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.server.__exit__(kind, error, traceback)

    def client(self, caller: str, service: str) -> Any:
        """A client of an administrator of the caller's account."""
        if (caller, service) not in self._clients:
            key = self.server.administrator(_CALLERS[caller])
            self._clients[caller, service] = self.client_with(
                service, key.access_key_id, key.secret
            )
        return self._clients[caller, service]

    def client_with(self, service: str, key: str, secret: str, token: str | None = None) -> Any:
        """A client with these credentials that leaves all checking of input to the server."""
        return self._session.client(
            service,
            region_name="eu-west-1",
            endpoint_url=self.server.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(
                parameter_validation=False,
                retries={"total_max_attempts": 1, "mode": "standard"},
            ),
        )

    def root_session(self, task: str, account: AccountId = MEMBER) -> Any:
        """An IAM client in a root session of an account."""
        sts = self.client("management", "sts")
        arn = {"arn": TASK + task}
        got = sts.assume_root(TargetPrincipal=account, TaskPolicyArn=arn)["Credentials"]
        return self.client_with(
            "iam", got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]
        )

    def call(
        self, operation: str, *, by: str = "management", of: str = "organizations", **params: Any
    ) -> dict[str, Any]:
        """Make a call; ids of the live organization may stand as ``{name}`` in its input."""
        method = getattr(self.client(by, of), xform_name(operation))
        answer = dict(method(**self.filled(params)))
        del answer["ResponseMetadata"]
        return answer

    def filled(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The input with the ids filled in; JSON documents are left alone."""
        return {
            name: self.ids.get(value[1:-1], value) if _is_placeholder(value) else value
            for name, value in params.items()
        }

    def policy(self, name: str = "guardrail", content: str = DENY, kind: str = SCP) -> str:
        """Create a policy that is attached nowhere; its id."""
        answer = self.call("CreatePolicy", Name=name, Description="", Type=kind, Content=content)
        return str(answer["Policy"]["PolicySummary"]["Id"])

    def delegate(self, service: str = IAM) -> None:
        """Register the delegated administrator of a service."""
        self.call("EnableAWSServiceAccess", ServicePrincipal=service)
        self.call("RegisterDelegatedAdministrator", AccountId=DELEGATE, ServicePrincipal=service)

    def check(self, row: Row, *, of: str = "organizations") -> None:
        """Make the calls that come first, then the row's, and compare the refusal."""
        for operation, params in row.before:
            self.call(operation, **params)
        method = getattr(self.client(row.caller, of), xform_name(row.operation))
        refusal = refusal_of(method, **self.filled(row.params))
        expected = (row.code, row.status, row.reason)
        assert (refusal.code, refusal.status, refusal.reason) == expected, refusal
        assert row.message in refusal.message


def _is_placeholder(value: Any) -> bool:
    return isinstance(value, str) and value[:1] == "{" and value[-1:] == "}" and ":" not in value


def refusal_of(method: Callable[..., Any], **params: Any) -> Refusal:
    """What AWS said to a call that it must refuse."""
    try:
        answer = method(**params)
    except ClientError as error:
        return Refusal(
            code=error.response["Error"]["Code"],
            status=error.response["ResponseMetadata"]["HTTPStatusCode"],
            message=error.response["Error"].get("Message", ""),
            reason=str(error.response.get("Reason", "")),
        )
    raise AssertionError(f"not refused: {answer}")


def advance(live: Live, **span: float) -> None:
    """Let time pass in the sandbox."""
    live.clock.advance(timedelta(**span).total_seconds())
