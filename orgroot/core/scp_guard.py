"""What a plan of SCPs would stop, and whether its request says so.

A root task that works today is stopped by no plan, unless its request names the task: then the
approvers have read it.
"""

from collections.abc import Iterable

from orgroot.core.governed_tasks import NAMED_AFTER, Task
from orgroot.core.plan import Change, Op
from orgroot.core.scp_after import (
    PolicyEdit,
    ScpAttached,
    ScpCreated,
    ScpDeleted,
    ScpDetached,
    ScpUpdated,
)
from orgroot.core.scp_changes import attachment_of, content_of, known_of
from orgroot.core.scp_lockout import Outcome, PolicyKind, Scp
from orgroot.core.scp_regressions import Stopped
from orgroot.core.scp_statement import parse_statements
from orgroot.core.scp_tree import ScpTree

_FEW = 3
"""Accounts that a sentence names one by one."""


def edits_of(changes: Iterable[Change], tree: ScpTree) -> tuple[PolicyEdit, ...]:
    """What changes of SCPs make of the organization.

    Raises:
        IntegrityError: one is no change of SCPs.
        UsageError: a text is no policy.
    """
    ids = {
        bound.scp.name: policy
        for policy, bound in tree.policies.items()
        if bound.scp.kind is PolicyKind.SCP
    }
    edits: list[PolicyEdit] = []
    for change in changes:
        match change.op:
            case Op.CREATE_SCP:
                ids[change.target] = f"new:{change.target}"
                edits.append(ScpCreated(key=ids[change.target], scp=_scp(change)))
            case Op.UPDATE_SCP:
                edits.append(ScpUpdated(policy=known_of(change).id, scp=_scp(change)))
            case Op.DELETE_SCP:
                edits.append(ScpDeleted(policy=known_of(change).id))
            case Op.ADOPT_SCP:
                pass
            case _:
                about = attachment_of(change)
                kind = ScpAttached if change.op is Op.ATTACH_SCP else ScpDetached
                policy = about.id or ids.get(about.scp, about.scp)
                edits.append(kind(policy=policy, target=change.target))
    return tuple(edits)


def tasks_of(stopped: Iterable[Stopped]) -> frozenset[Task]:
    """The tasks that would be stopped somewhere."""
    return frozenset(NAMED_AFTER[each.judgement.task_policy] for each in stopped)


def sentence(stopped: Stopped) -> str:
    """What would be stopped, where, and by which statement, in words."""
    judgement = stopped.judgement
    accounts = ", ".join(stopped.accounts[:_FEW])
    more = len(stopped.accounts) - _FEW
    where = f"{accounts} and {more} more" if more > 0 else accounts
    denied = judgement.outcome is Outcome.DENIED
    how = "would be denied" if denied else f"would depend on {', '.join(sorted(judgement.on))}"
    by = ", ".join(
        f"{blame.kind} {blame.policy}" + (f" ({blame.sid})" if blame.sid else "")
        for blame in judgement.by
    )
    task = NAMED_AFTER[judgement.task_policy]
    return f"{task} in {where} {how}" + (f" by {by}" if by else "")


def _scp(change: Change) -> Scp:
    text = content_of(change).policy.text
    return Scp(name=change.target, statements=parse_statements(text, change.target))
