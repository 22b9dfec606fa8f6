"""Refuses plans of SCPs that would stop a root task that works today, unless they say so.

Judged on the organization as it is now: when it is asked for, and again before it is executed.
"""

from orgroot.core.config import Config
from orgroot.core.governed_tasks import Task
from orgroot.core.plan import Change
from orgroot.core.scp import ObservedScps
from orgroot.core.scp_check import Memory
from orgroot.core.scp_course import Course, Passage
from orgroot.core.scp_regressions import Asked
from orgroot.core.scp_tree import ScpTree
from orgroot.core.statements import timestamp
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows.workspace import Workspace

_REMEDY = "exempt root sessions in that statement (Null aws:AssumedRoot true)"
_TWO_PLANS = (
    "no order of the steps was found that avoids it: apply what allows the task first, and take "
    "away what it replaces in a later plan"
)


def regions_of(config: Config) -> tuple[str, ...]:
    """Where buckets and queues lie, as far as the configuration says."""
    watched = config.monitoring.regions if config.monitoring else ()
    return tuple(dict.fromkeys((config.organization.region, *watched)))


def judged(
    ws: Workspace,
    changes: tuple[Change, ...],
    observed: ObservedScps,
    tree: ScpTree,
    accepted: tuple[Task, ...],
) -> tuple[tuple[Change, ...], Passage]:
    """A plan in the order that stops least, and what it stops after it or on its way.

    Args:
        ws: the command's world.
        changes: the plan, in an order that is safe for the targets.
        observed: the SCPs as AWS shows them.
        tree: the organization that they belong to.
        accepted: tasks that may be stopped.
    """
    course = Course(tree, changes, _asked(ws))
    return course.least_broken(changes, observed, frozenset(accepted))


def judged_as_approved(ws: Workspace, changes: tuple[Change, ...], tree: ScpTree) -> Passage:
    """What is left of a plan would stop, step by step in its approved order."""
    return Course(tree, changes, _asked(ws)).passage(changes)


def require_no_lockout(found: Passage, accepted: tuple[Task, ...]) -> tuple[str, ...]:
    """Refuse what stops a task that is not accepted; answers in words what is accepted.

    Raises:
        RequestRefused: code `lockout`: each task, where, the statement that would stop it, and
            the step after which it would.
    """
    words = found.words
    refused = found.tasks - set(accepted)
    if refused:
        flags = " ".join(f"--accept-lockout {task}" for task in sorted(refused))
        raise RequestRefused(
            f"the plan would stop root tasks that work today: {'; '.join(words)}",
            reasons=words,
            hint=f"{_REMEDY if found.after else _TWO_PLANS}; or, if that is meant, say so to the "
            f"approvers: {flags}",
            code="lockout",
        )
    return tuple(f"accepted lockout: {each}" for each in words)


def require_needed(found: Passage, accepted: tuple[Task, ...]) -> None:
    """Refuse to accept a lockout that the plan does not bring: approvers would sign a blank.

    Raises:
        UsageError: code `lockout`: the task works as before.
    """
    idle = sorted(set(accepted) - found.tasks)
    if idle:
        raise UsageError(
            f"the plan does not stop {idle[0]}, so there is no lockout to accept",
            hint=f"leave out --accept-lockout {idle[0]}",
            code="lockout",
        )


def _asked(ws: Workspace) -> Asked:
    now = timestamp(ws.clock.now())
    return {"regions": regions_of(ws.config), "now": now, "settled": {}, "said": Memory()}
