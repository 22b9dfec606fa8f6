"""Refuses plans of SCPs that would stop a root task that works today, unless they say so.

Judged on the organization as it is now: when it is asked for, and again before it is executed.
"""

from orgroot.core.config import Config
from orgroot.core.governed_tasks import Task
from orgroot.core.plan import Change
from orgroot.core.scp_after import organization_after
from orgroot.core.scp_guard import edits_of, sentence, tasks_of
from orgroot.core.scp_regressions import Stopped, stopped_by
from orgroot.core.scp_tree import ScpTree
from orgroot.core.statements import timestamp
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows.workspace import Workspace


def regions_of(config: Config) -> tuple[str, ...]:
    """Where buckets and queues lie, as far as the configuration says."""
    watched = config.monitoring.regions if config.monitoring else ()
    return tuple(dict.fromkeys((config.organization.region, *watched)))


def stopped(ws: Workspace, changes: tuple[Change, ...], tree: ScpTree) -> tuple[Stopped, ...]:
    """The root tasks that work in `tree` and would no longer after the changes."""
    return stopped_by(
        tree,
        organization_after(tree, edits_of(changes, tree)),
        regions=regions_of(ws.config),
        now=timestamp(ws.clock.now()),
        settled={},
    )


def require_no_lockout(found: tuple[Stopped, ...], accepted: tuple[Task, ...]) -> tuple[str, ...]:
    """Refuse what stops a task that is not accepted; answers in words what is accepted.

    Raises:
        RequestRefused: code `lockout`: each task, where, and the statement that would stop it.
    """
    words = tuple(map(sentence, found))
    refused = tasks_of(found) - set(accepted)
    if refused:
        flags = " ".join(f"--accept-lockout {task}" for task in sorted(refused))
        raise RequestRefused(
            f"the plan would stop root tasks that work today: {'; '.join(words)}",
            reasons=words,
            hint="exempt root sessions in that statement (Null aws:AssumedRoot true); or, if that "
            f"is meant, say so to the approvers: {flags}",
            code="lockout",
        )
    return tuple(f"accepted lockout: {each}" for each in words)


def require_needed(found: tuple[Stopped, ...], accepted: tuple[Task, ...]) -> None:
    """Refuse to accept a lockout that the plan does not bring: approvers would sign a blank.

    Raises:
        UsageError: code `lockout`: the task works as before.
    """
    idle = sorted(set(accepted) - tasks_of(found))
    if idle:
        raise UsageError(
            f"the plan does not stop {idle[0]}, so there is no lockout to accept",
            hint=f"leave out --accept-lockout {idle[0]}",
            code="lockout",
        )
