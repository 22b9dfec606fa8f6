"""Keys that restrict and that this version does not enforce: never silently ignored.

A configuration that sets one loads; the commands that the key restricts end with exit 2 and its
name. When a key becomes enforced, its line here goes.
"""

from collections.abc import Iterator
from enum import StrEnum

from orgroot.core.config import Config
from orgroot.core.structure import Path, path_text
from orgroot.errors import UsageError


class Purpose(StrEnum):
    """What a command is about to do, as far as such a key may restrict it."""

    ROOT_SESSION = "opening root sessions"
    REMOVAL = "removing root credentials"
    SCP = "changing service control policies"
    LOG = "using the audit log"
    SIGN = "signing statements"
    RULES = "publishing rules"


def refuse_unenforced(config: Config, purpose: Purpose) -> None:
    """Refuse a command whose configuration restricts it in a way this version does not enforce.

    Raises:
        UsageError: code `not-enforced`, naming the first such key.
    """
    for path, purposes in _unenforced(config):
        if purpose in purposes:
            raise _refusal(path_text(path), purpose.value)


def _refusal(name: str, restricted: str) -> UsageError:
    return UsageError(
        f"{name} restricts {restricted} but is not enforced by this version",
        hint=f"take {name} out of the configuration, or use a version that enforces it",
        code="not-enforced",
    )


def _unenforced(config: Config) -> Iterator[tuple[Path, frozenset[Purpose]]]:
    for index, scp in enumerate(config.scps or ()):
        if scp.waves is not None:
            yield ("scps", index, "waves"), frozenset({Purpose.SCP})
