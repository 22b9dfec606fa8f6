"""A process that appends numbered records to a store until it has made COUNT, or is killed.

With STEP above 0 it kills itself just before the STEP-th call that changes the disk. With a number
behind that, so many processes are forked and append, each with a store of its own.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from orgroot.core.codec import record_key
from orgroot.core.ids import AccountId
from orgroot.core.store_place import S3, s3_place
from orgroot.local.file_store import FileStore
from orgroot.ports import Created, RecordStore

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


def opened(store: str) -> RecordStore:
    """The store of an URL, by the door that the environment describes; or that of a folder."""
    if not store.startswith(S3):
        return FileStore(Path(store))
    # Here, for a writer to a folder must start fast: it is killed many times.
    from orgroot.aws.clients import AwsDoor  # noqa: PLC0415
    from orgroot.aws.log_bucket import LogBucket  # noqa: PLC0415
    from orgroot.aws.s3_store import S3Store  # noqa: PLC0415
    from orgroot.cli.logging_setup import set_up_logging  # noqa: PLC0415
    from orgroot.cli.settings import LogFormat, LogLevel  # noqa: PLC0415

    set_up_logging(LogLevel.WARNING, LogFormat.TEXT)
    door = json.loads(os.environ["DOOR"])
    bucket = LogBucket(
        AwsDoor(None, door["region"], "sandbox", door["environ"]),
        s3_place(store),
        AccountId(door["owner"]),
    )
    return S3Store(bucket, retain=timedelta(days=400))


def main(where: str, label: str, count: int, step: int) -> None:
    """Append records at the first free number, saying each number once it is durable."""
    store = opened(where)
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


def several(where: str, label: str, count: int, processes: int) -> int:
    """The same in so many processes at once; answers how many failed."""
    opened(where)  # what all of them import and read
    children = []
    for number in range(processes):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                main(where, f"{label}-{number}", count, 0)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    return sum(os.waitpid(child, 0)[1] != 0 for child in children)


if __name__ == "__main__":
    if len(sys.argv) > 5:
        sys.exit(several(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[5])))
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
