"""What every record store must do, whatever it stores in."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from fakes.s3_log import ACCOUNT, BUCKET, REGION, LogPlace

from orgroot.core.codec import MAX_RECORD_BYTES, fact_key, object_key, record_key
from orgroot.core.ids import sha256
from orgroot.core.store_place import S3Place
from orgroot.local.file_store import FileStore
from orgroot.ports import Created, RecordStore

WRITER = str(Path(__file__).with_name("appending_writer.py"))
DISK_CALLS_OF_ONE_RECORD = 7  # open folder, open, fdopen, fsync, link, unlink, fsync folder


def test_what_was_created_is_read_back(store: RecordStore) -> None:
    """An object has the bytes it was created with, in every kind of place."""
    for key in (record_key(1), fact_key(7, 0), object_key(sha256(b"x"))):
        assert store.get(key) is None
        assert store.create(key, b"text of " + key.encode()) is Created.CREATED
        assert store.get(key) == b"text of " + key.encode()


def test_the_first_writer_of_a_key_wins(store: RecordStore) -> None:
    """A second create says EXISTS, even with the same bytes, and changes nothing."""
    assert store.create(record_key(1), b"one") is Created.CREATED
    assert store.create(record_key(1), b"two") is Created.EXISTS
    assert store.create(record_key(1), b"one") is Created.EXISTS
    assert store.get(record_key(1)) == b"one"


def test_what_is_too_long_is_read_no_further(store: RecordStore) -> None:
    """Somebody appends a huge record: it takes its number, is cut, and nothing stops behind it."""
    huge = b"x" * (MAX_RECORD_BYTES + 70_000)
    store.create(record_key(1), huge)
    store.create(fact_key(1, 0), huge)
    store.create(record_key(2), b"two")
    cut = huge[: MAX_RECORD_BYTES + 1]
    assert list(store.sequence(0)) == [(1, cut), (2, b"two")]
    assert store.get(record_key(1)) == store.get(fact_key(1, 0)) == cut
    assert store.create(object_key(sha256(huge)), huge) is Created.CREATED
    assert store.get(object_key(sha256(huge))) == huge


def test_a_sequence_ends_at_the_first_gap(store: RecordStore) -> None:
    """The sequence is the dense prefix behind a number, and nothing after a gap."""
    for seq in (1, 2, 3, 5):
        store.create(record_key(seq), str(seq).encode())
    assert list(store.sequence(0)) == [(1, b"1"), (2, b"2"), (3, b"3")]
    assert list(store.sequence(2)) == [(3, b"3")]
    assert list(store.sequence(3)) == []
    assert list(store.sequence(4)) == [(5, b"5")]


def test_a_sequence_sees_what_is_created_while_it_is_read(store: RecordStore) -> None:
    """Reading is lazy: a record created meanwhile belongs to the sequence."""
    store.create(record_key(1), b"1")
    records = iter(store.sequence(0))
    assert next(records) == (1, b"1")
    store.create(record_key(2), b"2")
    assert next(records) == (2, b"2")


def test_keys_are_all_names_in_order(store: RecordStore) -> None:
    """Every object is listed by its key, gaps or not."""
    assert tuple(store.keys()) == ()
    made = {record_key(2), record_key(1), fact_key(3, 0), object_key(sha256(b""))}
    for key in made:
        store.create(key, b"")
    assert list(store.keys()) == sorted(made)


def test_threads_that_race_get_each_number_once(store: RecordStore) -> None:
    """Eight threads appending at once give dense numbers, each won by exactly one."""
    won: list[int] = []

    def append(label: int) -> None:
        seq, made = 1, 0
        while made < 5:
            if store.create(record_key(seq), str(label).encode()) is Created.CREATED:
                won.append(seq)
                made += 1
            seq += 1

    threads = [threading.Thread(target=append, args=(label,)) for label in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == list(range(1, 41))
    assert [seq for seq, _ in store.sequence(0)] == list(range(1, 41))


def writer(
    store: Path | str,
    label: str,
    count: int,
    step: int = 0,
    *,
    processes: int = 0,
    env: Mapping[str, str] = {},
) -> subprocess.Popen[str]:
    """A process that appends records to a folder or bucket; or one that forks several."""
    command = [sys.executable, WRITER, str(store), label, str(count), str(step)]
    command += [str(processes)] if processes else []
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | env)


def whole(raw: bytes) -> bool:
    """The bytes are a record as the writer makes them, from the first to the last."""
    return len(raw) > 5000 and raw.endswith(b"x\n")


@pytest.mark.parametrize("kind", ["file", "s3"])
def test_processes_that_race_lose_nothing(kind: str, tmp_path: Path, place: LogPlace) -> None:
    """Eight processes appending 25 records each leave 200 dense, whole, distinct records."""
    where, env, store = store_for_processes(kind, tmp_path / "log", place)
    writers = writer(where, "writer", 25, processes=8, env=env)
    said = writers.communicate(timeout=120)[0].split()
    assert writers.returncode == 0
    assert sorted(map(int, said)) == list(range(1, 201))
    records = [raw for _, raw in store.sequence(0)]
    assert len(set(records)) == 200
    assert all(map(whole, records))
    assert len(store.keys()) == 200
    assert {raw.split()[0] for raw in records} == {b"writer-%d" % n for n in range(8)}


def store_for_processes(
    kind: str, folder: Path, place: LogPlace
) -> tuple[str, dict[str, str], RecordStore]:
    """A new store as other processes are told of it: its name, their environment; and the store."""
    if kind == "file":
        return str(folder), {}, FileStore.create_new(folder)
    door = {"region": REGION, "environ": dict(place.environ), "owner": ACCOUNT}
    return S3Place(BUCKET, place.prefix).url, {"DOOR": json.dumps(door)}, place.store()


@pytest.mark.parametrize("step", range(1, 2 * DISK_CALLS_OF_ONE_RECORD + 1))
def test_a_writer_killed_at_any_disk_call_leaves_no_partial_record(
    tmp_path: Path, step: int
) -> None:
    """Whatever call a writer dies at, each record is whole or absent, and the said ones are there.

    The next writer goes on at once.
    """
    folder = tmp_path / "log"
    store = FileStore.create_new(folder)
    killed = writer(folder, "killed", 5, step)
    said = killed.communicate(timeout=60)[0].split()
    assert killed.returncode == -9
    records = dict(store.sequence(0))
    assert all(map(whole, records.values()))
    assert set(map(int, said)) <= set(records)
    assert len(store.keys()) == len(records)
    assert store.create(record_key(len(records) + 1), b"next") is Created.CREATED


@pytest.mark.parametrize("after", range(1, 11))
def test_a_writer_killed_from_outside_leaves_no_partial_record(tmp_path: Path, after: int) -> None:
    """A writer killed while it is busy with a further record leaves only whole ones."""
    folder = tmp_path / "log"
    store = FileStore.create_new(folder)
    process = writer(folder, "killed", 100_000)
    assert process.stdout is not None
    said = [int(process.stdout.readline()) for _ in range(after)]
    process.kill()
    process.communicate(timeout=60)
    records = dict(store.sequence(0))
    assert set(said) <= set(records)
    assert all(map(whole, records.values()))
    assert len(store.keys()) == len(records)
