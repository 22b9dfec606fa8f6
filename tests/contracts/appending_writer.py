"""A process that appends numbered records to a folder until it has made COUNT, or is killed.

With STEP above 0 it kills itself just before the STEP-th call that changes the disk.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orgroot.core.codec import record_key
from orgroot.local.file_store import FileStore
from orgroot.ports import Created

DISK_CALLS = ("open", "fdopen", "fsync", "link", "unlink", "mkdir")


def die_at(step: int) -> None:
    """Kill this process before its step-th call of a disk function."""
    calls = 0

    def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return wrapper

    for name in DISK_CALLS:
        setattr(os, name, guarded(getattr(os, name)))


def main(folder: str, label: str, count: int, step: int) -> None:
    """Append records at the first free number, saying each number once it is durable."""
    store = FileStore(Path(folder))
    if step:
        die_at(step)
    made, seq = 0, 1
    while made < count:
        if store.create(record_key(seq), f"{label} {made} {'x' * 5000}\n".encode()) is (
            Created.CREATED
        ):
            made += 1
            sys.stdout.write(f"{seq}\n")
            sys.stdout.flush()
        seq += 1


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
