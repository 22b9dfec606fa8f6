"""The front of the sandbox: one WSGI callable that authenticates, authorizes, answers, records.

What is not the sandbox's own goes to moto behind it. It answers on loopback only, and says on every
answer that it is not AWS.
"""

import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from orgroot.core.ids import AccountId
from orgroot.sandbox import (
    answers,
    object_lock,
    object_versions,
    object_writes,
    policy_validation,
    regions,
    resource_policies,
    s3_rules,
    sigv4,
    wire,
)
from orgroot.sandbox.actions import needed
from orgroot.sandbox.answers import Answer
from orgroot.sandbox.authentication import Authentication, Credential, missing
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.control import Control
from orgroot.sandbox.data_plane import DataPlane
from orgroot.sandbox.evaluation import Evaluation
from orgroot.sandbox.event_bus import EventBus
from orgroot.sandbox.faults import Faults, Plan
from orgroot.sandbox.features import FeaturesApi
from orgroot.sandbox.identity import IdentityApi
from orgroot.sandbox.model import ApiError, Call, Principal, PrincipalKind
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.organizations_api import OrganizationsApi
from orgroot.sandbox.root_users import RootUsersApi
from orgroot.sandbox.sts import StsApi
from orgroot.sandbox.trail import Trail
from orgroot.sandbox.trail_delivery import Delivery
from orgroot.sandbox.wire import HttpRequest, Operation
from orgroot.sandbox.witness import Witness

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost", "[::1]"})
_GENERIC_SERVICE = "sts"


class Front:
    """One organization behind one WSGI callable.

    Attributes:
        organization: its state.
        clock: the sandbox's time.
        data_plane: moto.
        authentication: sessions and keys.
        faults: the faults in force.
        trail: what was called.
        delivery: of it to organization trails.
        witness: what it saw of AssumeRoot and of the log.
    """

    def __init__(self, organization: Organization, clock: SandboxClock) -> None:
        self.organization = organization
        self.clock = clock
        self.data_plane = DataPlane(
            access_role=self._access_role, management_account=organization.management_account
        )
        self.data_plane.reset()
        self.features = FeaturesApi(organization, clock)
        self.root_users = RootUsersApi(organization, clock)
        self.identity = IdentityApi(organization, self.features, self.root_users, self.data_plane)
        self.authentication = Authentication(
            clock=clock, long_term=(self.identity.root_key, self.identity.user_key)
        )
        self.evaluation = Evaluation(organization, self.data_plane)
        self.faults = Faults()
        self.trail = Trail(EventBus(self.data_plane))
        self.delivery = Delivery(organization, self.data_plane)
        self.witness = Witness()
        self.sts = StsApi(organization, self.features, self.authentication, self.data_plane)
        self.organizations = OrganizationsApi(organization, clock)
        self.control = Control(self)

    def _access_role(self, account: AccountId) -> str | None:
        found = self.organization.account(account)
        return found.access_role if found else None

    def __call__(self, environ: Mapping[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        try:
            request = wire.read(environ)
            answer = self._answer(request)
        except ApiError as problem:
            answer = answers.error(
                problem, protocol="query", service=_GENERIC_SERVICE, request_id="none"
            )
        if answer.drop:
            hang_up(environ)
        head = request_method_is_head(environ)
        date = format_datetime(self.clock().replace(microsecond=0), usegmt=True)
        length = (
            () if head and _has_length(answer) else (("Content-Length", str(len(answer.body))),)
        )
        headers = [*answer.headers, *length, ("Date", date), answers.BANNER]
        start_response(answer.status_line, headers)
        return [b"" if head else answer.body]

    def _answer(self, request: HttpRequest) -> Answer:
        if request.peer and request.peer not in _LOOPBACK:
            return _plain(403, b"The sandbox answers on loopback only.\n")
        aws_name = request.hostname.endswith(".amazonaws.com")
        if not aws_name and request.hostname not in _LOOPBACK:
            return _plain(403, b"The sandbox does not answer to this host name.\n")
        if not aws_name and request.raw_path.startswith("/_sandbox/"):
            return self.control.answer(request)
        return self._api(request)

    # --- one API call ---------------------------------------------------------------------------

    def _api(self, request: HttpRequest) -> Answer:
        signature = sigv4.find(request)
        if signature is None:
            service = "s3" if request.virtual_bucket or request.raw_path != "/" else "sts"
            protocol = "rest-xml" if service == "s3" else "query"
            return self._refuse(missing(service), protocol, service, "", request)
        service, region = signature.service, signature.region
        request_id = answers.new_request_id(service)
        protocol = "query"
        try:
            protocol = wire.protocol_of(request, service)
            operation = wire.parse(request, signing_name=service, region=region)
            principal = self.authentication.authenticate(request, signature, protocol)
        except ApiError as problem:
            return self._refuse(problem, protocol, service, request_id, request)
        call = _call(
            request, operation, signature, principal, request_id=request_id, now=self.clock()
        )
        self._note_root_key(call)
        return self._perform(request, operation, call)

    def _perform(self, request: HttpRequest, operation: Operation, call: Call) -> Answer:
        target = str(call.params.get("TargetPrincipal", "")) if call.service == "sts" else ""
        plan = self.faults.plan(
            call.service, call.operation, call.principal.account, call.region, _digits(target)
        )
        if plan.latency_seconds:
            time.sleep(plan.latency_seconds)
        try:
            answer = self._dispatch(request, operation, call, plan)
        except ApiError as problem:
            answer = self._refuse(
                problem, operation.protocol, call.service, call.request_id, request
            )
        self.trail.record(
            call,
            error_code=answer.error_code,
            error_message=answer.error_message,
            response=answer.result,
        )
        return replace(answer, drop=True) if plan.lost_reply else answer

    def _dispatch(
        self, request: HttpRequest, operation: Operation, call: Call, plan: Plan
    ) -> Answer:
        if plan.refusal is not None:
            raise plan.refusal
        if call.service == "sts":
            self.sts.validate(call.operation, call.params, request.hostname)
        if call.service == "s3":
            s3_rules.check(
                self.data_plane,
                call.operation,
                call.params,
                region=call.region,
                caller=call.principal.account,
            )
        needs = needed(call.service, call.operation, call.params, call.principal, call.region)
        self.evaluation.authorize(call, needs)
        resource_policies.validate(call)
        object_writes.check(call, request)
        own = self._own(call, plan)
        if own is not None:
            return answers.result(operation, own, call.request_id)
        answer = self.data_plane.call(
            request,
            signing_name=call.service,
            region=call.region,
            account=self._home(call),
        )
        if call.service == "s3" and not object_lock.may_see(self.evaluation, call):
            answer = object_lock.without_retention(answer)
        return answer

    def _own(self, call: Call, plan: Plan) -> Mapping[str, Any] | None:
        own: Mapping[str, Callable[[Call], Mapping[str, Any] | None]] = {
            "sts": lambda call: self._sts(call, plan),
            "iam": self.identity.handle,
            "organizations": self.organizations.handle,
            "s3": self._s3,
            "account": regions.handle,
            "cloudtrail": self._trail,
            "access-analyzer": policy_validation.handle,
        }
        handle = own.get(call.service)
        return None if handle is None else handle(call)

    def _trail(self, call: Call) -> Mapping[str, Any] | None:
        return self.trail.handle(call) if call.operation in self.trail.OPERATIONS else None

    def _s3(self, call: Call) -> Mapping[str, Any] | None:
        if call.operation == "ListBuckets":
            return s3_rules.list_buckets(self.data_plane, call.params, call.principal.account)
        if call.operation == "ListObjectVersions":
            return object_versions.list_object_versions(self.data_plane, call.params)
        if call.operation == "DeleteObject":
            return object_versions.delete_nothing(self.data_plane, call.params)
        return object_lock.answer(self.data_plane, call)

    def _sts(self, call: Call, plan: Plan) -> Mapping[str, Any]:
        if call.operation == "AssumeRoot":
            self.witness.before(call)
        result = self.sts.handle(call, lifetime_seconds=plan.session_seconds)
        if call.operation == "AssumeRoot":
            self.witness.issued(call, str(result["Credentials"]["AccessKeyId"]))
        return result

    def _home(self, call: Call) -> AccountId:
        """The account moto acts in: the caller's, or the owner of a queue in another account."""
        if call.service == "sqs" and call.resource.startswith("arn:aws:sqs:"):
            return AccountId(call.resource.split(":")[4])
        return call.principal.account

    def _note_root_key(self, call: Call) -> None:
        who = call.principal
        if who.kind is PrincipalKind.ROOT_USER:
            self.root_users.note_key_use(
                who.account, who.access_key_id, service=call.service, region=call.region
            )

    def _refuse(
        self, problem: ApiError, protocol: str, service: str, request_id: str, request: HttpRequest
    ) -> Answer:
        return answers.error(
            problem,
            protocol=protocol,
            service=service,
            request_id=request_id or answers.new_request_id(service),
            head=request.method == "HEAD",
        )

    def credentials_for(self, access_key_id: str) -> Credential | None:
        """The credential behind an access key id, for in-process tests and seeding."""
        return self.authentication.find(access_key_id)


def _call(
    request: HttpRequest,
    operation: Operation,
    signature: sigv4.Signature,
    principal: Principal,
    *,
    request_id: str,
    now: datetime,
) -> Call:
    service, region = signature.service, signature.region
    action, resource = needed(service, operation.name, operation.params, principal, region)[0]
    return Call(
        service=service,
        region=region,
        operation=operation.name,
        params=operation.params,
        action=action,
        resource=resource,
        principal=principal,
        request_id=request_id,
        at=now,
        source_ip=request.peer or "127.0.0.1",
        user_agent=request.headers.get("user-agent", ""),
        host=request.hostname,
    )


def _digits(target: str) -> str:
    parts = target.split(":")
    return parts[4] if len(parts) == 6 else target  # noqa: PLR2004 - the parts of an ARN


def _plain(status: int, body: bytes) -> Answer:
    return Answer(status=status, headers=(("Content-Type", "text/plain"),), body=body)


def _has_length(answer: Answer) -> bool:
    return any(name.lower() == "content-length" for name, _ in answer.headers)


def request_method_is_head(environ: Mapping[str, Any]) -> bool:
    """Whether only the headers are wanted."""
    return str(environ.get("REQUEST_METHOD")) == "HEAD"


def hang_up(environ: Mapping[str, Any]) -> None:
    """Close the connection under the client, so that the reply is lost."""
    check = environ.get("waitress.client_disconnected")
    channel = getattr(check, "__self__", None)
    if channel is not None:
        channel.socket.shutdown(socket.SHUT_RDWR)
