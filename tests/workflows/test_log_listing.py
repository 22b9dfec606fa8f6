"""`log show`: the newest records, those that match, and those to come."""

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from fakes.buckets_world import ACCOUNT, ASK, approved, inspected, locked_world
from fakes.team import World

from orgroot.core.results import LogRecordRow
from orgroot.errors import AuditUnavailable, IntegrityError
from orgroot.workflows.execution import execute
from orgroot.workflows.inspection import inspect_bucket
from orgroot.workflows.log_entries import TYPES
from orgroot.workflows.log_listing import PAUSE, Wanted, follow, show


@pytest.fixture
def world() -> World:
    """A log with an inspection and an executed request."""
    world = locked_world()
    inspected(world)
    execute(world.workspace(), approved(world))
    return world


def rows(world: World, *, last: int = 100, **wanted: object) -> tuple[LogRecordRow, ...]:
    """What an auditor is shown."""
    asked = Wanted(**wanted)  # type: ignore[arg-type] # any of its fields
    return show(world.log(), last=last, wanted=asked).records


def types(found: tuple[LogRecordRow, ...]) -> list[str]:
    """The types of records."""
    return [row.type for row in found]


def test_the_newest_are_shown_oldest_first(world: World) -> None:
    """`last` limits from the end, and a first number from the beginning."""
    whole = rows(world)
    assert [row.seq for row in whole] == list(range(1, len(whole) + 1))
    assert types(whole) == world.types()
    assert rows(world, last=3) == whole[-3:]
    assert rows(world, first=5) == whole[4:]
    assert rows(world, first=5, last=2) == whole[-2:]
    assert rows(world, first=999) == ()


def test_types_are_those_of_all_records(world: World) -> None:
    """Only what was asked for is shown, counted from the end, whatever lies between."""
    approvals = rows(world, types=frozenset({"approval"}))
    assert types(approvals) == ["approval", "approval"]
    assert rows(world, types=frozenset({"approval"}), last=1) == approvals[1:]
    assert types(rows(world, types=frozenset({"genesis", "intent"}))) == ["genesis", "intent"]
    assert set(world.types()) < TYPES


def test_a_request_brings_all_that_was_said_and_done_about_it(world: World) -> None:
    """Decisions, the intent and every fact belong to their request, a survey to itself."""
    request = next(row for row in rows(world) if row.type == "request").request
    told = rows(world, request=request)
    assert types(told) == [
        *("request", "approval", "approval", "intent"),
        *("issued", "step-intent", "step-result", "closed"),
    ]
    assert {row.task for row in told} == {"unlock-bucket"}
    survey = next(row for row in rows(world) if row.type == "survey")
    assert types(rows(world, request=survey.request)) == ["survey", "closed"]


def test_a_person_stands_behind_the_facts_of_their_executions(world: World) -> None:
    """Who executes is the person of every fact; who approved is that of the approval alone."""
    assert types(rows(world, person="bob")) == ["approval"]
    alice = rows(world, person="alice")
    assert {"survey", "request", "intent", "issued", "closed"} <= set(types(alice))
    assert all(row.caller for row in alice if row.type in {"intent", "issued", "closed"})
    assert types(rows(world, person="dana")) == ["genesis", "rules"]
    assert rows(world, person="nobody") == ()


def test_changes_say_what_was_done_to_what(world: World) -> None:
    """A result names the operation that its intent announced, and how it went."""
    (intended,) = rows(world, types=frozenset({"step-intent"}))
    (made,) = rows(world, types=frozenset({"step-result"}))
    (before,), (after,) = intended.calls, made.calls
    assert (before.account, before.outcome) == (ACCOUNT, "")
    assert (after.operation, after.target) == (before.operation, before.target)
    assert after.outcome == "done"


def test_what_cannot_be_understood_is_shown_as_such(world: World) -> None:
    """A foreign record has a row, no signer, and does not count."""
    world.store.objects[f"{len(world.types()) + 1:012d}.json"] = b"hello"
    (row,) = rows(world, types=frozenset({"foreign"}))
    assert (row.counts, row.signers, row.at) == (False, (), "")


def until_silent(world: World, wanted: Wanted, more: list[object]) -> Iterator[LogRecordRow]:
    """Follow; at each pause the next of `more` happens, and then the person presses Ctrl-C."""
    log = world.log()

    def pause(seconds: float) -> None:
        world.clock.sleep(seconds)
        if not more:
            raise KeyboardInterrupt
        step = more.pop(0)
        if callable(step):
            step()

    log.sleep = pause
    return follow(log, last=2, wanted=wanted)


def heard(world: World, wanted: Wanted, *more: object) -> list[str]:
    """The types of what was shown until Ctrl-C."""
    found: list[str] = []
    with suppress(KeyboardInterrupt):
        found.extend(row.type for row in until_silent(world, wanted, list(more)))
    return found


def inspect(world: World) -> None:
    """Somebody inspects the bucket."""
    inspect_bucket(world.workspace("olga"), ACCOUNT, "corp-invoices", "eu-west-1", ASK)


def test_following_shows_what_comes_and_only_that_once(world: World) -> None:
    """After the newest, each new record that matches is shown in order; pauses say nothing."""
    before = world.clock.now()
    news = heard(world, Wanted(), None, lambda: inspect(world), None)
    assert news == ["step-result", "closed", "survey", "closed"]
    assert world.clock.slept.count(PAUSE) == 4
    assert world.clock.now() > before
    only = heard(world, Wanted(types=frozenset({"survey"})), lambda: inspect(world))
    assert only == ["survey", "survey", "survey"]


def test_following_ends_where_the_log_no_longer_verifies(world: World) -> None:
    """A record that does not follow, or a silent store, ends it with its own error."""

    def forge() -> None:
        tree = json.loads(world.store.objects["000000000003.json"])
        tree |= {"seq": len(world.types()) + 1, "body": tree["body"].replace("survey", "surveY")}
        text = json.dumps(tree, sort_keys=True, separators=(",", ":")) + "\n"
        world.store.objects[f"{tree['seq']:012d}.json"] = text.encode()

    with pytest.raises(AuditUnavailable):
        list(until_silent(world, Wanted(), [lambda: setattr(world.store, "down", True)]))
    world.store.down = False
    with pytest.raises(IntegrityError) as caught:
        list(until_silent(world, Wanted(), [None, forge]))
    assert caught.value.code == "chain"


def test_a_record_that_changes_while_it_is_shown_is_an_error(world: World) -> None:
    """What is printed is what was verified."""
    log = world.log()
    log.sync()
    key = "000000000004.json"
    world.store.objects[key] = world.store.objects["000000000003.json"]
    with pytest.raises(IntegrityError) as caught:
        show(log, last=100)
    assert caught.value.code == "changed"
    del world.store.objects[key]
    with pytest.raises(IntegrityError):
        show(log, last=100)
