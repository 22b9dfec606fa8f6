"""The kinds of drift findings: what each means, how bad it is and what to do.

A kind's name is the first part of finding ids that people write into their configuration: it never
changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    """How bad a finding is."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Kind(StrEnum):
    """The kinds of findings: the first part of every finding id."""

    TRUSTED_ACCESS_OFF = "trusted-access.off"
    FEATURE_CREDENTIALS_OFF = "feature.root-credentials-management.off"
    FEATURE_CREDENTIALS_ON = "feature.root-credentials-management.on"
    FEATURE_SESSIONS_OFF = "feature.root-sessions.off"
    FEATURE_SESSIONS_ON = "feature.root-sessions.on"
    DELEGATED_ADMINISTRATOR = "delegated-administrator.differs"
    PASSWORD = "root-credentials.password"  # noqa: S105 - a kind of finding
    ACCESS_KEYS = "root-credentials.access-keys"
    SIGNING_CERTIFICATES = "root-credentials.signing-certificates"
    SCPS_DISABLED = "scp.type-disabled"
    SCP_MISSING = "scp.missing"
    SCP_NOT_ATTACHED = "scp.not-attached"
    SCP_TEXT = "scp.text-differs"
    SCP_NOT_OURS = "scp.not-ours"
    SCP_EXTRA_ATTACHMENT = "scp.extra-attachment"
    SCP_UNDECLARED = "scp.undeclared"
    ROOT_USER_ALLOWED = "scp.root-user-allowed"
    ROOT_SESSION_DENIED = "scp.root-session-denied"
    BREAK_GLASS_OVERDUE = "break-glass.overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """One row of the table of kinds, for reports and for the documentation.

    Attributes:
        severity: of every finding of the kind.
        about: what stands behind the slash of the id.
        meaning: one sentence.
        remedy: what to run or do.
    """

    severity: Severity
    about: str
    meaning: str
    remedy: str


_ENABLE = "orgroot enable"
_REMOVE = "orgroot credentials remove {subject}"
_SCP = "orgroot scp plan"

KINDS: Mapping[Kind, KindRow] = MappingProxyType(
    {
        Kind.TRUSTED_ACCESS_OFF: KindRow(
            severity=Severity.HIGH,
            about="organization id",
            meaning="iam.amazonaws.com is no trusted service: both features are out of use",
            remedy=_ENABLE,
        ),
        Kind.FEATURE_CREDENTIALS_OFF: KindRow(
            severity=Severity.HIGH,
            about="organization id",
            meaning="RootCredentialsManagement is off and shall be on",
            remedy=_ENABLE,
        ),
        Kind.FEATURE_CREDENTIALS_ON: KindRow(
            severity=Severity.MEDIUM,
            about="organization id",
            meaning="RootCredentialsManagement is on and shall be off",
            remedy=_ENABLE,
        ),
        Kind.FEATURE_SESSIONS_OFF: KindRow(
            severity=Severity.MEDIUM,
            about="organization id",
            meaning="RootSessions is off and shall be on",
            remedy=_ENABLE,
        ),
        Kind.FEATURE_SESSIONS_ON: KindRow(
            severity=Severity.MEDIUM,
            about="organization id",
            meaning="RootSessions is on and shall be off",
            remedy=_ENABLE,
        ),
        Kind.DELEGATED_ADMINISTRATOR: KindRow(
            severity=Severity.HIGH,
            about="organization id",
            meaning="the delegated administrators for IAM are not the configured one",
            remedy="bring it in line with `orgroot enable`",
        ),
        Kind.PASSWORD: KindRow(
            severity=Severity.HIGH,
            about="account id",
            meaning="the root user has a password, or may set one",
            remedy=_REMOVE,
        ),
        Kind.ACCESS_KEYS: KindRow(
            severity=Severity.CRITICAL,
            about="account id",
            meaning="the root user has access keys",
            remedy=_REMOVE,
        ),
        Kind.SIGNING_CERTIFICATES: KindRow(
            severity=Severity.HIGH,
            about="account id",
            meaning="the root user has signing certificates",
            remedy=_REMOVE,
        ),
        Kind.SCPS_DISABLED: KindRow(
            severity=Severity.HIGH,
            about="organization id",
            meaning="service control policies are not enabled, so none is in force",
            remedy="aws organizations enable-policy-type --policy-type SERVICE_CONTROL_POLICY",
        ),
        Kind.SCP_MISSING: KindRow(
            severity=Severity.HIGH,
            about="SCP name",
            meaning="a declared SCP does not exist",
            remedy=_SCP,
        ),
        Kind.SCP_NOT_ATTACHED: KindRow(
            severity=Severity.HIGH,
            about="SCP name",
            meaning="a declared SCP is not attached to all of its targets",
            remedy=_SCP,
        ),
        Kind.SCP_TEXT: KindRow(
            severity=Severity.HIGH,
            about="SCP name",
            meaning="an SCP has another text than the declared file",
            remedy=_SCP,
        ),
        Kind.SCP_NOT_OURS: KindRow(
            severity=Severity.LOW,
            about="SCP name",
            meaning="an SCP that orgroot shall manage does not carry its tag",
            remedy=_SCP,
        ),
        Kind.SCP_EXTRA_ATTACHMENT: KindRow(
            severity=Severity.LOW,
            about="SCP name",
            meaning="a declared SCP is attached to more than its targets",
            remedy=_SCP,
        ),
        Kind.SCP_UNDECLARED: KindRow(
            severity=Severity.LOW,
            about="SCP name",
            meaning="an SCP carries orgroot's tag and is not declared",
            remedy=_SCP,
        ),
        Kind.ROOT_USER_ALLOWED: KindRow(
            severity=Severity.HIGH,
            about="SCP name",
            meaning="another tool's SCP shall deny root users, and no policy surely does",
            remedy="orgroot scp check, and change it with that tool",
        ),
        Kind.ROOT_SESSION_DENIED: KindRow(
            severity=Severity.HIGH,
            about="SCP name",
            meaning="where another tool's SCP shall deny root users, root sessions are denied",
            remedy="orgroot scp check, and change it with that tool",
        ),
        Kind.BREAK_GLASS_OVERDUE: KindRow(
            severity=Severity.HIGH,
            about="request id",
            meaning="what was done under break-glass was not reviewed in time",
            remedy="orgroot review {subject}",
        ),
    }
)
"""Every kind there is."""
