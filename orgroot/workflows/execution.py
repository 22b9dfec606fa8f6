"""Executing what was granted: decided again on live facts, announced, then run by its driver.

Everything that changes AWS, and every root session, goes through here; there is no second path.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from orgroot.core import approval, audit_log
from orgroot.core.eligibility import expires_at
from orgroot.core.ephemeral import EphemeralKey
from orgroot.core.governed_tasks import session_policies
from orgroot.core.ids import RequestId, execution_id_of
from orgroot.core.log_state import LogState, RequestRecord
from orgroot.core.results import DryRun, ExitReason, RequestView, Result
from orgroot.core.root_tasks import MAX_SESSION_SECONDS
from orgroot.core.statement_parts import Target
from orgroot.core.statements import Intent, Request, to_text
from orgroot.core.summary import summarize
from orgroot.errors import AuditUnavailable, OutcomeUnknown, RequestRefused
from orgroot.workflows.audit_log import signed_once
from orgroot.workflows.claims import BY_HAND, Claim, refuse_running, refuse_unknown
from orgroot.workflows.decisions import (
    decision_on,
    refuse_unless,
    require_granted,
    require_recent,
)
from orgroot.workflows.desk import log_of
from orgroot.workflows.emergencies import tell_debt
from orgroot.workflows.executors import route_of
from orgroot.workflows.facts import FactWriter
from orgroot.workflows.intents import deadline, new_key, run_fields
from orgroot.workflows.outcomes import UnknownInPart, outcome_text
from orgroot.workflows.request_view import OPEN, find, view_of
from orgroot.workflows.requests import Draft, open_or_continue
from orgroot.workflows.run import DEADLINE, LOOK_FIRST, Run
from orgroot.workflows.runner_mode import only_runner, require_executor, runner_for
from orgroot.workflows.signing import common_fields, sign, signer_of
from orgroot.workflows.workspace import Workspace

POLL_SECONDS = 2.0
"""How often `--wait` looks at the log."""

EMERGENCY_SECONDS = 300
"""So long somebody on call waits for the runner, unless they say otherwise."""


class Driver(Protocol):
    """What one task does: registered in `drivers`."""

    def live_targets(self, ws: Workspace, request: RequestRecord) -> tuple[Target, ...]:
        """The targets as AWS has them now; a target that is gone is left out."""
        ...

    def pending(self, ws: Workspace, request: RequestRecord) -> tuple[str, ...]:
        """The accounts still to be done under this request; `("",)` for management tasks."""
        ...

    def run(self, ws: Workspace, run: Run, request: RequestRecord) -> None:
        """Do the work on `run.accounts`, through `run` alone; close every account."""
        ...

    def result(self, ws: Workspace, request: RequestRecord) -> Result:
        """The task's JSON result, from the log as it is after the run."""
        ...


def submit(
    ws: Workspace,
    draft: Draft,
    wait_seconds: int | None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    act: Callable[[Workspace, RequestId], Result] | None = None,
) -> Result:
    """Open the request; execute it once it is granted.

    Args:
        ws: the command's world.
        draft: what is asked for.
        wait_seconds: how long to wait for approvals; None: not at all, but for a runner that
            shall execute an emergency.
        sleep: waits.
        act: what is done once it is granted; None: it is executed.

    Returns:
        The task's own result; or, where approvals are missing after the wait, the request with
        the exit reason WAITING.

    Raises:
        RequestRefused: refused for good, by the rules or by an approver.
    """
    runner = runner_for(ws, draft.task)
    if runner is not None:
        require_executor(ws, draft, runner)
    request, continuing = open_or_continue(ws, draft)
    if continuing:
        ws.progress.note(f"continuing {request.id}")
    log = log_of(ws)
    if wait_seconds is None and runner is not None and draft.break_glass:
        ws.progress.note(f"{request.id} waits for {runner}, which alone opens root sessions here")
        wait_seconds = EMERGENCY_SECONDS
    give_up = ws.clock.now() + timedelta(seconds=wait_seconds or 0)
    while True:
        log.sync()
        now = ws.clock.now()
        begun = runner is not None and log.state.requests[request.id].executions
        if begun:
            return await_runner(ws, request, give_up, sleep=sleep)
        decision = decision_on(log, request, runner or ws.governed.person, now)
        if decision.allowed and runner is None:
            return (act or execute)(ws, request.id)
        if decision.final:
            refuse_unless(decision)
        if now >= give_up:
            return view_of(
                log,
                request,
                now,
                continuing=continuing,
                exit_reasons=(ExitReason.WAITING,),
                runner=runner,
            )
        sleep(min(POLL_SECONDS, (give_up - now).total_seconds()))


def await_runner(
    ws: Workspace,
    request: RequestRecord,
    give_up: datetime,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """What became of a request that the runner has begun.

    Returns:
        The task's own result; or, where it is not over in time, the request with WAITING.
    """
    log = log_of(ws)
    while True:
        log.sync()
        now = ws.clock.now()
        current = log.state.requests[request.id]
        over = not current.executions[-1].unresolved()
        if over and audit_log.request_state(log.state, current, now, log.running) not in OPEN:
            return _told(ws, _driver(request), request)
        if now >= give_up:
            return view_of(log, request, now, exit_reasons=(ExitReason.WAITING,))
        sleep(min(POLL_SECONDS, (give_up - now).total_seconds()))


def execute(
    ws: Workspace,
    request_id: str,
    claim: Claim = BY_HAND,
    driver: Driver | None = None,
    look: Callable[[RequestRecord], None] | None = None,
) -> Result:
    """Execute a granted request, once.

    Args:
        ws: the command's world.
        request_id: the request.
        claim: what whoever executes may do beside another process.
        driver: does it; None: the driver of its task.
        look: shows a person what was granted; raises UsageError on a no. What waits for approvals,
            or is refused, is never asked about.

    Returns:
        The task's own result; before the quorum, the request with the exit reason WAITING.

    Raises:
        RequestRefused: refused for good: denied, expired, stale, executed before, not the executor.
        OutcomeUnknown: something happened, or may have, that the log does not hold.
        AuditUnavailable: the log did not take the intent; nothing was done.
        UsageError: it is the runner's to execute.
    """
    found = _granted(ws, request_id, claim, driver)
    if isinstance(found, RequestView):
        return found
    request, driver = found
    if look is not None:
        look(request)
    live, accounts, now = _ready(ws, driver, request)
    try:
        _run(ws, driver, request, accounts=accounts, live=live, now=now, claim=claim)
    except UnknownInPart as error:
        ws.progress.note(f"{error.message}: {error.hint}")
        result = _told(ws, driver, request)
        reasons = (ExitReason.UNKNOWN, *result.exit_reasons)
        return msgspec.structs.replace(result, exit_reasons=reasons)
    return _told(ws, driver, request)


def preview(ws: Workspace, request_id: str) -> Result:
    """What `execute` would do now: decided on the targets as they are, written nowhere.

    Raises:
        RequestRefused, OutcomeUnknown, UsageError: as `execute`.
    """
    found = _granted(ws, request_id, BY_HAND, None)
    if isinstance(found, RequestView):
        return found
    request, driver = found
    _, accounts, _ = _ready(ws, driver, request)
    left = sum(1 for account in accounts if account)
    return DryRun(
        command="execute",
        task=request.body.task.value,
        targets=tuple(msgspec.to_builtins(target) for target in request.targets),
        params=dict(request.params),
        needs=(),
        summary=summarize(ws.governed.log.state, request),
        notes=(f"granted: it would be done now, in {left} account(s)" if left else "granted: now",),
    )


def _driver(request: RequestRecord) -> Driver:
    from orgroot.workflows.drivers import driver_of  # noqa: PLC0415 - drivers know execution

    return driver_of(request.body.task)


def _granted(
    ws: Workspace, request_id: str, claim: Claim, driver: Driver | None
) -> tuple[RequestRecord, Driver] | RequestView:
    """The request and who does it, where its approvals are there; else how it waits.

    Approvals first: reading targets costs calls that a waiting request need not make.
    """
    governed = ws.governed
    log = governed.log
    log.require()
    request = find(log, request_id)
    if not isinstance(request.body, Request):
        raise RequestRefused(f"{request.id} is a survey: it was its own execution", code="survey")
    runner = runner_for(ws, request.body.task)
    if runner is not None:
        raise only_runner(request, runner)
    driver = driver or _driver(request)
    refuse_running(log, request)
    now = log.check_clock(ws.clock.now())
    claim.check(request, now)
    early = decision_on(log, request, governed.person, now)
    if early.allowed:
        return request, driver
    if early.final:
        refuse_unknown(log, request, now)
        refuse_unless(early)
    if governed.person in {
        given.body.signer.person for given in request.approvals if not given.revoked
    }:
        ws.progress.note(
            f"{governed.person} approved {request.id}, and who executes does not count as an "
            f"approver: let {request.body.signer.person} execute it, or have one more approve"
        )
    return view_of(log, request, now, exit_reasons=(ExitReason.WAITING,))


def _ready(
    ws: Workspace, driver: Driver, request: RequestRecord
) -> tuple[tuple[Target, ...], tuple[str, ...], datetime]:
    """The targets as they are, the accounts left to do, and AWS's time, all of it granted."""
    log = ws.governed.log
    live = driver.live_targets(ws, request)
    stale = approval.stale_targets(request, live)
    accounts = tuple(a for a in driver.pending(ws, request) if not (request.bulk and a in stale))
    now = log.check_clock(ws.clock.now())
    require_granted(log, request, ws.governed.person, now, live, accounts=accounts or None)
    if not accounts:
        raise RequestRefused(f"nothing is left to do of {request.id}", code="nothing-left")
    return live, accounts, now


def _run(
    ws: Workspace,
    driver: Driver,
    request: RequestRecord,
    *,
    accounts: tuple[str, ...],
    live: tuple[Target, ...],
    now: datetime,
    claim: Claim,
) -> None:
    """Announce the execution, and have its driver do the work."""
    governed = ws.governed
    log = governed.log
    key = new_key()
    intent = _intent(ws, request, accounts, now, key)
    execution_id = execution_id_of(to_text(intent))

    def guard(state: LogState) -> None:
        current = state.requests[request.id]
        refuse_running(log, current)
        claim.check(current, now)
        require_recent(log, now)
        require_granted(log, current, governed.person, now, live, accounts=accounts or None)
        if not set(intent.approvals) <= set(_standing(current)):
            raise RequestRefused("an approval was taken back meanwhile", hint="run it again")
        done = sorted(set(accounts) & set(current.outcomes()))
        if done:
            raise RequestRefused(f"{', '.join(done)} was done meanwhile", hint="run it again")

    with log.memory.running(execution_id):
        log.append(signed_once(lambda _state: sign(intent, governed.signer)), guard)
        claim.begun(execution_id)
        run = Run(
            ws,
            request_id=request.id,
            execution=log.state.executions[execution_id],
            writer=FactWriter(log=log, clock=ws.clock, execution=execution_id, key=key),
            duration_seconds=_duration(request),
        )
        try:
            driver.run(ws, run, log.state.requests[request.id])
        except RequestRefused as error:
            if error.code == DEADLINE and not request.bulk:  # nothing goes on with it, so it ends
                for account in log.state.executions[execution_id].unresolved():
                    run.close(account, outcome_text("failed", {"reason": error.message}))
            raise
        except KeyboardInterrupt as stop:
            raise OutcomeUnknown(f"{request.id} was interrupted", hint=LOOK_FIRST) from stop
        finally:
            run.drop_credentials()


def _told(ws: Workspace, driver: Driver, request: RequestRecord) -> Result:
    """The result of a run that is over.

    Raises:
        OutcomeUnknown: it is recorded, but the log cannot be read any more.
    """
    log = ws.governed.log
    try:
        log.sync()
        tell_debt(ws, log.state.requests[request.id])
        return driver.result(ws, log.state.requests[request.id])
    except AuditUnavailable as error:
        raise OutcomeUnknown(
            f"{request.id} was executed, but how it ended cannot be read: {error.message}",
            hint=f"`orgroot request show {request.id}` tells once the log is there again",
        ) from error


def _intent(
    ws: Workspace,
    request: RequestRecord,
    accounts: tuple[str, ...],
    now: datetime,
    key: EphemeralKey,
) -> Intent:
    governed = ws.governed
    about = tuple(account for account in accounts if account)
    expires = expires_at(governed.log.rules(), request)
    until = deadline(ws, now, _duration(request), len(accounts), expires)
    return Intent(
        **common_fields(governed.log, governed.log.state, now),
        signer=signer_of(governed.person, governed.signer),
        request_id=request.id,
        request_sha256=request.sha256,
        approvals=_standing(request),
        **run_fields(
            ws,
            task_policies=session_policies(request.body.task, request.body.task_policy),
            accounts=about,
            now=now,
            until=until,
            key=key,
            route=route_of(ws, request.body.task),
        ),
    )


def _standing(request: RequestRecord) -> tuple[int, ...]:
    """The records of the approvals that nobody has taken back."""
    return tuple(given.seq for given in request.approvals if not given.revoked)


def _duration(request: RequestRecord) -> int:
    session = request.body.session
    return MAX_SESSION_SECONDS if session is None else session.duration_seconds
