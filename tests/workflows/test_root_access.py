"""Turning centralized root access on and off: order, proofs, refusals, and what stays untouched."""

from dataclasses import replace

import msgspec
import pytest
from fakes.aws_members import MANAGEMENT
from fakes.team import World, new_world

from orgroot.core import audit_log
from orgroot.core.config import RootAccess
from orgroot.core.facts import StepIntent
from orgroot.core.ids import AccountId, RequestId
from orgroot.core.organization import Caller, OrganizationFacts
from orgroot.core.results import PlanResult, RequestView
from orgroot.core.root_tasks import Feature
from orgroot.errors import (
    AuditUnavailable,
    AwsError,
    AwsErrorKind,
    Incomplete,
    OutcomeUnknown,
    RequestRefused,
    UsageError,
)
from orgroot.workflows import root_access
from orgroot.workflows.approvals import approve
from orgroot.workflows.crash_recovery import recover
from orgroot.workflows.execution import execute
from orgroot.workflows.requests import Ask
from orgroot.workflows.workspace import Workspace

MEMBER = AccountId("222222222222")
ASK = Ask(reason="set up")
ENABLING = [
    "organizations:EnableAWSServiceAccess",
    "iam:EnableOrganizationsRootCredentialsManagement",
    "iam:EnableOrganizationsRootSessions",
]


@pytest.fixture
def world() -> World:
    """Everything is off."""
    made = new_world()
    made.aws.flags.clear()
    made.aws.trusted.clear()
    return made


@pytest.fixture
def on() -> World:
    """Everything is on, with a delegated administrator."""
    made = new_world()
    made.aws.delegates.append(MEMBER)
    return made


def want(world: World, desired: RootAccess | None) -> None:
    """Change what the configuration wants."""
    world.config = msgspec.structs.replace(world.config, root_access=desired)


def written(world: World) -> list[str]:
    """The changing calls."""
    return [call.operation for call in world.aws.writes]


def elsewhere(ws: Workspace) -> Workspace:
    """The same person with credentials of a member account."""
    arn = f"arn:aws:iam::{MEMBER}:user/alice"
    return replace(ws, caller=Caller(account=MEMBER, arn=arn, user_id="AIDA"))


def approved_disable(world: World) -> str:
    """A request to disable, approved."""
    view = root_access.disable(world.workspace(), ASK)
    assert isinstance(view, RequestView)
    approve(world.desk("bob"), view.id, "", lambda _summary: None)
    return view.id


def test_enable_turns_on_in_order_and_reads_back(world: World) -> None:
    """Trusted access, then each feature, each with a durable step before and after."""
    result = root_access.enable(world.workspace(), ASK)
    assert isinstance(result, PlanResult)
    assert result.applied
    assert (result.state, result.exit_reasons) == ("SUCCEEDED", ())
    assert [change.op for change in result.changes] == [
        "enable-trusted-access",
        "enable-feature",
        "enable-feature",
    ]
    assert written(world) == ENABLING
    assert world.aws.flags == set(Feature)
    assert world.types()[-8:] == [
        "intent",
        *["step-intent", "step-result"] * 3,
        "closed",
    ]
    assert audit_log.integrity_findings(world.log().sync()) == ()


def test_nothing_differs_nothing_is_written(on: World) -> None:
    """No change, no request, no record, exit 0."""
    before = on.types()
    result = root_access.enable(on.workspace(), ASK)
    assert isinstance(result, PlanResult)
    assert (result.changes, result.request, result.exit_reasons) == ((), None, ())
    assert on.aws.writes == []
    assert on.types() == before


@pytest.mark.parametrize("command", [root_access.enable, root_access.disable])
def test_what_another_tool_manages_is_never_written(world: World, command: object) -> None:
    """Exit 2 by name, before any call."""
    want(world, RootAccess(managed_by="terraform", credentials_management=True))
    with pytest.raises(UsageError, match="terraform"):
        command(world.workspace(), ASK)  # type: ignore[operator]
    assert world.aws.calls == []


def test_what_another_tool_manages_by_now_is_not_written_either(on: World) -> None:
    """A request that was approved before is refused by name: no call, no intent."""
    request = approved_disable(on)
    before = on.types()
    on.aws.calls.clear()
    want(on, RootAccess(managed_by="terraform"))
    with pytest.raises(UsageError, match="terraform"):
        execute(on.workspace(), request)
    assert on.aws.calls == []
    assert on.types() == before


def test_disable_needs_approval_and_goes_in_order(on: World) -> None:
    """Features, delegate, trusted access; and it says that sessions may live 18 minutes."""
    request = approved_disable(on)
    assert on.aws.writes == []
    result = execute(on.workspace(), request)
    assert isinstance(result, PlanResult)
    assert result.applied
    assert any("18 minutes" in note for note in result.notes)
    assert written(on) == [
        "iam:DisableOrganizationsRootCredentialsManagement",
        "iam:DisableOrganizationsRootSessions",
        "organizations:DeregisterDelegatedAdministrator",
        "organizations:DisableAWSServiceAccess",
    ]
    assert any(
        "18 minutes" in n for n in root_access.preview_disable(new_world().workspace()).notes
    )


def test_a_feature_that_shall_be_off_needs_the_stricter_task(on: World) -> None:
    """`enable` towards a config that turns a feature off waits for approval."""
    want(on, RootAccess(credentials_management=True, root_sessions=False))
    view = root_access.enable(on.workspace(), ASK)
    assert isinstance(view, RequestView)
    assert view.task == "disable-root-access"
    assert on.aws.writes == []


def test_the_delegated_administrator_is_a_request_of_its_own(on: World) -> None:
    """The configured one is registered, any other deregistered."""
    organization = msgspec.structs.replace(
        on.config.organization, delegated_administrator="333333333333"
    )
    on.config = msgspec.structs.replace(on.config, organization=organization)
    assert len(root_access.preview_delegated_administrator(on.workspace()).changes) == 2
    view = root_access.change_delegated_administrator(on.workspace(), ASK)
    assert isinstance(view, RequestView)
    approve(on.desk("carol"), view.id, "", lambda _summary: None)
    result = execute(on.workspace(), view.id)
    assert isinstance(result, PlanResult)
    assert result.applied
    assert on.aws.delegates == ["333333333333"]


def test_a_plan_done_meanwhile_is_not_done_again(on: World) -> None:
    """What stands already as approved is skipped."""
    request = approved_disable(on)
    on.aws.flags.discard(Feature.ROOT_SESSIONS)
    execute(on.workspace(), request)
    assert "iam:DisableOrganizationsRootSessions" not in written(on)
    assert on.aws.trusted == set()


def test_a_stale_plan_is_refused_before_any_change(on: World) -> None:
    """Trusted access went off since, so nobody can see the features: refused, nothing written."""
    request = approved_disable(on)
    on.aws.trusted.clear()
    with pytest.raises(RequestRefused, match="stale"):
        execute(on.workspace(), request)
    assert on.aws.writes == []
    assert "intent" not in on.types()


def test_a_plan_that_becomes_stale_after_the_intent_changes_nothing(on: World) -> None:
    """The last look decides: nothing is written, and the request is closed as failed."""
    request = approved_disable(on)
    looks: list[object] = []

    def turn_off(call: object) -> None:
        looks.append(call)
        if len(looks) == 2:
            on.aws.trusted.clear()

    on.aws.when("organizations:ListAWSServiceAccessForOrganization", turn_off)
    with pytest.raises(RequestRefused, match="stale"):
        execute(on.workspace(), request)
    assert on.aws.writes == []
    outcome = on.log().sync().requests[RequestId(request)].outcomes()[""].outcome
    assert outcome.startswith("failed ")


def test_a_look_that_aws_refuses_leaves_the_request_open(on: World) -> None:
    """Exit 8, nothing was begun: the request is not spent, and executed later."""
    request = approved_disable(on)
    looking = "organizations:ListAWSServiceAccessForOrganization"
    on.aws.when(looking, lambda _call: on.types()[-1] == "intent" and on.aws.fail(looking))
    with pytest.raises(AwsError):
        execute(on.workspace(), request)
    assert (on.types()[-1], on.aws.writes) == ("aborted", [])
    on.aws.hooks.clear()
    result = execute(on.workspace(), request)
    assert isinstance(result, PlanResult)
    assert result.applied


@pytest.mark.parametrize("kind", [AwsErrorKind.DENIED, AwsErrorKind.NOT_MANAGEMENT])
def test_awss_refusal_of_the_first_change_is_the_answer(world: World, kind: AwsErrorKind) -> None:
    """Exit 8, nothing changed, recorded as failed."""
    world.aws.fail("organizations:EnableAWSServiceAccess", kind)
    with pytest.raises(AwsError):
        root_access.enable(world.workspace(), ASK)
    assert world.types()[-1] == "closed"
    assert world.aws.trusted == set()


def test_a_refusal_in_the_middle_is_incomplete_and_can_be_run_again(world: World) -> None:
    """Exit 9 names what was done; the command again does the rest."""
    world.aws.fail("iam:EnableOrganizationsRootSessions")
    with pytest.raises(Incomplete, match="enable-trusted-access"):
        root_access.enable(world.workspace(), ASK)
    result = root_access.enable(world.workspace(), ASK)
    assert isinstance(result, PlanResult)
    assert [change.target for change in result.changes] == ["RootSessions"]
    assert world.aws.flags == set(Feature)


def test_a_lost_answer_is_settled_by_reading(world: World) -> None:
    """Done without an answer counts as done; not done without an answer is unknown."""
    world.aws.fail("organizations:EnableAWSServiceAccess", AwsErrorKind.LOST, after=True)
    assert isinstance(root_access.enable(world.workspace(), ASK), PlanResult)
    other = new_world()
    other.aws.flags.clear()
    other.aws.fail("iam:EnableOrganizationsRootSessions", AwsErrorKind.LOST)
    with pytest.raises(OutcomeUnknown):
        root_access.enable(other.workspace(), ASK)
    (row,) = recover(other.workspace()).executions
    assert (row.outcome, row.accounts[0].outcome) == ("closed", "not-done")


def test_the_lag_behind_trusted_access_is_waited_out(world: World) -> None:
    """IAM may say for a moment that trusted access is off; the feature is turned on later."""
    name = "iam:EnableOrganizationsRootCredentialsManagement"
    world.aws.fail(name, AwsErrorKind.TRUSTED_ACCESS_OFF, times=2)
    assert isinstance(root_access.enable(world.workspace(), ASK), PlanResult)
    assert world.aws.flags == set(Feature)


def test_features_that_trusted_access_restores_are_not_switched_again(world: World) -> None:
    """Turned on, AWS restores the earlier flags: then Enable is not called."""
    world.aws.when(
        "organizations:EnableAWSServiceAccess", lambda _call: world.aws.flags.update(Feature)
    )
    root_access.enable(world.workspace(), ASK)
    assert written(world) == ENABLING[:1]


def test_only_the_management_account_changes_root_access(world: World) -> None:
    """Credentials of another account: exit 2 in words, before any changing call."""
    for command in (root_access.enable, root_access.disable):
        with pytest.raises(UsageError, match=MANAGEMENT):
            command(elsewhere(world.workspace()), ASK)
    assert world.aws.calls == []


def test_an_ordinary_member_is_told_what_it_is(world: World) -> None:
    """A denial there is not about permissions, and the words say so."""
    world.aws.fail("organizations:ListAWSServiceAccessForOrganization", times=2)
    with pytest.raises(AwsError, match="not the management account") as caught:
        root_access.observe(elsewhere(world.workspace()))
    assert caught.value.kind is AwsErrorKind.NOT_MANAGEMENT
    with pytest.raises(AwsError) as caught:
        root_access.observe(world.workspace())
    assert caught.value.kind is AwsErrorKind.DENIED


def test_consolidated_billing_is_answered_in_words(world: World) -> None:
    """Without all features nothing is tried."""

    def describe() -> OrganizationFacts:
        return OrganizationFacts(
            id=world.config.organization.id,  # type: ignore[arg-type]
            management_account=MANAGEMENT,
            feature_set="CONSOLIDATED_BILLING",
        )

    world.aws.describe = describe  # type: ignore[method-assign]
    with pytest.raises(AwsError, match="consolidated billing"):
        root_access.enable(world.workspace(), ASK)
    assert world.aws.writes == []


def test_an_unavailable_log_stops_it_before_any_change(world: World) -> None:
    """No durable record, no change."""
    ws = world.workspace()
    world.store.down = True
    with pytest.raises(AuditUnavailable):
        root_access.enable(ws, ASK)
    assert world.aws.writes == []


def test_no_step_is_made_that_was_not_announced(world: World) -> None:
    """Where the step-intent cannot be written, AWS is not called."""

    def refuse(_key: str) -> Exception | None:
        return AuditUnavailable("full") if world.types()[-1] == "intent" else None

    world.store.refuse = refuse
    with pytest.raises(AuditUnavailable):
        root_access.enable(world.workspace(), ASK)
    assert world.aws.writes == []
    assert StepIntent.__struct_config__.tag not in world.types()
