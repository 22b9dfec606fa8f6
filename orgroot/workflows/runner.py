"""The runner: executes what others have asked for and approved, as a service that the rules name.

It decides nothing: every request goes through `execution.execute`, which decides again. One bad
request never stops it; a log that contradicts itself does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from orgroot.core import audit_log
from orgroot.core.ids import ExecutionId, RequestId
from orgroot.core.log_state import MAX_EXECUTIONS, RequestRecord, RequestState
from orgroot.core.recovery import recoverable_from
from orgroot.core.results import (
    ExitReason,
    ReadyRow,
    RecoveryRow,
    RunnerRound,
    RunRow,
    SkippedRow,
)
from orgroot.core.statements import Request
from orgroot.errors import (
    AuditUnavailable,
    AwsError,
    CredentialsError,
    IntegrityError,
    OrgrootError,
    RequestRefused,
    UsageError,
)
from orgroot.workflows import crash_recovery
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.claims import Claim
from orgroot.workflows.decisions import decision_on
from orgroot.workflows.drivers import DRIVERS
from orgroot.workflows.execution import execute
from orgroot.workflows.workspace import Workspace

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(minutes=15)
"""A request that could not be executed is left alone so long before it is tried again."""

_BETWEEN_RECOVERIES = timedelta(minutes=5)

_FOR_ALL = (AuditUnavailable, CredentialsError)
"""What keeps every request from being executed, not this one alone."""


class Stop(Protocol):
    """Told from outside that the runner shall end; `threading.Event` is one."""

    def is_set(self) -> bool:
        """It shall end before the next request."""
        ...

    def wait(self, timeout: float) -> bool:
        """Pause so many seconds, or until it shall end; answers `is_set`."""
        ...


@dataclass(slots=True)
class _Pause:
    """How often a request failed in a row, and when it may be tried again."""

    failures: int
    until: datetime


@dataclass(slots=True)
class Runner:
    """One runner, for as long as its process lives.

    Attributes:
        ws: the command's world; its person is the service that executes.
        pauses: requests that are left alone for a while.
        recovers_from: when to look again at what crashes left open, which may cost many calls.
    """

    ws: Workspace
    pauses: dict[RequestId, _Pause] = field(default_factory=dict)
    recovers_from: datetime | None = None

    def look(self) -> tuple[tuple[RequestRecord, ...], tuple[SkippedRow, ...]]:
        """The requests to execute now, and the open ones to leave alone, each with the reason.

        Raises:
            IntegrityError: the log contradicts itself.
            AuditUnavailable: it cannot be read.
            UsageError: this is no service of the rules in force, or not this one's caller and key.
        """
        log = self.ws.governed.log
        log.require()
        now = log.check_clock(self.ws.clock.now())
        self._require_service(log, now)
        ready: list[RequestRecord] = []
        skipped: list[SkippedRow] = []
        for request in log.state.requests.values():
            if not isinstance(request.body, Request):
                continue
            why = self._left_alone(log, request, now)
            if why is None:
                ready.append(request)
            elif why:
                skipped.append(_skipped(request, why))
        return tuple(ready), tuple(skipped)

    def run(self, stop: Stop) -> Iterator[RunRow | SkippedRow]:
        """Execute what is ready, one after the other, until there is nothing or it shall end.

        Raises:
            as `look`; AuditUnavailable and CredentialsError also in between.
        """
        ready, skipped = self.look()
        yield from skipped
        for request in ready:
            if stop.is_set():
                return
            yield self._execute(request)

    def recover(self) -> tuple[RecoveryRow, ...]:
        """Close what crashes left open and can be closed by now; answers what was closed.

        Raises:
            AuditUnavailable, IntegrityError, CredentialsError: as `crash_recovery.recover`.
        """
        now = self.ws.clock.now()
        early = self.recovers_from is not None and now < self.recovers_from
        if early or not crash_recovery.left_open(self.ws):
            return ()
        self.recovers_from = now + _BETWEEN_RECOVERIES
        try:
            rows = crash_recovery.recover(self.ws).executions
        except OrgrootError as error:
            if isinstance(error, (IntegrityError, *_FOR_ALL)):
                raise
            # Another runner was faster, or AWS does not answer: a later look tries again.
            self.ws.progress.note(f"what was left open stays open for now: {error.message}")
            return ()
        for row in rows:
            if row.outcome == "waiting" and row.waits_until is None:
                self.ws.progress.note(f"{row.request} stays open: {row.detail}")
        return tuple(row for row in rows if row.accounts)

    def _require_service(self, log: AuditLog, now: datetime) -> None:
        governed = self.ws.governed
        person, roster = governed.person, log.rules().roster
        if not roster.is_service(person):
            raise UsageError(
                f"{person} is no service of the rules in force, and a runner is one",
                hint="an owner adds an entry with `service: true` and names its group in the "
                "executors of a rule",
                code="not-a-service",
            )
        if not roster.has_key(person, governed.signer.public_key, now):
            raise UsageError(f"the key of {person} is not valid any more", code="no-key")
        if not roster.acts_as(person, self.ws.caller.arn):
            raise UsageError(f"{self.ws.caller.arn} is not {person} any more", code="not-in-roster")

    def _left_alone(self, log: AuditLog, request: RequestRecord, now: datetime) -> str | None:
        """Why a request is not executed now; empty: nobody waits for that; None: it is."""
        stands = audit_log.request_state(log.state, request, now, log.running)
        if stands is RequestState.UNKNOWN:
            return self._unknown(log, request, now)
        if stands is not RequestState.APPROVED:
            return ""
        return self._unfit(log, request, now)

    def _unknown(self, log: AuditLog, request: RequestRecord, now: datetime) -> str | None:
        """A bulk request is continued once nobody can be at it any more; no other one is."""
        last = request.executions[-1]
        if not request.bulk or not last.unresolved():
            return f"record {last.seq} began it and nobody knows how it ended: `orgroot recover`"
        if now <= recoverable_from(last):
            return f"record {last.seq} began it, and it may be at work still"
        return self._unfit(log, request, now)

    def _unfit(self, log: AuditLog, request: RequestRecord, now: datetime) -> str | None:
        if request.body.task not in DRIVERS:
            return f"this version of orgroot does not execute {request.body.task.value}"
        if len(request.executions) >= MAX_EXECUTIONS:
            return f"it was begun {len(request.executions)} times: `orgroot execute {request.id}`"
        decision = decision_on(log, request, self.ws.governed.person, now)
        if not decision:
            return "; ".join(decision.reasons)
        pause = self.pauses.get(request.id)
        if pause is not None and now < pause.until:
            return f"it could not be executed {pause.failures} time(s); it is tried again later"
        return None

    def _execute(self, request: RequestRecord) -> RunRow | SkippedRow:
        begun: list[ExecutionId] = []
        claim = Claim(take_over=False, begun=begun.append)
        error: OrgrootError | None = None
        reasons: tuple[ExitReason, ...] = ()
        try:
            reasons = execute(self.ws, request.id, claim).exit_reasons
        except OrgrootError as failure:
            if isinstance(failure, _FOR_ALL) and not begun:
                raise
            error, reasons = failure, _reasons(failure)
        if not begun:
            self._later(request)
            if error is None or isinstance(error, RequestRefused):
                # The rules, or another executor: an answer, and nothing that went wrong here.
                reasons = ()
            words = "it is no longer granted" if error is None else error.message
            return _skipped(request, words, reasons)
        return self._told(request, begun[0], reasons, error)

    def _told(
        self,
        request: RequestRecord,
        execution: ExecutionId,
        reasons: tuple[ExitReason, ...],
        error: OrgrootError | None,
    ) -> RunRow:
        log = self.ws.governed.log
        now = self.ws.clock.now()
        current = log.state.requests[request.id]
        stands = audit_log.request_state(log.state, current, now, log.running)
        if stands is RequestState.APPROVED:
            self._later(request)
        return RunRow(
            request=request.id,
            task=request.body.task.value,
            requester=request.body.signer.person,
            execution=execution,
            state=stands.value,
            exit_reasons=reasons,
            message="" if error is None else error.message,
        )

    def _later(self, request: RequestRecord) -> None:
        """Leave it alone for a while, longer each time."""
        before = self.pauses.get(request.id)
        failures = 1 if before is None else before.failures + 1
        length = min(_FIRST_PAUSE * 2 ** (failures - 1), _LONGEST_PAUSE)
        self.pauses[request.id] = _Pause(failures=failures, until=self.ws.clock.now() + length)


def run_once(ws: Workspace, stop: Stop) -> RunnerRound:
    """Execute everything that is ready, once.

    Raises:
        as `Runner.look`, and what concerns every request.
    """
    runner = Runner(ws)
    recovered = runner.recover()
    executed: list[RunRow] = []
    skipped: list[SkippedRow] = []
    reasons: list[ExitReason] = []
    try:
        for row in runner.run(stop):
            reasons += row.exit_reasons
            if isinstance(row, RunRow):
                executed.append(row)
            else:
                skipped.append(row)
    except _FOR_ALL as error:
        if not executed:
            raise
        ws.progress.note(f"the rest is left for the next run: {error.message}")
        reasons += _reasons(error)
    return RunnerRound(
        exit_reasons=tuple(dict.fromkeys(reasons)),
        executed=tuple(executed),
        skipped=tuple(skipped),
        recovered=recovered,
        receipt=ws.governed.log.receipt(),
    )


def preview(ws: Workspace) -> RunnerRound:
    """What would be executed, and what not; nothing is written and AWS is not changed."""
    ready, skipped = Runner(ws).look()
    rows = tuple(
        ReadyRow(
            request=request.id,
            task=request.body.task.value,
            requester=request.body.signer.person,
        )
        for request in ready
    )
    return RunnerRound(skipped=skipped, ready=rows, receipt=ws.governed.log.receipt())


def watch(ws: Workspace, stop: Stop, interval: float, tell: Callable[[RunRow], None]) -> None:
    """Look again and again until it shall end; what others are told once is not repeated.

    Raises:
        IntegrityError: the log contradicts itself.
        UsageError: the rules do not know this service, key or caller any more.
    """
    runner = Runner(ws)
    told: dict[str, str] = {}
    while not stop.is_set():
        try:
            for row in runner.recover():
                ws.progress.note(f"{row.request}: {row.execution} is closed")
            for found in runner.run(stop):
                if isinstance(found, RunRow):
                    tell(found)
                elif told.get(found.request) != found.reason:
                    told[found.request] = found.reason
                    ws.progress.note(f"{found.request} is left alone: {found.reason}")
        except (AuditUnavailable, CredentialsError, AwsError) as error:
            ws.progress.note(f"nothing is executed for now: {error.message}")
        stop.wait(interval)


def _reasons(error: OrgrootError) -> tuple[ExitReason, ...]:
    """An error as a reason among others; usage that only its execution showed is incomplete."""
    named = tuple(reason for reason in ExitReason if reason.code == error.exit_code)
    return named or (ExitReason.INCOMPLETE,)


def _skipped(
    request: RequestRecord, reason: str, reasons: tuple[ExitReason, ...] = ()
) -> SkippedRow:
    return SkippedRow(
        request=request.id,
        task=request.body.task.value,
        requester=request.body.signer.person,
        reason=reason,
        exit_reasons=reasons,
    )
