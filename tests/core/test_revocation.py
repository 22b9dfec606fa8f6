"""Keys that the log itself has ended, whatever the rules say of them."""

from datetime import timedelta
from typing import Any

import pytest

from orgroot.core.approval import Phase, decide
from orgroot.core.owners import owners_in_force
from orgroot.core.statements import timestamp
from tests.core import scene as s
from tests.core import world as w
from tests.core.verdicts import C, codes, voided

OWNERS = ("dana", "frank", "gina")


@pytest.fixture
def shared() -> w.Log:
    """A log of three owners, two of whom sign."""
    log = w.Log(trust=s.trust_of(*OWNERS, threshold=2))
    log.genesis("dana", "frank")
    log.rules(s.approvals_of(), "dana", "frank")
    return log


def granted(log: w.Log, request: w.RequestId) -> bool:
    """Alice may execute it now."""
    record = log.state.requests[request]
    rules = log.state.rules[-1]
    return bool(decide(rules, record, phase=Phase.EXECUTE, person="alice", now=log.now))


@pytest.mark.parametrize("who", ["dana", "bob"])
def test_a_key_ends_at_once(log: w.Log, who: str) -> None:
    """An owner, or the person: from the record on it signs nothing, now or with an older date."""
    request = log.request()
    log.revoke(who, "bob")
    assert log.state.findings == []
    log.approve("bob", request)
    voided(log, C.UNKNOWN_SIGNER)
    log.approve("bob", request, created_at=timestamp(s.START))
    voided(log, C.UNKNOWN_SIGNER)
    assert log.state.rules[-1].roster.keys_of("bob", log.now) == ()


def test_new_rules_do_not_bring_a_key_back(log: w.Log) -> None:
    """A publication that still lists it leaves it ended."""
    log.revoke("dana", "bob")
    log.rules(s.approvals_of())
    log.approve("bob", log.request())
    voided(log, C.UNKNOWN_SIGNER)


def test_what_it_had_signed_stands(log: w.Log) -> None:
    """An approval recorded before the revocation still counts, and so does a request."""
    request = log.request()
    log.approve("bob", request)
    log.revoke("bob", "bob")
    assert granted(log, request)
    log.revoke("alice", "alice")
    assert granted(log, request)


def test_what_a_thief_signed_does_not_count(log: w.Log) -> None:
    """Said to be in other hands since then: those approvals and requests count no more."""
    early = log.request()
    log.approve("bob", early)
    since = timestamp(log.now)
    late = log.request()
    log.approve("bob", late)
    log.revoke("dana", "bob", compromised_since=since)
    assert granted(log, early)
    assert not granted(log, late)
    assert codes(log.state) == [C.KEY_COMPROMISED]
    log.revoke("dana", "alice", compromised_since=timestamp(s.START))
    assert not granted(log, early)


def test_each_compromised_record_is_named_once(log: w.Log) -> None:
    """By its recorded time, so that a back-dated one is named too; an earlier time names more."""
    first = log.approve("bob", log.request())
    since = timestamp(log.now)
    second = log.request()
    back = log.approve("bob", second, created_at=timestamp(s.START + timedelta(minutes=3)))
    log.revoke("dana", "bob")
    assert log.state.findings == []
    end = log.revoke("dana", "bob", compromised_since=since)
    (finding,) = log.state.findings
    assert (finding.code, finding.seq, finding.fatal) == (C.KEY_COMPROMISED, back, False)
    assert f"record {end}" in finding.detail
    log.revoke("dana", "bob", compromised_since=timestamp(s.START))
    assert [f.seq for f in log.state.findings] == [back, first]


@pytest.mark.parametrize(
    ("who", "person", "changes", "code"),
    [
        ("alice", "bob", {}, C.RULES_VIOLATION),
        ("mallory", "bob", {}, C.UNKNOWN_SIGNER),
        ("mallory", "mallory", {}, C.UNKNOWN_SIGNER),
        ("dana", "mallory", {}, C.RULES_VIOLATION),
        ("dana", "bob", {"key": "ssh-ed25519 AAAA"}, C.RULES_VIOLATION),
        ("dana", "bob", {"key": s.key("carol")}, C.RULES_VIOLATION),
        ("bob", "bob", {"key": s.key("carol")}, C.RULES_VIOLATION),
        ("dana", "bob", {"compromised_since": "2026-03-02T12:00:00Z"}, C.RULES_VIOLATION),
        ("dana", "dana", {}, C.RULES_VIOLATION),
    ],
)
def test_who_may_not_end_what(
    log: w.Log, who: str, person: str, changes: dict[str, Any], code: Any
) -> None:
    """Another's key, a stranger's, one that is nobody's, a time to come, the last owner's."""
    log.revoke(who, person, **changes)
    voided(log, code)
    assert log.state.ended_keys == {}


def test_a_key_ends_once(log: w.Log) -> None:
    """A second revocation that says nothing new does not count."""
    log.revoke("dana", "bob")
    log.revoke("dana", "bob")
    voided(log, C.ILLEGAL_TRANSITION)


def test_before_any_rules_only_owners_speak() -> None:
    """With a genesis alone there is nobody's key to end, but an owner's own."""
    log = w.Log(trust=s.trust_of(*OWNERS, threshold=2))
    log.genesis("dana", "frank")
    log.revoke("bob", "bob")
    voided(log, C.UNKNOWN_SIGNER)
    log.revoke("dana", "bob")
    voided(log, C.RULES_VIOLATION)
    log.revoke("dana", "dana")
    assert s.key("dana") in log.state.ended_keys


def test_an_owner_ends_their_own_key_while_the_others_suffice(shared: w.Log) -> None:
    """Dana's key signs no more rules; the next one would put the threshold out of reach."""
    shared.revoke("dana", "dana")
    assert shared.state.findings == []
    assert {person for person, _ in owners_in_force(shared.state)} == {"frank", "gina"}
    shared.rules(s.approvals_of(), "dana", "frank")
    voided(shared, C.UNKNOWN_SIGNER)
    body = shared.rules_body(s.approvals_of(), *OWNERS)
    shared.signed(body, "frank", "gina")
    assert len(shared.state.rules) == 2
    shared.revoke("frank", "frank")
    voided(shared, C.RULES_VIOLATION)


def test_one_owner_takes_no_power_from_another(shared: w.Log) -> None:
    """A stolen owner's key cannot freeze the rules: another owner's key ends by a new trust."""
    shared.revoke("dana", "frank")
    voided(shared, C.RULES_VIOLATION)
    shared.rotate(s.owners_of("frank", "gina", threshold=2), "frank", "gina")
    assert {person for person, _ in owners_in_force(shared.state)} == {"frank", "gina"}


def test_a_key_of_both_kinds_ends_in_the_roster_first() -> None:
    """Another owner ends it for the roster at once; as an owner's key its person ends it."""
    log = w.Log(trust=s.trust_of("bob", *OWNERS, threshold=2))
    log.genesis("dana", "frank")
    log.rules(s.approvals_of(), "dana", "frank")
    log.revoke("dana", "bob")
    assert not log.state.ended_keys[s.key("bob")].owner
    log.rules(s.approvals_of(), "bob", "dana")
    assert log.state.findings == []
    log.approve("bob", log.request())
    voided(log, C.UNKNOWN_SIGNER)
    log.revoke("bob", "bob")
    assert log.state.ended_keys[s.key("bob")].owner
    log.rules(s.approvals_of(), "bob", "dana")
    voided(log, C.UNKNOWN_SIGNER)
