"""A key ends at once: for whom, by whom, and what is said of it."""

import pytest
from fakes.owners import begun, config_of
from fakes.signer import FakeSigner
from fakes.team import World, new_world

from orgroot.core.public_keys import PublicKey, parse_public_key
from orgroot.core.statements import timestamp
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows import proposals, rules
from orgroot.workflows.key_revocation import Ended, revoke_key, revokers
from orgroot.workflows.log_show import verify
from orgroot.workflows.whoami import whoami


def unasked(_key: PublicKey) -> None:
    """A program has looked."""


def ended(person: str = "bob", **fields: str | None) -> Ended:
    """The only key of a person, unless said."""
    known: dict[str, str | None] = {"fingerprint": None, "reason": "lost", "since": None}
    known |= fields
    return Ended(person=person, **known)  # type: ignore[arg-type]


@pytest.fixture
def world() -> World:
    """A team whose rules dana alone signs."""
    return new_world()


@pytest.mark.parametrize("who", ["dana", "bob"])
def test_an_owner_or_the_person_ends_a_key(world: World, who: str) -> None:
    """One record; bob's key is no key of his from then on, even in new rules."""
    desk = world.desk(who)
    done = revoke_key(desk, ended(), unasked)
    assert (done.person, done.seq, done.owner_key, done.compromised) == ("bob", 3, "none", ())
    assert world.types()[-1] == "key-revoke"
    state = world.log("carol").sync()
    assert state.rules[-1].roster.keys_of("bob", world.clock.now()) == ()
    assert verify(world.log("carol")).findings == ()


def test_whose_keys_all_ended_may_do_nothing(world: World) -> None:
    """`whoami` promises nothing to a person whose word does not count any more."""
    revoke_key(world.desk("dana"), ended(), unasked)
    log = world.log("bob")
    log.sync()
    found = whoami(
        caller=None, config=world.config, log=log, person="bob", find_key=lambda _key: None
    )
    assert (found.person, found.may_request, found.may_approve) == ("bob", (), ())
    assert [key.ended for key in found.keys] == [True]


def test_the_fingerprint_is_shown_before(world: World) -> None:
    """The person is asked about exactly this key; a no writes nothing."""
    seen: list[PublicKey] = []

    def no(key: PublicKey) -> None:
        seen.append(key)
        raise UsageError("no", code="not-confirmed")

    with pytest.raises(UsageError):
        revoke_key(world.desk("dana"), ended(), no)
    assert seen == [parse_public_key(FakeSigner("bob").public_key)]
    assert world.types() == ["genesis", "rules"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"person": "mallory"}, "which-key"),
        ({"fingerprint": "SHA256:x"}, "which-key"),
        ({"reason": " "}, "reason"),
        ({"since": "yesterday"}, "time"),
    ],
)
def test_what_is_not_clear_is_asked(world: World, fields: dict[str, str], code: str) -> None:
    """A stranger, another key, no reason, no time: exit 2, nothing is written."""
    with pytest.raises(UsageError) as caught:
        revoke_key(world.desk("dana"), ended(**fields), unasked)
    assert caught.value.code == code
    assert world.types() == ["genesis", "rules"]


def test_of_several_keys_one_is_named() -> None:
    """Dana as an owner has one key, erik another: both are found; of two of one person, one."""
    owners = begun()
    desk = owners.desk("dana")
    desk.log.sync()
    named = {signer.person for signer in revokers(desk.log, "bob")}
    assert named == {"dana", "erik", "frank", "bob"}
    key = parse_public_key(FakeSigner("bob").public_key).fingerprint
    assert revoke_key(desk, ended(fingerprint=key), unasked).fingerprint == key


def test_nobody_else_ends_a_key(world: World) -> None:
    """Alice is no owner, and the key is not hers: refused, nothing is written."""
    with pytest.raises(RequestRefused):
        revoke_key(world.desk("alice"), ended(), unasked)
    assert world.types() == ["genesis", "rules"]


def test_twice_is_refused(world: World) -> None:
    """What ended has ended; to say since when it was compromised is something new."""
    revoke_key(world.desk("dana"), ended(), unasked)
    with pytest.raises(RequestRefused):
        revoke_key(world.desk("dana"), ended(), unasked)
    again = revoke_key(world.desk("dana"), ended(since=timestamp(world.clock.now())), unasked)
    assert (again.seq, again.compromised) == (3, ())


def test_what_a_thief_signed_is_named(world: World) -> None:
    """The records are listed, and `log verify` calls them KEY_COMPROMISED."""
    since = timestamp(world.clock.now())
    revoke_key(world.desk("bob"), ended(), unasked)
    done = revoke_key(world.desk("dana"), ended(since=since), unasked)
    assert done.compromised == (3,)
    codes = [finding.code for finding in verify(world.log("carol")).findings]
    assert codes == ["KEY_COMPROMISED"]


def test_an_owners_key_ends_by_its_owner_while_others_suffice() -> None:
    """Dana ends hers; the threshold of two is reached by the others, and by them alone."""
    owners = begun()
    done = revoke_key(owners.desk("dana"), ended("dana"), unasked)
    assert done.owner_key == "ended"
    with pytest.raises(RequestRefused, match="new trust"):
        revoke_key(owners.desk("erik"), ended("frank"), unasked)
    with pytest.raises(RequestRefused, match="new trust"):
        revoke_key(owners.desk("frank"), ended("frank"), unasked)
    view = rules.propose(owners.desk("alice", config_of(total=1)))
    assert isinstance(view, proposals.ProposalView)
    assert view.could_sign == ("erik", "frank")
