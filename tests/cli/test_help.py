"""Every command explains itself."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from orgroot import __version__
from tests.e2e.playground import Done, Playground

COMMANDS = (
    "",
    "init",
    "whoami",
    "status",
    "enable",
    "disable",
    "inventory",
    "credentials",
    "credentials remove",
    "inspect",
    "inspect bucket",
    "unlock-bucket",
    "request",
    "request list",
    "request show",
    "request cancel",
    "approve",
    "deny",
    "revoke",
    "break-glass",
    "break-glass unlock-bucket",
    "break-glass credentials",
    "break-glass credentials remove",
    "review",
    "approval",
    "approval prepare",
    "approval attach",
    "execute",
    "runner",
    "recover",
    "reconcile",
    "rules",
    "rules check",
    "rules propose",
    "rules sign",
    "rules publish",
    "rules proposals",
    "rules key-revoke",
    "trust",
    "trust show",
    "trust propose",
    "trust sign",
    "trust publish",
    "scp",
    "scp plan",
    "scp apply",
    "scp lint",
    "drift",
    "log",
    "log init",
    "log show",
    "log verify",
    "log export",
    "session",
    "session request",
    "session exec",
    "session env",
    "session credential-process",
    "sandbox",
    "sandbox up",
    "sandbox down",
    "sandbox env",
    "demo",
)
CHANGING = (
    *("enable", "disable", "credentials remove", "unlock-bucket", "scp apply"),
    "session request",
    *("break-glass unlock-bucket", "break-glass credentials remove"),
)
SIGNING = (
    *CHANGING,
    *("approve", "deny", "revoke", "review", "request cancel"),
    *("execute", "runner", "recover", "reconcile", "rules publish", "log init", "init"),
    *("rules sign", "rules key-revoke", "trust sign"),
)
HANDING_OUT = ("session exec", "session env", "session credential-process")
RESULTS = (
    *SIGNING,
    *("whoami", "status", "inventory", "inspect bucket", "request list", "request show"),
    "approval attach",
    *("rules proposals", "rules propose", "trust show", "trust propose", "trust publish"),
    *("rules check", "scp plan", "scp lint", "drift", "log show", "log verify", "log export"),
)
SELECTING = ("inventory", "credentials remove", "break-glass credentials remove")


@pytest.fixture
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Playground:
    """A home folder with nothing in it, and no sandbox."""
    return Playground(tmp_path_factory.mktemp("nowhere"))


def help_of(nowhere: Playground, command: str) -> Done:
    """What `--help` prints, wide enough not to be cut."""
    return nowhere.run(None, *command.split(), "--help", env={"COLUMNS": "200"})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(nowhere: Playground, command: str) -> None:
    """`--help` is exit 0 without a configuration, and says in words what the command does."""
    done = help_of(nowhere, command)
    assert done.code == 0
    assert done.err == ""
    lines = [line.strip() for line in done.out.splitlines() if line.strip()]
    assert lines[0].startswith(f"Usage: orgroot {command}".strip())
    assert re.match(r"[A-Z][^.]{8,}", lines[1]), done.out
    assert done.out == nowhere.run(None, *command.split(), "-h", env={"COLUMNS": "200"}).out


def test_the_root_help_explains_the_exit_codes(nowhere: Playground) -> None:
    """The exit codes stand where a user of the command line looks first."""
    text = " ".join(help_of(nowhere, "").out.split())
    meanings = (
        *("0 done", "2 usage", "3 refused", "4 integrity", "5 log unavailable", "6 findings"),
        *("7 outcome unknown", "8 AWS refused", "9 incomplete", "10 waiting for approvals"),
    )
    for meaning in meanings:
        assert meaning in text


def test_the_root_help_names_every_command(nowhere: Playground) -> None:
    """Nothing is hidden, and nothing is there that this test does not know."""
    text = help_of(nowhere, "").out
    commands = text.split("\nCommands:\n")[1].split("\n\n")[0].splitlines()
    shown = {line.split()[0] for line in commands}
    assert shown == {command.split()[0] for command in COMMANDS if command}


@pytest.mark.parametrize("command", CHANGING)
def test_what_changes_something_can_be_tried_dry(nowhere: Playground, command: str) -> None:
    """Every command that changes AWS takes `--dry-run`, `--reason`, `--ticket` and `--wait`."""
    text = help_of(nowhere, command).out
    for option in ("--dry-run", "--reason", "--ticket", "--wait", "--wait-for"):
        assert f"{option} " in text


@pytest.mark.parametrize(
    "command",
    [
        *("inventory", "inspect bucket", "unlock-bucket", "session request", "credentials remove"),
        *("break-glass unlock-bucket", "break-glass credentials remove"),
    ],
)
def test_what_opens_root_sessions_takes_their_length(nowhere: Playground, command: str) -> None:
    """`--duration`, and all else that a request takes, for a look may need approvals too."""
    text = help_of(nowhere, command).out
    for option in ("--duration", "--reason", "--ticket", "--wait", "--wait-for", "--yes"):
        assert f"{option} " in text, option


@pytest.mark.parametrize("command", ["execute", "runner", "reconcile", "log move"])
def test_what_carries_out_can_be_tried_dry(nowhere: Playground, command: str) -> None:
    """So can what does, or writes down, what others asked for."""
    assert "--dry-run " in help_of(nowhere, command).out


@pytest.mark.parametrize("command", [*SIGNING, *HANDING_OUT])
def test_what_is_signed_can_be_confirmed_by_a_flag(nowhere: Playground, command: str) -> None:
    """`--yes` is accepted wherever a statement is signed, and `--key` names the key."""
    text = help_of(nowhere, command).out
    assert "--yes" in text
    assert "--key" in text


@pytest.mark.parametrize("command", RESULTS)
def test_results_have_three_forms(nowhere: Playground, command: str) -> None:
    """Every command with a result takes `-o text|json|csv`."""
    text = help_of(nowhere, command).out
    assert re.search(r"-o, --output", text)
    assert "text|json|csv" in text


@pytest.mark.parametrize("command", SELECTING)
def test_accounts_are_selected_everywhere_alike(nowhere: Playground, command: str) -> None:
    """Commands over accounts share their selection."""
    text = help_of(nowhere, command).out
    for option in ("--all", "--ou", "--tag", "--exclude", "--limit"):
        assert f"{option} " in text


def test_no_help_shows_a_parser_s_inside(nowhere: Playground) -> None:
    """No reStructuredText, `Args:` or `Raises:` of the source gets into a help text."""
    for command in COMMANDS:
        text = help_of(nowhere, command).out
        for sign in ("Args:", "Raises:", "Returns:", "``", "None]"):
            assert sign not in text, (command, sign)


def test_the_version_is_shown(nowhere: Playground) -> None:
    """`--version` prints the version on stdout and needs nothing else."""
    done = nowhere.run(None, "--version")
    assert (done.code, done.out, done.err) == (0, f"orgroot {__version__}\n", "")


def test_nothing_typed_shows_help(nowhere: Playground) -> None:
    """Without a command the help is shown, and the exit code is that of wrong usage."""
    done = nowhere.run(None)
    assert done.code == 2
    assert "Usage: orgroot" in done.out + done.err


def test_a_group_alone_is_wrong_usage(nowhere: Playground) -> None:
    """Every group without a command shows its help on stderr and ends with 2, break-glass too."""
    for group in ("scp", "log", "break-glass", "break-glass credentials"):
        done = nowhere.run(None, *group.split())
        assert (done.code, done.out) == (2, ""), group
        assert f"Usage: orgroot {group}" in done.err


def test_who_reads_no_further_changes_no_exit_code(tmp_path: Path) -> None:
    """With `| head` the findings are findings still, and nothing is said of a pipe."""
    (tmp_path / "bad.json").write_text("{")
    program = Path(sys.executable).with_name("orgroot")
    command = f"'{program}' scp lint bad.json -o json | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (6, "")
