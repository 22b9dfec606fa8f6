"""The log in a folder: durable or refused, whole or absent, and never outside of the folder."""

import errno
import os
import resource
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orgroot.core.codec import MAX_RECORD_BYTES, fact_key, object_key, record_key
from orgroot.core.ids import sha256
from orgroot.errors import AuditUnavailable, IntegrityError, UsageError
from orgroot.local.file_store import FileStore
from orgroot.ports import Created

FIRST = record_key(1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a new log."""
    FileStore.create_new(tmp_path / "log")
    return tmp_path / "log"


def fail(error: int) -> Callable[..., Any]:
    """A call to the operating system that fails."""

    def call(*_args: Any, **_kwargs: Any) -> Any:
        raise OSError(error, os.strerror(error))

    return call


def names(folder: Path) -> list[str]:
    """Everything in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_only_the_owner_can_read_a_log_and_nobody_writes_to_a_record(tmp_path: Path) -> None:
    """Folders are 0700 and files 0400, whatever the umask, and missing parents are made."""
    before = os.umask(0)
    try:
        store = FileStore.create_new(tmp_path / "a" / "b" / "log")
        store.create(FIRST, b"1")
        store.create(fact_key(1, 0), b"2")
    finally:
        os.umask(before)
    for path in (tmp_path / "a").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o400)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_a_new_log_takes_an_empty_folder_and_no_other(tmp_path: Path) -> None:
    """A folder with anything in it, or a file in its place, is refused and left as it is."""
    (tmp_path / "empty").mkdir(mode=0o755)
    FileStore.create_new(tmp_path / "empty")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for taken in (tmp_path / "taken", tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UsageError) as caught:
            FileStore.create_new(taken)
        assert caught.value.code == "store-not-empty"
    assert names(tmp_path / "taken") == ["notes.txt"]


def test_a_new_log_that_cannot_be_made_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is not durable is no log."""
    monkeypatch.setattr(os, "fsync", fail(errno.EIO))
    with pytest.raises(AuditUnavailable, match="Input/output error"):
        FileStore.create_new(tmp_path / "log")


def test_a_log_that_vanished_is_not_an_empty_log(tmp_path: Path) -> None:
    """Every method refuses where the folder is missing, and names the remedy."""
    store = FileStore(tmp_path / "gone")
    for call in (
        lambda: store.get(FIRST),
        lambda: list(store.sequence(0)),
        store.keys,
        lambda: store.create(FIRST, b""),
    ):
        with pytest.raises(AuditUnavailable, match="gone") as caught:
            call()
        assert "backup" in (caught.value.hint or "")
    assert not (tmp_path / "gone").exists()


def test_a_log_that_vanishes_while_it_is_read_is_noticed(folder: Path) -> None:
    """The end of the log is never reported for a folder that went away."""
    store = FileStore(folder)
    store.create(FIRST, b"1")
    records = store.sequence(0)
    assert next(records) == (1, b"1")
    folder.rename(folder.with_name("moved"))
    with pytest.raises(AuditUnavailable):
        next(records)


def test_a_file_in_place_of_the_folder_is_unavailable(tmp_path: Path) -> None:
    """A store that is no folder cannot be read or written."""
    (tmp_path / "log").write_text("")
    for call in (lambda s: s.get(FIRST), lambda s: s.create(FIRST, b""), lambda s: s.keys()):
        with pytest.raises(AuditUnavailable, match="Not a directory"):
            call(FileStore(tmp_path / "log"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_unavailable(folder: Path) -> None:
    """The error names the folder and what to check."""
    folder.chmod(0o500)
    with pytest.raises(AuditUnavailable, match="Permission denied") as caught:
        FileStore(folder).create(FIRST, b"")
    assert "owner" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "key",
    [
        "",
        ".",
        "..",
        "1.json",
        "000000000001",
        "000000000001.json\n",
        "0000000000001.json",
        "../000000000001.json",
        "/etc/passwd",
        "objects/../000000000001.json",
        "objects/" + "A" * 64,
        "objects/" + "a" * 63,
        "objects//" + "a" * 64,
        "facts/1/../../x.json",
        "facts/01/0.json",
        "facts/1/.json",
        "facts/1/00.json",
        "facts/1",
        "\uff10" * 12 + ".json",
    ],
)
def test_only_names_of_a_log_are_names(folder: Path, key: str) -> None:
    """No key leads out of the folder or to a second name for the same object."""
    store = FileStore(folder)
    for call in (lambda: store.get(key), lambda: store.create(key, b"")):
        with pytest.raises(IntegrityError) as caught:
            call()
        assert caught.value.code == "store-key"
    assert names(folder) == []


def test_a_link_is_not_an_object(folder: Path, tmp_path: Path) -> None:
    """A link in place of a record or of a folder is refused, never followed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("{}")
    (folder / FIRST).symlink_to(outside / "file")
    (folder / "objects").symlink_to(outside)
    (folder / record_key(2)).mkdir()
    store = FileStore(folder)
    key = object_key(sha256(b""))
    for call in (
        lambda: store.get(FIRST),
        lambda: store.get(record_key(2)),
        lambda: store.get(key),
        lambda: store.create(key, b""),
    ):
        with pytest.raises(IntegrityError) as caught:
            call()
        assert caught.value.code == "store-entry"
    assert store.create(FIRST, b"") is Created.EXISTS
    assert names(outside) == ["file"]
    assert list(store.keys()) == [FIRST, record_key(2), "objects"]


def test_a_pipe_is_not_an_object(folder: Path) -> None:
    """A pipe is refused at once instead of being waited for."""
    os.mkfifo(folder / FIRST)
    with pytest.raises(IntegrityError):
        FileStore(folder).get(FIRST)


def test_half_written_files_are_ignored_and_strays_are_named(folder: Path) -> None:
    """What a killed writer left is no name; what someone else put there is one."""
    store = FileStore(folder)
    store.create(FIRST, b"1")
    (folder / ".new-0123").write_text("half")
    (folder / "notes.txt").write_text("stray")
    assert list(store.keys()) == [FIRST, "notes.txt"]
    assert [seq for seq, _ in store.sequence(0)] == [1]
    assert store.create(record_key(2), b"2") is Created.CREATED


def test_an_error_of_the_disk_is_not_durable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When fsync fails the record is not reported as written, and nothing is left in its place."""
    monkeypatch.setattr(os, "fsync", fail(errno.EIO))
    with pytest.raises(AuditUnavailable, match="Input/output error"):
        FileStore(folder).create(FIRST, b"1")
    assert names(folder) == []


def test_an_error_after_the_link_is_not_reported_as_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name whose folder did not reach the disk is unknown, so the caller must stop."""
    real = os.fsync

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    with pytest.raises(AuditUnavailable):
        FileStore(folder).create(FIRST, b"1")


def test_file_and_folders_are_synced_in_order(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is on the disk before it has a name, and the name before the answer is given."""
    done: list[str] = []
    real_sync, real_link = os.fsync, os.link

    def sync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_sync(descriptor)

    def link(*args: Any, **kwargs: Any) -> None:
        done.append("link")
        real_link(*args, **kwargs)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "link", link)
    store = FileStore(folder)
    store.create(FIRST, b"1")
    assert done == ["file", "link", "folder"]
    done.clear()
    store.create(fact_key(1, 0), b"1")
    assert done == ["file", "link", "folder", "folder", "folder"]
    done.clear()
    assert store.create(FIRST, b"2") is Created.EXISTS
    assert done == ["file", "link", "folder"]


def test_a_lost_reply_to_the_link_is_read_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error after the link was made is CREATED; one without a link is unavailable."""
    real = os.link

    def made_then_lost(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "link", made_then_lost)
    store = FileStore(folder)
    assert store.create(FIRST, b"1") is Created.CREATED
    assert store.create(FIRST, b"2") is Created.EXISTS
    monkeypatch.setattr(os, "link", fail(errno.EIO))
    assert store.create(FIRST, b"1") is Created.EXISTS
    with pytest.raises(AuditUnavailable):
        store.create(record_key(2), b"2")
    assert names(folder) == [FIRST]


def test_a_full_disk_leaves_nothing(folder: Path) -> None:
    """A record that does not fit is refused whole (here by the limit of a file's size)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(AuditUnavailable, match="File too large"):
            FileStore(folder).create(FIRST, b"x" * 8192)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(folder) == []


def test_a_record_that_cannot_be_read_is_unavailable(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read that fails is an error, never the end of the log."""
    store = FileStore(folder)
    store.create(FIRST, b"1")
    monkeypatch.setattr(os, "fdopen", fail(errno.EIO))
    with pytest.raises(AuditUnavailable, match="cannot give"):
        list(store.sequence(0))


def test_no_descriptor_is_left_open(folder: Path) -> None:
    """Many reads and writes keep no file open."""
    store = FileStore(folder)
    before = len(list(Path("/dev/fd").iterdir()))
    for seq in range(1, 20):
        store.create(record_key(seq), b"x")
        store.create(fact_key(seq, 0), b"x")
    assert len(list(store.sequence(0))) == 19
    assert store.get(fact_key(1, 9)) is None
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_file_too_large_to_be_ours_is_not_read_into_memory(folder: Path) -> None:
    """A file of holes that claims to be a huge record is read as far as to show that it is none."""
    with (folder / FIRST).open("wb") as file:
        file.truncate(1 << 40)
    assert FileStore(folder).get(FIRST) == bytes(MAX_RECORD_BYTES + 1)


def test_a_folder_in_place_of_a_record_is_a_name(folder: Path) -> None:
    """Whoever lists the log to verify it meets what every other command would stumble over."""
    store = FileStore(folder)
    store.create(fact_key(3, 1), b"fact")
    for name in (FIRST, "objects", "strange", "facts/x"):
        (folder / name).mkdir()
    assert store.keys() == (FIRST, "facts/3/1.json", "facts/x", "strange")
    with pytest.raises(IntegrityError):
        store.get(FIRST)
