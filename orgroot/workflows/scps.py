"""`scp plan` and `scp apply`: the SCPs that the configuration declares, created and attached.

The plan reads the declared files; the executor acts on the texts in the log alone and opens no
file. Another tool's SCPs are looked at and never written.
"""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

from orgroot.core.codec import canonical, parse_canonical
from orgroot.core.log_state import RequestRecord
from orgroot.core.organization import ScpSummary
from orgroot.core.plan import Change, Op, Standing
from orgroot.core.results import PlanResult, Result
from orgroot.core.scp import (
    TAGS,
    DeclaredScp,
    ObservedScp,
    ObservedScps,
    ScpPlan,
    attachment_of,
    creation,
    declare,
    plan_scps,
    standing,
)
from orgroot.core.scp_document import parse_scp
from orgroot.core.statement_parts import Target
from orgroot.errors import AwsError, AwsErrorKind, UsageError
from orgroot.workflows.execution import submit
from orgroot.workflows.plan_execution import (
    Act,
    Performance,
    carry_out,
    executed_plan,
    judge_all,
    plan_draft,
    plan_result,
    planned,
    refuse_stale,
)
from orgroot.workflows.requests import Ask
from orgroot.workflows.run import Run
from orgroot.workflows.targets import live_organization
from orgroot.workflows.workspace import Workspace

_POLICY_TYPE = "SERVICE_CONTROL_POLICY"
_MAX_FILE_BYTES = 256 * 1024


def plan(ws: Workspace) -> PlanResult:
    """What `scp apply` would create and attach, and how full each target is.

    Raises:
        UsageError: a file is missing or no SCP, a target does not exist or would overflow.
        AwsError: Organizations could not be read.
    """
    return _result(_plan(ws))


def apply(ws: Workspace, ask: Ask) -> Result:
    """Ask for what is missing, with the full texts, and do it once it is granted.

    Returns:
        The applied plan; the waiting request; or the plan without changes where nothing differs
        or where the plan needs what this version does not do.

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
    """SCPs as AWS shows them: the named ones in full, what is attached to each target once.

    Args:
        ws: the command's world.
        names: SCPs whose texts are read.
        targets: the root, OUs and accounts that are looked at; those that do not exist stay out.
    """
    root = ws.organization.root()
    listed = ws.organization.scps()
    ws.progress.start("reading service control policies", len(listed) + len(targets))
    policies = tuple(_observed(ws, scp, named=scp.name in names) for scp in listed)
    attached = {}
    for target in sorted(targets):
        ids = _attached(ws, target)
        if ids is not None:
            attached[target] = ids
        ws.progress.advance()
    return ObservedScps(
        org_root=root.id,
        enabled=root.policy_types.get(_POLICY_TYPE) == "ENABLED",
        policies=policies,
        attached=attached,
    )


def observe_declared(ws: Workspace, declared: tuple[DeclaredScp, ...]) -> ObservedScps:
    """What AWS shows of declared SCPs and their targets."""
    names = frozenset(scp.name for scp in declared)
    return observe(ws, names, frozenset(target for scp in declared for target in scp.targets))


class ScpDriver:
    """Carries out requests of task `add-scps`."""

    def live_targets(self, ws: Workspace, request: RequestRecord) -> tuple[Target, ...]:
        """The organization; a stale plan is refused here, before the intent."""
        changes = planned(request)
        refuse_stale(changes, judge_all(changes, _performance(ws, changes))[1])
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
        """Create and attach."""
        carry_out(ws, run, request, _performance(ws, planned(request)))

    def result(self, ws: Workspace, request: RequestRecord) -> PlanResult:
        """The plan, applied or not."""
        return executed_plan(ws, "scp apply", request)


def _plan(ws: Workspace) -> ScpPlan:
    if ws.config.scps is None:
        empty = ObservedScps(org_root="", enabled=False, policies=(), attached={})
        return plan_scps(None, empty)
    declared = declared_scps(ws, ws.organization.root().id) or ()
    return plan_scps(declared, observe_declared(ws, declared))


def _result(made: ScpPlan) -> PlanResult:
    return plan_result("scp plan", made.plan, tuple(asdict(budget) for budget in made.budgets))


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


def _observed(ws: Workspace, scp: ScpSummary, *, named: bool) -> ObservedScp:
    tags = {} if scp.aws_managed else ws.organization.tags_of(scp.id)
    text = ws.organization.scp_content(scp.id) if named else None
    ws.progress.advance()
    return ObservedScp(
        id=scp.id,
        name=scp.name,
        description=scp.description,
        aws_managed=scp.aws_managed,
        text=text,
        tags=tags,
    )


def _attached(ws: Workspace, target: str) -> tuple[str, ...] | None:
    try:
        return tuple(scp.id for scp in ws.organization.attached_scps(target))
    except AwsError as error:
        if error.kind is AwsErrorKind.NOT_FOUND:
            return None
        raise


def _performance(ws: Workspace, changes: tuple[Change, ...]) -> Performance[ObservedScps]:
    creates = [change for change in changes if change.op is Op.CREATE_SCP]
    attaches = [change for change in changes if change.op is Op.ATTACH_SCP]
    names = {change.target for change in creates} | {attachment_of(c).scp for c in attaches}
    targets = frozenset(change.target for change in attaches)
    return Performance(
        observe=partial(observe, ws, frozenset(names), targets),
        judge=standing,
        act=partial(_act, ws),
    )


def _act(ws: Workspace, change: Change, _seen: ObservedScps) -> Act:
    if change.op is Op.CREATE_SCP:
        wanted = creation(change)
        return Act(
            operation="organizations:CreatePolicy",
            change=partial(_create, ws, change),
            now=partial(_text_of, ws, change.target),
            reached=lambda there: there == wanted.policy.text.encode(),
        )
    attachment = attachment_of(change)
    return Act(
        operation="organizations:AttachPolicy",
        change=partial(_attach, ws, attachment.scp, change.target),
        now=partial(_attached_names, ws, change.target),
        reached=lambda there: attachment.scp in _names_in(there),
    )


def _create(ws: Workspace, change: Change) -> None:
    wanted = creation(change)
    ws.organization.create_scp(change.target, wanted.description, wanted.policy.text, TAGS)


def _attach(ws: Workspace, name: str, target: str) -> None:
    """Attach by name: the plan may have created it a moment ago."""
    policy = _named(ws, name)
    if policy is None:
        raise AwsError(
            f"there is no SCP {name} to attach",
            kind=AwsErrorKind.NOT_FOUND,
            aws_code="PolicyNotFoundException",
            operation="organizations:AttachPolicy",
        )
    ws.organization.attach_scp(policy.id, target)


def _named(ws: Workspace, name: str) -> ScpSummary | None:
    return next((scp for scp in ws.organization.scps() if scp.name == name), None)


def _text_of(ws: Workspace, name: str) -> bytes | None:
    policy = _named(ws, name)
    return None if policy is None else ws.organization.scp_content(policy.id).encode()


def _attached_names(ws: Workspace, target: str) -> bytes | None:
    return canonical(sorted(scp.name for scp in ws.organization.attached_scps(target)))


def _names_in(there: bytes | None) -> list[str]:
    names: list[str] = [] if there is None else parse_canonical(there)
    return names
