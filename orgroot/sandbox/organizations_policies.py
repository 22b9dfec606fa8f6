"""Organizations calls about SCPs, RCPs, policy types and the organization's resource policy."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from orgroot.sandbox.control_policies import new_suffix
from orgroot.sandbox.model import Call
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.organization_values import ControlPolicy, PolicyType, PolicyTypeStatus
from orgroot.sandbox.organizations_accounts import rendered_root
from orgroot.sandbox.organizations_desk import Desk, tags_from
from orgroot.sandbox.organizations_errors import invalid, not_modelled, refusal


def _summary(policy: ControlPolicy) -> dict[str, Any]:
    return {
        "Id": policy.id,
        "Arn": policy.arn,
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.type.value,
        "AwsManaged": policy.aws_managed,
    }


def _rendered(policy: ControlPolicy) -> dict[str, Any]:
    return {"Policy": {"PolicySummary": _summary(policy), "Content": policy.content}}


def _modelled(call: Call, member: str) -> PolicyType:
    try:
        return PolicyType(call.params[member])
    except ValueError as error:
        what = f"{call.operation} for {call.params[member]}"
        raise not_modelled("organizations", what) from error


def _check_all_features(organization: Organization) -> None:
    if organization.feature_set != "ALL":
        raise refusal("PolicyTypeNotAvailableForOrganization")


def _check_target(desk: Desk, target: str) -> str:
    if not desk.organization.is_target(target):
        raise refusal("TargetNotFound")
    return target


def _create_policy(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    policy_type = _modelled(call, "Type")
    _check_all_features(organization)
    tags = tags_from(call)
    policy = organization.policies.create(
        policy_type, call.params["Name"], call.params["Description"], call.params["Content"]
    )
    organization.set_tags(policy.id, tags)
    return _rendered(policy)


def _update_policy(desk: Desk, call: Call) -> dict[str, Any]:
    policy = desk.organization.policies.update(
        call.params["PolicyId"],
        name=call.params.get("Name"),
        description=call.params.get("Description"),
        content=call.params.get("Content"),
    )
    return _rendered(policy)


def _describe_policy(desk: Desk, call: Call) -> dict[str, Any]:
    return _rendered(desk.organization.policies.get(call.params["PolicyId"]))


def _delete_policy(desk: Desk, call: Call) -> dict[str, Any]:
    desk.organization.policies.delete(call.params["PolicyId"])
    return {}


def _list_policies(desk: Desk, call: Call) -> dict[str, Any]:
    policies = desk.organization.policies.of_type(_modelled(call, "Filter"))
    return desk.page(
        call, "Policies", lambda start, count: policies[start : start + count], _summary
    )


def _attach_policy(desk: Desk, call: Call) -> dict[str, Any]:
    policies = desk.organization.policies
    policies.get(call.params["PolicyId"])
    policies.attach(call.params["PolicyId"], _check_target(desk, call.params["TargetId"]))
    return {}


def _detach_policy(desk: Desk, call: Call) -> dict[str, Any]:
    policies = desk.organization.policies
    policies.get(call.params["PolicyId"])
    policies.detach(call.params["PolicyId"], _check_target(desk, call.params["TargetId"]))
    return {}


def _list_policies_for_target(desk: Desk, call: Call) -> dict[str, Any]:
    target = _check_target(desk, call.params["TargetId"])
    attached = desk.organization.policies.attached_to(target, _modelled(call, "Filter"))
    return desk.page(
        call, "Policies", lambda start, count: attached[start : start + count], _summary
    )


def _rendered_target(organization: Organization, target: str) -> dict[str, Any]:
    if target == organization.root_id:
        kind, arn_kind, name = "ROOT", "root", "Root"
    elif (unit := organization.units.get(target)) is not None:
        kind, arn_kind, name = "ORGANIZATIONAL_UNIT", "ou", unit.name
    else:
        account = organization.account(target)
        kind, arn_kind, name = "ACCOUNT", "account", account.name if account else target
    arn = organization.arn(arn_kind, target)
    return {"TargetId": target, "Arn": arn, "Name": name, "Type": kind}


def _list_targets_for_policy(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    policy = organization.policies.get(call.params["PolicyId"])
    return desk.page(
        call,
        "Targets",
        lambda start, count: organization.policies.targets_of(policy.id, start, count),
        lambda target: _rendered_target(organization, target),
    )


def _check_root(desk: Desk, call: Call) -> None:
    if call.params["RootId"] != desk.organization.root_id:
        raise refusal("RootNotFound")


def _enable_policy_type(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    policy_type = _modelled(call, "PolicyType")
    _check_root(desk, call)
    _check_all_features(organization)
    match organization.policies.status.get(policy_type):
        case PolicyTypeStatus.ENABLED:
            raise refusal("PolicyTypeAlreadyEnabled")
        case PolicyTypeStatus.PENDING_ENABLE:
            raise refusal("PolicyChangesInProgress")
        case None:
            organization.policies.turn_on(policy_type, organization.targets())
            desk.enablings[policy_type] = desk.clock()
    return {"Root": rendered_root(organization)}


def _disable_policy_type(desk: Desk, call: Call) -> dict[str, Any]:
    policy_type = _modelled(call, "PolicyType")
    _check_root(desk, call)
    desk.organization.policies.turn_off(policy_type)
    return {"Root": rendered_root(desk.organization)}


def _describe_effective_policy(desk: Desk, call: Call) -> dict[str, Any]:
    # The types with an effective policy are management policies. SCPs and RCPs are not among
    # them (the model's value set has refused those), and the sandbox has none of the others.
    organization = desk.organization
    caller = call.principal.account
    target = call.params.get("TargetId") or caller
    manages = caller == organization.management_account or organization.is_delegate(caller)
    if target != caller and not manages:
        raise refusal("AccessDenied")
    _check_target(desk, target)
    if not organization.is_member(target):
        raise invalid("TARGET_NOT_SUPPORTED")
    raise refusal("EffectivePolicyNotFound")


def _put_resource_policy(desk: Desk, call: Call) -> dict[str, Any]:
    organization = desk.organization
    content = call.params["Content"]
    _check_resource_policy(content)
    tags = tags_from(call)
    old = organization.resource_policy
    policy_id = f"rp-{new_suffix(8)}" if old is None else old[0]
    organization.resource_policy = (policy_id, content)
    if old is None:
        organization.set_tags(policy_id, tags)
    return _describe_resource_policy(desk, call)


def _check_resource_policy(content: str) -> None:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise invalid("INVALID_RESOURCE_POLICY_JSON") from error
    if not isinstance(document, dict) or not document.get("Statement"):
        raise invalid("INVALID_RESOURCE_POLICY_JSON")


def _describe_resource_policy(desk: Desk, _call: Call) -> dict[str, Any]:
    organization = desk.organization
    if organization.resource_policy is None:
        raise refusal("ResourcePolicyNotFound")
    policy_id, content = organization.resource_policy
    summary = {"Id": policy_id, "Arn": organization.arn("resourcepolicy", policy_id)}
    return {"ResourcePolicy": {"ResourcePolicySummary": summary, "Content": content}}


OPERATIONS: Final[Mapping[str, Callable[[Desk, Call], dict[str, Any]]]] = {
    "CreatePolicy": _create_policy,
    "UpdatePolicy": _update_policy,
    "DescribePolicy": _describe_policy,
    "DeletePolicy": _delete_policy,
    "ListPolicies": _list_policies,
    "AttachPolicy": _attach_policy,
    "DetachPolicy": _detach_policy,
    "ListPoliciesForTarget": _list_policies_for_target,
    "ListTargetsForPolicy": _list_targets_for_policy,
    "EnablePolicyType": _enable_policy_type,
    "DisablePolicyType": _disable_policy_type,
    "DescribeEffectivePolicy": _describe_effective_policy,
    "PutResourcePolicy": _put_resource_policy,
    "DescribeResourcePolicy": _describe_resource_policy,
}
"""By API operation."""
