"""Whose log it is: every command that reads one asks, at its first use on a machine and later."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from orgroot.cli.app import app
from tests.e2e.playground import Playground
from tests.e2e.test_threats_sessions import log_of_aws

REQUEST, PROPOSAL = "orq_" + "a" * 26, "opr_" + "a" * 26
WHY = ("--reason", "a drill")
NO_LOG = frozenset(
    {
        *("init", "log init", "demo", "sandbox up", "sandbox down", "sandbox env"),
        *("scp lint", "drift render", "monitor snippet", "tasks", "runbook list", "runbook show"),
    }
)
"""Commands that read no log; `init` and `log init` create one, and pin it."""

READS = {
    "whoami": (),
    "status": (),
    "enable": (*WHY, "--dry-run"),
    "disable": (*WHY, "--dry-run"),
    "inventory": ("ACCOUNT", "--dry-run"),
    "credentials remove": ("ACCOUNT", *WHY, "--dry-run"),
    "unlock-bucket": ("a-bucket", "--account", "ACCOUNT", "--mode", "delete", *WHY, "--dry-run"),
    "break-glass unlock-bucket": (
        *("a-bucket", "--account", "ACCOUNT", "--mode", "delete", *WHY, "--dry-run"),
    ),
    "break-glass credentials remove": ("ACCOUNT", *WHY, "--dry-run"),
    "session request": (
        *("--account", "ACCOUNT", "--task-policy", "S3UnlockBucketPolicy", *WHY, "--dry-run"),
    ),
    "scp plan": (),
    "scp apply": (*WHY, "--dry-run"),
    "scp adopt": ("no-such-scp", *WHY, "--dry-run"),
    "scp rollback": (REQUEST, *WHY, "--dry-run"),
    "scp check": (),
    "reconcile": ("--dry-run",),
    "request list": (),
    "request show": (REQUEST,),
    "approval prepare": (REQUEST, "--as", "bob"),
    "approval attach": ("FILE", "FILE"),
    "rules check": (),
    "rules show": (),
    "rules propose": ("--dry-run",),
    "rules proposals": (),
    "trust show": (),
    "trust propose": ("CONFIG", "--dry-run"),
    "trust publish": (PROPOSAL, "--yes"),
    "log show": (),
    "log verify": (),
    "log export": ("--format", "jsonl"),
    "log move": ("file:///nowhere/at/all", "--dry-run"),
}
"""Commands that sign nothing here, and what they are given."""

SIGNS = {
    "drift": (),
    "inspect bucket": ("a-bucket", "--account", "ACCOUNT"),
    "request cancel": (REQUEST, "--yes"),
    "approve": (REQUEST, "--yes"),
    "deny": (REQUEST, "--yes"),
    "revoke": (REQUEST, "--yes"),
    "review": (REQUEST, "--yes"),
    "execute": (REQUEST, "--yes"),
    "session exec": (REQUEST, "--yes", "--", "true"),
    "session env": (REQUEST, "--yes"),
    "session credential-process": (REQUEST, "--yes"),
    "runner": ("--yes",),
    "recover": ("--yes",),
    "rules sign": (PROPOSAL, "--as", "dana", "--yes"),
    "rules publish": ("--as", "dana", "--yes"),
    "rules key-revoke": ("bob", "--as", "dana", "--fingerprint", "SHA256:x", *WHY, "--yes"),
    "trust sign": (PROPOSAL, "--as", "dana", "--yes"),
    "log ack": ("ACCOUNT", "--as", "dana", *WHY, "--yes"),
}
"""Commands that sign, and what they are given: nothing of it is there, so nothing is done."""

ON_THE_LOG_ALONE = ("approve", "deny", "revoke", "review", "request cancel", "rules key-revoke")
"""They sign without AWS, so that a log that was made for AWS can be tried with them."""


def leaves(command: Any, name: str = "") -> Iterator[str]:
    """Every command below one, by its whole name."""
    below = getattr(command, "commands", {})
    for part, child in below.items():
        yield from leaves(child, f"{name} {part}".strip())
    if not below:
        yield name


def given(place: Playground, command: str, tmp_path: Path) -> tuple[str, ...]:
    """What is typed."""
    file = tmp_path / "file"
    file.write_text("{}\n", encoding="ascii")
    stands_for = {
        "ACCOUNT": place.account("network"),
        "FILE": str(file),
        "CONFIG": str(place.folder / "config.yaml"),
    }
    typed = (*command.split(), *{**READS, **SIGNS}[command])
    return tuple(stands_for.get(word, word) for word in typed)


def pinned(state: Path) -> bool:
    """Whether a machine has pinned a trust."""
    return any((state / "pins").glob("*.json"))


def test_every_command_is_listed() -> None:
    """A new command says whether it reads a log, and is tried below."""
    names = set(leaves(typer.main.get_command(app)))
    assert names - NO_LOG == {*READS, *SIGNS} & names, names - NO_LOG - {*READS, *SIGNS}


@pytest.mark.parametrize("command", [*READS, *SIGNS])
def test_first_use(place: Playground, tmp_path: Path, command: str) -> None:
    """On a new machine it says that a cut tail would not show; only who signs pins the trust."""
    env = {"ORGROOT_STATE_DIR": str(tmp_path / "state"), "ORGROOT_KEY": ""}
    done = place.run("alice", *given(place, command, tmp_path), env=env)
    assert "has no memory of log" in done.err, done.err
    assert pinned(tmp_path / "state") is (command in SIGNS)
    again = place.run("alice", *given(place, command, tmp_path), env=env)
    assert "has no memory of log" not in again.err


@pytest.mark.parametrize("command", [*READS, *SIGNS])
def test_another_trust_than_the_known_one(place: Playground, tmp_path: Path, command: str) -> None:
    """A machine that trusts other owners for this organization works with no other log: exit 4."""
    shutil.copytree(place.folder / "state" / "alice", tmp_path / "state")
    (pin,) = (tmp_path / "state" / "pins").glob("*.json")
    known = json.loads(pin.read_bytes()) | {"trust_sha256": "0" * 64}
    pin.write_text(json.dumps(known, sort_keys=True, separators=(",", ":")) + "\n")
    env = {"ORGROOT_STATE_DIR": str(tmp_path / "state")}
    place.refused("alice", 4, *given(place, command, tmp_path), env=env)


@pytest.fixture(scope="module")
def of_aws(place: Playground) -> str:
    """The configuration of a log that was made for AWS itself."""
    return log_of_aws(place)


@pytest.mark.parametrize("command", ON_THE_LOG_ALONE)
def test_yes_never_pins_a_log_of_aws(
    place: Playground, of_aws: str, tmp_path: Path, command: str
) -> None:
    """Without a terminal the first use is exit 2, and vouched for by a receipt alone."""
    env = {"ORGROOT_STATE_DIR": str(tmp_path / "state")}
    typed = ("--config", of_aws, *given(place, command, tmp_path))
    done = place.refused("alice", 2, *typed, env=env)
    assert "has not used the log 0123456789abcdef before" in done.err
    assert not pinned(tmp_path / "state")
    known = {"ORGROOT_STATE_DIR": str(place.folder / "state-aws")}
    receipt = place.ok("alice", "--config", of_aws, "log", "verify", env=known)["receipt"]
    wrong = f"{receipt[:-4]}0000"
    place.refused("alice", 4, "--expect-head", wrong, *typed, env=env)
    assert not pinned(tmp_path / "state")
    done = place.run("alice", "--expect-head", receipt, *typed, env=env)
    assert "pinned on this machine" in done.err
    assert "has no memory of log" not in done.err
    assert pinned(tmp_path / "state")
