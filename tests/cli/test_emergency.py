"""Break-glass at the terminal: the reason is typed, and nobody goes on without one."""

import io
import sys

import pytest

from orgroot.cli import emergency
from orgroot.errors import UsageError
from tests.e2e.playground import Playground


class Terminal(io.StringIO):
    """Somebody sits there and types this."""

    def isatty(self) -> bool:
        """It is a terminal."""
        return True


@pytest.mark.parametrize(
    ("given", "typed", "reason"),
    [("", "payments are down\n", "payments are down"), ("given", "", "given"), ("", " \n", "")],
)
def test_a_missing_reason_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, given: str, typed: str, reason: str
) -> None:
    """On a terminal only; what the command line says is not asked again."""
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert emergency.typed_reason(given) == reason


def test_who_types_nothing_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the input is a no."""
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    with pytest.raises(UsageError) as refused:
        emergency.typed_reason("")
    assert refused.value.code == "reason"


def test_without_a_command_it_explains_itself(place: Playground) -> None:
    """Bare `break-glass` is help and wrong usage, like every group, and touches nothing."""
    done = place.refused("alice", 2, "break-glass")
    assert "--drill" in done.err
    assert "unlock-bucket" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("break-glass", "--drill", "--bucket", "NO", "--yes"),
        ("break-glass", "--drill", "--account", "1", "--yes"),
        ("break-glass", "--drill", "--account", "999999999999", "--yes"),
        ("break-glass", "--drill"),
        ("review", "nonsense", "--yes"),
        ("review", "orq_" + "a" * 26, "--yes"),
        ("approval", "prepare", "orq_" + "a" * 26, "--as", "bob", "--violation"),
        ("approval", "prepare", "orq_" + "a" * 26, "--as", "bob", "--deny", "--review"),
        ("request", "cancel", "nonsense", "--yes"),
        ("revoke", "orq_" + "a" * 26, "--yes"),
    ],
)
def test_bad_input_is_usage(place: Playground, arguments: tuple[str, ...]) -> None:
    """Exit 2 in one sentence; nothing is written, no session is opened."""
    place.refused("alice", 2, *arguments)
