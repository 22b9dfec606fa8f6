"""Accounts whose root access key is in use: held until a request names them."""

from datetime import timedelta

import msgspec
import pytest
from fakes.removal_world import (
    ALL,
    ASK,
    EVERYTHING,
    A,
    B,
    ask_for,
    deletions,
    empty,
    outcomes,
    removal_world,
    row,
    run,
    verified,
)
from fakes.team import World

from orgroot.core.config import AccountsConfig
from orgroot.core.organization import Selection
from orgroot.core.results import Removal, RequestView
from orgroot.workflows import removal

NAMED = Selection(ids=(A,))


@pytest.fixture
def world() -> World:
    """A's key was used three days ago, and what was used within 30 days is held."""
    made = removal_world()
    held = AccountsConfig(hold_if_root_key_used_within="30d")
    made.config = msgspec.structs.replace(made.config, accounts=held)
    made.aws.members[A].key_last_used = made.clock.now() - timedelta(days=3)
    return made


def targets(world: World) -> set[str]:
    """The accounts of the newest request."""
    return {t.account for t in list(world.log().sync().requests.values())[-1].targets}


def test_a_sweep_leaves_it_out_and_names_it(world: World) -> None:
    """The others are asked for; it is told with its last use, and the command is incomplete."""
    view = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(view, RequestView)
    assert targets(world) == {B}
    assert [reason.value for reason in view.exit_reasons] == ["waiting", "incomplete"]
    assert any(f"{A} is not in the request: its root access" in n for n in world.progress.notes)
    again = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(again, RequestView)
    assert again.id == view.id
    assert [reason.value for reason in again.exit_reasons] == ["waiting", "incomplete"]


def test_nothing_else_to_ask_for_is_no_request(world: World) -> None:
    """Where all that is left is held, the answer is a row and no request."""
    world.aws.members[B].password = False
    result = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(result, Removal)
    assert (result.request, outcomes(result)[A]) == (None, "held")
    assert f"`orgroot credentials remove {A}`" in str(row(result, A).reason)
    assert row(result, A).left.access_keys
    assert deletions(world) == []


def test_a_request_that_names_it_removes_it(world: World) -> None:
    """Its approvers read when the key was used; what they approved is done."""
    request = ask_for(world, NAMED)
    summary = list(world.log().sync().requests.values())[-1]
    assert summary.params["seen"][A]["key_last_used"] is not None
    world.aws.members[A].key_last_used = world.clock.now()
    assert outcomes(run(world, request)) == {A: "removed"}
    assert empty(world.aws.members[A])
    verified(world)


def test_a_use_after_the_request_holds_it(world: World) -> None:
    """Nobody knew that the key was in use when it was approved: nothing is deleted."""
    world.aws.members[A].key_last_used = world.clock.now() - timedelta(days=300)
    request = ask_for(world, NAMED)
    world.aws.members[A].key_last_used = world.clock.now()
    result = run(world, request)
    assert outcomes(result) == {A: "held"}
    assert "after the request" in str(row(result, A).reason)
    assert deletions(world) == []
    verified(world)


def test_without_the_key_in_the_configuration_nothing_is_held(world: World) -> None:
    """Who does not ask for it is not kept waiting; what is shown is the same."""
    world.config = msgspec.structs.replace(world.config, accounts=AccountsConfig())
    ask_for(world)
    assert targets(world) == {A, B}


def test_a_dry_run_names_what_is_held(world: World) -> None:
    """Before anything is asked for, the notes say which accounts would be left out, and why."""
    removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    notes = removal.preview(world.workspace(), ALL, EVERYTHING).notes
    assert any(note.startswith(f"{A} is held: its root access key was used") for note in notes)
