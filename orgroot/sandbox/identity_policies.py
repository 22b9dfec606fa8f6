"""Inline policies of users and roles, taken or refused as IAM does; moto takes some it should not.

And it refuses some that AWS takes: a root user's ARN as a resource, which AssumeRoot needs. It
follows "IAM and AWS STS quotas" and "IAM JSON policy reference" (IAM user guide).
"""

from collections.abc import Mapping
from typing import Any, Final

from orgroot.sandbox.data_plane import DataPlane
from orgroot.sandbox.model import ApiError, Call
from orgroot.sandbox.organization_values import PolicyType
from orgroot.sandbox.organizations_errors import not_modelled
from orgroot.sandbox.scp_documents import check_control_policy

OPERATIONS: Final = frozenset({"PutUserPolicy", "PutRolePolicy"})
_LIMITS: Final = {"PutUserPolicy": 2_048, "PutRolePolicy": 10_240}
"""Characters of all inline policies together, white space left out."""

_NO_BOUNDARIES: Final = frozenset({"CreateUser", "PutUserPermissionsBoundary"})


def put(data: DataPlane, call: Call) -> Mapping[str, Any]:
    """Store an inline policy.

    Raises:
        ApiError: NoSuchEntity, MalformedPolicyDocument or LimitExceeded, as IAM answers.
    """
    params = call.params
    backend = data.iam(call.principal.account)
    kind = "user" if call.operation == "PutUserPolicy" else "role"
    name = str(params.get("UserName" if kind == "user" else "RoleName"))
    held: Any = backend.users.values() if kind == "user" else backend.roles.values()
    holder = next((found for found in list(held) if found.name == name), None)
    if holder is None:
        text = f"The {kind} with name {name} cannot be found."
        raise ApiError("NoSuchEntity", text, 404)
    document = str(params.get("PolicyDocument", ""))
    problem = check_control_policy(PolicyType.SCP, document)
    if problem:
        raise ApiError("MalformedPolicyDocument", problem, 400)
    policy = str(params.get("PolicyName"))
    others = [str(text) for called, text in holder.policies.items() if called != policy]
    limit = _LIMITS[call.operation]
    if sum(len("".join(text.split())) for text in (*others, document)) > limit:
        text = f"Maximum policy size of {limit} bytes exceeded for {kind} {name}"
        raise ApiError("LimitExceeded", text, 409)
    with data.locked("iam"):
        holder.policies[policy] = document
    return {}


def refuse_boundary_of_user(call: Call) -> None:
    """Refuse what moto would forget: a user with a boundary would be a user without one.

    Raises:
        ApiError: 501.
    """
    if call.operation in _NO_BOUNDARIES and call.params.get("PermissionsBoundary"):
        raise not_modelled("iam", f"{call.operation} with a permissions boundary")
