"""The log in use: appends under contention, what this machine remembers, what was altered."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import msgspec
import pytest
from fakes.buckets_world import ASK, approved, inspected, locked_world, wanted
from fakes.memory import FakeMemory
from fakes.record_store import FakeRecordStore
from fakes.team import LOG_ID, World, new_world

from orgroot.core.governed_tasks import UnlockMode
from orgroot.core.ids import log_id
from orgroot.core.log_state import LogState
from orgroot.core.results import ExitReason, RequestView
from orgroot.errors import AuditUnavailable, IntegrityError, UsageError
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.execution import execute
from orgroot.workflows.head_memory import head_findings
from orgroot.workflows.log_listing import Wanted, show
from orgroot.workflows.log_show import verify
from orgroot.workflows.requests import Ask
from orgroot.workflows.unlock import unlock_buckets

LOG = log_id(LOG_ID)


def used() -> World:
    """A log with an executed request."""
    world = locked_world()
    inspected(world)
    execute(world.workspace(), approved(world))
    return world


def reader(world: World, *receipts: str, checkpoint: str | None = None) -> AuditLog:
    """A machine that has never seen the log."""
    assert world.config.trust is not None
    trust = msgspec.structs.replace(world.config.trust, checkpoint=checkpoint)
    return AuditLog(
        world.store,
        trust,
        world.config.organization.id,
        FakeMemory(),
        world.clock,
        receipts=receipts,
    )


def test_a_verified_head_is_remembered() -> None:
    """After a sync the machine remembers the head."""
    world = used()
    log = world.log("auditor")
    state = log.sync()
    assert world.memory("auditor").head(LOG) == (state.seq, state.hash)


def test_a_cut_tail_is_a_rollback() -> None:
    """A machine that saw more records than there are stops with exit 4."""
    world = used()
    world.log("auditor").sync()
    last = max(key for key in world.store.objects if "/" not in key)
    del world.store.objects[last]
    with pytest.raises(IntegrityError) as caught:
        world.log("auditor").sync()
    assert caught.value.code == "rollback"


def test_an_emptied_store_is_a_rollback() -> None:
    """An emptied store is not taken for a new log."""
    world = used()
    world.log("auditor").sync()
    world.store.objects.clear()
    with pytest.raises(IntegrityError):
        world.log("auditor").require()


def test_another_history_is_a_fork() -> None:
    """A log that is valid in itself but not the one this machine saw stops with exit 4."""
    world = used()
    state = world.log().sync()
    world.memory("auditor").heads[LOG] = (state.seq, "f" * 64)
    with pytest.raises(IntegrityError) as caught:
        world.log("auditor").sync()
    assert caught.value.code == "fork"


def test_a_receipt_and_a_checkpoint_are_memories() -> None:
    """A machine without memory is held to --expect-head and to trust.checkpoint."""
    world = used()
    log = world.log()
    log.sync()
    receipt = log.receipt()
    assert reader(world, receipt).sync().seq == log.state.seq
    assert reader(world, checkpoint=receipt).sync().seq == log.state.seq
    last = max(key for key in world.store.objects if "/" not in key)
    del world.store.objects[last]
    for late in (reader(world, receipt), reader(world, checkpoint=receipt)):
        with pytest.raises(IntegrityError):
            late.sync()


def test_who_has_seen_nothing_knows_it() -> None:
    """Blind is the first reading without a receipt or a checkpoint, and no other."""
    world = used()
    log = world.log("auditor")
    assert log.blind
    log.sync()
    assert log.blind
    assert not world.log("auditor").blind
    receipt = log.receipt()
    assert not reader(world, receipt).blind
    assert not reader(world, checkpoint=receipt).blind


def test_a_receipt_of_another_log_is_refused() -> None:
    """A receipt names its log."""
    world = used()
    with pytest.raises(IntegrityError):
        reader(world, f"orgroot1 {'0' * 16} 1 {'0' * 64}")


@pytest.mark.parametrize("seq", range(1, 13))
def test_a_flipped_byte_is_found_by_verify(seq: int) -> None:
    """Whichever record is changed, verify ends with 4 and names that record or the next."""
    world = used()
    key = f"{seq:012d}.json"
    raw = bytearray(world.store.objects[key])
    at = raw.index(b"nonce") + 15 if b"nonce" in raw else raw.index(b"account") + 15
    raw[at] ^= 1
    world.store.objects[key] = bytes(raw)
    found = verify(reader(world))
    assert ExitReason.INTEGRITY in found.exit_reasons
    assert {finding.seq for finding in found.findings} & {seq, seq + 1}


def test_verify_does_not_remember_a_broken_log() -> None:
    """Only a head without findings is remembered."""
    world = used()
    key = "000000000003.json"
    world.store.objects[key] = world.store.objects[key].replace(b"survey", b"surveY", 1)
    log = reader(world)
    verify(log)
    assert log.memory.head(LOG) is None


def test_many_writers_make_one_dense_log() -> None:
    """Writers that race each get a record; none is lost, none is written twice."""
    world = new_world()
    barrier = threading.Barrier(6)

    def ask(number: int) -> str:
        ws = world.workspace("alice" if number % 2 else "olga")
        barrier.wait()
        view = unlock_buckets(
            ws, wanted(f"bucket-{number}", mode=UnlockMode.DELETE), Ask(reason=ASK.reason)
        )
        assert isinstance(view, RequestView)
        return view.id

    for account in ("222222222222",):
        world.aws.members[account].buckets.clear()
    with ThreadPoolExecutor(6) as pool:
        ids = list(pool.map(ask, range(6)))
    state = world.log().sync()
    assert state.seq == 8
    assert set(ids) <= set(state.requests)
    assert verify(world.log()).findings == ()


def test_another_process_may_write_while_the_log_is_read() -> None:
    """What another process of this machine adds during a sync is no rollback."""
    world = new_world()

    class Growing(FakeRecordStore):
        """Somebody appends just after the last record was read."""

        def sequence(self, after: int) -> Iterator[tuple[int, bytes]]:
            yield from super().sequence(after)
            unlock_buckets(world.workspace(), wanted(mode=UnlockMode.DELETE), ASK)

    assert world.config.trust is not None
    store = Growing()
    store.objects = world.store.objects
    organization = world.config.organization.id
    log = AuditLog(store, world.config.trust, organization, world.memory("alice"), world.clock)
    assert log.sync().seq == 2
    assert world.memory("alice").head(LOG) == (3, world.log().sync().hash)


def test_endless_contention_ends() -> None:
    """When somebody else is always faster, the append gives up: exit 5."""
    world = new_world()
    log = world.log()
    log.sync()

    def build(_state: LogState) -> tuple[bytes, tuple[()]]:
        return b"{}\n", ()

    def overtake(key: str) -> None:
        world.store.objects[key] = b"foreign\n"

    world.store.before_create = overtake
    with pytest.raises(AuditUnavailable) as caught:
        log.append(build)
    assert caught.value.code == "contention"


def test_a_foreign_record_stops_nobody() -> None:
    """Garbage at the tail is chained over, and only reported."""
    world = locked_world()
    world.store.objects["000000000003.json"] = b"garbage\n"
    inspected(world)
    approved(world)
    found = verify(world.log())
    assert [finding.code for finding in found.findings] == ["FOREIGN_RECORD"]
    assert found.exit_reasons == (ExitReason.FINDINGS,)


def test_an_own_record_that_does_not_count_is_said() -> None:
    """What was written and means nothing ends the command."""
    world = new_world()
    log = world.log()
    with pytest.raises(IntegrityError) as caught:
        log.append(lambda _state: (b"{}\n", ()))
    assert caught.value.code in {"not-counted", "noncanonical"}


def test_objects_are_what_their_names_say() -> None:
    """An object that is missing or was changed is exit 4."""
    world = new_world()
    log = world.log()
    digest = log.put_object(b"text\n")
    assert log.put_object(b"text\n") == digest
    assert log.get_object(digest) == b"text\n"
    world.store.objects[f"objects/{digest}"] = b"other\n"
    with pytest.raises(IntegrityError):
        log.get_object(digest)
    with pytest.raises(IntegrityError):
        log.put_object(b"text\n")
    with pytest.raises(IntegrityError):
        log.get_object("0" * 64)


def test_a_store_that_is_down_is_exit_5() -> None:
    """Nothing is done without the log, and AWS is not changed."""
    world = locked_world()
    world.store.down = True
    with pytest.raises(AuditUnavailable):
        unlock_buckets(world.workspace(), wanted(mode=UnlockMode.DELETE), ASK)
    assert world.aws.writes == []


def test_an_empty_log_says_how_to_begin() -> None:
    """Before log init the remedy is named."""
    world = new_world()
    world.store.objects.clear()
    with pytest.raises(UsageError) as caught:
        reader(world).require()
    assert caught.value.code == "no-log"


def test_show_names_each_record() -> None:
    """Types, signers and subjects of the newest records, with bodies where asked."""
    world = used()
    shown = show(world.log(), last=3)
    assert [row.type for row in shown.records] == ["step-intent", "step-result", "closed"]
    assert all(row.body is None for row in shown.records)
    everything = show(world.log(), last=100, wanted=Wanted(bodies=True))
    assert everything.records[0].type == "genesis"
    assert everything.records[0].signers == ("dana",)
    assert everything.records[2].signers == ("alice",)
    assert everything.records[-1].subject == "222222222222"
    assert everything.records[1].body is not None
    json.dumps(msgspec.to_builtins(everything))


def test_show_shows_what_is_not_understood() -> None:
    """A foreign record is a row too."""
    world = new_world()
    world.store.objects["000000000003.json"] = b"garbage\n"
    assert show(world.log(), last=1).records[0].type == "foreign"


def test_every_flipped_bit_of_a_receipt_or_checkpoint_is_refused() -> None:
    """It is no receipt, one of another log, or one of a record that this log does not have."""
    world = used()
    log = world.log()
    state, line = log.sync(), log.receipt()
    first = f"orgroot1 {LOG_ID} 1 {state.hashes[0]}"
    for good in (line, first):
        for at, character in enumerate(good):
            for bit in range(8):
                flipped = good[:at] + chr(ord(character) ^ (1 << bit)) + good[at + 1 :]
                for given in ((flipped,), ()):
                    with suppress(UsageError, IntegrityError):
                        log = reader(world, *given, checkpoint=None if given else flipped)
                        assert head_findings(state, log.expected)


def test_verify_holds_every_receipt_against_the_log() -> None:
    """Those that the log contains are counted, and each of the others is a finding."""
    world = used()
    log = world.log()
    state, line = log.sync(), log.receipt()
    old = f"orgroot1 {LOG_ID} 3 {state.hashes[2]}"
    good = verify(reader(world, line, old))
    assert good.exit_reasons == ()
    assert [(row.seq, row.holds) for row in good.receipts] == [(state.seq, True), (3, True)]
    forked = f"orgroot1 {LOG_ID} 3 {state.hashes[3]}"
    later = f"orgroot1 {LOG_ID} {state.seq + 1} {state.hash}"
    empty = f"orgroot1 {LOG_ID} 0 {state.hash}"
    bad = verify(reader(world, line, forked, later, empty))
    assert bad.exit_reasons == (ExitReason.INTEGRITY,)
    assert [row.holds for row in bad.receipts] == [True, False, False, False]
    assert sorted(finding.code for finding in bad.findings) == ["FORK", "FORK", "ROLLBACK"]
    assert {finding.level for finding in bad.findings} == {"integrity"}
