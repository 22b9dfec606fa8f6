"""What a `reconciled` record must be to count as evidence; it changes nothing that is decided."""

import re
from datetime import timedelta

from orgroot.core.findings import FindingCode, Void
from orgroot.core.statements import Reconciled, instant

_DIGEST = re.compile(r"[0-9a-f]{64}")


def admit_reconciled(body: Reconciled, skew: timedelta) -> None:
    """Take a `reconciled` record for what it says.

    Raises:
        Void: ILLEGAL_TRANSITION: its time, its counts or its digest cannot be.
    """
    if instant(body.since) >= instant(body.until):
        raise _illegal(f"it looked from {body.since} to {body.until}")
    if instant(body.until) > instant(body.created_at) + skew:
        raise _illegal(f"it looked until {body.until}, and it is of {body.created_at}")
    if any(count < 0 for count in body.counts.values()):
        raise _illegal("it counts what cannot be")
    if _DIGEST.fullmatch(body.report_sha256) is None:
        raise _illegal("it names no report")


def _illegal(detail: str) -> Void:
    return Void(FindingCode.ILLEGAL_TRANSITION, detail)
