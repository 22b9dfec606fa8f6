"""What holds for every document: links lead somewhere, lines are short, commands exist."""

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer

from orgroot.cli.app import app
from tests.docs.documents import README, REPOSITORY, RUNBOOKS
from tests.docs.steps import steps

OURS = (README, *RUNBOOKS)
DOCUMENTS = tuple(sorted({*OURS, *REPOSITORY.glob("*.md"), *REPOSITORY.glob("policies/*.md")}))
SOURCES = tuple(sorted((REPOSITORY / "orgroot").rglob("*.py")))
WIDTH = 120
SPAN = re.compile(r"`(orgroot(?: [^`]*)?)`")
HOLE = "WHATEVER"
ROOT: Any = typer.main.get_command(app)


def _name(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_relative_links_lead_to_files(path: Path) -> None:
    """Every link that is no web address must name a file of the repository."""
    for target in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", OURS, ids=_name)
def test_lines_fit(path: Path) -> None:
    """No line may be longer than 120 characters."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [(n, len(line)) for n, line in enumerate(lines, 1) if len(line) > WIDTH] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_no_document_knows_the_machine_it_was_written_on(path: Path) -> None:
    """No folder of somebody's machine may stand in a document."""
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"/(?:work|root|tmp|var/folders)/|pytest-of", text)
    assert str(REPOSITORY) not in text


def commands(path: Path) -> Iterator[str]:
    """Every `orgroot …` that a document or a source names."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        yield from SPAN.findall(prose)
        for step in steps(text):
            yield from re.findall(r"\$\((orgroot [^)]*)\)", step.command)
            outer = re.sub(r"\$\([^)]*\)", HOLE, step.command)
            yield from re.findall(r"^(orgroot [^|>]*)", outer)
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else HOLE for p in node.values)
            yield from SPAN.findall("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from SPAN.findall(node.value)


def _problem(line: str) -> str | None:
    """Why a command line does not exist; None where it does."""
    try:
        words = shlex.split(line.replace("…", ""))[1:]
    except ValueError:
        return "does not read as a command line"
    command, known = ROOT, {"--help", "-h", *_options(ROOT)}
    for number, word in enumerate(words):
        below = _below(command)
        if word == "--" or (below and word == HOLE):
            return None
        if word.startswith("-"):
            if word not in known:
                return f"has no {word}"
        elif below and set(word.split("|")) <= set(below):
            command = below[word.split("|")[0]]
            known.update(_options(command))
        elif below and not (number and words[number - 1].startswith("--")):
            return f"has no {word}"
    return None


def _below(command: Any) -> Mapping[str, Any]:
    """The commands of a group; none of a command."""
    return getattr(command, "commands", {})


def _options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("path", [*DOCUMENTS, *SOURCES], ids=_name)
def test_every_command_named_exists(path: Path) -> None:
    """A command that a document or a message names must exist, with every option it is given."""
    wrong = {line: _problem(line) for line in commands(path)}
    assert {line: why for line, why in wrong.items() if why} == {}


def test_the_command_table_is_complete() -> None:
    """Every command must be in the README by its whole name."""
    text = README.read_text(encoding="utf-8")
    missing = [name for name in _all(ROOT, "orgroot") if f"`{name}`" not in text]
    assert missing == []


def _all(command: Any, name: str) -> Iterator[str]:
    for part, below in _below(command).items():
        yield from _all(below, f"{name} {part}")
    if not _below(command):
        yield name


def test_every_runbook_is_in_the_index() -> None:
    """The index of the runbooks must link to each of them."""
    index = (REPOSITORY / "runbooks" / "README.md").read_text(encoding="utf-8")
    assert all(f"({path.name})" in index for path in RUNBOOKS if path.name != "README.md")
