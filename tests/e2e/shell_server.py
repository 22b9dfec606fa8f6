"""`orgroot` as a program, cheaply: a process that has it imported forks each run.

What is started is a client of a few lines. It hands its streams, folder, variables and arguments
over and ends as the command ends. The README is played with the real program, and so is what has to
do with terminals and SDKs.
"""

import atexit
import functools
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.e2e import fork_server

_LONGEST_ORDER = 512 * 1024
_CLIENT = """\
#!{python} -ISE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect({path!r})
    order = [sys.argv[1:], os.getcwd(), dict(os.environ)]
    socket.send_fds(server, [json.dumps(order).encode()], [0, 1, 2])
    sys.exit(int(server.recv(16)))
"""


class ShellServer:
    """The server as a process, and the folder for PATH that holds its client."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="shells-")
        self.programs = Path(self._home.name) / "bin"
        self.programs.mkdir()
        address = str(Path(self._home.name) / "socket")
        client = self.programs / "orgroot"
        client.write_text(_CLIENT.format(python=sys.executable, path=address), encoding="utf-8")
        client.chmod(0o700)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def close(self) -> None:
        """End the server."""
        self._process.communicate()
        self._home.cleanup()


@functools.cache
def shell_server() -> ShellServer:
    """The one of this process; it ends with it."""
    server = ShellServer()
    atexit.register(server.close)
    return server


def program() -> str:
    """The path of the program."""
    return str(shell_server().programs / "orgroot")


def _serve(address: str) -> None:
    fork_server.warm()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen()
    print("ready", flush=True)  # noqa: T201 - the protocol
    children: set[int] = set()
    with selectors.DefaultSelector() as either:
        either.register(listener, selectors.EVENT_READ)
        either.register(sys.stdin, selectors.EVENT_READ)
        while all(key.fileobj is listener for key, _ in either.select()):
            shell, _ = listener.accept()
            children.add(os.fork())
            if 0 in children:
                _run(shell)
            shell.close()
            children -= {child for child in children if os.waitpid(child, os.WNOHANG)[0]}


def _run(shell: socket.socket) -> None:
    """Be the command that a shell has asked for, and end."""
    order, streams, _, _ = socket.recv_fds(shell, _LONGEST_ORDER, 3)
    arguments, folder, variables = json.loads(order)
    code: Any = fork_server.CRASH
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(variables)
        from orgroot.cli import app  # noqa: PLC0415 - imported by the server before

        code = app.run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        shell.send(str(code).encode())
        os._exit(0)


if __name__ == "__main__":
    _serve(sys.argv[1])
