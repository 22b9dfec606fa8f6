"""The root user's own IAM calls in its account, by long-term root or by a root session.

Owns only what is about the root user itself; IAM users and roles are not its business. Must never
answer for an account other than the caller's.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from orgroot.core.ids import AccountId
from orgroot.sandbox import root_user_operations
from orgroot.sandbox.model import Call, PrincipalKind
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.organizations_errors import not_modelled
from orgroot.sandbox.root_user_state import RootAccessKey

_ROOT_KINDS: Final = frozenset({PrincipalKind.ROOT_USER, PrincipalKind.ROOT_SESSION})


class RootUsersApi:
    """The IAM API as the root user sees it: no UserName goes in, none comes out.

    Attributes:
        OPERATIONS: what it answers when ``owns`` says so.
    """

    OPERATIONS: Final = frozenset(root_user_operations.OPERATIONS)

    def __init__(self, organization: Organization, clock: Callable[[], datetime]) -> None:
        self._organization = organization
        self._clock = clock

    def owns(self, call: Call) -> bool:
        """True where the caller is a root user or root session and means the root user itself."""
        if call.service != "iam" or call.operation not in self.OPERATIONS:
            return False
        principal = call.principal
        if principal.kind not in _ROOT_KINDS or call.params.get("UserName"):
            return False
        if not self._organization.is_member(principal.account):
            return False
        user = self._organization.root_user(principal.account)
        match call.operation:
            case "GetAccessKeyLastUsed":
                return call.params.get("AccessKeyId") in user.keys
            case "DeleteVirtualMFADevice":
                serial = call.params.get("SerialNumber", "")
                return serial in user.mfa or serial in user.idle_mfa
            case _:
                return True

    def handle(self, call: Call) -> dict[str, Any]:
        """Answer a call that ``owns`` claims.

        Raises:
            ApiError: as IAM refuses; codes of this API carry no ``Exception`` suffix.
        """
        operation = root_user_operations.OPERATIONS.get(call.operation)
        if operation is None:
            raise not_modelled("iam", call.operation)
        with self._organization.lock:
            user = self._organization.root_user(call.principal.account)
            return operation(user, call, self._clock())

    def summary(self, account: AccountId, base: Mapping[str, int] | None = None) -> dict[str, int]:
        """``SummaryMap`` of GetAccountSummary: IAM's counts with the root user's four flags.

        Args:
            account: the account that is asked about.
            base: the counts of the account's IAM users, roles and policies.
        """
        merged = dict(base or {})
        if not self._organization.is_member(account):
            return merged
        with self._organization.lock:
            user = self._organization.root_user(account)
            virtual = sum(d.is_virtual for d in (*user.mfa.values(), *user.idle_mfa.values()))
            counted = {"MFADevices": virtual, "MFADevicesInUse": len(user.mfa)}
            for key, count in counted.items():
                if key in merged:
                    merged[key] += count
            return merged | {
                "AccountMFAEnabled": int(bool(user.mfa)),
                "AccountAccessKeysPresent": int(bool(user.keys)),
                "AccountSigningCertificatesPresent": int(bool(user.certificates)),
                "AccountPasswordPresent": int(user.password is not None),
            }

    def root_access_keys(self, account: AccountId) -> tuple[RootAccessKey, ...]:
        """The long-term access keys of an account's root user, secrets included."""
        if not self._organization.is_member(account):
            return ()
        with self._organization.lock:
            return tuple(self._organization.root_user(account).keys.values())

    def note_key_use(
        self, account: AccountId, access_key_id: str, *, service: str, region: str
    ) -> None:
        """Remember that a root user's access key signed a call just now."""
        with self._organization.lock:
            keys = self._organization.root_user(account).keys
            if (key := keys.get(access_key_id)) is not None:
                keys[access_key_id] = replace(
                    key, last_used=self._clock(), last_service=service, last_region=region
                )
