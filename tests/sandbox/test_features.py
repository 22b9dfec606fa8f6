"""Centralized root access: the five IAM operations, trusted access and the delegate."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orgroot.sandbox.features import FEATURE_OFF, SERVICE_NOT_ENABLED
from orgroot.sandbox.organization_values import IAM, Feature
from tests.sandbox.organization_rows import (
    DELEGATE,
    MANAGEMENT,
    MEMBER,
    TASK,
    Live,
    Row,
    advance,
    refusal_of,
)

LIST = "ListOrganizationsFeatures"
ENABLE = {
    Feature.ROOT_CREDENTIALS_MANAGEMENT: "EnableOrganizationsRootCredentialsManagement",
    Feature.ROOT_SESSIONS: "EnableOrganizationsRootSessions",
}
DISABLE = {
    Feature.ROOT_CREDENTIALS_MANAGEMENT: "DisableOrganizationsRootCredentialsManagement",
    Feature.ROOT_SESSIONS: "DisableOrganizationsRootSessions",
}
EVERY = (LIST, *ENABLE.values(), *DISABLE.values())
BOTH = {feature.value for feature in Feature}
TRUST_OFF = (("DisableAWSServiceAccess", {"ServicePrincipal": IAM}),)
DELEGATED = (("RegisterDelegatedAdministrator", {"AccountId": DELEGATE, "ServicePrincipal": IAM}),)

# What the facts leave open, and what the sandbox answers all the same:
#   Enable on a feature that is on        succeeds, as the repeated Disable was seen to
#   a member while trusted access is off  is told about its account, not about trusted access
REFUSED = (
    *(
        Row(
            "member",
            operation,
            {},
            "AccountNotManagementOrDelegatedAdministratorException",
        )
        for operation in EVERY
    ),
    *(
        Row(
            "management",
            operation,
            {},
            "ServiceAccessNotEnabledException",
            message="Trusted Access for IAM not enabled by organization of input account",
            before=TRUST_OFF,
        )
        for operation in EVERY
    ),
    *(Row("stranger", operation, {}, "OrganizationNotFoundException") for operation in EVERY),
    *(
        Row("delegate", operation, {}, "CallerIsNotManagementAccountException", before=DELEGATED)
        for operation in ENABLE.values()
    ),
    Row(
        "member",
        LIST,
        {},
        "AccountNotManagementOrDelegatedAdministratorException",
        before=TRUST_OFF,
    ),
)


@pytest.fixture
def live() -> Iterator[Live]:
    """A fresh organization behind a port."""
    with Live() as started:
        yield started


def _features(live: Live, by: str = "management") -> set[str]:
    answer = live.call(LIST, of="iam", by=by)
    assert answer["OrganizationId"] == live.organization.organization_id
    assert len(answer["EnabledFeatures"]) == len(set(answer["EnabledFeatures"]))
    return set(answer["EnabledFeatures"])


@pytest.mark.parametrize("row", REFUSED, ids=str)
def test_refuses_as_aws_does(live: Live, row: Row) -> None:
    """Each refusal must carry AWS's code with its suffix, and status 400."""
    live.check(row, of="iam")


@pytest.mark.parametrize("operation", EVERY)
def test_needs_all_features_mode(live: Live, operation: str) -> None:
    """An organization for billing only has no centralized root access."""
    live.organization.feature_set = "CONSOLIDATED_BILLING"
    row = Row("management", operation, {}, "OrganizationNotInAllFeaturesModeException")
    live.check(row, of="iam")


@pytest.mark.parametrize("feature", Feature)
def test_a_feature_goes_off_and_on_alone(live: Live, feature: Feature) -> None:
    """Neither feature may imply the other; repeating either call must succeed."""
    for _ in range(2):
        left = live.call(DISABLE[feature], of="iam")["EnabledFeatures"]
        assert set(left) == _features(live) == BOTH - {feature.value}
    for _ in range(2):
        assert set(live.call(ENABLE[feature], of="iam")["EnabledFeatures"]) == BOTH
    assert _features(live) == BOTH


def test_the_order_of_the_features_is_not_stable(live: Live) -> None:
    """Whoever compares lists must be found out."""
    seen = {tuple(live.call(LIST, of="iam")["EnabledFeatures"]) for _ in range(4)}
    assert len(seen) == 2


def test_a_delegate_lists_and_disables(live: Live) -> None:
    """The delegate must be able to turn a feature off, as AWS lets it."""
    live.delegate()
    assert _features(live, by="delegate") == BOTH
    for operation in DISABLE.values():
        live.call(operation, of="iam", by="delegate")
    assert _features(live) == set()


def test_trusted_access_hides_the_features_and_restores_them(live: Live) -> None:
    """Trusted access off and on again must bring back the flags that were there."""
    live.call(DISABLE[Feature.ROOT_SESSIONS], of="iam")
    live.call("DisableAWSServiceAccess", ServicePrincipal=IAM)
    live.check(Row("management", LIST, {}, "ServiceAccessNotEnabledException"), of="iam")
    live.call("EnableAWSServiceAccess", ServicePrincipal=IAM)
    assert _features(live) == {Feature.ROOT_CREDENTIALS_MANAGEMENT.value}


def test_the_permission_is_judged_before_the_state(live: Live) -> None:
    """Without the permission the answer must be AccessDenied, whatever the state."""
    live.call("DisableAWSServiceAccess", ServicePrincipal=IAM)
    iam = live.client("management", "iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    nobody = live.client_with("iam", key["AccessKeyId"], key["SecretAccessKey"])
    refusal = refusal_of(nobody.list_organizations_features)
    assert (refusal.code, refusal.status) == ("AccessDenied", 403)


def test_one_delegate_for_iam(live: Live) -> None:
    """A second delegated administrator for IAM is refused here, and trust stays while one is."""
    live.delegate()
    row = Row(
        "management",
        "RegisterDelegatedAdministrator",
        {"AccountId": MEMBER, "ServicePrincipal": IAM},
        "ConstraintViolationException",
        "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED",
    )
    live.check(row)
    row = Row(
        "management",
        "DisableAWSServiceAccess",
        {"ServicePrincipal": IAM},
        "ConstraintViolationException",
        "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE",
    )
    live.check(row)


def test_sts_learns_of_it_late_where_it_is_told_to(live: Live) -> None:
    """With a lag, STS must go on for that long after Disable or trust off, and no longer."""
    features = live.front.features
    features.revocation_lag = timedelta(seconds=60)
    live.call(DISABLE[Feature.ROOT_SESSIONS], of="iam")
    assert _features(live) == {Feature.ROOT_CREDENTIALS_MANAGEMENT.value}
    assert features.root_sessions_usable() is None
    advance(live, seconds=61)
    assert features.root_sessions_usable() == FEATURE_OFF[Feature.ROOT_SESSIONS]
    live.call("DisableAWSServiceAccess", ServicePrincipal=IAM)
    assert features.root_credentials_management_usable() is None
    advance(live, seconds=61)
    assert features.root_credentials_management_usable() == SERVICE_NOT_ENABLED


def test_a_feature_off_closes_its_tasks_at_once(live: Live) -> None:
    """Without a lag, AssumeRoot must be denied as soon as the feature is off."""
    live.call(DISABLE[Feature.ROOT_CREDENTIALS_MANAGEMENT], of="iam")
    sts = live.client("management", "sts")
    task = {"arn": f"{TASK}IAMAuditRootUserCredentials"}
    refusal = refusal_of(sts.assume_root, TargetPrincipal=MEMBER, TaskPolicyArn=task)
    assert (refusal.code, refusal.status) == ("AccessDenied", 403)
    assert refusal.message == FEATURE_OFF[Feature.ROOT_CREDENTIALS_MANAGEMENT]


def test_an_ordinary_organization_starts_with_nothing(live: Live) -> None:
    """The management account can turn everything on from nothing, in AWS's order."""
    live.organization.features.clear()
    live.organization.service_access.clear()
    live.check(
        Row("management", ENABLE[Feature.ROOT_SESSIONS], {}, "ServiceAccessNotEnabledException"),
        of="iam",
    )
    live.call("EnableAWSServiceAccess", ServicePrincipal=IAM)
    assert _features(live) == set()
    for operation in ENABLE.values():
        live.call(operation, of="iam")
    assert _features(live) == BOTH
    assert live.organization.management_account == MANAGEMENT
