"""Its presence puts this folder on the path, so that every test can say `from fakes…`."""

import os
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest
from hypothesis import settings

from tests import warm

# How long an example takes says more of the machine than of the code.
settings.register_profile("orgroot", deadline=None)
settings.load_profile("orgroot")

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own below it
ENOUGH = 1 << 30


def _in_memory() -> bool:
    """Whether there is a file system in memory with room, on which programs may be run."""
    if not os.access(MEMORY, os.W_OK):
        return False
    found = os.statvfs(MEMORY)
    # macOS has no such flag, and no such folder.
    return found.f_bavail * found.f_frsize > ENOUGH and not found.f_flag & os.ST_NOEXEC


# Tests kill processes, and never pull the plug: fsync need not wait for a disk.
if _in_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture(scope="session", autouse=True)
def _warm() -> Iterator[None]:
    """All commands and clients of this process share what is the same for all."""
    with pytest.MonkeyPatch.context() as world:
        warm.keep(world)
        yield


def pytest_sessionfinish() -> None:
    """Keep what a worker has measured before it says that it is done: nobody waits for it then."""
    measured = coverage.Coverage.current()
    if measured is not None:
        measured.save()
