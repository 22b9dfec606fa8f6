"""The executor role's sessions of one run: assumed when needed, shared by the accounts of a batch.

Each is capped to the accounts of its batch and one task policy, and carries the reference of the
run where the intent says so. Without a configured role there is none, and the caller itself opens
root sessions.
"""

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from orgroot.core.executor_role import (
    ReferenceIn,
    Route,
    batches,
    halves,
    nothing_policy,
    session_name,
    session_policy,
)
from orgroot.core.governed_tasks import GOVERNED_TASKS, Task
from orgroot.core.log_state import ExecutionRecord
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secrets import RoleSession
from orgroot.errors import AwsError, AwsErrorKind
from orgroot.workflows.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

_MARGIN = timedelta(seconds=60)
"""A session that ends within this time is not used any more."""

_ROLE_SESSION = ":assumed-role/"
_TOO_LARGE = "PackedPolicyTooLarge"
_EXPIRED = "ExpiredToken"

Batch = tuple[str, ...]


def route_of(ws: Workspace, task: Task) -> Route:
    """How the root sessions of an execution of this task will be opened, which its intent says.

    A role's session may carry a SourceIdentity that nobody can change any more, and AWS tells only
    by answering AssumeRole; so then, and only then, the role is assumed for nothing once.

    Raises:
        AwsError: the executor role cannot be assumed; nothing was recorded.
    """
    role = ws.config.organization.executor_roles.get(ws.caller.account)
    if role is None or not GOVERNED_TASKS[task].task_policies:
        return Route()
    carried: str | None = None
    if _ROLE_SESSION in ws.caller.arn:
        name = session_name(ws.governed.person)
        probe = ws.root_sessions.assume_executor(role, name, nothing_policy(), None)
        carried = probe.source_identity
    if carried is not None:
        return Route(executor_arn=role, reference_in=ReferenceIn.USER_AGENT)
    return Route(executor_arn=role, reference_in=ReferenceIn.SOURCE_IDENTITY)


class Executors:
    """The executor's sessions of one run. Every method may be called from any thread."""

    def __init__(self, ws: Workspace, execution: ExecutionRecord, reference: str) -> None:
        body = execution.body
        self._ws = ws
        self._role = body.executor_arn
        self._person = body.signer.person
        in_identity = body.reference_in == ReferenceIn.SOURCE_IDENTITY
        self._identity = reference if in_identity else None
        self._accounts = execution.work
        self._lock = threading.Lock()
        self._batches: dict[tuple[TaskPolicy, str], Batch] = {}
        self._open: dict[tuple[TaskPolicy, Batch], RoleSession] = {}
        self._forget: list[Callable[[], None]] = []

    def session(self, account: str, task_policy: TaskPolicy) -> RoleSession | None:
        """The session through which a root session is to be opened; None: by the caller itself.

        Raises:
            AwsError: the role cannot be assumed; no root session was opened.
        """
        if self._role is None:
            return None
        with self._lock:
            while True:
                batch = self._batch(account, task_policy)
                found = self._open.get((task_policy, batch))
                if found is not None and self._ws.clock.now() + _MARGIN < found.expires_at:
                    return found
                try:
                    return self._assume(self._role, task_policy, batch)
                except AwsError as error:
                    if not error.aws_code.startswith(_TOO_LARGE) or len(batch) == 1:
                        raise
                self._assign(task_policy, halves(batch))

    def ended(self, session: RoleSession | None, error: AwsError) -> bool:
        """The refusal says that this session is over: it is forgotten, and another may serve."""
        if session is None or not error.aws_code.startswith(_EXPIRED):
            return False
        with self._lock:
            self._open = {place: kept for place, kept in self._open.items() if kept != session}
        return True

    def drop(self) -> None:
        """Forget every session."""
        with self._lock:
            self._open.clear()
            forget, self._forget = self._forget, []
        for each in forget:
            each()

    def _assume(self, role: str, task_policy: TaskPolicy, batch: Batch) -> RoleSession:
        policy = session_policy(batch, task_policy, self._ws.caller.partition)
        session = self._ws.root_sessions.assume_executor(
            role, session_name(self._person), policy, self._identity
        )
        keep_out = self._ws.governed.log.keep_out
        self._forget.append(keep_out((session.secret_access_key, session.session_token)))
        if self._identity is not None and session.source_identity != self._identity:
            raise AwsError(
                f"AWS answered AssumeRole of {role} with the SourceIdentity "
                f"{session.source_identity!r}, not with {self._identity!r}; it is not used",
                kind=AwsErrorKind.OTHER,
                aws_code="",
                operation="sts:AssumeRole",
            )
        self._open[task_policy, batch] = session
        return session

    def _batch(self, account: str, task_policy: TaskPolicy) -> Batch:
        if (task_policy, account) not in self._batches:
            some = batches(self._accounts, task_policy, self._ws.caller.partition)
            self._assign(task_policy, tuple(some))
        return self._batches[task_policy, account]

    def _assign(self, task_policy: TaskPolicy, some: tuple[Batch, ...]) -> None:
        for batch in some:
            for account in batch:
                self._batches[task_policy, account] = batch
