"""One botocore client per service and Region for the whole process, shared by all threads.

Operator clients sign with the operator's credentials only, session clients with the current session
only (a root session, or the executor role's): two botocore sessions that share nothing but the
service models.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

import structlog
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from orgroot import __version__
from orgroot.aws.clock import AwsClock
from orgroot.aws.endpoints import (
    EndpointKind,
    checked_region,
    endpoint_url,
    own_host,
    packaged_models,
    require_own_host,
)
from orgroot.aws.failures import CallFacts, translate
from orgroot.aws.session_credentials import (
    Session as BorrowedSession,
)
from orgroot.aws.session_credentials import (
    SessionCredentialsProvider,
    current_session,
    signing_with,
)
from orgroot.core.secrets import RoleSession
from orgroot.errors import CredentialsError, OrgrootError

_AGENT = f"orgroot/{__version__}"
_READ_ATTEMPTS = 3
_REMEMBERED_REFERENCES = 4096
_REFERENCE: ContextVar[str | None] = ContextVar("orgroot_reference", default=None)
_FILES = {"config_file": "AWS_CONFIG_FILE", "credentials_file": "AWS_SHARED_CREDENTIALS_FILE"}
_LOG = structlog.get_logger("orgroot.aws")
"""Which call, for whom, how long: never what was sent or answered."""

_SDK_LOGGERS = ("botocore", "boto3", "urllib3", "s3transfer")


def quiet_sdk_loggers() -> None:
    """Pin botocore's and urllib3's loggers at WARNING: their DEBUG prints AssumeRoot's answer."""
    known = [
        name
        for name in logging.root.manager.loggerDict
        if name.startswith(tuple(f"{top}." for top in _SDK_LOGGERS))
    ]
    for name in (*_SDK_LOGGERS, *known):
        logger = logging.getLogger(name)
        if name in _SDK_LOGGERS or 0 < logger.level < logging.WARNING:
            logger.setLevel(logging.WARNING)


class AwsDoor:
    """The way to AWS: every call of every adapter goes through `call`.

    Args:
        profile: AWS profile; None: the default chain.
        region: of STS and of Regional services; None: from the AWS config.
        endpoint_kind: what the log was created for, `aws` or `sandbox`; None: there is no log.
        environ: the environment. boto3 reads the process's own for what is not named in it.
        concurrency: how many threads may call at once; sizes the connection pools.
        read_timeout_seconds: how long an answer may take.

    Raises:
        UsageError: no Region, or one without a Regional STS endpoint.
        CredentialsError: the profile does not exist, or half of a key pair is set.
        IntegrityError: a configured endpoint does not agree with the endpoint kind.
    """

    def __init__(
        self,
        profile: str | None,
        region: str | None,
        endpoint_kind: EndpointKind | None,
        environ: Mapping[str, str],
        *,
        concurrency: int = 20,
        read_timeout_seconds: float = 60.0,
    ) -> None:
        quiet_sdk_loggers()
        self.clock = AwsClock()
        self._profile = profile or environ.get("AWS_PROFILE") or None
        self._sso = False
        try:
            self._operator = _session(profile, environ)
            self._member = _session(profile, environ)
            scoped = self._operator.get_scoped_config()
            configured = self._operator.get_config_variable("region")
        except BotoCoreError as error:
            raise translate(error, self._facts("AWS configuration")) from error
        self._sso = "sso_session" in scoped or "sso_start_url" in scoped
        _take_credentials(self._operator, profile, environ)
        self._member.register_component("credential_provider", SessionCredentialsProvider())
        self.region = checked_region(region or environ.get("AWS_DEFAULT_REGION") or configured)
        self.endpoint_url = endpoint_url(endpoint_kind, self._operator, environ)
        self._concurrency = concurrency
        self._read_timeout = read_timeout_seconds
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, bool, bool], BaseClient] = {}
        self._references: dict[str, str] = {}

    @property
    def endpoint_kind(self) -> EndpointKind:
        """Whether this process speaks to AWS itself or to a sandbox on this machine."""
        return "aws" if self.endpoint_url is None else "sandbox"

    @property
    def partition(self) -> str:
        """The AWS partition of the Region, e.g. `aws`."""
        return str(self._operator.get_partition_for_region(self.region))

    def remember_reference(self, access_key_id: str, reference: str) -> None:
        """Name a log record in the user agent of every later call of this root session."""
        with self._lock:
            while len(self._references) >= _REMEMBERED_REFERENCES:
                self._references.pop(next(iter(self._references)))
            self._references[access_key_id] = reference

    def call(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        changes: bool = False,
        session: BorrowedSession | None = None,
        region: str | None = None,
        reference: str | None = None,
    ) -> dict[str, Any]:
        """Make one AWS call and return botocore's parsed answer.

        Args:
            service: botocore's name, e.g. `organizations`.
            operation: the API's name, e.g. `ListAccounts`.
            parameters: of the call.
            changes: it changes something or opens a session: one attempt, and no answer is LOST.
            session: sign with this root or role session; None: with the operator's credentials.
            region: another Region than the door's.
            reference: named in the user agent; else the one remembered for the session.

        Raises:
            AwsError: AWS refused, was not reached, or (LOST) did not answer.
            CredentialsError: the operator's credentials are absent, expired or not accepted.
            IntegrityError: the call would have gone to a host that is not AWS's own.
        """
        began = time.monotonic()
        noted = _LOG.bind(
            operation=f"{service}:{operation}", account=session.account if session else None
        )
        try:
            answer = self._send(
                service,
                operation,
                parameters or {},
                changes=changes,
                session=session,
                region=region,
                reference=reference,
            )
        except OrgrootError as error:
            noted.info("aws_call_failed", code=error.code, seconds=_since(began))
            raise
        noted.debug("aws_call", seconds=_since(began))
        return answer

    def client(
        self, service: str, region: str | None = None, *, once: bool, in_session: bool = False
    ) -> BaseClient:
        """The one shared client of a service and Region, made at its first use.

        Args:
            service: botocore's name.
            region: None: the door's.
            once: never retries (one attempt in total), for calls that change something.
            in_session: signs with the session of the calling context, never otherwise.
        """
        key = (service, region or self.region, once, in_session)
        found = self._clients.get(key)
        if found is not None:
            return found
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._new_client(*key)
            return self._clients[key]

    def require_regional_sts(self) -> None:
        """Check, before AssumeRoot, that STS is reached at its Regional endpoint.

        AssumeRoot does not exist on the global host (STS API reference, AssumeRoot).

        Raises:
            IntegrityError: the client would speak to another host.
        """
        client = self.client("sts", once=True)
        if self.endpoint_url is None:
            require_own_host(client.meta.endpoint_url, self._own_host("sts", self.region))

    def _send(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        changes: bool,
        session: BorrowedSession | None,
        region: str | None,
        reference: str | None,
    ) -> dict[str, Any]:
        facts = self._facts(f"{service}:{operation}", changes=changes, session=_kind(session))
        try:
            client = self.client(service, region, once=changes, in_session=session is not None)
            method = getattr(client, xform_name(operation))
            if session is not None:
                reference = reference or self._references.get(session.access_key_id)
                with signing_with(session), _referring_to(reference):
                    answer: dict[str, Any] = method(**parameters)
            else:
                with _referring_to(reference):
                    answer = method(**parameters)
        except ResponseParserError as error:
            raise translate(error, facts) from None  # its text repeats the answer, secrets and all
        except (ClientError, BotoCoreError) as error:
            raise translate(error, facts) from error
        return answer

    def _new_client(self, service: str, region: str, once: bool, in_session: bool) -> BaseClient:  # noqa: FBT001 - the parts of the key, in its order
        session = self._member if in_session else self._operator
        client: BaseClient = session.create_client(  # type: ignore[call-overload,unused-ignore]
            service,
            region_name=region,
            endpoint_url=self.endpoint_url,
            config=self._config(once=once),
        )
        events = client.meta.events
        host = self._own_host(service, region) if self.endpoint_url is None else None
        events.register_first("before-send", partial(_before_send, host))
        events.register("response-received", self._take_time)
        if service == "s3":
            events.register("before-call.s3", _follow_no_redirect)
            events.register_last("before-call.s3", _send_at_once)
        if in_session:
            events.register_first("before-call", _require_session)
        return client

    def _own_host(self, service: str, region: str) -> str:
        fips = self._operator.get_config_variable("use_fips_endpoint")
        return own_host(service, region, fips=bool(fips))

    def _config(self, *, once: bool) -> Config:
        sandbox = self.endpoint_url is not None
        return Config(
            user_agent_extra=_AGENT,
            ignore_configured_endpoint_urls=True,  # type: ignore[call-arg] # not in the stubs
            retries={"mode": "standard", "total_max_attempts": 1 if once else _READ_ATTEMPTS},
            max_pool_connections=self._concurrency,
            connect_timeout=10,
            read_timeout=self._read_timeout,
            use_dualstack_endpoint=False,
            proxies={} if sandbox else None,
            s3={  # type: ignore[arg-type] # nor is use_arn_region
                "us_east_1_regional_endpoint": "regional",
                "use_accelerate_endpoint": False,
                "use_arn_region": False,
                "addressing_style": "path" if sandbox else "auto",
            },
        )

    def _facts(self, operation: str, *, changes: bool = False, session: str = "") -> CallFacts:
        return CallFacts(
            operation=operation,
            changes=changes,
            session=session,
            profile=self._profile,
            sso=self._sso,
        )

    def _take_time(self, response_dict: Mapping[str, Any] | None, **_: Any) -> None:
        date = response_dict["headers"].get("Date") if response_dict else None
        if date:
            self.clock.record(date)


def _kind(session: BorrowedSession | None) -> str:
    """What a session is called in an error message; empty: the operator's own credentials."""
    if session is None:
        return ""
    of_role = isinstance(session, RoleSession)
    return "session of the role" if of_role else "root session"


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)


def _session(profile: str | None, environ: Mapping[str, str]) -> Session:
    session = Session(profile=profile)
    session.register_component("data_loader", packaged_models())
    for name, variable in _FILES.items():
        if environ.get(variable):
            session.set_config_variable(name, environ[variable])
    if profile is None and environ.get("AWS_PROFILE"):
        session.set_config_variable("profile", environ["AWS_PROFILE"])
    session.set_config_variable("sts_regional_endpoints", "regional")
    return session


def _take_credentials(session: Session, profile: str | None, environ: Mapping[str, str]) -> None:
    """The environment's key pair comes first, as in boto3's chain, unless a profile is named."""
    key_id = environ.get("AWS_ACCESS_KEY_ID")
    secret = environ.get("AWS_SECRET_ACCESS_KEY")
    if profile is not None or not (key_id or secret):
        return
    if not (key_id and secret):
        raise CredentialsError(
            "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set",
            hint="set both, or neither",
        )
    session.set_credentials(key_id, secret, environ.get("AWS_SESSION_TOKEN") or None)


@contextmanager
def _referring_to(reference: str | None) -> Iterator[None]:
    token = _REFERENCE.set(reference)
    try:
        yield
    finally:
        _REFERENCE.reset(token)


def _before_send(host: str | None, request: AWSPreparedRequest, **_: Any) -> None:
    """The last look at a signed request: its host, and its user agent (not part of a signature)."""
    if host is not None:
        require_own_host(request.url, host)
    reference = _REFERENCE.get()
    if reference is not None:
        agent = request.headers["User-Agent"]
        agent = agent.decode() if isinstance(agent, bytes) else agent
        request.headers["User-Agent"] = agent.replace(_AGENT, f"{_AGENT} ref/{reference}")


def _require_session(**_: Any) -> None:
    current_session()


def _follow_no_redirect(context: dict[str, Any], **_: Any) -> None:
    """Stop botocore from following a bucket to another Region: the caller names the Region.

    Its redirector would call HeadBucket, which no root session may, and sign for another host.
    """
    context.setdefault("s3_redirect", {})["redirected"] = True


def _send_at_once(params: dict[str, Any], **_: Any) -> None:
    """Send a body with its request: what orgroot writes is too small to ask first (Expect)."""
    params["headers"].pop("Expect", None)
