"""Roles that a call hands to a service, for which its caller needs iam:PassRole.

It follows "Granting a user permissions to pass a role to an AWS service" (IAM user guide): every
parameter that holds the ARN of a role counts, whatever the service.
"""

from collections.abc import Iterator, Mapping
from typing import Any

PASS_ROLE = "iam:PassRole"  # noqa: S105 - an action's name
_OWN = frozenset({"sts", "organizations"})
"""Services whose role parameters name what is assumed, not what is passed."""


def passed(service: str, operation: str, params: Mapping[str, Any], account: str) -> Iterator[str]:
    """The ARNs of the roles that a call passes, each once."""
    if service == "iam":
        if operation == "AddRoleToInstanceProfile":
            yield f"arn:aws:iam::{account}:role/{params.get('RoleName', '')}"
        return
    if service not in _OWN:
        yield from dict.fromkeys(_roles_in(params))


def _roles_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if isinstance(item, str) and name.lower().endswith(("role", "rolearn")):
                if item.startswith("arn:") and ":role/" in item:
                    yield item
            else:
                yield from _roles_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _roles_in(item)
