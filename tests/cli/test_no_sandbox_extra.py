"""orgroot installed without its sandbox extra: it governs AWS, and says what a sandbox needs."""

import subprocess
import sys

import pytest

WITHOUT_MOTO = "import sys; sys.modules['moto'] = None; from orgroot.cli.app import main; main()"


@pytest.mark.parametrize("arguments", ["sandbox up", "demo"])
def test_what_a_sandbox_needs_is_said_before_anything_begins(arguments: str) -> None:
    """Without moto both commands are exit 2, name the package and the remedy, and begin nothing."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MOTO, *arguments.split()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "the sandbox needs the package moto" in done.stderr
    assert "pip install '.[sandbox]'" in done.stderr
