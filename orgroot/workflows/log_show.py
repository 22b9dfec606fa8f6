"""Verifying all of the log, and saying in a few words what a statement is.

Everything is read, and nothing stops at the first finding.
"""

from dataclasses import dataclass
from typing import assert_never

from orgroot.core import audit_log as chain
from orgroot.core.codec import Record
from orgroot.core.evidence_statements import Reconciled, Report
from orgroot.core.facts import Fact
from orgroot.core.findings import Finding, FindingCode
from orgroot.core.ids import request_id_of
from orgroot.core.log_state import LogState
from orgroot.core.log_verify import LookAhead, in_turn
from orgroot.core.people import usable_key
from orgroot.core.results import (
    ExitReason,
    LogFinding,
    LogHead,
    LogVerify,
    ReceiptRow,
)
from orgroot.core.statement_parts import OwnersStatement
from orgroot.core.statements import (
    Ack,
    Approval,
    Body,
    Cancel,
    Denial,
    Drill,
    Genesis,
    Intent,
    KeyRevoke,
    Recovered,
    Request,
    Review,
    Revoke,
    Rules,
    Survey,
    TrustChange,
)
from orgroot.errors import UsageError
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.head_memory import head_findings, holds
from orgroot.workflows.store_memory import require_world
from orgroot.workflows.trust_memory import require_in_force, require_pinned

_FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A whole log that was read anew, and everything wrong or odd about it.

    Attributes:
        state: what its records amount to.
        findings: of the store, and of what had been seen before; by record number.
    """

    state: LogState
    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> tuple[Finding, ...]:
        """Those of integrity, which are exit 4."""
        return tuple(finding for finding in self.findings if not finding.code.attention)


def read_whole(log: AuditLog, ahead: LookAhead = in_turn) -> Verified:
    """Read and verify every record, object and fact.

    The head is remembered only where nothing is wrong.

    Args:
        log: the log.
        ahead: how records are looked at by themselves.

    Raises:
        AuditUnavailable: the store cannot be read.
        IntegrityError: it is of another world, or its owners are not those this machine trusts,
            or not any more.
        UsageError: it holds nothing, and this machine does not know better.
    """
    store, heads = log.store, log.remembered()
    present = tuple(store.keys())  # before the time is asked for, which a bucket's answers tell
    state = chain.verify(
        trust=log.trust,
        organization=log.organization,
        get=store.get,
        keys=present,
        now=log.clock.now(),
        evidence=store.evidence(),
        ahead=ahead,
    )
    require_world(state, store.endpoint)
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
    found = Verified(state=state, findings=tuple(sorted(findings, key=lambda f: f.seq)))
    if state.seq and not found.wrong:
        log.memory.set_head(log.id, state.seq, state.hash)
    return found


def verify(log: AuditLog, ahead: LookAhead = in_turn) -> LogVerify:
    """Verify the whole log, see `read_whole`; name all that is wrong or odd.

    Raises:
        AuditUnavailable, UsageError: as `read_whole`.
    """
    found = read_whole(log, ahead)
    state = found.state
    reasons: tuple[ExitReason, ...] = (ExitReason.INTEGRITY,) if found.wrong else ()
    if len(found.wrong) < len(found.findings):
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
            for finding in found.findings
        ),
        receipts=tuple(
            ReceiptRow(seq=seq, hash=record_sha256, holds=holds(state, (seq, record_sha256)))
            for seq, record_sha256 in log.expected
        ),
        receipt=chain.receipt_line(log.id, state.seq, state.hash) if state.seq else None,
    )


def voids(code: FindingCode) -> bool:
    """What an attention finding or a later revocation is about did count."""
    return not code.attention and code is not FindingCode.KEY_COMPROMISED


def signers_of(body: Body, record: Record) -> tuple[str, ...]:
    """Roster names, or the execution whose fact it is."""
    if isinstance(body, Fact):
        return (body.execution_id,)
    if isinstance(body, OwnersStatement):
        keys = {sig.key for sig in record.sigs}
        return tuple(signer.person for signer in body.signers if signer.key in keys)
    return (body.signer.person,)


def subject_of(body: Body, text: bytes) -> str:
    """What a statement is about, in a few words."""
    match body:
        case Genesis() | Rules() | TrustChange() | KeyRevoke():
            subject = _owners_word(body)
        case Request() | Survey():
            subject = f"{request_id_of(text)} {body.task.value}"
        case Approval() | Denial() | Intent() | Review() | Cancel() | Revoke():
            subject = body.request_id
        case Recovered():
            subject = body.execution_id
        case Reconciled():
            subject = f"CloudTrail {body.since} to {body.until}"
        case Report():
            subject = f"drift, {body.counts.get('new', 0)} new, read under {body.survey}"
        case Drill():
            subject = _few(list(body.rehearsed)) + (", FAILED" if body.failed else "")
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
