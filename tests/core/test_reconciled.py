"""`reconciled`: evidence of a reconciliation, taken for what it says or for nothing."""

from typing import Any

import pytest

from orgroot.core.evidence_statements import Reconciled, Report
from orgroot.core.findings import FindingCode
from orgroot.core.statement_parts import Signer
from tests.core import scene as s
from tests.core import world as w


def reconciled(log: w.Log, who: str = "nightly", **changes: Any) -> Reconciled:
    """A reconciliation of the last hours by a service."""
    base: dict[str, Any] = {
        "since": "2026-03-01T00:00:00Z",
        "until": "2026-03-02T09:00:00Z",
        "accounts": ("111111111111",),
        "counts": {"MATCHED": 3, "unread": 0},
        "report_sha256": "0" * 64,
    }
    signer = Signer(person=who, key=s.key(who))
    return Reconciled(**log.common(), signer=signer, **(base | changes))


def test_anyone_in_the_roster_may_record_a_reconciliation(log: w.Log) -> None:
    """A service's word counts as evidence, and changes nothing that is decided."""
    before = len(log.state.requests)
    log.signed(reconciled(log), "nightly")
    assert log.codes == []
    assert len(log.state.requests) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"since": "2026-03-02T09:00:00Z"},
        {"until": "2026-03-03T09:00:00Z"},
        {"counts": {"MATCHED": -1}},
        {"report_sha256": "0" * 63},
    ],
)
def test_a_reconciliation_that_cannot_be_is_void(log: w.Log, changes: dict[str, Any]) -> None:
    """No time, the future, negative counts, or no digest: it counts for nothing."""
    log.signed(reconciled(log, **changes), "nightly")
    assert log.codes == [FindingCode.ILLEGAL_TRANSITION]


def test_a_reconciliation_at_no_time_is_foreign(log: w.Log) -> None:
    """A time that cannot be read makes it a statement of some other version."""
    log.signed(reconciled(log, since="yesterday"), "nightly")
    assert log.codes == [FindingCode.FOREIGN_RECORD]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"counts": {"new": -1}}, [FindingCode.ILLEGAL_TRANSITION]),
        ({"report_sha256": ""}, [FindingCode.ILLEGAL_TRANSITION]),
    ],
)
def test_a_drift_report_is_evidence_too(
    log: w.Log, changes: dict[str, Any], codes: list[FindingCode]
) -> None:
    """A service records what it came to; counts and digest are such, or it is void."""
    base: dict[str, Any] = {"survey": "orq_", "counts": {"new": 1}, "report_sha256": "0" * 64}
    signer = Signer(person="nightly", key=s.key("nightly"))
    log.signed(Report(**log.common(), signer=signer, **(base | changes)), "nightly")
    assert log.codes == codes
