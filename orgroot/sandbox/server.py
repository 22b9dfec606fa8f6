"""Waitress around the front: in a thread for tests, or as the process that the CLI starts.

It listens on 127.0.0.1 only.
"""

import argparse
import json
import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config
from waitress import server as waitress_server
from waitress import wasyncore

from orgroot.core.ids import AccountId
from orgroot.errors import OrgrootError
from orgroot.sandbox import provision, seed
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.data_plane import ADMINISTRATOR_ACCESS
from orgroot.sandbox.front import Front
from orgroot.sandbox.furnishing import furnish
from orgroot.sandbox.log_views import FolderView
from orgroot.sandbox.people import write_keys
from orgroot.sandbox.process import CREDENTIALS, INFO
from orgroot.sandbox.provision import UserKey

THREADS = 8
HOST = "127.0.0.1"


class SandboxServer:
    """A front behind a port of this machine, running while the context is open.

    Attributes:
        front: what answers.
        endpoint: its address, ``http://127.0.0.1:<port>``.
        port: its port.
    """

    def __init__(self, front: Front, *, port: int = 0) -> None:
        self.front = front
        # It would warn whenever a request waits a moment for a thread.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        front.control.nonce = secrets.token_hex(16)
        server: Any = waitress_server
        self._server = server.create_server(
            front,
            host=HOST,
            port=port,
            threads=THREADS,
            ident="orgroot-sandbox",
            connection_limit=1000,
            channel_timeout=60,
            clear_untrusted_proxy_headers=False,
        )
        self.port = int(self._server.effective_port)
        self.endpoint = f"http://{HOST}:{self.port}"
        self._thread = threading.Thread(target=self._server.run, daemon=True, name="sandbox")
        self._administrators: dict[AccountId, UserKey] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering and close every connection."""
        self._server.task_dispatcher.shutdown()
        pulled = threading.Event()

        def end() -> None:
            # An earlier pull may have woken the loop; this one must write before its pipe closes.
            pulled.wait()
            loop: Any = wasyncore
            loop.close_all(self._server._map, ignore_all=True)  # noqa: SLF001 - it has no other name

        # In the loop's own thread: closing its sockets from here would race with it.
        self._server.trigger.pull_trigger(end)
        pulled.set()
        self._thread.join(timeout=5)

    def run(self) -> None:
        """Answer in this thread until the process is told to end."""
        self._server.run()

    def administrator(self, account: AccountId) -> UserKey:
        """An administrator (IAM user) of an account, made at first use."""
        if account not in self._administrators:
            self._administrators[account] = provision.add_user(
                self.front.data_plane,
                account,
                "administrator",
                {"AdministratorAccess": ADMINISTRATOR_ACCESS},
            )
        return self._administrators[account]

    def client(
        self,
        service: str,
        key: UserKey | dict[str, str],
        *,
        region: str = "eu-west-1",
        proxied: bool = False,
        config: Config | None = None,
    ) -> Any:
        """A boto3 client of this server.

        Args:
            service: boto3's name of the service.
            key: a user's key, or the ``Credentials`` that STS answered.
            region: the Region.
            proxied: speak to true host names through the sandbox as an HTTP proxy.
            config: further botocore configuration.
        """
        options = Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            read_timeout=30,
            connect_timeout=5,
        )
        if config is not None:
            options = options.merge(config)
        where: dict[str, Any] = {"endpoint_url": self.endpoint}
        if proxied:
            where = {"use_ssl": False}
            options = options.merge(Config(proxies={"http": self.endpoint}))
        return _session().client(
            service, region_name=region, config=options, **where, **_credentials(key)
        )


@lru_cache(maxsize=1)
def _session() -> Any:
    # One for the process: each new session would read the service models from disk again.
    return boto3.Session()


def _credentials(key: UserKey | dict[str, str]) -> dict[str, str]:
    if isinstance(key, UserKey):
        return {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret}
    return {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
        "aws_session_token": key["SessionToken"],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a seeded organization until SIGTERM; see ``orgroot sandbox up``."""
    options = _options().parse_args(arguments)
    if options.ready_fd is not None and os.fork():
        return 0
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, _end)
    folder = Path(options.dir)
    try:
        _serve(folder, options)
    except OrgrootError as error:
        logging.getLogger("sandbox").error("%s (%s)", error.message, error.hint)  # noqa: TRY400 - told in one line
        return error.exit_code
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orgroot.sandbox.server", description=main.__doc__
    )
    parser.add_argument("--dir", required=True, help="where sandbox.json, keys/ and the log go")
    parser.add_argument("--accounts", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--features", choices=("on", "off"), default="on")
    parser.add_argument("--ready-fd", type=int, help="detach, and say ready on this pipe")
    return parser


def _serve(folder: Path, options: argparse.Namespace) -> None:
    clock = SandboxClock()
    world = seed.build(
        accounts=options.accounts,
        seed=options.seed,
        features_on=options.features == "on",
        clock=clock,
    )
    front = Front(world.organization, clock)
    keys = furnish(world, front.data_plane)
    write_keys(world.people, folder / "keys")
    log = FolderView(folder / "log")
    front.witness.watch(log, frozenset(person.user_arn for person in world.people))
    server = SandboxServer(front, port=options.port)
    papers = {
        "users": {
            name: {
                "arn": key.arn,
                "access_key_id": key.access_key_id,
                "secret_access_key": key.secret,
            }
            for name, key in keys.items()
        }
    }
    _write(folder / CREDENTIALS, papers, 0o600)
    described = {
        **world.description(server.endpoint),
        "pid": os.getpid(),
        "port": server.port,
        "nonce": front.control.nonce,
    }
    _write(folder / INFO, described, 0o644)
    logging.getLogger("sandbox").info("answers at %s; this is not AWS", server.endpoint)
    if options.ready_fd is not None:
        os.write(options.ready_fd, b"ready")
        os.close(options.ready_fd)
    server.run()


def _write(path: Path, body: Mapping[str, Any], mode: int) -> None:
    """Put a JSON file in its place at once, never half written."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(body, file, indent=2)
        file.write("\n")
    draft.replace(path)


def _end(number: int, frame: object) -> None:
    del number, frame
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
