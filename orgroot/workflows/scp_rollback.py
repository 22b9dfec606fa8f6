"""`scp rollback RECEIPT`: a request that puts SCPs back as they were before an executed plan.

What that plan changed is taken from the log alone; where AWS shows something else by now, or where
putting it back would stop a root task that works today, nobody is asked.
"""

from dataclasses import dataclass

from orgroot.core.governed_tasks import SCP_TASKS, Task
from orgroot.core.log_state import ExecutionRecord, LogState, RequestRecord
from orgroot.core.plan import Plan
from orgroot.core.receipts import parse_receipt
from orgroot.core.results import PlanResult, Result
from orgroot.core.scp_changes import attached_at, scp_of
from orgroot.core.scp_rollback import differing, done_by, undoing
from orgroot.core.statements import Intent
from orgroot.core.task_params import PlannedChanges
from orgroot.errors import IntegrityError, RequestRefused, UsageError
from orgroot.workflows.execution import submit
from orgroot.workflows.plan_execution import plan_draft, plan_result, planned
from orgroot.workflows.request_view import find
from orgroot.workflows.requests import Ask
from orgroot.workflows.scp_guard import judged, require_needed, require_no_lockout
from orgroot.workflows.scp_tree import observe_tree
from orgroot.workflows.scps import observe
from orgroot.workflows.workspace import Workspace

_AGAIN = (
    "where the configuration declares it otherwise, change that too: else the next `scp apply` "
    "asks for it again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """What is asked for, and what is said about it."""

    asked: PlannedChanges
    notes: tuple[str, ...]


def plan(ws: Workspace, receipt: str, accepted: tuple[Task, ...] = ()) -> PlanResult:
    """What the rollback would change.

    Raises:
        UsageError: the receipt is none of an executed plan of SCPs, or nothing can be put back.
        RequestRefused: AWS shows something else than the plan left, or a root task would stop.
        IntegrityError: the receipt is not of this log.
        AwsError: Organizations could not be read.
    """
    made = make(ws, receipt, accepted)
    return plan_result("scp rollback", Plan(changes=made.asked.plan, notes=made.notes))


def rollback(ws: Workspace, receipt: str, ask: Ask, accepted: tuple[Task, ...] = ()) -> Result:
    """Ask for it, and do it once it is granted.

    Raises:
        as `plan`; RequestRefused by the rules; as `plan_execution.carry_out`.
    """
    made = make(ws, receipt, accepted)
    return submit(ws, plan_draft(ws, made.asked, ask), ask.wait_seconds)


def make(ws: Workspace, receipt: str, accepted: tuple[Task, ...]) -> Rollback:
    """The rollback, judged on the organization as it is.

    Raises:
        as `plan`.
    """
    request, run = _executed(ws, ws.governed.log.require(), receipt)
    done = done_by(run, planned(request))
    observed = observe(ws, frozenset(map(scp_of, done)), attached_at(done))
    others = differing(done, observed)
    if others:
        raise RequestRefused(
            f"AWS shows something else than {request.id} left: {'; '.join(others)}",
            reasons=others,
            hint="what came after it would be lost: change the configuration and use `scp apply`",
            code="rollback",
        )
    tree, _ = observe_tree(ws)
    changes, found = judged(ws, undoing(done, observed), observed, tree, accepted)
    require_needed(found, accepted)
    notes = require_no_lockout(found, accepted)
    asked = PlannedChanges(plan=changes, accept_lockout=accepted, rolls_back=request.id)
    return Rollback(asked=asked, notes=(f"puts back what {request.id} changed", _AGAIN, *notes))


def _by_id(request: RequestRecord) -> tuple[RequestRecord, ExecutionRecord]:
    if request.body.task not in SCP_TASKS or not request.executions:
        raise UsageError(f"{request.id} is no plan of SCPs that was executed", code="rollback")
    if request.executions[-1].unresolved():
        raise UsageError(
            f"{request.id} has not ended", hint="run `orgroot recover`", code="rollback"
        )
    return request, request.executions[-1]


def _executed(
    ws: Workspace, state: LogState, receipt: str
) -> tuple[RequestRecord, ExecutionRecord]:
    """The plan of SCPs that has this id, or whose execution the receipt was printed after.

    Raises:
        UsageError: it was printed after something else.
        IntegrityError: it is not of this log.
    """
    if receipt.startswith("orq_"):
        return _by_id(find(ws.governed.log, receipt))
    log_id, seq, digest = parse_receipt(receipt)
    trust = ws.config.trust
    known = state.hashes[seq - 1] if 0 < seq <= state.seq else None
    if trust is None or log_id != trust.log_id or digest != known:
        raise IntegrityError(
            f"the log does not hold the receipt of record {seq}",
            hint="is it of this log? `orgroot log verify --receipt` looks closer",
            code="receipt",
        )
    runs = [
        (run, request)
        for request in state.requests.values()
        for run in request.executions
        if isinstance(run.body, Intent) and run.seq <= seq
    ]
    run, request = max(runs, key=lambda each: each[0].seq, default=(None, None))
    if run is None or request is None or request.body.task not in SCP_TASKS:
        last = "nothing" if request is None else f"{request.id} ({request.body.task})"
        raise UsageError(
            f"that receipt was printed after {last} was executed, which changed no SCPs",
            hint="take the receipt of the `scp apply` or `execute` that shall be undone",
            code="rollback",
        )
    if run.unresolved() or run.last_seq > seq:
        raise UsageError(
            f"{request.id} was under way when that receipt was printed",
            hint="take the receipt that it ended with, or run `orgroot recover`",
            code="rollback",
        )
    return request, run
