"""A file that appears whole or not at all, and never in the place of another."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from orgroot.errors import UsageError

_MODE = 0o600  # what commands write is for the person who ran them
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to; it takes its name only when the block ends without an error.

    Raises:
        UsageError: something has that name already, or it cannot be written.
    """
    if os.path.lexists(path):
        raise _taken(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(draft, _NEW, _MODE), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # fails where the name was taken meanwhile
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {os.strerror(error.errno or 0)}",
            hint="name a file in a folder of yours, with space left",
            code="file",
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink()


def _taken(path: Path) -> UsageError:
    return UsageError(
        f"{path} exists already, and is not overwritten",
        hint="name another file, or remove it first",
        code="file-exists",
    )
