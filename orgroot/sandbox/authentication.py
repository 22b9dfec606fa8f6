"""Who signed a request: sessions issued here, root users' keys and IAM users' keys.

An unknown key, a wrong token, an expired session or a signature that does not cover the request is
always refused, in the words of the service that was called.
"""

import base64
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from moto.iam.utils import ACCOUNT_OFFSET, AWS_ROLE_ALPHABET, generate_access_key_id_from_account_id

from orgroot.core.ids import AccountId
from orgroot.sandbox import sigv4
from orgroot.sandbox.model import ApiError, Principal
from orgroot.sandbox.wire import HttpRequest

_SKEW = timedelta(minutes=15)
_KEPT_SESSIONS = 100_000
_KEY_LENGTH = 20
_INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - a message
_EXPIRED = "The security token included in the request is expired"
_JSON_PROTOCOLS = frozenset({"json", "rest-json", "smithy-rpc-v2-cbor"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Credential:
    """A key with what it takes to check it; its repr shows the key id only.

    Attributes:
        principal: who it speaks for.
        secret: the secret access key.
        token: the session token; empty for a long-term key.
        active: whether the key may be used.
    """

    principal: Principal
    secret: str
    token: str = ""
    active: bool = True

    def __repr__(self) -> str:
        return f"Credential({self.principal.access_key_id})"


LongTermKeys = Callable[[AccountId, str], Credential | None]
"""Finds a long-term key: the account decoded from the key id, and the key id."""


def account_of_key(access_key_id: str) -> AccountId | None:
    """The account that an access key id encodes, in AWS's own encoding; None if it encodes none."""
    if len(access_key_id) != _KEY_LENGTH or access_key_id[:4] not in {"AKIA", "ASIA"}:
        return None
    try:
        number = int.from_bytes(base64.b32decode(access_key_id[4:12]), "big") - ACCOUNT_OFFSET
    except ValueError:
        return None
    odd = access_key_id[12] in AWS_ROLE_ALPHABET[16:]
    account = number * 2 + int(odd)
    return AccountId(f"{account:012d}") if 0 <= account < 10**12 else None


class Authentication:
    """The table of sessions, and the check of every request's signature."""

    def __init__(
        self, *, clock: Callable[[], datetime], long_term: tuple[LongTermKeys, ...]
    ) -> None:
        self._clock = clock
        self._long_term = long_term
        self._sessions: dict[str, Credential] = {}
        self._order: deque[str] = deque()
        self._lock = threading.Lock()

    def issue(self, principal: Principal, *, lifetime: timedelta) -> Credential:
        """Issue temporary credentials; ``access_key_id`` and times of the principal are set here.

        The oldest sessions are forgotten beyond 100,000.
        """
        now = self._clock()
        key = generate_access_key_id_from_account_id(principal.account, prefix="ASIA")
        session = Credential(
            principal=replace(
                principal, access_key_id=key, issued_at=now, expires_at=now + lifetime
            ),
            secret=secrets.token_urlsafe(30),
            token="FwoGZXIvYXdzE" + secrets.token_urlsafe(180),
        )
        with self._lock:
            self._sessions[key] = session
            self._order.append(key)
            if len(self._order) > _KEPT_SESSIONS:
                self._sessions.pop(self._order.popleft(), None)
        return session

    def find(self, access_key_id: str) -> Credential | None:
        """The credential of an access key id, or None."""
        session = self._sessions.get(access_key_id)
        if session is not None:
            return session
        account = account_of_key(access_key_id)
        if account is None:
            return None
        for source in self._long_term:
            found = source(account, access_key_id)
            if found is not None:
                return found
        return None

    def authenticate(
        self, request: HttpRequest, signature: sigv4.Signature, protocol: str
    ) -> Principal:
        """The principal that signed.

        Raises:
            ApiError: the key, the token, the time or the signature is not good.
        """
        credential = self.find(signature.access_key_id)
        service = signature.service
        if credential is None or not credential.active:
            raise _unknown_key(service, protocol, signature.access_key_id)
        if not secrets.compare_digest(credential.token.encode(), signature.token.encode()):
            raise _wrong_token(service, protocol)
        self._check_time(signature, service, protocol)
        if not sigv4.matches(request, signature, credential.secret):
            raise _bad_signature(service, protocol)
        ends = credential.principal.expires_at
        if ends is not None and ends <= self._clock():
            raise _expired(service, protocol)
        return credential.principal

    def _check_time(self, signature: sigv4.Signature, service: str, protocol: str) -> None:
        # Clients sign with the machine's clock, so the sandbox's own clock has no say here.
        now = datetime.now(UTC)
        signed_at = signature.signed_at
        until = signature.presigned_until
        if signed_at is None:
            raise _bad_signature(service, protocol)
        if until is not None:
            if now > until:
                raise ApiError("AccessDenied", "Request has expired", 403)
        elif abs(now - signed_at) > _SKEW:
            if service == "s3":
                text = "The difference between the request time and the current time is too large."
                raise ApiError("RequestTimeTooSkewed", text, 403)
            raise _bad_signature(service, protocol, "Signature expired")


def missing(service: str) -> ApiError:
    """What AWS says to a request without a signature."""
    if service == "s3":
        return ApiError("AccessDenied", "Access Denied", 403)
    return ApiError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)


def _unknown_key(service: str, protocol: str, key: str) -> ApiError:
    if service == "s3":
        text = "The AWS Access Key Id you provided does not exist in our records."
        return ApiError("InvalidAccessKeyId", text, 403, {"AWSAccessKeyId": key})
    return _wrong_token(service, protocol)


def _wrong_token(service: str, protocol: str) -> ApiError:
    if service == "s3":
        text = "The provided token is malformed or otherwise invalid."
        return ApiError("InvalidToken", text, 400)
    if protocol in _JSON_PROTOCOLS and service != "sqs":
        return ApiError("UnrecognizedClientException", _INVALID_TOKEN, 400)
    return ApiError("InvalidClientTokenId", _INVALID_TOKEN, 403)


def _expired(service: str, protocol: str) -> ApiError:
    if service == "s3":
        return ApiError("ExpiredToken", "The provided token has expired.", 400)
    if protocol in _JSON_PROTOCOLS:
        return ApiError("ExpiredTokenException", _EXPIRED, 400)
    return ApiError("ExpiredToken", _EXPIRED, 400 if service == "sts" else 403)


def _bad_signature(service: str, protocol: str, why: str = "") -> ApiError:
    text = (
        "The request signature we calculated does not match the signature you provided. Check "
        "your AWS Secret Access Key and signing method."
    )
    json = protocol in _JSON_PROTOCOLS and service != "s3"
    code = "InvalidSignatureException" if json else "SignatureDoesNotMatch"
    return ApiError(code, f"{why}: {text}" if why else text, 400 if json else 403)
