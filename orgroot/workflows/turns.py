"""How many threads of a sweep call AWS at once; whoever waits for the log passes its turn on.

A log far away costs time for each record. While an account waits for it, another one is worked on,
so that the wait does not slow the sweep. Those who come back go before those who begin.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_MINE: "ContextVar[Turns | None]" = ContextVar("orgroot_turns", default=None)


class Turns:
    """So many turns, shared by the threads of one sweep."""

    def __init__(self, count: int) -> None:
        lock = threading.Lock()
        self._may_begin = threading.Condition(lock)
        self._may_return = threading.Condition(lock)
        self._lock = lock
        self._count = count
        self._free = count
        self._returning = 0

    @property
    def busy(self) -> bool:
        """Somebody has a turn: it may come to the log soon."""
        with self._lock:
            return self._free < self._count

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One turn of this thread's own, once there is one that nobody comes back for."""
        with self._lock:
            while self._free <= self._returning:
                self._may_begin.wait()
            self._free -= 1
        token = _MINE.set(self)
        try:
            yield
        finally:
            _MINE.reset(token)
            self._give()

    @contextmanager
    def passed_on(self) -> Iterator[None]:
        """Somebody else may go on meanwhile."""
        self._give()
        try:
            yield
        finally:
            with self._lock:
                self._returning += 1
                while not self._free:
                    self._may_return.wait()
                self._returning -= 1
                self._free -= 1
                if self._free > self._returning:
                    self._may_begin.notify()

    def _give(self) -> None:
        with self._lock:
            self._free += 1
            (self._may_return if self._returning else self._may_begin).notify()


@contextmanager
def passed_on() -> Iterator[Turns | None]:
    """Around a wait for the log: this thread's turn is passed on, if it has one."""
    turns = _MINE.get()
    if turns is None:
        yield None
        return
    with turns.passed_on():
        yield turns
