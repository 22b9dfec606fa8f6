"""`scp plan` and `scp apply`: the SCPs of the organization made as the configuration declares them.

A plan that would stop a root task that works today, or reach a wave too early, is refused before
anybody is asked. Another tool's SCPs are looked at and never written.
"""

from dataclasses import asdict, dataclass, replace

import msgspec

from orgroot.core.governed_tasks import Task
from orgroot.core.plan import Change, Plan
from orgroot.core.results import ExitReason, PlanResult, Result
from orgroot.core.scp import NOTHING, DeclaredScp, ObservedScps
from orgroot.core.scp_after import organization_after
from orgroot.core.scp_course import Passage
from orgroot.core.scp_guard import edits_of
from orgroot.core.scp_meaning import meaning, neighbour_notes, neighbours
from orgroot.core.scp_plan import ScpPlan, plan_scps
from orgroot.core.scp_rollout import rollout
from orgroot.core.scp_tree import ScpTree
from orgroot.core.scp_waves import Reach, at_wave, longest, reaches, up_to
from orgroot.core.statements import timestamp
from orgroot.core.task_params import PlannedChanges, WaveCheck
from orgroot.errors import RequestRefused
from orgroot.workflows.execution import submit
from orgroot.workflows.plan_execution import plan_draft, plan_result
from orgroot.workflows.requests import Ask
from orgroot.workflows.scp_guard import (
    judged,
    judged_as_approved,
    regions_of,
    require_needed,
    require_no_lockout,
)
from orgroot.workflows.scp_tree import observe_tree
from orgroot.workflows.scp_undone import undone_lately
from orgroot.workflows.scp_waves import checks_for, prove_applied, require_earlier
from orgroot.workflows.scps import declared_scps, observe_declared
from orgroot.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the person says about a plan.

    Attributes:
        accept_lockout: root tasks that it may stop.
        wave: how far SCPs with waves shall reach; None: everywhere.
    """

    accept_lockout: tuple[Task, ...] = ()
    wave: int | None = None


ALL = Wanted()
"""Everything, and nothing may be stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A plan that may be asked for; `asked` None: there is nothing to do."""

    scps: ScpPlan
    asked: PlannedChanges | None = None
    notes: tuple[str, ...] = ()


def plan(ws: Workspace, wanted: Wanted = ALL) -> PlanResult:
    """What `scp apply` would change, in its order, and how full each target is.

    Raises:
        UsageError: a file is missing or no SCP, a target does not exist or would overflow, an SCP
            of the name is not orgroot's, or a lockout is accepted that would not come.
        RequestRefused: it would stop a root task, or reach a wave before the one before is proved.
        AwsError: Organizations could not be read.
    """
    return shown(make(ws, wanted))


def apply(ws: Workspace, ask: Ask, wanted: Wanted = ALL) -> Result:
    """Ask for what differs, with the full texts, and do it once it is granted.

    Returns:
        The applied plan; the waiting request; or the plan without changes where nothing differs.

    Raises:
        as `plan`; RequestRefused by the rules; as `plan_execution.carry_out`.
    """
    made = make(ws, wanted)
    if made.asked is None:
        return shown(made) if wanted.wave is None else _proved(ws, wanted.wave, shown(made))
    return submit(ws, plan_draft(ws, made.asked, ask), ask.wait_seconds)


def make(ws: Workspace, wanted: Wanted = ALL) -> Made:
    """The plan, judged on the organization as it is and as it would be.

    Raises:
        as `plan`.
    """
    if ws.config.scps is None:
        return Made(scps=plan_scps(None, NOTHING))
    declared = declared_scps(ws, ws.organization.root().id) or ()
    observed = observe_declared(ws, declared)
    lately = undone_lately(ws)
    made = plan_scps(up_to(declared, wanted.wave), observed)
    changes = made.plan.changes
    theirs = neighbours(declared, observed)
    if not changes and not theirs:
        return Made(scps=made, notes=lately)
    read = {policy.id: policy.text for policy in observed.policies if policy.text is not None}
    tree, _ = observe_tree(ws, known=read)
    after = organization_after(tree, edits_of(changes, tree))
    if theirs:
        means = meaning(after, regions_of(ws.config), timestamp(ws.clock.now()))
        lately = (*lately, *neighbour_notes(theirs), *means)
    if not changes:
        return Made(scps=made, notes=lately)
    changes, found = judged(ws, changes, observed, tree, wanted.accept_lockout)
    made = replace(made, plan=replace(made.plan, changes=changes))
    try:
        require_needed(found, wanted.accept_lockout)
        notes = (*lately, *require_no_lockout(found, wanted.accept_lockout))
        if wanted.wave is not None and wanted.wave < longest(declared):
            notes = (*notes, *_later(ws, declared, observed, tree, found))
        waves = _waves(ws, reaches(declared, changes, observed), tree, after)
    except RequestRefused:
        for note in lately:
            ws.progress.note(note)
        raise
    asked = PlannedChanges(plan=changes, accept_lockout=wanted.accept_lockout, waves=waves)
    return Made(scps=made, asked=asked, notes=notes)


def planned_steps(ws: Workspace, tree: ScpTree) -> Plan:
    """What makes the SCPs as they are declared, wave after wave, whatever it would stop.

    Raises:
        UsageError, AwsError: as `plan`.
    """
    if ws.config.scps is None:
        return plan_scps(None, NOTHING).plan
    declared = declared_scps(ws, ws.organization.root().id) or ()
    observed = observe_declared(ws, declared)
    steps = _steps(ws, declared, observed, tree)
    return replace(plan_scps(declared, observed).plan, changes=steps)


def shown(made: Made) -> PlanResult:
    """A plan that was not asked for yet."""
    plan_ = made.scps.plan
    return plan_result(
        "scp plan",
        Plan(changes=plan_.changes, notes=(*plan_.notes, *made.notes)),
        budget=tuple(map(asdict, made.scps.budgets)),
        sizes=tuple(map(asdict, made.scps.sizes)),
    )


def _steps(
    ws: Workspace, declared: tuple[DeclaredScp, ...], observed: ObservedScps, tree: ScpTree
) -> tuple[Change, ...]:
    """Every step of every wave, each wave in the order that stops least."""
    steps: list[Change] = []
    for seen, changes in rollout(declared, observed):
        ordered, _ = judged(ws, changes, seen, tree, ())
        steps += ordered
        tree = organization_after(tree, edits_of(ordered, tree))
    return tuple(steps)


def _later(
    ws: Workspace,
    declared: tuple[DeclaredScp, ...],
    observed: ObservedScps,
    tree: ScpTree,
    found: Passage,
) -> tuple[str, ...]:
    """What later waves would stop, so that nobody begins what must be refused half-way."""
    steps = _steps(ws, declared, observed, tree)
    stops = sorted(judged_as_approved(ws, steps, tree).tasks - found.tasks)
    if not stops:
        return ()
    tasks = ", ".join(stops)
    return (f"a later wave would stop {tasks}: `orgroot scp check --plan` says where and by what",)


def _waves(
    ws: Workspace, found: tuple[Reach, ...], tree: ScpTree, after: ScpTree
) -> tuple[WaveCheck, ...]:
    """What shall prove the waves that a plan reaches; refused where one comes too early."""
    for reach in found:
        require_earlier(ws, reach, tree)
    return checks_for(ws, found, after)


def _proved(ws: Workspace, wave: int, unchanged: PlanResult) -> PlanResult:
    """A wave that is applied already, with what proves it: an audit session now, if none did."""
    declared = declared_scps(ws, ws.organization.root().id) or ()
    rows = prove_applied(ws, at_wave(declared, wave))
    unproved = not all(row.verified for row in rows)
    return msgspec.structs.replace(
        unchanged,
        command="scp apply",
        waves=rows,
        receipt=ws.governed.log.receipt(),
        exit_reasons=(ExitReason.INCOMPLETE,) if unproved else (),
    )
