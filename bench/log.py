"""What reading a log of 10,000 records costs: verified and folded, and what the state then weighs.

Every command does this once at its start. Counts CPU time, as other work may run beside it.
"""

import time
import tracemalloc
from collections.abc import Callable

from orgroot.core.fold import Fold
from orgroot.core.log_verify import verify
from tests.core import scene, world
from tests.core.world import Log

RECORDS = 10_000
"""Stories of one bucket each, of seven records: three signed by people, four by executions."""

MEBIBYTE = 1024 * 1024


def main() -> None:
    """Print records per second, the ratio of `log verify`, and the state's weight."""
    log = _log()
    size = sum(map(len, log.raws))
    print(f"{len(log.raws)} records of {size / len(log.raws):.0f} bytes on average")
    folded = _seconds(lambda: _fold(log))
    verified = _seconds(lambda: _verify(log))
    tracemalloc.start()
    fold = _fold(log)
    weight = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(fold.state.requests) == len(fold.state.executions)
    print(f"verify and fold:      {len(log.raws) / folded:8.0f} records/s")
    print(f"`log verify`:         {verified / folded:8.1f} times as long")
    print(f"state:                {weight / MEBIBYTE:8.1f} MiB")
    print(f"state to log:         {weight / size:8.1f}")


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


def _verify(log: Log) -> None:
    state = verify(
        trust=log.trust,
        organization=scene.ORG,
        get=log.store.get,
        keys=log.store,
        now=log.now,
    )
    assert not state.findings


def _seconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
