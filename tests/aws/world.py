"""A small organization behind real HTTP: what is in it, and doors to it for one identity each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from orgroot.aws.clients import AwsDoor
from orgroot.aws.identity import AwsIdentity
from orgroot.aws.organizations import AwsOrganization
from orgroot.aws.patience import Patience
from orgroot.aws.resource_policies import AwsResourcePolicies
from orgroot.aws.root_sessions import AwsRootSessions
from orgroot.core.ids import AccountId
from orgroot.core.root_tasks import Feature
from orgroot.sandbox import provision
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.faults import Rule
from orgroot.sandbox.front import Front
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.provision import UserKey
from orgroot.sandbox.root_user_state import (
    RootAccessKey,
    RootCertificate,
    RootMfaDevice,
    RootPassword,
)
from orgroot.sandbox.server import SandboxServer

MANAGEMENT = AccountId("111111111111")
DIRTY = AccountId("222222222222")
CLEAN = AccountId("333333333333")
DEEP = AccountId("444444444444")
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
KEY_ID = "AKIATHXKY4QRVB2DWYHJ"
CERTIFICATE_ID = "A" * 24
MFA = f"arn:aws:iam::{DIRTY}:mfa/root-account-mfa-device"
LOCKED = "corp-locked"
OPEN = "corp-open"
FOREIGN = "clean-bucket"
LOCKED_REGION = "eu-central-1"
LOCK = provision.lock_policy("s3:*", (f"arn:aws:s3:::{LOCKED}", f"arn:aws:s3:::{LOCKED}/*"))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A running sandbox and who may enter it."""

    server: SandboxServer
    pauses: list[float]

    @property
    def organization(self) -> Organization:
        """The sandbox's state."""
        return self.server.front.organization

    def environ(self, key: UserKey | None = None) -> Mapping[str, str]:
        """The environment of an identity; of the administrator by default."""
        key = key or self.server.administrator(MANAGEMENT)
        return {
            "AWS_ENDPOINT_URL": self.server.endpoint,
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
        }

    def door(self, key: UserKey | None = None) -> AwsDoor:
        """A new door of an identity."""
        return AwsDoor(None, "eu-west-1", "sandbox", self.environ(key), read_timeout_seconds=10)

    @property
    def patience(self) -> Patience:
        """Patience that notes its pauses and takes none."""
        return Patience(sleep=self.pauses.append)

    def organizations(self, key: UserKey | None = None) -> AwsOrganization:
        """The organization gateway of an identity."""
        return AwsOrganization(self.door(key), self.patience)

    def identity(self, key: UserKey | None = None) -> AwsIdentity:
        """The identity gateway of an identity."""
        return AwsIdentity(self.door(key), self.patience)

    def sessions(self, door: AwsDoor | None = None) -> AwsRootSessions:
        """The root session gateway of a door."""
        return AwsRootSessions(door or self.door(), self.patience)

    def policies(self, door: AwsDoor) -> AwsResourcePolicies:
        """The resource policy gateway of a door."""
        return AwsResourcePolicies(door, self.patience)

    def faults(self, *rules: Rule) -> None:
        """Order faults."""
        self.server.front.faults.order(rules)

    def calls(self, operation: str) -> int:
        """How often an operation was called, by anyone."""
        return sum(
            count
            for name, count in self.server.front.trail.counts().items()
            if name.endswith(operation)
        )


def small_organization(*, features_on: bool) -> Organization:
    """Four accounts; one has every kind of root credential, one lies two OUs deep."""
    organization = Organization(
        management_account=MANAGEMENT, name="corp", email="root@corp.test", created_at=LONG_AGO
    )
    for account in (DIRTY, CLEAN):
        organization.new_account(
            f"account-{account[0]}",
            f"{account}@corp.test",
            joined_at=LONG_AGO,
            account_id=account,
        )
    outer = organization.new_unit("workloads", organization.root_id)
    inner = organization.new_unit("prod", outer.id)
    organization.new_account(
        "deep", "deep@corp.test", joined_at=LONG_AGO, account_id=DEEP, parent=inner.id
    )
    organization.enable_scps()
    if features_on:
        organization.service_access["iam.amazonaws.com"] = LONG_AGO
        organization.features.update(Feature)  # type: ignore[arg-type] # the sandbox's own twin
    root = organization.root_user(DIRTY)
    root.password = RootPassword(created_at=LONG_AGO)
    root.keys[KEY_ID] = RootAccessKey(
        id=KEY_ID, secret="s" * 40, created_at=LONG_AGO, last_used=datetime(2025, 5, 5, tzinfo=UTC)
    )
    root.certificates[CERTIFICATE_ID] = RootCertificate(
        id=CERTIFICATE_ID, body="-----BEGIN CERTIFICATE-----", uploaded_at=LONG_AGO
    )
    root.mfa[MFA] = RootMfaDevice(serial=MFA, enabled_at=LONG_AGO)
    return organization


def start(*, features_on: bool) -> World:
    """Start a sandbox; whoever starts it closes its server."""
    front = Front(small_organization(features_on=features_on), SandboxClock())
    provision.add_bucket(front.data_plane, DIRTY, LOCKED, LOCKED_REGION, LOCK)
    provision.add_bucket(front.data_plane, DIRTY, OPEN, "eu-west-1", None)
    provision.add_bucket(front.data_plane, CLEAN, FOREIGN, "eu-west-1", None)
    server = SandboxServer(front)
    server.__enter__()
    return World(server=server, pauses=[])
