"""Centralized root access: what AWS shows, what would change, and the change under a request.

Nothing differs: nothing is written and nothing is asked for. Another tool manages it: nothing is
ever written. Only the management account can change it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orgroot.core.codec import canonical
from orgroot.core.ids import AccountId
from orgroot.core.log_state import RequestRecord
from orgroot.core.organization import RootAccessState
from orgroot.core.plan import (
    SERVICE_PRINCIPAL,
    SESSIONS_MAY_LIVE,
    Change,
    Op,
    Plan,
    Standing,
    plan_delegated_administrator,
    plan_disable,
    plan_enable,
    require_ours,
    standing,
)
from orgroot.core.planned_steps import change_step
from orgroot.core.results import PlanResult, Result
from orgroot.core.root_tasks import Feature
from orgroot.core.statement_parts import Target
from orgroot.core.task_params import PlannedChanges
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
from orgroot.workflows.settling import PAUSES
from orgroot.workflows.targets import live_organization
from orgroot.workflows.workspace import Workspace

_ALL_FEATURES = "ALL"


def observe(ws: Workspace) -> RootAccessState:
    """Centralized root access as AWS shows it: two or three calls.

    Raises:
        AwsError: AWS refused; NOT_MANAGEMENT in words where the caller's account may not see it.
    """
    try:
        trusted = SERVICE_PRINCIPAL in ws.organization.trusted_services()
        delegates = ws.organization.delegated_administrators()
        features = _features(ws) if trusted else None
    except AwsError as error:
        raise _in_words(ws, error) from error
    return RootAccessState(
        trusted_access=trusted, features=features, delegated_administrators=delegates
    )


def _features(ws: Workspace) -> frozenset[Feature] | None:
    try:
        return ws.identity.features()
    except AwsError as error:
        if error.kind is AwsErrorKind.TRUSTED_ACCESS_OFF:
            return None
        raise


def _in_words(ws: Workspace, error: AwsError) -> AwsError:
    """A denial in an ordinary member account is not about permissions."""
    management = ws.config.organization.management_account
    elsewhere = ws.caller.account != management
    if not elsewhere or error.kind not in {AwsErrorKind.DENIED, AwsErrorKind.NOT_MANAGEMENT}:
        return error
    return AwsError(
        f"account {ws.caller.account} is not the management account {management} and may not see "
        f"root access, unless it is the delegated administrator for IAM: {error.message}",
        kind=AwsErrorKind.NOT_MANAGEMENT,
        aws_code=error.aws_code,
        operation=error.operation,
        hint=f"use credentials of {management}",
        denied_by_arn=error.denied_by_arn,
        denied_by_type=error.denied_by_type,
    )


def preview_enable(ws: Workspace) -> PlanResult:
    """What `enable` would change.

    Raises:
        UsageError: another tool manages it, or the caller is not in the management account.
        AwsError: AWS refused to show it.
    """
    return plan_result("enable", _plan_enable(ws))


def preview_disable(ws: Workspace) -> PlanResult:
    """What `disable` would change; raises as `preview_enable`."""
    return plan_result("disable", _plan_disable(ws))


def preview_delegated_administrator(ws: Workspace) -> PlanResult:
    """What would make the configured account the one delegated administrator for IAM."""
    return plan_result("delegated-administrator", _plan_delegate(ws))


def enable(ws: Workspace, ask: Ask) -> Result:
    """Turn on what the configuration wants, in order, and read it back.

    Raises:
        as `preview_enable`; RequestRefused by the rules; as `plan_execution.carry_out`.
    """
    return _submit(ws, "enable", _plan_enable(ws), ask)


def disable(ws: Workspace, ask: Ask) -> Result:
    """Turn off features, delegated administrators, trusted access, in this order."""
    return _submit(ws, "disable", _plan_disable(ws), ask)


def change_delegated_administrator(ws: Workspace, ask: Ask) -> Result:
    """Register the configured delegated administrator, and no other."""
    return _submit(ws, "delegated-administrator", _plan_delegate(ws), ask)


@dataclass(frozen=True, slots=True)
class RootAccessDriver:
    """Carries out plans of root access for one command."""

    command: str
    notes: tuple[str, ...] = ()

    def live_targets(self, ws: Workspace, request: RequestRecord) -> tuple[Target, ...]:
        """The organization; a stale plan is refused here, before the intent.

        So is one of what another tool manages: the request may be older than that word of the
        configuration, or come from a machine that has another one.
        """
        require_ours(ws.config.root_access)
        _require_management(ws)
        changes = planned(request)
        refuse_stale(changes, judge_all(changes, _performance(ws))[1])
        return live_organization(ws)

    def pending(self, ws: Workspace, request: RequestRecord) -> tuple[str, ...]:
        """The organization, unless the outcome is recorded."""
        del ws
        return request.remaining()

    def judged(self, ws: Workspace, request: RequestRecord) -> Mapping[int, Standing]:
        """What is left of each change, by its place in the plan; nothing is changed."""
        return judge_all(planned(request), _performance(ws))[1]

    def run(self, ws: Workspace, run: Run, request: RequestRecord) -> None:
        """Make the changes."""
        carry_out(ws, run, request, _performance(ws))

    def result(self, ws: Workspace, request: RequestRecord) -> PlanResult:
        """The plan, applied or not."""
        return executed_plan(ws, self.command, request, self.notes)


class EnableDriver(RootAccessDriver):
    """Requests of task `enable-root-access`."""

    def __init__(self) -> None:
        super().__init__("enable")


class DisableDriver(RootAccessDriver):
    """Requests of task `disable-root-access`."""

    def __init__(self) -> None:
        super().__init__("disable", (SESSIONS_MAY_LIVE,))


class DelegatedAdministratorDriver(RootAccessDriver):
    """Requests of task `change-delegated-administrator`."""

    def __init__(self) -> None:
        super().__init__("delegated-administrator")


def _plan_enable(ws: Workspace) -> Plan:
    require_ours(ws.config.root_access)
    _require_management(ws)
    _require_all_features(ws)
    return plan_enable(ws.config.root_access, ws.config.organization, observe(ws))


def _plan_disable(ws: Workspace) -> Plan:
    require_ours(ws.config.root_access)
    _require_management(ws)
    return plan_disable(ws.config.root_access, observe(ws))


def _plan_delegate(ws: Workspace) -> Plan:
    _require_management(ws)
    return plan_delegated_administrator(ws.config.root_access, ws.config.organization, observe(ws))


def _submit(ws: Workspace, command: str, plan: Plan, ask: Ask) -> Result:
    if plan.task is None:
        return plan_result(command, plan)
    return submit(ws, plan_draft(ws, PlannedChanges(plan=plan.changes), ask), ask.wait_seconds)


def _require_management(ws: Workspace) -> None:
    management = ws.config.organization.management_account
    if ws.caller.account != management:
        raise UsageError(
            f"only the management account {management} can change root access; these credentials "
            f"are of account {ws.caller.account}",
            hint=f"use credentials of {management}, e.g. with --profile",
            code="not-management",
        )


def _require_all_features(ws: Workspace) -> None:
    if ws.organization.describe().feature_set != _ALL_FEATURES:
        raise AwsError(
            "the organization has consolidated billing only, and root access needs all features",
            kind=AwsErrorKind.NOT_ALL_FEATURES,
            aws_code="OrganizationNotInAllFeaturesMode",
            operation="organizations:DescribeOrganization",
            hint="enable all features in the Organizations console, or with "
            "`aws organizations enable-all-features`",
        )


def _performance(ws: Workspace) -> Performance[RootAccessState]:
    return Performance(
        observe=lambda: observe(ws), judge=standing, act=lambda change, _seen: _act(ws, change)
    )


def _act(ws: Workspace, change: Change) -> Act:
    operation, target = change_step(change)
    call, is_on = _calls(ws, change)
    wanted = canonical(change.after)
    return Act(
        operation=operation,
        target=target,
        change=call,
        now=lambda: canonical(is_on()),
        reached=lambda there: there == wanted,
    )


def _calls(ws: Workspace, change: Change) -> tuple[Callable[[], None], Callable[[], bool]]:
    """The changing call, and the reading call of a change."""
    organization = ws.organization

    def trusted() -> bool:
        return SERVICE_PRINCIPAL in organization.trusted_services()

    match change.op:
        case Op.ENABLE_TRUSTED_ACCESS:
            return organization.enable_trusted_access, trusted
        case Op.DISABLE_TRUSTED_ACCESS:
            return organization.disable_trusted_access, trusted
        case Op.ENABLE_FEATURE | Op.DISABLE_FEATURE:
            feature, on = Feature(change.target), change.op is Op.ENABLE_FEATURE
            return (
                lambda: _turn(ws, feature, on=on),
                lambda: feature in (_features(ws) or ()),
            )
        case Op.REGISTER_DELEGATED_ADMINISTRATOR | Op.DEREGISTER_DELEGATED_ADMINISTRATOR:
            account = AccountId(change.target)
            change_it = organization.register_delegated_administrator
            if change.op is Op.DEREGISTER_DELEGATED_ADMINISTRATOR:
                change_it = organization.deregister_delegated_administrator
            return (
                lambda: change_it(account),
                lambda: account in organization.delegated_administrators(),
            )
        case _:
            raise ValueError(f"{change.op} is no change of root access")


def _turn(ws: Workspace, feature: Feature, *, on: bool) -> None:
    """Switch a feature unless it is so already: trusted access, turned on, restores the flags.

    For a moment after that, IAM may still say that trusted access is off.
    """
    call = ws.identity.enable_feature if on else ws.identity.disable_feature
    for pause in (*PAUSES, None):
        features = _features(ws)
        if features is not None and (feature in features) == on:
            return
        try:
            call(feature)
        except AwsError as error:
            if error.kind is not AwsErrorKind.TRUSTED_ACCESS_OFF or pause is None:
                raise
        else:
            return
        ws.governed.log.sleep(pause)
