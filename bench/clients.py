"""What an account costs this machine with shared clients, and with a client per account.

Counts the CPU time of the calling thread, so that neither the sandbox nor waiting is measured.
"""

import time
from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.session import Session

from bench._organization import MANAGEMENT, REGION, clean_organization
from orgroot.aws.clients import AwsDoor
from orgroot.aws.root_sessions import AwsRootSessions
from orgroot.core.ids import AccountId
from orgroot.core.root_tasks import TaskPolicy
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.front import Front
from orgroot.sandbox.server import SandboxServer

ACCOUNTS = 60
WARM_UP = 5


def main() -> None:
    """Print CPU milliseconds per account for both ways, and their ratio."""
    organization = clean_organization(ACCOUNTS + WARM_UP)
    members = [account for account in organization.accounts if account != MANAGEMENT]
    with SandboxServer(Front(organization, SandboxClock())) as sandbox:
        key = sandbox.administrator(MANAGEMENT)
        environ = {
            "AWS_ENDPOINT_URL": sandbox.endpoint,
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
        }
        sessions = AwsRootSessions(AwsDoor(None, REGION, "sandbox", environ))
        shared = _cost(members, lambda account: _shared(sessions, account))
        own = Session()
        separate = _cost(members, lambda account: _separate(sessions, own, sandbox, account))
    print(f"{ACCOUNTS} accounts, two calls each (AssumeRoot, GetAccountSummary), CPU of the caller")
    print(f"shared clients:       {shared * 1000:6.2f} ms per account")
    print(f"a client per account: {separate * 1000:6.2f} ms per account")
    print(f"ratio:                {separate / shared:6.1f}")


def _cost(members: list[AccountId], survey: Callable[[AccountId], None]) -> float:
    for account in members[:WARM_UP]:
        survey(account)
    before = time.thread_time()
    for account in members[WARM_UP:]:
        survey(account)
    return (time.thread_time() - before) / len(members[WARM_UP:])


def _shared(sessions: AwsRootSessions, account: AccountId) -> None:
    session = sessions.assume_root(account, TaskPolicy.AUDIT, 900, "bench")
    assert sessions.account_summary(session).clean


def _separate(
    sessions: AwsRootSessions, own: Session, sandbox: SandboxServer, account: AccountId
) -> None:
    session = sessions.assume_root(account, TaskPolicy.AUDIT, 900, "bench")
    client: Any = own.create_client(
        "iam",
        region_name=REGION,
        endpoint_url=sandbox.endpoint,
        aws_access_key_id=session.access_key_id,
        aws_secret_access_key=session.secret_access_key.reveal(),
        aws_session_token=session.session_token.reveal(),
        config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
    )
    assert client.get_account_summary()["SummaryMap"]["AccountPasswordPresent"] == 0
    client.close()
