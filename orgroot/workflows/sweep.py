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

T = TypeVar("T")

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
    """Do `work` for every key, at most `concurrency` at once.

    `work` answers for its account whatever AWS says; what it raises concerns all accounts, stops
    the sweep, and is raised here once no thread runs any more. An interrupt (KeyboardInterrupt)
    lets the running accounts come to their next call, and answers what is done so far.

    Args:
        keys: account ids, in the order of work.
        work: what to do; called in another thread.
        clock: for deadlines.
        progress: told of each account that is done.
        concurrency: threads at most.
        label: what the person sees.
        stop: set by `work` to begin no further account.
    """
    todo = tuple(keys)
    stop = stop or threading.Event()
    outcome: Sweep[T] = Sweep()
    failure: BaseException | None = None
    running: dict[Future[T], str] = {}
    progress.start(label, len(todo))
    queue = iter(todo)

    def begin(pool: ThreadPoolExecutor) -> None:
        while len(running) < concurrency and not stop.is_set():
            key = next(queue, None)
            if key is None:
                return
            running[pool.submit(_one, work, key, clock, stop)] = key

    with ThreadPoolExecutor(max_workers=max(1, concurrency)) as pool:
        while True:
            try:
                begin(pool)
                if not running:
                    break
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    error = future.exception()
                    if error is None:
                        outcome.done[running[future]] = future.result()
                    else:
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


def _one(work: Callable[[str, Stint], T], key: str, clock: Clock, stop: threading.Event) -> T:
    return work(key, Stint(clock=clock, stop=stop, deadline=clock.now() + PER_ACCOUNT))
