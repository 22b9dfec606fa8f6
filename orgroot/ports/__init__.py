"""What the workflows need from the world, as Protocols. Adapters stand in `aws` and `local`.

Every AWS method raises AwsError (AWS said no, or did not answer) or CredentialsError; nothing is
retried here that changes something, unless the method says so. Units: seconds, bytes, UTC.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orgroot.core.ids import AccountId, LogId
from orgroot.core.organization import (
    Caller,
    MemberAccount,
    OrganizationalUnit,
    OrganizationFacts,
    OrganizationRoot,
    ScpSummary,
)
from orgroot.core.root_credentials import AccessKey, AccountSummary
from orgroot.core.root_tasks import Feature, TaskPolicy
from orgroot.core.secrets import RoleSession, RootSession
from orgroot.ports.policy_texts import ActionNames, PolicyValidation
from orgroot.ports.store import Created, RecordCache, RecordStore
from orgroot.ports.trails import TrailGateway

__all__ = [
    "ActionNames",
    "Bucket",
    "Clock",
    "Created",
    "IdentityGateway",
    "Memory",
    "OrganizationGateway",
    "Pin",
    "PolicyValidation",
    "Progress",
    "RecordCache",
    "RecordStore",
    "ResourcePolicyGateway",
    "RootSessionGateway",
    "Signer",
    "TrailGateway",
]


class Clock(Protocol):
    """The time that decisions use."""

    def now(self) -> datetime:
        """UTC, aware. Where AWS was called, corrected by AWS's own `Date` header."""
        ...


class Progress(Protocol):
    """What a person sees while long work runs; never results."""

    def start(self, label: str, total: int) -> None:
        """Begin a piece of work of `total` parts."""
        ...

    def advance(self, count: int = 1) -> None:
        """So many parts more are done. Called from any thread."""
        ...

    def note(self, text: str) -> None:
        """One line for the person, e.g. a warning before a sweep."""
        ...


class OrganizationGateway(Protocol):
    """AWS Organizations, read and written with the operator's own credentials."""

    def describe(self) -> OrganizationFacts:
        """`DescribeOrganization`."""
        ...

    def root(self) -> OrganizationRoot:
        """`ListRoots`: an organization has exactly one root."""
        ...

    def accounts(self) -> tuple[MemberAccount, ...]:
        """`ListAccounts`, all pages, the management account included, in order of id."""
        ...

    def account(self, account: AccountId) -> MemberAccount | None:
        """`DescribeAccount`; None where it is not in the organization."""
        ...

    def accounts_of(self, parent: str) -> tuple[MemberAccount, ...]:
        """`ListAccountsForParent`: the accounts directly in a root or OU."""
        ...

    def units_of(self, parent: str) -> tuple[OrganizationalUnit, ...]:
        """`ListOrganizationalUnitsForParent`: the OUs directly in a root or OU."""
        ...

    def path_of(self, child: str) -> tuple[str, ...]:
        """Ids from the root container to an account's or OU's parent (`ListParents`, walked up)."""
        ...

    def tags_of(self, resource: str) -> Mapping[str, str]:
        """`ListTagsForResource` of an account, OU or policy."""
        ...

    def trusted_services(self) -> frozenset[str]:
        """`ListAWSServiceAccessForOrganization`: service principals."""
        ...

    def enable_trusted_access(self) -> None:
        """`EnableAWSServiceAccess` for `iam.amazonaws.com`."""
        ...

    def disable_trusted_access(self) -> None:
        """`DisableAWSServiceAccess` for `iam.amazonaws.com`."""
        ...

    def delegated_administrators(self) -> tuple[AccountId, ...]:
        """`ListDelegatedAdministrators` for `iam.amazonaws.com`."""
        ...

    def register_delegated_administrator(self, account: AccountId) -> None:
        """`RegisterDelegatedAdministrator` for `iam.amazonaws.com`."""
        ...

    def deregister_delegated_administrator(self, account: AccountId) -> None:
        """`DeregisterDelegatedAdministrator` for `iam.amazonaws.com`."""
        ...

    def scps(self) -> tuple[ScpSummary, ...]:
        """`ListPolicies` of type SERVICE_CONTROL_POLICY."""
        ...

    def rcps(self) -> tuple[ScpSummary, ...]:
        """`ListPolicies` of type RESOURCE_CONTROL_POLICY; their texts and targets as of SCPs."""
        ...

    def scp_content(self, policy: str) -> str:
        """`DescribePolicy`: the document exactly as stored."""
        ...

    def attached_scps(self, target: str) -> tuple[ScpSummary, ...]:
        """`ListPoliciesForTarget`: direct attachments only."""
        ...

    def targets_of_scp(self, policy: str) -> tuple[str, ...]:
        """`ListTargetsForPolicy`: ids of roots, OUs and accounts it is attached to directly."""
        ...

    def create_scp(
        self, name: str, description: str, content: str, tags: Mapping[str, str]
    ) -> ScpSummary:
        """`CreatePolicy`, tagged at creation."""
        ...

    def update_scp(self, policy: str, description: str, content: str) -> None:
        """`UpdatePolicy`; the name stays."""
        ...

    def attach_scp(self, policy: str, target: str) -> None:
        """`AttachPolicy`; an existing attachment is success."""
        ...

    def detach_scp(self, policy: str, target: str) -> None:
        """`DetachPolicy`; what is not attached is success."""
        ...

    def tag_scp(self, policy: str, tags: Mapping[str, str]) -> None:
        """`TagResource`; other tags stay."""
        ...

    def delete_scp(self, policy: str) -> None:
        """`DeletePolicy`; what does not exist is success."""
        ...


class IdentityGateway(Protocol):
    """STS GetCallerIdentity and the five organization features of IAM."""

    def caller(self) -> Caller:
        """`sts:GetCallerIdentity`."""
        ...

    def role_arn(self, name: str) -> str | None:
        """`iam:GetRole` of a role of the caller's account; None where that is not allowed."""
        ...

    def features(self) -> frozenset[Feature]:
        """`iam:ListOrganizationsFeatures`; AwsError TRUSTED_ACCESS_OFF while AWS hides them."""
        ...

    def enable_feature(self, feature: Feature) -> None:
        """`iam:EnableOrganizationsRoot…`."""
        ...

    def disable_feature(self, feature: Feature) -> None:
        """`iam:DisableOrganizationsRoot…`."""
        ...


class RootSessionGateway(Protocol):
    """`sts:AssumeRoot`, and what the root user's own IAM calls answer inside such a session.

    `assume_root` is called by `workflows.run` and by nothing else: a test holds that.
    """

    def assume_executor(
        self, role: str, session_name: str, policy: str, source_identity: str | None
    ) -> RoleSession:
        """`sts:AssumeRole` of an executor role, capped by an inline session policy.

        `source_identity` None: the session carries what the caller's own session has, if any.
        """
        ...

    def assume_root(
        self,
        account: AccountId,
        task_policy: TaskPolicy,
        duration_seconds: int,
        reference: str,
        through: RoleSession | None = None,
    ) -> RootSession:
        """Open a root session: Regional endpoint, one attempt, `reference` in the user agent.

        `through`: signed with this session; None: with the operator's own credentials.

        Raises:
            AwsError: LOST when no answer came, so that a session may exist; else a refusal.
        """
        ...

    def account_summary(self, session: RootSession) -> AccountSummary:
        """`iam:GetAccountSummary` (audit task)."""
        ...

    def has_password(self, session: RootSession) -> bool:
        """`iam:GetLoginProfile`; NoSuchEntity means no password."""
        ...

    def access_keys(self, session: RootSession) -> tuple[AccessKey, ...]:
        """`iam:ListAccessKeys`, all pages, with `iam:GetAccessKeyLastUsed` for each."""
        ...

    def signing_certificates(self, session: RootSession) -> tuple[str, ...]:
        """`iam:ListSigningCertificates`: certificate ids, all pages."""
        ...

    def mfa_devices(self, session: RootSession) -> tuple[str, ...]:
        """`iam:ListMFADevices`: serial numbers, all pages."""
        ...

    def delete_password(self, session: RootSession) -> None:
        """`iam:DeleteLoginProfile`; NoSuchEntity is success."""
        ...

    def delete_access_key(self, session: RootSession, key_id: str) -> None:
        """`iam:DeleteAccessKey`; NoSuchEntity is success."""
        ...

    def delete_signing_certificate(self, session: RootSession, certificate_id: str) -> None:
        """`iam:DeleteSigningCertificate`; NoSuchEntity is success."""
        ...

    def deactivate_mfa_device(self, session: RootSession, serial: str) -> None:
        """`iam:DeactivateMFADevice`, then best effort `iam:DeleteVirtualMFADevice`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket as `s3:ListAllMyBuckets` shows it; `region` may be missing in old answers."""

    name: str
    region: str | None


class ResourcePolicyGateway(Protocol):
    """Bucket policies inside a root session; every call sends ExpectedBucketOwner."""

    def buckets(self, session: RootSession, prefix: str = "") -> tuple[Bucket, ...]:
        """`s3:ListBuckets`, all pages, with their Regions."""
        ...

    def bucket_policy(self, session: RootSession, bucket: str, region: str) -> bytes | None:
        """`s3:GetBucketPolicy`: the exact text, or None where there is no policy.

        Raises:
            AwsError: NOT_FOUND where the bucket does not exist; WRONG_REGION (the message names
                the right one where AWS tells it); DENIED where another account owns it.
        """
        ...

    def put_bucket_policy(
        self, session: RootSession, bucket: str, region: str, policy: bytes
    ) -> None:
        """`s3:PutBucketPolicy`."""
        ...

    def delete_bucket_policy(self, session: RootSession, bucket: str, region: str) -> None:
        """`s3:DeleteBucketPolicy`."""
        ...


class Signer(Protocol):
    """One person's signing key; private keys are never read."""

    @property
    def public_key(self) -> str:
        """The OpenSSH public key, `type base64`, without a comment."""
        ...

    def sign(self, namespace: str, message: bytes) -> str:
        """An armored SSHSIG over the message, verified by our own code before it is returned.

        Raises:
            UsageError: ssh-keygen is missing, refused, or its signature does not verify.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """The trust this machine accepted for an organization: SHA-256 over log id, owners, retain."""

    organization: str
    log_id: str
    trust_sha256: str


class Memory(Protocol):
    """What this machine remembers between commands: pins, heads, spooled facts, running work."""

    def pin(self, organization: str) -> Pin | None:
        """The pinned trust of an organization."""
        ...

    def set_pin(self, pin: Pin) -> None:
        """Pin a trust, durably."""
        ...

    def head(self, log: LogId) -> tuple[int, str] | None:
        """The last verified head (record number, hash) of a log."""
        ...

    def set_head(self, log: LogId, seq: int, record_hash: str) -> None:
        """Remember a verified head; a smaller one never replaces a greater."""
        ...

    def spool(self, name: str, fact: bytes) -> None:
        """Keep a signed fact that the log could not take, durably (fsync)."""
        ...

    def spooled(self) -> tuple[tuple[str, bytes], ...]:
        """Every spooled fact by name."""
        ...

    def unspool(self, name: str) -> None:
        """Forget a spooled fact that the log holds by now, durably; absent is success."""
        ...

    def running(self, execution: str) -> AbstractContextManager[None]:
        """Mark an execution as running in this process; the mark dies with the process."""
        ...

    def is_running(self, execution: str) -> bool:
        """A live process on this machine holds the mark of this execution."""
        ...
