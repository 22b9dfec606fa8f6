"""How much room a root, OU or account has for SCPs, and whether what it holds allows anything."""

from collections.abc import Sequence

from orgroot.core.results import ScpFinding, ScpLintTarget
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.scp import MAX_PER_TARGET
from orgroot.core.scp_flaws import Severity
from orgroot.core.scp_grammar import MAX_CHARACTERS
from orgroot.core.scp_lockout import Scp, stance
from orgroot.core.scp_reach import session_calls
from orgroot.core.scp_statement import parse_statements
from orgroot.core.ternary import any_of


def room(target: str, attached: Sequence[tuple[str, str]]) -> ScpLintTarget:
    """The slots and characters of a target.

    Args:
        target: its id.
        attached: names and texts of the SCPs attached to it directly.
    """
    left = MAX_PER_TARGET - len(attached)
    characters = sum(len(text) for _, text in attached)
    return ScpLintTarget(
        target=target,
        attached=tuple(name for name, _ in attached),
        used=len(attached),
        left=left,
        characters=characters,
        characters_left=MAX_PER_TARGET * MAX_CHARACTERS - characters,
        allows_everything=any(_allows_everything(scp) for scp in _scps(attached)),
    )


def lost(target: str, attached: Sequence[tuple[str, str]]) -> tuple[ScpFinding, ...]:
    """What a level takes away whose SCPs do not allow everything: each level must allow."""
    scps = _scps(attached)
    if any(_allows_everything(scp) for scp in scps):
        return ()
    tasks = [task.value for task in TaskPolicy if not _allows(scps, task)]
    names = ", ".join(name for name, _ in attached) or "nothing"
    what = (
        f"of the root tasks {', '.join(tasks)} may not run" if tasks else "all root tasks may run"
    )
    return (
        ScpFinding(
            file=target,
            line=1,
            column=1,
            severity=(Severity.WARNING if tasks else Severity.ADVICE).value,
            code="no-full-access",
            statement=None,
            sid=None,
            message=f"no SCP attached to it allows everything ({names}): {what} at or below it",
            remedy="attach FullAWSAccess, or allow the actions of root tasks too",
        ),
    )


def _scps(attached: Sequence[tuple[str, str]]) -> tuple[Scp, ...]:
    return tuple(Scp(name=name, statements=parse_statements(text, name)) for name, text in attached)


def _allows_everything(scp: Scp) -> bool:
    return any(
        not each.deny
        and not each.not_actions
        and not each.not_resources
        and "*" in each.actions
        and "*" in each.resources
        and not each.conditions
        for each in scp.statements
    )


def _allows(scps: Sequence[Scp], task: TaskPolicy) -> bool:
    """Whether one of the SCPs allows each action of a root task to root sessions."""
    return all(
        any_of(stance(scp, request.action, request.resource, known).allows for scp in scps).value
        for request, known in session_calls((task,))
    )
