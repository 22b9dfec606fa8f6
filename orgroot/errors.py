"""What can go wrong, as a few meanings: one exception family per exit code, and nothing else.

A message says what happened, a hint says what to do next, a code is stable for programs. The exit
codes are the product's contract with scripts (README, "Exit codes"). Never put a secret in here.
"""

from enum import StrEnum
from typing import ClassVar


class OrgrootError(Exception):
    """The base of every error orgroot raises on purpose.

    Attributes:
        message: what happened, in one sentence, for a person.
        hint: what to do next, or None.
        code: a stable kebab-case name for programs.
        exit_code: the process's exit code when nothing else outranks it.
    """

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "unexpected"

    def __init__(self, message: str, *, hint: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code


class UsageError(OrgrootError):
    """Usage, configuration, credentials, or a thing managed by another tool: nothing was called."""

    exit_code = 2
    default_code = "usage"


class ConfigError(UsageError):
    """A configuration or rules text that cannot be accepted.

    Attributes:
        path: where in the document, e.g. ``("approvals", "rules", 0, "id")``.
        source: the file, once known.
        line: the 1-based line in that file, once known.
    """

    default_code = "config"

    def __init__(
        self,
        message: str,
        *,
        path: tuple[str | int, ...] = (),
        source: str | None = None,
        line: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.source = source
        self.line = line


class CredentialsError(UsageError):
    """AWS credentials are absent, expired or not accepted."""

    default_code = "credentials"


class RequestRefused(OrgrootError):  # noqa: N818 - a refusal is an answer, not a malfunction
    """The rules or the approvals say no, for good.

    Attributes:
        reasons: every reason, each one sentence.
    """

    exit_code = 3
    default_code = "refused"

    def __init__(
        self,
        message: str,
        *,
        reasons: tuple[str, ...] = (),
        hint: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.reasons = reasons


class IntegrityError(OrgrootError):
    """Log, signature, trust, organization, endpoint kind or CloudTrail do not agree."""

    exit_code = 4
    default_code = "integrity"


class AuditUnavailable(OrgrootError):  # noqa: N818 - the state of the log, not a fault of the call
    """The audit log cannot be read or written; nothing was done."""

    exit_code = 5
    default_code = "audit-unavailable"


class OutcomeUnknown(OrgrootError):  # noqa: N818 - names the outcome
    """Something may have happened in AWS, or happened and could not be recorded."""

    exit_code = 7
    default_code = "outcome-unknown"


class AwsErrorKind(StrEnum):
    """What an AWS refusal means to us; one AWS code can mean several of these."""

    DENIED = "denied"
    FEATURE_OFF = "feature-off"
    TRUSTED_ACCESS_OFF = "trusted-access-off"
    NOT_MANAGEMENT = "not-management"
    NO_ORGANIZATION = "no-organization"
    NOT_ALL_FEATURES = "not-all-features"
    NOT_FOUND = "not-found"
    ALREADY = "already"
    CONFLICT = "conflict"
    THROTTLED = "throttled"
    INVALID = "invalid"
    LIMIT = "limit"
    UNAVAILABLE = "unavailable"
    LOST = "lost"
    WRONG_REGION = "wrong-region"
    OTHER = "other"


class AwsError(OrgrootError):
    """AWS answered no, or did not answer.

    Attributes:
        kind: what it means to us.
        aws_code: AWS's own error code, e.g. ``AccessDenied``; empty when there was no answer.
        operation: the API call, e.g. ``sts:AssumeRoot``.
        denied_by_arn: the policy ARN in the message where AWS names it, else None.
        denied_by_type: ``service control policy``, ``identity-based policy`` …, else None.
    """

    exit_code = 8
    default_code = "aws"

    def __init__(
        self,
        message: str,
        *,
        kind: AwsErrorKind,
        aws_code: str,
        operation: str,
        hint: str | None = None,
        denied_by_arn: str | None = None,
        denied_by_type: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=f"aws-{kind.value}")
        self.kind = kind
        self.aws_code = aws_code
        self.operation = operation
        self.denied_by_arn = denied_by_arn
        self.denied_by_type = denied_by_type


class Incomplete(OrgrootError):  # noqa: N818 - names the outcome
    """Some of what was asked could not be read or changed; each is named in the message."""

    exit_code = 9
    default_code = "incomplete"
