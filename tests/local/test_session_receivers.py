"""Programs that are given a root session, and output that carries one."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orgroot.core.ids import AccountId
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secrets import RootSession, Secret
from orgroot.errors import UsageError
from orgroot.local.session_receivers import Printer, Program

SESSION = RootSession(
    account=AccountId("222222222222"),
    task_policy=TaskPolicy.UNLOCK_BUCKET,
    access_key_id="ASIAEXAMPLE",
    secret_access_key=Secret("it's secret"),
    session_token=Secret("token$(id)"),
    expires_at=datetime(2026, 11, 22, 12, 5, tzinfo=UTC),
    aws_request_id="",
)
OWN = {
    "AWS_PROFILE": "operator",
    "AWS_ACCESS_KEY_ID": "AKIAOPERATOR",
    "AWS_SECRET_ACCESS_KEY": "the operator's",
    "AWS_SECURITY_TOKEN": "the operator's",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/a/token",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "OTHER": "kept",
}
FOREVER = 3600.0
TELL = "import json, os; print(json.dumps(dict(os.environ)))"

IN_A_TERMINAL = """
import sys
sys.path[:0] = {paths!r}
from tests.local.test_session_receivers import SESSION, Program
import os
program = Program(sys.argv[1:], os.environ, "eu-west-1")
program.receive(SESSION, 3600)
print("code", program.wait(), flush=True)
"""


def python(*arguments: str, **env: str) -> Program:
    """A Python program."""
    environ = {"PATH": os.environ["PATH"], **env}
    return Program([sys.executable, *arguments], environ, "eu-west-1")


def test_a_program_has_the_session_and_no_other_credentials(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Three values and their Region; nothing of the operator's; all else as it was."""
    program = python("-c", TELL, **OWN)
    program.receive(SESSION, FOREVER)
    assert (program.wait(), program.running) == (0, False)
    found = json.loads(capfd.readouterr().out)
    aws = {name: value for name, value in found.items() if name.startswith("AWS_")}
    assert aws == {
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "it's secret",
        "AWS_SESSION_TOKEN": "token$(id)",
        "AWS_CREDENTIAL_EXPIRATION": "2026-11-22T12:05:00Z",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }
    assert found["OTHER"] == "kept"


def test_the_exit_code_is_the_programs() -> None:
    """Its number, or 128 and the signal that ended it."""
    for source, code in (
        ("raise SystemExit(5)", 5),
        ("import os; os.kill(os.getpid(), 9)", 128 + 9),
    ):
        program = python("-c", source)
        program.receive(SESSION, FOREVER)
        assert program.wait() == code


def test_a_program_outlives_its_session() -> None:
    """When the session ends, the program is let go and waited for."""
    program = python("-c", "input()", PYTHONUNBUFFERED="1")
    read, write = os.pipe()
    before = os.dup(0)
    os.dup2(read, 0)
    try:
        program.receive(SESSION, 0.0)
    finally:
        os.dup2(before, 0)
    assert program.running
    os.write(write, b"\n")
    assert program.wait() == 0
    for each in (read, write, before):
        os.close(each)


def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    """A name that is not in PATH is refused at once; a broken program when it should run."""
    with pytest.raises(UsageError, match="no-such-program was not found in PATH"):
        Program(["no-such-program"], os.environ, "eu-west-1")
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o700)
    program = Program([str(broken)], os.environ, "eu-west-1")
    with pytest.raises(UsageError, match="cannot be started"):
        program.receive(SESSION, FOREVER)
    assert (program.running, program.wait()) == (False, 0)


@pytest.mark.parametrize(
    ("sent", "source", "code"),
    [
        (signal.SIGTERM, "import signal; print(flush=True); signal.pause()", 128 + 15),
        (
            signal.SIGINT,
            "import sys\nprint(flush=True)\nsys.stdin.readline()\nraise SystemExit(3)",
            3,
        ),
    ],
)
def test_signals_are_the_programs_business(sent: signal.Signals, source: str, code: int) -> None:
    """What asks us to end asks the program; Ctrl-C goes to it anyway, and does not end us."""
    paths = [str(Path(__file__).parent.parent.parent)]
    paths.append(f"{paths[0]}/tests")
    command = [sys.executable, "-c", IN_A_TERMINAL.format(paths=paths)]
    with subprocess.Popen(
        [*command, sys.executable, "-c", source],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the program runs
        process.send_signal(sent)
        out, _ = process.communicate("\n", timeout=30)
    assert (out, process.returncode) == (f"code {code}\n", 0)


def test_lines_for_a_shell_are_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    """A shell that evaluates them has the session, and nothing in it is a command."""
    Printer("env", "eu-west-1").receive(SESSION, FOREVER)
    printed = capsys.readouterr().out
    told = subprocess.run(
        ["sh", "-c", f'{printed}exec "$0" -c "$1"', sys.executable, TELL],
        env={"PATH": os.environ["PATH"], **OWN},
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(told.stdout)
    assert found["AWS_SECRET_ACCESS_KEY"] == "it's secret"
    assert found["AWS_SESSION_TOKEN"] == "token$(id)"
    assert found["AWS_REGION"] == "eu-west-1"
    assert not {"AWS_PROFILE", "AWS_SECURITY_TOKEN"} & set(found)


def test_an_sdk_reads_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object with the keys that AWS documents; no end that an SDK would renew before."""
    Printer("credential-process", "eu-west-1").receive(SESSION, FOREVER)
    assert json.loads(capsys.readouterr().out) == {
        "Version": 1,
        "AccessKeyId": "ASIAEXAMPLE",
        "SecretAccessKey": "it's secret",
        "SessionToken": "token$(id)",
    }


def test_output_that_nobody_reads_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed pipe is no success: nobody got the session."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", buffering=1) as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        with pytest.raises(UsageError, match="nobody reads"):
            Printer("env", "eu-west-1").receive(SESSION, FOREVER)
        monkeypatch.undo()
        null = os.open(os.devnull, os.O_WRONLY)  # else closing it would complain again
        os.dup2(null, write)
        os.close(null)
