"""Sandboxes as processes, cheaply: one process that has moto imported forks each of them.

`orgroot sandbox up` starts an interpreter for each, and half of the time it takes is imports. Here
the same server runs in a child of a process that has them; tests/sandbox/test_process.py and the
documents' tests start it as its users do.
"""

import functools
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from orgroot.sandbox.process import LOG
from tests.warm import seldom_collect

_LONGEST_ORDER = 64 * 1024


class Nursery:
    """The process that forks sandboxes; it ends with the process that made it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_"))}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=environment,
                cwd=Path(__file__).parents[2],
                start_new_session=True,
            )

    def spawn(self, folder: Path, writer: int, options: list[str]) -> None:
        """Start a sandbox, in the place of `orgroot.sandbox.process._spawn`."""
        order = json.dumps(["--dir", str(folder.absolute()), *options]).encode()
        try:
            with (folder / LOG).open("ab") as log:
                socket.send_fds(self._socket, [order], [writer, log.fileno()])
            self._socket.recv(1)
        finally:
            os.close(writer)


@functools.cache
def nursery() -> Nursery:
    """The one of this process."""
    return Nursery()


def _main(connection: socket.socket) -> None:
    # Whoever gives orders needs no moto.
    from orgroot.sandbox import seed, server  # noqa: PLC0415
    from orgroot.sandbox.clock import SandboxClock  # noqa: PLC0415
    from orgroot.sandbox.front import Front  # noqa: PLC0415
    from orgroot.sandbox.furnishing import furnish  # noqa: PLC0415

    # A first organization, for nobody: AWS's models are read once.
    clock = SandboxClock()
    world = seed.build(accounts=12, seed=1, features_on=True, clock=clock)
    furnish(world, Front(world.organization, clock).data_plane)
    seldom_collect()
    while True:
        order, descriptors, _, _ = socket.recv_fds(connection, _LONGEST_ORDER, 2)
        if not order:
            return
        writer, log = descriptors
        child = os.fork()
        if not child:
            connection.close()
            os.setsid()
            for stream in (1, 2):
                os.dup2(log, stream)
            code = 1
            try:
                code = server.main([*json.loads(order), "--ready-fd", str(writer)])
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                os._exit(code)
        os.close(writer)
        os.close(log)
        os.waitpid(child, 0)
        connection.send(b".")


if __name__ == "__main__":
    _main(socket.socket(fileno=int(sys.argv[1])))
