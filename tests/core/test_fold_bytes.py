"""The fold of damaged bytes, broken chains and wrong positions: what counts for nothing."""

from typing import Any

import msgspec
import pytest
from fakes.signer import FakeSigner
from hypothesis import given, settings
from hypothesis import strategies as st

from orgroot.core.audit_log import fatal_findings, integrity_findings
from orgroot.core.codec import MAX_RECORD_BYTES, Signature, canonical, parse_canonical
from orgroot.core.findings import FindingCode
from orgroot.core.log_state import RequestState
from orgroot.core.statement_parts import HeadRef
from orgroot.core.statements import Approval, Denial, to_text
from tests.core import scene as s
from tests.core import world as w
from tests.core.verdicts import C, standing, voided


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", C.FOREIGN_RECORD),
        (b"garbage", C.FOREIGN_RECORD),
        (b"\xff" * 50, C.FOREIGN_RECORD),
        (b"[" * 5000, C.FOREIGN_RECORD),
        (b'{"body":', C.NONCANON),
        (b'{"x":1,"v":1}\n', C.NONCANON),
        (b" " * (MAX_RECORD_BYTES + 1), C.SIZE),
    ],
)
def test_garbage_stops_nobody(log: w.Log, raw: bytes, code: FindingCode) -> None:
    """Whatever is appended is reported, chained over and skipped; the next record is good."""
    log.admit(raw)
    voided(log, code)
    w.unlocked(log)
    assert len(log.state.findings) == 1
    assert fatal_findings(log.state) == ()


@pytest.mark.parametrize("body", ["", "{}\n", '{"type": "request"}\n', "1"])
def test_a_record_without_statement_is_foreign(log: w.Log, body: str) -> None:
    """A good envelope around anything else is skipped."""
    log.admit(log.raw(body.encode(), ()))
    voided(log, C.FOREIGN_RECORD)
    log.admit(log.raw(body.encode(), (), prev="0" * 64))
    voided(log, C.CHAIN, fatal=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"org": "o-anotherorgid"},
        {"log": "0" * 16},
        {"schema": "orgroot.statement/v2"},
        {"created_at": "2026-03-02 09:00"},
        {"expires_at": "9999-12-31T23:59:59Z"},
        {"expires_at": "0001-01-01T00:00:00Z"},
    ],
)
def test_a_statement_of_elsewhere_is_foreign(log: w.Log, changes: dict[str, Any]) -> None:
    """Another organization, log or schema, and times or values beyond all bounds, do not count."""
    log.request(**changes)
    voided(log, C.FOREIGN_RECORD)
    assert not log.state.requests


def test_another_spelling_is_foreign(log: w.Log) -> None:
    """A signed text that is not the canonical spelling of its value does not count."""
    text = to_text(log.request_body()).replace(b"300", b"300.0")
    armored = FakeSigner("alice").sign("orgroot-request-v1", text)
    log.admit(log.raw(text, (Signature(alg="sshsig", key=s.key("alice"), sig=armored),)))
    voided(log, C.FOREIGN_RECORD)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b'{"type":"review"}', C.FOREIGN_RECORD),
        (b'{"type":"request"}', C.BADSIG),
        (b"{}", C.BADSIG),
        (b"[]", C.BADSIG),
        (b"{", C.BADSIG),
    ],
)
def test_words_of_a_later_version_are_told_from_damage(
    log: w.Log, text: bytes, code: FindingCode
) -> None:
    """What is signed for its own purpose is foreign; what no signature fits was damaged."""
    armored = FakeSigner("alice").sign("orgroot-review-v1", text)
    log.admit(log.raw(text, (Signature(alg="sshsig", key=s.key("alice"), sig=armored),)))
    voided(log, code)
    log.admit(log.raw(text, (Signature(alg="sshsig", key="ssh-rsa AAAA", sig=armored),)))
    voided(log, C.BADSIG)
    log.admit(log.raw(text, (Signature(alg="ed25519", sig="AAAA"),)))
    voided(log, C.BADSIG)


def test_a_fact_with_an_odd_time_is_foreign(log: w.Log) -> None:
    """Times inside items are looked at too."""
    request = log.request()
    log.approve("bob", request)
    run = log.intent("alice", request)
    log.fact(run, msgspec.structs.replace(s.issued(), expires_at="soon"))
    voided(log, C.FOREIGN_RECORD)


@pytest.mark.parametrize("envelope", [{"log": "0" * 16}, {"seq": 9}, {"prev": "a" * 64}])
def test_a_broken_envelope_means_nothing_where_nobody_can_overwrite(
    locked: w.Log, envelope: dict[str, Any]
) -> None:
    """Under Object Lock a wrong frame was appended so, signed place or none: it is skipped."""
    log = locked
    log.admit(log.raw(b"{}", (), **envelope))
    voided(log, C.CHAIN)
    log.signed(log.request_body(), "alice", **envelope)
    voided(log, C.CHAIN)
    assert not log.state.requests
    request = log.request()
    log.approve("bob", request)
    run = log.intent("alice", request)
    log.admit(log.fact_raw(log.fact_body(run, s.issued()), **envelope))
    voided(log, C.CHAIN)


@pytest.mark.parametrize("envelope", [{"log": "0" * 16}, {"seq": 9}, {"prev": "a" * 64}])
def test_a_broken_envelope_in_a_folder_is_an_alteration(
    log: w.Log, envelope: dict[str, Any]
) -> None:
    """Who can append there can overwrite, so a chain that does not hold stops everyone."""
    log.signed(log.request_body(), "alice", **envelope)
    voided(log, C.CHAIN, fatal=True)


def test_a_broken_envelope_around_an_old_head_stops_nobody_under_object_lock(
    locked: w.Log,
) -> None:
    """A statement from a chat, appended in a wrong frame, is skipped; in its own it counts."""
    log = locked
    head = HeadRef(seq=1, hash=log.state.hashes[0])
    body = log.request_body(head=head)
    log.signed(body, "alice", prev="a" * 64)
    voided(log, C.CHAIN)
    log.signed(body, "alice")
    assert len(log.state.findings) == 1
    assert len(log.state.requests) == 1


def test_a_broken_envelope_around_a_head_that_is_not_here_is_an_alteration(locked: w.Log) -> None:
    """Whoever signed it saw another log: that is believed anywhere."""
    head = HeadRef(seq=1, hash="b" * 64)
    locked.signed(locked.request_body(head=head), "alice", prev="a" * 64)
    voided(locked, C.HEAD_MISMATCH, fatal=True)


@pytest.mark.parametrize("prev", [None, "a" * 64])
def test_a_fact_kept_aside_is_no_record_and_stops_nobody(locked: w.Log, prev: str | None) -> None:
    """A spooled fact signs no position: appended as a record it counts for nothing."""
    log = locked
    request = log.request()
    log.approve("bob", request)
    run = log.intent("alice", request)
    frame = {} if prev is None else {"prev": prev}
    log.admit(log.fact_raw(log.fact_body(run, s.issued(), seq=0, prev=""), **frame))
    voided(log, C.CHAIN)
    assert not log.state.executions[run].issued


@pytest.mark.parametrize(
    "head",
    [
        HeadRef(seq=2, hash="a" * 64),
        HeadRef(seq=3, hash="a" * 64),
        HeadRef(seq=0, hash="0" * 64),
        HeadRef(seq=-1, hash="a" * 64),
    ],
)
def test_a_head_that_is_not_here_stops_everyone(log: w.Log, head: HeadRef) -> None:
    """A signer who saw another log is believed."""
    log.request(head=head)
    voided(log, C.HEAD_MISMATCH, fatal=True)
    assert fatal_findings(log.state) == integrity_findings(log.state)


def test_a_missing_record_stops_everyone(log: w.Log) -> None:
    """A gap is named, and reading goes on behind it."""
    w.unlocked(log)
    fold = log.new_fold()
    for seq, raw in enumerate(log.raws, 1):
        if seq != 4:
            fold.admit(seq, raw)
    assert fold.state.findings[0].code is C.GAP
    assert fold.state.findings[0].fatal
    assert fold.state.hashes[3] == ""
    assert fold.state.seq == len(log.raws)


def test_a_fact_signs_its_place(log: w.Log) -> None:
    """A fact that its execution wrote for another place shows an alteration."""
    request = log.request()
    log.approve("bob", request)
    run = log.intent("alice", request)
    log.fact(run, s.issued(), seq=3)
    voided(log, C.CHAIN, fatal=True)
    log.fact(run, s.issued(), prev="a" * 64)
    voided(log, C.CHAIN, fatal=True)


def test_the_signature_of_a_fact_is_in_nobody_s_name(log: w.Log) -> None:
    """Its key is that of its execution: a person's key beside it makes no second spelling."""
    request = log.request()
    log.approve("bob", request)
    run = log.intent("alice", request)
    record = parse_canonical(log.fact_raw(log.fact_body(run, s.issued())))
    record["sigs"][0] |= {"alg": "sshsig", "key": s.key("bob")}
    log.admit(canonical(record))
    voided(log, C.BADSIG)
    assert not log.state.executions[run].issued
    assert all(seq != log.state.seq for seq, _ in log.state.signed[s.key("bob")])


def test_a_statement_counts_once(log: w.Log) -> None:
    """A copy of a record further down is a replay, whatever stands around it."""
    request = log.request()
    log.approve("bob", request)
    raw = log.raws[-1]
    log.admit(raw)
    voided(log, C.REPLAY)
    record = parse_canonical(raw) | {"seq": log.state.seq + 1, "prev": log.state.hash}
    log.admit(canonical(record))
    voided(log, C.REPLAY)
    assert len(log.state.requests[request].approvals) == 1


def test_a_copy_put_first_does_not_spoil_the_statement(locked: w.Log) -> None:
    """Only a statement that held at its place stands: nobody can burn another's words."""
    log = locked
    request = log.request()
    body = log.decision_body("bob", request, Approval)
    good = parse_canonical(log.signed_raw(body, "bob"))
    log.admit(canonical(good | {"prev": "a" * 64, "sigs": []}))
    voided(log, C.CHAIN)
    log.signed(body, "bob")
    assert len(log.state.requests[request].approvals) == 1


@pytest.fixture(scope="module")
def story() -> list[bytes]:
    """The records of one unlocking and a denial."""
    log = w.Log(s.approvals_of())
    w.unlocked(log)
    log.deny("bob", log.request())
    assert log.state.findings == []
    return log.raws


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_any_flipped_byte_is_found(story: list[bytes], data: st.DataObject) -> None:
    """Whichever byte of whichever record changes, something is found and nothing breaks."""
    seq = data.draw(st.integers(0, len(story) - 1))
    raw = bytearray(story[seq])
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    state = w.Log().refold([*story[:seq], bytes(raw), *story[seq + 1 :]])
    assert integrity_findings(state)
    if seq < len(story) - 1:
        assert fatal_findings(state)
        assert fatal_findings(state)[0].seq in {seq + 1, seq + 2}


def test_every_record_taken_out_or_moved_is_found(story: list[bytes]) -> None:
    """Removed, doubled, or in another order: commands stop, unless only the end was cut."""
    log = w.Log()
    for seq in range(len(story) - 1):
        assert fatal_findings(log.refold([*story[:seq], *story[seq + 1 :]]))
        swapped = [*story[:seq], story[seq + 1], story[seq], *story[seq + 2 :]]
        assert fatal_findings(log.refold(swapped))
        doubled = [*story[: seq + 1], story[seq], *story[seq + 1 :]]
        assert fatal_findings(log.refold(doubled))
        assert not log.refold(story[: seq + 1]).findings


def test_a_denial_replaced_by_garbage_is_found(log: w.Log) -> None:
    """Whoever overwrites a record to undo it meets the signed words behind it."""
    request = log.request()
    seq = log.deny("bob", request)
    log.request()
    raws = [*log.raws]
    raws[seq - 1] = b"gone"
    state = log.refold(raws)
    assert not state.requests[request].denied
    assert fatal_findings(state)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(2, 8))
def test_garbage_between_records_stops_nobody(junk: bytes, at: int) -> None:
    """Whatever anyone appends between the others' records, the story ends the same."""
    log = w.Log(s.approvals_of())
    request = log.request()
    steps: list[Any] = [
        lambda: log.approve("bob", request),
        lambda: log.intent("alice", request),
        lambda: log.fact(log.run_record().id, s.issued()),
        lambda: log.fact(log.run_record().id, s.ended()),
    ]
    for n, step in enumerate(steps):
        if n == at % len(steps):
            log.admit(junk)
        step()
    assert fatal_findings(log.state) == ()
    assert standing(log) is RequestState.SUCCEEDED


def test_denials_by_those_who_may_not_are_void(log: w.Log) -> None:
    """A denial counts if that person's approval would."""
    request = log.request()
    log.signed(log.decision_body("olga", request, Denial), "olga")
    voided(log, C.RULES_VIOLATION)
    assert log.state.requests[request].denials == []
