"""Bucket and queue policies are refused where AWS would refuse them; moto takes any text.

It follows "Bucket policies" (S3 user guide) and SetQueueAttributes (SQS API reference).
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from orgroot.sandbox.model import ApiError, Call

_MAX_BUCKET_POLICY = 20 * 1024
_ELEMENTS = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))

Fault = Callable[[str], ApiError]


def validate(call: Call) -> None:
    """Refuse a policy that AWS would not store; other calls pass.

    Raises:
        ApiError: MalformedPolicy of S3, InvalidAttributeValue of SQS.
    """
    if call.service == "s3" and call.operation == "PutBucketPolicy":
        _bucket_policy(str(call.params.get("Policy", "")), str(call.params["Bucket"]))
    if call.service == "sqs" and call.operation in {"SetQueueAttributes", "CreateQueue"}:
        text = (call.params.get("Attributes") or {}).get("Policy")
        if text:
            _statements(str(text), _bad_attribute)


def _bucket_policy(text: str, bucket: str) -> None:
    if len(text.encode()) > _MAX_BUCKET_POLICY:
        raise ApiError("PolicyTooLarge", "Policy exceeds the maximum allowed document size.", 400)
    arn = f"arn:aws:s3:::{bucket}"
    for statement in _statements(text, _malformed):
        resources = statement.get("Resource", statement.get("NotResource"))
        for resource in resources if isinstance(resources, list) else [resources]:
            if resource != arn and not str(resource).startswith((f"{arn}/", f"{arn}*")):
                raise _malformed("Policy has invalid resource")
        actions = statement.get("Action", statement.get("NotAction"))
        for action in actions if isinstance(actions, list) else [actions]:
            if action != "*" and not str(action).lower().startswith("s3:"):
                raise _malformed("Policy has invalid action")


def _statements(text: str, fault: Fault) -> list[Mapping[str, Any]]:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise fault("Policies must be valid JSON and the first byte must be '{'") from error
    if not isinstance(body, dict):
        raise fault("Policies must be valid JSON and the first byte must be '{'")
    if "Statement" not in body:
        raise fault("Missing required field Statement")
    found = body["Statement"]
    statements = found if isinstance(found, list) else [found]
    if not statements:
        raise fault("Could not parse the policy: Statement is empty!")
    for statement in statements:
        if not isinstance(statement, dict):
            raise fault("Invalid policy syntax.")
        if statement.get("Effect") not in {"Allow", "Deny"}:
            raise fault("Missing required field Effect")
        for element, negated in _ELEMENTS:
            if (element in statement) == (negated in statement):
                raise fault(f"Missing required field {element}")
    return statements


def _malformed(text: str) -> ApiError:
    return ApiError("MalformedPolicy", text, 400)


def _bad_attribute(text: str) -> ApiError:
    return ApiError("InvalidAttributeValue", f"Invalid value for the parameter Policy. {text}", 400)
