"""Looking at records ahead of the fold, in a second process: most of the time goes to signatures.

What comes back is which checks passed, of exactly which inputs; the fold makes every other check
itself. Where a second process is not to be had, records are looked at in turn.
"""

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from orgroot.core.log_verify import PrereadRecords, Records, in_turn
from orgroot.core.preread import Preread, preread

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

WORTH = 1000
"""Fewer records are read before a second process has started."""

_CHUNK = 64
_IN_FLIGHT = 4
"""Chunks that are read and not folded yet: what bounds the memory that this takes."""

_keys: dict[str, str] = {}
"""In the second process: the ephemeral keys of the executions it has met."""

_Chunk = tuple[tuple[int, bytes], ...]


def ahead(records: Records, *, worth: int = WORTH) -> PrereadRecords:
    """The records in order, each with what was found in it by itself.

    Args:
        records: numbers and bytes.
        worth: from so many records on it is worth a second process.
    """
    several = iter(records)
    first = tuple(islice(several, worth))
    pool = _pool() if len(first) == worth and _cores() > 1 else None
    if pool is None:
        yield from in_turn(chain(first, several))
        return
    with pool:
        yield from _in_second(chain(first, several), pool)


def _in_second(records: Iterator[tuple[int, bytes]], pool: "ProcessPoolExecutor") -> PrereadRecords:
    waiting: deque[tuple[_Chunk, Future[list[Preread]] | None]] = deque()
    while chunk := tuple(islice(records, _CHUNK)):
        waiting.append((chunk, _asked(pool, chunk)))
        if len(waiting) == _IN_FLIGHT:
            yield from _answered(*waiting.popleft())
    while waiting:
        yield from _answered(*waiting.popleft())


def _asked(pool: "ProcessPoolExecutor", chunk: _Chunk) -> "Future[list[Preread]] | None":
    from concurrent.futures import BrokenExecutor  # noqa: PLC0415 - only long logs pay for it

    try:
        return pool.submit(_preread_all, [raw for _, raw in chunk])
    except BrokenExecutor:
        return None


def _answered(chunk: _Chunk, answer: "Future[list[Preread]] | None") -> PrereadRecords:
    from concurrent.futures import BrokenExecutor  # noqa: PLC0415 - as above

    try:
        found = None if answer is None else answer.result()
    except BrokenExecutor:  # somebody killed it, or there was no memory left for it
        found = None
    if found is None:
        yield from in_turn(chunk)
        return
    for (seq, raw), seen in zip(chunk, found, strict=True):
        yield seq, raw, seen


def _pool() -> "ProcessPoolExecutor | None":
    """A second process; None: this machine gives none."""
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - as above
    from multiprocessing import get_context  # noqa: PLC0415 - as above

    try:
        return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_start)
    except (OSError, NotImplementedError, ImportError):  # no semaphores, as in AWS Lambda
        return None


def _preread_all(raws: Iterable[bytes]) -> list[Preread]:
    """In the second process."""
    return [preread(raw, _keys) for raw in raws]


def _start() -> None:
    """In the second process: Ctrl-C ends the first one, which ends this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
