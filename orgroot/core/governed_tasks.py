"""What orgroot governs: each task, the task policies it opens, the approvals it needs.

The names are orgroot's (command line, rules, log); AWS's names stand in `root_tasks`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from orgroot.core.root_tasks import TaskPolicy


class Task(StrEnum):
    """A governed task: what a request asks for and a rule matches."""

    AUDIT_ROOT_CREDENTIALS = "audit-root-credentials"
    INSPECT_BUCKET_POLICY = "inspect-bucket-policy"
    INSPECT_QUEUE_POLICY = "inspect-queue-policy"
    DELETE_ROOT_CREDENTIALS = "delete-root-credentials"
    ALLOW_ROOT_RECOVERY = "allow-root-recovery"
    UNLOCK_BUCKET = "unlock-bucket"
    UNLOCK_QUEUE = "unlock-queue"
    ROOT_SESSION = "root-session"
    ENABLE_ROOT_ACCESS = "enable-root-access"
    DISABLE_ROOT_ACCESS = "disable-root-access"
    CHANGE_DELEGATED_ADMINISTRATOR = "change-delegated-administrator"
    ADD_SCPS = "add-scps"
    CHANGE_SCPS = "change-scps"
    APPLY_MONITORING = "apply-monitoring"
    CHANGE_MONITORING = "change-monitoring"


class UnlockMode(StrEnum):
    """What happens to a policy that locks."""

    DROP_STATEMENTS = "drop-statements"
    DELETE = "delete"


class Power(StrEnum):
    """Whose power a task uses."""

    READ = "root session, reads only"
    ROOT_SESSION = "root session"
    OPERATOR = "operator's own credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernedTask:
    """One row of the task table.

    Attributes:
        task: its name.
        power: whose power it uses.
        minimum_approvals: a rule with fewer is refused when rules are checked and published.
        task_policies: the root-task policies its sessions may carry; empty without root sessions.
    """

    task: Task
    power: Power
    minimum_approvals: int
    task_policies: tuple[TaskPolicy, ...] = ()


def _row(task: Task, power: Power, minimum: int, *policies: TaskPolicy) -> GovernedTask:
    return GovernedTask(
        task=task, power=power, minimum_approvals=minimum, task_policies=tuple(policies)
    )


GOVERNED_TASKS: Mapping[Task, GovernedTask] = MappingProxyType(
    {
        row.task: row
        for row in (
            _row(Task.AUDIT_ROOT_CREDENTIALS, Power.READ, 0, TaskPolicy.AUDIT),
            _row(Task.INSPECT_BUCKET_POLICY, Power.READ, 0, TaskPolicy.UNLOCK_BUCKET),
            _row(Task.INSPECT_QUEUE_POLICY, Power.READ, 0, TaskPolicy.UNLOCK_QUEUE),
            _row(
                Task.DELETE_ROOT_CREDENTIALS,
                Power.ROOT_SESSION,
                1,
                TaskPolicy.DELETE_CREDENTIALS,
                TaskPolicy.AUDIT,
            ),
            _row(
                Task.ALLOW_ROOT_RECOVERY,
                Power.ROOT_SESSION,
                1,
                TaskPolicy.CREATE_PASSWORD,
                TaskPolicy.DELETE_CREDENTIALS,
            ),
            _row(Task.UNLOCK_BUCKET, Power.ROOT_SESSION, 1, TaskPolicy.UNLOCK_BUCKET),
            _row(Task.UNLOCK_QUEUE, Power.ROOT_SESSION, 1, TaskPolicy.UNLOCK_QUEUE),
            _row(Task.ROOT_SESSION, Power.ROOT_SESSION, 1, *TaskPolicy),
            _row(Task.ENABLE_ROOT_ACCESS, Power.OPERATOR, 0),
            _row(Task.DISABLE_ROOT_ACCESS, Power.OPERATOR, 1),
            _row(Task.CHANGE_DELEGATED_ADMINISTRATOR, Power.OPERATOR, 1),
            _row(Task.ADD_SCPS, Power.OPERATOR, 1),
            _row(Task.CHANGE_SCPS, Power.OPERATOR, 1),
            _row(Task.APPLY_MONITORING, Power.OPERATOR, 0),
            _row(Task.CHANGE_MONITORING, Power.OPERATOR, 1),
        )
    }
)


NAMED_AFTER: Mapping[TaskPolicy, Task] = MappingProxyType(
    {
        TaskPolicy.AUDIT: Task.AUDIT_ROOT_CREDENTIALS,
        TaskPolicy.DELETE_CREDENTIALS: Task.DELETE_ROOT_CREDENTIALS,
        TaskPolicy.CREATE_PASSWORD: Task.ALLOW_ROOT_RECOVERY,
        TaskPolicy.UNLOCK_BUCKET: Task.UNLOCK_BUCKET,
        TaskPolicy.UNLOCK_QUEUE: Task.UNLOCK_QUEUE,
    }
)
"""What each of AWS's root tasks is called here."""


SCP_TASKS = frozenset({Task.ADD_SCPS, Task.CHANGE_SCPS})
"""The tasks whose requests are plans of SCPs."""


def session_policies(task: Task, asked: TaskPolicy | None) -> tuple[TaskPolicy, ...]:
    """The root-task policies that sessions under a request may carry.

    A session that is handed to another program carries the one that was asked for, and no other.
    """
    if task is Task.ROOT_SESSION:
        return () if asked is None else (asked,)
    return GOVERNED_TASKS[task].task_policies
