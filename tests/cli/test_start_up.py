"""Help, version and completion are instant: a real process of each loads nothing that is heavy."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from orgroot.cli import app
from tests.e2e.playground import FOREIGN

HEAVY = frozenset(
    {
        *("boto3", "botocore", "s3transfer", "urllib3"),
        *("cryptography", "msgspec", "yaml", "structlog", "rich"),
        *("moto", "flask", "flask_cors", "waitress", "werkzeug", "jinja2"),
    }
)
"""Packages that are slow to load, and of no use to who only asks what there is."""

COMPLETING = {
    "bash": {"COMP_WORDS": "orgroot unlock-bucket --mo", "COMP_CWORD": "2"},
    "zsh": {"_TYPER_COMPLETE_ARGS": "orgroot unlock-bucket --mo"},
    "fish": {
        "_TYPER_COMPLETE_ARGS": "orgroot unlock-bucket --mo",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    },
}
EVERY_HELP = """\
import contextlib, io, json, sys
from orgroot.cli import app
with contextlib.redirect_stdout(io.StringIO()):
    ends = [app.run([*words, "--help"]) for words in json.load(sys.stdin)]
print(json.dumps([ends, sorted(sys.modules)]))
"""


def commands(group: Any, *before: str) -> Iterator[tuple[str, ...]]:
    """The words of every command and group below this one, and none for the root command."""
    yield before
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, *before, name)


def bare(extra: Mapping[str, str]) -> dict[str, str]:
    """An environment with nobody's settings in it."""
    return {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)} | dict(extra)


def heavy(modules: list[str]) -> set[str]:
    """The heavy packages among these modules."""
    return {name.partition(".")[0] for name in modules} & HEAVY


def started(*arguments: str, env: Mapping[str, str] = {}, code: int = 0) -> tuple[str, set[str]]:
    """What a process of orgroot prints, and which heavy packages it loads on its way."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "orgroot", *arguments],
        env=bare(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code
    loaded = re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE)
    assert "orgroot.cli.app" in loaded
    return done.stdout, heavy(loaded)


def test_every_help_loads_nothing_heavy() -> None:
    """Help of every command there is, in one process: no package that only work needs is loaded."""
    words = list(commands(app._command()))
    assert ("unlock-bucket",) in words
    assert ("log", "verify") in words
    done = subprocess.run(
        [sys.executable, "-c", EVERY_HELP],
        input=json.dumps(words),
        env=bare({}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    ends, loaded = json.loads(done.stdout)
    assert ends == [0] * len(words)
    assert heavy(loaded) == set()


@pytest.mark.parametrize(
    ("asked", "answer"), [("--help", "Usage: orgroot"), ("--version", "orgroot ")]
)
def test_asking_what_it_is_loads_nothing_heavy(asked: str, answer: str) -> None:
    """The installed command's own process, from its start to its end."""
    out, loaded = started(asked)
    assert answer in out
    assert loaded == set()


@pytest.mark.parametrize("shell", COMPLETING)
def test_completion_loads_nothing_heavy(shell: str) -> None:
    """Every press of the tab key is a process; typer itself draws zsh's and fish's help by rich."""
    out, loaded = started(env={"_ORGROOT_COMPLETE": f"complete_{shell}"} | COMPLETING[shell])
    assert "--mode" in out
    assert loaded - {"rich"} == set()


def test_a_command_that_works_is_seen_to_load_them(tmp_path: Path) -> None:
    """The measure measures: a command that reads a configuration loads what it needs for that."""
    missing = str(tmp_path / "config.yaml")
    _, loaded = started("--config", missing, "status", code=2)
    assert {"cryptography", "msgspec", "yaml"} <= loaded
