"""What an organization consists of, in AWS Organizations' own terms. Values only: no rules."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from orgroot.core.ids import AccountId

IAM = "iam.amazonaws.com"
"""The service principal under which centralized root access is a trusted service."""


class AccountState(StrEnum):
    """``Account.State`` of the Organizations API reference."""

    PENDING_ACTIVATION = "PENDING_ACTIVATION"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    PENDING_CLOSURE = "PENDING_CLOSURE"
    CLOSED = "CLOSED"

    @property
    def old_status(self) -> str:
        """The retired ``Account.Status``: a closed account reads SUSPENDED there."""
        kept = {AccountState.ACTIVE, AccountState.PENDING_CLOSURE}
        return self.value if self in kept else "SUSPENDED"


class JoinedMethod(StrEnum):
    """How an account came in: a created one has an access role, an invited one has none."""

    CREATED = "CREATED"
    INVITED = "INVITED"


class PolicyType(StrEnum):
    """The two policy types that the sandbox keeps and enforces."""

    SCP = "SERVICE_CONTROL_POLICY"
    RCP = "RESOURCE_CONTROL_POLICY"


class PolicyTypeStatus(StrEnum):
    """``PolicyTypeSummary.Status``; a type that is off is absent."""

    ENABLED = "ENABLED"
    PENDING_ENABLE = "PENDING_ENABLE"


class Feature(StrEnum):
    """A centralized root access feature of IAM (``EnabledFeatures``)."""

    ROOT_CREDENTIALS_MANAGEMENT = "RootCredentialsManagement"
    ROOT_SESSIONS = "RootSessions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One AWS account of the organization.

    Attributes:
        id: 12 digits.
        name: its name.
        email: the root user's e-mail address.
        state: where in its life it stands.
        joined_method: created here, or invited with all its root credentials.
        joined_at: when (UTC).
        parent: the id of the OU or root container that holds it.
        access_role: the role that trusts the management account, None in an invited account.
    """

    id: AccountId
    name: str
    email: str
    state: AccountState
    joined_method: JoinedMethod
    joined_at: datetime
    parent: str
    access_role: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationalUnit:
    """A container of accounts and of further units."""

    id: str
    name: str
    parent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPolicy:
    """A service or resource control policy.

    Attributes:
        id: ``p-…``.
        arn: its ARN; ``arn:aws:organizations::aws:policy/…`` for those of AWS.
        name: unique per type.
        description: up to 512 characters.
        type: SCP or RCP.
        content: the JSON text exactly as it was sent.
        aws_managed: true for FullAWSAccess and RCPFullAWSAccess, which nobody can change.
    """

    id: str
    arn: str
    name: str
    description: str
    type: PolicyType
    content: str
    aws_managed: bool = False


@dataclass(slots=True, kw_only=True)
class CreateAccountRequest:
    """A CreateAccount under way. AWS answers IN_PROGRESS first and decides later.

    Attributes:
        id: ``car-…``.
        name: the wanted name.
        email: the wanted e-mail address.
        role_name: the wanted access role.
        tags: tags for the new account.
        requested_at: when (UTC).
        polls: how often its status was asked for.
        completed_at: when it ended, None while in progress.
        account: the new account, None unless it succeeded.
        failure: the FailureReason, None unless it failed.
    """

    id: str
    name: str
    email: str
    role_name: str
    requested_at: datetime
    tags: dict[str, str] = field(default_factory=dict)
    polls: int = 0
    completed_at: datetime | None = None
    account: AccountId | None = None
    failure: str | None = None

    @property
    def state(self) -> str:
        """``CreateAccountStatus.State``."""
        if self.completed_at is None:
            return "IN_PROGRESS"
        return "FAILED" if self.failure else "SUCCEEDED"
