"""What commands answer: one Struct per JSON schema, and the one place that ranks exit reasons.

The JSON keys are a contract with scripts (README, "JSON"): add freely, change never silently.
`report` renders these values; workflows build them; neither knows the other.
"""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct


class ExitReason(StrEnum):
    """Why a command did not simply end with 0, each with its exit code."""

    INTEGRITY = "integrity"
    UNKNOWN = "outcome-unknown"
    LOG_UNAVAILABLE = "audit-unavailable"
    INCOMPLETE = "incomplete"
    FINDINGS = "findings"
    AWS_REFUSED = "aws-refused"
    REFUSED = "refused"
    WAITING = "waiting"

    @property
    def code(self) -> int:
        """The exit code of this reason alone."""
        return _CODES[self]


_CODES = {
    ExitReason.INTEGRITY: 4,
    ExitReason.UNKNOWN: 7,
    ExitReason.LOG_UNAVAILABLE: 5,
    ExitReason.INCOMPLETE: 9,
    ExitReason.FINDINGS: 6,
    ExitReason.AWS_REFUSED: 8,
    ExitReason.REFUSED: 3,
    ExitReason.WAITING: 10,
}
"""In order of precedence: where several hold, the first decides."""


def exit_code(reasons: Iterable[ExitReason]) -> int:
    """The exit code where several reasons hold: 4, 7, 5, 9, 6, 8, 3, 10; 0 without any."""
    held = set(reasons)
    return next((code for reason, code in _CODES.items() if reason in held), 0)


class Row(Struct, frozen=True, kw_only=True):
    """A part of a result."""


class Result(Struct, frozen=True, kw_only=True, tag_field="schema"):
    """A command's answer: `schema` and `exit_reasons` stand in each."""

    exit_reasons: tuple[ExitReason, ...] = ()


class Failure(Result, frozen=True, kw_only=True, tag="orgroot.error/v1"):
    """A command that ended with an error instead of a result; `code` is stable for programs."""

    code: str
    message: str
    hint: str | None


class DeniedBy(Row, frozen=True, kw_only=True):
    """Who denied: from AWS's own message where it names the policy; null where unknown.

    Attributes:
        policy: policy name, id or ARN.
        sid: the statement's Sid.
        kind: `service control policy`, `identity-based policy` …
    """

    policy: str | None = None
    sid: str | None = None
    kind: str | None = None
