"""HTTP in: from a WSGI environ to service, Region, operation and parameters, by botocore's models.

It reads both forms a client uses: the sandbox as a plain endpoint (``AWS_ENDPOINT_URL``) and as an
HTTP proxy, where the true host name arrives. It never judges a request.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes, urlsplit

from botocore.utils import parse_timestamp
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS, RequestDict, RequestParserError
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from orgroot.sandbox.model import ApiError

_MODEL_OF_SIGNING_NAME = {
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "access-analyzer": "accessanalyzer",
    "tagging": "resourcegroupstaggingapi",
}
_S3_HOST_MARKS = (".s3.", ".s3-")
_MAX_BODY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One HTTP request as the client meant it.

    Attributes:
        method: the HTTP method.
        raw_path: the path as sent, still percent-encoded, without query.
        query: the query string as sent.
        headers: by lower-case name; repeated headers joined by a comma, as WSGI does.
        body: the whole body.
        host: the Host header, lower case, with its port.
        peer: the peer's address.
        proxied: whether the client used the absolute form, as it does with an HTTP proxy.
        arguments: the query string, parsed.
    """

    method: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    host: str
    peer: str
    proxied: bool
    arguments: Mapping[str, str] = field(default_factory=dict)

    @property
    def hostname(self) -> str:
        """The host without its port."""
        return self.host.rsplit(":", 1)[0] if ":" in self.host else self.host

    @property
    def virtual_bucket(self) -> str:
        """The bucket in a virtual-hosted S3 host name, or an empty string."""
        if not self.hostname.endswith(".amazonaws.com"):
            return ""
        for mark in _S3_HOST_MARKS:
            if mark in self.hostname:
                return self.hostname.rsplit(mark, 1)[0]
        return ""

    @property
    def s3_path(self) -> str:
        """The path in S3's path style, whatever style the client used."""
        bucket = self.virtual_bucket
        return f"/{quote(bucket)}{self.raw_path}" if bucket else self.raw_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a request asks for.

    Attributes:
        service: botocore's service name.
        model: botocore's operation model.
        protocol: ``query``, ``json``, ``rest-xml`` or ``rest-json``.
        params: the parameters as boto3 would have passed them.
    """

    service: str
    model: OperationModel
    protocol: str
    params: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The API operation's name."""
        return str(self.model.name)


def read(environ: Mapping[str, Any]) -> HttpRequest:
    """Read a WSGI environ completely.

    Raises:
        ApiError: the body is larger than the sandbox takes.
    """
    raw_uri = str(environ.get("REQUEST_URI") or environ.get("RAW_URI") or environ["PATH_INFO"])
    proxied = "://" in raw_uri.split("?", 1)[0]
    if proxied:
        split = urlsplit(raw_uri)
        path, query = split.path or "/", split.query
    else:
        path, _, query = raw_uri.partition("?")
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    return HttpRequest(
        method=str(environ["REQUEST_METHOD"]),
        raw_path=path,
        query=query,
        headers=headers,
        body=_body(environ),
        host=headers.get("host", "").lower(),
        peer=str(environ.get("REMOTE_ADDR", "")),
        proxied=proxied,
        arguments=dict(parse_qsl(query, keep_blank_values=True)),
    )


def _body(environ: Mapping[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > _MAX_BODY_BYTES:
        raise ApiError("EntityTooLarge", "The sandbox takes at most 64 MiB in one request.", 400)
    stream = environ["wsgi.input"]
    data = stream.read(length) if length else b""
    if not data and environ.get("wsgi.input_terminated"):
        data = stream.read()
    return bytes(data)


def moto_environ(
    request: HttpRequest, *, service: str, region: str, account: str
) -> dict[str, Any]:
    """The same request as moto should see it: Regional host, path style, the account to act in."""
    s3 = service == "s3"
    path = request.s3_path if s3 else request.raw_path
    host = f"s3.{region}.amazonaws.com" if s3 else request.host
    if request.hostname.endswith(".amazonaws.com") and not s3:
        host = f"{service}.{region}.amazonaws.com"
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": f"{path}?{request.query}" if request.query else path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.peer,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    environ["CONTENT_LENGTH"] = str(len(request.body))
    environ.pop("HTTP_CONTENT_LENGTH", None)
    content_type = environ.pop("HTTP_CONTENT_TYPE", None)
    if content_type is not None:
        environ["CONTENT_TYPE"] = content_type
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["HTTP_HOST"] = host
    # moto reads the Region from a "region/…" in the user agent before it looks at the signature.
    environ["HTTP_USER_AGENT"] = f"orgroot-sandbox region/{region}"
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
    return environ


def model_of(signing_name: str) -> ServiceModel:
    """The botocore model of a service.

    Raises:
        ApiError: 501, the sandbox has no such service.
    """
    name = _MODEL_OF_SIGNING_NAME.get(signing_name, signing_name)
    try:
        return get_service_model(name)
    except Exception as error:
        raise ApiError(
            "NotImplemented", f"The sandbox does not know the service {signing_name!r}.", 501
        ) from error


def parse(request: HttpRequest, *, signing_name: str, region: str) -> Operation:
    """Find the operation and its parameters.

    Raises:
        ApiError: no such operation, or a body that does not parse.
    """
    model = model_of(signing_name)
    protocol = _protocol(request, model)
    if protocol == "query":
        values = {**request.arguments, **_form(request)}
        return _rpc(model, protocol, values.get("Action", ""), values, request)
    if protocol == "json":
        target = request.headers.get("x-amz-target", "").rpartition(".")[2]
        return _rpc(model, protocol, target, {}, request)
    if protocol == "smithy-rpc-v2-cbor":
        target = request.raw_path.rpartition("/")[2]
        return _rpc(model, protocol, target, {}, request)
    return _rest(str(model.service_name), protocol, request, region)


def protocol_of(request: HttpRequest, signing_name: str) -> str:
    """The protocol that the client speaks.

    Raises:
        ApiError: 501, the sandbox has no such service.
    """
    return _protocol(request, model_of(signing_name))


def _protocol(request: HttpRequest, model: ServiceModel) -> str:
    protocols = model.metadata.get("protocols", [model.protocol])
    kind = request.headers.get("content-type", "")
    if model.service_name == "s3":
        return "rest-xml"
    if kind.startswith("application/x-www-form-urlencoded") and "query" in protocols:
        return "query"
    if "x-amz-target" in request.headers and "json" in protocols:
        return "json"
    if "/operation/" in request.raw_path and "smithy-rpc-v2-cbor" in protocols:
        return "smithy-rpc-v2-cbor"
    if request.arguments.get("Action") and "query" in protocols:
        return "query"
    return str(protocols[0])


def _form(request: HttpRequest) -> dict[str, str]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _rpc(
    model: ServiceModel,
    protocol: str,
    name: str,
    values: Mapping[str, str],
    request: HttpRequest,
) -> Operation:
    if name not in model.operation_names:
        raise unknown_operation(protocol)
    operation, service = model.operation_model(name), str(model.service_name)
    if protocol == "smithy-rpc-v2-cbor":
        # Only CloudWatch speaks it; nothing in the front needs its parameters.
        return Operation(service=service, model=operation, protocol=protocol, params={})
    params = _parameters(
        operation,
        protocol,
        {
            "method": request.method,
            "values": values,
            "headers": Headers(list(request.headers.items())),
            "body": request.body,
            "url_path": request.raw_path,
            "url_params": {},
        },
    )
    return Operation(service=service, model=operation, protocol=protocol, params=params)


def _rest(service: str, protocol: str, request: HttpRequest, region: str) -> Operation:
    environ = moto_environ(request, service=service, region=region, account="")
    environ["HTTP_HOST"] = "localhost"
    environ.pop("HTTP_X_MOTO_ACCOUNT_ID")
    try:
        operation, labels = get_service_router(service).match(Request(environ))
    except HTTPException as error:
        raise unknown_operation(protocol) from error
    params = _parameters(
        operation,
        protocol,
        {
            "method": request.method,
            "values": _MultiArguments(request.query),
            "headers": Headers(list(request.headers.items())),
            "body": request.body,
            "url_path": unquote(request.s3_path),
            "url_params": labels,
        },
    )
    return Operation(service=service, model=operation, protocol=protocol, params=params)


class _MultiArguments(dict[str, str]):
    """Query arguments with the one method of a multi-dict that moto's REST parser calls."""

    def __init__(self, query: str) -> None:
        pairs = parse_qsl(query, keep_blank_values=True)
        super().__init__(pairs)
        self._pairs = pairs

    def getlist(self, key: str) -> list[str]:
        """Every value of one argument."""
        return [value for name, value in self._pairs if name == key]


def _parameters(
    operation: OperationModel, protocol: str, parts: Mapping[str, Any]
) -> Mapping[str, Any]:
    parser = PROTOCOL_PARSERS[protocol](operation, timestamp_parser=_aware)
    try:
        return dict(parser.parse(cast("RequestDict", parts)))
    except (RequestParserError, ValueError, KeyError, TypeError, AttributeError) as error:
        code = "MalformedXML" if protocol == "rest-xml" else "SerializationException"
        raise ApiError(code, f"The request does not parse: {error}", 400) from error


def _aware(value: Any) -> datetime:
    parsed: datetime = parse_timestamp(value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def unknown_operation(protocol: str) -> ApiError:
    """What AWS says to an operation it does not know, by protocol."""
    if protocol == "query":
        return ApiError("InvalidAction", "Unknown Operation", 400)
    if protocol == "rest-xml":
        return ApiError("MethodNotAllowed", "The specified method is not allowed.", 405)
    return ApiError("UnknownOperationException", "", 400)


def as_json(value: Any) -> bytes:
    """Plain JSON bytes, for the sandbox's own control pages."""
    return json.dumps(value, default=str, sort_keys=True).encode() + b"\n"
