"""The detached sandbox from outside: start it, find it, stop it. Imports neither moto nor boto3.

A process is signalled only after its port has proved that it is the one this folder speaks of.
"""

import contextlib
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from orgroot.errors import UsageError

INFO = "sandbox.json"
CREDENTIALS = "credentials.json"
LOG = "sandbox.log"
_START_SECONDS = 120
_STOP_SECONDS = 20
_TAIL_LINES = 5


class UserCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """An access key of one of the sandbox's users; good for that sandbox only.

    Attributes:
        arn: the user.
        access_key_id: ``AKIA…``.
        secret_access_key: its secret.
    """

    arn: str
    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"UserCredentials({self.arn}, {self.access_key_id})"


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """``credentials.json``: the access keys of the users, by user name."""

    users: Mapping[str, UserCredentials]


class SandboxInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a sandbox's folder says of it.

    Attributes:
        endpoint: ``http://127.0.0.1:<port>``.
        region: the default Region.
        organization: its id.
        management_account: its id.
        pid: the server's process.
        port: the server's port.
        nonce: what the server answers at ``/_sandbox/identity``.
        users: the access keys of the people and of ``sandbox-administrator``.
        description: the whole of ``sandbox.json``.
    """

    endpoint: str
    region: str
    organization: str
    management_account: str
    pid: int
    port: int
    nonce: str
    users: Mapping[str, UserCredentials] = {}
    description: Mapping[str, Any] = {}


def read_info(folder: Path) -> SandboxInfo | None:
    """What the folder says of its sandbox, running or not; None where there is none.

    Raises:
        UsageError: the papers are there but cannot be read.
    """
    try:
        raw = (folder / INFO).read_bytes()
        secrets = msgspec.json.decode((folder / CREDENTIALS).read_bytes(), type=Secrets)
        description = msgspec.json.decode(raw, type=dict[str, Any])
        return msgspec.convert(
            {
                **description,
                "users": msgspec.to_builtins(secrets.users),
                "description": description,
            },
            SandboxInfo,
        )
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"{folder / INFO} cannot be read: {error}", hint="start anew in an empty folder"
        ) from error


def is_running(info: SandboxInfo) -> bool:
    """Whether this very sandbox answers at its port."""
    connection = http.client.HTTPConnection("127.0.0.1", info.port, timeout=5)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/_sandbox/identity")
            answer = json.load(connection.getresponse())
        except (OSError, ValueError, http.client.HTTPException):
            return False
    return bool(answer == {"nonce": info.nonce, "pid": info.pid})


def start_detached(
    folder: Path,
    *,
    accounts: int,
    seed: int,
    features_on: bool = True,
    port: int = 0,
    force: bool = False,
) -> SandboxInfo:
    """Start a sandbox in a process of its own; returns once it answers.

    Args:
        folder: where its papers go; made if absent.
        accounts: how many accounts ListAccounts shows.
        seed: the same one gives the same organization.
        features_on: trusted access and both features on, else off.
        port: on 127.0.0.1; 0 takes a free one.
        force: stop a sandbox that runs here first.

    Raises:
        UsageError: one is here already and ``force`` is not given, or it did not start.
    """
    if "MOTO_ACCOUNT_ID" in os.environ:
        raise UsageError(
            "the sandbox cannot start while MOTO_ACCOUNT_ID is set",
            hint="unset MOTO_ACCOUNT_ID and start it again",
        )
    if read_info(folder) is not None and not force:
        raise UsageError(
            f"there is a sandbox in {folder} already",
            hint="stop it with `orgroot sandbox down`, or give --force",
            code="sandbox-exists",
        )
    stop(folder)
    folder.mkdir(parents=True, exist_ok=True)
    reader, writer = os.pipe()
    try:
        options = ["--accounts", str(accounts), "--seed", str(seed), "--port", str(port)]
        _spawn(folder, writer, [*options, "--features", "on" if features_on else "off"])
        ready = _wait(reader)
    finally:
        os.close(reader)
    info = read_info(folder) if ready else None
    if info is None:
        tail = (folder / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
        why = " ".join(tail[-_TAIL_LINES:]) or "it said nothing"
        raise UsageError(f"the sandbox did not start: {why}", hint=f"see {folder / LOG}")
    return info


def _spawn(folder: Path, writer: int, options: list[str]) -> None:
    command = [sys.executable, "-m", "orgroot.sandbox.server", "--dir", str(folder)]
    command += [*options, "--ready-fd", str(writer)]
    try:
        with (folder / LOG).open("ab") as log:
            # The child forks once more and ends at once, so that nobody is left to wait for it.
            subprocess.run(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(writer,),
                start_new_session=True,
                check=False,
            )
    finally:
        os.close(writer)


def _wait(reader: int) -> bool:
    """Whether the child said that it is ready; its end without a word closes the pipe."""
    readable, _, _ = select.select([reader], [], [], _START_SECONDS)
    return bool(readable) and os.read(reader, 5) == b"ready"


def stop(folder: Path) -> bool:
    """Stop the folder's sandbox and take its papers away; whether one was running.

    Raises:
        UsageError: it was told to end and did not.
    """
    info = read_info(folder)
    if info is None:
        return False
    running = is_running(info)
    if running:
        _end(info)
    for name in (INFO, CREDENTIALS):
        (folder / name).unlink(missing_ok=True)
    return running


def _end(info: SandboxInfo) -> None:
    with socket.create_connection(("127.0.0.1", info.port), timeout=_STOP_SECONDS) as connection:
        os.kill(info.pid, signal.SIGTERM)
        try:
            # The kernel closes the connection when the process ends, and not before.
            connection.recv(1)
        except ConnectionError:
            return
        except TimeoutError as error:
            raise UsageError(
                f"the sandbox (process {info.pid}) does not end", hint=f"kill {info.pid}"
            ) from error
