"""What people put on record as evidence that somebody looked, and of what they saw.

Nothing is ever decided by it.
"""

from typing import ClassVar

from orgroot.core.statement_parts import PersonStatement


class Reconciled(PersonStatement, frozen=True, kw_only=True, tag="reconciled"):
    """What a reconciliation of CloudTrail with the log came to: the evidence that it was done.

    Attributes:
        since, until: from when to when the trails were read (UTC).
        accounts: the accounts whose trails were read, or begun.
        counts: how many events and sessions there were of each verdict, and what was not read.
        report_sha256: SHA-256 of the report, see the README.
    """

    NAMESPACE: ClassVar[str] = "orgroot-reconciled-v1"

    since: str
    until: str
    accounts: tuple[str, ...]
    counts: dict[str, int]
    report_sha256: str


class Report(PersonStatement, frozen=True, kw_only=True, tag="report"):
    """What a drift report came to: the evidence that it was made.

    Attributes:
        survey: the request or survey that the accounts' root users were read under.
        counts: how many findings there were, by status and severity, and what was not read.
        report_sha256: SHA-256 of the report, see the README.
    """

    NAMESPACE: ClassVar[str] = "orgroot-report-v1"

    survey: str
    counts: dict[str, int]
    report_sha256: str
