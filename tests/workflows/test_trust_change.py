"""Owners change: by both sides together, and from then on for every machine."""

import msgspec
import pytest
from fakes.aws_members import ORGANIZATION
from fakes.owners import Owners, begun, config_of
from fakes.signer import FakeSigner

from orgroot.core.codec import record_key
from orgroot.core.config import Config, Trust, parse_config
from orgroot.core.ids import ProposalId
from orgroot.core.results import ExitReason, ProposalView
from orgroot.errors import IntegrityError, UsageError
from orgroot.local.yaml_file import parse_yaml
from orgroot.workflows import proposals, trust_change
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.log_show import verify
from orgroot.workflows.trust import accept
from orgroot.workflows.trust_memory import trust_sha256

NEW = config_of("frank", "gina")


def trust_of(config: Config) -> Trust:
    """Its `trust:`."""
    assert config.trust is not None
    return config.trust


def unasked(_view: ProposalView) -> None:
    """A program has looked."""


def proposed(owners: Owners, config: Config = NEW) -> ProposalId:
    """A change of owners waits."""
    view = trust_change.propose(owners.desk("alice"), trust_of(config))
    assert view.exit_reasons == (ExitReason.WAITING,)
    return ProposalId(view.id)


def handed_over(owners: Owners, config: Config = NEW, *people: str) -> None:
    """Proposed, signed by these, published."""
    proposal = proposed(owners, config)
    for person in people or ("dana", "frank", "gina"):
        proposals.sign(owners.desk(person), proposal, unasked)
    log = owners.log()
    log.sync()
    done = proposals.publish(log, proposals.find(log, proposal), owners.clock.now())
    assert done.state == "PUBLISHED", done


def code_of(owners: Owners, person: str, config: Config) -> str:
    """How a machine fares with a configuration; empty: well."""
    try:
        owners.log(person, config).sync()
    except IntegrityError as error:
        return error.code
    return ""


def test_both_sides_sign_and_every_machine_follows() -> None:
    """With the new configuration the old pin leads to it; with the old one it is exit 4."""
    owners = begun()
    accept(owners.log("bob"), None)
    handed_over(owners)
    assert code_of(owners, "bob", owners.config) == "trust-outdated"
    assert code_of(owners, "bob", NEW) == ""
    assert accept(owners.log("bob", NEW), None) is True
    pin = owners.memory("bob").pins[ORGANIZATION]
    assert pin.trust_sha256 == trust_sha256(trust_of(NEW))
    assert accept(owners.log("bob", NEW), None) is False
    assert code_of(owners, "bob", owners.config) == "trust-outdated"
    assert code_of(owners, "newcomer", NEW) == ""
    assert verify(owners.log("bob", NEW)).findings == ()


def test_before_it_is_published_the_new_configuration_is_refused() -> None:
    """A proposal, however well signed, changes nothing: exit 4."""
    owners = begun()
    proposal = proposed(owners)
    for person in ("dana", "erik", "gina"):
        proposals.sign(owners.desk(person), proposal, unasked)
    assert code_of(owners, "newcomer", NEW) == "fork"
    accept(owners.log("bob"), None)
    assert code_of(owners, "bob", NEW) == "trust-changed"
    assert code_of(owners, "bob", owners.config) == ""


def test_verify_names_what_a_command_refuses() -> None:
    """`log verify` with owners who are none is FORK, with those before exit 4, too."""
    owners = begun()
    stranger = config_of("mallory", threshold=1)
    codes = [finding.code for finding in verify(owners.log("x", stranger)).findings]
    assert codes == ["FORK"]
    handed_over(owners)
    accept(owners.log("dana", NEW), None)
    for person, config, code in (
        ("x", owners.config, "trust-outdated"),
        ("dana", stranger, "trust-changed"),
    ):
        with pytest.raises(IntegrityError) as caught:
            verify(owners.log(person, config))
        assert caught.value.code == code


@pytest.mark.parametrize("people", [("dana", "erik"), ("frank", "gina"), ("dana", "gina")])
def test_one_side_alone_hands_nothing_over(people: tuple[str, ...]) -> None:
    """Less than both thresholds waits for more: exit 10."""
    owners = begun()
    proposal = proposed(owners)
    for person in people:
        proposals.sign(owners.desk(person), proposal, unasked)
    log = owners.log()
    log.sync()
    view = proposals.publish(log, proposals.find(log, proposal), owners.clock.now())
    assert view.state == "OPEN"
    assert view.exit_reasons == (ExitReason.WAITING,)
    assert len(owners.log().sync().trusts) == 1


def test_an_owner_with_a_new_key_signs_with_both() -> None:
    """Dana replaces her key: the old one speaks for the old trust, the new one for the new."""
    owners = begun()
    fresh = config_of("dana", "erik", keys={"dana": "dana-2"})
    proposal = proposed(owners, fresh)
    proposals.sign(owners.desk("erik"), proposal, unasked)
    proposals.sign(owners.desk("dana"), proposal, unasked)
    view = proposals.sign(owners.desk("dana", key="dana-2"), proposal, unasked)
    assert view.state == "READY"
    assert view.signed == ("dana", "erik")


def test_the_log_shows_whose_it_is() -> None:
    """To those with the old configuration, too, and as a section that loads and works."""
    owners = begun()
    before = trust_change.show(owners.log())
    assert (before.seq, before.threshold, before.configured) == (1, 2, True)
    handed_over(owners)
    trust = trust_of(owners.config)
    old = AuditLog(
        owners.store, trust, ORGANIZATION, owners.memory("bob"), owners.clock, any_owners=True
    )
    shown = trust_change.show(old)
    assert (shown.seq, shown.configured) == (3, False)
    assert [row.person for row in shown.owners] == ["frank", "gina"]
    tree = parse_yaml(shown.yaml.encode(), source="x").tree
    assert isinstance(tree, dict)
    named = owners.config.organization
    organization = {
        "id": named.id,
        "management_account": named.management_account,
        "region": named.region,
    }
    again = parse_config({"version": "1", "organization": organization, **tree})
    assert trust_sha256(trust_of(again)) == shown.trust_sha256
    assert code_of(owners, "bob", again) == ""


def test_where_the_log_lies_is_no_matter_of_owners() -> None:
    """The printed section keeps store, account, Region, and the retention that was agreed."""
    owners = begun()
    there = {
        "store": "s3://corp-log/v1/",
        "store_account": "444444444444",
        "store_region": "eu-west-1",
        "retain": "400d",
    }
    wanted = msgspec.structs.replace(
        owners.config, trust=msgspec.structs.replace(trust_of(owners.config), **there)
    )
    handed_over(owners, wanted, "dana", "erik")
    shown = trust_change.show(owners.log("bob", wanted))
    for line in ("store: s3://corp-log/v1/", 'store_account: "444444444444"', "retain: 400d"):
        assert line in shown.yaml


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "no-change"),
        ({"log_id": "0" * 16}, "wrong-log"),
    ],
)
def test_what_is_no_change_of_owners_is_refused(change: dict[str, str], code: str) -> None:
    """The same owners, or another log: exit 2, and nothing is written."""
    owners = begun()
    before = dict(owners.store.objects)
    wanted = msgspec.structs.replace(trust_of(owners.config), **change)
    with pytest.raises(UsageError) as caught:
        trust_change.propose(owners.desk("dana"), wanted)
    assert caught.value.code == code
    assert owners.store.objects == before


def test_looking_and_asking_twice_writes_nothing_more() -> None:
    """A dry run writes nothing; the same change waits once."""
    owners = begun()
    before = dict(owners.store.objects)
    trust_change.propose(owners.desk("dana"), trust_of(NEW), only_show=True)
    assert owners.store.objects == before
    assert proposed(owners) == proposed(owners)


def test_a_rolled_back_handover_is_noticed_by_the_pin() -> None:
    """The tail with the handover is cut: the machine that followed it ends with exit 4."""
    owners = begun()
    handed_over(owners)
    accept(owners.log("bob", NEW), None)
    del owners.store.objects[record_key(3)]
    assert code_of(owners, "bob", NEW) == "rollback"
    owners.memory("bob").heads.clear()
    assert code_of(owners, "bob", NEW) == "fork"
    assert code_of(owners, "bob", owners.config) == "trust-changed"


def test_a_log_of_attackers_that_ends_in_our_owners_is_not_ours() -> None:
    """Whoever makes a genesis cannot hand it to owners who do not sign."""
    thief = Owners(config=config_of("mallory", threshold=1))
    thief.begin("mallory")
    ours = config_of()
    log = thief.log("mallory")
    log.sync()
    proposal = proposed(thief, ours)
    proposals.sign(thief.desk("mallory"), proposal, unasked)
    log.sync()
    found = proposals.find(log, proposal)
    forged = FakeSigner("mallory").sign("orgroot-trust-v1", found.text).encode()
    proposals.add_signature(log, found, forged)
    assert proposals.publish(log, found, thief.clock.now()).state == "OPEN"
    assert code_of(thief, "victim", ours) == "fork"
