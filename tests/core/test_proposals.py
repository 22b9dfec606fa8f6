"""What owners sign one after the other: its name, whose signatures count, and what is litter."""

from datetime import timedelta
from typing import Any

import pytest
from fakes.signer import FakeSigner
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.audit_log import verify
from orgroot.core.codec import record_key
from orgroot.core.findings import FindingCode, Void
from orgroot.core.ids import is_proposal, proposal_id, proposal_id_of
from orgroot.core.owners import signers_of
from orgroot.core.proposals import (
    Collected,
    Proposal,
    changes,
    collect,
    objection,
    proposal_key,
    proposals_in,
    read_proposal,
    signature_key,
    signature_of,
    signatures_in,
)
from orgroot.core.statement_parts import HeadRef, Signer
from orgroot.core.statements import Genesis, OwnersStatement, timestamp, to_text
from orgroot.errors import IntegrityError, UsageError
from tests.core import scene as s
from tests.core import world as w
from tests.core.verdicts import C

OWNERS = ("dana", "erik", "frank")


@pytest.fixture
def shared() -> w.Log:
    """A log of three owners, two of whom sign."""
    log = w.Log(trust=s.trust_of(*OWNERS, threshold=2))
    log.genesis("dana", "erik")
    log.rules(s.approvals_of(), "dana", "erik")
    return log


def proposed(body: OwnersStatement) -> Proposal:
    """A statement as it waits."""
    text = to_text(body)
    return read_proposal(proposal_id_of(text), text)


def armored(proposal: Proposal, *people: str) -> list[bytes]:
    """These people's signatures."""
    body = proposal.body
    return [FakeSigner(p).sign(body.NAMESPACE, proposal.text).encode() for p in people]


def collected(log: w.Log, proposal: Proposal, *people: str) -> Collected:
    """What these people's signatures amount to."""
    return collect(log.state, proposal, armored(proposal, *people))


def test_any_threshold_makes_a_record(shared: w.Log) -> None:
    """Signatures are put in the order of the statement, and the record counts."""
    proposal = proposed(shared.rules_body(s.approvals_of(), *OWNERS))
    assert collected(shared, proposal).lacking == 2
    assert collected(shared, proposal, "frank").lacking == 1
    enough = collected(shared, proposal, "frank", "dana", "frank")
    assert (enough.people, enough.lacking) == (("dana", "frank"), 0)
    assert [signer.person for signer in enough.open_to] == ["erik"]
    raw = shared.raw(proposal.text, enough.signatures)
    assert shared.fold.flaw(raw) is None
    shared.admit(raw)
    assert shared.state.findings == []
    assert len(shared.state.rules) == 2


def test_both_sides_of_a_handover_are_counted(shared: w.Log) -> None:
    """What is lacking is the larger of what the old and the new owners lack."""
    new = s.owners_of("frank", "gina", threshold=2)
    proposal = proposed(shared.trust_body(new, *OWNERS, "gina"))
    assert collected(shared, proposal, "dana", "erik").lacking == 2
    assert collected(shared, proposal, "dana", "gina").lacking == 1
    enough = collected(shared, proposal, "dana", "frank", "gina")
    assert enough.lacking == 0
    assert shared.fold.flaw(shared.raw(proposal.text, enough.signatures)) is None


def test_what_is_no_signature_of_an_owner_is_litter(shared: w.Log) -> None:
    """A stranger's, one of another text, one for another purpose, and garbage count for nothing."""
    proposal = proposed(shared.rules_body(s.approvals_of(), *OWNERS))
    other = proposed(shared.rules_body(s.approvals_of(), *OWNERS))
    wrong = FakeSigner("dana").sign("orgroot-trust-v1", proposal.text).encode()
    litter = [*armored(proposal, "mallory"), *armored(other, "dana"), wrong, b"", b"\xff"]
    assert all(signature_of(proposal, text) is None for text in litter)
    assert collect(shared.state, proposal, litter).lacking == 2


def test_a_key_that_ended_no_longer_counts(shared: w.Log) -> None:
    """Dana revoked her key after she signed: one more must sign."""
    proposal = proposed(shared.rules_body(s.approvals_of(), *OWNERS))
    shared.revoke("dana", "dana")
    after = collected(shared, proposal, "dana", "erik")
    assert (after.people, after.lacking) == (("erik",), 1)
    assert [signer.person for signer in after.open_to] == ["frank"]


def test_nothing_is_collected_before_a_genesis() -> None:
    """Rules have no owners yet; the genesis has its own."""
    log = w.Log(trust=s.trust_of(*OWNERS, threshold=2))
    rules = proposed(log.rules_body(s.approvals_of(), *OWNERS))
    with pytest.raises(Void):
        collect(log.state, rules, [])
    owners = log.trust.owners
    assert collect(log.state, rules, armored(rules, "dana"), first=owners).lacking == 1
    log.genesis("dana", "erik")
    assert collected(log, rules, "dana").lacking == 1
    assert collect(log.state, rules, armored(rules, "dana"), first=owners).lacking == 1


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda log: log.rules_body(s.approvals_of(), *OWNERS, serial=1), C.RULES_VIOLATION),
        (
            lambda log: log.trust_body(s.owners_of("gina"), *OWNERS, "gina", serial=3),
            C.RULES_VIOLATION,
        ),
        (lambda log: log.request_body("alice"), C.ILLEGAL_TRANSITION),
    ],
)
def test_what_would_not_count_is_known_before(shared: w.Log, make: Any, code: FindingCode) -> None:
    """A serial that is taken, and what nobody attaches: judged without writing it."""
    body = make(shared)
    people = ("alice",) if code is C.ILLEGAL_TRANSITION else ("dana", "erik", "gina")
    named = {signer.person for signer in getattr(body, "signers", ())} or {"alice"}
    raw = shared.signed_raw(body, *(p for p in people if p in named))
    finding = shared.fold.flaw(raw)
    assert finding is not None
    assert finding.code is code


def test_only_what_owners_sign_is_a_proposal(shared: w.Log) -> None:
    """A request, a text of another name, and no statement at all are none."""
    request = to_text(shared.request_body())
    rules = to_text(shared.rules_body(s.approvals_of()))
    for text, name in (
        (request, proposal_id_of(request)),
        (rules, proposal_id_of(request)),
        (b"{}", proposal_id_of(b"{}")),
    ):
        with pytest.raises(IntegrityError):
            read_proposal(name, text)


def test_ids_are_parsed() -> None:
    """The form of an id is checked at the edge; what begins like one is meant as one."""
    assert is_proposal("opr_short")
    assert not is_proposal("orq_" + "a" * 26)
    assert proposal_id("opr_" + "a" * 26) == "opr_" + "a" * 26
    with pytest.raises(UsageError):
        proposal_id("orq_" + "a" * 26)


def test_a_proposal_ends_two_weeks_later(shared: w.Log) -> None:
    """Counted from when it was proposed."""
    proposal = proposed(shared.rules_body(s.approvals_of()))
    assert (proposal.ends - shared.now).days == 14


def stored(log: w.Log, proposal: Proposal, *people: str) -> None:
    """Put a proposal and signatures beside the log."""
    log.store[proposal_key(proposal.id)] = proposal.text
    for text in armored(proposal, *people):
        log.store[signature_key(proposal.id, text)] = text


def findings(log: w.Log) -> list[FindingCode]:
    """What the whole store is found to be."""
    state = verify(
        trust=log.trust,
        organization=s.ORG,
        get=log.store.get,
        keys=tuple(log.store),
        now=log.now,
    )
    return [finding.code for finding in state.findings]


def test_proposals_beside_the_log_are_no_strays(shared: w.Log) -> None:
    """Text and signatures under the names made from them; found by those names."""
    proposal = proposed(shared.rules_body(s.approvals_of(), *OWNERS))
    stored(shared, proposal, "dana", "erik")
    assert findings(shared) == []
    assert proposals_in(shared.store) == (proposal.id,)
    assert len(signatures_in(shared.store, proposal.id)) == 2
    assert signatures_in(shared.store, proposal_id_of(b"")) == ()


def test_litter_among_proposals_is_a_stray(shared: w.Log) -> None:
    """Another text, a stranger's signature, one of nothing, one under another name, another log."""
    proposal = proposed(shared.rules_body(s.approvals_of(), *OWNERS))
    other = w.Log(trust=s.trust_of(*OWNERS, threshold=2, log_id="0" * 16))
    foreign = proposed(other.rules_body(s.approvals_of(), *OWNERS))
    good = dict(shared.store)
    (dana,) = armored(proposal, "dana")
    (mallory,) = armored(proposal, "mallory")
    for litter in (
        {proposal_key(proposal.id): b"{}"},
        {signature_key(proposal.id, dana): dana},
        {proposal_key(proposal.id): proposal.text, signature_key(proposal.id, mallory): mallory},
        {proposal_key(proposal.id): proposal.text, signature_key(proposal.id, b"x"): dana},
        {proposal_key(foreign.id): foreign.text},
        {"proposals/notes.txt": b"x"},
    ):
        shared.store = good | litter
        assert findings(shared) == [C.STRAY_OBJECT]
    assert record_key(1) in shared.store


@given(st.binary(max_size=200))
def test_no_bytes_are_taken_for_a_proposal(data: bytes) -> None:
    """Whatever lies there, it is an IntegrityError and nothing else."""
    with pytest.raises(IntegrityError):
        read_proposal(proposal_id_of(data), data)


def rules_now(log: w.Log, **changes: Any) -> Proposal:
    """Rules for the next serial."""
    return proposed(log.rules_body(s.approvals_of(), *OWNERS, **changes))


def test_what_can_still_come_into_force(shared: w.Log) -> None:
    """Nothing speaks against the next serial, or against the next owners."""
    owners = shared.trust_body(s.owners_of("gina"), *OWNERS, "gina")
    assert objection(shared.state, rules_now(shared), shared.now) is None
    assert objection(shared.state, proposed(owners), shared.now) is None


@pytest.mark.parametrize(
    ("make", "later", "words"),
    [
        (lambda log: rules_now(log, serial=1), timedelta(), "serial 1 is in force"),
        (rules_now, timedelta(days=14), "more than 14 days ago"),
        (rules_now, timedelta(days=200), "its rules expired"),
        (
            lambda log: rules_now(log, created_at=timestamp(log.now + timedelta(minutes=3))),
            timedelta(),
            "which is to come",
        ),
        (
            lambda log: proposed(log.trust_body(s.owners_of("gina"), "dana", serial=0)),
            timedelta(),
            "the owners changed",
        ),
        (
            lambda log: rules_now(log, head=HeadRef(seq=1, hash="1" * 64)),
            timedelta(),
            "another log",
        ),
    ],
)
def test_what_is_out_of_date(shared: w.Log, make: Any, later: timedelta, words: str) -> None:
    """A serial that is taken, an age, an expiry, other owners, another log: each is named."""
    assert words in (objection(shared.state, make(shared), shared.now + later) or "")


def test_a_log_is_created_once() -> None:
    """A genesis is out of date as soon as there is one."""
    log = w.Log(trust=s.trust_of(*OWNERS, threshold=2))
    text = {
        "signers": tuple(Signer(person=p, key=s.key(p)) for p in OWNERS),
        "endpoint": "sandbox",
        "management_account": "111111111111",
        "owners": log.trust.owners,
        "retain": None,
    }
    genesis = proposed(Genesis(**log.common(), **text))
    assert objection(log.state, genesis, log.now) is None
    assert {d.path for d in changes(log.state, genesis.body)} >= {"owners.threshold"}
    log.genesis("dana", "erik")
    assert objection(log.state, genesis, log.now) == "the log has been created"


def test_the_changes_are_those_against_what_is_in_force(shared: w.Log) -> None:
    """Rules against rules, or against nothing; owners against owners."""
    same, two = rules_now(shared), s.owners_of(*OWNERS, threshold=3)
    assert changes(shared.state, same.body) == ()
    (change,) = changes(shared.state, shared.trust_body(two, *OWNERS))
    assert (change.path, change.before, change.after) == ("owners.threshold", "2", "3")
    empty = w.Log(trust=s.trust_of(*OWNERS, threshold=2))
    assert len(changes(empty.state, same.body)) > 20


def test_signers_are_named_once() -> None:
    """An owner who stays is among those who may sign once, with each key."""
    old = frozenset({("dana", "k1"), ("erik", "k2")})
    new = frozenset({("dana", "k1"), ("dana", "k3")})
    assert [(x.person, x.key) for x in signers_of(old, new)] == [
        ("dana", "k1"),
        ("dana", "k3"),
        ("erik", "k2"),
    ]
