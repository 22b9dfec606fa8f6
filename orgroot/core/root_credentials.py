"""What a member account's root user still has: present, absent or unknown, never guessed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orgroot.errors import UsageError


class Presence(StrEnum):
    """Whether a credential exists; an answer that lacks the key is unknown, never absent."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class CredentialKind(StrEnum):
    """The kinds of root credentials, as `--only` spells them."""

    PASSWORD = "password"  # noqa: S105 - a kind of credential, not one
    ACCESS_KEYS = "access-keys"
    SIGNING_CERTIFICATES = "signing-certificates"
    MFA = "mfa"


def credential_kinds(text: str) -> tuple[CredentialKind, ...]:
    """The kinds that a comma-separated text names, in the order of `CredentialKind`.

    Raises:
        UsageError: it names none, or something that is no kind.
    """
    asked = {part.strip() for part in text.split(",")} - {""}
    unknown = asked - {kind.value for kind in CredentialKind}
    if unknown or not asked:
        raise UsageError(
            f"{', '.join(sorted(unknown)) or 'nothing'} is not a kind of root credential",
            hint="kinds are " + ", ".join(kind.value for kind in CredentialKind),
            code="only",
        )
    return tuple(kind for kind in CredentialKind if kind.value in asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A root access key: never its secret. Times are UTC; None: never used, or not told."""

    id: str
    status: str
    created_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSummary:
    """The four root entries of `iam:GetAccountSummary`; a key AWS left out is UNKNOWN."""

    password: Presence
    access_keys: Presence
    signing_certificates: Presence
    mfa: Presence

    @property
    def clean(self) -> bool | None:
        """True: no password, keys or certificates. None: something needed is unknown."""
        kinds = (self.password, self.access_keys, self.signing_certificates)
        if Presence.PRESENT in kinds:
            return False
        return None if Presence.UNKNOWN in kinds else True


@dataclass(frozen=True, slots=True, kw_only=True)
class RootCredentials:
    """The root credentials of one account in detail."""

    password: Presence
    access_keys: tuple[AccessKey, ...]
    signing_certificates: tuple[str, ...]
    mfa_devices: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Nothing at all is left, MFA included, and nothing is unknown."""
        return self.password is Presence.ABSENT and not (
            self.access_keys or self.signing_certificates or self.mfa_devices
        )
