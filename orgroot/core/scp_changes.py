"""What a change of SCPs says: the `before` and `after` that stand in a request, texts in full."""

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from orgroot.core.plan import Change, Op
from orgroot.core.scp_document import PolicyText
from orgroot.errors import IntegrityError

T = TypeVar("T", bound=Struct)

SCP_OPS = frozenset({Op.CREATE_SCP, Op.UPDATE_SCP, Op.ATTACH_SCP, Op.DETACH_SCP, Op.DELETE_SCP})
"""What plans do to SCPs."""


class ScpContent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an SCP shall say: the `after` of `create-scp` and `update-scp`."""

    policy: PolicyText
    description: str


class KnownScp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An SCP as it was seen: the `before` of `update-scp` and `delete-scp`."""

    id: str
    policy: PolicyText
    description: str


class Attachment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An SCP on a target: the `after` of `attach-scp`, the `before` of `detach-scp`.

    Attributes:
        scp: the SCP's name.
        id: its id; None where an earlier change of the plan creates it.
        policy: its full text; None where a change of the plan creates or updates it.
    """

    scp: str
    id: str | None
    policy: PolicyText | None


def create_scp(name: str, wanted: ScpContent) -> Change:
    """The change that creates an SCP."""
    return Change(op=Op.CREATE_SCP, target=name, before=None, after=_tree(wanted))


def update_scp(name: str, known: KnownScp, wanted: ScpContent) -> Change:
    """The change that gives an SCP another text or description."""
    return Change(op=Op.UPDATE_SCP, target=name, before=_tree(known), after=_tree(wanted))


def attach_scp(target: str, wanted: Attachment) -> Change:
    """The change that attaches an SCP."""
    return Change(op=Op.ATTACH_SCP, target=target, before=None, after=_tree(wanted))


def detach_scp(target: str, known: Attachment) -> Change:
    """The change that detaches an SCP."""
    return Change(op=Op.DETACH_SCP, target=target, before=_tree(known), after=None)


def delete_scp(name: str, known: KnownScp) -> Change:
    """The change that deletes an SCP."""
    return Change(op=Op.DELETE_SCP, target=name, before=_tree(known), after=None)


def content_of(change: Change) -> ScpContent:
    """What a `create-scp` or `update-scp` change makes of the SCP.

    Raises:
        IntegrityError: it is none.
    """
    return _part(change, (Op.CREATE_SCP, Op.UPDATE_SCP), change.after, ScpContent)


def known_of(change: Change) -> KnownScp:
    """What an `update-scp` or `delete-scp` change finds.

    Raises:
        IntegrityError: it is none.
    """
    return _part(change, (Op.UPDATE_SCP, Op.DELETE_SCP), change.before, KnownScp)


def attachment_of(change: Change) -> Attachment:
    """What an `attach-scp` change makes, or a `detach-scp` change ends.

    Raises:
        IntegrityError: it is none.
    """
    side = change.before if change.op is Op.DETACH_SCP else change.after
    return _part(change, (Op.ATTACH_SCP, Op.DETACH_SCP), side, Attachment)


def scp_of(change: Change) -> str:
    """The name of the SCP that a change is about.

    Raises:
        IntegrityError: the change is about no SCP.
    """
    if change.op in (Op.ATTACH_SCP, Op.DETACH_SCP):
        return attachment_of(change).scp
    if change.op not in SCP_OPS:
        raise IntegrityError(f"{change.op} is about no SCP", code="params")
    return change.target


def _part(change: Change, ops: tuple[Op, ...], side: Any, kind: type[T]) -> T:
    if change.op not in ops:
        raise IntegrityError(f"{change.op} is not {' or '.join(ops)}", code="params")
    try:
        return msgspec.convert(side, kind)
    except msgspec.ValidationError as error:
        raise IntegrityError(
            f"a {change.op} change does not fit: {error}", code="params"
        ) from error


def _tree(part: Struct) -> Any:
    return msgspec.to_builtins(part)
