"""`scp plan` and `scp apply`: the SCPs of the organization made as the configuration declares them.

The plan reads the declared files; the executor acts on the texts in the log alone and opens no
file. Another tool's SCPs are looked at and never written.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from orgroot.core.log_state import RequestRecord
from orgroot.core.organization import ScpSummary
from orgroot.core.plan import Change, Op, Standing
from orgroot.core.results import PlanResult, Result
from orgroot.core.scp import NOTHING, DeclaredScp, ObservedScp, ObservedScps, declare
from orgroot.core.scp_changes import scp_of
from orgroot.core.scp_document import parse_scp
from orgroot.core.scp_order import objection
from orgroot.core.scp_plan import ScpPlan, plan_scps
from orgroot.core.scp_standing import standing
from orgroot.core.statement_parts import Target
from orgroot.errors import AwsError, AwsErrorKind, RequestRefused, UsageError
from orgroot.workflows.execution import submit
from orgroot.workflows.plan_execution import (
    Performance,
    carry_out,
    executed_plan,
    judge_all,
    plan_draft,
    plan_result,
    planned,
    require_current,
)
from orgroot.workflows.requests import Ask
from orgroot.workflows.run import Run
from orgroot.workflows.scp_acts import act_of
from orgroot.workflows.targets import live_organization
from orgroot.workflows.workspace import Workspace

_POLICY_TYPE = "SERVICE_CONTROL_POLICY"
_MAX_FILE_BYTES = 256 * 1024


def plan(ws: Workspace) -> PlanResult:
    """What `scp apply` would change, in its order, and how full each target is.

    Raises:
        UsageError: a file is missing or no SCP, a target does not exist or would overflow, or an
            SCP of the name is not orgroot's.
        AwsError: Organizations could not be read.
    """
    return _result(_plan(ws))


def apply(ws: Workspace, ask: Ask) -> Result:
    """Ask for what differs, with the full texts, and do it once it is granted.

    Returns:
        The applied plan; the waiting request; or the plan without changes where nothing differs.

    Raises:
        as `plan`; RequestRefused by the rules; as `plan_execution.carry_out`.
    """
    made = _plan(ws)
    if made.plan.task is None:
        return _result(made)
    return submit(ws, plan_draft(ws, made.plan, ask), ask.wait_seconds)


def declared_scps(ws: Workspace, org_root: str) -> tuple[DeclaredScp, ...] | None:
    """The configured SCPs with their documents; None: `scps` is not managed.

    Raises:
        UsageError: a file cannot be read, or is nothing that AWS would take.
    """
    if ws.config.scps is None:
        return None
    folder = ws.config_path.parent
    return tuple(
        declare(scp, parse_scp(read_scp(folder / scp.file, scp.name), scp.file), org_root)
        for scp in ws.config.scps
    )


def observe(ws: Workspace, names: frozenset[str], targets: frozenset[str]) -> ObservedScps:
    """SCPs as AWS shows them: each is asked about once, and each target once.

    Args:
        ws: the command's world.
        names: SCPs that are looked at besides orgroot's own.
        targets: the root, OUs and accounts that are looked at besides those where such SCPs are
            attached; those that do not exist stay out.
    """
    root = ws.organization.root()
    listed = ws.organization.scps()
    ws.progress.start("reading service control policies", len(listed) + len(targets))
    policies = {scp.id: _observed(ws, scp) for scp in listed}
    wanted = {p.id for p in policies.values() if p.ours or p.name in names}
    looked_at = targets.union(*(ws.organization.targets_of_scp(p) for p in sorted(wanted)))
    attached = {}
    for target in sorted(looked_at):
        ids = _attached(ws, target)
        if ids is not None:
            attached[target] = ids
        ws.progress.advance()
    for policy in sorted(wanted.union(*attached.values()) & policies.keys()):
        text = ws.organization.scp_content(policy)
        policies[policy] = replace(policies[policy], text=text)
    return ObservedScps(
        org_root=root.id,
        enabled=root.policy_types.get(_POLICY_TYPE) == "ENABLED",
        policies=tuple(policies.values()),
        attached=attached,
    )


def observe_declared(ws: Workspace, declared: tuple[DeclaredScp, ...]) -> ObservedScps:
    """What AWS shows of declared SCPs and their targets."""
    names = frozenset(scp.name for scp in declared)
    return observe(ws, names, frozenset(target for scp in declared for target in scp.targets))


class ScpDriver:
    """Carries out requests of tasks `add-scps` and `change-scps`."""

    def live_targets(self, ws: Workspace, request: RequestRecord) -> tuple[Target, ...]:
        """The organization; a plan that may not be carried out is refused before the intent."""
        changes = planned(request)
        require_current(changes, _performance(ws, changes))
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
        """Make the changes."""
        carry_out(ws, run, request, _performance(ws, planned(request)))

    def result(self, ws: Workspace, request: RequestRecord) -> PlanResult:
        """The plan, applied or not."""
        return executed_plan(ws, "scp apply", request)


def _performance(ws: Workspace, changes: tuple[Change, ...]) -> Performance[ObservedScps]:
    names = frozenset(map(scp_of, changes))
    targets = frozenset(c.target for c in changes if c.op in (Op.ATTACH_SCP, Op.DETACH_SCP))

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
        observe=partial(observe, ws, names, targets),
        judge=standing,
        act=lambda change, _seen: act_of(ws.organization, change),
        check=check,
    )


def _plan(ws: Workspace) -> ScpPlan:
    if ws.config.scps is None:
        return plan_scps(None, NOTHING)
    declared = declared_scps(ws, ws.organization.root().id) or ()
    return plan_scps(declared, observe_declared(ws, declared))


def _result(made: ScpPlan) -> PlanResult:
    return plan_result(
        "scp plan",
        made.plan,
        budget=tuple(map(asdict, made.budgets)),
        sizes=tuple(map(asdict, made.sizes)),
    )


def read_scp(path: Path, name: str) -> str:
    """The text of an SCP's file; `name` is the SCP's, for the error.

    Raises:
        UsageError: it cannot be read, is absurdly large, or is no text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"SCP {name}: {path} cannot be read: {error.strerror}",
            hint="a relative `file:` is relative to the configuration file",
            code="scp-file",
        ) from error
    if len(data) > _MAX_FILE_BYTES:
        raise UsageError(f"SCP {name}: {path} is larger than any SCP", code="scp-file")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"SCP {name}: {path} is not UTF-8 text", code="scp-file") from error


def _observed(ws: Workspace, scp: ScpSummary) -> ObservedScp:
    tags = {} if scp.aws_managed else ws.organization.tags_of(scp.id)
    ws.progress.advance()
    return ObservedScp(
        id=scp.id,
        name=scp.name,
        description=scp.description,
        aws_managed=scp.aws_managed,
        text=None,
        tags=tags,
    )


def _attached(ws: Workspace, target: str) -> tuple[str, ...] | None:
    try:
        return tuple(scp.id for scp in ws.organization.attached_scps(target))
    except AwsError as error:
        if error.kind is AwsErrorKind.NOT_FOUND:
            return None
        raise
