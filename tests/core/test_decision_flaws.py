"""What would be found in a decision is known before it is appended: the same as after."""

import copy
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from orgroot.core.log_state import LogState
from orgroot.core.statement_parts import HeadRef
from orgroot.core.statements import Approval, Denial, timestamp
from tests.core import scene as s
from tests.core import world as w

CASES: Mapping[str, dict[str, Any]] = {
    "sound": {},
    "an hour old": {"created_at": timestamp(s.START - timedelta(minutes=57))},
    "another request": {"request_sha256": "0" * 64},
    "another summary": {"summary": {}},
    "another word": {"decision": "maybe"},
    "another log": {"log": "0123456789abcdef"},
    "another head": {"head": HeadRef(seq=1, hash="0" * 64)},
    "a head before the request": {"head": None},
    "no time": {"created_at": "soon"},
}


@pytest.fixture
def log() -> w.Log:
    """A log with its rules in force."""
    return w.Log(s.approvals_of())


def looks(state: LogState) -> tuple[Any, ...]:
    """What of a state a decision could change."""
    requests = state.requests.values()
    return (
        state.seq,
        state.hash,
        state.newest,
        copy.copy(state.statements),
        list(state.findings),
        [(len(r.approvals), len(r.denials), r.denied) for r in requests],
    )


@pytest.mark.parametrize("kind", [Approval, Denial])
@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
@pytest.mark.parametrize("who", ["bob", "alice", "mallory"])
def test_what_is_said_before_is_found_after(
    log: w.Log, who: str, changes: dict[str, Any], kind: type[Approval | Denial]
) -> None:
    """The answer is the very finding of the fold, or None where it has none; nothing changes."""
    if changes.get("head", ...) is None:
        changes = {"head": HeadRef(seq=2, hash=log.state.hashes[1])}
    body = log.decision_body(who, log.request(), kind, **changes)
    raw = log.signed_raw(body, who)
    before = looks(log.state)
    flaw = log.fold.flaw(raw)
    assert looks(log.state) == before
    seq = log.admit(raw)
    found = [finding for finding in log.state.findings if finding.seq == seq]
    assert found == ([] if flaw is None else [flaw])


def test_a_sound_decision_has_no_flaw_once(log: w.Log) -> None:
    """Sound, it has none, however old it is; the second time it is a replay."""
    body = log.decision_body("bob", log.request(), Approval)
    log.now += timedelta(hours=1)
    assert log.fold.flaw(log.signed_raw(body, "bob")) is None
    log.signed(body, "bob")
    assert log.codes == []
    flaw = log.fold.flaw(log.signed_raw(body, "bob"))
    assert flaw is not None
    assert flaw.code.value == "REPLAY"


def test_what_is_no_decision_is_a_flaw(log: w.Log) -> None:
    """A sound statement of another kind is never said to count as a decision."""
    flaw = log.fold.flaw(log.signed_raw(log.request_body("alice"), "alice"))
    assert flaw is not None
    assert "no decision" in flaw.detail
