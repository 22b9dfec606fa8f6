"""The log in S3 under attack and under strain, by the command line: who stops, and who goes on.

The attacker administers the log's bucket, or may only append; the strain is S3's own. Object Lock
stands in the attacker's way where a record was locked.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from orgroot.cli.sandbox import Kind
from orgroot.sandbox.log_views import BucketView
from tests.e2e.log_thieves import (
    BucketOwner,
    elsewhere,
    next_name,
    untouched,
    verified,
)
from tests.e2e.scenes import Scene, unlocking
from tests.e2e.stage import Snapshot, Stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A sandbox whose log lies in S3, and whose world can be set back."""
    with Stage(tmp_path_factory.mktemp("stage") / "s").playing(12, 7, Kind.S3) as found:
        yield found


@pytest.fixture(scope="module")
def unlock(stage: Stage) -> Scene:
    """An approved unlocking of one bucket."""
    return unlocking(stage)


@pytest.fixture
def attacked(unlock: Scene) -> Iterator[BucketOwner]:
    """The scene set back, and somebody who holds the bucket."""
    unlock.begin()
    attacker = BucketOwner(unlock.stage)
    yield attacker
    attacker.restore()
    unlock.begin()


def stopped(scene: Scene, why: str) -> None:
    """Nobody can do anything: exit 4, nothing sent, nothing written."""
    stage = scene.stage
    for person, *command in (
        ("alice", *scene.command),
        ("bob", "request", "list"),
        ("alice", "inventory", "--all", "--yes"),
    ):
        with untouched(stage):
            done = stage.run(person, *command)
        assert (done.code, why in done.err) == (4, True), done.err


def struck(stage: Stage, **rule: Any) -> None:
    """Order a fault of S3."""
    stage.control("faults", {"rules": [{"service": "s3", **rule}]})


@pytest.fixture
def _calm(stage: Stage) -> Iterator[None]:
    yield
    stage.control("faults", method="DELETE")


@pytest.mark.usefixtures("_calm")
def test_store_down(unlock: Scene) -> None:
    """S3 answers nothing but errors: exit 5 everywhere, and nothing was done in AWS."""
    stage = unlock.stage
    before = unlock.begin()
    for operation in ("ListObjectVersions", "GetObject", "PutObject"):
        struck(stage, operation=operation, effect="error", status=503, code="ServiceUnavailable")
    sessions = len(stage.witness()["sessions"])
    for person, *command in (
        ("alice", *unlock.command),
        ("bob", "log", "verify"),
        ("alice", "inventory", "--all", "--yes"),
    ):
        done = stage.run(person, *command)
        assert done.code == 5, done.err
        assert "cannot be read" in done.err
    assert (unlock.shows(), len(stage.witness()["sessions"])) == (before, sessions)


@pytest.mark.usefixtures("_calm")
def test_store_down_for_writing(unlock: Scene) -> None:
    """S3 can be read and takes no record: no session is opened."""
    stage = unlock.stage
    before = unlock.begin()
    struck(stage, operation="PutObject", effect="error", status=403, code="AccessDenied")
    sessions = len(stage.witness()["sessions"])
    done = stage.run("alice", *unlock.command)
    assert (done.code, "did not take a record" in done.err) == (5, True), done.err
    assert "s3:PutObject and s3:PutObjectRetention" in done.err
    assert (unlock.shows(), len(stage.witness()["sessions"])) == (before, sessions)


def test_eight_processes_execute_a_request_once(unlock: Scene) -> None:
    """Whichever is first in S3 has the intent: one AssumeRoot, whatever the others tried."""
    stage = unlock.stage
    unlock.begin()
    before = len(stage.witness()["sessions"])
    running = [
        stage.begin(person, *unlock.command) for person in ("alice", "alice", "olga", "alice") * 2
    ]
    ended = [stage.wait(pid) for pid in running]
    codes = [done.code for done in ended]
    assert codes.count(0) == 1, [(done.code, done.err) for done in ended]
    assert set(codes) <= {0, 3, 7, 10}, codes
    assert len(stage.witness()["sessions"]) == before + 1
    intents = [b for b in stage.bodies() if b["type"] == "intent"]
    assert [b["request_id"] for b in intents] == [unlock.request]
    assert unlock.shows() == unlock.done
    assert verified(stage, 0) == []


def test_delete_marker_plus_second_write(unlock: Scene, attacked: BucketOwner) -> None:
    """A locked record is hidden and written anew: the first version goes on to count."""
    stage = unlock.stage
    forged = stage.log.read(stage.records()[-1]) or b""
    last, before = stage.records()[-1], stage.records()[-2]
    attacked.mark(last)
    attacked.put(last, forged.replace(b"approve", b"approxe"))
    attacked.put(before, b"{}\n", locked=False)
    with pytest.raises(ClientError, match="AccessDenied"):
        attacked.destroy(last)
    assert sorted(code for code, _ in verified(stage, 6)) == ["EXTRA_VERSION"] * 3
    cold = {"ORGROOT_STATE_DIR": str(stage.folder / "state" / "alice-cold")}
    done = stage.run("alice", *unlock.command, env=cold)
    assert done.code == 0, done.err
    assert unlock.shows() == unlock.done
    assert len(stage.ok("bob", "request", "show", unlock.request)["approvals"]) == 2


def test_a_write_over_a_marker_is_no_intent(unlock: Scene, attacked: BucketOwner) -> None:
    """Two executors, and between them the intent of the first is hidden: it is held all the same.

    S3 takes the second one's conditional write; the second sees that it is not the first.
    """
    stage = unlock.stage
    intent = next_name(stage)
    pid = stage.begin("alice", *unlock.command, how="stop", at=behind_sync(unlock))
    stage.wait(pid)
    assert stage.run("olga", "request", "show", unlock.request).code == 0
    first = stage.run("alice", *unlock.command, env=elsewhere(stage, "alice-2"))
    assert first.code == 0, first.err
    attacked.mark(intent)
    sessions = len(stage.witness()["sessions"])
    late = stage.go_on(pid)
    assert late.code in {3, 7}, late.err
    assert len(stage.witness()["sessions"]) == sessions


def behind_sync(scene: Scene) -> int:
    """The point right before the intent is written."""
    points, intent = scene.points(), f"v1/{scene.start.records + 1:012d}.json"
    scene.begin()
    return next(n for n, name in enumerate(points, 1) if name.endswith(intent))


def test_a_second_version_over_an_unlocked_record(unlock: Scene, attacked: BucketOwner) -> None:
    """Nobody can say which is the first: all stop, until an owner has looked and said so."""
    stage = unlock.stage
    name = next_name(stage)
    attacked.put(name, b"appended without a lock\n", locked=False)
    seq = int(name.split(".")[0])
    assert verified(stage, 4) == [("FOREIGN_RECORD", seq), ("NOT_LOCKED", seq)]
    stage.ok("bob", "request", "list")  # garbage alone stops nobody
    versions = [attacked.mark(name), attacked.put(name, b"another\n", locked=False)]
    stopped(unlock, "orgroot log ack")
    found = {code for code, _ in verified(stage, 4)}
    assert found == {"NOT_LOCKED", "MULTI_VERSION", "DELETE_MARKER", "FOREIGN_RECORD"}
    named = [part for version in versions for part in ("--version", f"{name}={version}")]
    assert stage.run("dana", "log", "ack", *named, "--reason", "a drill", "--yes").code == 0
    done = stage.run("alice", *unlock.command)
    assert done.code == 0, done.err
    assert {code for code, _ in verified(stage, 4)} == {"NOT_LOCKED", "FOREIGN_RECORD"}


def test_garbage_appended_to_stop_the_log(unlock: Scene, attacked: BucketOwner) -> None:
    """Whatever is appended, also an approval from a chat in a wrong frame: people go on working."""
    stage = unlock.stage
    raw = json.loads(stage.log.read(stage.records()[-1]) or b"{}")
    junk = [b"", b"{}\n", b"\x00" * 300_000]
    for frame in ({"prev": "a" * 64}, {"seq": 1}, {"sigs": []}):
        text = json.dumps({**raw, **frame}, sort_keys=True, separators=(",", ":"))
        junk.append(f"{text}\n".encode())
    statement = stage.run("bob", "approval", "prepare", unlock.request, "--as", "bob")
    assert statement.code == 0, statement.err
    for each in junk:
        attacked.put(next_name(stage), each or b"\n")
    attacked.put(f"objects/{'a' * 64}", b"x" * 200_000)
    attacked.put("notes.txt", b"hello")
    attacked.put(f"{len(stage.records()) + 1:012d}!", b"in the way")
    attacked.put("000000900000.json", b"far ahead")
    done = stage.run("alice", *unlock.command)
    assert done.code == 0, done.err
    codes = {code for code, _ in verified(stage, 4)}
    assert {"SIZE", "FOREIGN_RECORD", "STRAY_OBJECT"} <= codes
    assert "GAP" in codes  # the record far ahead


def test_emptied_store(unlock: Scene, attacked: BucketOwner) -> None:
    """Locked records cannot be taken away; a store without them stops everyone who knew them."""
    stage = unlock.stage
    for name in stage.records():
        with pytest.raises(ClientError, match="AccessDenied"):
            attacked.destroy(name)
    view = stage.log
    assert isinstance(view, BucketView)
    view._keys().clear()  # as only AWS itself could
    stopped(unlock, "ROLLBACK")
    done = stage.run("bob", "log", "verify")
    assert (done.code, "ROLLBACK" in done.out) == (4, True), done.err


def test_another_store_with_an_older_log(unlock: Scene, attacked: BucketOwner) -> None:
    """The log's beginning, copied elsewhere by who can change a configuration, is a rollback."""
    stage = unlock.stage
    for name in stage.records()[:-1]:
        attacked.s3.put_object(
            Bucket=attacked.bucket,
            Key=f"copy/{name}",
            Body=stage.log.read(name),
            ChecksumAlgorithm="SHA256",
        )
    config = stage.variant("older", (f"{attacked.bucket}/v1/", f"{attacked.bucket}/copy/"))
    done = stage.run("olga", "--config", config, *unlock.command)  # she approved last
    assert (done.code, "ROLLBACK" in done.err) == (4, True), done.err


def test_whoever_may_append_cannot_write_twice(unlock: Scene) -> None:
    """The bucket policy lets no key be written twice, unlocked, or for less time, and none goes."""
    stage = unlock.stage
    unlock.begin()
    view = stage.log
    assert isinstance(view, BucketView)
    s3 = stage.in_account(stage.account("log-archive"), "s3")
    key = {"Bucket": view._bucket, "Key": f"{view._prefix}{stage.records()[-1]}"}
    free = {"Bucket": view._bucket, "Key": f"{view._prefix}{next_name(stage)}"}
    lock = {
        "ObjectLockMode": "COMPLIANCE",
        "ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(days=401),
        "ChecksumAlgorithm": "SHA256",
    }
    short = lock | {"ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(days=30)}
    for call, params in (
        (s3.put_object, key | lock),
        (s3.put_object, free | {"IfNoneMatch": "*", "ChecksumAlgorithm": "SHA256"}),
        (s3.put_object, free | short | {"IfNoneMatch": "*"}),
        (s3.delete_object, key),
        (s3.put_bucket_lifecycle_configuration, {"Bucket": view._bucket}),
        (s3.create_multipart_upload, free),
    ):
        with pytest.raises(ClientError) as caught:
            call(**params)
        assert caught.value.response["Error"]["Code"] == "AccessDenied", (call, params)
    assert verified(stage, 0) == []


def test_the_bucket_of_the_log_is_never_unlocked(unlock: Scene) -> None:
    """Asked for by its name it is refused at once, as is any alias of it."""
    stage = unlock.stage
    unlock.begin()
    view = stage.log
    assert isinstance(view, BucketView)
    account = stage.account("log-archive")
    for name, code in ((view._bucket, 3), (f"{view._bucket}-s3alias", 2)):
        asked = ("unlock-bucket", name, "--account", account, "--mode", "delete")
        with untouched(stage):
            done = stage.run("alice", *asked, "--reason", "a drill", "--yes")
        assert (done.code, view._bucket in done.err) == (code, True), done.err


def test_a_damaged_copy_is_dropped(unlock: Scene) -> None:
    """What this machine kept of the log is changed, with all its hashes: S3 is what counts."""
    stage = unlock.stage
    unlock.begin()
    stage.ok("bob", "request", "list")
    (cache,) = (stage.folder / "state" / "bob" / "records").iterdir()
    good = cache.read_bytes()
    cache.write_bytes(rehashed(good, b"locked out", b"unlocked!!"))
    assert stage.ok("bob", "request", "list")["requests"][0]["id"] == unlock.request
    assert stage.ok("bob", "request", "show", unlock.request)["justification"] == "locked out"
    stage.ok("bob", "log", "verify")


def rehashed(file: bytes, old: bytes, new: bytes) -> bytes:
    """A copy in which a record says something else, and its own hash agrees."""
    at, out = len(b"orgroot records 1\n"), file[: len(b"orgroot records 1\n")]
    changed = 0
    while at < len(file):
        version_size = int.from_bytes(file[at + 8 : at + 10], "big")
        size = int.from_bytes(file[at + 10 : at + 14], "big")
        version = file[at + 46 : at + 46 + version_size]
        raw = file[at + 46 + version_size : at + 46 + version_size + size]
        changed += old in raw
        raw = raw.replace(old, new)
        digest = hashlib.sha256(version + b"\n" + raw).digest()
        out += file[at : at + 14] + digest + version + raw
        at += 46 + version_size + size
    assert changed
    return out


def test_a_world_can_be_set_back(unlock: Scene) -> None:
    """The scenes above begin where the snapshot was taken: the log in S3 is the one of then."""
    start: Snapshot = unlock.start
    unlock.begin()
    assert len(unlock.stage.records()) == start.records
