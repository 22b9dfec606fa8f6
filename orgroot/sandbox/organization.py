"""The state of the sandbox's organization: accounts, tree, policies, trusted services, delegates.

Indexed so that each question costs the same at 10 and at 10,000 accounts. Must never answer a
request by itself: who may ask is the business of the API modules.
"""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Final

from orgroot.core.ids import AccountId, OrganizationId, RootId
from orgroot.sandbox.control_policies import FULL_ACCESS, ControlPolicies, new_suffix
from orgroot.sandbox.organization_values import (
    Account,
    AccountState,
    ControlPolicy,
    Feature,
    JoinedMethod,
    OrganizationalUnit,
    PolicyType,
)
from orgroot.sandbox.organizations_errors import constraint, refusal
from orgroot.sandbox.root_user_state import RootUser

ACCESS_ROLE: Final = "OrganizationAccountAccessRole"
MAX_OUS: Final = 2_000
MAX_OU_DEPTH: Final = 5


class Organization:
    """One organization with its management account.

    Attributes:
        organization_id: ``o-…``.
        management_account: the account that pays and governs.
        root_id: the root container, ``r-…``.
        partition: always ``aws``.
        feature_set: ``ALL`` or ``CONSOLIDATED_BILLING``.
        lock: held around every API call, because handlers change several indexes.
        accounts: by id, in the order in which they joined.
        units: organizational units by id.
        policies: SCPs and RCPs with their attachments.
        service_access: trusted services with the time of enabling.
        delegations: per service principal, delegated administrators with the time of registration.
        features: centralized root access features; hidden, not lost, while trusted access is off.
        off_since: when a feature or a trusted service was last turned off.
        resource_policy: id and text of the organization's resource policy, if any.
        account_limit: how many accounts it may have.
        empty_pages: begin every listing with an empty page and a token, as AWS may.
        shows_status: whether answers still carry the retired ``Account.Status``.
    """

    partition: Final = "aws"

    def __init__(
        self,
        *,
        management_account: AccountId,
        name: str,
        email: str,
        created_at: datetime,
        organization_id: OrganizationId | None = None,
        root_id: RootId | None = None,
    ) -> None:
        self.organization_id = organization_id or OrganizationId(f"o-{new_suffix(10)}")
        self.management_account = management_account
        self.root_id = root_id or RootId(f"r-{new_suffix(4)}")
        self.feature_set = "ALL"
        self.lock = threading.RLock()
        self.accounts: dict[AccountId, Account] = {}
        self.units: dict[str, OrganizationalUnit] = {}
        self.policies = ControlPolicies(self.arn("policy"))
        self.service_access: dict[str, datetime] = {}
        self.delegations: dict[str, dict[AccountId, datetime]] = {}
        self.features: set[Feature] = set()
        self.off_since: dict[str, datetime] = {}
        self.resource_policy: tuple[str, str] | None = None
        self.account_limit = 50_000
        self.empty_pages = False
        self.shows_status = True
        self._emails: set[str] = set()
        self._accounts_in: dict[str, dict[AccountId, None]] = {self.root_id: {}}
        self._units_in: dict[str, dict[str, None]] = {self.root_id: {}}
        self._tags: dict[str, dict[str, str]] = {}
        self._root_users: dict[AccountId, RootUser] = {}
        self.new_account(
            name,
            email,
            account_id=management_account,
            joined_at=created_at,
            joined_method=JoinedMethod.INVITED,
        )

    def arn(self, kind: str, resource_id: str = "") -> str:
        """An Organizations ARN: ``arn:aws:organizations::MGMT:<kind>/<o-id>[/<id>]``."""
        tail = f"/{resource_id}" if resource_id else ""
        owner = f"arn:{self.partition}:organizations::{self.management_account}"
        return f"{owner}:{kind}/{self.organization_id}{tail}"

    # Accounts and the tree

    def account(self, account_id: str) -> Account | None:
        """The account, or None where it is not in this organization."""
        return self.accounts.get(AccountId(account_id))

    def is_member(self, account_id: str) -> bool:
        """True for every account of the organization, the management account included."""
        return account_id in self.accounts

    def new_account(
        self,
        name: str,
        email: str,
        *,
        joined_at: datetime,
        account_id: AccountId | None = None,
        parent: str | None = None,
        state: AccountState = AccountState.ACTIVE,
        joined_method: JoinedMethod = JoinedMethod.CREATED,
        access_role: str = ACCESS_ROLE,
    ) -> Account:
        """Add an account without asking anyone. Raises ValueError on a taken id or e-mail."""
        number = account_id or self._free_account_id()
        home = parent or self.root_id
        if number in self.accounts or self.has_email(email) or home not in self._accounts_in:
            raise ValueError(f"account {number}: id or e-mail is taken, or no such parent")
        account = Account(
            id=number,
            name=name,
            email=email,
            state=state,
            joined_method=joined_method,
            joined_at=joined_at,
            parent=home,
            access_role=access_role if joined_method is JoinedMethod.CREATED else None,
        )
        self.accounts[number] = account
        self._emails.add(email.lower())
        self._accounts_in[home][number] = None
        self.policies.add_target(number)
        return account

    def has_email(self, email: str) -> bool:
        """True where an account with this e-mail address exists. Case does not matter."""
        return email.lower() in self._emails

    def change_state(self, account_id: AccountId, state: AccountState) -> None:
        """Set an account's state."""
        self.accounts[account_id] = replace(self.accounts[account_id], state=state)

    def move_account(self, account_id: AccountId, destination: str) -> None:
        """Move an account to an existing container."""
        account = self.accounts[account_id]
        del self._accounts_in[account.parent][account_id]
        self._accounts_in[destination][account_id] = None
        self.accounts[account_id] = replace(account, parent=destination)

    def new_unit(self, name: str, parent: str, *, unit_id: str | None = None) -> OrganizationalUnit:
        """Add an organizational unit. Raises ApiError as CreateOrganizationalUnit does."""
        if any(self.units[sibling].name == name for sibling in self._units_in[parent]):
            raise refusal("DuplicateOrganizationalUnit")
        if len(self.units) >= MAX_OUS:
            raise constraint("OU_NUMBER_LIMIT_EXCEEDED")
        if len(self.ancestors(parent)) > MAX_OU_DEPTH:
            raise constraint("OU_DEPTH_LIMIT_EXCEEDED")
        number = unit_id or f"ou-{self.root_id[2:]}-{new_suffix(8)}"
        unit = OrganizationalUnit(id=number, name=name, parent=parent)
        self.units[number] = unit
        self._units_in[parent][number] = None
        self._accounts_in[number] = {}
        self._units_in[number] = {}
        self.policies.add_target(number)
        return unit

    def is_container(self, resource_id: str) -> bool:
        """True for the root container and for each OU."""
        return resource_id in self._accounts_in

    def is_target(self, resource_id: str) -> bool:
        """True for whatever a policy can be attached to."""
        return self.is_container(resource_id) or self.is_member(resource_id)

    def targets(self) -> tuple[str, ...]:
        """Every root container, OU and account id."""
        return (self.root_id, *self.units, *self.accounts)

    def accounts_from(self, start: int, count: int) -> tuple[Account, ...]:
        """Some of all accounts, in the order in which they joined."""
        return tuple(islice(self.accounts.values(), start, start + count))

    def accounts_in(self, parent: str, start: int, count: int) -> tuple[Account, ...]:
        """Some of the accounts directly in a container."""
        ids = islice(self._accounts_in[parent], start, start + count)
        return tuple(self.accounts[number] for number in ids)

    def units_in(self, parent: str, start: int, count: int) -> tuple[OrganizationalUnit, ...]:
        """Some of the OUs directly in a container."""
        ids = islice(self._units_in[parent], start, start + count)
        return tuple(self.units[number] for number in ids)

    def ancestors(self, container: str) -> tuple[str, ...]:
        """The containers from the root container down to this one, itself included."""
        path = [container]
        while path[-1] != self.root_id:
            path.append(self.units[path[-1]].parent)
        return tuple(reversed(path))

    def path_of(self, account_id: str) -> tuple[str, ...]:
        """The ids from the root container down to the account, itself included."""
        account = self.accounts[AccountId(account_id)]
        return (*self.ancestors(account.parent), account.id)

    def org_path(self, account_id: str) -> str:
        """What ``aws:PrincipalOrgPaths`` holds: ``o-…/r-…/ou-…/`` without the account."""
        return "/".join((self.organization_id, *self.path_of(account_id)[:-1], ""))

    # Policies

    def scps_on_path(self, account_id: str) -> tuple[tuple[ControlPolicy, ...], ...]:
        """Per level from the root container to the account, the SCPs that bind it.

        Empty for the management account, which no SCP restricts, and where the type is not on.
        """
        return self._on_path(account_id, PolicyType.SCP)

    def rcps_on_path(self, account_id: str) -> tuple[tuple[ControlPolicy, ...], ...]:
        """Per level from the root container to the account, the RCPs on its resources."""
        return self._on_path(account_id, PolicyType.RCP)

    def _on_path(
        self, account_id: str, policy_type: PolicyType
    ) -> tuple[tuple[ControlPolicy, ...], ...]:
        exempt = account_id == self.management_account or not self.is_member(account_id)
        if exempt or not self.policies.is_enforced(policy_type):
            return ()
        with self.lock:
            return tuple(
                self.policies.attached_to(node, policy_type) for node in self.path_of(account_id)
            )

    def enable_scps(self) -> None:
        """Turn SCPs on at once, for seeding."""
        self.policies.turn_on(PolicyType.SCP, self.targets())
        self.policies.settle(PolicyType.SCP)

    # Services, tags, root users

    @property
    def trusted_services(self) -> set[str]:
        """The service principals with trusted access."""
        return set(self.service_access)

    def delegated_administrators(self, service_principal: str) -> frozenset[AccountId]:
        """The accounts registered as delegated administrators of a service."""
        return frozenset(self.delegations.get(service_principal, ()))

    def is_delegate(self, account_id: AccountId) -> bool:
        """True where the account is a delegated administrator of any service."""
        return any(account_id in accounts for accounts in self.delegations.values())

    def is_taggable(self, resource_id: str) -> bool:
        """True for whatever Organizations can tag here."""
        if self.resource_policy is not None and resource_id == self.resource_policy[0]:
            return True
        own = {policy.id for policy in FULL_ACCESS.values()}
        return self.is_target(resource_id) or (
            resource_id not in own and self.policies.exists(resource_id)
        )

    def tags_of(self, resource_id: str) -> dict[str, str]:
        """The tags of an account, OU, root container or policy."""
        return dict(self._tags.get(resource_id, {}))

    def set_tags(self, resource_id: str, tags: Mapping[str, str]) -> None:
        """Replace the tags of a resource."""
        self._tags[resource_id] = dict(tags)

    def root_user(self, account_id: AccountId) -> RootUser:
        """The root user of an account; one that was never touched has no credentials."""
        found = self._root_users.get(account_id)
        if found is None:
            made = RootUser(account=account_id, created_at=self.accounts[account_id].joined_at)
            # Several threads may come here at once: all must get the same one.
            found = self._root_users.setdefault(account_id, made)
        return found

    def _free_account_id(self) -> AccountId:
        while True:
            number = AccountId(f"{secrets.randbelow(10**12 - 10**11) + 10**11:012d}")
            if number not in self.accounts:
                return number
