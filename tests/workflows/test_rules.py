"""Rules: found in force, published by an owner, never by anyone else, never with errors."""

from datetime import timedelta

import msgspec
import pytest
from fakes.owners import Owners, config_of
from fakes.signer import FakeSigner
from fakes.team import World, config_tree, new_world

from orgroot.core.config import Config, parse_config
from orgroot.core.results import ExitReason
from orgroot.core.statement_parts import Signer
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows import rules
from orgroot.workflows.desk import LogDesk
from orgroot.workflows.key_revocation import Ended, revoke_key
from orgroot.workflows.log_show import verify
from orgroot.workflows.workspace import Governed


def desk(world: World, config: Config, person: str = "dana") -> LogDesk:
    """An owner's desk with an edited configuration."""
    return LogDesk(
        config=config,
        log=world.log(person),
        clock=world.clock,
        memory=world.memory(person),
        person=person,
        signer=FakeSigner(person),
    )


def test_the_rules_in_force_are_recognized() -> None:
    """Checking what is in force names its serial; publishing it again writes nothing."""
    world = new_world()
    assert rules.check(desk(world, world.config)).serial == 1
    result = rules.publish(desk(world, world.config), lambda _: None)
    assert (result.published, result.serial) == (False, 1)
    assert world.types() == ["genesis", "rules"]


def test_edited_rules_have_no_force_until_published() -> None:
    """A changed configuration is serial null; published, it is the next serial."""
    world = new_world()
    edited = parse_config(config_tree(total=1))
    assert rules.check(desk(world, edited)).serial is None
    result = rules.publish(desk(world, edited), lambda _: None)
    assert (result.published, result.serial) == (True, 2)
    assert world.log().sync().rules[-1].body.approvals == edited.approvals
    assert verify(world.log()).findings == ()


def test_rules_with_errors_are_found_and_not_published() -> None:
    """Errors are exit 6 of check and exit 2 of publish; nothing is written."""
    world = new_world()
    edited = parse_config(config_tree(total=0))
    assert edited.approvals is not None
    bad = msgspec.structs.replace(
        edited.approvals.rules[0],
        approvals=msgspec.structs.replace(edited.approvals.rules[0].approvals, each_of=()),
    )
    edited = msgspec.structs.replace(
        edited,
        approvals=msgspec.structs.replace(
            edited.approvals, rules=(bad, *edited.approvals.rules[1:])
        ),
    )
    result = rules.check(desk(world, edited))
    assert result.exit_reasons == (ExitReason.FINDINGS,)
    with pytest.raises(UsageError):
        rules.publish(desk(world, edited), lambda _: None)
    assert world.types() == ["genesis", "rules"]


def test_only_an_owner_publishes() -> None:
    """Bob is no owner: exit 2, nothing written."""
    world = new_world()
    edited = parse_config(config_tree(total=1))
    with pytest.raises(UsageError) as caught:
        rules.publish(desk(world, edited, "bob"), lambda _: None)
    assert caught.value.code == "not-owner"
    assert world.types() == ["genesis", "rules"]


def test_an_owner_whose_key_ended_publishes_nothing() -> None:
    """What they sign would be void: exit 2 before it is written, and the others still can."""
    owners = Owners(config=config_of("dana", "erik", threshold=1))
    owners.begin("dana")
    gone = Ended(person="dana", fingerprint=None, reason="lost", since=None)
    revoke_key(owners.desk("dana"), gone, lambda _: None)
    edited = config_of("dana", "erik", threshold=1, total=1)
    with pytest.raises(UsageError) as caught:
        rules.publish(owners.desk("dana", edited), lambda _: None)
    assert (caught.value.code, "erik" in (caught.value.hint or "")) == ("not-owner", True)
    checked = rules.check(owners.desk("erik", edited))
    assert {i.code for i in checked.issues} >= {"single-owner"}
    assert rules.publish(owners.desk("erik", edited), lambda _: None).serial == 2
    assert owners.log().sync().findings == []


def test_rules_published_meanwhile_are_not_overwritten() -> None:
    """Two owners publish at once: the later one is told."""
    world = new_world()
    edited = parse_config(config_tree(total=1))
    assert edited.approvals is not None
    stale = world.log("dana")
    stale.sync()
    me = (Signer(person="dana", key=FakeSigner("dana").public_key),)
    late = rules.rules_of(stale, edited.approvals, me, world.clock.now())
    rules.publish(desk(world, edited), lambda _: None)
    with pytest.raises(RequestRefused):
        rules.append_rules(Governed(log=stale, person="dana", signer=FakeSigner("dana")), late)


def test_old_rules_put_back_are_a_new_serial() -> None:
    """Going back is a publication like any other."""
    world = new_world()
    rules.publish(desk(world, parse_config(config_tree(total=1))), lambda _: None)
    assert rules.publish(desk(world, world.config), lambda _: None).serial == 3


def test_a_configuration_without_rules_says_so() -> None:
    """No approvals section: exit 2."""
    world = new_world()
    bare = msgspec.structs.replace(world.config, approvals=None)
    with pytest.raises(UsageError) as caught:
        rules.check(desk(world, bare))
    assert caught.value.code == "no-approvals"


def test_rules_are_used_until_they_expire() -> None:
    """After their time they are an error of check, and cannot be published as they are."""
    world = new_world()
    world.clock.forward(timedelta(days=200).total_seconds())
    result = rules.check(desk(world, world.config))
    assert "expired" in {issue.code for issue in result.issues if issue.level == "error"}
    assert result.exit_reasons == (ExitReason.FINDINGS,)
    with pytest.raises(UsageError, match="expired"):
        rules.publish(desk(world, parse_config(config_tree(total=1))), lambda _: None)
    assert world.types() == ["genesis", "rules"]


def test_an_owner_whose_clock_is_behind_publishes_nothing() -> None:
    """Rules dated before those in force could be older than they look: exit 2, set the clock."""
    world = new_world()
    edited = parse_config(config_tree(total=1))
    world.clock.forward(-600)
    with pytest.raises(UsageError) as caught:
        rules.publish(desk(world, edited), lambda _: None)
    assert caught.value.code == "clock"
    assert world.types() == ["genesis", "rules"]
