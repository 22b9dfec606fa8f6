"""Which driver does which task: the one table that `execution.execute` looks into."""

from collections.abc import Mapping
from types import MappingProxyType

from orgroot.core.governed_tasks import Task
from orgroot.errors import UsageError
from orgroot.workflows.execution import Driver
from orgroot.workflows.inspection import InspectBucketDriver
from orgroot.workflows.inventory import AuditDriver
from orgroot.workflows.removal_driver import RemovalDriver
from orgroot.workflows.root_access import (
    DelegatedAdministratorDriver,
    DisableDriver,
    EnableDriver,
)
from orgroot.workflows.scp_driver import ScpDriver
from orgroot.workflows.unlock_driver import UnlockBucketDriver

DRIVERS: Mapping[Task, Driver] = MappingProxyType(
    {
        Task.ADD_SCPS: ScpDriver(),
        Task.AUDIT_ROOT_CREDENTIALS: AuditDriver(),
        Task.CHANGE_DELEGATED_ADMINISTRATOR: DelegatedAdministratorDriver(),
        Task.CHANGE_SCPS: ScpDriver(),
        Task.DELETE_ROOT_CREDENTIALS: RemovalDriver(),
        Task.DISABLE_ROOT_ACCESS: DisableDriver(),
        Task.ENABLE_ROOT_ACCESS: EnableDriver(),
        Task.INSPECT_BUCKET_POLICY: InspectBucketDriver(),
        Task.UNLOCK_BUCKET: UnlockBucketDriver(),
    }
)


def driver_of(task: Task) -> Driver:
    """The driver of a task.

    Raises:
        UsageError: this version cannot do the task.
    """
    driver = DRIVERS.get(task)
    if task is Task.ROOT_SESSION:
        raise UsageError(
            "a root session is handed to a program, and to no other command",
            hint="use `orgroot session exec ID -- COMMAND`",
            code="session",
        )
    if driver is None:
        raise UsageError(f"this version of orgroot does not execute {task.value}", code="no-driver")
    return driver
