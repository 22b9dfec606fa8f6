"""This machine's copy of records: whole or dropped, whatever happens to its file."""

import os
from itertools import product
from pathlib import Path

import pytest

from orgroot.core.ids import log_id
from orgroot.local.record_cache import FileRecordCache

LOG = log_id("5f0c8d2e9b7a4c31")
RECORDS = [(seq, f"version-{seq}", b"record %d\n" % seq) for seq in range(1, 5)]


@pytest.fixture
def cache(tmp_path: Path) -> FileRecordCache:
    """A copy of four records."""
    made = FileRecordCache(tmp_path, LOG)
    made.keep(RECORDS)
    return made


def file_of(folder: Path) -> Path:
    """The one file of a copy."""
    (path,) = folder.rglob("*.cache")
    return path


def given(cache: FileRecordCache) -> list[tuple[int, bytes]]:
    """What it gives back."""
    return list(cache.records())


WHOLE = [(seq, raw) for seq, _, raw in RECORDS]


def test_what_was_kept_is_given_back(cache: FileRecordCache, tmp_path: Path) -> None:
    """Every record in order, and the last with its version; another process reads the same."""
    assert given(cache) == WHOLE
    assert cache.last() == (4, "version-4")
    assert given(FileRecordCache(tmp_path, LOG)) == WHOLE
    assert file_of(tmp_path).stat().st_mode & 0o077 == 0


def test_nothing_is_kept_at_first(tmp_path: Path) -> None:
    """Reading makes nothing, and without a file there is no last record."""
    cache = FileRecordCache(tmp_path / "state", LOG)
    assert (given(cache), cache.last()) == ([], None)
    cache.drop()
    assert not (tmp_path / "state").exists()


def test_records_are_added_once_and_without_gaps(cache: FileRecordCache) -> None:
    """What another process has kept meanwhile is not kept twice, and nothing behind a gap."""
    cache.keep([RECORDS[2], RECORDS[3], (5, "version-5", b"record 5\n")])
    cache.keep([(7, "version-7", b"record 7\n")])
    assert given(cache) == [*WHOLE, (5, b"record 5\n")]
    assert cache.last() == (5, "version-5")


def test_a_flipped_bit_ends_the_copy_there(cache: FileRecordCache, tmp_path: Path) -> None:
    """Wherever a bit is changed, only records as they were kept are given, from the first on."""
    path = file_of(tmp_path)
    good = path.read_bytes()
    for at, bit in product(range(len(good)), range(8)):
        path.write_bytes(good[:at] + bytes([good[at] ^ (1 << bit)]) + good[at + 1 :])
        found = given(cache)
        assert found == WHOLE[: len(found)]
        assert len(found) < len(WHOLE)


def test_every_cut_ends_the_copy_there(cache: FileRecordCache, tmp_path: Path) -> None:
    """A file cut anywhere, as by a crash, gives whole records, and goes on behind the last."""
    path = file_of(tmp_path)
    good = path.read_bytes()
    for length in range(len(good)):
        path.write_bytes(good[:length])
        found = given(cache)
        assert found == WHOLE[: len(found)]
        last = cache.last()
        assert (0 if last is None else last[0]) == len(found)
        cache.keep(RECORDS[len(found) :])
        assert given(cache) == WHOLE


def test_a_copy_is_dropped(cache: FileRecordCache) -> None:
    """What was dropped is gone, and can be made anew."""
    cache.drop()
    assert (given(cache), cache.last()) == ([], None)
    cache.keep(RECORDS)
    assert given(cache) == WHOLE


def test_a_copy_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full or read-only disk is no error: the store is there."""

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    cache = FileRecordCache(tmp_path, LOG)
    monkeypatch.setattr(os, "open", full)
    cache.keep(RECORDS)
    monkeypatch.undo()
    assert given(cache) == []


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    """Nothing outside of the state folder is written to."""
    (tmp_path / "records").mkdir()
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    (tmp_path / "records" / f"{LOG}.cache").symlink_to(target)
    FileRecordCache(tmp_path, LOG).keep(RECORDS)
    assert target.read_bytes() == b"precious"
