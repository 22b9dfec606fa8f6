"""What stands on a terminal: results whole and unbroken, a bar that gives way, colours or none."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

LONG = "orgroot1 5f0c8d2e9b7a4c31 41 " + "0123456789abcdef" * 4
NARROW = 60


def on_terminal(code: str) -> str:
    """What this Python code leaves on a terminal of 60 columns, stdout and stderr together."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, NARROW, 0, 0))
    known = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**known, "TERM": "xterm-256color"},
    ):
        os.close(slave)
        shown = b""
        while part := _read(master):
            shown += part
    os.close(master)
    return shown.decode()


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # the other end is closed
        return b""


def under_a_bar(act: str, *, color: bool = True) -> str:
    """The same, while a bar is shown."""
    return on_terminal(
        "from orgroot.cli.terminal import TerminalProgress, say, write_out\n"
        f"with TerminalProgress(color={color}) as progress:\n"
        "    progress.start('reading', 3)\n"
        "    progress.advance()\n"
        f"    {act}\n"
        "    progress.advance()\n"
    )


@pytest.mark.parametrize("act", ["write_out", "say", "progress.note"])
def test_a_long_line_is_not_broken_by_a_bar(act: str) -> None:
    """A receipt that is printed while a bar was shown can be copied in one piece."""
    shown = under_a_bar(f"{act}({LONG + chr(10)!r})")
    assert "reading" in shown
    assert LONG in shown


def test_no_color_means_none() -> None:
    """Without colours a bar has none, with `--no-color` as with NO_COLOR."""
    assert "\x1b[32m" in under_a_bar("pass")
    assert "\x1b[32m" not in under_a_bar("pass", color=False)
