"""AssumeRoot in one line, and a root user's own key."""

from typing import Any

from moto.iam.utils import generate_access_key_id_from_account_id

from orgroot.sandbox.provision import UserKey
from orgroot.sandbox.root_user_state import RootAccessKey
from tests.sandbox.conftest import TASK, Sandbox

AUDIT = "IAMAuditRootUserCredentials"


def assume(sandbox: Sandbox, key: Any, target: str, task: str = AUDIT, **more: Any) -> Any:
    """Call AssumeRoot."""
    arn = more.pop("arn", TASK + task)
    return sandbox.client("sts", key, **more.pop("client", {})).assume_root(
        TargetPrincipal=target, TaskPolicyArn={"arn": arn}, **more
    )


def root_key(sandbox: Sandbox, account: Any) -> UserKey:
    """A long-term access key of an account's root user."""
    key = RootAccessKey(
        id=generate_access_key_id_from_account_id(account, prefix="AKIA"),
        secret="root-secret",
        created_at=sandbox.front.clock(),
    )
    sandbox.organization.root_user(account).keys[key.id] = key
    return UserKey(arn="", access_key_id=key.id, secret=key.secret)
