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


_ABSENT_IN_IAM = ("iam:", "aws:resourcetag/")
"""Root tasks touch the root user, its credentials and its MFA devices, which have no tags of
anybody's, and IAM's own keys are of other actions (service authorization reference, IAM)."""

_ABSENT_IN_S3 = ("s3:",)
_OPEN_IN_S3 = ("s3:buckettag/", "s3:x-amz-content-sha256")
"""S3's keys are of other actions, but for these and what `_ordinary` says (service authorization
reference, S3: GetBucketPolicy, PutBucketPolicy, DeleteBucketPolicy, ListAllMyBuckets)."""

_ABSENT_IN_SQS = ("sqs:",)
"""SQS has no keys of its own (service authorization reference, SQS)."""

_ABSENT_IN = MappingProxyType({"iam": _ABSENT_IN_IAM, "s3": _ABSENT_IN_S3, "sqs": _ABSENT_IN_SQS})

_TLS_VERSIONS = frozenset({"1.2", "1.3"})
"""What AWS's endpoints speak ("TLS 1.2 to become the minimum for all AWS API endpoints")."""

_TWINS = MappingProxyType(
    {
        "aws:principalorgid": "aws:resourceorgid",
        "aws:principalorgpaths": "aws:resourceorgpaths",
        "aws:resourceorgid": "aws:principalorgid",
        "aws:resourceorgpaths": "aws:principalorgpaths",
    }
)
"""Caller and resource are of one account, so of one organization and one place in it."""

_THROUGH_ENDPOINT = (
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
)
"""Keys of requests through a VPC endpoint, which have no `aws:SourceIp`."""


def request_context(
    principal: RootPrincipal, where: Whereabouts, *, now: str | None = None, action: str = ""
) -> RequestContext:
    """What is known of a root principal's request.

    Args:
        principal: who calls.
        where: in which account.
        now: the time of the check (UTC, ISO 8601), for keys that are times; None: unknown.
        action: what is called, as `service:Name`; empty: any.
    """
    service = action.partition(":")[0]
    account = where.account
    values: dict[str, Value] = {
        "aws:principalaccount": account,
        "aws:principalarn": f"arn:aws:iam::{account}:root",
        "aws:principaltype": "Account",
        "aws:principalisawsservice": "false",
        "aws:resourceaccount": account,
        "aws:userid": account,
        "aws:viaawsservice": "false",
        **_ordinary(service, account),
        **organization_keys(where),
    }
    if now is not None:
        values |= {"aws:currenttime": now, "aws:epochtime": now}
    if principal is RootPrincipal.ROOT_SESSION:
        values |= _session(now)
    else:
        values["aws:assumedroot"] = None
    return RequestContext(
        values=MappingProxyType(values),
        absent=(*_ABSENT, *_ABSENT_IN.get(service, ())),
        open=_OPEN_IN_S3,
        service=service,
        twins=_TWINS,
    )


def with_implied(settled: Mapping[str, Value]) -> dict[str, Value]:
    """What somebody knows of a root user's request, with what follows from it.

    An address of the caller says that no VPC endpoint lies between ("aws:SourceIp"), an endpoint
    that there is no such address; caller and resource are of one organization.
    """
    known = {key.lower(): value for key, value in settled.items()}
    implied: dict[str, Value] = {}
    if known.get("aws:sourceip"):
        implied = dict.fromkeys(_THROUGH_ENDPOINT)
    elif any(known.get(key) for key in _THROUGH_ENDPOINT):
        implied = {"aws:sourceip": None}
    for key, twin in _TWINS.items():
        if key in known:
            implied[twin] = known[key]
    return {**implied, **known}


def _ordinary(service: str, account: str) -> Mapping[str, Value]:
    """What a caller has in hand, as AWS's SDKs and orgroot have it: TLS, and a fresh signature.

    Whoever wants in can call so. What only S3 has is there where S3 is called, or anything.
    """
    values: dict[str, Value] = {"aws:securetransport": "true"}
    if service in {"", "s3"}:
        values |= {
            "s3:authtype": "REST-HEADER",
            "s3:resourceaccount": account,
            "s3:signatureage": "0",
            "s3:signatureversion": "AWS4-HMAC-SHA256",
            "s3:tlsversion": _TLS_VERSIONS,
        }
    return values


def _session(now: str | None) -> Mapping[str, Value]:
    """AssumeRoot takes no MFA; the session is as old as the call."""
    values: dict[str, Value] = {
        "aws:assumedroot": "true",
        "aws:multifactorauthpresent": "false",
        "aws:multifactorauthage": None,
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
