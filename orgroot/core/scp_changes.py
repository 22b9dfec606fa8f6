"""What a change of SCPs says: the `before` and `after` that stand in a request, texts in full."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from orgroot.core.plan import Change, Op
from orgroot.core.scp import TAGS
from orgroot.core.scp_document import PolicyText
from orgroot.errors import IntegrityError

T = TypeVar("T", bound=Struct)

OPERATIONS: Mapping[Op, str] = MappingProxyType(
    {
        Op.CREATE_SCP: "organizations:CreatePolicy",
        Op.UPDATE_SCP: "organizations:UpdatePolicy",
        Op.ATTACH_SCP: "organizations:AttachPolicy",
        Op.DETACH_SCP: "organizations:DetachPolicy",
        Op.DELETE_SCP: "organizations:DeletePolicy",
        Op.ADOPT_SCP: "organizations:TagResource",
    }
)
"""What plans do to SCPs, and AWS's operation for it."""

SCP_OPS = frozenset(OPERATIONS)
MOVES = frozenset({Op.ATTACH_SCP, Op.DETACH_SCP})
"""What is done to an SCP on one target."""


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


class AdoptableScp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An SCP that somebody made, as it was seen: the `before` of `adopt-scp`."""

    id: str
    policy: PolicyText
    description: str
    tags: dict[str, str]


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


def adopt_scp(name: str, known: AdoptableScp) -> Change:
    """The change that gives an SCP orgroot's tag."""
    after = {"tags": dict(TAGS)}
    return Change(op=Op.ADOPT_SCP, target=name, before=_tree(known), after=after)


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


def adopted_of(change: Change) -> AdoptableScp:
    """What an `adopt-scp` change finds.

    Raises:
        IntegrityError: it is none, or it would give the SCP other tags than orgroot's.
    """
    found = _part(change, (Op.ADOPT_SCP,), change.before, AdoptableScp)
    if change.after != {"tags": dict(TAGS)}:
        raise IntegrityError(
            f"a {change.op} change gives orgroot's tag and no other", code="params"
        )
    return found


def step_of(change: Change) -> tuple[str, str]:
    """AWS's operation that makes a change, and what the log calls its target.

    Raises:
        IntegrityError: the change is about no SCP.
    """
    name = scp_of(change)
    on = f"{name} on {change.target}" if change.op in MOVES else name
    return OPERATIONS[change.op], on


def attached_at(changes: Iterable[Change]) -> frozenset[str]:
    """The root, OUs and accounts that changes attach to or detach from."""
    return frozenset(change.target for change in changes if change.op in MOVES)


def scp_of(change: Change) -> str:
    """The name of the SCP that a change is about.

    Raises:
        IntegrityError: the change is about no SCP.
    """
    if change.op in MOVES:
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
