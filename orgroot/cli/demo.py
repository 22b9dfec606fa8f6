"""`orgroot demo`: the whole story against a sandbox, told by real commands and their real output.

Every command runs as a process of its own, as a person would type it. An exit code other than the
expected one fails the demo.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from orgroot.cli.sandbox import person_environment, require_sandbox_extra
from orgroot.errors import OrgrootError

_REQUEST = re.compile(r"^request: +(orq_[a-z2-7]{26})$", re.MULTILINE)
_TIME = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_PENDING = re.compile(r"^state: +PENDING$", re.MULTILINE)
_REASON = "--reason"
ACCOUNTS = 25
SEED = 7


def register(app: typer.Typer) -> None:
    """Add this command to the root command."""
    app.command()(demo)


def demo(
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Leave the sandbox running there, to play on."),
    ] = None,
) -> None:
    """Play the whole story in a sandbox.

    Real commands, real output, nothing of AWS.
    """
    require_sandbox_extra()
    with _folder(keep) as folder:
        story = Story(folder=folder)
        try:
            story.play()
        finally:
            if keep is None:
                story.quietly("sandbox", "down", "--dir", str(folder))
        story.next_steps(kept=keep is not None)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="orgroot-demo-") as folder:
        yield Path(folder) / "sandbox"


class DemoFailed(OrgrootError):  # noqa: N818 - names the outcome
    """A command of the demo ended with another exit code than the story expects."""

    default_code = "demo"


@dataclass(slots=True, kw_only=True)
class Story:
    """The story and what it has learnt so far: the sandbox's facts, the last request."""

    folder: Path
    info: dict[str, Any] = field(default_factory=dict)
    request: str = ""

    def play(self) -> None:
        """Tell it from the first command to the last."""
        self._set_up()
        self._switch_on()
        self._limit()
        self._remove()
        self._unlock()
        self._prove()

    def _set_up(self) -> None:
        self.tell("A sandbox organization: 25 accounts, everything off. This is not AWS.")
        folder = str(self.folder)
        self.run(
            None,
            0,
            *("sandbox", "up", "--accounts", str(ACCOUNTS), "--seed", str(SEED)),
            *("--features", "off", "--dir", folder),
        )
        self.info = json.loads((self.folder / "sandbox.json").read_text(encoding="utf-8"))

    def _switch_on(self) -> None:
        self.tell("Alice of the platform team asks who she is, and where the organization stands.")
        self.run("alice", 0, "whoami")
        self.run("alice", 0, "status")
        self.tell("Turning it on needs no approval by these rules; it is logged all the same.")
        self.run("alice", 0, "enable", _REASON, "centralized root access", "--yes")
        self.tell("Whose root user still has credentials? One account cannot be read: it is named.")
        self.run("alice", 9, "inventory", "--all")

    def _limit(self) -> None:
        self.tell("SCPs: deny long-term root, protect what orgroot relies on. Security approves.")
        self.run("alice", 0, "scp", "plan")
        self.run("alice", 10, "scp", "apply", _REASON, "baseline guardrails", "--yes")
        self.run("bob", 0, "approve", self.request, "--yes")
        self.run("alice", 0, "execute", self.request, "--yes")

    def _remove(self) -> None:
        self.tell("Remove root credentials: one request, two approvals. 9: one was not read.")
        self.run("alice", 9, "credentials", "remove", "--all", _REASON, "root is unused", "--yes")
        self.run("bob", 0, "approve", self.request, "--yes")
        self.run("olga", 0, "approve", self.request, "--yes")
        self.run("alice", 0, "execute", self.request, "--yes")

    def _unlock(self) -> None:
        buckets = self.info["locked_buckets"]
        bucket = next((b for b in buckets if b["name"].endswith("-tfstate")), buckets[0])
        name, account = bucket["name"], bucket["account"]
        self.tell("3 a.m.: a bucket policy locks everyone out, its own administrator included.")
        self.knock(name, account, 1)
        inspected = self.run("alice", 0, "inspect", "bucket", name, "--account", account)
        self.tell("Alice asks to drop just the locking statement. She cannot approve it herself.")
        unlock = ["unlock-bucket", name, "--account", account, "--mode", "drop-statements"]
        for sid in locking_sids(inspected):
            unlock += ["--sid", sid]
        self.run("alice", 10, *unlock, _REASON, "deploy role locked out", "--yes")
        self.run("alice", 3, "approve", self.request, "--yes")
        self.run("bob", 0, "approve", self.request, "--comment", "seen the policy", "--yes")
        self.run("olga", 0, "approve", self.request, "--yes")
        self.run("alice", 0, "execute", self.request, "--yes")
        self.knock(name, account, 0)

    def _prove(self) -> None:
        self.tell("What is still not as the configuration wants it? What was not read is said.")
        self.run("alice", 9, "drift")
        self.tell("The auditor trusts no one: chain, signatures, every decision replayed.")
        self.run("carol", 0, "log", "verify")
        victim = self.folder / "log" / f"{5:012}.json"
        self.tell(f"Somebody edits one byte of record 5 ({victim.name}).")
        flip_one_byte(victim)
        self.run("carol", 4, "log", "verify")

    def tell(self, text: str) -> None:
        """A line of the story."""
        typer.echo(f"\n\033[1m# {text}\033[0m" if sys.stdout.isatty() else f"\n# {text}")

    def run(self, person: str | None, expected: int, *arguments: str) -> str:
        """Run one command, show it with its output, and hold it to its exit code."""
        who = f"{person}$" if person else "$"
        typer.echo(f"\n{who} orgroot {shlex.join(arguments)}")
        done = self._process(person, *arguments)
        typer.echo(done.stdout, nl=False)
        typer.echo(f"[exit {done.returncode}]")
        if done.returncode != expected:
            raise DemoFailed(
                f"`orgroot {shlex.join(arguments)}` ended with {done.returncode}, not {expected}"
            )
        self.request = pending_in(done.stdout) or self.request
        return str(done.stdout)

    def quietly(self, *arguments: str) -> None:
        """Run a command that is not part of the story."""
        self._process(None, *arguments)

    def _process(self, person: str | None, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603 - our own command line
            [sys.executable, "-m", "orgroot", *arguments],
            env=self._environment(person),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def _environment(self, person: str | None) -> Mapping[str, str]:
        bare = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "ORGROOT_", "MOTO_", "SSH_AUTH_SOCK"))
        }
        own = person_environment(self.folder, person) if person else {}
        return bare | own

    def knock(self, bucket: str, account: str, expected: int) -> None:
        """Let the bucket's own administrator try to read its policy."""
        command = [sys.executable, "-m", "orgroot.sandbox.knock", bucket, account]
        typer.echo(f"\nadmin$ python -m orgroot.sandbox.knock {bucket} {account}")
        environment = dict(self._environment(None)) | person_environment(self.folder, None)
        done = subprocess.run(  # noqa: S603 - our own module
            command, env=environment, capture_output=True, text=True, check=False
        )
        typer.echo(done.stdout + done.stderr, nl=False)
        typer.echo(f"[exit {done.returncode}]")
        if done.returncode != expected:
            raise DemoFailed(f"the administrator's try ended with {done.returncode}")

    def next_steps(self, *, kept: bool) -> None:
        """What to type next."""
        self.tell("Next: a sandbox of your own, to play on.")
        where = f" --dir {self.folder}" if kept else ""
        lines = [] if kept else ["orgroot sandbox up --accounts 25 --dir ./sandbox"]
        shown = where or " --dir ./sandbox"
        lines += [
            f'eval "$(orgroot sandbox env --as alice{shown})"',
            "orgroot status",
            "orgroot init --help        # the real thing: see the README, Set-up in AWS",
        ]
        typer.echo("\n".join(f"  {line}" for line in lines))


def pending_in(text: str) -> str | None:
    """The request that a command left waiting; other ids in its output are of surveys before."""
    found = _REQUEST.search(text)
    return found[1] if found and _PENDING.search(text) else None


def locking_sids(text: str) -> list[str]:
    """The Sids that `inspect bucket` names as locking."""
    for line in text.splitlines():
        label, _, value = line.partition(":")
        if label == "locked":
            return [part.strip() for part in value.removeprefix(" ").split("by", 1)[1].split(",")]
    return []


def flip_one_byte(path: Path) -> None:
    """Change one character inside a record, as an editor of history would."""
    data = bytearray(path.read_bytes())
    found = _TIME.search(data)
    if found is None:
        raise DemoFailed(f"{path} holds no time to edit")
    data[found.end() - 1] ^= 0x01
    path.chmod(0o600)
    path.write_bytes(bytes(data))
