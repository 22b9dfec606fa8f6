"""Showing the log and verifying all of it: everything is read, nothing stops at the first finding.

A record that cannot be understood is shown as what it is.
"""

from typing import Any, assert_never

import msgspec

from orgroot.core import audit_log as chain
from orgroot.core.codec import Record, decode_record, record_hash
from orgroot.core.facts import Fact
from orgroot.core.ids import request_id_of
from orgroot.core.log_state import FindingCode, LogState
from orgroot.core.people import usable_key
from orgroot.core.results import (
    ExitReason,
    LogFinding,
    LogHead,
    LogRecordRow,
    LogShow,
    LogVerify,
    ReceiptRow,
)
from orgroot.core.statements import (
    Ack,
    Approval,
    Body,
    Cancel,
    Denial,
    Genesis,
    Intent,
    KeyRevoke,
    OwnersStatement,
    Reconciled,
    Recovered,
    Request,
    Revoke,
    Rules,
    Survey,
    TrustChange,
    from_text,
)
from orgroot.errors import IntegrityError, UsageError
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.head_memory import head_findings, holds
from orgroot.workflows.trust_memory import require_in_force, require_pinned

_FEW = 3


def show(log: AuditLog, *, last: int, bodies: bool = False) -> LogShow:
    """The newest records, oldest of them first.

    Args:
        log: the log; it is verified first.
        last: so many at most.
        bodies: with the statements in full.
    """
    state = log.sync()
    first = max(0, state.seq - last)
    rows = tuple(
        _row(state, seq, raw, bodies=bodies)
        for seq, raw in log.store.sequence(first)
        if seq <= state.seq
    )
    return LogShow(records=rows, head=LogHead(seq=state.seq, hash=state.hash))


def verify(log: AuditLog) -> LogVerify:
    """Verify every record, object and fact; name all that is wrong or odd.

    The head is remembered only where nothing is wrong.

    Raises:
        AuditUnavailable: the store cannot be read.
        IntegrityError: its owners are not those this machine trusts, or not any more.
        UsageError: it holds nothing, and this machine does not know better.
    """
    store, heads = log.store, log.remembered()
    state = chain.verify(
        trust=log.trust,
        organization=log.organization,
        get=store.get,
        keys=store.keys(),
        now=log.clock.now(),
    )
    require_pinned(state, log.trust, log.memory.pin(log.organization))
    findings = (*state.findings, *head_findings(state, heads))
    if not state.seq and not findings:
        raise UsageError(  # whoever emptied it must not hear that it verifies
            f"the audit log {log.trust.store} is empty: there is nothing to verify",
            hint="restore it from its backup; only a first use starts with `orgroot log init`",
            code="no-log",
        )
    if not chain.foreign_findings(state, log.trust):
        require_in_force(state, log.trust)
    wrong = any(not finding.code.attention for finding in findings)
    if state.seq and not wrong:
        log.memory.set_head(log.id, state.seq, state.hash)
    reasons: tuple[ExitReason, ...] = (ExitReason.INTEGRITY,) if wrong else ()
    if any(finding.code.attention for finding in findings):
        reasons += (ExitReason.FINDINGS,)
    return LogVerify(
        exit_reasons=reasons,
        records=state.seq,
        head=LogHead(seq=state.seq, hash=state.hash),
        findings=tuple(
            LogFinding(
                code=finding.code.value,
                seq=finding.seq,
                detail=finding.detail,
                level="attention" if finding.code.attention else "integrity",
            )
            for finding in sorted(findings, key=lambda finding: finding.seq)
        ),
        receipts=tuple(
            ReceiptRow(seq=seq, hash=record_sha256, holds=holds(state, (seq, record_sha256)))
            for seq, record_sha256 in log.expected
        ),
        receipt=chain.receipt_line(log.id, state.seq, state.hash) if state.seq else None,
    )


def _row(state: LogState, seq: int, raw: bytes, *, bodies: bool) -> LogRecordRow:
    void = next((f.detail for f in state.findings if f.seq == seq and _voids(f.code)), None)
    try:
        record = decode_record(raw)
        text = record.body.encode()
        body = from_text(text)
    except IntegrityError as error:
        return LogRecordRow(
            seq=seq,
            type="foreign",
            at="",
            signers=(),
            subject=error.message,
            hash=record_hash(raw),
        )
    tree: dict[str, Any] = msgspec.to_builtins(body)
    subject = _subject(body, text)
    return LogRecordRow(
        seq=seq,
        type=tree["type"],
        at=body.at if isinstance(body, Fact) else body.created_at,
        signers=_signers(body, record),
        subject=subject if void is None else f"{subject} (does not count: {void})",
        hash=record_hash(raw),
        body=tree if bodies else None,
    )


def _voids(code: FindingCode) -> bool:
    """What an attention finding or a later revocation is about did count."""
    return not code.attention and code is not FindingCode.KEY_COMPROMISED


def _signers(body: Body, record: Record) -> tuple[str, ...]:
    if isinstance(body, Fact):
        return (body.execution_id,)
    if isinstance(body, OwnersStatement):
        keys = {sig.key for sig in record.sigs}
        return tuple(signer.person for signer in body.signers if signer.key in keys)
    return (body.signer.person,)


def _subject(body: Body, text: bytes) -> str:
    match body:
        case Genesis() | Rules() | TrustChange() | KeyRevoke():
            subject = _owners_word(body)
        case Request() | Survey():
            subject = f"{request_id_of(text)} {body.task.value}"
        case Approval() | Denial() | Intent() | Cancel() | Revoke():
            subject = body.request_id
        case Recovered():
            subject = body.execution_id
        case Reconciled():
            subject = f"CloudTrail {body.since} to {body.until}"
        case Ack():
            subject = _few([*(m.account for m in body.moves), *(v.key for v in body.versions)])
        case Fact():
            subject = _few([item.account or "the organization" for item in body.items])
        case _:
            assert_never(body)
    return subject


def _owners_word(body: Genesis | Rules | TrustChange | KeyRevoke) -> str:
    match body:
        case Genesis():
            return f"{body.org} ({body.endpoint})"
        case TrustChange():
            names = ", ".join(sorted({owner.person for owner in body.owners.keys}))
            return f"owners: {body.owners.threshold} of {names}"
        case KeyRevoke():
            key = usable_key(body.key)
            return f"{body.person} {'a key of no known kind' if key is None else key.fingerprint}"
        case Rules():
            return f"serial {body.serial}, until {body.expires_at}"
        case _:
            assert_never(body)


def _few(names: list[str]) -> str:
    named = ", ".join(dict.fromkeys(names[:_FEW]))
    return named if len(names) <= _FEW else f"{named} and {len(names) - _FEW} more"
