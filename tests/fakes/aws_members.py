"""Member accounts in memory, every call to AWS, and the gateways inside root sessions.

Faults are ordered by operation: the next calls fail with the given error, before or after they
took effect. `writes` lists the calls that change something, AssumeRoot included.
"""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fakes.clock import FakeClock

from orgroot.core.ids import AccountId, OrganizationId
from orgroot.core.organization import (
    MemberAccount,
    OrganizationalUnit,
    ScpSummary,
)
from orgroot.core.root_credentials import AccessKey, AccountSummary, Presence
from orgroot.core.root_tasks import ROOT_TASKS, Feature, TaskPolicy
from orgroot.core.secrets import RoleSession, RootSession, Secret
from orgroot.errors import AwsError, AwsErrorKind
from orgroot.ports import Bucket

MANAGEMENT = AccountId("111111111111")
ORGANIZATION = OrganizationId("o-exampleorgid")
ORG_ROOT = "r-ab12"
_READS = ("describe", "list", "get")


def aws_error(kind: AwsErrorKind, operation: str, code: str = "") -> AwsError:
    """An AWS answer of this kind."""
    return AwsError(
        f"{operation} answered {kind.value}",
        kind=kind,
        aws_code=code or kind.value,
        operation=operation,
    )


@dataclass(slots=True)
class FakeBucket:
    """A bucket: its Region and policy."""

    region: str = "eu-west-1"
    policy: bytes | None = None


@dataclass(slots=True)
class FakeMember:
    """A member account and its root user."""

    account: MemberAccount
    parent: str = ORG_ROOT
    tags: dict[str, str] = field(default_factory=dict)
    password: bool = False
    access_keys: list[str] = field(default_factory=list)
    key_last_used: datetime | None = None
    certificates: list[str] = field(default_factory=list)
    mfa: list[str] = field(default_factory=list)
    buckets: dict[str, FakeBucket] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: AWS's operation, the account or resource it was about, further arguments."""

    operation: str
    subject: str = ""
    detail: str = ""


@dataclass(slots=True)
class Fault:
    """An error for the next calls of an operation; `after`: the call took effect first."""

    operation: str
    error: AwsError
    subject: str | None
    times: int
    after: bool


class FakeMembers:
    """What stands in AWS, every call to it, and what root sessions see of the members."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.members: dict[str, FakeMember] = {}
        self.units: dict[str, OrganizationalUnit] = {}
        self.trusted: set[str] = {"iam.amazonaws.com"}
        self.flags: set[Feature] = set(Feature)
        self.delegates: list[AccountId] = []
        self.policies: dict[str, tuple[ScpSummary, str]] = {}
        self.policy_tags: dict[str, dict[str, str]] = {}
        self.policy_types = {"SERVICE_CONTROL_POLICY": "ENABLED"}
        self.rcp: set[str] = set()
        self.attachments: dict[str, list[str]] = {}
        self.arn = f"arn:aws:iam::{MANAGEMENT}:user/alice"
        self.calls: list[Call] = []
        self.sessions: list[tuple[RootSession, str]] = []
        self.executors: list[tuple[RoleSession, str]] = []
        self.opened_through: list[RoleSession | None] = []
        self.identity_of_login: str | None = None
        self.longest_policy = 2048
        self.faults: list[Fault] = []
        self.hooks: dict[str, Callable[[Call], None]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self.add_account(MANAGEMENT, "management")

    # --- what tests turn ---

    def add_account(self, account: str, name: str = "", state: str = "ACTIVE") -> FakeMember:
        """A further account of the organization."""
        member = FakeMember(
            account=MemberAccount(
                id=AccountId(account),
                name=name or f"member {account[-4:]}",
                email=f"root+{account}@corp.example",
                state=state,
                joined_method="CREATED",
            )
        )
        self.members[account] = member
        return member

    def fail(
        self,
        operation: str,
        kind: AwsErrorKind = AwsErrorKind.DENIED,
        *,
        subject: str | None = None,
        times: int = 1,
        after: bool = False,
    ) -> None:
        """Let the next calls of an operation fail."""
        error = aws_error(kind, operation)
        self.faults.append(Fault(operation, error, subject, times, after))

    def when(self, operation: str, hook: Callable[[Call], None]) -> None:
        """Do something just before an operation takes effect."""
        self.hooks[operation] = hook

    @property
    def writes(self) -> list[Call]:
        """Calls that change something, and every AssumeRoot."""
        return [
            call
            for call in self.calls
            if not call.operation.split(":")[1].lower().startswith(_READS)
        ]

    def count(self, operation: str) -> int:
        """How often an operation was called."""
        return sum(call.operation == operation for call in self.calls)

    def _call(
        self,
        operation: str,
        subject: str = "",
        detail: str = "",
        effect: Callable[[], None] = lambda: None,
    ) -> None:
        call = Call(operation, subject, detail)
        hook = self.hooks.get(operation)
        if hook is not None:
            hook(call)
        with self._lock:
            self.calls.append(call)
            fault = next(
                (
                    f
                    for f in self.faults
                    if f.operation == operation and f.times and f.subject in {None, subject}
                ),
                None,
            )
            if fault is not None:
                fault.times -= 1
            if fault is None or fault.after:
                effect()
            if fault is not None:
                raise fault.error

    # --- RootSessionGateway ---

    def assume_executor(
        self, role: str, session_name: str, policy: str, source_identity: str | None
    ) -> RoleSession:
        """Assume an executor role; `policies` keeps what its session may do."""
        if len(policy) > self.longest_policy:
            self.calls.append(Call("sts:AssumeRole", role, session_name))
            raise aws_error(AwsErrorKind.LIMIT, "sts:AssumeRole", "PackedPolicyTooLarge")
        with self._lock:
            n = len(self.executors) + 1
        session = RoleSession(
            account=AccountId(role.split(":")[4]),
            access_key_id=f"ASIAROLE{n:012d}",
            secret_access_key=Secret(f"secret/of+executor{n:04d}"),
            session_token=Secret(f"token/of+executor{n:04d}/" + "t" * 64),
            expires_at=self.clock.now() + timedelta(seconds=900),
            source_identity=source_identity or self.identity_of_login,
        )
        self._call(
            "sts:AssumeRole",
            role,
            session_name,
            effect=lambda: self.executors.append((session, policy)),
        )
        return session

    def assume_root(
        self,
        account: AccountId,
        task_policy: TaskPolicy,
        duration_seconds: int,
        reference: str,
        through: RoleSession | None = None,
    ) -> RootSession:
        """Open a root session."""
        operation = "sts:AssumeRoot"
        self.opened_through.append(through)
        n = next(self._numbers)
        session = RootSession(
            account=account,
            task_policy=task_policy,
            access_key_id=f"ASIAFAKE{n:012d}",
            secret_access_key=Secret(f"secret/key+of/session{n:04d}/{account}"),
            session_token=Secret(f"token+of/session{n:04d}/{account}/" + "t" * 64),
            expires_at=self.clock.now() + timedelta(seconds=duration_seconds),
            aws_request_id=f"00000000-0000-0000-0000-{n:012d}",
        )
        if ROOT_TASKS[task_policy].feature not in self.flags:
            self.calls.append(Call(operation, account, task_policy.value))
            raise aws_error(AwsErrorKind.FEATURE_OFF, operation, "AccessDenied")
        self._call(
            operation,
            account,
            task_policy.value,
            effect=lambda: self.sessions.append((session, reference)),
        )
        return session

    def account_summary(self, session: RootSession) -> AccountSummary:
        """GetAccountSummary."""
        self._call("iam:GetAccountSummary", session.account)
        member = self.members[session.account]

        def presence(value: object) -> Presence:
            return Presence.PRESENT if value else Presence.ABSENT

        return AccountSummary(
            password=presence(member.password),
            access_keys=presence(member.access_keys),
            signing_certificates=presence(member.certificates),
            mfa=presence(member.mfa),
        )

    def has_password(self, session: RootSession) -> bool:
        """GetLoginProfile."""
        self._call("iam:GetLoginProfile", session.account)
        return self.members[session.account].password

    def access_keys(self, session: RootSession) -> tuple[AccessKey, ...]:
        """ListAccessKeys."""
        self._call("iam:ListAccessKeys", session.account)
        return tuple(
            AccessKey(
                id=key,
                status="Active",
                created_at=None,
                last_used_at=self.members[session.account].key_last_used,
            )
            for key in self.members[session.account].access_keys
        )

    def signing_certificates(self, session: RootSession) -> tuple[str, ...]:
        """ListSigningCertificates."""
        self._call("iam:ListSigningCertificates", session.account)
        return tuple(self.members[session.account].certificates)

    def mfa_devices(self, session: RootSession) -> tuple[str, ...]:
        """ListMFADevices."""
        self._call("iam:ListMFADevices", session.account)
        return tuple(self.members[session.account].mfa)

    def delete_password(self, session: RootSession) -> None:
        """DeleteLoginProfile."""
        member = self.members[session.account]

        def effect() -> None:
            member.password = False

        self._call("iam:DeleteLoginProfile", session.account, effect=effect)

    def delete_access_key(self, session: RootSession, key_id: str) -> None:
        """DeleteAccessKey."""
        keys = self.members[session.account].access_keys
        self._call(
            "iam:DeleteAccessKey", session.account, key_id, effect=lambda: _discard(keys, key_id)
        )

    def delete_signing_certificate(self, session: RootSession, certificate_id: str) -> None:
        """DeleteSigningCertificate."""
        certificates = self.members[session.account].certificates
        self._call(
            "iam:DeleteSigningCertificate",
            session.account,
            certificate_id,
            effect=lambda: _discard(certificates, certificate_id),
        )

    def deactivate_mfa_device(self, session: RootSession, serial: str) -> None:
        """DeactivateMFADevice."""
        devices = self.members[session.account].mfa
        self._call(
            "iam:DeactivateMFADevice",
            session.account,
            serial,
            effect=lambda: _discard(devices, serial),
        )

    # --- ResourcePolicyGateway ---

    def buckets(self, session: RootSession, prefix: str = "") -> tuple[Bucket, ...]:
        """ListBuckets."""
        self._call("s3:ListBuckets", session.account, prefix)
        return tuple(
            Bucket(name=name, region=bucket.region)
            for name, bucket in sorted(self.members[session.account].buckets.items())
            if name.startswith(prefix)
        )

    def bucket_policy(self, session: RootSession, bucket: str, region: str) -> bytes | None:
        """GetBucketPolicy."""
        self._call("s3:GetBucketPolicy", session.account, bucket)
        return self._bucket(session, bucket, region, "s3:GetBucketPolicy").policy

    def put_bucket_policy(
        self, session: RootSession, bucket: str, region: str, policy: bytes
    ) -> None:
        """PutBucketPolicy."""
        found = self._bucket(session, bucket, region, "s3:PutBucketPolicy")

        def effect() -> None:
            found.policy = policy

        self._call("s3:PutBucketPolicy", session.account, bucket, effect)

    def delete_bucket_policy(self, session: RootSession, bucket: str, region: str) -> None:
        """DeleteBucketPolicy."""
        found = self._bucket(session, bucket, region, "s3:DeleteBucketPolicy")

        def effect() -> None:
            found.policy = None

        self._call("s3:DeleteBucketPolicy", session.account, bucket, effect)

    def _bucket(self, session: RootSession, bucket: str, region: str, operation: str) -> FakeBucket:
        owners = [a for a, member in self.members.items() if bucket in member.buckets]
        if not owners:
            raise aws_error(AwsErrorKind.NOT_FOUND, operation, "NoSuchBucket")
        if owners[0] != session.account:
            raise aws_error(AwsErrorKind.DENIED, operation, "MethodNotAllowed")
        found = self.members[owners[0]].buckets[bucket]
        if found.region != region:
            raise aws_error(AwsErrorKind.WRONG_REGION, operation, "PermanentRedirect")
        return found


def _discard(items: list[str], item: str) -> None:
    if item in items:
        items.remove(item)
