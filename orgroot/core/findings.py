"""What is wrong or odd with records: the codes of `log verify`, and what each says of the log."""

from dataclasses import dataclass
from enum import StrEnum


class FindingCode(StrEnum):
    """What `log verify` can find; the first block is integrity (exit 4), the second attention."""

    GAP = "GAP"
    CHAIN = "CHAIN"
    NONCANON = "NONCANON"
    SIZE = "SIZE"
    BADSIG = "BADSIG"
    UNKNOWN_SIGNER = "UNKNOWN_SIGNER"
    WRONG_NAMESPACE = "WRONG_NAMESPACE"
    FLAGS = "FLAGS"
    HEAD_MISMATCH = "HEAD_MISMATCH"
    ROLLBACK = "ROLLBACK"
    FORK = "FORK"
    RULES_VIOLATION = "RULES_VIOLATION"
    ILLEGAL_TRANSITION = "ILLEGAL_TRANSITION"
    REPLAY = "REPLAY"
    KEY_COMPROMISED = "KEY_COMPROMISED"
    OBJECT = "OBJECT"
    MULTI_VERSION = "MULTI_VERSION"
    DELETE_MARKER = "DELETE_MARKER"
    NOT_LOCKED = "NOT_LOCKED"
    SECRET = "SECRET"  # noqa: S105 - a finding's name

    FOREIGN_RECORD = "FOREIGN_RECORD"
    STRAY_OBJECT = "STRAY_OBJECT"
    EXTRA_VERSION = "EXTRA_VERSION"
    TIME_REGRESSION = "TIME_REGRESSION"
    SKEW = "SKEW"
    DANGLING = "DANGLING"
    OVERDUE_REVIEW = "OVERDUE_REVIEW"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"

    @property
    def attention(self) -> bool:
        """Exit 6 rather than 4: worth a look, not a broken log."""
        return self in _ATTENTION


_ATTENTION = frozenset(
    {
        FindingCode.FOREIGN_RECORD,
        FindingCode.STRAY_OBJECT,
        FindingCode.EXTRA_VERSION,
        FindingCode.TIME_REGRESSION,
        FindingCode.SKEW,
        FindingCode.DANGLING,
        FindingCode.OVERDUE_REVIEW,
        FindingCode.UNKNOWN_SESSION,
    }
)


class Void(Exception):  # noqa: N818 - a verdict on a record, not a malfunction
    """A record that is not counted, and why; never leaves the fold.

    Attributes:
        code: what is wrong.
        fatal: it shows that the log was altered.
    """

    def __init__(self, code: FindingCode, detail: str, *, fatal: bool = False) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.fatal = fatal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding about one record (seq 0: about the store).

    `fatal`: the log was altered, so no command may go on; else the record is merely not counted.
    """

    code: FindingCode
    seq: int
    detail: str
    fatal: bool = False
