"""Who holds the log's store, and no key of anybody: what they do there, and what is then said.

Object Lock, the bucket's policy and the modes of a folder's files hold back some of them; a
`StoreWriter` is held back by nothing, as AWS itself would be, or who made a bucket without a lock.
"""

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from orgroot.sandbox.log_views import BucketView
from tests.e2e.stage import Stage


class BucketOwner:
    """Who holds the log archive account: its bucket, its policy, every version; no signing key."""

    def __init__(self, stage: Stage) -> None:
        view = stage.log
        assert isinstance(view, BucketView)
        self.bucket, self.prefix = view._bucket, view._prefix
        self.s3 = stage.in_account(stage.account("log-archive"), "s3")
        self._policy = self.s3.get_bucket_policy(Bucket=self.bucket)["Policy"]
        self.loosen()

    def loosen(self) -> None:
        """Take every denial out of the bucket's policy: the first thing to go."""
        statements = json.loads(self._policy)["Statement"]
        allowed = [each for each in statements if each["Effect"] == "Allow"]
        for each in allowed:
            each["Resource"] = each["Resource"].replace(f"/{self.prefix}", "/")
        document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=document)

    def restore(self) -> None:
        """Put the bucket's policy back."""
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=self._policy)

    def put(self, name: str, body: bytes, *, locked: bool = True) -> str:
        """Write a version over whatever is there; its id."""
        until = datetime.now(UTC) + timedelta(days=500)
        lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
        answer = self.s3.put_object(
            Bucket=self.bucket,
            Key=f"{self.prefix}{name}",
            Body=body,
            ChecksumAlgorithm="SHA256",
            **(lock if locked else {}),
        )
        return str(answer["VersionId"])

    def mark(self, name: str) -> str:
        """Put a delete marker over a name; its id."""
        answer = self.s3.delete_object(Bucket=self.bucket, Key=f"{self.prefix}{name}")
        return str(answer["VersionId"])

    def destroy(self, name: str) -> None:
        """Delete the first version of a name for good."""
        page = self.s3.list_object_versions(Bucket=self.bucket, Prefix=f"{self.prefix}{name}")
        version = page["Versions"][-1]["VersionId"]
        self.s3.delete_object(Bucket=self.bucket, Key=f"{self.prefix}{name}", VersionId=version)


class StoreWriter:
    """Who can write, change and take away whatever lies in the store, a folder or a bucket."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._owner = BucketOwner(stage) if isinstance(stage.log, BucketView) else None

    def take(self, name: str) -> bytes:
        """Take an object away, every version of it; answers what it was."""
        raw = self._stage.log.read(name)
        assert raw is not None, name
        if isinstance(self._stage.log, BucketView):
            dict.pop(self._stage.log._keys(), f"{self._stage.log._prefix}{name}")
        else:
            (self._stage.folder / "log" / name).unlink()
        return raw

    def put(self, name: str, raw: bytes) -> None:
        """Write an object in the place of what lies there, if anything does."""
        if self._stage.log.read(name) is not None:
            self.take(name)
        if self._owner is None:
            path = self._stage.folder / "log" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(raw)
            path.chmod(0o400)
        else:
            self._owner.put(name, raw)

    def leave(self) -> None:
        """Put the bucket's policy back."""
        if self._owner is not None:
            self._owner.restore()


def elsewhere(stage: Stage, name: str) -> dict[str, str]:
    """Another machine of the same person."""
    return {"ORGROOT_STATE_DIR": str(stage.folder / "state" / name)}


def next_name(stage: Stage) -> str:
    """The name of the record that would come next."""
    return f"{len(stage.records()) + 1:012d}.json"


def verified(stage: Stage, code: int) -> list[tuple[str, int]]:
    """What `log verify` finds, as codes and record numbers."""
    found = stage.ok("carol", "log", "verify", code=code)["findings"]
    return sorted((finding["code"], finding["seq"]) for finding in found)


@contextlib.contextmanager
def untouched(stage: Stage) -> Iterator[None]:
    """Nothing is changed in AWS, the log included."""
    before = stage.changing_calls(), stage.records()
    yield
    assert (stage.changing_calls(), stage.records()) == before
