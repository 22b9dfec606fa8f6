"""Carries out an approved plan with the operator's own credentials, change by change, recorded.

Only what stands in the request is done, in its order. What is done already is skipped; what is no
longer as it was approved stops the run before its first change.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from orgroot.core import audit_log
from orgroot.core.codec import canonical
from orgroot.core.log_state import RequestRecord
from orgroot.core.plan import Change, ChangeState, Plan, Standing
from orgroot.core.results import ChangeRow, ExitReason, PlanResult
from orgroot.core.task_params import PlannedChanges, parse_params, to_params
from orgroot.errors import (
    AwsError,
    CredentialsError,
    Incomplete,
    IntegrityError,
    OrgrootError,
    OutcomeUnknown,
    RequestRefused,
)
from orgroot.workflows.outcomes import outcome_text, parse_outcome
from orgroot.workflows.requests import Ask, Draft
from orgroot.workflows.run import Run
from orgroot.workflows.settling import settled
from orgroot.workflows.targets import organization_target
from orgroot.workflows.workspace import Workspace

T = TypeVar("T")

MANAGEMENT = ""
"""The account of a management task in the log: it is about the organization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """How one change is made.

    Attributes:
        operation: AWS's operation, e.g. `iam:EnableOrganizationsRootSessions`.
        target: what it changes, in the log's words.
        change: makes the changing call.
        now: reads what the change is about, as bytes; None: nothing.
        reached: whether what was read is what was wanted.
    """

    operation: str
    target: str
    change: Callable[[], None]
    now: Callable[[], bytes | None]
    reached: Callable[[bytes | None], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance(Generic[T]):
    """How plans of one kind are carried out.

    Attributes:
        observe: reads what is there now.
        judge: what is left of a change, in its light.
        act: how a change is made, in its light.
        check: refuses what is left of a plan, in its light.
        undone: what was made and is not there any more, in words; None: nobody looks.
    """

    observe: Callable[[], T]
    judge: Callable[[Change, T], Standing]
    act: Callable[[Change, T], Act]
    check: Callable[[Mapping[int, Standing], T], None] = lambda _judged, _observed: None
    undone: Callable[[Mapping[int, Standing]], tuple[str, ...]] | None = None


def plan_draft(ws: Workspace, asked: PlannedChanges, ask: Ask) -> Draft:
    """The request for a plan, under the strictest task that it needs.

    Raises:
        ValueError: the plan is empty.
    """
    if asked.task is None:
        raise ValueError("a plan without changes asks for nothing")
    return Draft(
        task=asked.task,
        targets=(organization_target(ws),),
        params=to_params(asked),
        duration_seconds=ask.duration_seconds,
        reason=ask.reason,
        ticket=ask.ticket,
    )


def planned(request: RequestRecord) -> tuple[Change, ...]:
    """The changes that a request asks for.

    Raises:
        IntegrityError: its parameters are no plan.
    """
    return planned_params(request).plan


def planned_params(request: RequestRecord) -> PlannedChanges:
    """The plan that a request asks for, with its terms.

    Raises:
        IntegrityError: its parameters are no plan.
    """
    params = parse_params(request.body.task, request.params)
    if not isinstance(params, PlannedChanges):
        raise IntegrityError(f"{request.id} holds no plan", code="params")
    return params


def refuse_stale(changes: tuple[Change, ...], judged: Mapping[int, Standing]) -> None:
    """Refuse a plan of which a change is no longer what was approved.

    Raises:
        RequestRefused: with each reason.
    """
    stale = tuple(
        f"{changes[n].op} {changes[n].target}: {standing.reason}"
        for n, standing in judged.items()
        if standing.state is ChangeState.STALE
    )
    if stale:
        raise RequestRefused(
            f"the plan is stale: {'; '.join(stale)}",
            reasons=stale,
            hint="run the command again for a new plan",
            code="stale",
        )


def judge_all(changes: tuple[Change, ...], how: Performance[T]) -> tuple[T, dict[int, Standing]]:
    """What is there now, and what is left of each change; by its place in the plan."""
    observed = how.observe()
    return observed, {n: how.judge(change, observed) for n, change in enumerate(changes)}


def require_current(
    changes: tuple[Change, ...], how: Performance[T]
) -> tuple[T, dict[int, Standing]]:
    """As `judge_all`, refusing a plan that may not be carried out as it was approved.

    Raises:
        RequestRefused: it is stale, or what is left of it is refused.
    """
    observed, judged = judge_all(changes, how)
    refuse_stale(changes, judged)
    how.check(judged, observed)
    return observed, judged


def carry_out(ws: Workspace, run: Run, request: RequestRecord, how: Performance[T]) -> None:
    """Make the changes that are left, in order, each recorded before and after.

    Raises:
        RequestRefused: the plan became stale; nothing was changed.
        AwsError, CredentialsError: AWS refused the look before the first change, or that change;
            nothing was changed.
        Incomplete: AWS refused a later one, what was done before it stays; or somebody undid it, or
            nobody could look whether it stands.
        OutcomeUnknown: nobody can say whether a change was made.
    """
    changes = planned(request)
    try:
        observed, judged = require_current(changes, how)
    except RequestRefused as error:
        run.close(MANAGEMENT, outcome_text("failed", {"reason": error.message}))
        raise
    except (AwsError, CredentialsError) as error:
        run.refuse(MANAGEMENT, error)
        raise
    done: list[Change] = []
    ws.progress.start("making the changes", len(changes))
    for n, change in enumerate(changes):
        if judged[n].state is ChangeState.TO_DO:
            _make(ws, run, change, how.act(change, observed), tuple(done))
            done.append(change)
        ws.progress.advance()
    _require_kept(ws, run, changes, how)
    run.close(MANAGEMENT, "succeeded")


def _require_kept(
    ws: Workspace, run: Run, changes: tuple[Change, ...], how: Performance[T]
) -> None:
    """Look once more at all that was made: each change was there when it was made.

    Raises:
        Incomplete: somebody has taken some of it back, or nobody could look.
    """
    if how.undone is None:
        return
    try:
        words = how.undone(
            settled(
                lambda: judge_all(changes, how)[1],
                lambda judged: all(found.state is ChangeState.DONE for found in judged.values()),
                ws.governed.log.sleep,
            )
        )
    except (AwsError, CredentialsError) as error:
        said = f"each change was made and read back, and the last look failed: {error.message}"
        run.close(MANAGEMENT, outcome_text("failed", {"reason": said}))
        raise Incomplete(said, hint="run the command again: it plans what is left") from error
    if words:
        said = "; ".join(words)
        run.close(MANAGEMENT, outcome_text("failed", {"reason": said}))
        raise Incomplete(
            said,
            hint="find out who works against it before you run the command again",
            code="undone",
        )


def _make(ws: Workspace, run: Run, change: Change, act: Act, done: tuple[Change, ...]) -> None:
    what = f"{change.op} {change.target}"
    try:
        step = run.step(
            MANAGEMENT,
            operation=act.operation,
            target=act.target,
            before=canonical(change.before),
            change=act.change,
            read_back=lambda: settled(act.now, act.reached, ws.governed.log.sleep),
            expected=act.reached,
        )
    except RequestRefused as error:
        run.close(MANAGEMENT, outcome_text("failed", {"reason": f"{what}: {error.message}"}))
        raise _refusal(what, error, done) from error
    if step.outcome == "refused" and step.error is not None:
        run.close(MANAGEMENT, outcome_text("failed", {"reason": f"{what}: {step.error.message}"}))
        raise _refusal(what, step.error, done) from step.error
    if step.outcome != "done":
        run.close(MANAGEMENT, outcome_text("unknown", {"reason": what}))
        raise OutcomeUnknown(
            f"{what}: nobody can say whether it was done",
            hint="`orgroot recover` closes it; then run the command again for what is left",
        )


def _refusal(what: str, error: OrgrootError, done: tuple[Change, ...]) -> OrgrootError:
    if not done:
        return error
    made = ", ".join(f"{change.op} {change.target}" for change in done)
    return Incomplete(
        f"{what}: {error.message}; done before it: {made}",
        hint=error.hint or "run the command again for what is left",
        code=error.code,
    )


def plan_result(
    command: str,
    plan: Plan,
    *,
    budget: tuple[dict[str, Any], ...] = (),
    sizes: tuple[dict[str, Any], ...] = (),
) -> PlanResult:
    """A plan that was not asked for yet."""
    return PlanResult(
        command=command,
        request=None,
        state=None,
        changes=tuple(map(change_row, plan.changes)),
        applied=False,
        receipt=None,
        notes=plan.notes,
        budget=budget,
        sizes=sizes,
    )


def succeeded(request: RequestRecord) -> bool:
    """A plan was executed to its end."""
    end = request.outcomes().get(MANAGEMENT)
    return end is not None and parse_outcome(end.outcome)[0] == "succeeded"


def executed_plan(
    ws: Workspace, command: str, request: RequestRecord, notes: tuple[str, ...] = ()
) -> PlanResult:
    """A plan that was executed, as the log has it."""
    log = ws.governed.log
    applied = succeeded(request)
    stands = audit_log.request_state(log.state, request, ws.clock.now(), log.running)
    return PlanResult(
        exit_reasons=() if applied else (ExitReason.INCOMPLETE,),
        command=command,
        request=request.id,
        state=stands.value,
        changes=tuple(map(change_row, planned(request))),
        applied=applied,
        receipt=log.receipt(),
        notes=notes,
    )


def change_row(change: Change) -> ChangeRow:
    """A change as results show it."""
    return ChangeRow(
        op=change.op.value,
        target=change.target,
        before=msgspec.to_builtins(change.before),
        after=msgspec.to_builtins(change.after),
    )
