"""`recover`: closes what a crash left open, from this machine's spool and from AWS as it is.

It never invents an intent, never reopens a request and never touches what may still be running:
an execution that left nothing in the spool waits for its deadline and half an hour.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from orgroot.core import recovery
from orgroot.core.codec import decode_record
from orgroot.core.eligibility import expires_at
from orgroot.core.facts import Closed, Issued, Observed, StepResult
from orgroot.core.findings import Void
from orgroot.core.ids import ExecutionId
from orgroot.core.log_state import ExecutionRecord, LogState, RequestRecord
from orgroot.core.recovery import UNVERIFIED, unsettled
from orgroot.core.results import ExitReason, RecoveredAccount, Recovery, RecoveryRow
from orgroot.core.statement_parts import RecoveredEnd, SpooledFact
from orgroot.core.statements import Recovered, Request, instant, timestamp
from orgroot.errors import IntegrityError, RequestRefused
from orgroot.workflows.audit_log import AuditLog, signed_once
from orgroot.workflows.crash_evidence import ends
from orgroot.workflows.lost_sessions import Look, can_look, look
from orgroot.workflows.outcomes import parse_outcome
from orgroot.workflows.runner_mode import runner_for
from orgroot.workflows.signing import common_fields, sign, signer_of
from orgroot.workflows.workspace import Workspace

_PER_RECORD = 20
"""Facts or accounts that one `recovered` record holds, for it has its limit."""

_ORDER: Mapping[type[Observed], int] = {Issued: 0, StepResult: 1, Closed: 2}
"""In which order facts of one second happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A fact in this machine's spool: its name there, and what it says."""

    name: str
    spooled: SpooledFact
    fact: Observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """An execution with something to recover.

    Attributes:
        run, request: which.
        kept: what this machine's spool holds of it.
        asks: CloudTrail may show sessions of it that are not on record.
    """

    run: ExecutionRecord
    request: RequestRecord
    kept: tuple[Kept, ...]
    asks: bool


def left_open(ws: Workspace) -> tuple[Left, ...]:
    """Every execution that is not settled, that the spool has facts of, or CloudTrail may.

    Raises:
        IntegrityError, AuditUnavailable: as `AuditLog.require`.
    """
    log = ws.governed.log
    state = log.require()
    kept = _kept(log)
    found = []
    for request in state.requests.values():
        for run in request.executions:
            facts, asks = kept.get(run.id, ()), can_look(ws, run)
            if facts or asks or unsettled(run):
                found.append(Left(run=run, request=request, kept=facts, asks=asks))
    return tuple(found)


def recover(ws: Workspace) -> Recovery:
    """Close every execution that was left open and can be closed.

    Raises:
        UsageError: observer mode, nobody in the roster, no key.
        AuditUnavailable, IntegrityError: the log cannot be read or written; the spool is as it was.
    """
    log = ws.governed.log
    unread: list[str] = []
    rows = tuple(_recovered(ws, left, unread) for left in left_open(ws))
    log.sync()
    reasons = []
    if any(row.outcome in {"waiting", "continue"} for row in rows):
        reasons.append(ExitReason.UNKNOWN)
    if unread or any(end.outcome == UNVERIFIED for row in rows for end in row.accounts):
        reasons.append(ExitReason.INCOMPLETE)
    return Recovery(exit_reasons=tuple(reasons), executions=rows, receipt=log.receipt())


def _recovered(ws: Workspace, left: Left, unread: list[str]) -> RecoveryRow:
    """Recover one execution; why CloudTrail could not tell of it is added to `unread`."""
    log, run = ws.governed.log, left.run
    if log.memory.is_running(run.id):
        return _row(left, "running", detail="a process of this machine is at work: left alone")
    before = set(unsettled(run))
    late = _upload(ws, left)
    seen = _looked(ws, left)
    unread += [seen.unread] if seen.unread else []
    if not before:
        return _row(left, "late" if late else "looked", detail=late or seen.unread)
    return _closed(ws, left, before, seen)


def _closed(ws: Workspace, left: Left, before: set[str], seen: Look) -> RecoveryRow:
    """Close what may be closed, by looking; `before` was open when the command began."""
    log, run = ws.governed.log, left.run
    now = log.check_clock(ws.clock.now())
    due = recovery.recoverable_from(run)
    if _goes_on(log.state, left.request, now) and unsettled(run):
        why = f"`orgroot execute {left.request.id}` looks at each account and continues"
        return _row(left, "continue", before, detail=why)
    runner = runner_for(ws, left.request.body.task)
    if runner is not None and unsettled(run):
        why = f"{runner} alone can look at AWS here, and `orgroot runner` closes it as {runner}"
        return _row(left, "waiting", before, waits_until=timestamp(due), detail=why)
    late = instant(timestamp(now)) > due
    closable = tuple(a for a in unsettled(run) if late or recovery.has_ended(run, a))
    try:
        found = ends(ws, left.request, run, closable, seen.words) if closable else ()
    except RequestRefused as error:
        why = f"{ws.governed.person} may not look, somebody else may: {error.message}"
        return _row(left, "waiting", before, detail=why)
    for start in range(0, len(found), _PER_RECORD):
        _append(ws, run, ends_=found[start : start + _PER_RECORD])
    if unsettled(run):
        why = "until then it may still run, here or elsewhere"
        return _row(left, "waiting", before, waits_until=timestamp(due), detail=why)
    return _row(left, "closed", before, detail=seen.unread)


def _looked(ws: Workspace, left: Left) -> Look:
    """Ask CloudTrail, and put on record what it shows."""
    if not left.asks:
        return Look(words={})
    seen = look(ws, left.request, left.run)
    if seen.sessions or seen.looked:
        _append(ws, left.run, seen=seen)
    return seen


def _upload(ws: Workspace, left: Left) -> str:
    """Bring the spooled facts into the log, and forget them here; answers why some are late."""
    log, run = ws.governed.log, left.run
    chosen: list[Kept] = []
    late: list[Kept] = []
    why = ""
    for kept in left.kept:
        if recovery.on_record(run, kept.fact):
            log.memory.unspool(kept.name)
            continue
        facts = tuple(one.spooled for one in (*chosen, kept))
        against = recovery.objection(log.state, _body(ws, run, facts=facts))
        if against is None:
            chosen.append(kept)
        else:
            late.append(kept)
            why = f"what this machine had kept is on record as evidence only: {against}"
    for some in _parts(chosen):
        _append(ws, run, facts=tuple(kept.spooled for kept in some))
        _unspool(log, some)
    for some in _parts(late):
        _append(ws, run, late=tuple(kept.spooled for kept in some))
        _unspool(log, some)
    return why


def _parts(kept: list[Kept]) -> Iterator[list[Kept]]:
    for start in range(0, len(kept), _PER_RECORD):
        yield kept[start : start + _PER_RECORD]


def _unspool(log: AuditLog, some: list[Kept]) -> None:
    for kept in some:
        log.memory.unspool(kept.name)


def _append(
    ws: Workspace,
    run: ExecutionRecord,
    *,
    facts: tuple[SpooledFact, ...] = (),
    ends_: tuple[RecoveredEnd, ...] = (),
    seen: Look | None = None,
    late: tuple[SpooledFact, ...] = (),
) -> None:
    governed = ws.governed
    body = _body(ws, run, facts=facts, ends_=ends_, seen=seen, late=late)

    def guard(state: LogState) -> None:
        against = recovery.objection(state, body)
        if against is not None:
            raise RequestRefused(against, hint="run `orgroot recover` again", code="recovered")

    governed.log.append(signed_once(lambda _state: sign(body, governed.signer)), guard)


def _body(
    ws: Workspace,
    run: ExecutionRecord,
    *,
    facts: tuple[SpooledFact, ...] = (),
    ends_: tuple[RecoveredEnd, ...] = (),
    seen: Look | None = None,
    late: tuple[SpooledFact, ...] = (),
) -> Recovered:
    governed = ws.governed
    log = governed.log
    return Recovered(
        **common_fields(log, log.state, log.check_clock(ws.clock.now())),
        signer=signer_of(governed.person, governed.signer),
        execution_id=run.id,
        facts=facts,
        ends=ends_,
        sessions=() if seen is None else seen.sessions,
        looked=() if seen is None else seen.looked,
        late=late,
    )


def _goes_on(state: LogState, request: RequestRecord, now: datetime) -> bool:
    """A bulk request that a further intent may still continue is not closed over its head."""
    over = request.denied or request.cancelled
    if not isinstance(request.body, Request) or not request.bulk or over:
        return False
    return now < expires_at(state.rules[-1], request)


def _kept(log: AuditLog) -> dict[ExecutionId, tuple[Kept, ...]]:
    """This log's facts in the spool, by execution, in the order in which they happened.

    Raises:
        IntegrityError: one is damaged, or not signed by its execution.
    """
    found: dict[ExecutionId, list[Kept]] = {}
    for name, raw in log.memory.spooled():
        run = log.state.executions.get(ExecutionId(name.partition("-")[0]))
        if run is not None:
            found.setdefault(run.id, []).append(_read(name, raw, run))
    return {run: tuple(sorted(kept, key=_when)) for run, kept in found.items()}


def _read(name: str, raw: bytes, run: ExecutionRecord) -> Kept:
    try:
        spooled = _spooled(raw, run)
        return Kept(name=name, spooled=spooled, fact=recovery.spooled_fact(run, spooled))
    except (IntegrityError, Void) as error:
        raise IntegrityError(
            f"the spooled fact {name} on this machine is damaged: {error}",
            hint="find out why before you remove it from the state folder",
            code="spool",
        ) from error


def _spooled(raw: bytes, run: ExecutionRecord) -> SpooledFact:
    record = decode_record(raw)
    if (record.seq, record.log, len(record.sigs)) != (0, run.body.log, 1):
        raise IntegrityError("it was not kept for this log", code="spool")
    return SpooledFact(body=record.body, sig=record.sigs[0].sig)


def _when(kept: Kept) -> tuple[str, int]:
    return kept.fact.at, _ORDER.get(type(kept.fact), 0)


def _row(
    left: Left,
    outcome: str,
    before: set[str] | None = None,
    *,
    waits_until: str | None = None,
    detail: str = "",
) -> RecoveryRow:
    still = set(unsettled(left.run))
    return RecoveryRow(
        execution=left.run.id,
        request=left.request.id,
        task=left.request.body.task.value,
        outcome=outcome,
        accounts=tuple(_account(left.run, a) for a in sorted((before or set()) - still)),
        sessions=tuple(found.access_key_id for found in left.run.found.values()),
        waits_until=waits_until,
        detail=detail,
    )


def _account(run: ExecutionRecord, account: str) -> RecoveredAccount:
    item = run.closed.get(account) or run.closed.get("")
    word, details = ("refused", {}) if item is None else parse_outcome(item.outcome)
    return RecoveredAccount(account=account, outcome=word, detail=str(details.get("reason", "")))
