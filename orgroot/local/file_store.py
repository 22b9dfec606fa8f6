"""The log in a folder: one file per record, created once by `link(2)`, never changed or removed.

For one trusted host and for trying out. A file appears whole or not at all; what is not durable is
never reported as written, and a folder that has vanished is never an empty log.
"""

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

from orgroot.core.codec import record_key
from orgroot.core.store_evidence import KeyEvidence
from orgroot.core.store_place import longest, require_log_key
from orgroot.errors import AuditUnavailable, IntegrityError, UsageError
from orgroot.ports import Created

_FOLDERS = re.compile(
    r"objects|facts|facts/(?:0|[1-9][0-9]{0,11})|proposals|proposals/opr_[a-z2-7]{26}"
)
_NEW = ".new-"
_FOLDER_MODE = 0o700
_FILE_MODE = 0o400  # nobody writes to a record, its owner included
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class FileStore:
    """`RecordStore` over a folder that exists; see `create_new`.

    Folders inside are opened one by one without following links, so that no entry of the store
    can point outside of it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def endpoint(self) -> None:
        """No AWS is asked for it."""
        return

    @classmethod
    def create_new(cls, folder: Path) -> Self:
        """Make the folder of a new log, durably; an empty one is taken as it is.

        Raises:
            UsageError: something is there already.
            AuditUnavailable: the folder cannot be made.
        """
        store = cls(folder)
        try:
            _make_folders(folder)
            taken = sorted(entry.name for entry in folder.iterdir())
            folder.chmod(_FOLDER_MODE)
        except (FileExistsError, NotADirectoryError) as error:
            raise UsageError(f"{folder} is not a folder", code="store-not-empty") from error
        except OSError as error:
            raise store._unavailable("cannot be made", error) from error
        if taken:
            raise UsageError(
                f"{folder} is not empty: it holds {taken[0]}",
                hint="a new log needs a new or empty folder",
                code="store-not-empty",
            )
        return store

    def create(self, key: str, data: bytes) -> Created:
        """Create if absent; the answer is given after file and folders are on the disk.

        Raises:
            AuditUnavailable: not written, or not known to be durable.
            IntegrityError: not a key of a log, or a folder of the store was replaced by a link.
        """
        folders, name = _split(key)
        with self._root() as root, ExitStack() as stack:
            try:
                chain = _open_below(stack, root, folders, make=True)
                created = _link_new(chain[-1], name, data)
                for descriptor in reversed(chain):  # EXISTS too: another writer may have died
                    os.fsync(descriptor)
            except OSError as error:
                raise self._unavailable(f"did not take {key}", error) from error
        return created

    def get(self, key: str) -> bytes | None:
        """The object's bytes; None where it does not exist and the store does.

        Raises:
            AuditUnavailable: the store cannot be read.
            IntegrityError: not a key of a log, or the entry is not a plain file.
        """
        folders, name = _split(key)
        with self._root() as root, ExitStack() as stack:
            try:
                folder = _open_below(stack, root, folders, make=False)[-1]
                return _read_file(folder, name, longest(key))
            except FileNotFoundError:
                return None
            except OSError as error:
                raise self._unavailable(f"cannot give {key}", error) from error

    def sequence(self, after: int) -> Iterator[tuple[int, bytes]]:
        """The records behind `after` up to the first number that is missing, read one by one."""
        seq = after + 1
        while (raw := self.get(record_key(seq))) is not None:
            yield seq, raw
            seq += 1

    def keys(self) -> Sequence[str]:
        """Every name in the store in order, strays included; half-written files are not names."""
        found: list[str] = []
        try:
            for folder, folders, files in os.walk(self._folder, onerror=_raise):
                relative = Path(folder).relative_to(self._folder)
                odd = [n for n in folders if not _is_folder_of_ours(Path(folder) / n, relative / n)]
                found.extend((relative / name).as_posix() for name in [*files, *odd])
        except OSError as error:
            raise self._unavailable("cannot be listed", error) from error
        return tuple(sorted(key for key in found if not key.rpartition("/")[2].startswith(_NEW)))

    def evidence(self) -> Sequence[KeyEvidence]:
        """Nothing: a folder keeps no versions."""
        return ()

    def covered(self) -> Sequence[KeyEvidence]:
        """Nothing, as `evidence`."""
        return ()

    def keep(self, seq: int) -> None:
        """Nothing to do: reading a folder again is cheaper than a second copy of it."""

    def forget(self) -> bool:
        """Nothing is kept."""
        return False

    @contextmanager
    def _root(self) -> Iterator[int]:
        try:
            descriptor = os.open(self._folder, _FOLDER)
        except OSError as error:
            raise self._unavailable("cannot be opened", error) from error
        with _closing(descriptor):
            yield descriptor

    def _unavailable(self, what: str, error: OSError) -> AuditUnavailable:
        hint = "check the folder's owner, its disk and its free space"
        if isinstance(error, FileNotFoundError) and not self._folder.exists():
            hint = "restore it from its backup; only a first use starts with `orgroot log init`"
        return AuditUnavailable(
            f"the audit log in {self._folder} {what}: {os.strerror(error.errno or 0)}", hint=hint
        )


def _split(key: str) -> tuple[list[str], str]:
    *folders, name = require_log_key(key).split("/")
    return folders, name


def _open_below(stack: ExitStack, root: int, folders: Sequence[str], *, make: bool) -> list[int]:
    """Descriptors from the store's folder down to the one that holds the object."""
    chain = [root]
    for name in folders:
        if make:
            with suppress(FileExistsError):
                os.mkdir(name, _FOLDER_MODE, dir_fd=chain[-1])
        _require_plain(chain[-1], name, stat.S_ISDIR)
        descriptor = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=chain[-1])
        chain.append(stack.enter_context(_closing(descriptor)))
    return chain


def _link_new(folder: int, name: str, data: bytes) -> Created:
    new = f"{_NEW}{secrets.token_hex(12)}"
    try:
        _write_file(folder, new, data)
        try:
            os.link(new, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            return _what_was_linked(folder, new, name, error)
        return Created.CREATED
    finally:
        with suppress(OSError):  # a stray half-written file is ignored by every reader
            os.unlink(new, dir_fd=folder)


def _write_file(folder: int, name: str, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, _FILE_MODE, dir_fd=folder), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())  # an error here is final: a second fsync may claim success


def _read_file(folder: int, name: str, most: int) -> bytes:
    _require_plain(folder, name, stat.S_ISREG)
    # O_NONBLOCK: should a pipe take the file's place now, opening it must not hang.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, dir_fd=folder), "rb") as file:
        return file.read(most)


def _is_folder_of_ours(path: Path, relative: Path) -> bool:
    """A folder that the store itself makes; any other, or a link, is a name to be reported."""
    return not path.is_symlink() and _FOLDERS.fullmatch(relative.as_posix()) is not None


def _what_was_linked(folder: int, new: str, name: str, error: OSError) -> Created:
    """The truth after a link that failed: a network file system can lose the reply to success."""
    try:
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        raise error from None
    if os.path.samestat(there, os.stat(new, dir_fd=folder, follow_symlinks=False)):
        return Created.CREATED
    return Created.EXISTS


def _require_plain(folder: int, name: str, is_kind: Callable[[int], bool]) -> None:
    if not is_kind(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        raise IntegrityError(
            f"{name!r} in the audit log is not a plain file or folder",
            hint="something other than orgroot put it there: look before you remove it",
            code="store-entry",
        )


def _make_folders(folder: Path) -> None:
    """Make a folder and its missing parents, each durable before the next."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=_FOLDER_MODE)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    with _closing(os.open(folder.parent, _FOLDER)) as parent:
        os.fsync(parent)


@contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _raise(error: OSError) -> None:
    raise error
