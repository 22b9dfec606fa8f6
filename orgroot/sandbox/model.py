"""Values that pass between parts of the sandbox: who calls, what is called, how AWS says no."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from orgroot.core.ids import AccountId


class PrincipalKind(StrEnum):
    """What kind of identity signed a call, in the words of CloudTrail's ``userIdentity.type``."""

    ROOT_USER = "root-user"
    ROOT_SESSION = "root-session"
    USER = "user"
    ROLE_SESSION = "role-session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The identity behind a signed call.

    Attributes:
        kind: long-term root user, AssumeRoot session, IAM user or role session.
        account: the account it belongs to (a root session: the member account).
        arn: what ``sts:GetCallerIdentity`` answers.
        user_id: the ``UserId`` that GetCallerIdentity answers.
        access_key_id: the key that signed.
        name: user name, role name, or ``root``.
        session_name: the role session's name, else empty.
        task_policy_arn: the root-task policy of a root session, else None.
        role_arn: a role session's role (``aws:PrincipalArn``), else empty.
        source_identity: set when the role was assumed with one, else None.
        session_policies: inline session policies (JSON documents) that cap a role session.
        issued_at: when temporary credentials were issued (UTC), None for long-term keys.
        expires_at: when temporary credentials end (UTC), None for long-term keys.
    """

    kind: PrincipalKind
    account: AccountId
    arn: str
    user_id: str
    access_key_id: str
    name: str
    session_name: str = ""
    task_policy_arn: str | None = None
    role_arn: str = ""
    source_identity: str | None = None
    session_policies: tuple[str, ...] = ()
    issued_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One API call, parsed and authenticated.

    Attributes:
        service: AWS's endpoint prefix: ``iam``, ``sts``, ``organizations``, ``s3``, ``sqs`` …
        region: the Region in the signature.
        operation: the API operation, e.g. ``GetAccountSummary``.
        params: the request as boto3 would have passed it.
        action: the IAM action, e.g. ``s3:ListBucket``.
        resource: the ARN the action is judged on, ``*`` where the action takes none.
        principal: who signed.
        request_id: the id in the answer and in the trail.
        at: when it arrived (UTC).
        source_ip: the peer's address.
        user_agent: the User-Agent header.
        host: the Host the client believed it spoke to.
    """

    service: str
    region: str
    operation: str
    params: Mapping[str, Any]
    action: str
    resource: str
    principal: Principal
    request_id: str
    at: datetime
    source_ip: str = "127.0.0.1"
    user_agent: str = ""
    host: str = ""


@dataclass(slots=True)
class ApiError(Exception):
    """AWS's way to say no, before it is written as XML or JSON.

    Attributes:
        code: the code on the wire, with or without ``Exception`` exactly as AWS sends it.
        message: the text.
        status: the HTTP status.
        fields: further members of the error shape, e.g. ``{"Reason": "…"}`` in Organizations.
    """

    code: str
    message: str
    status: int = 400
    fields: dict[str, Any] = field(default_factory=dict)


def access_denied(call: Call, why: str = "") -> ApiError:
    """The AccessDenied that AWS answers, ending with the policy type (and ARN) where one denied."""
    text = (
        f"User: {call.principal.arn} is not authorized to perform: {call.action} "
        f"on resource: {call.resource}"
    )
    return ApiError("AccessDenied", f"{text} {why}".rstrip(), 403)
