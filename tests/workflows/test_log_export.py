"""`log export`: all of a verified log, and nothing of another."""

from datetime import timedelta

import pytest
from fakes.buckets_world import approved, inspected, locked_world
from fakes.team import World

from orgroot.core.codec import record_hash
from orgroot.core.results import LogRecordRow
from orgroot.errors import IntegrityError, UsageError
from orgroot.workflows.execution import execute
from orgroot.workflows.key_revocation import Ended, revoke_key
from orgroot.workflows.log_export import Span, exportable


@pytest.fixture
def world() -> World:
    """A log with an inspection and, an hour later, an executed request."""
    world = locked_world()
    inspected(world)
    world.clock.forward(1800)
    execute(world.workspace(), approved(world))
    return world


def exported(world: World, span: Span | None = None) -> list[LogRecordRow]:
    """The rows of an export."""
    return list(exportable(world.log()).rows(span or Span()))


def test_every_record_is_exported_with_its_statement(world: World) -> None:
    """Number and hash are those of the record, and the body is what was signed."""
    records = [row for row in exported(world) if row.fact is None]
    raws = [raw for key, raw in sorted(world.store.objects.items()) if "/" not in key]
    assert [row.seq for row in records] == list(range(1, len(raws) + 1))
    assert [row.hash for row in records] == [record_hash(raw) for raw in raws]
    assert all(row.body is not None and row.body["type"] == row.type for row in records)
    assert all(row.counts for row in records)


def test_the_facts_of_a_survey_follow_it(world: World) -> None:
    """They name the sessions that were issued for reading, beside the log itself."""
    rows = exported(world)
    at = next(n for n, row in enumerate(rows) if row.type == "survey")
    facts = [row for row in rows if row.fact is not None]
    assert rows[at + 1 : at + 1 + len(facts)] == facts
    assert "issued" in {row.type for row in facts}
    assert {(row.seq, row.request) for row in facts} == {(rows[at].seq, rows[at].request)}
    assert [row.fact for row in facts] == list(range(1, len(facts) + 1))


def test_a_span_limits_by_number_and_by_time(world: World) -> None:
    """From a number on, from an instant on, and before one."""
    rows = exported(world)
    begun = world.clock.now() - timedelta(minutes=5)
    late = exported(world, Span(since=begun))
    early = exported(world, Span(until=begun))
    assert [row.type for row in late][:2] == ["request", "approval"]
    assert [*early, *late] == rows
    assert exported(world, Span(first=3)) == rows[2:]
    assert exported(world, Span(since=begun, until=begun)) == []


def test_a_foreign_record_is_exported_whenever_it_was_made(world: World) -> None:
    """It asks for attention, breaks nothing, and nobody knows its time."""
    world.store.objects[f"{len(world.types()) + 1:012d}.json"] = b"hello"
    found = exportable(world.log())
    assert found.attention == 1
    (row,) = found.rows(Span(since=world.clock.now() + timedelta(days=1)))
    assert row.type == "foreign"


def test_a_stolen_key_does_not_end_exports(world: World) -> None:
    """What it signed is exported, with the record that says since when it was in other hands."""
    ended = Ended(person="bob", fingerprint=None, reason="stolen", since="2020-01-01T00:00:00Z")
    revoke_key(world.desk("dana"), ended, lambda _key: None)
    found = exportable(world.log())
    rows = [row for row in found.rows(Span()) if row.fact is None]
    stolen = [row for row in rows if row.signers == ("bob",)]
    assert stolen
    last = rows[-1].body
    assert last is not None
    assert (last["type"], last["person"]) == ("key-revoke", "bob")
    assert last["compromised_since"] == "2020-01-01T00:00:00Z"
    assert found.attention == len(stolen)


def test_a_log_that_does_not_verify_is_not_exported(world: World) -> None:
    """Not a line of it: whoever reads the export could not see that it was changed."""
    key = "000000000005.json"
    world.store.objects[key] = world.store.objects[key].replace(b'"seq":5', b'"seq":6')
    with pytest.raises(IntegrityError) as caught:
        exportable(world.log())
    assert caught.value.code == "not-verified"
    assert "record 5" in caught.value.message
    world.store.objects.clear()
    with pytest.raises((IntegrityError, UsageError)):
        exportable(world.log())


def test_a_record_or_fact_that_changes_after_it_was_verified_ends_the_export(world: World) -> None:
    """What leaves is what was verified."""
    found = exportable(world.log())
    good = dict(world.store.objects)
    for key in ("000000000004.json", next(key for key in good if key.startswith("facts/"))):
        world.store.objects = good | {key: good["000000000002.json"]}
        with pytest.raises(IntegrityError):
            list(found.rows(Span()))
