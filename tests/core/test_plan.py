"""Plans of root access: order, task, notes, digest, and what is left of them later."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.config import OrganizationConfig, RootAccess
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import AccountId
from orgroot.core.organization import RootAccessState
from orgroot.core.plan import (
    Change,
    ChangeState,
    Op,
    Plan,
    plan_delegated_administrator,
    plan_disable,
    plan_enable,
    standing,
)
from orgroot.core.root_tasks import Feature
from orgroot.errors import UsageError

DELEGATE, OTHER = AccountId("222222222222"), AccountId("333333333333")
PLAIN = OrganizationConfig(
    id="o-exampleorgid", management_account="111111111111", region="eu-west-1"
)
WITH_DELEGATE = msgspec.structs.replace(PLAIN, delegated_administrator=DELEGATE)
BOTH = RootAccess(credentials_management=True, root_sessions=True)
OFF = RootAccessState(trusted_access=False, features=None)
TRUSTED = RootAccessState(trusted_access=True, features=frozenset())
ON = RootAccessState(
    trusted_access=True, features=frozenset(Feature), delegated_administrators=(DELEGATE,)
)
CREDENTIALS, SESSIONS = Feature.ROOT_CREDENTIALS_MANAGEMENT, Feature.ROOT_SESSIONS


def steps(plan: Plan) -> list[tuple[str, str]]:
    """The operations of a plan and their targets, in order."""
    return [(change.op.value, change.target) for change in plan.changes]


def test_enable_from_nothing_is_trusted_access_then_features() -> None:
    """The features need trusted access first."""
    plan = plan_enable(BOTH, PLAIN, OFF)
    assert steps(plan) == [
        ("enable-trusted-access", "iam.amazonaws.com"),
        ("enable-feature", "RootCredentialsManagement"),
        ("enable-feature", "RootSessions"),
    ]
    assert plan.task is Task.ENABLE_ROOT_ACCESS
    assert plan.notes == ()
    assert plan.changes[0] == Change(
        op=Op.ENABLE_TRUSTED_ACCESS, target="iam.amazonaws.com", before=False, after=True
    )


def test_enable_where_nothing_differs_is_empty() -> None:
    """An empty plan needs no task."""
    plan = plan_enable(BOTH, WITH_DELEGATE, ON)
    assert plan == Plan(changes=())
    assert plan.task is None


def test_a_missing_key_is_not_managed() -> None:
    """A feature or a section that the configuration leaves out is never changed."""
    only = RootAccess(root_sessions=True)
    assert steps(plan_enable(only, PLAIN, TRUSTED)) == [("enable-feature", "RootSessions")]
    assert plan_enable(RootAccess(), PLAIN, ON).changes == ()
    assert plan_enable(RootAccess(), PLAIN, OFF).changes == ()
    nothing = plan_enable(None, PLAIN, ON)
    assert nothing.changes == ()
    assert "not managed" in nothing.notes[0]


def test_a_feature_that_shall_be_off_needs_the_stricter_task() -> None:
    """A plan that also turns something off is a disable-root-access request."""
    desired = RootAccess(credentials_management=True, root_sessions=False)
    observed = RootAccessState(trusted_access=True, features=frozenset({SESSIONS}))
    plan = plan_enable(desired, PLAIN, observed)
    assert steps(plan) == [
        ("enable-feature", "RootCredentialsManagement"),
        ("disable-feature", "RootSessions"),
    ]
    assert plan.task is Task.DISABLE_ROOT_ACCESS


def test_features_that_aws_hides_are_noted() -> None:
    """While trusted access is off nobody can say that a feature is off."""
    desired = RootAccess(credentials_management=True, root_sessions=False)
    assert "hides the features" in plan_enable(desired, PLAIN, OFF).notes[0]


def test_enable_never_registers_a_delegate_but_says_so() -> None:
    """Registering is a request of its own."""
    plan = plan_enable(BOTH, WITH_DELEGATE, OFF)
    assert Op.REGISTER_DELEGATED_ADMINISTRATOR not in {change.op for change in plan.changes}
    assert "222222222222 is not registered" in plan.notes[0]


def test_disable_goes_features_delegates_trusted_access() -> None:
    """The order AWS demands, under one task, with the 18 minutes said."""
    plan = plan_disable(BOTH, ON)
    assert steps(plan) == [
        ("disable-feature", "RootCredentialsManagement"),
        ("disable-feature", "RootSessions"),
        ("deregister-delegated-administrator", "222222222222"),
        ("disable-trusted-access", "iam.amazonaws.com"),
    ]
    assert plan.task is Task.DISABLE_ROOT_ACCESS
    assert "18 minutes" in plan.notes[0]


def test_disable_of_what_is_off_is_empty() -> None:
    """Nothing to do, and why that is not the same as features off."""
    plan = plan_disable(None, OFF)
    assert plan.changes == ()
    assert "restores" in plan.notes[0]
    hidden = RootAccessState(trusted_access=True, features=None)
    assert steps(plan_disable(None, hidden)) == [("disable-trusted-access", "iam.amazonaws.com")]


def test_a_delegate_is_registered_after_others_went() -> None:
    """The configured account becomes the only one."""
    observed = RootAccessState(
        trusted_access=True, features=frozenset(), delegated_administrators=(OTHER,)
    )
    plan = plan_delegated_administrator(BOTH, WITH_DELEGATE, observed)
    assert steps(plan) == [
        ("deregister-delegated-administrator", OTHER),
        ("register-delegated-administrator", DELEGATE),
    ]
    assert plan.task is Task.CHANGE_DELEGATED_ADMINISTRATOR
    assert plan_delegated_administrator(None, WITH_DELEGATE, ON).changes == ()


def test_a_delegate_that_is_not_configured_is_not_managed() -> None:
    """A missing key deregisters nobody."""
    plan = plan_delegated_administrator(BOTH, PLAIN, ON)
    assert plan.changes == ()
    assert "not managed" in plan.notes[0]


def test_a_delegate_needs_trusted_access() -> None:
    """AWS would refuse; orgroot says what to run first."""
    with pytest.raises(UsageError, match="trusted access") as caught:
        plan_delegated_administrator(BOTH, WITH_DELEGATE, OFF)
    assert caught.value.hint == "run `orgroot enable` first"


def test_what_another_tool_manages_is_never_planned() -> None:
    """The refusal names the tool, even where nothing differs."""
    foreign = RootAccess(managed_by="terraform", root_sessions=True)
    for refused in (
        lambda: plan_enable(foreign, PLAIN, ON),
        lambda: plan_disable(foreign, ON),
        lambda: plan_delegated_administrator(foreign, WITH_DELEGATE, ON),
    ):
        with pytest.raises(UsageError, match="managed by terraform") as caught:
            refused()
        assert caught.value.code == "managed-by"


def test_the_digest_speaks_for_the_changes_alone() -> None:
    """Equal changes have equal digests whatever the notes say; any change changes it."""
    plan = plan_enable(BOTH, PLAIN, OFF)
    assert Plan(changes=plan.changes, notes=("x",)).digest == plan.digest
    assert Plan(changes=plan.changes[1:]).digest != plan.digest
    assert Plan(changes=plan.changes[::-1]).digest != plan.digest


STATES = st.builds(
    lambda features, delegates: RootAccessState(
        trusted_access=features is not None,
        features=features,
        delegated_administrators=tuple(delegates) if features is not None else (),
    ),
    st.none() | st.frozensets(st.sampled_from(Feature)),
    st.sets(st.sampled_from([DELEGATE, OTHER])),
)
DESIRED = st.builds(
    RootAccess,
    credentials_management=st.none() | st.booleans(),
    root_sessions=st.none() | st.booleans(),
)


def applied(state: RootAccessState, change: Change) -> RootAccessState:
    """What AWS shows after a change."""
    features = set(state.features or ())
    delegates = set(state.delegated_administrators)
    trusted = state.trusted_access
    match change.op:
        case Op.ENABLE_TRUSTED_ACCESS | Op.DISABLE_TRUSTED_ACCESS:
            trusted = change.op is Op.ENABLE_TRUSTED_ACCESS
        case Op.ENABLE_FEATURE:
            features.add(Feature(change.target))
        case Op.DISABLE_FEATURE:
            features.discard(Feature(change.target))
        case Op.REGISTER_DELEGATED_ADMINISTRATOR:
            delegates.add(AccountId(change.target))
        case _:
            delegates.discard(AccountId(change.target))
    return RootAccessState(
        trusted_access=trusted,
        features=frozenset(features) if trusted else None,
        delegated_administrators=tuple(sorted(delegates)),
    )


@given(desired=DESIRED, state=STATES)
def test_applying_a_plan_leaves_nothing_to_plan(
    desired: RootAccess, state: RootAccessState
) -> None:
    """Each change is to do before it is made and done after; then every plan is empty."""
    plans = [plan_enable(desired, PLAIN, state), plan_disable(desired, state)]
    if state.trusted_access:
        plans.append(plan_delegated_administrator(desired, WITH_DELEGATE, state))
    for plan in plans:
        now = state
        for change in plan.changes:
            assert standing(change, now).state is ChangeState.TO_DO
            now = applied(now, change)
            assert standing(change, now).state is ChangeState.DONE
    now = state
    for change in plans[0].changes:
        now = applied(now, change)
    assert plan_enable(desired, PLAIN, now).changes == ()


def test_a_hidden_feature_makes_a_change_stale() -> None:
    """Turning a feature off cannot be judged while AWS hides it."""
    change = Change(op=Op.DISABLE_FEATURE, target="RootSessions", before=True, after=False)
    found = standing(change, OFF)
    assert found.state is ChangeState.STALE
    assert "hides" in found.reason


def test_scp_changes_are_judged_elsewhere() -> None:
    """Root access says nothing about SCPs."""
    change = Change(op=Op.ATTACH_SCP, target="r-ab12", before=None, after=None)
    with pytest.raises(ValueError, match="observed SCPs"):
        standing(change, ON)
