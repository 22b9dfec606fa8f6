"""AWS Signature Version 4, checked from the outside: header, query and streaming forms.

It follows "Signature Version 4 for API requests" (IAM user guide) and "Signature calculations:
transferring payload in multiple chunks" (S3 API reference). It decides nothing: it computes.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote

from botocore.utils import normalize_url_path

from orgroot.sandbox.wire import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
_EMPTY = hashlib.sha256(b"").hexdigest()
_HEADER = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)"
)
_CHUNK = re.compile(rb"([0-9a-fA-F]+);chunk-signature=([0-9a-f]{64})\r\n")
_SCOPE_PARTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature as the client sent it.

    Attributes:
        access_key_id: the key that signed.
        date: the scope's day, ``YYYYMMDD``.
        region: the scope's Region.
        service: the scope's service, e.g. ``sts``.
        signed_headers: the header names that are covered, in order.
        signature: 64 hexadecimal digits.
        timestamp: ``X-Amz-Date`` as sent.
        token: the session token as sent, or an empty string.
        presigned_for: the validity in seconds of a query signature; None for a header signature.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    token: str
    presigned_for: int | None

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"

    @property
    def signed_at(self) -> datetime | None:
        """When it was signed (UTC), or None where the timestamp does not parse."""
        try:
            return datetime.strptime(self.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            return None

    @property
    def presigned_until(self) -> datetime | None:
        """When a query signature ends (UTC); None for a header signature."""
        if self.presigned_for is None or self.signed_at is None:
            return None
        return self.signed_at + timedelta(seconds=self.presigned_for)


def find(request: HttpRequest) -> Signature | None:
    """The request's signature, or None where there is none that is complete."""
    header = _HEADER.fullmatch(request.headers.get("authorization", "").strip())
    if header:
        credential, signed, signature = header.groups()
        date = request.headers.get("x-amz-date", "")
        token = request.headers.get("x-amz-security-token", "")
        return _signature((credential, signed, signature, date, token), None)
    query = request.arguments
    if query.get("X-Amz-Algorithm") == ALGORITHM and query.get("X-Amz-Expires", "").isdigit():
        names = ("Credential", "SignedHeaders", "Signature", "Date", "Security-Token")
        parts = tuple(query.get(f"X-Amz-{name}", "") for name in names)
        return _signature(parts, int(query["X-Amz-Expires"]))
    return None


def _signature(sent: tuple[str, ...], expires: int | None) -> Signature | None:
    credential, signed, signature, timestamp, token = sent
    parts = unquote(credential).split("/")
    if len(parts) != _SCOPE_PARTS or parts[-1] != "aws4_request":
        return None
    key, date, region, service, _ = parts
    return Signature(
        access_key_id=key,
        date=date,
        region=region,
        service=service,
        signed_headers=tuple(signed.split(";")),
        signature=signature,
        timestamp=timestamp,
        token=token,
        presigned_for=expires,
    )


def matches(request: HttpRequest, signature: Signature, secret: str) -> bool:
    """Whether the signature covers exactly this request, its payload included."""
    if "host" not in signature.signed_headers or not signature.timestamp.startswith(signature.date):
        return False
    payload_hash, as_sent = _payload_hash(request, signature)
    if not as_sent:
        return False
    canonical = "\n".join(
        (
            request.method,
            _canonical_path(request, signature.service),
            _canonical_query(request),
            "".join(
                f"{name}:{' '.join(request.headers.get(name, '').split())}\n"
                for name in signature.signed_headers
            ),
            ";".join(signature.signed_headers),
            payload_hash,
        )
    )
    digest = hashlib.sha256(canonical.encode("latin-1", "replace")).hexdigest()
    to_sign = f"{ALGORITHM}\n{signature.timestamp}\n{signature.scope}\n{digest}"
    key = _signing_key(secret, signature.date, signature.region, signature.service)
    expected = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature.signature):
        return False
    if payload_hash.startswith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"):
        return _chunks_match(request.body, signature, key)
    return True


def _payload_hash(request: HttpRequest, signature: Signature) -> tuple[str, bool]:
    declared = request.headers.get("x-amz-content-sha256", "")
    if signature.presigned_for is not None and signature.service == "s3":
        return declared or UNSIGNED, True
    if declared == UNSIGNED or declared.startswith("STREAMING-"):
        return declared, signature.service == "s3"
    actual = hashlib.sha256(request.body).hexdigest() if request.body else _EMPTY
    return actual, declared in ("", actual)


def _canonical_path(request: HttpRequest, service: str) -> str:
    if service == "s3":
        return request.raw_path or "/"
    return quote(normalize_url_path(request.raw_path), safe="/~")


def _canonical_query(request: HttpRequest) -> str:
    if not request.query:
        return ""
    pairs = (
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(request.query, keep_blank_values=True)
        if name != "X-Amz-Signature"
    )
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


@lru_cache(maxsize=4096)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _chunks_match(body: bytes, signature: Signature, key: bytes) -> bool:
    previous, ended = signature.signature, False
    for data, declared in _chunks(body):
        text = "\n".join(
            (
                f"{ALGORITHM}-PAYLOAD",
                signature.timestamp,
                signature.scope,
                previous,
                _EMPTY,
                hashlib.sha256(data).hexdigest(),
            )
        )
        expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, declared):
            return False
        previous, ended = declared, not data
    return ended


def _chunks(body: bytes) -> Iterator[tuple[bytes, str]]:
    position = 0
    while match := _CHUNK.match(body, position):
        size = int(match[1], 16)
        data = body[match.end() : match.end() + size]
        if len(data) != size:
            return
        yield data, match[2].decode()
        position = match.end() + size + 2
