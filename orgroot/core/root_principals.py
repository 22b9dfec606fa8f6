"""Who a root task's request comes from, as far as condition keys can be known beforehand.

"AWS global condition context keys" (IAM user guide). What only the request itself will show (the
network it comes from, say) is left unknown, so that it is never guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from orgroot.core.request_context import RequestContext, Value


class RootPrincipal(StrEnum):
    """The two ways to act as the root user of a member account."""

    ROOT_SESSION = "root-session"
    ROOT_USER = "root-user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """The account a request is made in.

    Attributes:
        account: its id.
        organization: the organization's id; empty where that is not known.
        path: ids from the organization root to its parent; empty where that is not known.
    """

    account: str
    organization: str = ""
    path: tuple[str, ...] = ()


_ABSENT = (
    "aws:principaltag/",  # a root user has no tags, nor does AssumeRoot take any
    "aws:requesttag/",  # no root task tags anything
    "aws:tagkeys",
    "aws:calledvia",
    "aws:chatbotsourcearn",
    "aws:ec2instancesource",
    "aws:federatedprovider",
    "aws:principalservicename",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorg",
    "aws:username",
    "ec2:sourceinstancearn",
    "lambda:sourcefunctionarn",
)
"""Keys of calls by services, roles, users and instances: a root user's own calls lack them."""


def request_context(
    principal: RootPrincipal, where: Whereabouts, *, now: str | None = None
) -> RequestContext:
    """What is known of a root principal's request.

    Args:
        principal: who calls.
        where: in which account.
        now: the time of the check (UTC, ISO 8601), for keys that are times; None: unknown.
    """
    account = where.account
    values: dict[str, Value] = {
        "aws:principalaccount": account,
        "aws:principalarn": f"arn:aws:iam::{account}:root",
        "aws:principaltype": "Account",
        "aws:principalisawsservice": "false",
        "aws:resourceaccount": account,
        "aws:userid": account,
        "aws:viaawsservice": "false",
        "s3:resourceaccount": account,
        **organization_keys(where),
    }
    if now is not None:
        values |= {"aws:currenttime": now, "aws:epochtime": now}
    if principal is RootPrincipal.ROOT_SESSION:
        values |= _session(now)
    else:
        values["aws:assumedroot"] = None
    return RequestContext(values=MappingProxyType(values), absent=_ABSENT)


def _session(now: str | None) -> Mapping[str, Value]:
    """AssumeRoot takes no MFA, and orgroot speaks TLS alone; the session is as old as the call."""
    values: dict[str, Value] = {
        "aws:assumedroot": "true",
        "aws:multifactorauthpresent": "false",
        "aws:multifactorauthage": None,
        "aws:securetransport": "true",
    }
    if now is not None:
        values["aws:tokenissuetime"] = now
    return values


def organization_keys(where: Whereabouts) -> Mapping[str, Value]:
    """What is known of organization and path, of caller and resource in this account alike."""
    if not where.organization:
        return {}
    known: dict[str, Value] = {
        "aws:principalorgid": where.organization,
        "aws:resourceorgid": where.organization,
    }
    if where.path:
        paths = ("/".join((where.organization, *where.path, "")),)
        known |= {"aws:principalorgpaths": paths, "aws:resourceorgpaths": paths}
    return known
