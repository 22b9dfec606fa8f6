"""What an execution announces before it acts: who, which accounts, which key, and until when.

Nothing here acts, and nothing is appended; the accounts of a long run are written as an object.
"""

import math
import secrets
from datetime import datetime
from typing import Any

from orgroot.core.ephemeral import EphemeralKey
from orgroot.core.executor_role import Route
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.run_time import ends_at
from orgroot.core.statements import timestamp
from orgroot.workflows.signing import inline_accounts
from orgroot.workflows.workspace import Workspace


def new_key() -> EphemeralKey:
    """The key of one execution."""
    return EphemeralKey.from_seed(secrets.token_bytes(32))


def run_fields(
    ws: Workspace,
    *,
    task_policies: tuple[TaskPolicy, ...],
    accounts: tuple[str, ...],
    now: datetime,
    until: datetime,
    key: EphemeralKey,
    route: Route,
) -> dict[str, Any]:
    """The fields that an intent and a survey have in common.

    Args:
        ws: the command's world.
        task_policies: what its root sessions may carry.
        accounts: what it is about; none for the organization.
        now: when it was decided (UTC, AWS's time).
        until: its deadline (UTC).
        key: signs its facts.
        route: how its root sessions are opened.
    """
    named, accounts_object = inline_accounts(ws.governed.log, accounts)
    return {
        "caller_arn": ws.caller.arn,
        "executor_arn": route.executor_arn,
        "accounts": named,
        "accounts_object": accounts_object,
        "task_policies": task_policies,
        "deadline": timestamp(until),
        "observed_at": timestamp(now),
        "ephemeral_key": key.public_b64,
        "reference_in": route.reference_in.value,
    }


def deadline(
    ws: Workspace, now: datetime, seconds: int, accounts: int, expires: datetime
) -> datetime:
    """When the last session of a run is over at the latest, each living so many seconds."""
    turns = math.ceil(accounts / ws.concurrency)
    return ends_at(now, expires, turns=turns, seconds=seconds)
