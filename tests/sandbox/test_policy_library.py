"""Every SCP that orgroot ships, attached in a sandbox: what it stops, and what goes on."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from orgroot.sandbox import provision
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.data_plane import ADMINISTRATOR_ACCESS
from orgroot.sandbox.front import Front
from tests.sandbox.conftest import MANAGEMENT, MEMBER, Sandbox, build_organization
from tests.sandbox.sts_calls import root_key

SCPS = Path(__file__).parents[2] / "policies" / "scp"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
BY_SCP = "with an explicit deny in a service control policy"

Client = Callable[..., Any]
"""A client of a service, in eu-west-1 unless a Region is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A call under one shipped SCP.

    Attributes:
        scp: the document's name.
        who: `administrator`, `root-user`, a role's name, or a task policy for a root session.
        what: the call in words.
        call: the call.
        stopped: the SCP denies it; else it succeeds.
    """

    scp: str
    who: str
    what: str
    call: Callable[[Client], Any]
    stopped: bool


def rows(scp: str, *tries: tuple[str, str, Callable[[Client], Any]], goes_on: int) -> Iterator[Try]:
    """The calls under one SCP, the last `goes_on` of which it lets through."""
    for place, (who, what, call) in enumerate(tries, 1):
        stopped = place <= len(tries) - goes_on
        yield Try(scp=scp, who=who, what=what, call=call, stopped=stopped)


def summary(c: Client) -> Any:
    """What an account says of its credentials."""
    return c("iam").get_account_summary()


def queues(region: str) -> Callable[[Client], Any]:
    """List the queues of a Region."""
    return lambda c: c("sqs", region=region).list_queues()


def leave(c: Client) -> Any:
    """Leave the organization."""
    return c("organizations").leave_organization()


def retrust(c: Client) -> Any:
    """Let others assume the executor role."""
    return c("iam").update_assume_role_policy(
        RoleName="orgroot-executor", PolicyDocument=json.dumps(TRUST)
    )


def change_another(c: Client) -> Any:
    """Give a role that is no business of orgroot's a policy."""
    return c("iam").put_role_policy(
        RoleName="helper", PolicyName="p", PolicyDocument=ADMINISTRATOR_ACCESS
    )


AUDIT, DELETE = "IAMAuditRootUserCredentials", "IAMDeleteRootUserCredentials"
QUEUE = "SQSUnlockQueuePolicy"
ADMIN, USER = "administrator", "root-user"
ABOVE, TOWER = "OrganizationAccountAccessRole", "AWSControlTowerExecution"
TRIES = (
    *rows(
        "deny-root-user",
        (USER, "reads its account", summary),
        (USER, "lists queues", queues("eu-west-1")),
        (AUDIT, "reads its account", summary),
        (QUEUE, "lists queues", queues("eu-west-1")),
        (ADMIN, "reads its account", summary),
        goes_on=3,
    ),
    *rows(
        "deny-root-access-keys",
        (USER, "makes an access key", lambda c: c("iam").create_access_key()),
        (
            USER,
            "switches a key on",
            lambda c: c("iam").update_access_key(AccessKeyId="AKIA" + "A" * 16, Status="Active"),
        ),
        (
            USER,
            "uploads a certificate",
            lambda c: c("iam").upload_signing_certificate(CertificateBody="x"),
        ),
        (USER, "reads its account", summary),
        (DELETE, "lists keys", lambda c: c("iam").list_access_keys()),
        (ADMIN, "makes a user's key", lambda c: c("iam").create_access_key(UserName=ADMIN_USER)),
        goes_on=3,
    ),
    *rows(
        "deny-other-regions",
        (ADMIN, "lists queues elsewhere", queues("us-west-2")),
        (USER, "lists queues elsewhere", queues("us-west-2")),
        (QUEUE, "lists queues elsewhere", queues("us-west-2")),
        (ADMIN, "lists queues here", queues("eu-west-1")),
        (AUDIT, "reads its account, in IAM's Region", summary),
        (ADMIN, "looks at itself", lambda c: c("sts").get_caller_identity()),
        goes_on=4,
    ),
    *rows(
        "protect-cloudtrail",
        (ADMIN, "stops a trail", lambda c: c("cloudtrail").stop_logging(Name="t")),
        (ADMIN, "deletes a trail", lambda c: c("cloudtrail").delete_trail(Name="t")),
        (USER, "deletes a trail", lambda c: c("cloudtrail").delete_trail(Name="t")),
        (
            ADMIN,
            "deletes an event data store",
            lambda c: c("cloudtrail").delete_event_data_store(EventDataStore="d" * 10),
        ),
        (ADMIN, "reads the event history", lambda c: c("cloudtrail").lookup_events()),
        (AUDIT, "reads its account", summary),
        goes_on=2,
    ),
    *rows(
        "deny-leaving-organization",
        (ADMIN, "leaves", leave),
        (USER, "leaves", leave),
        (ADMIN, "looks", lambda c: c("organizations").describe_organization()),
        (AUDIT, "reads its account", summary),
        goes_on=2,
    ),
    *rows(
        "protect-root-governance",
        (ADMIN, "leaves", leave),
        (
            ADMIN,
            "switches root sessions off",
            lambda c: c("iam").disable_organizations_root_sessions(),
        ),
        (ADMIN, "changes the executor role", retrust),
        (TOWER, "changes the executor role", retrust),
        (ABOVE, "changes the executor role", retrust),
        (ADMIN, "changes another role", change_another),
        (AUDIT, "reads its account", summary),
        goes_on=3,
    ),
    *rows(
        "control-tower",
        (USER, "reads its account", summary),
        (ADMIN, "leaves", leave),
        (ADMIN, "changes the executor role", retrust),
        (AUDIT, "reads its account", summary),
        (TOWER, "changes the executor role", retrust),
        (ABOVE, "changes the executor role", retrust),
        (ADMIN, "changes another role", change_another),
        goes_on=4,
    ),
)
ADMIN_USER = "somebody"


@pytest.fixture(scope="module")
def member() -> Iterator[Sandbox]:
    """A delegated administrator, so that it may switch features off unless an SCP forbids it."""
    clock = SandboxClock()
    organization = build_organization(clock)
    organization.delegations["iam.amazonaws.com"] = {MEMBER: clock()}
    with Sandbox(Front(organization, clock)) as sandbox:
        data = sandbox.front.data_plane
        for name in ("orgroot-executor", TOWER, "helper"):
            provision.add_role(
                data, MEMBER, name, trust=TRUST, policies={"p": ADMINISTRATOR_ACCESS}
            )
        provision.add_user(data, MEMBER, ADMIN_USER, {})
        yield sandbox


@contextmanager
def attached(sandbox: Sandbox, scp: str) -> Iterator[None]:
    """A shipped document on the member."""
    manager = sandbox.client("organizations", sandbox.administrator(MANAGEMENT))
    text = json.dumps(json.loads((SCPS / f"{scp}.json").read_text()), separators=(",", ":"))
    made = manager.create_policy(
        Name=scp, Description="", Type="SERVICE_CONTROL_POLICY", Content=text
    )
    policy = made["Policy"]["PolicySummary"]["Id"]
    manager.attach_policy(PolicyId=policy, TargetId=MEMBER)
    try:
        yield
    finally:
        manager.detach_policy(PolicyId=policy, TargetId=MEMBER)
        manager.delete_policy(PolicyId=policy)


def key_of(sandbox: Sandbox, who: str) -> Any:
    """Credentials to try with."""
    if who == ADMIN:
        return sandbox.administrator(MEMBER)
    if who == USER:
        return root_key(sandbox, MEMBER)
    if who in {ABOVE, TOWER}:
        sts = sandbox.client("sts", sandbox.administrator(MANAGEMENT))
        role = f"arn:aws:iam::{MEMBER}:role/{who}"
        return sts.assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    return sandbox.root_session(who)


@pytest.mark.parametrize("row", TRIES, ids=lambda row: f"{row.scp}: {row.who} {row.what}")
def test_a_shipped_scp_stops_this_and_lets_that_through(member: Sandbox, row: Try) -> None:
    """As its README says: root sessions go on under each of them."""
    key = key_of(member, row.who)

    def client(service: str, **more: Any) -> Any:
        return member.client(service, key, **more)

    with attached(member, row.scp):
        if row.stopped:
            with pytest.raises(ClientError, match=BY_SCP):
                row.call(client)
        else:
            row.call(client)


def test_every_shipped_scp_is_tried() -> None:
    """Those that are not tried here have a module of their own."""
    tried = {row.scp for row in TRIES} | {"reserve-assume-root"}
    assert tried == {path.stem for path in SCPS.glob("*.json")}
    assert {row.scp for row in TRIES if row.who in {AUDIT, DELETE, QUEUE}} == tried - {
        "reserve-assume-root"
    }
