"""Putting SCPs back as they were before a plan: the changes that undo what it did.

What a plan did is what its execution put on record, step by step; where AWS shows something else by
now, there is nothing to put back to.
"""

from collections.abc import Iterable, Iterator

from orgroot.core.log_state import ExecutionRecord
from orgroot.core.plan import Change, ChangeState, Op
from orgroot.core.scp import ObservedScps
from orgroot.core.scp_changes import (
    Attachment,
    KnownScp,
    ScpContent,
    attach_scp,
    attachment_of,
    content_of,
    create_scp,
    delete_scp,
    detach_scp,
    known_of,
    scp_of,
    step_of,
    update_scp,
)
from orgroot.core.scp_document import parse_scp, policy_text
from orgroot.core.scp_order import in_order
from orgroot.core.scp_standing import standing
from orgroot.errors import UsageError

_UNDONE = {
    Op.CREATE_SCP: Op.DELETE_SCP,
    Op.UPDATE_SCP: Op.UPDATE_SCP,
    Op.ATTACH_SCP: Op.DETACH_SCP,
    Op.DETACH_SCP: Op.ATTACH_SCP,
    Op.DELETE_SCP: Op.CREATE_SCP,
}


def done_by(run: ExecutionRecord, changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes that an execution made; what it found done already is not among them.

    Raises:
        UsageError: of one of its steps nobody knows how it ended.
    """
    made: set[tuple[str, str]] = set()
    for begun, ended in run.steps(""):
        if ended is None or ended.outcome == "unknown":
            raise UsageError(
                f"{begun.operation} on {begun.target}: the log does not say how it ended",
                hint="run `orgroot recover`, then `orgroot scp plan` for what is left",
                code="rollback",
            )
        if ended.outcome == "done":
            made.add((begun.operation, begun.target))
    return tuple(change for change in changes if step_of(change) in made)


def differing(done: Iterable[Change], observed: ObservedScps) -> tuple[str, ...]:
    """What AWS shows otherwise than these changes left it, in words."""
    judged = [(change, standing(change, observed)) for change in done]
    return tuple(
        f"{change.op} {change.target}: {found.reason or 'it is not so any more'}"
        for change, found in judged
        if found.state is not ChangeState.DONE
    )


def undoing(done: tuple[Change, ...], observed: ObservedScps) -> tuple[Change, ...]:
    """The changes that put back what these changed, in a safe order.

    Raises:
        UsageError: they changed no text and no attachment; an old text is one that AWS takes no
            more; or no order is safe.
    """
    back = [change for change in done if change.op in _UNDONE]
    if not back:
        raise UsageError(
            "that plan changed no text and no attachment, so there is nothing to put back",
            code="rollback",
        )
    return in_order(_undoing(back, observed), observed)


def _undoing(done: list[Change], observed: ObservedScps) -> Iterator[Change]:
    written = {c.target for c in done if c.op in (Op.UPDATE_SCP, Op.DELETE_SCP)}
    for change in done:
        name = scp_of(change)
        existing = observed.named(name)
        match change.op:
            case Op.CREATE_SCP if existing is not None:
                after = content_of(change)
                yield delete_scp(
                    name,
                    KnownScp(id=existing.id, policy=after.policy, description=existing.description),
                )
            case Op.UPDATE_SCP:
                known, after = known_of(change), content_of(change)
                now = KnownScp(id=known.id, policy=after.policy, description=after.description)
                yield update_scp(name, now, _old(name, known))
            case Op.DELETE_SCP:
                yield create_scp(name, _old(name, known_of(change)))
            case Op.ATTACH_SCP:
                yield detach_scp(change.target, _attachment(change, observed, written))
            case _:
                yield attach_scp(change.target, _attachment(change, observed, written))


def _old(name: str, known: KnownScp) -> ScpContent:
    text = parse_scp(known.policy.text, name).text
    return ScpContent(policy=policy_text(text), description=known.description)


def _attachment(change: Change, observed: ObservedScps, written: set[str]) -> Attachment:
    name = attachment_of(change).scp
    existing = observed.named(name)
    if existing is None:
        return Attachment(scp=name, id=None, policy=None)
    text = None if name in written else policy_text(existing.text or "")
    return Attachment(scp=name, id=existing.id, policy=text)
