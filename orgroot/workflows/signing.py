"""How a workflow makes a statement: the fields every statement has, its text, its signature."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from orgroot import __version__
from orgroot.core.codec import Signature, canonical, parse_canonical
from orgroot.core.log_state import LogState
from orgroot.core.public_keys import parse_public_key
from orgroot.core.sshsig import Verified, verify
from orgroot.core.statement_parts import HeadRef, ObjectRef, PersonStatement, Target, Tool
from orgroot.core.statement_parts import Signer as StatementSigner
from orgroot.core.statements import SCHEMA, Signed, timestamp, to_text
from orgroot.ports import Signer
from orgroot.workflows.audit_log import AuditLog

MAX_INLINE = 100
"""Longer lists of accounts stand in an object of the log."""

MAX_INLINE_BYTES = 32 * 1024
"""Longer parameters stand in an object of the log."""


def common_fields(log: AuditLog, state: LogState, now: datetime) -> dict[str, Any]:
    """The fields of every statement, its head being the state that was verified."""
    return {
        "schema": SCHEMA,
        "org": log.organization,
        "log": log.id,
        "created_at": timestamp(now),
        "nonce": secrets.token_hex(16),
        "head": HeadRef(seq=state.seq, hash=state.hash),
        "tool": Tool(version=__version__),
    }


def signer_of(person: str, signer: Signer) -> StatementSigner:
    """Who signs, as statements name them."""
    return StatementSigner(person=person, key=signer.public_key)


def sign(body: Signed, signer: Signer) -> tuple[bytes, tuple[Signature, ...]]:
    """The statement's text and one person's signature over it.

    Raises:
        UsageError: the key does not sign.
    """
    text = to_text(body)
    armored = signer.sign(body.NAMESPACE, text)
    return text, (Signature(alg="sshsig", key=signer.public_key, sig=armored),)


def how_signed(body: PersonStatement, text: bytes, signatures: tuple[Signature, ...]) -> Verified:
    """What a statement's one signature says of the key that made it.

    Raises:
        IntegrityError: it is not one.
    """
    key = parse_public_key(body.signer.key)
    return verify(signatures[0].sig, text, namespace=body.NAMESPACE, key=key)


def plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as the log will give them back: lists for tuples, nothing JSON cannot say."""
    value: dict[str, Any] = parse_canonical(canonical(msgspec.to_builtins(dict(params))))
    return value


def inline_targets(
    log: AuditLog, targets: tuple[Target, ...]
) -> tuple[tuple[Target, ...], ObjectRef | None]:
    """The targets, or the object that stands for a long list, already written."""
    if len(targets) <= MAX_INLINE:
        return targets, None
    return (), _object(log, [msgspec.to_builtins(target) for target in targets])


def inline_params(log: AuditLog, params: dict[str, Any]) -> tuple[dict[str, Any], ObjectRef | None]:
    """The parameters, or the object that stands for long ones, already written."""
    data = canonical(params)
    if len(data) <= MAX_INLINE_BYTES:
        return params, None
    return {}, ObjectRef(sha256=log.put_object(data), count=len(params))


def inline_accounts(
    log: AuditLog, accounts: tuple[str, ...]
) -> tuple[tuple[str, ...], ObjectRef | None]:
    """The account ids, or the object that stands for a long list, already written."""
    if len(accounts) <= MAX_INLINE:
        return accounts, None
    return (), _object(log, list(accounts))


def _object(log: AuditLog, items: Sequence[Any]) -> ObjectRef:
    return ObjectRef(sha256=log.put_object(canonical(items)), count=len(items))
