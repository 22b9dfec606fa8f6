"""This machine's copy of the records it had verified in a store far away.

A copy spares reading again and is never proof: each record is checked against its own hash, the
whole is folded and verified like what comes from the store, and what is damaged is dropped.
"""

import fcntl
import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from orgroot.core.ids import LogId

_MAGIC = b"orgroot records 1\n"
_HEAD = struct.Struct(">QHI32s")
"""Before each record: its number, the length of its version id, its own length, the SHA-256."""

_LONGEST = 1024 * 1024
"""No record and no version id is longer; whoever says so has damaged the file."""


class FileRecordCache:
    """`RecordCache` over one file of the state folder; without the file nothing is kept."""

    def __init__(self, folder: Path, log: LogId) -> None:
        self._path = folder / "records" / f"{log}.cache"

    def last(self) -> tuple[int, str] | None:
        """Number and version id of the newest record that is kept whole."""
        with suppress(OSError), self._path.open("rb") as file:
            return _end_of(file)[1]
        return None

    def records(self) -> Iterator[tuple[int, bytes]]:
        """The kept records from 1; it ends before the first that is not what was kept."""
        with suppress(OSError), self._path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return
            expected = 1
            while (head := _head_of(file)) is not None:
                seq, version_size, size, digest = head
                version, raw = file.read(version_size), file.read(size)
                whole = len(version) == version_size and len(raw) == size
                if seq != expected or not whole or digest != _digest(version, raw):
                    return
                yield seq, raw
                expected += 1

    def keep(self, records: Sequence[tuple[int, str, bytes]]) -> None:
        """Add records behind the last one; a copy that cannot be written is done without."""
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(self._path, flags, 0o600), "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                end, last = _end_of(file)
                file.seek(end)
                file.truncate()
                if not end:
                    file.write(_MAGIC)
                seq = 0 if last is None else last[0]
                for number, version_id, raw in records:
                    if number != seq + 1:
                        continue  # another process has kept it, or the copy has a gap before it
                    version = version_id.encode()
                    head = _HEAD.pack(number, len(version), len(raw), _digest(version, raw))
                    file.write(head + version + raw)
                    seq = number

    def drop(self) -> None:
        """Forget all of it."""
        with suppress(OSError):
            self._path.unlink()


def _end_of(file: BinaryIO) -> tuple[int, tuple[int, str] | None]:
    """Where the whole records end (0: not even a beginning), and the last of them."""
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    if file.read(len(_MAGIC)) != _MAGIC:
        return 0, None
    end, last = len(_MAGIC), None
    while (head := _head_of(file)) is not None:
        seq, version_size, record_size, _ = head
        behind = end + _HEAD.size + version_size + record_size
        if behind > size:
            break
        last = (seq, file.read(version_size).decode(errors="replace"))
        end = behind
        file.seek(end)
    return end, last


def _head_of(file: BinaryIO) -> tuple[int, int, int, bytes] | None:
    raw = file.read(_HEAD.size)
    if len(raw) < _HEAD.size:
        return None
    head: tuple[int, int, int, bytes] = _HEAD.unpack(raw)
    return head if max(head[1], head[2]) <= _LONGEST else None


def _digest(version: bytes, raw: bytes) -> bytes:
    return hashlib.sha256(version + b"\n" + raw).digest()
