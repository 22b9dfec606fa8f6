"""SECURITY.md against the tests that it calls to witness, and the mutants against theirs."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.documents import REPOSITORY
from tests.threats import DEMANDED, THREATS, attacks

TESTS = REPOSITORY / "tests"
SECURITY = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:\w+/)+test_\w+\.py::test_\w+)`", SECURITY)))
MUTANTS = sorted((TESTS / "mutants").glob("*.patch"))


def exists(test: str) -> bool:
    """Whether a test of this name stands in that file."""
    file, _, name = test.partition("::")
    path = TESTS / file
    return path.is_file() and f"\ndef {name}(" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("test", NAMED)
def test_every_witness_exists(test: str) -> None:
    """A test that SECURITY.md names must be there."""
    assert exists(test)


def test_every_attacker_has_witnesses() -> None:
    """Each of the six attackers has sentences, and each sentence names a test."""
    part = SECURITY.split("## What an attacker can and cannot do")[1].split("\n## ")[0]
    attackers = re.split(r"\n\*\*", part)[1:]
    assert len(attackers) == 6
    for attacker in attackers:
        sentences = attacker.split("\n- ")[1:]
        assert sentences
        for sentence in sentences:
            assert "::test_" in sentence, sentence


def let_in_by(patch: Path) -> str:
    """The threat that a mutant lets in."""
    return patch.read_text(encoding="utf-8").partition("\n")[0].removeprefix("Threat: ")


@pytest.mark.parametrize("patch", MUTANTS, ids=lambda path: path.stem)
def test_every_mutant_names_a_threat_and_a_test(patch: Path) -> None:
    """A mutant says which threat it lets in and which test must turn red."""
    head = patch.read_text(encoding="utf-8").splitlines()[:3]
    assert [line.partition(": ")[0] for line in head] == ["Threat", "Removes", "Test"]
    assert let_in_by(patch) in THREATS
    test = head[2].removeprefix("Test: tests/").partition("[")[0]
    assert exists(test)


@pytest.mark.parametrize("patch", MUTANTS, ids=lambda path: path.stem)
def test_every_mutant_applies(patch: Path) -> None:
    """What a mutant takes out is there: whoever changes those lines says what checks them now."""
    check = ("git", "apply", "--check", "-C1", str(patch))
    done = subprocess.run(check, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_threat_of_the_design_is_in_the_table() -> None:
    """Nothing that orgroot was designed against is without a row."""
    assert set(" ".join(DEMANDED.split()).split("; ")) <= set(THREATS)


@pytest.mark.parametrize("threat", THREATS)
def test_every_threat_has_an_attack_and_a_mutant(threat: str) -> None:
    """Its tests attack through the command line, and a mutant shows that one of them can fail."""
    assert attacks(threat)
    assert all(exists(test) for test in attacks(threat))
    assert threat in {let_in_by(patch) for patch in MUTANTS}
