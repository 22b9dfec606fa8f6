"""Work on many accounts at once: bounded threads, an interrupt that ends cleanly.

A failure of one account is that account's outcome; what concerns all of them stops the sweep. A
sweep never leaves a thread behind.
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from orgroot.errors import Incomplete
from orgroot.ports import Clock, Progress
from orgroot.workflows.turns import Turns

T = TypeVar("T")

IN_FLIGHT = 8
"""So many accounts are begun for each that calls AWS at the same time: the others wait for the log.
"""

PER_ACCOUNT = timedelta(minutes=5)
"""How long one account may take at most; looked at between two calls."""


class TooSlowError(Incomplete):
    """An account took longer than its share; it is unread, not clean."""

    default_code = "too-slow"


class StoppedError(Incomplete):
    """The sweep was interrupted before this account's next call."""

    default_code = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stint:
    """The work on one account: its deadline, and the person's patience."""

    clock: Clock
    stop: threading.Event
    deadline: datetime

    def check(self) -> None:
        """To be called before each call to AWS.

        Raises:
            TooSlowError: the account's time is over.
            StoppedError: the sweep was interrupted.
        """
        if self.stop.is_set():
            raise StoppedError("interrupted before it was done")
        if self.clock.now() > self.deadline:
            minutes = int(PER_ACCOUNT.total_seconds() // 60)
            raise TooSlowError(f"took longer than {minutes} minutes")


@dataclass(slots=True, kw_only=True)
class Sweep(Generic[T]):
    """What came of it.

    Attributes:
        done: the outcome per account that was worked on.
        interrupted: the person interrupted, so the rest was not begun.
    """

    done: dict[str, T] = field(default_factory=dict)
    interrupted: bool = False


def sweep(
    keys: Iterable[str],
    work: Callable[[str, Stint], T],
    *,
    clock: Clock,
    progress: Progress,
    concurrency: int,
    label: str,
    stop: threading.Event | None = None,
) -> Sweep[T]:
    """Do `work` for every key, at most `concurrency` calling AWS at once.

    Who waits for the log lets another account go on (see `turns`); with a concurrency of one,
    accounts follow each other.

    `work` answers for its account whatever AWS says; what it raises concerns all accounts, stops
    the sweep, and is raised here once no thread runs any more. An interrupt (KeyboardInterrupt)
    lets the running accounts come to their next call, and answers what is done so far.

    Args:
        keys: account ids, in the order of work.
        work: what to do; called in another thread.
        clock: for deadlines.
        progress: told of each account that is done.
        concurrency: threads that call AWS at once.
        label: what the person sees.
        stop: set by `work` to begin no further account.
    """
    todo = tuple(keys)
    stop = stop or threading.Event()
    turns = Turns(max(1, concurrency))
    in_flight = _in_flight(concurrency)
    outcome: Sweep[T] = Sweep()
    failure: BaseException | None = None
    running: dict[Future[tuple[T] | None], str] = {}
    progress.start(label, len(todo))
    queue = iter(todo)

    def begin(pool: ThreadPoolExecutor) -> None:
        while len(running) < in_flight and not stop.is_set():
            key = next(queue, None)
            if key is None:
                return
            running[pool.submit(_one, turns, work, key, clock, stop)] = key

    with ThreadPoolExecutor(max_workers=in_flight) as pool:
        while True:
            try:
                begin(pool)
                if not running:
                    break
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    error = _take(outcome, running[future], future)
                    if error is not None:
                        failure = failure or error
                        stop.set()
                    # Last, so that an interrupt in between only looks at this one again.
                    del running[future]
                    progress.advance()
            except KeyboardInterrupt:
                outcome.interrupted = True
                stop.set()
                progress.note(f"interrupted: {label} ends after the calls under way")
    if failure is not None:
        raise failure
    return outcome


def _take(outcome: Sweep[T], key: str, future: Future[tuple[T] | None]) -> BaseException | None:
    """Note what became of a key that was begun; answers what it raised."""
    error = future.exception()
    if error is None and (begun := future.result()) is not None:
        outcome.done[key] = begun[0]
    return error


def _in_flight(concurrency: int) -> int:
    return concurrency * IN_FLIGHT if concurrency > 1 else 1


def _one(
    turns: Turns,
    work: Callable[[str, Stint], T],
    key: str,
    clock: Clock,
    stop: threading.Event,
) -> tuple[T] | None:
    """The work's answer; None where the sweep was stopped before its turn came."""
    with turns.taken():
        if stop.is_set():
            return None
        return (work(key, Stint(clock=clock, stop=stop, deadline=clock.now() + PER_ACCOUNT)),)
