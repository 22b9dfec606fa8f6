"""Organizations calls about trusted access, delegated administrators and tags."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from orgroot.core.ids import AccountId
from orgroot.sandbox.model import Call
from orgroot.sandbox.organization_values import IAM, Account, AccountState
from orgroot.sandbox.organizations_accounts import rendered_account
from orgroot.sandbox.organizations_desk import Desk, tags_from
from orgroot.sandbox.organizations_errors import constraint, invalid, refusal

_WITH_DELEGATES: Final = {
    # One for IAM: its console takes one, and the API's own maximum is not published.
    IAM: 1,
    "access-analyzer.amazonaws.com": 1,
    "account.amazonaws.com": 1,
    "backup.amazonaws.com": 5,
    "cloudtrail.amazonaws.com": 3,
    "config.amazonaws.com": 3,
    "guardduty.amazonaws.com": 1,
    "inspector2.amazonaws.com": 1,
    "macie.amazonaws.com": 1,
    "member.org.stacksets.cloudformation.amazonaws.com": 5,
    "securityhub.amazonaws.com": 1,
    "ssm.amazonaws.com": 5,
    "sso.amazonaws.com": 1,
}
_WITHOUT_DELEGATES: Final = frozenset(
    {
        "controltower.amazonaws.com",
        "ds.amazonaws.com",
        "health.amazonaws.com",
        "ram.amazonaws.com",
        "servicecatalog.amazonaws.com",
        "servicequotas.amazonaws.com",
        "tagpolicies.tag.amazonaws.com",
    }
)


def _service(call: Call) -> str:
    principal: str = call.params["ServicePrincipal"]
    if principal not in _WITH_DELEGATES and principal not in _WITHOUT_DELEGATES:
        raise invalid("UNRECOGNIZED_SERVICE_PRINCIPAL")
    return principal


def _enable_service_access(desk: Desk, call: Call) -> dict[str, Any]:
    desk.organization.service_access.setdefault(_service(call), desk.clock())
    return {}


def _disable_service_access(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    service = _service(call)
    if organization.delegated_administrators(service):
        raise constraint("DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE")
    if organization.service_access.pop(service, None) is not None:
        organization.off_since[service] = desk.clock()
    return {}


def _list_service_access(desk: Desk, call: Call) -> dict[str, Any]:
    enabled = tuple(desk.organization.service_access.items())
    return desk.page(
        call,
        "EnabledServicePrincipals",
        lambda start, count: enabled[start : start + count],
        lambda entry: {"ServicePrincipal": entry[0], "DateEnabled": entry[1]},
    )


def _member(desk: Desk, call: Call) -> Account:
    if (account := desk.organization.account(call.params["AccountId"])) is None:
        raise refusal("AccountNotFound")
    return account


def _register(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    service = _service(call)
    account = _member(desk, call)
    if service not in _WITH_DELEGATES:
        raise invalid("UNRECOGNIZED_SERVICE_PRINCIPAL")
    if account.id == organization.management_account:
        raise constraint("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR")
    if account.state is not AccountState.ACTIVE:
        raise constraint("CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR")
    if service not in organization.service_access:
        raise constraint("SERVICE_ACCESS_NOT_ENABLED")
    delegates = organization.delegations.setdefault(service, {})
    if account.id in delegates:
        raise refusal("AccountAlreadyRegistered")
    if len(delegates) >= _WITH_DELEGATES[service]:
        raise constraint("MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED")
    delegates[account.id] = desk.clock()
    return {}


def _deregister(desk: Desk, call: Call) -> dict[str, Any]:
    service = _service(call)
    account = _member(desk, call)
    if account.id not in desk.organization.delegated_administrators(service):
        raise refusal("AccountNotRegistered")
    del desk.organization.delegations[service][account.id]
    return {}


def _list_delegates(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    wanted = call.params.get("ServicePrincipal")
    since: dict[AccountId, Any] = {}
    for service, accounts in organization.delegations.items():
        if wanted in (None, service):
            for account_id, at in accounts.items():
                since[account_id] = min(at, since.get(account_id, at))
    entries = tuple(since.items())

    def render(entry: tuple[AccountId, Any]) -> dict[str, Any]:
        about = rendered_account(organization, organization.accounts[entry[0]])
        del about["Paths"]
        return about | {"DelegationEnabledDate": entry[1]}

    return desk.page(
        call, "DelegatedAdministrators", lambda start, count: entries[start : start + count], render
    )


def _list_delegated_services(desk: Desk, call: Call) -> dict[str, Any]:
    account = _member(desk, call)
    if not desk.organization.is_delegate(account.id):
        raise refusal("AccountNotRegistered")
    entries = tuple(
        (service, accounts[account.id])
        for service, accounts in desk.organization.delegations.items()
        if account.id in accounts
    )
    return desk.page(
        call,
        "DelegatedServices",
        lambda start, count: entries[start : start + count],
        lambda entry: {"ServicePrincipal": entry[0], "DelegationEnabledDate": entry[1]},
    )


def _taggable(desk: Desk, call: Call) -> str:
    resource: str = call.params["ResourceId"]
    if not desk.organization.is_taggable(resource):
        raise refusal("TargetNotFound")
    return resource


def _tag(desk: Desk, call: Call) -> dict[str, Any]:
    resource = _taggable(desk, call)
    tags = tags_from(call, desk.organization.tags_of(resource))
    desk.organization.set_tags(resource, tags)
    return {}


def _untag(desk: Desk, call: Call) -> dict[str, Any]:
    resource = _taggable(desk, call)
    gone = set(call.params["TagKeys"])
    kept = {k: v for k, v in desk.organization.tags_of(resource).items() if k not in gone}
    desk.organization.set_tags(resource, kept)
    return {}


def _list_tags(desk: Desk, call: Call) -> dict[str, Any]:
    tags = tuple(desk.organization.tags_of(_taggable(desk, call)).items())
    return desk.page(
        call,
        "Tags",
        lambda start, count: tags[start : start + count],
        lambda tag: {"Key": tag[0], "Value": tag[1]},
    )


OPERATIONS: Final[Mapping[str, Callable[[Desk, Call], dict[str, Any]]]] = {
    "EnableAWSServiceAccess": _enable_service_access,
    "DisableAWSServiceAccess": _disable_service_access,
    "ListAWSServiceAccessForOrganization": _list_service_access,
    "RegisterDelegatedAdministrator": _register,
    "DeregisterDelegatedAdministrator": _deregister,
    "ListDelegatedAdministrators": _list_delegates,
    "ListDelegatedServicesForAccount": _list_delegated_services,
    "TagResource": _tag,
    "UntagResource": _untag,
    "ListTagsForResource": _list_tags,
}
"""By API operation."""
