"""moto behind the front: the services that are not the sandbox's own, and what lies in them.

Every call runs under one lock per service, because moto is not thread-safe, and in the account that
the caller belongs to. moto is neither subclassed nor patched here.
"""

import contextlib
import json
import logging
import os
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from moto import backend_index
from moto.events.models import events_backends
from moto.iam.models import AWSManagedPolicy, IAMBackend, iam_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import (
    SIGNING_ALIASES,
    DomainDispatcherApplication,
    create_backend_app,
)
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from orgroot.core.ids import AccountId
from orgroot.errors import UsageError
from orgroot.sandbox import managed_policies
from orgroot.sandbox.answers import Answer
from orgroot.sandbox.model import ApiError
from orgroot.sandbox.wire import HttpRequest, moto_environ

_LOG = logging.getLogger("sandbox")
ADMINISTRATOR_ACCESS = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
_NAMED = re.compile(r"arn:aws:iam::(?P<account>[0-9]{12}):(?P<kind>role|user)/(?P<name>[^/]+)")
_MANAGED_PREFIX = "arn:aws:iam::aws:policy/"
_DELIVERIES = {"events": ("events", "sns", "sqs", "logs"), "sns": ("sns", "sqs")}
_OWN_HEADERS = frozenset({"content-length", "date", "server", "connection", "x-sandbox"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role as it lies in IAM.

    Attributes:
        arn: with its path.
        id: ``AROA…``.
        name: without path.
        trust: the trust policy's text.
        max_session_seconds: the longest session.
    """

    arn: str
    id: str
    name: str
    trust: str
    max_session_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A bucket or queue with the policy that guards it.

    Attributes:
        account: the owner.
        region: where it is.
        policy: the resource policy's text, or None.
    """

    account: AccountId
    region: str
    policy: str | None


class DataPlane:
    """The one door to moto.

    Args:
        access_role: the name of the role that CreateAccount made in an account, else None.
        management_account: whom that role trusts.

    Attributes:
        version_page: how many versions a page of S3's listing holds at most; S3 may answer less.

    Raises:
        UsageError: MOTO_ACCOUNT_ID is set, which would beat the account of every call.
    """

    def __init__(
        self, *, access_role: Callable[[AccountId], str | None], management_account: AccountId
    ) -> None:
        if "MOTO_ACCOUNT_ID" in os.environ:
            raise UsageError(
                "the sandbox cannot start while MOTO_ACCOUNT_ID is set",
                hint="unset MOTO_ACCOUNT_ID and start it again",
            )
        self.version_page = 1000
        self._application = _application()
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._access_role = access_role
        self._management_account = management_account
        self._furnished: set[AccountId] = set()

    @contextlib.contextmanager
    def locked(self, service: str) -> Iterator[None]:
        """Hold a service's lock, for whoever reads or writes moto's state directly."""
        with self._locks[service]:
            yield

    @contextlib.contextmanager
    def locked_with_targets(self, service: str) -> Iterator[None]:
        """Hold a service's lock and those of the services it delivers to, in one fixed order."""
        with contextlib.ExitStack() as held:
            for name in _DELIVERIES.get(service, (service,)):
                held.enter_context(self.locked(name))
            yield

    def reset(self) -> None:
        """Forget everything that moto holds; a new sandbox in an old process starts clean."""
        moto_api_backend.reset()

    def call(
        self, request: HttpRequest, *, signing_name: str, region: str, account: AccountId
    ) -> Answer:
        """Let moto answer a request in an account.

        Raises:
            ApiError: 501 for what moto has not, 500 where moto itself breaks.
        """
        if not _knows(signing_name, region):
            text = f"The sandbox has no {signing_name}."
            raise ApiError("NotImplemented", text, 501)
        environ = moto_environ(request, service=signing_name, region=region, account=account)
        if signing_name == "iam":
            self.iam(account)
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            started[:] = [int(status.split(" ", 1)[0]), headers]

        path = request.s3_path if signing_name == "s3" else ""
        with self.locked_with_targets(signing_name), self._policy_set_aside(path):
            body = _run(self._application, environ, start_response)
        status, headers = started
        return Answer(
            status=status,
            headers=tuple(item for item in headers if _is_kept(item[0].lower(), request.method)),
            body=body,
            error_code="" if status < 400 else _error_code(headers, body),  # noqa: PLR2004 - HTTP
        )

    @contextlib.contextmanager
    def _policy_set_aside(self, s3_path: str) -> Iterator[None]:
        """Around moto's work on an object: it denies by bucket policies without their conditions.

        The front has judged by them before.
        """
        name, _, key = s3_path.lstrip("/").partition("/")
        found = s3_backends.bucket_accounts.get(name) if key else None
        bucket = None if found is None else s3_backends[found[1]][found[0]].buckets.get(name)
        if bucket is None:
            yield
            return
        policy, bucket.policy = bucket.policy, None
        try:
            yield
        finally:
            bucket.policy = policy

    # --- IAM ------------------------------------------------------------------------------------

    def iam(self, account: AccountId) -> IAMBackend:
        """An account's IAM in moto, with the access role of a created account."""
        backend = iam_backends[account]["aws"]
        if account not in self._furnished:
            with self.locked("iam"):
                if account not in self._furnished:
                    self._furnish(account, backend)
                    self._furnished.add(account)
        return backend

    def _furnish(self, account: AccountId, backend: IAMBackend) -> None:
        name = self._access_role(account)
        if name is None:
            return
        trusted = {"AWS": f"arn:aws:iam::{self._management_account}:root"}
        trust = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
        role = backend.create_role(
            role_name=name,
            assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            path="/",
            permissions_boundary="",
            description="",
            tags=[],
            max_session_duration="3600",
        )
        role.policies["AdministratorAccess"] = ADMINISTRATOR_ACCESS

    def has_iam(self, account: AccountId) -> bool:
        """Whether anything ever touched the account's IAM in moto."""
        return account in dict.keys(iam_backends)

    def offer_managed_policy(self, account: AccountId, arn: str) -> None:
        """Let an account attach one of AWS's managed policies.

        moto could load all 1,500 of them into each account; at ten thousand accounts it must not.
        """
        if not arn.startswith(_MANAGED_PREFIX) or arn in self.iam(account).managed_policies:
            return
        name = arn.rpartition("/")[2]
        data = managed_policies.of_aws().get(name)
        if data is not None and arn == f"arn:aws:iam::aws:policy{data['Path']}{name}":
            policy = AWSManagedPolicy.from_data(name, account, "us-east-1", data)
            with self.locked("iam"):
                self.iam(account).managed_policies[arn] = policy

    def role(self, account: AccountId, name: str) -> Role | None:
        """A role by name, or None."""
        for role in list(self.iam(account).roles.values()):
            if role.name == name:
                return Role(
                    arn=role.arn,
                    id=role.id,
                    name=role.name,
                    trust=role.assume_role_policy_document,
                    max_session_seconds=int(role.max_session_duration or 3600),
                )
        return None

    def role_of(self, arn: str) -> Role | None:
        """A role by ARN, or None."""
        parts = arn.split(":", 5)
        if len(parts) != 6 or not parts[5].startswith("role/"):  # noqa: PLR2004 - ARN form
            return None
        found = self.role(AccountId(parts[4]), arn.rpartition("/")[2])
        return found if found is not None and found.arn == arn else None

    def whole_arn(self, arn: str) -> str:
        """The ARN of a user or role with its path, where a call named it without."""
        named = _NAMED.fullmatch(arn)
        if named is None or not self.has_iam(AccountId(named["account"])):
            return arn
        backend = self.iam(AccountId(named["account"]))
        held: Any = backend.roles if named["kind"] == "role" else backend.users
        found = (holder.arn for holder in list(held.values()) if holder.name == named["name"])
        return str(next(found, arn))

    def managed_policy(self, account: AccountId, arn: str) -> str | None:
        """The default version's document of an account's or AWS's own managed policy, or None."""
        self.offer_managed_policy(account, arn)
        policy = self.iam(account).managed_policies.get(arn)
        return None if policy is None else managed_policies.default_version(policy)

    def boundary(self, account: AccountId, role: str) -> str | None:
        """The document of a role's permissions boundary, or None where it has none."""
        for found in list(self.iam(account).roles.values()):
            if found.name == role and found.permissions_boundary_arn:
                text = self.managed_policy(account, found.permissions_boundary_arn)
                return text if text is not None else '{"Statement": []}'
        return None

    def role_policies(self, account: AccountId, name: str) -> tuple[str, ...]:
        """The documents of a role's inline and attached policies."""
        for role in list(self.iam(account).roles.values()):
            if role.name == name:
                return managed_policies.documents(role)
        return ()

    def user_policies(self, account: AccountId, name: str) -> tuple[str, ...]:
        """The documents of a user's own and its groups' policies."""
        backend = self.iam(account)
        user = backend.users.get(name)
        if user is None:
            return ()
        groups = [group for group in list(backend.groups.values()) if user in group.users]
        return managed_policies.documents(user) + tuple(
            text for group in groups for text in managed_policies.documents(group)
        )

    def tags(self, account: AccountId, arn: str, role_arn: str) -> Mapping[str, str]:
        """The tags of the user or role behind a principal."""
        backend = self.iam(account)
        if not role_arn:
            found = backend.tagger.get_tag_dict_for_resource(arn)
            return {str(name): str(value) for name, value in found.items()}
        for role in list(backend.roles.values()):
            if role.arn == role_arn:
                return {tag["Key"]: tag["Value"] for tag in role.tags or ()}
        return {}

    # --- resource policies ----------------------------------------------------------------------

    def bucket(self, name: str) -> Guarded | None:
        """Whose a bucket is, where, and its policy; None where it does not exist."""
        found = s3_backends.bucket_accounts.get(name)
        if found is None:
            return None
        partition, account = found
        with self.locked("s3"):
            bucket = s3_backends[account][partition].buckets.get(name)
            if bucket is None:
                return None
            text = bucket.policy
        return Guarded(
            account=AccountId(account),
            region=bucket.region_name,
            policy=text.decode() if isinstance(text, bytes) else text,
        )

    def buckets(self, account: AccountId) -> tuple[tuple[str, str, datetime], ...]:
        """Name, Region and creation of each bucket of an account, by name."""
        if account not in dict.keys(s3_backends):
            return ()
        found = list(s3_backends[account]["aws"].buckets.values())
        return tuple(
            sorted((bucket.name, bucket.region_name, bucket.creation_date) for bucket in found)
        )

    def queue(self, arn: str) -> Guarded | None:
        """Whose a queue is, where, and its policy; None where it does not exist."""
        _, _, _, region, account, name = arn.split(":", 5)
        if account not in dict.keys(sqs_backends) or region not in sqs_backends[account]:
            return None
        queue = sqs_backends[account][region].queues.get(name)
        if queue is None:
            return None
        return Guarded(account=AccountId(account), region=region, policy=queue.policy or None)

    # --- events ---------------------------------------------------------------------------------

    def has_events(self, account: AccountId, region: str) -> bool:
        """Whether the account ever used EventBridge in the Region; asking costs nothing."""
        if account not in dict.keys(events_backends):
            return False
        return region in dict.keys(events_backends[account])


@lru_cache(maxsize=1)
def _application() -> DomainDispatcherApplication:
    # moto's state is the process's, and building its applications is what takes time.
    return DomainDispatcherApplication(create_backend_app)


@lru_cache(maxsize=512)
def _knows(service: str, region: str) -> bool:
    name = SIGNING_ALIASES.get(service, service)
    hosts = (f"http://{name}.{region}.amazonaws.com", f"http://{name}.amazonaws.com")
    return any(
        pattern.match(host) for _, pattern in backend_index.backend_url_patterns for host in hosts
    )


def _run(application: Any, environ: dict[str, Any], start_response: Any) -> bytes:
    try:
        chunks = application(environ, start_response)
        with contextlib.closing(chunks) if hasattr(chunks, "close") else contextlib.nullcontext():
            return b"".join(chunks)
    except NotImplementedError as error:
        raise ApiError("NotImplemented", str(error), 501) from error
    except Exception as error:
        # moto breaks in any way on what it did not expect; the client meets AWS's own 500.
        _LOG.exception("moto broke")
        text = "The request processing has failed because of an unknown error."
        raise ApiError("InternalFailure", text, 500) from error


def _is_kept(header: str, method: str) -> bool:
    # The length of what a HEAD request does not send is the one thing that it asks for.
    return header not in _OWN_HEADERS or (header == "content-length" and method == "HEAD")


def _error_code(headers: list[tuple[str, str]], body: bytes) -> str:
    for name, value in headers:
        if name.lower() in {"x-amzn-errortype", "x-amzn-query-error"}:
            return value.split(";")[0].split(":")[0]
    text = body.decode("utf-8", "replace")
    if "<Code>" in text:
        return text.split("<Code>", 1)[1].split("</Code>", 1)[0]
    try:
        kind = json.loads(text).get("__type", "Unknown")
    except (ValueError, AttributeError):
        return "Unknown"
    return str(kind).rpartition("#")[2]
