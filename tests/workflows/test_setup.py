"""The first minutes: a team's configuration, a new log, its trust, its rules, and who am I."""

import msgspec
import pytest
from fakes.aws_members import MANAGEMENT, ORGANIZATION
from fakes.clock import START, FakeClock
from fakes.memory import FakeMemory
from fakes.record_store import FakeRecordStore
from fakes.signer import FakeSigner
from fakes.team import World, arn_of, config_tree, new_world

from orgroot.core.config import Config, Trust, parse_config
from orgroot.core.ids import AccountId
from orgroot.core.organization import Caller
from orgroot.errors import IntegrityError, UsageError
from orgroot.local.yaml_file import parse_yaml
from orgroot.ports import Pin
from orgroot.workflows import trust
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.key_revocation import Ended, revoke_key
from orgroot.workflows.log_show import verify
from orgroot.workflows.setup import init_log, new_log_id
from orgroot.workflows.team_config import Member, Team, observer_config, team_config
from orgroot.workflows.whoami import whoami


def member(person: str, arn: str | None = None) -> Member:
    """A person with their key."""
    return Member(person=person, key=FakeSigner(person).public_key + " comment", arn=arn)


def team(**changes: object) -> Team:
    """A team of one requester and three approvers."""
    base = Team(
        owners=(member("dana"),),
        threshold=1,
        requesters=(member("alice", arn_of("alice")),),
        approvers=(member("bob"), member("carol"), member("erin")),
        oncall=("alice",),
        store="file:///var/lib/orgroot/log",
        log_id="5f0c8d2e9b7a4c31",
        now=START,
    )
    fields = {name: getattr(base, name) for name in base.__dataclass_fields__}
    return Team(**(fields | changes))


def config_of(text: str) -> Config:
    """The configuration a text stands for."""
    return parse_config(parse_yaml(text.encode(), source="config.yaml").tree)


def begin(
    config: Config,
    *,
    store: FakeRecordStore | None = None,
    memory: FakeMemory | None = None,
    person: str = "dana",
    key: str = "dana",
) -> tuple[FakeRecordStore, FakeMemory]:
    """Create the log of a configuration."""
    store, memory = store or FakeRecordStore(), memory or FakeMemory()
    init_log(
        config=config,
        store=store,
        memory=memory,
        clock=FakeClock(),
        person=person,
        signer=FakeSigner(key),
        endpoint="sandbox",
    )
    return store, memory


def test_a_team_starts_with_one_text() -> None:
    """The written configuration loads, its rules have no errors, and its log verifies."""
    config = config_of(team_config(ORGANIZATION, MANAGEMENT, "eu-west-1", team()))
    assert config.approvals is not None
    assert config.approvals.rules[0].approvals.total == 2
    assert config.approvals.people["alice"].groups == ("platform", "oncall")
    emergency = config.approvals.rules[0].break_glass
    assert emergency is not None
    assert emergency.requesters.groups == ("oncall",)
    assert config.approvals.people["alice"].aws[0].arn == arn_of("alice")
    store, memory = begin(config)
    assert config.trust is not None
    log = AuditLog(store, config.trust, ORGANIZATION, memory, FakeClock())
    assert verify(log).findings == ()
    assert trust.check_pin(memory, ORGANIZATION, config.trust)


def test_several_owners_begin_with_one_text() -> None:
    """Two of three must sign: the log of the written configuration waits for the second."""
    owners = (member("dana"), member("erik"), member("frank"))
    text = team_config(ORGANIZATION, MANAGEMENT, "eu-west-1", team(owners=owners, threshold=2))
    config = config_of(text)
    assert config.trust is not None
    assert [owner.person for owner in config.trust.owners.keys] == ["dana", "erik", "frank"]
    store, _ = begin(config)
    begin(config, store=store, person="frank", key="frank")
    log = AuditLog(store, config.trust, ORGANIZATION, FakeMemory(), FakeClock())
    assert log.sync().rules_in_force is not None
    assert verify(log).findings == ()


def test_two_approvers_are_asked_one_by_one() -> None:
    """With fewer than three approvers one approval is asked: one may be away."""
    text = team_config(
        ORGANIZATION, MANAGEMENT, "eu-west-1", team(approvers=(member("bob"), member("carol")))
    )
    config = config_of(text)
    assert config.approvals is not None
    assert config.approvals.rules[0].approvals.total == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"requesters": ()}, "--requester"),
        ({"threshold": 2}, "can never sign"),
        ({"owners": (member("dana"), member("dana")), "threshold": 2}, "given twice"),
        ({"approvers": ()}, "--approver"),
        ({"oncall": ("mallory",)}, "mallory"),
        ({"oncall": ("bob",), "approvers": (member("bob"),)}, "could review"),
        ({"approvers": (member("alice"),)}, "nobody else"),
        (
            {"approvers": (Member(person="alice", key=FakeSigner("bob").public_key),)},
            "two keys",
        ),
        ({"owners": (Member(person="dana", key="nonsense"),)}, "public key"),
    ],
)
def test_a_team_that_cannot_work_is_refused(changes: dict[str, object], words: str) -> None:
    """Each hole in a team is exit 2 in words that name it."""
    with pytest.raises(UsageError, match=words):
        team_config(ORGANIZATION, MANAGEMENT, "eu-west-1", team(**changes))


def test_an_observer_has_no_log() -> None:
    """The observer's text loads and trusts nothing."""
    config = config_of(observer_config(ORGANIZATION, MANAGEMENT, "eu-west-1"))
    assert config.trust is None
    with pytest.raises(UsageError):
        begin(config)


def test_log_ids_are_random() -> None:
    """Two new logs have two ids."""
    assert new_log_id() != new_log_id()


def test_a_store_that_is_not_empty_is_never_touched() -> None:
    """Creating a log twice, or over anything else, is exit 2 and writes nothing."""
    config = parse_config(config_tree())
    store = FakeRecordStore()
    store.objects["notes.txt"] = b"mine"
    with pytest.raises(UsageError) as caught:
        begin(config, store=store)
    assert caught.value.code == "store-not-empty"
    assert store.objects == {"notes.txt": b"mine"}


@pytest.mark.parametrize(("person", "key"), [("bob", "bob"), ("dana", "bob"), ("bob", "dana")])
def test_only_an_owner_creates_a_log(person: str, key: str) -> None:
    """Person and key must be an owner of the trust."""
    with pytest.raises(UsageError) as caught:
        begin(parse_config(config_tree()), person=person, key=key)
    assert caught.value.code == "not-owner"


def test_rules_with_errors_never_get_force() -> None:
    """An unlock rule without approvals is refused at creation."""
    tree = config_tree()
    tree["approvals"]["rules"][0]["approvals"] = {"total": "0"}  # type: ignore[index]
    with pytest.raises(UsageError) as caught:
        begin(parse_config(tree))
    assert caught.value.code == "rules"


def test_expired_rules_never_get_force() -> None:
    """Rules whose time is over are refused."""
    tree = config_tree()
    tree["approvals"]["expires"] = "2026-01-01T00:00:00Z"  # type: ignore[index]
    with pytest.raises(UsageError):
        begin(parse_config(tree))


# --- trust ---------------------------------------------------------------------------------------


def changed_trust(world: World, **changes: object) -> Trust:
    """The world's trust, changed."""
    assert world.config.trust is not None
    return msgspec.structs.replace(world.config.trust, **changes)


def test_a_changed_trust_is_an_integrity_error() -> None:
    """Other owners or another log than pinned: exit 4. Another store or checkpoint: fine."""
    world = new_world()
    memory = world.memory("dana")
    assert trust.check_pin(memory, ORGANIZATION, changed_trust(world, store="file:///elsewhere"))
    assert trust.check_pin(memory, ORGANIZATION, changed_trust(world, checkpoint="x"))
    with pytest.raises(IntegrityError) as caught:
        trust.check_pin(memory, ORGANIZATION, changed_trust(world, log_id="0" * 16))
    assert caught.value.code == "trust-changed"
    with pytest.raises(IntegrityError):
        trust.check_pin(memory, ORGANIZATION, changed_trust(world, retain="10d"))


def test_a_second_log_of_a_pinned_organization_is_refused() -> None:
    """A machine that trusts one log does not create another in its place."""
    memory = FakeMemory()
    memory.set_pin(Pin(organization=ORGANIZATION, log_id="0" * 16, trust_sha256="0" * 64))
    with pytest.raises(IntegrityError):
        begin(parse_config(config_tree()), memory=memory)


def test_reading_never_pins_and_the_sandbox_needs_no_typing() -> None:
    """A sync pins nothing; the first use of a sandbox's log does, once."""
    world = new_world()
    log = world.log("bob")
    log.sync()
    assert world.memory("bob").pins == {}
    assert trust.accept(log, None) is True
    assert trust.accept(log, None) is False


def test_a_log_of_aws_is_confirmed_by_a_person() -> None:
    """The first use of a log of AWS shows the digest; without a person it is exit 2."""
    config = parse_config(config_tree())
    store = FakeRecordStore()
    init_log(
        config=config,
        store=store,
        memory=FakeMemory(),
        clock=FakeClock(),
        person="dana",
        signer=FakeSigner("dana"),
        endpoint="aws",
    )
    assert config.trust is not None
    log = AuditLog(store, config.trust, ORGANIZATION, FakeMemory(), FakeClock())
    with pytest.raises(UsageError) as caught:
        trust.accept(log, None)
    assert caught.value.code == "trust-unconfirmed"
    shown: list[str] = []
    assert trust.accept(log, shown.append) is True
    assert shown == [trust.trust_sha256(config.trust)]


def test_log_endpoint_and_organization_are_of_one_world() -> None:
    """A log of the sandbox does not go with AWS, nor with another management account."""
    state = new_world().log().sync()
    trust.check_world(state, endpoint="sandbox", management_account=MANAGEMENT)
    with pytest.raises(IntegrityError):
        trust.check_world(state, endpoint="aws", management_account=MANAGEMENT)
    with pytest.raises(IntegrityError):
        trust.check_world(state, endpoint="sandbox", management_account="999999999999")


# --- whoami --------------------------------------------------------------------------------------


def caller(arn: str) -> Caller:
    """A caller as AWS reports it."""
    return Caller(account=AccountId(MANAGEMENT), arn=arn, user_id="AIDA")


def test_a_person_sees_what_they_may_do() -> None:
    """Groups, keys and where they were found, and what may be asked and approved."""
    world = new_world()
    log = world.log("alice")
    log.sync()
    found = whoami(
        caller=caller(arn_of("alice")),
        config=world.config,
        log=log,
        person=None,
        find_key=lambda _key: "ssh-agent",
    )
    assert (found.person, found.groups) == ("alice", ("oncall", "platform"))
    assert found.keys[0].found == "ssh-agent"
    assert found.keys[0].fingerprint.startswith("SHA256:")
    assert "unlock-bucket" in found.may_request
    assert "unlock-bucket" in found.may_approve
    assert found.add_to_roster is None


def test_an_approver_needs_no_aws() -> None:
    """Bob has no AWS identity: named by --as, he sees what he may approve."""
    world = new_world()
    found = whoami(
        caller=None, config=world.config, log=None, person="bob", find_key=lambda _key: None
    )
    assert found.caller is None
    assert "delete-root-credentials" in found.may_approve
    assert "delete-root-credentials" not in found.may_request
    assert found.keys[0].found is None


def test_an_owner_need_not_be_in_the_roster() -> None:
    """Dana is told that she owns the trust, with the keys that do; she is not asked to join."""
    world = new_world()
    found = whoami(
        caller=caller(arn_of("dana")),
        config=world.config,
        log=None,
        person="dana",
        find_key=lambda _key: "ssh-agent",
    )
    assert (found.owner, found.groups, found.add_to_roster) == (True, (), None)
    assert [key.key for key in found.keys] == [FakeSigner("dana").public_key]
    assert found.may_request == ()


def test_a_key_that_ended_is_shown_as_ended() -> None:
    """Bob sees why nothing that he signs counts."""
    world = new_world()
    ended = Ended(person="bob", fingerprint=None, reason="lost", since=None)
    revoke_key(world.desk("dana"), ended, lambda _key: None)
    log = world.log("bob")
    log.sync()
    found = whoami(
        caller=None, config=world.config, log=log, person="bob", find_key=lambda _key: None
    )
    assert [key.ended for key in found.keys] == [True]
    assert not found.owner


def test_a_stranger_gets_the_yaml_to_add() -> None:
    """A caller outside the roster is told what an owner would write."""
    world = new_world()
    for arn, words in (
        (arn_of("mallory"), 'arn: "arn:aws:iam::111111111111:user/mallory"'),
        (
            f"arn:aws:sts::{MANAGEMENT}:assumed-role/AWSReservedSSO_Root_0123456789abcdef/m@x.example",
            "sso: m@x.example",
        ),
    ):
        found = whoami(
            caller=caller(arn),
            config=world.config,
            log=None,
            person=None,
            find_key=lambda _key: None,
        )
        assert found.person is None
        assert words in (found.add_to_roster or "")


def test_the_first_day_has_neither_config_nor_credentials() -> None:
    """With nothing at all there is still an answer."""
    found = whoami(caller=None, config=None, log=None, person=None, find_key=lambda _key: None)
    assert (found.caller, found.person, found.keys) == (None, None, ())
