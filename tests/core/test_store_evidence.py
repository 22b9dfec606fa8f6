"""What versions, delete markers and retention mean: which stop work, and which are reported."""

from datetime import UTC, datetime, timedelta

import pytest

from orgroot.core.findings import FindingCode
from orgroot.core.store_evidence import KeyEvidence, doubtful, store_findings

NOW = datetime(2026, 11, 25, tzinfo=UTC)
RETAIN = timedelta(days=400)
KEY = "000000000042.json"
C = FindingCode


def evidence(
    *,
    key: str = KEY,
    further: tuple[str, ...] = (),
    markers: tuple[str, ...] = (),
    days: int | None = 400,
    age: int = 1,
    oldest: str | None = "v1",
) -> KeyEvidence:
    """What lies under a key: created `age` days ago, locked for `days` at creation."""
    created = NOW - timedelta(days=age)
    return KeyEvidence(
        key=key,
        oldest=oldest,
        further=further,
        markers=markers,
        created_at=created if oldest else None,
        retained_until=None if days is None else created + timedelta(days=days),
    )


def found(each: KeyEvidence, **acknowledged: frozenset[str]) -> list[tuple[FindingCode, int]]:
    """Codes and record numbers of what `log verify` says of one key."""
    findings = store_findings(
        (each,), retain=RETAIN, acknowledged={KEY: acknowledged.get("ids", frozenset())}, now=NOW
    )
    return [(finding.code, finding.seq) for finding in findings]


@pytest.mark.parametrize(
    ("each", "codes"),
    [
        (evidence(), []),
        (evidence(days=401), []),
        (evidence(age=500), []),
        (evidence(days=399), [C.NOT_LOCKED]),
        (evidence(days=None), [C.NOT_LOCKED]),
        (evidence(further=("v2",)), [C.EXTRA_VERSION]),
        (evidence(markers=("d1",)), [C.EXTRA_VERSION]),
        (evidence(further=("v2",), markers=("d1",)), [C.EXTRA_VERSION, C.EXTRA_VERSION]),
        (evidence(further=("v2",), days=None), [C.NOT_LOCKED, C.MULTI_VERSION]),
        (evidence(markers=("d1",), days=None), [C.NOT_LOCKED, C.DELETE_MARKER]),
        (evidence(further=("v2",), age=500), [C.MULTI_VERSION]),
        (evidence(markers=("d1",), age=500), [C.DELETE_MARKER]),
        (evidence(markers=("d1",), oldest=None, days=None), [C.EXTRA_VERSION]),
    ],
)
def test_what_verify_says(each: KeyEvidence, codes: list[FindingCode]) -> None:
    """Over an unlocked record it is integrity, over a locked one attention; locked long or not."""
    assert found(each) == [(code, 42) for code in codes]


def test_a_record_without_a_known_creation_is_not_locked() -> None:
    """What cannot be computed does not count as kept."""
    each = KeyEvidence(key=KEY, oldest="v1", retained_until=NOW + RETAIN)
    assert found(each) == [(C.NOT_LOCKED, 42)]


@pytest.mark.parametrize("key", ["objects/" + "a" * 64, "facts/7/1.json"])
def test_objects_are_findings_about_the_store(key: str) -> None:
    """What is beside the records has no record number."""
    assert found(evidence(key=key, days=None)) == [(C.NOT_LOCKED, 0)]


def test_what_an_owner_acknowledged_is_not_said_again() -> None:
    """Only version ids that were named fall silent."""
    each = evidence(further=("v2", "v3"), markers=("d1",), age=500)
    assert found(each, ids=frozenset({"v2", "v3", "d1"})) == []
    assert found(each, ids=frozenset({"v2", "d1"})) == [(C.MULTI_VERSION, 42)]


def test_doubt_needs_a_cover_and_no_retention() -> None:
    """Work stops where the first version may not be the first, and only there."""
    locked = evidence(further=("v2",))
    ended = evidence(further=("v2",), age=500)
    marked = evidence(markers=("d1",), days=None)
    alone = evidence(days=None)
    nothing = evidence(markers=("d1",), oldest=None, days=None)
    assert doubtful((alone, locked, nothing), {}, NOW) is None
    assert doubtful((locked, ended), {}, NOW) is ended
    assert doubtful((marked,), {}, NOW) is marked
    assert doubtful((marked,), {KEY: frozenset({"d1"})}, NOW) is None
    assert doubtful((marked,), {KEY: frozenset({"other"})}, NOW) is marked
    assert ended.covered_by == ("v2",)
