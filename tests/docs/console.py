"""Console blocks of a document, run for real in order and held to what the document shows.

How a block reads stands in `steps`. People have terminals of their own, on one machine.
"""

import contextlib
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orgroot.cli import app
from orgroot.cli.sandbox import person_environment
from orgroot.sandbox import process
from tests.docs.documents import REPOSITORY
from tests.docs.screen import CLASSES, REQUEST, matches, rewritten
from tests.docs.steps import Step, steps
from tests.e2e.nursery import nursery
from tests.e2e.shell_server import shell_server

FOREIGN = ("AWS_", "ORGROOT_", "MOTO_", "XDG_", "SSH_", "GIT_")
QUESTION = re.compile(r"(?:\(type (.+)\): |\[(y)/N\] )$")
SHELL_WORDS = re.compile(r"[|<>&;`*?~]|\$")


class Keyboard(io.StringIO):
    """Whoever sits at the terminal: confirms what they are asked to confirm."""

    def __init__(self, screen: io.StringIO) -> None:
        super().__init__()
        self._screen = screen

    def isatty(self) -> bool:
        """It is a terminal."""
        return True

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        """The answer to the question on the screen, which echoes it."""
        del size
        question = QUESTION.search(self._screen.getvalue())
        if question is None:
            return ""
        answer = question[1] or question[2]
        self._screen.write(f"{answer}\n")
        return f"{answer}\n"


@dataclass(kw_only=True)
class Shell:
    """A terminal: its variables and its folder."""

    variables: dict[str, str]
    folder: Path


@dataclass(kw_only=True)
class Terminals:
    """The terminals of a document's people, on one machine."""

    base: Path
    forked: bool = False
    shells: dict[str, Shell] = field(default_factory=dict)
    sandbox: Path | None = None
    sandboxes: list[Path] = field(default_factory=list)
    bare: bool = False
    known: dict[str, str] = field(default_factory=dict)
    agents: list[int] = field(default_factory=list)
    newest: str = ""
    renamed: dict[str, str] = field(default_factory=dict)

    def type(self, step: Step) -> tuple[int, str]:
        """Run a command; its exit code and what the screen shows."""
        shell = self._shell(step.prompt)
        for unknown in set(re.findall(CLASSES["same"], step.command)) - set(self.known):
            self.known[unknown] = self.renamed[unknown] = self.newest
        command = self._real(step.command)
        words = shlex.split(command)
        if words[0] == "orgroot" and not SHELL_WORDS.search(command):
            code, screen = self._here(shell, words[1:])
        else:
            code, screen = self._bash(shell, command)
        if words[:3] == ["orgroot", "sandbox", "up"]:
            self.sandbox = shell.folder / words[words.index("--dir") + 1]
            self.sandboxes.append(self.sandbox)
        requests = re.findall(REQUEST, screen)
        self.newest = requests[0] if requests else self.newest
        return code, self._shown(screen)

    def open_bare(self, folder: str) -> None:
        """New shells: people with AWS identities of a sandbox and their keys, and nothing else."""
        self.sandbox, self.bare = Path(self._real(folder)), True
        self.shells.clear()
        (self._shell("").folder / "orgroot").symlink_to(REPOSITORY)

    def lose(self, service: str, operation: str) -> None:
        """Have the sandbox lose its next reply to a call."""
        assert self.sandbox is not None, "no sandbox runs yet"
        rule = {"effect": "lost-reply", "service": service, "operation": operation, "count": 1}
        info = json.loads((self.sandbox / "sandbox.json").read_text(encoding="utf-8"))
        order = urllib.request.Request(  # noqa: S310 - loopback, by construction
            f"{info['endpoint']}/_sandbox/faults",
            data=json.dumps({"rules": [rule]}).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(order, timeout=10) as answer:
            answer.read()

    def append(self, step: Step) -> None:
        """Append the block to a file of the machine."""
        home = self._shell("").variables["HOME"]
        with Path(step.command.replace("~", home, 1)).open("a", encoding="utf-8") as file:
            file.write("\n" + "".join(f"{line}\n" for line in step.shown))

    def stop(self) -> None:
        """Stop every sandbox and agent that the document started."""
        for folder in self.sandboxes:
            self._here(self._shell(""), ["sandbox", "down", "--dir", str(folder)])
        for agent in self.agents:
            os.kill(agent, signal.SIGTERM)

    def as_shown(self, text: str) -> str:
        """A text with the ids that the document has for those of here."""
        for shown, real in self.known.items():
            if shown not in self.renamed:
                text = text.replace(real, shown)
        return text

    def _shell(self, prompt: str) -> Shell:
        if prompt not in self.shells:
            home = self.base / "home" / ("orgroot" if self.bare else prompt or "you")
            home.mkdir(parents=True, exist_ok=True)
            variables = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
            variables |= {
                "HOME": str(home),
                "PATH": f"{self._programs()}{Path(sys.executable).parent}:{os.environ['PATH']}",
                "AWS_EC2_METADATA_DISABLED": "true",
            }
            if prompt:
                assert self.sandbox is not None, f"{prompt} has no sandbox yet"
                own = person_environment(self.sandbox, None if prompt == "admin" else prompt)
                if self.bare:
                    agent = self._agent(Path(own["ORGROOT_KEY"]).with_suffix(""))
                    own = {k: v for k, v in own.items() if k.startswith("AWS_")} | agent
                variables |= own
            self.shells[prompt] = Shell(variables=variables, folder=home)
        return self.shells[prompt]

    def _programs(self) -> str:
        return f"{shell_server().programs}:" if self.forked else ""

    def _agent(self, key: Path) -> dict[str, str]:
        """An ssh-agent of the person's own, as `ssh -A` would forward it."""
        told = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True)
        agent = dict(re.findall(r"(SSH_[A-Z_]+)=([^;]+);", told.stdout))
        self.agents.append(int(agent["SSH_AGENT_PID"]))
        command = ["ssh-add", "-q", str(key)]
        subprocess.run(command, env=os.environ | agent, capture_output=True, check=True)
        return {"SSH_AUTH_SOCK": agent["SSH_AUTH_SOCK"]}

    def _here(self, shell: Shell, arguments: list[str]) -> tuple[int, str]:
        screen = io.StringIO()
        with (
            pytest.MonkeyPatch.context() as world,
            contextlib.redirect_stdout(screen),
            contextlib.redirect_stderr(screen),
        ):
            world.setattr(sys, "stdin", Keyboard(screen))
            if self.forked:
                world.setattr(process, "_spawn", lambda *order: nursery().spawn(*order))
            world.chdir(shell.folder)
            for name in set(os.environ) - set(shell.variables):
                world.delenv(name)
            for name, value in shell.variables.items():
                world.setenv(name, value)
            code = app.run(arguments)
        return code, screen.getvalue()

    def _bash(self, shell: Shell, command: str) -> tuple[int, str]:
        after = self.base / "variables"
        done = subprocess.run(
            ["bash", "-c", f"trap 'env -0 > \"{after}\"' EXIT\n{command}"],
            env=shell.variables,
            cwd=shell.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        pairs = (entry.partition("=") for entry in after.read_text().split("\0") if entry)
        shell.variables = {name: value for name, _, value in pairs if name not in {"_", "SHLVL"}}
        shell.folder = Path(shell.variables["PWD"])
        return done.returncode, done.stdout

    def _real(self, text: str) -> str:
        for shown, real in self.known.items():
            text = text.replace(shown, real)
        return text.replace("/home/", f"{self.base}/home/")

    def _shown(self, screen: str) -> str:
        return screen.replace(f"{self.base}/home/", "/home/")


def play(text: str, base: Path, *, forked: bool = False) -> tuple[list[str], str]:
    """Run a document; `forked`: its shells and sandboxes fork from processes that are warm.

    Returns:
        What was not as shown, and the document as it should be.
    """
    terminals = Terminals(base=base, forked=forked)
    wrong: list[str] = []
    lines = text.splitlines()
    moved = 0
    try:
        for step in steps(text):
            if step.kind == "shells":
                terminals.open_bare(step.command)
                continue
            if step.kind == "lose":
                terminals.lose(*step.command.split())
                continue
            if step.kind == "append":
                terminals.append(step)
                continue
            code, screen = terminals.type(step)
            if step.kind == "run":
                assert code == 0, f"line {step.line + 1}: {step.command}: {code}\n{screen}"
                continue
            actual = screen.rstrip("\n").split("\n") if screen.strip() else []
            if code == step.code and matches(step.shown, actual, terminals.known):
                continue
            where = f"line {step.line + 1}: {step.prompt}$ {step.command}"
            wrong.append(f"{where}\n[exit {code}], shown {step.code}\n{screen}")
            better = [terminals.as_shown(line) for line in rewritten(step.shown, actual, code)]
            lines[step.begin + moved : step.end + moved] = better
            moved += len(better) - (step.end - step.begin)
            for id_ in re.findall(CLASSES["same"], terminals.as_shown(screen)):
                terminals.known.setdefault(id_, id_)
    finally:
        terminals.stop()
    better_text = "\n".join(lines) + "\n"
    for unknown, real in terminals.renamed.items():
        better_text = better_text.replace(unknown, real)
    return wrong, better_text
