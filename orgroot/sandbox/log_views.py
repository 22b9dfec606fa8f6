"""How the witness looks into a log: a folder, or a bucket of the sandbox's own S3.

It reads names and bytes, knows nothing of orgroot's stores, and never writes.
"""

import re
from pathlib import Path
from typing import Any, Protocol

from moto.s3.models import FakeKey, s3_backends

from orgroot.sandbox.data_plane import DataPlane

_S3 = re.compile(r"s3://([^/]+)/(.*)")


class LogView(Protocol):
    """The objects of a log by name, e.g. ``000000000001.json``."""

    def read(self, name: str) -> bytes | None:
        """An object's bytes, or None."""
        ...

    def names(self) -> list[str]:
        """Every name, in order."""
        ...


class FolderView:
    """A log in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return str(self._folder)

    def read(self, name: str) -> bytes | None:
        """An object's bytes, or None."""
        path = self._folder / name
        return path.read_bytes() if path.is_file() else None

    def names(self) -> list[str]:
        """Every name, in order."""
        found = (path for path in self._folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(self._folder).as_posix() for path in found)


class BucketView:
    """A log in a bucket of the sandbox: of each key the first version."""

    def __init__(self, data_plane: DataPlane, bucket: str, prefix: str) -> None:
        self._data_plane = data_plane
        self._bucket = bucket
        self._prefix = prefix

    def __str__(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}"

    def read(self, name: str) -> bytes | None:
        """The bytes of an object's first version, or None."""
        with self._data_plane.locked("s3"):
            versions = self._keys().getlist(f"{self._prefix}{name}", [])
            first = next((each for each in versions if isinstance(each, FakeKey)), None)
            return None if first is None else bytes(first.value)

    def names(self) -> list[str]:
        """Every name, in order."""
        with self._data_plane.locked("s3"):
            keys = tuple(dict.keys(self._keys()))
        return sorted(k.removeprefix(self._prefix) for k in keys if k.startswith(self._prefix))

    def _keys(self) -> Any:
        partition, account = s3_backends.bucket_accounts[self._bucket]
        return s3_backends[account][partition].buckets[self._bucket].keys


def view_of(store: str, data_plane: DataPlane) -> LogView:
    """The view of a folder's path, or of ``s3://bucket/prefix/``."""
    found = _S3.fullmatch(store)
    if found is None:
        return FolderView(Path(store))
    return BucketView(data_plane, found[1], found[2])
