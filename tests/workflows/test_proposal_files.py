"""What owners sign elsewhere: the exact waiting text, and only signatures that count."""

import pytest
from fakes.owners import Owners, begun, config_of
from fakes.signer import FakeSigner

from orgroot.core.ids import ProposalId
from orgroot.core.public_keys import parse_public_key
from orgroot.core.results import ProposalView
from orgroot.errors import IntegrityError, OrgrootError, RequestRefused, UsageError
from orgroot.workflows import proposals, rules, trust_change
from orgroot.workflows.key_revocation import Ended, revoke_key
from orgroot.workflows.log_show import verify
from orgroot.workflows.proposal_files import PreparedProposal, attach, prepare, waits

RULES = "orgroot-rules-v1"


def proposed(owners: Owners, total: int = 1) -> ProposalId:
    """Looser rules wait."""
    view = rules.propose(owners.desk("alice", config_of(total=total)))
    assert isinstance(view, ProposalView)
    return ProposalId(view.id)


def prepared(owners: Owners, proposal: ProposalId, person: str = "erik") -> PreparedProposal:
    """What carol prints for an owner."""
    return prepare(owners.desk("carol"), proposal, person)


def signed(made: PreparedProposal, key: str, namespace: str = "") -> str:
    """What ssh-keygen makes of it."""
    return FakeSigner(key).sign(namespace or made.namespace, made.text)


def test_rules_are_signed_elsewhere() -> None:
    """Erik's and frank's signatures, attached by people without keys, put rules in force."""
    owners = begun()
    proposal = proposed(owners)
    for person, state in (("erik", "OPEN"), ("frank", "READY")):
        made = prepared(owners, proposal, person)
        assert made.namespace == RULES
        assert made.key == parse_public_key(FakeSigner(person).public_key)
        assert made.others == ()
        desk = owners.desk("carol")
        assert waits(desk.log, made.text)
        assert attach(desk, made.text, signed(made, person)).state == state
    desk = owners.desk("bob")
    desk.log.sync()
    done = proposals.publish(desk.log, proposals.find(desk.log, proposal), owners.clock.now())
    assert (done.state, done.signed) == ("PUBLISHED", ("erik", "frank"))
    assert verify(owners.log()).findings == ()


def test_a_change_of_owners_is_signed_elsewhere() -> None:
    """By the old ones and the new ones, each with their own key."""
    owners = begun()
    trust = config_of("erik", "frank", "gina").trust
    assert trust is not None
    proposal = ProposalId(trust_change.propose(owners.desk("bob"), trust).id)
    for person in ("erik", "frank"):
        made = prepared(owners, proposal, person)
        view = attach(owners.desk("carol"), made.text, signed(made, person))
    assert (view.state, view.signed) == ("READY", ("erik", "frank"))


def test_preparing_writes_nothing() -> None:
    """It is the text that lies there."""
    owners = begun()
    proposal = proposed(owners)
    before = dict(owners.store.objects)
    assert prepared(owners, proposal).text in before.values()
    assert owners.store.objects == before


@pytest.mark.parametrize(
    ("person", "fingerprint", "code"),
    [("bob", None, "not-owner"), ("erik", "SHA256:x", "no-key"), ("dana", None, "not-owner")],
)
def test_it_is_prepared_for_who_may_sign(person: str, fingerprint: str | None, code: str) -> None:
    """Not for bob, not for a key that erik does not have, not for dana, who has signed."""
    owners = begun()
    proposal = proposed(owners)
    made = prepared(owners, proposal, "dana")
    attach(owners.desk("carol"), made.text, signed(made, "dana"))
    with pytest.raises(UsageError) as caught:
        prepare(owners.desk("carol"), proposal, person, fingerprint)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("key", "namespace", "code"),
    [("bob", "", "badsig"), ("erik", "orgroot-approval-v1", "badsig"), ("dana", "", "signed")],
)
def test_what_does_not_count_is_not_kept(key: str, namespace: str, code: str) -> None:
    """A stranger's, one for another purpose, the same key's again: refused, nothing is written."""
    owners = begun()
    made = prepared(owners, proposed(owners))
    attach(owners.desk("carol"), made.text, signed(made, "dana"))
    before = dict(owners.store.objects)
    with pytest.raises(OrgrootError) as caught:
        attach(owners.desk("carol"), made.text, signed(made, key, namespace))
    assert caught.value.code == code
    assert owners.store.objects == before


def test_an_ended_key_signs_nothing_elsewhere() -> None:
    """Dana's key was ended by her: what a thief signs with it is exit 4."""
    owners = begun()
    made = prepared(owners, proposed(owners), "dana")
    ended = Ended(person="dana", fingerprint=None, reason="stolen", since=None)
    revoke_key(owners.desk("dana"), ended, lambda _key: None)
    with pytest.raises(IntegrityError, match="any more"):
        attach(owners.desk("carol"), made.text, signed(made, "dana"))


def test_an_edited_text_waits_nowhere() -> None:
    """It is another text, which nobody proposed."""
    owners = begun()
    made = prepared(owners, proposed(owners))
    edited = made.text.replace(b'"total": 1', b'"total": 0')
    assert edited != made.text
    assert not waits(owners.desk("carol").log, edited)
    armored = FakeSigner("erik").sign(RULES, edited)
    with pytest.raises(UsageError) as caught:
        attach(owners.desk("carol"), edited, armored)
    assert caught.value.code == "no-proposal"


def test_what_came_too_late_is_refused() -> None:
    """Other rules came into force meanwhile: neither prepared nor attached."""
    owners = begun()
    old = proposed(owners)
    made = prepared(owners, old)
    new = proposed(owners, total=2 + 1)
    for person in ("dana", "frank"):
        proposals.sign(owners.desk(person), new, lambda _view: None)
    desk = owners.desk("bob")
    desk.log.sync()
    proposals.publish(desk.log, proposals.find(desk.log, new), owners.clock.now())
    with pytest.raises(RequestRefused):
        prepared(owners, old)
    with pytest.raises(RequestRefused):
        attach(owners.desk("carol"), made.text, signed(made, "erik"))
