"""The line for an approver's shell."""

import pytest

from orgroot.errors import UsageError
from orgroot.report.text_offline import paste_line

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN6mKA9Ri"
LINUX = 128 * 1024
"""No argument of a program may be longer there (`MAX_ARG_STRLEN`, execve(2))."""


def line(size: int) -> str:
    """The line of a statement of so many bytes."""
    return paste_line(b"x" * size, namespace="orgroot-rules-v1", key=KEY, typed="abcd")


def test_every_line_can_be_run() -> None:
    """The longest that is made has no argument that Linux refuses; above it is exit 2."""
    longest = line(96_000)
    assert max(len(part) for part in longest.split(" ")) < LINUX
    with pytest.raises(UsageError) as caught:
        line(96_001)
    assert caught.value.code == "too-long"
