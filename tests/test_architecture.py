"""The layers hold because their contracts fail when broken; what no contract says is held here."""

import ast
import functools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "orgroot"
LONGEST = 400

LAYERS = "Layers: cli, then workflows | aws | local | report, then ports, core, errors"
ADAPTERS = "Adapters are picked in cli.context, started in cli.sandbox, and nowhere else"
BREACHES: Mapping[str, tuple[str, str]] = {
    LAYERS: ("report", "import orgroot.workflows.status"),
    "Only aws and sandbox speak to boto3; only sandbox to moto, flask and waitress": (
        "local",
        "import boto3",
    ),
    "aws does not know the sandbox's libraries": ("aws", "import moto"),
    "Only cli draws on a terminal": ("sandbox", "import rich"),
    "core is pure: no adapters, no files, no clock, no logging": ("core", "import tempfile"),
    "The sandbox shares no judgement with orgroot: it imports errors and core.ids only": (
        "sandbox",
        "import orgroot.ports",
    ),
    ADAPTERS: ("workflows", "import orgroot.aws.clients"),
}
"""An import per contract that it must not let pass: where, and what."""


@functools.cache
def parsed() -> Mapping[Path, ast.Module]:
    """Every module of the package."""
    return {
        path.relative_to(PACKAGE): ast.parse(path.read_bytes())
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def modules(part: str | None = None) -> Iterator[tuple[Path, ast.Module]]:
    """Every module of one part of the package, or of all."""
    for path, tree in parsed().items():
        if part is None or path.parts[0] == part:
            yield path, tree


def calls(tree: ast.Module, name: str) -> int:
    """How often something of this name is called, as a function or as a method."""
    return sum(
        isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == name)
            or (isinstance(node.func, ast.Attribute) and node.func.attr == name)
        )
        for node in ast.walk(tree)
    )


def imports(tree: ast.Module) -> set[str]:
    """The modules that a module imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found.add(str(node.module))
    return found


def lint(folder: Path, *breaches: tuple[str, str]) -> tuple[int, set[str]]:
    """Copy the package, add breaches, run the linter there: its exit code and what it calls broken.

    Import-linter looks for the package in the working folder first, so it sees the copy.
    """
    folder.mkdir()
    shutil.copytree(PACKAGE, folder / "orgroot", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for number, (part, statement) in enumerate(breaches):
        file = folder / "orgroot" / part / f"breach{number}.py"
        file.write_text(f"{statement}\n", encoding="ascii")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    said = " ".join(done.stdout.split())
    assert "Contracts: " in said, done.stdout + done.stderr
    assert all(f"{name} KEPT" in said or f"{name} BROKEN" in said for name in BREACHES)
    return done.returncode, {name for name in BREACHES if f"{name} BROKEN" in said}


def test_every_contract_has_its_breach() -> None:
    """No contract of pyproject.toml is left untried."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = declared["tool"]["importlinter"]["contracts"]
    assert {contract["name"] for contract in contracts} == set(BREACHES)


def test_the_package_keeps_its_contracts(tmp_path: Path) -> None:
    """As it stands, nothing is broken: so what breaks below breaks by the breach."""
    assert lint(tmp_path / "copy") == (0, set())


def test_every_contract_fails_when_broken(tmp_path: Path) -> None:
    """One forbidden import each, and each contract is red; the last needs a run of its own."""
    others = {name: breach for name, breach in BREACHES.items() if name != ADAPTERS}
    code, broken = lint(tmp_path / "many", *others.values())
    assert (code, broken) == (1, set(others))
    code, broken = lint(tmp_path / "adapters", BREACHES[ADAPTERS])
    assert (code, broken) == (1, {ADAPTERS, LAYERS})


def test_root_sessions_are_asked_for_in_one_place() -> None:
    """`assume_root` is called once, in the run that has written its intent before."""
    found = {str(path): calls(tree, "assume_root") for path, tree in modules()}
    assert {path: count for path, count in found.items() if count} == {"workflows/run.py": 1}


def test_the_sandbox_judges_for_itself() -> None:
    """It shares only identifiers and errors with what it is there to judge."""
    shared = {"orgroot", "orgroot.errors", "orgroot.core.ids"}
    for path, tree in modules("sandbox"):
        ours = {name for name in imports(tree) if name.partition(".")[0] == "orgroot"}
        strange = {name for name in ours - shared if not name.startswith("orgroot.sandbox")}
        assert strange == set(), path


@pytest.mark.parametrize("name", ["print", "breakpoint", "input"])
def test_only_the_command_line_talks_to_people(name: str) -> None:
    """No module outside cli prints or asks."""
    for path, tree in modules():
        if path.parts[0] != "cli":
            assert calls(tree, name) == 0, path


@pytest.mark.parametrize("part", ["orgroot", "tests", "bench"])
def test_no_file_is_too_long(part: str) -> None:
    """No module, and no test, is longer than a person reads in one go."""
    lengths = {path: len(path.read_bytes().splitlines()) for path in (ROOT / part).rglob("*.py")}
    assert lengths
    assert {str(path): count for path, count in lengths.items() if count > LONGEST} == {}


def test_there_are_no_stubs() -> None:
    """Nothing raises NotImplementedError, and nothing is left for later."""
    for path, tree in modules():
        raised = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Raise)}
        assert not [text for text in raised if "NotImplementedError" in text], path
        text = (PACKAGE / path).read_text(encoding="utf-8")
        assert not [word for word in ("TODO", "FIXME") if word in text], path


def test_nothing_is_relaxed_for_tests() -> None:
    """No flag or variable says that a test is running: what runs is what is shipped."""
    for path, tree in modules():
        strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        texts = {value for value in strings if isinstance(value, str)}
        assert not [text for text in texts if "PYTEST" in text.upper()], path
        assert not imports(tree) & {"pytest", "tests", "unittest"}, path


@pytest.mark.parametrize("part", ["core", "workflows"])
def test_the_map_names_every_module(part: str) -> None:
    """DESIGN.md's map has a row for each module of the layer, and names no other."""
    design = (ROOT / "DESIGN.md").read_text(encoding="utf-8")
    section = design.split("## Where is what")[1].split("## ")[0]
    table = section.split(f"`{part}/`,")[1].split("`workflows/`,")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name.strip(" `/") for row in rows for name in row.split(",")}
    there = {path.parts[1].removesuffix(".py") for path, _ in modules(part)}
    assert named == there - {"__init__"}


VARIABLES = {
    "ORGROOT_AS": "who somebody is in the roster",
    "ORGROOT_CONFIG": "where the configuration lies",
    "ORGROOT_CREDENTIAL_PROCESS": "set for what a credential process starts, and refused there",
    "ORGROOT_KEY": "which public key signs",
    "ORGROOT_STATE_DIR": "where this machine remembers",
}


def test_no_variable_loosens_anything() -> None:
    """These five are all: none sets the time, skips a check or weakens a rule."""
    found = {
        node.value
        for _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch("ORGROOT_[A-Z_]+", node.value)
    }
    assert found == set(VARIABLES)
