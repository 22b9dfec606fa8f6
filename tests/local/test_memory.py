"""What a machine remembers: durable, never smaller, and never silently forgotten."""

import errno
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from orgroot.core.ids import LogId
from orgroot.errors import IntegrityError, OrgrootError, UsageError
from orgroot.local.memory import LocalMemory
from orgroot.ports import Memory, Pin

LOG = LogId("5f0c8d2e9b7a4c31")
ORG = "o-exampleorgid"
EXECUTION = "oex_" + "a" * 26
PIN = Pin(organization=ORG, log_id=LOG, trust_sha256="ab" * 32)
A, B = "aa" * 32, "bb" * 32


@pytest.fixture
def memory(tmp_path: Path) -> LocalMemory:
    """A memory whose folder does not exist yet."""
    return LocalMemory(tmp_path / "state" / "orgroot")


def test_it_is_the_memory_that_workflows_need(memory: LocalMemory) -> None:
    """The adapter fits its port."""
    port: Memory = memory
    assert port.pin(ORG) is None


def test_reading_makes_nothing(memory: LocalMemory, tmp_path: Path) -> None:
    """A command that only looks leaves no trace."""
    assert memory.pin(ORG) is None
    assert memory.head(LOG) is None
    assert memory.spooled() == ()
    assert not memory.is_running(EXECUTION)
    assert list(tmp_path.iterdir()) == []


def test_pins_and_heads_outlive_the_process(memory: LocalMemory, tmp_path: Path) -> None:
    """What was set is read by a further process, from files that only the owner can read."""
    memory.set_pin(PIN)
    memory.set_head(LOG, 41, A)
    memory.spool("fact.json", b"{}")
    later = LocalMemory(tmp_path / "state" / "orgroot")
    assert later.pin(ORG) == PIN
    assert later.head(LOG) == (41, A)
    assert later.pin("o-anotherorganization") is None
    for path in (tmp_path / "state").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_a_fact_in_the_log_leaves_the_spool(memory: LocalMemory) -> None:
    """Only the fact that is named is forgotten; one that is not there is no error."""
    memory.unspool("first.json")
    memory.spool("first.json", b"{}")
    memory.spool("second.json", b"[]")
    memory.unspool("first.json")
    memory.unspool("first.json")
    assert memory.spooled() == (("second.json", b"[]"),)
    with pytest.raises(UsageError):
        memory.unspool("../heads/x.json")


def test_a_pin_can_be_replaced(memory: LocalMemory) -> None:
    """A trust that the log itself leads to takes the place of the old one."""
    memory.set_pin(PIN)
    newer = Pin(organization=ORG, log_id=LOG, trust_sha256="cd" * 32)
    memory.set_pin(newer)
    assert memory.pin(ORG) == newer


def test_a_head_never_becomes_smaller(memory: LocalMemory) -> None:
    """A smaller number is not kept, the same one changes nothing, and a greater one counts."""
    memory.set_head(LOG, 5, A)
    memory.set_head(LOG, 4, B)
    assert memory.head(LOG) == (5, A)
    memory.set_head(LOG, 5, A)
    assert memory.head(LOG) == (5, A)
    memory.set_head(LOG, 6, B)
    assert memory.head(LOG) == (6, B)


def test_two_hashes_of_one_record_are_a_fork(memory: LocalMemory) -> None:
    """The same record number with another hash is refused, and the memory stays."""
    memory.set_head(LOG, 5, A)
    with pytest.raises(IntegrityError) as caught:
        memory.set_head(LOG, 5, B)
    assert caught.value.code == "fork"
    assert memory.head(LOG) == (5, A)


def test_racing_heads_end_at_the_greatest(memory: LocalMemory) -> None:
    """Whoever writes last, the greatest head is remembered."""
    threads = [
        threading.Thread(target=memory.set_head, args=(LOG, seq, f"{seq:064x}"))
        for seq in (3, 9, 1, 8, 2, 7, 4, 6, 5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert memory.head(LOG) == (9, f"{9:064x}")


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[]", b"\xff", b'{"seq":"1","hash":""}', b'{"seq":1,"hash":"xyz"}', b"null"],
)
def test_a_damaged_head_is_not_a_missing_one(
    memory: LocalMemory, tmp_path: Path, text: bytes
) -> None:
    """What cannot be understood is an error that names the file, for reading and for writing."""
    memory.set_head(LOG, 5, A)
    memory.set_pin(PIN)
    folder = tmp_path / "state" / "orgroot"
    (folder / "heads" / f"{LOG}.json").write_bytes(text)
    (folder / "pins" / f"{ORG}.json").write_bytes(text)
    for call in (
        lambda: memory.head(LOG),
        lambda: memory.set_head(LOG, 6, A),
        lambda: memory.pin(ORG),
    ):
        with pytest.raises(IntegrityError, match=r"\.json is damaged") as caught:
            call()
        assert caught.value.code == "memory"


def test_no_bit_of_a_memory_is_idle(memory: LocalMemory, tmp_path: Path) -> None:
    """With any one bit flipped a head or pin is damaged, or another: never the same, never none."""
    memory.set_head(LOG, 41, A)
    memory.set_pin(PIN)
    no_bit_is_idle(tmp_path, f"heads/{LOG}.json", lambda: memory.head(LOG))
    no_bit_is_idle(tmp_path, f"pins/{ORG}.json", lambda: memory.pin(ORG))


def no_bit_is_idle(tmp_path: Path, name: str, ask: Callable[[], object]) -> None:
    """Flip each bit of a file, and ask."""
    path = tmp_path / "state" / "orgroot" / name
    kept, good = ask(), path.read_bytes()
    for bit in range(8 * len(good)):
        path.write_bytes((int.from_bytes(good, "big") ^ (1 << bit)).to_bytes(len(good), "big"))
        with suppress(IntegrityError):
            assert ask() not in {kept, None}


def test_names_are_checked(memory: LocalMemory, tmp_path: Path) -> None:
    """No identifier can name a file outside of the state folder."""
    for call in (
        lambda: memory.head(LogId("../../etc")),
        lambda: memory.set_head(LogId("../x"), 1, A),
        lambda: memory.set_head(LOG, 1, "short"),
        lambda: memory.pin("../x"),
        lambda: memory.set_pin(Pin(organization="../x", log_id=LOG, trust_sha256=A)),
        lambda: memory.spool("../x", b""),
        lambda: memory.spool(".new-x", b""),
        lambda: memory.spool("", b""),
        lambda: memory.is_running("../x"),
        lambda: memory.running("../x").__enter__(),
    ):
        with pytest.raises(UsageError):
            call()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_spooled_facts_are_kept_whatever_their_name(memory: LocalMemory, tmp_path: Path) -> None:
    """The same fact is kept once; another one under the same name is kept beside it."""
    memory.spool("b.json", b"two")
    memory.spool("a.json", b"one")
    memory.spool("a.json", b"one")
    assert memory.spooled() == (("a.json", b"one"), ("b.json", b"two"))
    memory.spool("a.json", b"other")
    assert {raw for _, raw in memory.spooled()} == {b"one", b"two", b"other"}
    (tmp_path / "state" / "orgroot" / "spool" / ".new-1").write_bytes(b"half")
    assert len(memory.spooled()) == 3


def test_a_mark_is_held_while_the_work_runs(memory: LocalMemory, tmp_path: Path) -> None:
    """The mark is seen by others of this machine, cannot be taken twice, and goes at the end."""
    other = LocalMemory(tmp_path / "state" / "orgroot")
    with memory.running(EXECUTION):
        assert other.is_running(EXECUTION)
        assert memory.is_running(EXECUTION)
        assert not other.is_running("oex_" + "b" * 26)
        with pytest.raises(UsageError, match="is running"), other.running(EXECUTION):
            pass
        assert other.is_running(EXECUTION)
    assert not other.is_running(EXECUTION)
    with other.running(EXECUTION):
        assert memory.is_running(EXECUTION)


def test_a_mark_goes_when_the_work_fails(memory: LocalMemory) -> None:
    """An error ends the mark."""
    with pytest.raises(OrgrootError), memory.running(EXECUTION):
        raise OrgrootError("work failed")
    assert not memory.is_running(EXECUTION)


def test_a_mark_dies_with_its_process(memory: LocalMemory, tmp_path: Path) -> None:
    """A killed process leaves a file that says nothing, and the mark can be taken again."""
    code = (
        "import sys; from pathlib import Path; from orgroot.local.memory import LocalMemory\n"
        "with LocalMemory(Path(sys.argv[1])).running(sys.argv[2]):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    folder = tmp_path / "state" / "orgroot"
    with subprocess.Popen(
        [sys.executable, "-c", code, folder, EXECUTION],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert memory.is_running(EXECUTION)
        process.kill()
    assert (folder / "running" / EXECUTION).exists()
    assert not memory.is_running(EXECUTION)
    with memory.running(EXECUTION):
        assert memory.is_running(EXECUTION)


def test_a_state_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """Writing and reading below a file is refused with the folder and the way out."""
    (tmp_path / "file").write_text("")
    memory = LocalMemory(tmp_path / "file" / "orgroot")
    for call in (
        lambda: memory.set_pin(PIN),
        lambda: memory.set_head(LOG, 1, A),
        lambda: memory.spool("a", b""),
        lambda: memory.running(EXECUTION).__enter__(),
        lambda: memory.pin(ORG),
        lambda: memory.head(LOG),
        memory.spooled,
        lambda: memory.is_running(EXECUTION),
    ):
        with pytest.raises(UsageError, match=str(tmp_path)) as caught:
            call()
        assert caught.value.code == "state-folder"
        assert "ORGROOT_STATE_DIR" in (caught.value.hint or "")


def test_what_is_not_durable_is_not_remembered(
    memory: LocalMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When fsync fails the old value stays and the error is said."""
    memory.set_head(LOG, 1, A)

    def fail(_descriptor: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(UsageError, match="Input/output error"):
        memory.set_head(LOG, 2, B)
    with pytest.raises(UsageError):
        memory.spool("a", b"")
    assert memory.head(LOG) == (1, A)
    assert memory.spooled() == ()
