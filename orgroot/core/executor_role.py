"""The role through which root sessions are opened: its sessions' names, policies and batches.

The role is assumed with a session policy, so whoever steals such a session can open root sessions
in the accounts of one batch, for one task, and nothing else. Nothing here calls AWS.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orgroot.core.root_tasks import TaskPolicy

MAX_POLICY_CHARACTERS: Final = 2048
"""Of an inline session policy (STS API reference, AssumeRole, Policy)."""

SESSION_SECONDS: Final = 900
"""The shortest session of a role that AWS issues; a longer run asks for the next one."""


class ReferenceIn(StrEnum):
    """What carries the reference of an execution to CloudTrail, as intents name it."""

    SOURCE_IDENTITY = "source-identity"
    USER_AGENT = "user-agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How the root sessions of an execution are opened.

    Attributes:
        executor_arn: the role that calls AssumeRoot; None: the caller itself does.
        reference_in: `user-agent` alone, where there is no role or where the caller's session has
            a SourceIdentity of its own, which nobody can change.
    """

    executor_arn: str | None = None
    reference_in: ReferenceIn = ReferenceIn.USER_AGENT


def route_flaw(executor_arn: str | None, reference_in: str) -> str | None:
    """Why what an intent says of its route cannot be true; None: it can."""
    if reference_in not in set(ReferenceIn):
        return f"{reference_in!r} carries no reference"
    if reference_in == ReferenceIn.SOURCE_IDENTITY and executor_arn is None:
        return "a SourceIdentity without a role that was assumed with it"
    return None


def session_name(person: str) -> str:
    """The name of the role's session: the person's. AWS wants two characters at least."""
    return person if len(person) > 1 else f"{person}="


def session_policy(accounts: tuple[str, ...], task_policy: TaskPolicy, partition: str) -> str:
    """The inline session policy: AssumeRoot on these accounts, with this task policy."""
    condition = {"ArnEquals": {"sts:TaskPolicyArn": task_policy.arn(partition)}}
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoot",
        "Resource": [f"arn:{partition}:iam::{account}:root" for account in accounts],
        "Condition": condition,
    }
    return _written(statement)


def nothing_policy() -> str:
    """The inline session policy of a session that may do nothing."""
    return _written({"Effect": "Deny", "Action": "*", "Resource": "*"})


def batches(
    accounts: tuple[str, ...], task_policy: TaskPolicy, partition: str
) -> Iterator[tuple[str, ...]]:
    """The accounts, in order, as many at a time as one session policy holds."""
    size = _fitting(task_policy, partition)
    for start in range(0, len(accounts), size):
        yield accounts[start : start + size]


def halves(batch: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A batch in two, where AWS finds its policy too large once packed."""
    middle = (len(batch) + 1) // 2
    return batch[:middle], batch[middle:]


def _fitting(task_policy: TaskPolicy, partition: str) -> int:
    """How many accounts a session policy holds; ids are of one length, so are their ARNs."""
    some = "0" * 12
    one = len(session_policy((some,), task_policy, partition))
    each = len(session_policy((some, some), task_policy, partition)) - one
    return 1 + (MAX_POLICY_CHARACTERS - one) // each


def _written(statement: Mapping[str, object]) -> str:
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return json.dumps(document, separators=(",", ":"))
