"""What an account's root user has: password, access keys, signing certificates, MFA devices.

Real enough to be removed and to be missed; must never hold anything that works outside the sandbox.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from orgroot.core.ids import AccountId


class CredentialStatus(StrEnum):
    """``Status`` of an access key or a signing certificate."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class RootPassword:
    """A login profile of the root user.

    Attributes:
        created_at: when it was made (UTC).
        last_used: when somebody last signed in with it, None for never.
    """

    created_at: datetime
    last_used: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RootAccessKey:
    """A long-term access key of the root user. The id encodes the account, as AWS's ids do.

    Attributes:
        id: ``AKIA…``.
        secret: the secret access key.
        created_at: when it was made (UTC).
        status: an inactive key signs nothing, but is still a credential.
        last_used: when it last signed, None for never.
        last_region: where it last signed.
        last_service: what it last called, e.g. ``s3``.
    """

    id: str
    secret: str = field(repr=False)
    created_at: datetime
    status: CredentialStatus = CredentialStatus.ACTIVE
    last_used: datetime | None = None
    last_region: str = "N/A"
    last_service: str = "N/A"


@dataclass(frozen=True, slots=True, kw_only=True)
class RootCertificate:
    """An X.509 signing certificate of the root user.

    Attributes:
        id: AWS's certificate id.
        body: the certificate in PEM.
        uploaded_at: when (UTC).
        status: Active or Inactive.
    """

    id: str
    body: str
    uploaded_at: datetime
    status: CredentialStatus = CredentialStatus.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class RootMfaDevice:
    """An MFA device of the root user.

    Attributes:
        serial: an ARN for a virtual device, the printed serial number for a hardware one.
        enabled_at: when it was assigned (UTC).
    """

    serial: str
    enabled_at: datetime

    @property
    def is_virtual(self) -> bool:
        """True for an authenticator app."""
        return self.serial.startswith("arn:")


@dataclass(slots=True, kw_only=True)
class RootUser:
    """The root user of one account, with whatever credentials it has at the moment.

    Attributes:
        account: its account.
        created_at: when the account was made (UTC).
        password: None where there is none, which is the wanted state.
        keys: by access key id, at most two.
        certificates: by certificate id.
        mfa: devices in use, by serial.
        idle_mfa: virtual devices that were deactivated and not deleted yet, by serial.
        password_last_used: outlives the password itself, as in ``GetUser``.
    """

    account: AccountId
    created_at: datetime
    password: RootPassword | None = None
    keys: dict[str, RootAccessKey] = field(default_factory=dict)
    certificates: dict[str, RootCertificate] = field(default_factory=dict)
    mfa: dict[str, RootMfaDevice] = field(default_factory=dict)
    idle_mfa: dict[str, RootMfaDevice] = field(default_factory=dict)
    password_last_used: datetime | None = None

    @property
    def arn(self) -> str:
        """``arn:aws:iam::<account>:root``."""
        return f"arn:aws:iam::{self.account}:root"

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of credentials it has: password, access-keys, certificates, mfa."""
        present = {
            "password": self.password is not None,
            "access-keys": bool(self.keys),
            "certificates": bool(self.certificates),
            "mfa": bool(self.mfa),
        }
        return tuple(kind for kind, there in present.items() if there)
