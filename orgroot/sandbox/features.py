"""The five IAM operations on centralized root access, and what AssumeRoot asks of the features.

Answers with the codes and texts that AWS was seen to give; the permission check comes first and is
not here. Must never change a feature for a caller that AWS would refuse.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from orgroot.sandbox.model import ApiError, Call
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.organization_values import IAM, Feature
from orgroot.sandbox.organizations_errors import not_modelled

_CHANGES: Final = {
    "EnableOrganizationsRootCredentialsManagement": (Feature.ROOT_CREDENTIALS_MANAGEMENT, True),
    "EnableOrganizationsRootSessions": (Feature.ROOT_SESSIONS, True),
    "DisableOrganizationsRootCredentialsManagement": (Feature.ROOT_CREDENTIALS_MANAGEMENT, False),
    "DisableOrganizationsRootSessions": (Feature.ROOT_SESSIONS, False),
}
SERVICE_NOT_ENABLED: Final = "Service not enabled for AWS Organizations."
FEATURE_OFF: Final = {
    Feature.ROOT_CREDENTIALS_MANAGEMENT: (
        "Root credentials management feature is not enabled for your AWS Organization."
    ),
    Feature.ROOT_SESSIONS: "Root sessions feature is not enabled for your AWS Organization.",
}


class FeaturesApi:
    """The features of centralized root access (IAM user guide, "Centralize root access").

    Attributes:
        OPERATIONS: what it answers.
        revocation_lag: how long STS keeps issuing after a feature or trusted access was turned
            off. AWS was seen to need up to a minute; none by default, so that tests do not wait.
    """

    OPERATIONS: Final = frozenset({"ListOrganizationsFeatures", *_CHANGES})

    def __init__(
        self,
        organization: Organization,
        clock: Callable[[], datetime],
        *,
        revocation_lag: timedelta = timedelta(0),
    ) -> None:
        self._organization = organization
        self._clock = clock
        self._reversed = False
        self.revocation_lag = revocation_lag

    def handle(self, call: Call) -> dict[str, Any]:
        """Answer one of the five operations; every one takes no input.

        Raises:
            ApiError: as AWS refuses, or NotImplemented for any other operation.
        """
        with self._organization.lock:
            if call.operation not in self.OPERATIONS:
                raise not_modelled("iam", call.operation)
            self._check_caller(call)
            if (change := _CHANGES.get(call.operation)) is not None:
                self._change(call, *change)
            return self._answer()

    def root_credentials_management_usable(self) -> str | None:
        """None where audit, removal and recovery may be opened, else AWS's text of the denial."""
        return self.usable(Feature.ROOT_CREDENTIALS_MANAGEMENT)

    def root_sessions_usable(self) -> str | None:
        """None where unlocking may be opened, else AWS's text of the denial."""
        return self.usable(Feature.ROOT_SESSIONS)

    def usable(self, feature: Feature) -> str | None:
        """None where STS issues root sessions for this feature, else AWS's text of the denial."""
        organization = self._organization
        with organization.lock:
            if IAM not in organization.service_access and not self._lags(IAM):
                return SERVICE_NOT_ENABLED
            if feature not in organization.features and not self._lags(feature):
                return FEATURE_OFF[feature]
            return None

    def _lags(self, what: str) -> bool:
        off_since = self._organization.off_since.get(what)
        return off_since is not None and self._clock() - off_since < self.revocation_lag

    def _check_caller(self, call: Call) -> None:
        organization = self._organization
        account = call.principal.account
        manages = account == organization.management_account
        if not organization.is_member(account):
            text = f"The account {account} is not a member of an organization."
            raise ApiError("OrganizationNotFoundException", text)
        if not manages and account not in organization.delegated_administrators(IAM):
            raise ApiError(
                "AccountNotManagementOrDelegatedAdministratorException",
                f"Account {account} is not the management account or a delegated administrator "
                "of the organization.",
            )
        if organization.feature_set != "ALL":
            text = f"Organization {organization.organization_id} is not in all features mode."
            raise ApiError("OrganizationNotInAllFeaturesModeException", text)
        if IAM not in organization.service_access:
            raise ApiError(
                "ServiceAccessNotEnabledException",
                f"Trusted Access for IAM not enabled by organization of input account {account}.",
            )

    def _change(self, call: Call, feature: Feature, on: bool) -> None:  # noqa: FBT001 - table row
        organization = self._organization
        account = call.principal.account
        if on:
            if account != organization.management_account:
                text = f"Account {account} is not the management account of the organization."
                raise ApiError("CallerIsNotManagementAccountException", text)
            organization.features.add(feature)
        elif feature in organization.features:
            organization.features.discard(feature)
            organization.off_since[feature] = self._clock()

    def _answer(self) -> dict[str, Any]:
        # AWS's order is not stable, so neither is this one: a caller must compare sets.
        self._reversed = not self._reversed
        names = sorted(self._organization.features, reverse=self._reversed)
        return {
            "OrganizationId": self._organization.organization_id,
            "EnabledFeatures": [name.value for name in names],
        }
