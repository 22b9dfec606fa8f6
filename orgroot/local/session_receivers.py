"""Who is given a root session on this machine: a program's environment, or standard output.

The secrets go there and nowhere else: never into an argument, a file, or a line of the log.
"""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Literal

from orgroot.core.secrets import RootSession
from orgroot.core.statements import timestamp
from orgroot.errors import UsageError

_OTHER_CREDENTIALS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
"""What else an AWS SDK takes credentials from: a program has the session, or nothing."""

_PASSED_ON = (signal.SIGTERM, signal.SIGHUP)
_SIGNALLED = 128


class Program:
    """A program that runs with the session in its environment."""

    form = "exec"

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], region: str) -> None:
        found = shutil.which(command[0], path=environ.get("PATH", os.defpath))
        if found is None:
            raise UsageError(
                f"{command[0]} was not found in PATH", hint="nothing was opened", code="no-program"
            )
        self._command = (str(Path(found).absolute()), *command[1:])
        self._environ = dict(environ)
        self._region = region
        self._process: subprocess.Popen[bytes] | None = None

    def receive(self, session: RootSession, seconds: float) -> None:
        """Run the program until it ends, or its session does.

        Raises:
            UsageError: it cannot be started.
        """
        with self._patient():
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the person's own command
                    self._command, env=self._with(session)
                )
            except OSError as error:
                raise UsageError(
                    f"{self._command[0]} cannot be started: {error.strerror}", code="no-program"
                ) from error
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(max(0.0, seconds))

    @property
    def running(self) -> bool:
        """It was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def wait(self) -> int:
        """Its exit code once it has ended, 128 and the signal's number where one ended it."""
        if self._process is None:
            return 0
        with self._patient():
            code = self._process.wait()
        return code if code >= 0 else _SIGNALLED - code

    def _with(self, session: RootSession) -> dict[str, str]:
        bare = {name: v for name, v in self._environ.items() if name not in _OTHER_CREDENTIALS}
        return bare | _variables(session, self._region)

    @contextlib.contextmanager
    def _patient(self) -> Iterator[None]:
        """While it runs: Ctrl-C is the program's business, and what asks us to end asks it."""

        def pass_on(number: int, _frame: FrameType | None) -> None:
            if self._process is not None:
                self._process.send_signal(number)

        def ignore(_number: int, _frame: FrameType | None) -> None:
            """Not SIG_IGN, which the program would inherit."""

        before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
        before |= {number: signal.signal(number, ignore) for number in _FROM_TERMINAL}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


_FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)


class Printer:
    """Standard output, for a shell (`env`) or an AWS SDK (`credential-process`) that reads it."""

    def __init__(self, form: Literal["env", "credential-process"], region: str) -> None:
        self.form: str = form
        self._region = region

    def receive(self, session: RootSession, seconds: float) -> None:
        """Print it.

        Raises:
            UsageError: nobody reads.
        """
        del seconds
        text = _exports(session, self._region) if self.form == "env" else _process_answer(session)
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            raise UsageError("nobody reads the output", code="output") from error


def _variables(session: RootSession, region: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key.reveal(),
        "AWS_SESSION_TOKEN": session.session_token.reveal(),
        "AWS_CREDENTIAL_EXPIRATION": timestamp(session.expires_at),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }


def _exports(session: RootSession, region: str) -> str:
    """Lines for a POSIX shell to evaluate."""
    lines = [f"unset {' '.join(_OTHER_CREDENTIALS)}"]
    lines += [f"export {n}={shlex.quote(v)}" for n, v in _variables(session, region).items()]
    return "\n".join(lines) + "\n"


def _process_answer(session: RootSession) -> str:
    """What AWS SDKs read ("Process credential provider", AWS SDKs and Tools reference guide).

    Without Expiration, for there is no second session under a request: an SDK that knew the end
    would ask again ten minutes before it, and stop there.
    """
    answer = {
        "Version": 1,
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key.reveal(),
        "SessionToken": session.session_token.reveal(),
    }
    return json.dumps(answer) + "\n"
