"""The CloudTrail record of one call, in the fields of "CloudTrail record contents".

It never holds a secret access key or a password; session tokens stand in it, as in AWS's own.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from orgroot.sandbox.model import Call, Principal, PrincipalKind

_READ = ("Get", "List", "Describe", "Head", "Lookup", "Assume", "Test", "Simulate", "Check")
_UNSEEN_PARAMETERS = frozenset({"Password", "OldPassword", "NewPassword", "Body", "Data"})


def of(
    call: Call, region: str, *, code: str, message: str, response: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The record of one call.

    Args:
        call: the call.
        region: the Region whose trail gets it.
        code: the error's code, empty on success.
        message: the error's text.
        response: what was answered, where the sandbox itself answered.
    """
    source = "monitoring" if call.service == "cloudwatch" else call.service
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": user_identity(call.principal, call.operation),
        "eventTime": call.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": call.operation,
        "awsRegion": region,
        "sourceIPAddress": call.source_ip,
        "userAgent": call.user_agent,
        "requestParameters": _request_parameters(call) or None,
        "responseElements": _response_elements(call.operation, response),
        "requestID": call.request_id,
        "eventID": str(uuid.uuid4()),
        "readOnly": call.operation.startswith(_READ),
        "eventType": "AwsApiCall",
        "recipientAccountId": call.principal.account,
    }
    if call.service == "sts" and call.resource.startswith("arn:aws:iam::"):
        owner = call.resource.split(":")[4]
        record["resources"] = [{"accountId": owner, "ARN": call.resource}]
    if code:
        record["errorCode"] = code
        record["errorMessage"] = message
    return record


def user_identity(principal: Principal, operation: str = "") -> dict[str, Any]:
    """``userIdentity`` of a record ("CloudTrail userIdentity element")."""
    kinds = {
        PrincipalKind.ROOT_USER: "Root",
        PrincipalKind.ROOT_SESSION: "Root",
        PrincipalKind.USER: "IAMUser",
        PrincipalKind.ROLE_SESSION: "AssumedRole",
    }
    identity: dict[str, Any] = {
        "type": kinds[principal.kind],
        "principalId": principal.user_id,
        "arn": principal.arn,
        "accountId": principal.account,
        "accessKeyId": principal.access_key_id,
    }
    if principal.kind is PrincipalKind.USER:
        identity["userName"] = principal.name
    if principal.issued_at is None:
        return identity
    created = principal.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    session: dict[str, Any] = {"attributes": {"creationDate": created, "mfaAuthenticated": "false"}}
    if principal.kind is PrincipalKind.ROLE_SESSION:
        session["sessionIssuer"] = {
            "type": "Role",
            "principalId": principal.user_id.partition(":")[0],
            "arn": principal.role_arn,
            "accountId": principal.account,
            "userName": principal.name,
        }
        if principal.source_identity:
            session["sourceIdentity"] = principal.source_identity
        if operation == "AssumeRoot":
            # So it stands in AWS's own sample of the AssumeRoot event.
            session["assumedRoot"] = "true"
    identity["sessionContext"] = session
    return identity


def _request_parameters(call: Call) -> dict[str, Any]:
    named = dict(_camel(call.params))
    if call.service == "s3" and "bucket" in named:
        named["bucketName"] = named.pop("bucket")  # so S3 alone calls it in its records
    if call.operation == "PutBucketPolicy" and "policy" in named:
        named["bucketPolicy"] = _document(named["policy"])
        named["policy"] = ""  # what is left of the query string
    return named


def _document(text: str) -> Any:
    """A policy as S3 writes it into its records: as an object, no longer as a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _response_elements(operation: str, response: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if response is None or operation not in {"AssumeRole", "AssumeRoot"}:
        return None
    given = response["Credentials"]
    elements: dict[str, Any] = {
        "credentials": {
            "accessKeyId": given["AccessKeyId"],
            "sessionToken": given["SessionToken"],
            "expiration": given["Expiration"].strftime("%b %d, %Y, %I:%M:%S %p"),
        }
    }
    if "AssumedRoleUser" in response:
        elements["assumedRoleUser"] = _camel(response["AssumedRoleUser"])
    if "SourceIdentity" in response:
        elements["sourceIdentity"] = response["SourceIdentity"]
    return elements


def _camel(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            f"{name[:1].lower()}{name[1:]}": _camel(item)
            for name, item in value.items()
            if name not in _UNSEEN_PARAMETERS
        }
    if isinstance(value, (list, tuple)):
        return [_camel(item) for item in value]
    if isinstance(value, bytes):
        return "HIDDEN_DUE_TO_SECURITY_REASONS"
    return value
