"""Whose log it is: thresholds of owners, and how one set of owners becomes another."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from fakes.signer import FakeSigner
from hypothesis import given, settings
from hypothesis import strategies as st

from orgroot.core.audit_log import foreign_findings
from orgroot.core.codec import EMPTY, Signature
from orgroot.core.config import Owners, Trust
from orgroot.core.owners import PROPOSAL_LIFE, owners_in_force, trust_digest
from orgroot.core.statement_parts import HeadRef, OwnersStatement, Signer
from orgroot.core.statements import timestamp, to_text
from tests.core import scene as s
from tests.core import world as w
from tests.core.verdicts import C, voided

OWNERS = ("dana", "erik", "frank")
TWO_OF_THREE = s.trust_of(*OWNERS, threshold=2)


@pytest.fixture
def shared() -> w.Log:
    """A log of three owners, two of whom sign."""
    log = w.Log(trust=TWO_OF_THREE)
    log.genesis("dana", "erik")
    log.rules(s.approvals_of(), "dana", "erik")
    assert log.state.findings == []
    return log


def digest(trust: Trust) -> str:
    """What a machine pins."""
    return trust_digest(trust.log_id, trust.owners, trust.retain)


def signed(log: w.Log, body: OwnersStatement, *people: str) -> int:
    """Append a statement with these people's signatures, whoever may sign it."""
    return log.signed(body, *people)


def test_any_threshold_of_those_named_may_sign(shared: w.Log) -> None:
    """All three are named, two have signed: whichever two."""
    for people in (("dana", "frank"), ("erik", "frank"), OWNERS):
        signed(shared, shared.rules_body(s.approvals_of(), *OWNERS), *people)
    assert shared.state.findings == []
    assert len(shared.state.rules) == 4


def test_rules_need_the_threshold_of_distinct_owners(shared: w.Log) -> None:
    """Nobody, one, the same twice, a stranger: the rules stay as they were."""
    body = shared.rules_body(s.approvals_of(), *OWNERS)
    for people, code in (
        ((), C.UNKNOWN_SIGNER),
        (("dana",), C.UNKNOWN_SIGNER),
        (("dana", "dana"), C.BADSIG),
        (("dana", "mallory"), C.BADSIG),
        (("erik", "dana"), C.BADSIG),
    ):
        signed(shared, body, *people)
        voided(shared, code)
    strangers = shared.rules_body(s.approvals_of(), "dana", "erik", "mallory")
    signed(shared, strangers, "dana", "erik")
    voided(shared, C.UNKNOWN_SIGNER)
    twice = shared.rules_body(s.approvals_of(), "dana", "dana")
    signed(shared, twice, "dana")
    voided(shared, C.BADSIG)
    signed(shared, shared.rules_body(s.approvals_of(), *OWNERS), "dana", "erik")
    assert len(shared.state.rules) == 2


def test_two_keys_of_one_owner_are_one_owner() -> None:
    """Dana with both of her keys does not reach a threshold of two."""
    keys = [{"person": "dana", "key": s.key(name)} for name in ("dana", "dana-2")]
    owners = {"threshold": 2, "keys": [*keys, {"person": "erik", "key": s.key("erik")}]}
    log = w.Log(trust=s.trust_of(owners=owners))
    both = tuple(Signer(person="dana", key=s.key(name)) for name in ("dana", "dana-2"))
    log.genesis("dana", "dana-2", signers=both)
    voided(log, C.UNKNOWN_SIGNER, fatal=True)


def test_each_signature_is_checked(shared: w.Log) -> None:
    """A signature of another text, among enough others, makes the statement void."""
    body = shared.rules_body(s.approvals_of(), *OWNERS)
    other = shared.rules_body(s.approvals_of(), *OWNERS, serial=7)
    sigs = [
        Signature(alg="sshsig", key=s.key(p), sig=FakeSigner(p).sign(b.NAMESPACE, to_text(b)))
        for p, b in (("dana", body), ("erik", body), ("frank", other))
    ]
    shared.admit(shared.raw(to_text(body), tuple(sigs)))
    voided(shared, C.BADSIG)


def test_the_first_rules_may_be_signed_with_the_genesis() -> None:
    """Their head is then the genesis's; behind record 2 no statement may say so."""
    log = w.Log()
    first = log.rules_body(s.approvals_of(), head=HeadRef(seq=0, hash=EMPTY), serial=1)
    log.genesis()
    log.signed(first, "dana")
    assert log.state.findings == []
    late = log.rules_body(s.approvals_of(), head=HeadRef(seq=0, hash=EMPTY))
    log.signed(late, "dana")
    voided(log, C.HEAD_MISMATCH, fatal=True)


def test_what_was_proposed_long_ago_never_comes_into_force(shared: w.Log) -> None:
    """A text that owners signed and forgot is void 14 days later; before, its age is no finding."""
    old = shared.rules_body(s.approvals_of(), *OWNERS)
    change = shared.trust_body(s.owners_of("dana", "erik", threshold=2), "dana", "erik")
    shared.now += PROPOSAL_LIFE - timedelta(minutes=2)
    shared.request()
    shared.request("olga")
    signed(shared, old, "dana", "erik")
    assert shared.state.findings == []
    old = shared.rules_body(s.approvals_of(), *OWNERS, created_at=timestamp(s.START))
    shared.now += timedelta(days=1)
    shared.request()
    shared.request("olga")
    signed(shared, old, "dana", "erik")
    voided(shared, C.RULES_VIOLATION)
    signed(shared, change, "dana", "erik")
    voided(shared, C.RULES_VIOLATION)


@pytest.mark.parametrize(
    "trust",
    [
        s.trust_of("mallory"),
        s.trust_of("dana", "erik"),
        s.trust_of("dana", "erik", threshold=2),
        s.trust_of("dana", retain="400d"),
    ],
)
def test_a_log_of_other_owners_is_another_log(log: w.Log, trust: Trust) -> None:
    """Other owners, another threshold or retention than the log's are FORK and stop everyone."""
    (finding,) = foreign_findings(log.state, trust)
    assert (finding.code, finding.seq, finding.fatal) == (C.FORK, 1, True)
    assert foreign_findings(log.state, log.trust) == ()
    assert foreign_findings(w.Log().state, trust) == ()


def test_a_comment_or_an_order_makes_no_other_owner() -> None:
    """Owners are compared as persons and key material."""
    trust = s.trust_of("dana", "erik")
    keys = tuple(
        msgspec.structs.replace(owner, key=owner.key + " laptop")
        for owner in reversed(trust.owners.keys)
    )
    other = msgspec.structs.replace(
        trust, owners=msgspec.structs.replace(trust.owners, keys=keys), store="file:///x"
    )
    assert digest(other) == digest(trust)


def test_owners_hand_over_by_both_thresholds(shared: w.Log) -> None:
    """Old and new owners sign; from there on the new ones publish and the old ones do not."""
    new = s.owners_of("frank", "gina", threshold=2)
    shared.rotate(new, "dana", "frank", "gina")
    assert shared.state.findings == []
    assert {person for person, _ in owners_in_force(shared.state)} == {"frank", "gina"}
    shared.rules(s.approvals_of(), "dana", "erik")
    voided(shared, C.UNKNOWN_SIGNER)
    shared.rules(s.approvals_of(), "frank", "gina")
    assert len(shared.state.rules) == 2
    after = s.trust_of("frank", "gina", threshold=2)
    assert foreign_findings(shared.state, after) == ()
    assert [t.digest for t in shared.state.trusts] == [digest(TWO_OF_THREE), digest(after)]


@pytest.mark.parametrize(
    "people", [(), ("dana", "frank"), ("dana", "erik"), ("frank", "gina"), ("dana", "gina")]
)
def test_neither_old_nor_new_owners_change_hands_alone(
    shared: w.Log, people: tuple[str, ...]
) -> None:
    """Less than the threshold of either side changes nothing."""
    body = shared.trust_body(s.owners_of("frank", "gina", threshold=2), *OWNERS, "gina")
    signed(shared, body, *people)
    voided(shared, C.UNKNOWN_SIGNER)
    assert len(shared.state.trusts) == 1


def test_a_lost_owner_is_replaced_by_the_others(shared: w.Log) -> None:
    """With erik gone, dana and frank are still two: they take gina in."""
    shared.rotate(s.owners_of("dana", "frank", "gina", threshold=2), "dana", "frank")
    assert shared.state.findings == []


def one_key_as_two() -> Owners:
    """Two names with one key."""
    (owner,) = s.owners_of("dana").keys
    return Owners(threshold=1, keys=(owner, msgspec.structs.replace(owner, person="gina")))


@pytest.mark.parametrize(
    ("owners", "people", "changes", "code"),
    [
        (TWO_OF_THREE.owners, ("dana", "erik"), {}, C.RULES_VIOLATION),
        (s.owners_of("gina"), ("dana", "erik", "gina"), {"serial": 0}, C.RULES_VIOLATION),
        (s.owners_of("gina"), ("dana", "erik", "gina"), {"serial": 2}, C.RULES_VIOLATION),
        (one_key_as_two(), ("dana", "erik"), {}, C.RULES_VIOLATION),
        (s.owners_of("erik", threshold=2), ("dana", "erik"), {}, C.UNKNOWN_SIGNER),
    ],
)
def test_a_change_of_owners_that_makes_no_sense_is_void(
    shared: w.Log, owners: Owners, people: tuple[str, ...], changes: dict[str, Any], code: Any
) -> None:
    """No change, another serial, one key as two owners, a threshold out of reach."""
    shared.rotate(owners, *people, **changes)
    voided(shared, code)
    assert len(shared.state.trusts) == 1


def test_owners_whose_keys_cannot_be_verified_never_begin() -> None:
    """A key that is none is no owner's: with it there is no genesis, and no change of owners."""
    odd = {"person": "odd", "key": "ssh-rsa AAAA"}
    dana = {"person": "dana", "key": s.key("dana")}
    mixed = w.Log(trust=s.trust_of(owners={"threshold": 1, "keys": [odd, dana]}))
    mixed.genesis()
    voided(mixed, C.RULES_VIOLATION, fatal=True)
    log = w.Log(s.approvals_of())
    log.rotate(msgspec.convert({"threshold": 1, "keys": [odd]}, Owners), "dana")
    voided(log, C.UNKNOWN_SIGNER)


def test_a_handover_is_bound_to_its_log() -> None:
    """A signed change of owners fits no other history: its head is not there."""
    log, other = w.Log(s.approvals_of()), w.Log(s.approvals_of(expires="2026-07-01T00:00:00Z"))
    body = log.trust_body(s.owners_of("gina"), "dana", "gina")
    other.signed(body, "dana", "gina")
    voided(other, C.HEAD_MISMATCH, fatal=True)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(["dana", "erik", "frank", "gina", "hugo"])))
def test_only_two_thresholds_together_hand_over(people: set[str]) -> None:
    """Over all subsets: exactly those with two old and two new owners change the trust."""
    log = w.Log(trust=TWO_OF_THREE)
    log.genesis("dana", "erik")
    new = s.owners_of("frank", "gina", "hugo", threshold=2)
    everyone = ("dana", "erik", "frank", "gina", "hugo")
    body = log.trust_body(new, *everyone)
    log.signed(body, *(p for p in everyone if p in people))
    enough = len(people & set(OWNERS)) >= 2 and len(people & {"frank", "gina", "hugo"}) >= 2
    assert (len(log.state.trusts) == 2) is enough
