"""Runner mode: one service alone opens root sessions, and other people's commands leave it to it.

`organization.runner` names that service. This is how a client behaves, and no control: what keeps
others from AssumeRoot are AWS's policies, and what may be done is decided by the rules.
"""

from orgroot.core.governed_tasks import GOVERNED_TASKS, Task
from orgroot.core.log_state import RequestRecord
from orgroot.errors import UsageError
from orgroot.workflows.desk import log_of
from orgroot.workflows.requests import Draft, required
from orgroot.workflows.workspace import Workspace


def runner_for(ws: Workspace, task: Task) -> str | None:
    """The service to which this person's command leaves a task; None: it does it itself."""
    runner = ws.config.organization.runner
    if runner is None or runner == ws.person or not GOVERNED_TASKS[task].task_policies:
        return None
    return runner


def require_executor(ws: Workspace, draft: Draft, runner: str) -> None:
    """Make sure, before anything is asked for, that the rules let the runner execute it.

    Raises:
        UsageError: they do not, so it would wait for ever.
        RequestRefused: no rule allows it at all.
    """
    log = log_of(ws)
    needs = required(ws, draft)
    roster = log.rules().roster
    if roster.is_service(runner) and roster.groups_of(runner) & (needs.executors or frozenset()):
        return
    raise UsageError(
        f"{runner}, which alone opens root sessions here, may not execute {draft.task.value}",
        hint=f"an owner names a group of {runner} in the executors of {', '.join(needs.rule_ids)}",
        code="runner",
    )


def only_runner(request: RequestRecord, runner: str) -> UsageError:
    """What a person is told who would execute a request that is the runner's."""
    return UsageError(
        f"{request.id} is executed by {runner}, which alone opens root sessions here",
        hint=f"`orgroot request show {request.id}` tells when it is done",
        code="runner",
    )
