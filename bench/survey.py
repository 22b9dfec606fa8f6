"""What an inventory of 1,000 clean accounts asks of AWS: calls per account, records, sessions.

The accounts per second are those of this machine, which plays AWS too.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fakes.memory import FakeMemory
from fakes.progress import FakeProgress
from fakes.signer import FakeSigner
from fakes.team import config_tree

from bench._organization import MANAGEMENT, REGION, clean_organization
from orgroot.aws.clients import AwsDoor
from orgroot.aws.cloudtrail import AwsTrails
from orgroot.aws.identity import AwsIdentity
from orgroot.aws.organizations import AwsOrganization
from orgroot.aws.resource_policies import AwsResourcePolicies
from orgroot.aws.root_sessions import AwsRootSessions
from orgroot.core.config import Config, parse_config
from orgroot.core.organization import Selection
from orgroot.core.results import Inventory
from orgroot.core.statements import timestamp
from orgroot.local.file_store import FileStore
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.front import Front
from orgroot.sandbox.server import SandboxServer
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.inventory import inventory
from orgroot.workflows.setup import init_log
from orgroot.workflows.workspace import Workspace

ACCOUNTS = 1_000
CONCURRENCY = 16


class CountingDoor(AwsDoor):
    """A door that counts who goes through."""

    calls: Counter[str]

    def call(self, service: str, operation: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Count, then call."""
        self.calls[f"{service}:{operation}"] += 1
        return super().call(service, operation, *args, **kwargs)


def main() -> None:
    """Print what a survey cost in calls, records and bytes."""
    organization = clean_organization(ACCOUNTS)
    with (
        tempfile.TemporaryDirectory() as folder,
        SandboxServer(Front(organization, SandboxClock())) as sandbox,
    ):
        key = sandbox.administrator(MANAGEMENT)
        door = CountingDoor(
            None,
            REGION,
            "sandbox",
            {
                "AWS_ENDPOINT_URL": sandbox.endpoint,
                "AWS_ACCESS_KEY_ID": key.access_key_id,
                "AWS_SECRET_ACCESS_KEY": key.secret,
            },
            concurrency=CONCURRENCY,
        )
        door.calls = Counter()
        ws = _workspace(door, _config(organization.organization_id), Path(folder) / "log")
        door.calls.clear()
        before = time.perf_counter()
        result = inventory(ws, Selection(all=True))
        seconds = time.perf_counter() - before
        records = ws.governed.log.state.seq - 2
    assert isinstance(result, Inventory)
    assert result.summary.clean == ACCOUNTS
    inside = door.calls["sts:AssumeRoot"] + door.calls["iam:GetAccountSummary"]
    others = Counter(door.calls) - Counter(
        {"sts:AssumeRoot": ACCOUNTS, "iam:GetAccountSummary": ACCOUNTS}
    )
    print(f"{ACCOUNTS} clean accounts, {CONCURRENCY} at once")
    print(f"calls per account:     {inside / ACCOUNTS:6.2f}")
    print(f"other calls in all:    {others.total():6d}  ({_listed(others)})")
    print(f"records for the sweep: {records:6d}")
    print(f"accounts per second:   {ACCOUNTS / seconds:6.0f}")


def _listed(calls: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(calls.items()))


def _config(organization: str) -> Config:
    """The team of the tests, without AWS identities: the sandbox's administrator acts for it."""
    tree: dict[str, Any] = config_tree()
    now = datetime.now(UTC)
    tree["organization"] |= {"id": organization, "management_account": MANAGEMENT}
    tree["approvals"]["expires"] = timestamp(now + timedelta(days=180))
    for person in tree["approvals"]["people"].values():
        person.pop("aws", None)
        for entry in person["keys"]:
            entry["added"] = timestamp(now - timedelta(days=1))
    return parse_config(tree)


def _workspace(door: AwsDoor, config: Config, folder: Path) -> Workspace:
    assert config.trust is not None
    store, memory = FileStore.create_new(folder), FakeMemory()
    identity = AwsIdentity(door)
    caller = identity.caller()
    init_log(
        config=config,
        store=store,
        memory=memory,
        clock=door.clock,
        person="dana",
        signer=FakeSigner("dana"),
        endpoint="sandbox",
    )
    return Workspace(
        config=config,
        config_path=folder,
        clock=door.clock,
        progress=FakeProgress(),
        organization=AwsOrganization(door),
        identity=identity,
        root_sessions=AwsRootSessions(door),
        resource_policies=AwsResourcePolicies(door),
        trails=AwsTrails(door, home=caller.account, roles={}),
        caller=caller,
        memory=memory,
        log=AuditLog(store, config.trust, config.organization.id, memory, door.clock),
        person="alice",
        signer=FakeSigner("alice"),
        concurrency=CONCURRENCY,
    )
