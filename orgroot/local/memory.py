"""What this machine remembers between commands: pinned trust, verified heads, spooled facts, marks.

Reading never creates anything. A memory that is damaged is an error, never "no memory yet": the
head memory is what shows that the tail of a log was cut.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec

from orgroot.core.codec import canonical
from orgroot.core.ids import LogId, digest, execution_id, log_id, organization_id, sha256
from orgroot.errors import IntegrityError, UsageError
from orgroot.ports import Pin

_SPOOL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,149}")
_NEW = ".new-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_File = TypeVar("_File", bound=msgspec.Struct)


class LocalMemory:
    """`Memory` over a state folder, which is made (0700) at the first write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def pin(self, organization: str) -> Pin | None:
        """The pinned trust of an organization.

        Raises:
            IntegrityError: what is remembered cannot be understood.
            UsageError: the state folder cannot be read.
        """
        path = self._folder / "pins" / f"{organization_id(organization)}.json"
        raw = self._read(path)
        if raw is None:
            return None
        pin = _parse(path, raw, _PinFile)
        with _understood(path):
            return Pin(
                organization=organization,
                log_id=log_id(pin.log_id),
                trust_sha256=digest(pin.trust_sha256),
            )

    def set_pin(self, pin: Pin) -> None:
        """Pin a trust, durably.

        Raises:
            UsageError: the state folder cannot be written.
        """
        value = {"log_id": log_id(pin.log_id), "trust_sha256": digest(pin.trust_sha256)}
        with self._writing("pins") as folder:
            _replace(folder / f"{organization_id(pin.organization)}.json", canonical(value))

    def head(self, log: LogId) -> tuple[int, str] | None:
        """The last verified head; raises as `pin` does."""
        path = self._folder / "heads" / f"{log_id(log)}.json"
        raw = self._read(path)
        if raw is None:
            return None
        head = _parse(path, raw, _HeadFile)
        with _understood(path):
            return head.seq, digest(head.hash)

    def set_head(self, log: LogId, seq: int, record_hash: str) -> None:
        """Remember a verified head, durably; a smaller one never replaces a greater.

        Raises:
            IntegrityError: the same record number is remembered with another hash.
            UsageError: the state folder cannot be written.
        """
        value = {"seq": seq, "hash": digest(record_hash)}
        if self.head(log) == (seq, record_hash):
            return
        with self._writing("heads") as folder, _locked(folder / f"{log_id(log)}.lock"):
            known_seq, known_hash = self.head(log) or (-1, "")
            if seq == known_seq and record_hash != known_hash:
                raise IntegrityError(
                    f"record {seq} of log {log} was {known_hash} and is {record_hash}", code="fork"
                )
            if seq > known_seq:
                _replace(folder / f"{log}.json", canonical(value))

    def spool(self, name: str, fact: bytes) -> None:
        """Keep a signed fact, durably; one of the same name and other content is kept too.

        Raises:
            UsageError: not a name for a file, or the state folder cannot be written.
        """
        if _SPOOL_NAME.fullmatch(name) is None:
            raise UsageError(f"{name!r} cannot name a spooled fact", code="spool-name")
        with self._writing("spool") as folder:
            path = folder / name
            if path.exists() and path.read_bytes() != fact:
                path = folder / f"{name}.{sha256(fact)}"
            _replace(path, fact)

    def spooled(self) -> tuple[tuple[str, bytes], ...]:
        """Every spooled fact, in order of name.

        Raises:
            UsageError: the state folder cannot be read.
        """
        folder = self._folder / "spool"
        try:
            names = sorted(path.name for path in folder.iterdir())
        except FileNotFoundError:
            return ()
        except OSError as error:
            self._refuse("read", error)
        found = ((name, self._read(folder / name)) for name in names if not name.startswith(_NEW))
        return tuple((name, raw) for name, raw in found if raw is not None)

    def unspool(self, name: str) -> None:
        """Forget a spooled fact that the log holds by now, durably; absent is success.

        Raises:
            UsageError: not a name for a file, or the state folder cannot be written.
        """
        if _SPOOL_NAME.fullmatch(name) is None:
            raise UsageError(f"{name!r} cannot name a spooled fact", code="spool-name")
        folder = self._folder / "spool"
        try:
            (folder / name).unlink()
            _sync_folder(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            self._refuse("written", error)

    @contextmanager
    def running(self, execution: str) -> Iterator[None]:
        """Hold the mark of an execution: a file lock, so it dies with this process.

        Raises:
            UsageError: a live process holds it, or the state folder cannot be written.
        """
        name = execution_id(execution)
        with self._writing("running") as folder:
            if self.is_running(execution):
                raise UsageError(f"{execution} is running on this machine", code="running")
            # Locked under a name nobody looks for: once the mark is seen, it is held.
            new = folder / f"{_NEW}{secrets.token_hex(12)}"
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            new.replace(folder / name)
        try:
            yield
        finally:
            with suppress(OSError):  # a mark that stays is not locked, so it says nothing
                (folder / name).unlink()
            os.close(descriptor)

    def is_running(self, execution: str) -> bool:
        """A live process on this machine holds the mark.

        Raises:
            UsageError: the state folder cannot be read.
        """
        path = self._folder / "running" / execution_id(execution)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._refuse("read", error)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._refuse("read", error)

    @contextmanager
    def _writing(self, part: str) -> Iterator[Path]:
        folder = self._folder / part
        try:
            _make_folders(folder)
            yield folder
        except OSError as error:
            self._refuse("written", error)

    def _refuse(self, what: str, error: OSError) -> NoReturn:
        raise UsageError(
            f"the state folder {self._folder} cannot be {what}: {os.strerror(error.errno or 0)}",
            hint="check its owner and space, or name another one in ORGROOT_STATE_DIR",
            code="state-folder",
        ) from error


class _PinFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    log_id: str
    trust_sha256: str


class _HeadFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    seq: int
    hash: str


def _parse(path: Path, raw: bytes, kind: type[_File]) -> _File:
    with _understood(path):
        return msgspec.json.decode(raw, type=kind)


@contextmanager
def _understood(path: Path) -> Iterator[None]:
    try:
        yield
    except (msgspec.DecodeError, UnicodeDecodeError, UsageError) as error:
        raise IntegrityError(
            f"what this machine remembers in {path} is damaged",
            hint="find out why before you remove the file: it guards against a log cut short",
            code="memory",
        ) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, data: bytes) -> None:
    """Write a file that is the old one or the new one at every moment, durably."""
    new = path.with_name(f"{_NEW}{secrets.token_hex(12)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(new, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _make_folders(folder: Path) -> None:
    """Make a folder and its missing parents, each durable before the next."""
    if not folder.is_dir():
        _make_folders(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, _FOLDER)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
