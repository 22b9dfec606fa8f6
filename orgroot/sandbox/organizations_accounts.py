"""Organizations calls about accounts, OUs and the tree.

Each function takes the desk (state, clock, pages) and a checked call from a caller who may make it.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from orgroot.sandbox.control_policies import new_suffix
from orgroot.sandbox.model import Call
from orgroot.sandbox.organization import ACCESS_ROLE, Organization
from orgroot.sandbox.organization_values import (
    Account,
    AccountState,
    CreateAccountRequest,
    OrganizationalUnit,
    PolicyTypeStatus,
)
from orgroot.sandbox.organizations_desk import Desk, tags_from
from orgroot.sandbox.organizations_errors import constraint, refusal

_POLLS: Final = 2
_CLOSING_AT_ONCE: Final = 3
_CLOSING_WINDOW: Final = timedelta(days=30)
_CLOSED: Final = frozenset({AccountState.PENDING_CLOSURE, AccountState.CLOSED})


def rendered_account(organization: Organization, account: Account) -> dict[str, Any]:
    """An ``Account`` of the API, with the retired ``Status`` while the organization shows it."""
    answer = {
        "Id": account.id,
        "Arn": organization.arn("account", account.id),
        "Email": account.email,
        "Name": account.name,
        "State": account.state.value,
        "Paths": [f"{organization.org_path(account.id)}{account.id}/"],
        "JoinedMethod": account.joined_method.value,
        "JoinedTimestamp": account.joined_at,
    }
    if organization.shows_status:
        answer["Status"] = account.state.old_status
    return answer


def _rendered_unit(organization: Organization, unit: OrganizationalUnit) -> dict[str, Any]:
    path = "/".join((organization.organization_id, *organization.ancestors(unit.id), ""))
    arn = organization.arn("ou", unit.id)
    return {"Id": unit.id, "Arn": arn, "Name": unit.name, "Path": path}


def rendered_root(organization: Organization) -> dict[str, Any]:
    """The ``Root`` of the API with the policy types that are on or being turned on."""
    return {
        "Id": organization.root_id,
        "Arn": organization.arn("root", organization.root_id),
        "Name": "Root",
        "PolicyTypes": [
            {"Type": policy_type.value, "Status": status.value}
            for policy_type, status in organization.policies.status.items()
        ],
    }


def _account(organization: Organization, account_id: str) -> Account:
    if (account := organization.account(account_id)) is None:
        raise refusal("AccountNotFound")
    return account


def _container(organization: Organization, parent: str) -> str:
    if not organization.is_container(parent):
        raise refusal("ParentNotFound")
    return parent


def _describe_organization(desk: Desk, _call: Call) -> dict[str, Any]:
    organization = desk.organization
    manager = organization.management_account
    return {
        "Organization": {
            "Id": organization.organization_id,
            "Arn": organization.arn("organization"),
            "FeatureSet": organization.feature_set,
            "MasterAccountArn": organization.arn("account", manager),
            "MasterAccountId": manager,
            "MasterAccountEmail": organization.accounts[manager].email,
            # AWS documents this member as out of date: ListRoots knows what is on.
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }
    }


def _list_accounts(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    return desk.page(
        call,
        "Accounts",
        organization.accounts_from,
        lambda account: rendered_account(organization, account),
    )


def _list_accounts_for_parent(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    parent = _container(organization, call.params["ParentId"])
    return desk.page(
        call,
        "Accounts",
        lambda start, count: organization.accounts_in(parent, start, count),
        lambda account: rendered_account(organization, account),
    )


def _describe_account(desk: Desk, call: Call) -> dict[str, Any]:
    account = _account(desk.organization, call.params["AccountId"])
    return {"Account": rendered_account(desk.organization, account)}


def _list_roots(desk: Desk, call: Call) -> dict[str, Any]:
    policies = desk.organization.policies
    root = rendered_root(desk.organization)
    # Enabling a policy type takes a while: it is seen pending at least once.
    for policy_type, status in tuple(policies.status.items()):
        if status is PolicyTypeStatus.PENDING_ENABLE:
            desk.finish_enabling(policy_type)
    return desk.page(call, "Roots", lambda start, count: (root,)[start : start + count], dict)


def _list_units(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    parent = _container(organization, call.params["ParentId"])
    return desk.page(
        call,
        "OrganizationalUnits",
        lambda start, count: organization.units_in(parent, start, count),
        lambda unit: _rendered_unit(organization, unit),
    )


def _list_children(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    parent = _container(organization, call.params["ParentId"])
    kind = call.params["ChildType"]

    def ids(start: int, count: int) -> tuple[str, ...]:
        if kind == "ACCOUNT":
            return tuple(a.id for a in organization.accounts_in(parent, start, count))
        return tuple(u.id for u in organization.units_in(parent, start, count))

    return desk.page(call, "Children", ids, lambda child: {"Id": child, "Type": kind})


def _list_parents(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    child = call.params["ChildId"]
    if (account := organization.account(child)) is not None:
        parent = account.parent
    elif (unit := organization.units.get(child)) is not None:
        parent = unit.parent
    else:
        raise refusal("ChildNotFound")
    kind = "ROOT" if parent == organization.root_id else "ORGANIZATIONAL_UNIT"
    entry = {"Id": parent, "Type": kind}
    return desk.page(call, "Parents", lambda start, count: (entry,)[start : start + count], dict)


def _describe_unit(desk: Desk, call: Call) -> dict[str, Any]:
    unit = desk.organization.units.get(call.params["OrganizationalUnitId"])
    if unit is None:
        raise refusal("OrganizationalUnitNotFound")
    return {"OrganizationalUnit": _rendered_unit(desk.organization, unit)}


def _create_unit(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    parent = _container(organization, call.params["ParentId"])
    tags = tags_from(call)
    unit = organization.new_unit(call.params["Name"], parent)
    organization.set_tags(unit.id, tags)
    return {"OrganizationalUnit": _rendered_unit(organization, unit)}


def _move_account(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    account = _account(organization, call.params["AccountId"])
    destination = call.params["DestinationParentId"]
    if account.parent != call.params["SourceParentId"]:
        raise refusal("SourceParentNotFound")
    if not organization.is_container(destination):
        raise refusal("DestinationParentNotFound")
    if destination == account.parent:
        raise refusal("DuplicateAccount")
    organization.move_account(account.id, destination)
    return {}


def _rendered_request(request: CreateAccountRequest) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "Id": request.id,
        "AccountName": request.name,
        "State": request.state,
        "RequestedTimestamp": request.requested_at,
    }
    optional = {
        "CompletedTimestamp": request.completed_at,
        "AccountId": request.account,
        "FailureReason": request.failure,
    }
    return answer | {name: value for name, value in optional.items() if value is not None}


def _create_account(desk: Desk, call: Call) -> dict[str, Any]:
    if len(desk.organization.accounts) >= desk.organization.account_limit:
        raise constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED")
    request = CreateAccountRequest(
        id=f"car-{new_suffix(32)}",
        name=call.params["AccountName"],
        email=call.params["Email"],
        role_name=call.params.get("RoleName") or ACCESS_ROLE,
        requested_at=desk.clock(),
        tags=tags_from(call),
    )
    desk.requests[request.id] = request
    return {"CreateAccountStatus": _rendered_request(request)}


def _describe_create_account_status(desk: Desk, call: Call) -> dict[str, Any]:
    request = desk.requests.get(call.params["CreateAccountRequestId"])
    if request is None:
        raise refusal("CreateAccountStatusNotFound")
    request.polls += 1
    if request.completed_at is None and request.polls >= _POLLS:
        desk.finish_creation(request)
    return {"CreateAccountStatus": _rendered_request(request)}


def _close_account(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    account = _account(organization, call.params["AccountId"])
    if account.id == organization.management_account:
        raise constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT")
    if account.state in _CLOSED:
        raise refusal("AccountAlreadyClosed")
    now = desk.clock()
    recent = [at for at in desk.closings.values() if now - at < _CLOSING_WINDOW]
    if len(recent) >= min(1_000, max(250, len(organization.accounts) // 5)):
        raise constraint("CLOSE_ACCOUNT_QUOTA_EXCEEDED")
    pending = [
        a for a in desk.closings if _account(organization, a).state is AccountState.PENDING_CLOSURE
    ]
    if len(pending) >= _CLOSING_AT_ONCE:
        raise constraint("CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED")
    organization.change_state(account.id, AccountState.PENDING_CLOSURE)
    desk.closings[account.id] = now
    return {}


OPERATIONS: Final[Mapping[str, Callable[[Desk, Call], dict[str, Any]]]] = {
    "DescribeOrganization": _describe_organization,
    "ListAccounts": _list_accounts,
    "ListAccountsForParent": _list_accounts_for_parent,
    "DescribeAccount": _describe_account,
    "ListRoots": _list_roots,
    "ListOrganizationalUnitsForParent": _list_units,
    "ListChildren": _list_children,
    "ListParents": _list_parents,
    "DescribeOrganizationalUnit": _describe_unit,
    "CreateOrganizationalUnit": _create_unit,
    "MoveAccount": _move_account,
    "CreateAccount": _create_account,
    "DescribeCreateAccountStatus": _describe_create_account_status,
    "CloseAccount": _close_account,
}
"""By API operation."""
