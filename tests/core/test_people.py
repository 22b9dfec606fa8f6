"""The roster: who a key, a caller and a name stand for."""

from datetime import UTC, datetime, timedelta

import pytest
from fakes.key_types import TokenSigner

from orgroot.core.config import Approvals
from orgroot.core.organization import Caller
from orgroot.core.people import (
    RevokedKey,
    Roster,
    identity_center_role,
    made_by_identity_center,
)
from tests.core import scene as s

SSO = "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Root_Gov_0123456789abcdef/alice@corp"
ROLE = "arn:aws:sts::111111111111:assumed-role/operator/olga"
ALICE_SSO = {"sso": "alice@corp", "accounts": ["111111111111"], "permission_sets": ["Root_Gov"]}


def roster(**people: object) -> Roster:
    """A roster with these entries instead of the usual ones."""
    return Roster(s.approvals_of(people=people))


def caller(arn: str) -> Caller:
    """A caller as AWS reports it."""
    return Caller(account="111111111111", arn=arn, user_id="AIDA")


def day(text: str) -> datetime:
    """Noon of a day, UTC."""
    return datetime.fromisoformat(f"{text}T12:00:00+00:00")


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (SSO, "alice"),
        (SSO.replace("111111111111", "999999999999"), None),
        (SSO.replace("Root_Gov", "Other"), None),
        (SSO.replace("alice@corp", "mallory@corp"), None),
        (SSO.replace("0123456789abcdef", "0123"), None),
        (SSO.replace("AWSReservedSSO_Root_Gov_0123456789abcdef", "Root_Gov"), None),
        (ROLE, "olga"),
        (ROLE + "x", None),
        (s.arn("alice"), None),
        ("arn:aws:iam::111111111111:root", None),
    ],
)
def test_a_caller_is_a_person_only_by_an_exact_identity(arn: str, expected: str | None) -> None:
    """Account, permission set, role and session name must all be those of one entry."""
    people = roster(
        alice=s.person("alice", aws=[ALICE_SSO]), olga=s.person("olga", aws=[{"arn": ROLE}])
    )
    assert people.person_for_caller(caller(arn)) == expected


@pytest.mark.parametrize(
    ("arn", "role"),
    [
        (SSO, "AWSReservedSSO_Root_Gov_0123456789abcdef"),
        (ROLE, None),
        (s.arn("alice"), None),
    ],
)
def test_sessions_that_look_like_identity_centers(arn: str, role: str | None) -> None:
    """Only they have a role whose path is worth a look."""
    assert identity_center_role(arn) == role


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("aws-reserved/sso.amazonaws.com/", True),
        ("aws-reserved/sso.amazonaws.com/eu-west-1/", True),
        ("", False),
        ("aws-reserved/", False),
        ("mine/aws-reserved/sso.amazonaws.com/", False),
        ("aws-reserved/sso.amazonaws.com.evil/", False),
        ("aws-reserved/sso.amazonaws.com/a/b/", False),
    ],
)
def test_only_the_reserved_path_is_identity_centers(path: str, *, expected: bool) -> None:
    """A name can be copied, the path cannot."""
    arn = f"arn:aws:iam::111111111111:role/{path}AWSReservedSSO_Root_Gov_0123456789abcdef"
    assert made_by_identity_center(arn) is expected


def test_keys_in_hardware_come_first_unless_that_is_off() -> None:
    """Of a person's keys the token is tried before the file; the rules may leave their order."""
    keys = [
        {"key": key, "added": "2026-01-10T00:00:00Z"}
        for key in (s.key("bob"), TokenSigner("bob").public_key)
    ]
    bob = {"bob": s.person("bob", keys=keys)}
    now = day("2026-03-01")
    preferred = Roster(s.approvals_of(people=bob)).keys_of("bob", now)
    assert [key.hardware for key in preferred] == [True, False]
    off = Roster(s.approvals_of(people=bob, defaults={"hardware_key": "off"})).keys_of("bob", now)
    assert [key.hardware for key in off] == [False, True]


def test_a_caller_of_two_people_is_nobody() -> None:
    """An AWS identity that two entries share speaks for neither."""
    people = roster(bob=s.person("bob", aws=[{"arn": s.arn("alice")}]))
    assert people.person_for_arn(s.arn("alice")) is None


@pytest.mark.parametrize(
    ("who", "arn", "expected"),
    [
        ("alice", "alice", True),
        ("alice", "olga", False),
        ("alice", "nobody", False),
        ("bob", "nobody", True),
        ("bob", "alice", False),
        ("mallory", "nobody", False),
    ],
)
def test_who_acts_must_be_the_caller(who: str, arn: str, *, expected: bool) -> None:
    """A person with AWS identities is the caller; one without uses a caller that is nobody's."""
    assert roster().acts_as(who, s.arn(arn)) is expected


@pytest.mark.parametrize(
    ("on", "count"), [("2025-12-31", 0), ("2026-01-01", 1), ("2026-05-31", 1), ("2026-06-01", 0)]
)
def test_a_key_counts_from_its_addition_until_its_revocation(on: str, count: int) -> None:
    """The first instant counts, the instant of the revocation does not."""
    entry = {
        "key": s.key("bob"),
        "added": "2026-01-01T12:00:00Z",
        "revoked": "2026-06-01T12:00:00Z",
    }
    people = roster(bob=s.person("bob", keys=[entry]))
    assert len(people.keys_of("bob", day(on))) == count
    assert people.has_key("bob", s.key("bob"), day(on)) is bool(count)
    assert not people.has_key("bob", s.key("carol"), day(on))


def test_from_when_on_a_key_in_other_hands_is_not_believed() -> None:
    """What was, or may have been, recorded at that very instant is not; what was before, is."""
    since, bob = day("2026-03-02"), s.key("bob")
    end = {bob: RevokedKey(seq=9, since=since)}
    people = Roster(s.approvals_of(), end)
    before = since - timedelta(seconds=1)
    assert people.had_key("bob", bob, 3, before, before)
    assert people.had_key("bob", bob, 3, before)
    assert not people.had_key("bob", bob, 3, since)
    assert not people.had_key("bob", bob, 3, before, since)
    assert not people.had_key("bob", bob, 10, before, before)
    assert Roster(s.approvals_of(), {bob: RevokedKey(seq=9)}).had_key("bob", bob, 3, since)


def test_a_stranger_has_nothing() -> None:
    """A name outside the roster has no keys, no groups, no other entries."""
    people = roster()
    assert people.keys_of("mallory", s.START) == ()
    assert people.groups_of("mallory") == frozenset()
    assert not people.is_service("mallory")
    assert people.human("mallory") == "mallory"


def test_a_key_that_cannot_be_verified_is_no_key() -> None:
    """Key types of later versions give their person nothing."""
    keys = [{"key": "ssh-rsa AAAAB3", "added": "2026-01-01T00:00:00Z"}]
    assert roster(bob=s.person("bob", keys=keys)).keys_of("bob", s.START) == ()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"aws": [ALICE_SSO]}, {"aws": [{"arn": SSO}]}),
        ({"aws": [ALICE_SSO]}, {"aws": [ALICE_SSO | {"sso": "ALICE@corp"}]}),
        ({"aws": [{"arn": ROLE}]}, {"aws": [{"arn": ROLE}]}),
        ({"keys": s.person("dana")["keys"]}, {"keys": s.person("dana")["keys"]}),
    ],
)
def test_entries_that_share_a_key_or_an_identity_are_one_human(
    a: dict[str, object], b: dict[str, object]
) -> None:
    """Two names of one human being are one person wherever persons are counted."""
    people = roster(bob=s.person("bob", **a), carol=s.person("carol", **b))
    assert people.same_human("bob", "carol")
    assert not people.same_human("bob", "alice")


def test_likeness_is_passed_on() -> None:
    """Where a shares with b and b with c, all three are one."""
    keys = {name: s.person(name)["keys"][0] for name in ("x", "y")}
    people = roster(
        bob=s.person("bob", keys=[keys["x"]]),
        carol=s.person("carol", keys=[keys["y"]]),
        erik=s.person("erik", keys=[keys["y"], keys["x"]]),
    )
    assert people.human("bob") == people.human("carol") == people.human("erik")


def test_the_roster_lists_people_and_members() -> None:
    """Names come in the order of the rules; services are known as such."""
    people = roster()
    assert people.persons() == tuple(s.PEOPLE)
    assert people.members({"security"}) == ("bob", "carol", "erik")
    assert people.is_service("nightly")
    assert not people.is_service("alice")


def test_identities_without_name_are_nobody() -> None:
    """An entry that a signed record could hold but no configuration is harmless."""
    base = s.approvals_of()
    empty = type(base.people["alice"].aws[0])()
    entry = type(base.people["alice"])(aws=(empty,))
    people = Roster(Approvals(expires=datetime.now(UTC), people={"x": entry}, rules=()))
    assert people.person_for_arn("") is None


def test_nobody_acts_through_a_caller_that_two_entries_claim() -> None:
    """An identity that stands in two entries is not "nobody's": whoever has none cannot use it."""
    twice = {"aws": [{"arn": s.arn("alice")}]}
    both = roster(alice=s.person("alice"), alice2=s.person("olga", **twice))
    assert not both.acts_as("bob", s.arn("alice"))
    assert not both.acts_as("alice", s.arn("alice"))
    assert both.acts_as("bob", s.arn("nobody"))
