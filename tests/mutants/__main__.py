"""Take each mitigation out and show that its test turns red: `python -m tests.mutants [NAME…]`.

A mutant is a patch in this folder whose first lines say what it removes:

    Threat: approval file written by the requester
    Removes: the check that the requester never counts
    Test: tests/e2e/test_threats_approvals.py::test_approval_file_written_by_the_requester

The patch is applied to a copy of the checkout, never to the checkout, and taken back again. A
mutant is caught only if its test passes without it and fails with it, by itself: a patch that does
not apply, a test that is not found and an error while collecting are failures of this program.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue

HERE = Path(__file__).parent
TOP = HERE.parent.parent
HEADER = re.compile(r"(Threat|Removes|Test): (.+)")
CHANGES = re.compile(r"^\+\+\+ b/(.+)$", re.MULTILINE)
PASSED, FAILED = 0, 1  # pytest's exit codes; every other one means that nothing was shown
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "sandbox-*")
SECONDS = 180
"""So long one test may take; all of them, without mutants, five times that."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One mitigation, taken out."""

    patch: Path
    threat: str
    removes: str
    test: str

    @property
    def name(self) -> str:
        """The patch's name."""
        return self.patch.stem


class Surviving(Exception):  # noqa: N818 - a verdict, not a malfunction
    """A mutant that was not shown to be caught, and why."""


def read(patch: Path) -> Mutant:
    """A mutant from its patch.

    Raises:
        Surviving: its first lines do not say what it is.
    """
    lines = patch.read_text(encoding="utf-8").splitlines()[:3]
    found = dict(match.groups() for line in lines if (match := HEADER.fullmatch(line)))
    if len(found) != len(lines):
        raise Surviving(f"{patch.name}: its first lines are not Threat, Removes and Test")
    return Mutant(patch=patch, threat=found["Threat"], removes=found["Removes"], test=found["Test"])


def show(mutant: Mutant, trees: "SimpleQueue[Path]") -> str:
    """Show that a mutant is caught, in one of these copies; answers the line that says so.

    Raises:
        Surviving: it is not.
    """
    with taken(mutant, trees) as tree:
        applied = _run(("git", "apply", "-C1", "--verbose", str(mutant.patch)), tree)
        if applied.returncode:
            raise Surviving(f"{mutant.name}: the patch does not apply\n{applied.stderr}")
        told = _run(_pytest(mutant.test), tree)
    if told.returncode == PASSED:
        raise Surviving(f"{mutant.name}: SURVIVES, {mutant.test} passes without {mutant.removes}")
    if told.returncode != FAILED or re.search(r"\b[1-9][0-9]* failed\b", told.stdout) is None:
        raise Surviving(f"{mutant.name}: nothing was shown\n{told.stdout[-2000:]}\n{told.stderr}")
    return f"caught    {mutant.name}: {mutant.threat}"


def sound(tests: Sequence[str]) -> str:
    """Show that the named tests pass where nothing is taken out; answers pytest's last line.

    Raises:
        Surviving: they do not.
    """
    told = _run((*_pytest(*tests), "-n", "2"), TOP, seconds=5 * SECONDS)
    if told.returncode != PASSED:
        raise Surviving(f"the tests fail without any mutant\n{told.stdout}")
    return told.stdout.strip().splitlines()[-1]


@contextmanager
def taken(mutant: Mutant, trees: "SimpleQueue[Path]") -> Iterator[Path]:
    """A copy that nobody else uses; the files that the mutant changes are put back after."""
    tree = trees.get()
    names = CHANGES.findall(mutant.patch.read_text(encoding="utf-8"))
    before = {tree / name: (tree / name).read_bytes() for name in names}
    try:
        yield tree
    finally:
        for path, data in before.items():
            path.write_bytes(data)
        trees.put(tree)


@contextmanager
def copy_of_checkout() -> Iterator[Path]:
    """A copy of the files that tests need, which may be patched."""
    with tempfile.TemporaryDirectory(prefix="orgroot-mutant-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(TOP, tree, ignore=NOT_COPIED, symlinks=True)
        yield tree


def _pytest(*tests: str) -> tuple[str, ...]:
    options = ("-q", "-p", "no:cacheprovider")
    return (sys.executable, "-m", "pytest", *options, *dict.fromkeys(tests))


def _run(
    command: Sequence[str], folder: Path, seconds: int = SECONDS
) -> "subprocess.CompletedProcess[str]":
    # The tree comes before the checkout that is installed, in this process and its children.
    env = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as late:
        # A test that hangs without its mitigation has noticed, but has not said what.
        raise Surviving(f"{command[-1]}: no end after {seconds} seconds") from late


def main(arguments: Sequence[str] | None = None) -> int:
    """Show every mutant, or those named; 0 if all were caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=main.__doc__)
    parser.add_argument("names", nargs="*", help="names of patches, without .patch")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    patches = sorted(HERE.glob("*.patch"))
    chosen = [p for p in patches if not options.names or p.stem in options.names]
    if not chosen:
        print("no such mutant")  # noqa: T201 - this is its output
        return 2
    survivors = 0
    try:
        mutants = [read(patch) for patch in chosen]
        print(f"without mutants: {sound([m.test for m in mutants])}", flush=True)  # noqa: T201
    except Surviving as verdict:
        print(verdict)  # noqa: T201
        return 1
    trees: SimpleQueue[Path] = SimpleQueue()
    with ExitStack() as stack, ThreadPoolExecutor(options.workers) as pool:
        for _ in range(options.workers):
            trees.put(stack.enter_context(copy_of_checkout()))
        for line, caught in pool.map(partial(_verdict, trees=trees), mutants):
            print(line, flush=True)  # noqa: T201
            survivors += not caught
    # The plain closing line that a CI counts.
    print(f"mutants: {len(mutants) - survivors} passed, {survivors} failed")  # noqa: T201
    return 1 if survivors else 0


def _verdict(mutant: Mutant, trees: "SimpleQueue[Path]") -> tuple[str, bool]:
    try:
        return show(mutant, trees), True
    except Surviving as verdict:
        return str(verdict), False


if __name__ == "__main__":
    sys.exit(main())
