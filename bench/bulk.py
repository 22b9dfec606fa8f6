"""What the log costs in bulk: a survey's records and objects, and a removal with the log in S3.

The removal also tells how much it uses of the time it has: a session's life, an account's minutes,
and the deadline in the intent. Past its time an account stays open, past the deadline the rest.

AWS is a fake that takes its time; the store is the S3 adapter against a sandbox beside this process
which takes 50 ms for each call. What counts is the ratio to a log in memory that costs nothing.
"""

import json
import multiprocessing
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fakes.record_store import FakeRecordStore
from fakes.s3_log import ACCOUNT, BUCKET, REGION, RETAIN, LogPlace, log_archive
from fakes.signer import FakeSigner
from fakes.team import World, new_world

from bench._sessions import SlowSessions
from orgroot.aws.clients import AwsDoor
from orgroot.aws.log_bucket import LogBucket
from orgroot.aws.s3_store import S3Store
from orgroot.core.ids import request_id
from orgroot.core.organization import Selection
from orgroot.core.results import Inventory, Removal, RequestView
from orgroot.core.root_credentials import CredentialKind
from orgroot.core.statements import Intent, instant
from orgroot.core.store_place import S3Place
from orgroot.local.file_store import FileStore
from orgroot.ports import RecordStore
from orgroot.workflows import removal
from orgroot.workflows.approvals import approve
from orgroot.workflows.execution import execute
from orgroot.workflows.inventory import inventory
from orgroot.workflows.requests import Ask
from orgroot.workflows.setup import init_log
from orgroot.workflows.sweep import PER_ACCOUNT
from orgroot.workflows.workspace import Workspace

SURVEYED = 10_000
REMOVED = 2_000
COMPARED = 400
"""Accounts that are cleaned with the log in memory: enough for a steady rate."""

LATENCY_SECONDS = 0.05
"""Of every call to AWS, and of every call to S3."""

CONCURRENCY = 16
EVERYTHING = Selection(all=True)


class CountingStore:
    """A store that counts what is asked of it."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self.made: Counter[str] = Counter()

    def create(self, key: str, data: bytes) -> Any:
        """Count the kind of the object, then create it."""
        self.made[key.split("/", maxsplit=1)[0] if "/" in key else "records"] += 1
        return self._store.create(key, data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """An executed removal: seconds in all and per account, and what it might have taken."""

    seconds: float
    each: float
    sessions: SlowSessions
    life: int
    deadline: float


def main() -> None:
    """Print counts of the survey, and the ratio of the removals."""
    _survey()
    _removal()


def _survey() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = CountingStore(FileStore.create_new(Path(folder) / "log"))
        world = _world(store, SURVEYED, dirty=False)
        store.made.clear()
        before = time.perf_counter()
        result = inventory(_workspace(world), EVERYTHING)
        seconds = time.perf_counter() - before
    assert isinstance(result, Inventory)
    assert result.summary.clean == SURVEYED
    print(f"a survey of {SURVEYED} accounts, {CONCURRENCY} at once, on a file store")
    print(f"records:              {store.made['records']:6d}")
    print(f"fact objects:         {store.made['facts']:6d}")
    print(f"objects:              {store.made['objects']:6d}")
    print(f"accounts per second:  {SURVEYED / seconds:6.0f}")


def _removal() -> None:
    free = _removed(FakeRecordStore(), COMPARED)
    with _s3() as bucket:
        store = CountingStore(S3Store(bucket, retain=RETAIN))
        costly = _removed(store, REMOVED)
    print(
        f"a removal over {REMOVED} accounts, {CONCURRENCY} at once, the log in S3 at 50 ms a call"
    )
    print(f"records:              {store.made['records']:6d}")
    print(f"per account, no cost: {free.each * 1000:6.1f} ms (over {COMPARED} accounts)")
    print(f"per account, in S3:   {costly.each * 1000:6.1f} ms")
    print(f"ratio:                {costly.each / free.each:6.2f}")
    _print_time(costly)


def _removed(store: Any, accounts: int) -> Removed:
    """The execution alone: how long it took, and what it was given."""
    world = _world(store, accounts, dirty=True)
    kinds = tuple(CredentialKind)
    view = removal.remove(_workspace(world), EVERYTHING, kinds, Ask(reason="bench"))
    assert isinstance(view, RequestView), view
    for person in ("bob", "carol"):
        approve(world.desk(person), view.id, "", lambda _summary: None)
    ws = _workspace(world)
    sessions = SlowSessions(ws.root_sessions, LATENCY_SECONDS)
    ws = replace(ws, root_sessions=sessions)
    before = time.perf_counter()
    result = execute(ws, view.id)
    seconds = time.perf_counter() - before
    assert isinstance(result, Removal)
    assert result.summary.removed == accounts
    request = ws.governed.log.state.requests[request_id(view.id)]
    (run,) = request.executions
    assert isinstance(run.body, Intent)
    assert request.body.session is not None
    return Removed(
        seconds=seconds,
        each=seconds / accounts,
        sessions=sessions,
        life=request.body.session.duration_seconds,
        deadline=(instant(run.body.deadline) - instant(run.body.observed_at)).total_seconds(),
    )


def _print_time(run: Removed) -> None:
    """How much of each budget is used, by the slowest and usually."""
    calls = statistics.mean(run.sessions.calls.values())
    whole = [last - first for first, last in run.sessions.accounts.values()]
    print(f"calls to AWS:         {calls:6.1f} per account")
    for what, used, budget in (
        ("a delete session", list(run.sessions.lives.values()), run.life),
        ("an account", whole, PER_ACCOUNT.total_seconds()),
    ):
        usual, most = statistics.median(used), max(used)
        print(
            f"{what + ':':<21} {most:7.1f} s at most, {usual:.1f} s usually: "
            f"{most / budget:.1%}, {usual / budget:.1%} of its {budget:.0f} s"
        )
    share = f"{run.seconds / run.deadline:.1%} of the {run.deadline:.0f} s it has"
    print(f"the run:              {run.seconds:7.1f} s: {share}")


def _world(store: Any, accounts: int, *, dirty: bool) -> World:
    """An organization of so many members, and a new log in the store."""
    world = new_world()
    world.aws.members = {
        account: member for account, member in world.aws.members.items() if account[0] == "1"
    }
    for number in range(accounts):
        member = world.aws.add_account(f"{222222222222 + number}")
        if dirty:
            member.password, member.access_keys = True, [f"AKIA{number:016d}"]
    world.store = store
    world.memories.clear()
    init_log(
        config=world.config,
        store=store,
        memory=world.memory("dana"),
        clock=world.clock,
        person="dana",
        signer=FakeSigner("dana"),
        endpoint="sandbox",
    )
    return world


def _workspace(world: World) -> Workspace:
    return world.workspace("alice", concurrency=CONCURRENCY)


@contextmanager
def _s3() -> Iterator[LogBucket]:
    """A bucket in a sandbox that runs beside this process, and takes its time from now on."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    environ = json.loads(here.recv())
    door = AwsDoor(None, REGION, "sandbox", environ, concurrency=32)
    try:
        yield LogBucket(door, S3Place(BUCKET, "v1/"), ACCOUNT)
    finally:
        here.send("end")
        process.join(timeout=10)


def _serve(pipe: Connection) -> None:
    with log_archive() as server:
        place = LogPlace(server=server)
        for operation in ("PutObject", "GetObject", "ListObjectVersions"):
            place.fault("latency", operation, latency_ms=LATENCY_SECONDS * 1000)
        pipe.send(json.dumps(dict(place.environ)))
        pipe.recv()
