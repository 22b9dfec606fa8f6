"""Real orgroot processes, cheaply: a process that has everything imported forks one per command.

A child may be hurt at its n-th point: a new file or folder, a write, fsync, link, rename, unlink,
or a call to AWS. Points are found by counting. Only this script wraps anything: orgroot itself has
no hook. It reads one JSON order per line and answers each with one line.
"""

import contextlib
import errno
import functools
import gc
import importlib
import io
import json
import os
import pkgutil
import re
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from tests.warm import keep

CRASH = 99
"""The exit code of a child that raised what orgroot never lets out."""

PARTS = ("core", "workflows", "aws", "local", "report", "cli")
SERVICES = ("sts", "iam", "organizations", "s3", "cloudtrail", "account")
_RANDOM = re.compile(
    r"(?<=\.new-)[0-9a-f]+|(?<=orgroot-)\w+|(?<=command-)\w+|[0-9a-f]{32,}|(?<=oex_)[a-z2-7]+"
)


class Harm:
    """What befalls a child at its points, and the list of those that it came by.

    Args:
        how: `kill`, `stop`, `bug`, an errno's name such as `ENOSPC`, or empty.
        at: the point, from 1; 0: never.
        lasting: the errno is raised at every later file point too: the disk stays full.
        folder: what paths are shown relative to.
    """

    def __init__(self, *, how: str = "", at: int = 0, lasting: bool = False, folder: str) -> None:
        self._how = how
        self._at = at
        self._lasting = lasting
        self._folder = folder
        self._lock = threading.RLock()
        self.points: list[str] = []

    def point(self, kind: str, name: str, half: Callable[[], object] = lambda: None) -> None:
        """A point is reached; `half` does half of a write before the child is hurt in it."""
        with self._lock:
            self.points.append(f"{kind} {self._shown(name)}")
            here = len(self.points)
            if here != self._at and not (self._lasting and here > self._at > 0):
                return
            if self._how == "stop":
                os.kill(os.getpid(), signal.SIGSTOP)
                return
            if self._how == "kill":
                half()
                os.kill(os.getpid(), signal.SIGKILL)
            if self._how == "bug":
                raise LookupError(f"a bug at {name}")
            if kind != "aws":
                half()
                number = getattr(errno, self._how)
                raise OSError(number, os.strerror(number))

    def _shown(self, name: str) -> str:
        """A name without what differs from run to run; paths as they lie in the folder."""
        return _RANDOM.sub("*", os.path.relpath(name, self._folder) if name[:1] == "/" else name)


class _File:
    """A file opened for writing, each of whose writes is a point."""

    def __init__(self, file: Any, harm: Harm) -> None:
        self._file = file
        self._harm = harm

    def write(self, data: bytes) -> int:
        """Write all of it, or be hurt in the middle."""

        def half() -> None:
            self._file.write(data[: len(data) // 2])
            self._file.flush()

        self._harm.point("write", _path_of(self._file.fileno()), half)
        return int(self._file.write(data))

    def __enter__(self) -> Self:
        self._file.__enter__()
        return self

    def __exit__(self, *error: object) -> Any:
        return self._file.__exit__(*error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _path_of(descriptor: int) -> str:
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    return "?"


def _full(path: Any, dir_fd: int | None) -> str:
    text = os.fspath(path)
    return text if dir_fd is None else os.path.join(_path_of(dir_fd), text)  # noqa: PTH118 - beside a descriptor


def wrap(harm: Harm) -> None:
    """Make points of what this process does to files and to AWS, from here on."""
    import botocore.httpsession  # noqa: PLC0415 - loaded by the server before

    open_, fdopen, fsync = os.open, os.fdopen, os.fsync

    def opening(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT:
            harm.point("new", _full(path, dir_fd))
        return open_(path, flags, mode, dir_fd=dir_fd)

    def fdopening(descriptor: int, mode: str = "r", *args: Any, **options: Any) -> Any:
        file = fdopen(descriptor, mode, *args, **options)
        return _File(file, harm) if mode == "wb" else file

    def syncing(descriptor: int) -> None:
        harm.point("fsync", _path_of(descriptor))
        fsync(descriptor)

    os.open, os.fdopen, os.fsync = opening, fdopening, syncing  # type: ignore[assignment]
    for name in ("link", "unlink", "mkdir", "replace", "rename", "rmdir"):
        setattr(os, name, _pointed(harm, name, getattr(os, name)))
    send = botocore.httpsession.URLLib3Session.send

    def sending(self: Any, request: Any) -> Any:
        headers = request.headers
        harm.point("aws", _operation(request.method, request.url, headers, request.body))
        return send(self, request)

    botocore.httpsession.URLLib3Session.send = sending  # type: ignore[method-assign]


def _pointed(harm: Harm, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def pointed(path: Any, *args: Any, **options: Any) -> Any:
        dir_fd = options.get("dir_fd", options.get("src_dir_fd"))
        target = args[0] if name in {"link", "replace", "rename"} and args else path
        harm.point(name, _full(target, dir_fd))
        return call(path, *args, **options)

    return pointed


def _operation(method: str, url: str, headers: Mapping[str, Any], body: Any) -> str:
    """What an AWS request asks for: an operation, or a method and a path."""
    target = headers.get("X-Amz-Target")
    if target is not None:
        return str(target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    action = re.search(r"Action=(\w+)", text)
    return action[1] if action else method + re.sub(r"https?://[^/]+", " ", url)


def child(order: Mapping[str, Any]) -> int:
    """Run one command line; its exit code."""
    folder = Path(order["folder"])
    os.environ.clear()
    os.environ.update(order["env"])
    for number, name in ((1, "out"), (2, "err")):
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    from orgroot.cli import app  # noqa: PLC0415 - imported by the server before

    with open(folder / "points", "w", encoding="utf-8") as report:  # noqa: PTH123 - before the wrapping
        harm = Harm(folder=order["shown"], **order["harm"])
        wrap(harm)
        try:
            return app.run(list(order["argv"]))
        finally:
            report.write("\n".join(harm.points))
            report.flush()
            sys.stdout.flush()
            sys.stderr.flush()


def warm() -> None:
    """Import everything, and read AWS's models once for all children."""
    import botocore.session  # noqa: PLC0415

    import orgroot  # noqa: PLC0415

    for part in PARTS:
        folder = str(Path(orgroot.__file__).parent / part)
        for module in pkgutil.iter_modules([folder], f"orgroot.{part}."):
            importlib.import_module(module.name)
    from orgroot.cli import app  # noqa: PLC0415

    keep(pytest.MonkeyPatch())  # as long as this process lives
    session = botocore.session.Session()
    for service in SERVICES:
        session.create_client(
            service,
            region_name="eu-west-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )
    with contextlib.redirect_stdout(io.StringIO()):
        app.run(["log", "verify", "--help"])  # builds the command line once
    gc.collect()
    gc.freeze()
    gc.disable()  # no child lives long


def read_ahead(variables: Mapping[str, str]) -> None:
    """Have the configuration's text parsed once for all children that read it."""
    from orgroot.errors import OrgrootError  # noqa: PLC0415
    from orgroot.local.yaml_file import load_yaml  # noqa: PLC0415

    with contextlib.suppress(OrgrootError):
        load_yaml(Path(variables.get("ORGROOT_CONFIG", "")))


def serve() -> None:
    """Answer orders until the end of the input."""
    warm()
    print("ready", flush=True)  # noqa: T201 - the protocol
    for line in sys.stdin:
        order = json.loads(line)
        answer: int
        if "wait" in order:
            _, status = os.waitpid(order["wait"], os.WUNTRACED)
            answer = -os.WSTOPSIG(status) if os.WIFSTOPPED(status) else _code(status)
        else:
            read_ahead(order["env"])
            answer = os.fork()
            if answer == 0:
                code = CRASH
                try:
                    code = child(order)
                finally:
                    os._exit(code)
        print(json.dumps(answer), flush=True)  # noqa: T201 - the protocol


def _code(status: int) -> int:
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    serve()
