"""IAM in front of moto: the features, the root user's own calls, the account summary, the keys.

Users, roles, groups and policies lie in moto; what concerns the root user never does.
"""

from collections.abc import Mapping
from typing import Any

from orgroot.core.ids import AccountId
from orgroot.sandbox import identity_policies
from orgroot.sandbox.actions import OWN_USER_OPERATIONS
from orgroot.sandbox.authentication import Credential
from orgroot.sandbox.data_plane import DataPlane
from orgroot.sandbox.features import FeaturesApi
from orgroot.sandbox.model import ApiError, Call, Principal, PrincipalKind
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.root_user_state import CredentialStatus
from orgroot.sandbox.root_users import RootUsersApi

_NO_ACCOUNT = AccountId("000000000000")


class IdentityApi:
    """Decides which part of IAM answers a call."""

    def __init__(
        self,
        organization: Organization,
        features: FeaturesApi,
        root_users: RootUsersApi,
        data_plane: DataPlane,
    ) -> None:
        self._organization = organization
        self._features = features
        self._root_users = root_users
        self._data = data_plane

    def handle(self, call: Call) -> Mapping[str, Any] | None:
        """Answer what is not moto's, or None where moto is to answer.

        Raises:
            ApiError: as IAM refuses.
        """
        if call.operation in self._features.OPERATIONS:
            return self._features.handle(call)
        if self._root_users.owns(call):
            return self._root_users.handle(call)
        if call.operation == "GetAccountSummary":
            return {"SummaryMap": self._summary(call.principal.account)}
        identity_policies.refuse_boundary_of_user(call)
        if call.operation in identity_policies.OPERATIONS:
            return identity_policies.put(self._data, call)
        if call.operation in OWN_USER_OPERATIONS and not call.params.get("UserName"):
            self._check_names_user(call)
        policy = call.params.get("PolicyArn") or call.params.get("PermissionsBoundary")
        if isinstance(policy, str):
            self._data.offer_managed_policy(call.principal.account, policy)
        return None

    def _check_names_user(self, call: Call) -> None:
        if call.principal.kind is not PrincipalKind.USER and call.operation not in {
            "GetAccessKeyLastUsed",
            "ChangePassword",
        }:
            text = "Must specify userName when calling with non-User credentials"
            raise ApiError("ValidationError", text, 400)

    def _summary(self, account: AccountId) -> Mapping[str, int]:
        known = self._data.has_iam(account)
        # An account whose IAM nobody touched is like an empty one, and need not be built to say so.
        base = dict(self._data.iam(account if known else _NO_ACCOUNT).account_summary.summary_map)
        found = self._organization.account(account)
        if not known and found is not None and found.access_role:
            base["Roles"] = 1
        return self._root_users.summary(account, base)

    # --- long-term keys -------------------------------------------------------------------------

    def root_key(self, account: AccountId, access_key_id: str) -> Credential | None:
        """The credential of a root user's access key, or None."""
        for key in self._root_users.root_access_keys(account):
            if key.id == access_key_id:
                return Credential(
                    principal=Principal(
                        kind=PrincipalKind.ROOT_USER,
                        account=account,
                        arn=f"arn:aws:iam::{account}:root",
                        user_id=account,
                        access_key_id=key.id,
                        name="root",
                    ),
                    secret=key.secret,
                    active=key.status is CredentialStatus.ACTIVE,
                )
        return None

    def user_key(self, account: AccountId, access_key_id: str) -> Credential | None:
        """The credential of an IAM user's access key, or None."""
        if not self._data.has_iam(account):
            return None
        backend = self._data.iam(account)
        key = backend.access_keys.get(access_key_id)
        user = backend.users.get(key.user_name or "") if key is not None else None
        if key is None or user is None:
            return None
        return Credential(
            principal=Principal(
                kind=PrincipalKind.USER,
                account=account,
                arn=user.arn,
                user_id=user.id,
                access_key_id=access_key_id,
                name=user.name,
            ),
            secret=key.secret_access_key,
            active=key.status == "Active",
        )
