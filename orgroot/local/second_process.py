"""Looking at records ahead of the fold, in a second process: most of the time goes to signatures.

What comes back is which checks passed, of exactly which inputs; the fold makes every other check
itself. Where a second process is not to be had, records are looked at in turn.
"""

import os
import signal
from collections import deque
from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from orgroot.core.log_verify import PrereadRecords, Records, in_turn
from orgroot.core.preread import Preread, preread

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

WORTH = 1000
"""Fewer records are read before a second process has started."""

_CHUNK = 64
_IN_FLIGHT = 4
"""Chunks that are read and not folded yet: what bounds the memory that this takes."""

_Chunk = tuple[tuple[int, bytes], ...]


def ahead(records: Records, *, worth: int = WORTH) -> PrereadRecords:
    """The records in order, each with what was found in it by itself.

    Args:
        records: numbers and bytes.
        worth: from so many records on it is worth a second process.
    """
    several = iter(records)
    first = tuple(islice(several, worth))
    second = _started() if len(first) == worth and _cores() > 1 else None
    if second is None:
        yield from in_turn(chain(first, several))
        return
    try:
        yield from _in_second(chain(first, several), second)
    finally:
        second.end()


def _in_second(records: Iterator[tuple[int, bytes]], second: "_Second") -> PrereadRecords:
    waiting: deque[_Chunk] = deque()
    while chunk := tuple(islice(records, _CHUNK)):
        second.ask([raw for _, raw in chunk])
        waiting.append(chunk)
        if len(waiting) == _IN_FLIGHT:
            yield from _answered(waiting.popleft(), second)
    while waiting:
        yield from _answered(waiting.popleft(), second)


def _answered(chunk: _Chunk, second: "_Second") -> PrereadRecords:
    found = second.answer()
    if found is None:  # somebody killed it, or there was no memory left for it
        yield from in_turn(chunk)
        return
    for (seq, raw), seen in zip(chunk, found, strict=True):
        yield seq, raw, seen


class _Second:
    """The second process at the other end of a pipe, whose end nobody else holds open.

    So a process that died is noticed at once on both ways. `concurrent.futures` waits for good
    there before Python 3.12 (gh-94777), and Debian 12 has 3.11.2.
    """

    def __init__(self) -> None:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only long logs pay
        from multiprocessing import get_context  # noqa: PLC0415 - as above

        context = get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there,), daemon=True)
        self._process.start()
        there.close()
        # It writes while we read: were both to write, each could wait for the other.
        self._writer = ThreadPoolExecutor(1)

    def ask(self, raws: list[bytes]) -> None:
        """Have these records looked at."""
        self._writer.submit(self._here.send, raws)

    def answer(self) -> list[Preread] | None:
        """What was found in the oldest records not yet answered; None: nobody is there."""
        try:
            found: list[Preread] = self._here.recv()
        except (EOFError, OSError):
            return None
        return found

    def end(self) -> None:
        """End it, whatever it is doing: nothing that it knows is needed any more."""
        self._process.kill()
        self._process.join()
        self._writer.shutdown()
        self._here.close()


def _started() -> _Second | None:
    """A second process; None: this machine gives none."""
    try:
        return _Second()
    except (OSError, NotImplementedError, ImportError):
        return None


def _serve(there: "Connection") -> None:
    """The second process: answer until the first one is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the first one, which ends this
    keys: dict[str, str] = {}
    while True:
        try:
            raws: list[bytes] = there.recv()
            there.send([preread(raw, keys) for raw in raws])
        except (EOFError, OSError):
            return


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
