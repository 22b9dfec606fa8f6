"""What a `reconciled` or `report` record must be to count as evidence; it decides nothing."""

import re
from datetime import timedelta

from orgroot.core.evidence_statements import Reconciled, Report
from orgroot.core.findings import FindingCode, Void
from orgroot.core.statements import instant

_DIGEST = re.compile(r"[0-9a-f]{64}")


def admit_evidence(body: Reconciled | Report, skew: timedelta) -> None:
    """Take a record of evidence for what it says.

    Raises:
        Void: ILLEGAL_TRANSITION: its time, its counts or its digest cannot be.
    """
    if isinstance(body, Reconciled):
        _check_span(body, skew)
    if any(count < 0 for count in body.counts.values()):
        raise _illegal("it counts what cannot be")
    if _DIGEST.fullmatch(body.report_sha256) is None:
        raise _illegal("it names no report")


def _check_span(body: Reconciled, skew: timedelta) -> None:
    if instant(body.since) >= instant(body.until):
        raise _illegal(f"it looked from {body.since} to {body.until}")
    if instant(body.until) > instant(body.created_at) + skew:
        raise _illegal(f"it looked until {body.until}, and it is of {body.created_at}")


def _illegal(detail: str) -> Void:
    return Void(FindingCode.ILLEGAL_TRANSITION, detail)
