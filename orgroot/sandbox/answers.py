"""HTTP out: results by botocore's models, errors by three templates (query, JSON, S3).

moto's serializer writes results; it fails on errors raised outside moto, so those are ours.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import responses as reasons
from typing import Any
from xml.sax.saxutils import escape

from moto.core.serialize import SerializationContext, get_serializer_class

from orgroot.sandbox.model import ApiError
from orgroot.sandbox.wire import Operation

_JSON = frozenset({"json", "rest-json", "smithy-rpc-v2-cbor"})
BANNER = ("X-Sandbox", "orgroot; this is not AWS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer.

    Attributes:
        status: the HTTP status.
        headers: names and values, without length, date and banner.
        body: the body.
        error_code: AWS's code where the answer is an error, else empty.
        error_message: its text.
        result: what was answered, where the sandbox itself answered.
        drop: close the connection instead of answering.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    error_code: str = ""
    error_message: str = ""
    result: Mapping[str, Any] | None = None
    drop: bool = False

    @property
    def status_line(self) -> str:
        """The status with its reason, as WSGI wants it."""
        return f"{self.status} {reasons.get(self.status, 'Unknown')}"


def result(operation: Operation, value: Mapping[str, Any], request_id: str) -> Answer:
    """A success, written by botocore's model of the operation."""
    serializer = get_serializer_class(operation.service, operation.protocol)(
        operation.model, context=SerializationContext(request_id)
    )
    written = serializer.serialize(value)
    body = written["body"]
    headers = {**written["headers"], "x-amzn-RequestId": request_id}
    return Answer(
        status=written["status_code"],
        headers=tuple((name, str(text)) for name, text in headers.items()),
        body=body.encode() if isinstance(body, str) else bytes(body),
        result=value,
    )


def error(
    problem: ApiError, *, protocol: str, service: str, request_id: str, head: bool = False
) -> Answer:
    """An error in the words of the protocol; a HEAD request gets no body."""
    if problem.code == "AccessDenied" and protocol in _JSON and service != "sqs":
        problem = ApiError("AccessDeniedException", problem.message, 400, problem.fields)
    writer = {"query": _query, "rest-xml": _s3}.get(protocol, _json)
    headers, body = writer(problem, service, request_id)
    return Answer(
        status=problem.status,
        headers=headers,
        body=b"" if head else body,
        error_code=problem.code,
        error_message=problem.message,
    )


def _query(problem: ApiError, service: str, request_id: str) -> tuple[Any, bytes]:
    fault = "Receiver" if problem.status >= 500 else "Sender"  # noqa: PLR2004 - HTTP's own border
    namespace = f"https://{service}.amazonaws.com/doc/"
    fields = "".join(
        f"<{name}>{escape(str(value))}</{name}>" for name, value in problem.fields.items()
    )
    text = (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{fault}</Type>'
        f"<Code>{escape(problem.code)}</Code><Message>{escape(problem.message)}</Message>{fields}"
        f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return (("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id)), text.encode()


def _json(problem: ApiError, service: str, request_id: str) -> tuple[Any, bytes]:
    body = {"__type": problem.code, "message": problem.message, **problem.fields}
    if service == "organizations":
        body["Message"] = body.pop("message")
    headers = (
        ("Content-Type", "application/x-amz-json-1.1"),
        ("x-amzn-RequestId", request_id),
        ("x-amzn-ErrorType", problem.code),
    )
    return headers, json.dumps(body, default=str).encode()


def _s3(problem: ApiError, service: str, request_id: str) -> tuple[Any, bytes]:
    del service
    headers = [("Content-Type", "application/xml"), ("x-amz-request-id", request_id)]
    fields = dict(problem.fields)
    region = fields.pop("x-amz-bucket-region", None)
    if region:
        headers.append(("x-amz-bucket-region", str(region)))
    members = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items())
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(problem.code)}</Code><Message>{escape(problem.message)}</Message>"
        f"{members}<RequestId>{request_id}</RequestId><HostId>orgroot-sandbox</HostId></Error>"
    )
    return tuple(headers), text.encode()


def new_request_id(service: str) -> str:
    """A request id in the form the service uses."""
    if service == "s3":
        return uuid.uuid4().hex[:16].upper()
    return str(uuid.uuid4())
