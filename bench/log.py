"""What reading a log of 10,000 records costs: verified and folded, and what the state then weighs.

`log verify` is measured as a process of its own over a folder, by log size: its time, and the most
memory that it and its second process had. The fold counts CPU time, as other work may run beside.
"""

import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import msgspec

from orgroot.core.fold import Fold
from tests.core import scene, world
from tests.core.world import Log

RECORDS = 10_000
"""Stories of one bucket each, of seven records: three signed by people, four by executions."""

SIZES = (100, 2_500, 5_000, RECORDS)
MEBIBYTE = 1024 * 1024
HERE = Path(__file__).parent.parent


def main() -> None:
    """Print records per second, the seconds and the memory of `log verify`, and the state's."""
    log = _log()
    size = sum(map(len, log.raws))
    print(f"{len(log.raws)} records of {size / len(log.raws):.0f} bytes on average")
    folded = _seconds(lambda: _fold(log))
    tracemalloc.start()
    fold = _fold(log)
    weight = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(fold.state.requests) == len(fold.state.executions)
    print(f"verify and fold:      {len(log.raws) / folded:8.0f} records/s")
    print(f"state:                {weight / MEBIBYTE:8.1f} MiB, {weight / size:.1f} times the log")
    with tempfile.TemporaryDirectory() as folder:
        for records in SIZES:
            _verify(log, Path(folder) / str(records), records)


def _verify(log: Log, folder: Path, records: int) -> None:
    folder.mkdir()
    for key, data in list(log.store.items())[:records]:
        (folder / key).write_bytes(data)
    trust = msgspec.json.encode(log.trust).decode()
    for how in ("in turn", "ahead"):
        command = [sys.executable, "-m", "bench._verify", str(folder), scene.ORG, trust, how]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True)
        read, seconds, busy, peak, second = done.stdout.split()
        beside = f"; a second process of {second} MiB" if int(second) else ""
        what = f"`log verify` {how:<8} {read:>6} records"
        print(f"{what} {seconds:>6} s ({busy} s busy) {peak:>4} MiB{beside}")


def _log() -> Log:
    log = Log()
    log.genesis()
    log.rules(scene.approvals_of())
    while len(log.raws) < RECORDS:
        world.unlocked(log)
    assert not log.state.findings
    return log


def _fold(log: Log) -> Fold:
    fold = Fold(trust=log.trust, organization=scene.ORG, objects=lambda _digest: None)
    for seq, raw in enumerate(log.raws, 1):
        fold.admit(seq, raw)
    assert not fold.state.findings
    return fold


def _seconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
