"""Which resource control policies speak of `sts:AssumeRoot` in a way that would stop orgroot.

RCPs reach STS, and AWS does not say whether one of the member account has a say in AssumeRoot: this
is told apart from what the session may do, and decides nothing.
"""

from types import MappingProxyType

from orgroot.core.request_context import RequestContext, Value
from orgroot.core.root_principals import Whereabouts, organization_keys
from orgroot.core.scp_lockout import Blame, stance
from orgroot.core.scp_tree import ScpTree, groups

_ACTION = "sts:AssumeRoot"


def may_reach_assume_root(tree: ScpTree) -> tuple[Blame, ...]:
    """The statements of RCPs that deny AssumeRoot to a caller of the organization, or may."""
    found = {
        blame
        for group in groups(tree)
        for policy in group.rcps
        for blame, _ in stance(
            tree.policies[policy].scp,
            _ACTION,
            f"arn:aws:iam::{group.where.account}:root",
            _caller(group.where),
        ).denials
    }
    return tuple(sorted(found))


def _caller(where: Whereabouts) -> RequestContext:
    """Somebody of the organization's management or delegated account, with TLS, not a service."""
    values: dict[str, Value] = {
        "aws:principalisawsservice": "false",
        "aws:resourceaccount": where.account,
        "aws:securetransport": "true",
        "aws:viaawsservice": "false",
        **organization_keys(where),
    }
    values.pop("aws:principalorgpaths", None)  # the caller lies elsewhere than the resource
    return RequestContext(values=MappingProxyType(values))
