"""Reading many accounts without approvals: one record before, facts as objects, one record after.

Nothing is read before the survey is in the log, and nothing is ever changed by one.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import msgspec

from orgroot.core.codec import Signature
from orgroot.core.executor_role import Route
from orgroot.core.governed_tasks import GOVERNED_TASKS
from orgroot.core.ids import execution_id_of, request_id_of
from orgroot.core.log_state import LogState
from orgroot.core.statements import Survey, instant, to_text
from orgroot.errors import OrgrootError, RequestRefused
from orgroot.workflows.audit_log import signed_once
from orgroot.workflows.decisions import demanded, require_granted, require_recent
from orgroot.workflows.executors import route_of
from orgroot.workflows.facts import FactWriter
from orgroot.workflows.intents import deadline, new_key, run_fields
from orgroot.workflows.requests import Draft, asked_fields, record_of, with_objects
from orgroot.workflows.run import Run
from orgroot.workflows.signing import how_signed, sign
from orgroot.workflows.workspace import Workspace

T = TypeVar("T")


def survey(ws: Workspace, draft: Draft, work: Callable[[Run], T]) -> tuple[T, Run]:
    """Run a read-only task that needs no approval; answers what `work` did, and the closed run.

    Raises:
        RequestRefused: not allowed, or not without approvals (`requests.needs_approval` tells).
        AuditUnavailable: the log did not take the survey; nothing was done.
    """
    governed = ws.governed
    log, person = governed.log, governed.person
    state = log.require()
    rules, now = log.rules(), log.check_clock(ws.clock.now())
    asked = asked_fields(ws, draft, rules, state, now)
    needs = demanded(log, draft.task, draft.targets, asked["params"])
    if needs.people or GOVERNED_TASKS[draft.task].minimum_approvals:
        raise RequestRefused(f"{draft.task.value} needs approvals here", code="needs-approval")
    seconds = draft.duration_seconds or needs.max_seconds
    accounts = tuple(target.account for target in draft.targets)
    key = new_key()
    until = deadline(ws, now, seconds, len(accounts), instant(asked["expires_at"]))
    run = run_fields(
        ws,
        task_policies=GOVERNED_TASKS[draft.task].task_policies,
        accounts=accounts,
        now=now,
        until=until,
        key=key,
        route=Route(),
    )
    body = Survey(**asked, **run)
    record = record_of(body, state)

    def guard(_state: LogState) -> None:
        require_recent(log, now)
        require_granted(log, record, person, now, draft.targets)

    guard(state)
    # Asked only now: finding the route out may call AWS.
    route = route_of(ws, draft.task)
    body = msgspec.structs.replace(
        body, executor_arn=route.executor_arn, reference_in=route.reference_in.value
    )
    body = with_objects(log, body)
    execution_id = execution_id_of(to_text(body))

    def signed(_state: LogState) -> tuple[bytes, tuple[Signature, ...]]:
        text, signatures = sign(body, governed.signer)
        # What the rules want of a signature shows only now, and it must before it is written.
        known = replace(record, signed_with=how_signed(body, text, signatures))
        require_granted(log, known, person, now, draft.targets)
        return text, signatures

    with log.memory.running(execution_id):
        log.append(signed_once(signed), guard)
        execution = log.state.executions[execution_id]
        opened = Run(
            ws,
            request_id=request_id_of(to_text(body)),
            execution=execution,
            writer=FactWriter(
                log=log, clock=ws.clock, execution=execution_id, key=key, survey=execution.seq
            ),
            duration_seconds=seconds,
        )
        return _worked(opened, work), opened


def _worked(run: Run, work: Callable[[Run], T]) -> T:
    """Work, and close the survey whatever becomes of it."""
    try:
        value = work(run)
    except OrgrootError:
        _finish_quietly(run)
        raise
    run.finish_survey()
    return value


def _finish_quietly(run: Run) -> None:
    """The survey failed for a reason of its own; its end is recorded where the log takes it."""
    try:
        run.finish_survey()
    except OrgrootError:
        run.drop_credentials()
