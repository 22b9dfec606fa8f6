"""Rules that several owners sign: proposed, signed apart, published once, never out of date."""

from datetime import timedelta

import pytest
from fakes.owners import Owners, begun, config_of
from fakes.signer import FakeSigner

from orgroot.core.ids import ProposalId
from orgroot.core.proposals import signature_key
from orgroot.core.results import ExitReason, ProposalView, RulesCheck
from orgroot.errors import IntegrityError, RequestRefused, UsageError
from orgroot.workflows import proposals, rules
from orgroot.workflows.log_show import verify

LOOSER = config_of(total=1)


def unasked(_view: ProposalView) -> None:
    """A program has looked."""


def proposed(owners: Owners, person: str = "alice") -> ProposalId:
    """Looser rules wait for their signatures."""
    view = rules.propose(owners.desk(person, LOOSER))
    assert isinstance(view, ProposalView)
    assert view.exit_reasons == (ExitReason.WAITING,)
    return ProposalId(view.id)


def signed(owners: Owners, proposal: ProposalId, *people: str) -> ProposalView:
    """These owners sign, each at their own machine."""
    for person in people:
        view = proposals.sign(owners.desk(person), proposal, unasked)
    return view


def publish(owners: Owners, proposal: ProposalId, person: str = "bob") -> ProposalView:
    """Anyone puts it into the log."""
    desk = owners.desk(person)
    desk.log.sync()
    found = proposals.find(desk.log, proposal)
    return proposals.publish(desk.log, found, owners.clock.now())


def serial(owners: Owners) -> int:
    """The serial of the rules in force."""
    return len(owners.log().sync().rules)


def test_two_of_three_put_rules_in_force() -> None:
    """Proposed by anyone, signed by two, published by anyone; the log verifies."""
    owners = begun()
    proposal = proposed(owners)
    assert serial(owners) == 1
    assert signed(owners, proposal, "frank").state == "OPEN"
    assert signed(owners, proposal, "dana").state == "READY"
    done = publish(owners, proposal)
    assert (done.state, done.signed, done.exit_reasons) == ("PUBLISHED", ("dana", "frank"), ())
    assert owners.log().sync().rules[-1].body.approvals == LOOSER.approvals
    assert verify(owners.log()).findings == ()
    assert publish(owners, proposal).state == "PUBLISHED"
    assert serial(owners) == 2


def test_the_signer_is_shown_each_value() -> None:
    """What changes are totals, and nothing else."""
    owners = begun()
    proposal = proposed(owners)
    seen: list[ProposalView] = []
    proposals.sign(owners.desk("dana"), proposal, seen.append)
    assert "rules[root-tasks].approvals.total" in {row.path for row in seen[0].changes}
    assert all(row.path.endswith("].approvals.total") for row in seen[0].changes)
    assert {(row.before, row.after) for row in seen[0].changes} == {("2", "1")}


def test_who_does_not_confirm_signs_nothing() -> None:
    """A no at the terminal leaves no signature."""
    owners = begun()
    proposal = proposed(owners)
    before = dict(owners.store.objects)

    def no(_view: ProposalView) -> None:
        raise UsageError("not confirmed", code="not-confirmed")

    with pytest.raises(UsageError):
        proposals.sign(owners.desk("dana"), proposal, no)
    assert owners.store.objects == before


def test_one_owner_alone_publishes_nothing() -> None:
    """At once is refused, and with one signature it waits: exit 10, nothing recorded."""
    owners = begun()
    with pytest.raises(UsageError) as caught:
        rules.publish(owners.desk("dana", LOOSER), unasked)
    assert caught.value.code == "threshold"
    proposal = proposed(owners)
    signed(owners, proposal, "dana")
    waiting = publish(owners, proposal)
    assert (waiting.state, waiting.exit_reasons) == ("OPEN", (ExitReason.WAITING,))
    assert serial(owners) == 1


@pytest.mark.parametrize(("person", "key"), [("bob", "bob"), ("dana", "bob"), ("bob", "dana")])
def test_only_an_owner_signs(person: str, key: str) -> None:
    """Person and key are those of an owner who has not signed."""
    owners = begun()
    proposal = proposed(owners)
    with pytest.raises(UsageError) as caught:
        proposals.sign(owners.desk(person, key=key), proposal, unasked)
    assert caught.value.code == "not-owner"


def test_an_owner_signs_once() -> None:
    """A second signature of dana is refused."""
    owners = begun()
    proposal = proposed(owners)
    signed(owners, proposal, "dana")
    with pytest.raises(UsageError, match="dana has signed"):
        signed(owners, proposal, "dana")


def test_proposing_twice_is_proposing_once() -> None:
    """The same rules that wait already are not proposed again; those in force not at all."""
    owners = begun()
    assert proposed(owners) == proposed(owners, "carol")
    assert isinstance(rules.propose(owners.desk("dana")), RulesCheck)
    assert len(proposals.listing(owners.desk("dana")).proposals) == 3


def test_looking_writes_nothing() -> None:
    """A dry run shows the changes and leaves the store as it is."""
    owners = begun()
    before = dict(owners.store.objects)
    view = rules.propose(owners.desk("dana", LOOSER), only_show=True)
    assert isinstance(view, ProposalView)
    assert view.exit_reasons == ()
    assert view.changes
    assert owners.store.objects == before


def test_a_proposal_that_another_overtook_is_out_of_date() -> None:
    """Its serial is taken: it can be neither signed nor published, however many signed it."""
    owners = begun()
    first = proposed(owners)
    signed(owners, first, "dana", "erik")
    other = rules.propose(owners.desk("dana", config_of(total=3)))
    assert isinstance(other, ProposalView)
    signed(owners, ProposalId(other.id), "dana", "frank")
    publish(owners, ProposalId(other.id))
    with pytest.raises(RequestRefused) as caught:
        publish(owners, first)
    assert caught.value.code == "stale"
    with pytest.raises(RequestRefused):
        signed(owners, first, "frank")
    states = {row.id: row.state for row in proposals.listing(owners.desk("bob")).proposals}
    assert (states[first], states[other.id]) == ("STALE", "PUBLISHED")
    assert serial(owners) == 2


def test_a_proposal_is_forgotten_after_two_weeks() -> None:
    """What was signed long ago is not in force one day because somebody found it."""
    owners = begun()
    proposal = proposed(owners)
    signed(owners, proposal, "dana", "erik")
    owners.clock.forward(timedelta(days=14).total_seconds())
    with pytest.raises(RequestRefused, match="14 days"):
        publish(owners, proposal)
    assert serial(owners) == 1


def test_a_signature_from_elsewhere_counts_if_it_is_an_owners() -> None:
    """Made with ssh-keygen far away it is as good; a stranger's, or garbage, is refused."""
    owners = begun()
    proposal = proposed(owners)
    log = owners.log()
    log.sync()
    found = proposals.find(log, proposal)
    armored = FakeSigner("erik").sign("orgroot-rules-v1", found.text).encode()
    for bad in (
        FakeSigner("mallory").sign("orgroot-rules-v1", found.text).encode(),
        FakeSigner("erik").sign("orgroot-trust-v1", found.text).encode(),
        FakeSigner("erik").sign("orgroot-rules-v1", b"another").encode(),
        b"garbage",
    ):
        with pytest.raises(IntegrityError):
            proposals.add_signature(log, found, bad)
    proposals.add_signature(log, found, armored)
    proposals.add_signature(log, found, armored)
    signed(owners, proposal, "dana")
    assert publish(owners, proposal).state == "PUBLISHED"


def test_litter_and_lies_in_the_store_stop_nobody() -> None:
    """False signatures and another text under the name are named and do not count."""
    owners = begun()
    proposal = proposed(owners)
    false = FakeSigner("mallory").sign("orgroot-rules-v1", b"x").encode()
    owners.store.objects[signature_key(proposal, false)] = false
    signed(owners, proposal, "dana", "erik")
    assert publish(owners, proposal).state == "PUBLISHED"
    owners.store.objects[f"proposals/{proposal}.json"] = b"{}"
    with pytest.raises(IntegrityError):
        proposals.find(owners.log(), proposal)
    codes = {finding.code for finding in verify(owners.log()).findings}
    assert codes == {"STRAY_OBJECT"}


def test_what_is_not_there_is_said() -> None:
    """An unknown id is exit 2, a proposal of another log exit 4."""
    owners = begun()
    with pytest.raises(UsageError) as caught:
        proposals.find(owners.log(), ProposalId("opr_" + "a" * 26))
    assert caught.value.code == "no-proposal"
