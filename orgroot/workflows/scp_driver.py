"""Carries out approved plans of SCPs, and proves the waves that they bring.

The executor acts on the texts in the log alone: no file is opened. What became stale, or would stop
a root task that the request does not name, is refused before the intent.
"""

from collections.abc import Mapping
from functools import partial

import msgspec

from orgroot.core.log_state import RequestRecord
from orgroot.core.plan import OURS, Change, ChangeState, Op, Standing
from orgroot.core.results import ExitReason, PlanResult
from orgroot.core.scp import ObservedScps
from orgroot.core.scp_changes import attached_at, scp_of
from orgroot.core.scp_order import objection
from orgroot.core.scp_standing import standing
from orgroot.core.statement_parts import Target
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows.plan_execution import (
    Performance,
    carry_out,
    executed_plan,
    judge_all,
    planned,
    planned_params,
    require_current,
)
from orgroot.workflows.run import Run
from orgroot.workflows.scp_acts import act_of
from orgroot.workflows.scp_guard import judged_as_approved, require_no_lockout
from orgroot.workflows.scp_tree import observe_tree
from orgroot.workflows.scp_undone import undone
from orgroot.workflows.scp_waves import proof, prove
from orgroot.workflows.scps import observe
from orgroot.workflows.targets import live_organization
from orgroot.workflows.workspace import Workspace


class ScpDriver:
    """Carries out requests of tasks `add-scps` and `change-scps`."""

    def live_targets(self, ws: Workspace, request: RequestRecord) -> tuple[Target, ...]:
        """The organization; a plan that may not be carried out is refused before the intent."""
        changes = planned(request)
        _require_ours(ws, changes)
        _, judged = require_current(changes, _performance(ws, changes))
        left = tuple(c for n, c in enumerate(changes) if judged[n].state is ChangeState.TO_DO)
        found = judged_as_approved(ws, left, observe_tree(ws)[0])
        require_no_lockout(found, planned_params(request).accept_lockout)
        return live_organization(ws)

    def pending(self, ws: Workspace, request: RequestRecord) -> tuple[str, ...]:
        """The organization, unless the outcome is recorded."""
        del ws
        return request.remaining()

    def judged(self, ws: Workspace, request: RequestRecord) -> Mapping[int, Standing]:
        """What is left of each change, by its place in the plan; nothing is changed."""
        changes = planned(request)
        return judge_all(changes, _performance(ws, changes))[1]

    def run(self, ws: Workspace, run: Run, request: RequestRecord) -> None:
        """Make the changes, then prove the waves they bring."""
        carry_out(ws, run, request, _performance(ws, planned(request)))
        checks = planned_params(request).waves
        if checks:
            prove(ws, checks)

    def result(self, ws: Workspace, request: RequestRecord) -> PlanResult:
        """The plan, applied or not, and whether its waves are proved."""
        log = ws.governed.log
        made = executed_plan(ws, _command(request), request)
        rows = tuple(
            proof(log, check, request.executions[-1], frozenset({check.account}))
            for check in planned_params(request).waves
        )
        unproved = not all(row.verified for row in rows)
        reasons = {*made.exit_reasons, *([ExitReason.INCOMPLETE] if unproved else [])}
        return msgspec.structs.replace(made, waves=rows, exit_reasons=tuple(reasons))


def _require_ours(ws: Workspace, changes: tuple[Change, ...]) -> None:
    """Return unless a plan is about an SCP that the configuration leaves to another tool.

    The request may be older than that word of the configuration.

    Raises:
        UsageError: it is.
    """
    theirs = {scp.name: scp.managed_by for scp in ws.config.scps or () if scp.managed_by != OURS}
    for name in map(scp_of, changes):
        if name in theirs:
            raise UsageError(
                f"SCP {name} is managed by {theirs[name]}: orgroot never writes it",
                hint=f"change it through {theirs[name]}, and cancel this request",
                code="managed-by",
            )


def _command(request: RequestRecord) -> str:
    """The command that asks for such a plan."""
    params = planned_params(request)
    if params.rolls_back:
        return "scp rollback"
    adopts = any(change.op is Op.ADOPT_SCP for change in params.plan)
    return "scp adopt" if adopts else "scp apply"


def _performance(ws: Workspace, changes: tuple[Change, ...]) -> Performance[ObservedScps]:
    begun = ws.clock.now()

    def check(judged: Mapping[int, Standing], observed: ObservedScps) -> None:
        why = objection(changes, judged, observed)
        if why:
            raise RequestRefused(
                f"the plan is stale: {why}",
                reasons=(why,),
                hint="run the command again for a new plan",
                code="stale",
            )

    return Performance(
        observe=partial(observe, ws, frozenset(map(scp_of, changes)), attached_at(changes)),
        judge=standing,
        act=lambda change, _seen: act_of(ws.organization, change),
        check=check,
        undone=lambda judged: undone(ws, changes, judged, begun),
    )
