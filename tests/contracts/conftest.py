"""Every record store, empty, and one sandbox for those that lie in S3."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.record_store import FakeRecordStore
from fakes.s3_log import LogPlace, log_archive

from orgroot.local.file_store import FileStore
from orgroot.ports import RecordStore
from orgroot.sandbox.server import SandboxServer


@pytest.fixture(scope="session")
def archive() -> Iterator[SandboxServer]:
    """A sandbox with a bucket for logs."""
    with log_archive() as server:
        yield server


@pytest.fixture
def place(archive: SandboxServer) -> Iterator[LogPlace]:
    """A place for one log in S3; faults ordered there end with the test."""
    yield LogPlace(server=archive)
    archive.front.faults.clear()


@pytest.fixture(params=["file", "s3", "fake"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> RecordStore:
    """Each implementation, empty."""
    match request.param:
        case "fake":
            return FakeRecordStore()
        case "s3":
            place: LogPlace = request.getfixturevalue("place")
            return place.store()
        case _:
            return FileStore.create_new(tmp_path / "log")
