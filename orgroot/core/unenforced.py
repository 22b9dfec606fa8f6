"""Keys that restrict and that this version does not enforce: never silently ignored.

A configuration that sets one loads; the commands that the key restricts end with exit 2 and its
name. When a key becomes enforced, its line here goes.
"""

from collections.abc import Iterator
from enum import StrEnum

from orgroot.core.config import Approvals, Config, Selectors
from orgroot.core.structure import Path, path_text
from orgroot.errors import UsageError

_ENFORCED_SELECTORS = frozenset({"tasks", "buckets"})


class Purpose(StrEnum):
    """What a command is about to do, as far as such a key may restrict it."""

    ROOT_SESSION = "opening root sessions"
    REMOVAL = "removing root credentials"
    SCP = "changing service control policies"
    LOG = "using the audit log"
    SIGN = "signing statements"
    RULES = "publishing rules"


_EVERYTHING_LOGGED = frozenset(Purpose)


def refuse_unenforced(config: Config, purpose: Purpose) -> None:
    """Refuse a command whose configuration restricts it in a way this version does not enforce.

    For `Purpose.RULES` the authored `approvals:` are judged too; elsewhere the rules in force are
    those of the log: see `refuse_unenforced_rules`.

    Raises:
        UsageError: code `not-enforced`, naming the first such key.
    """
    for path, purposes in _unenforced(config):
        if purpose in purposes:
            raise _refusal(path_text(path), purpose.value)
    if purpose is Purpose.RULES and config.approvals is not None:
        refuse_unenforced_rules(config.approvals)


def refuse_unenforced_rules(approvals: Approvals) -> None:
    """Refuse rules, authored or in force, that say what this version does not enforce.

    Raises:
        UsageError: code `not-enforced`, naming the first such key.
    """
    for path in _unenforced_rules(approvals):
        raise _refusal(path_text(("approvals", *path)), "every governed task")


def _refusal(name: str, restricted: str) -> UsageError:
    return UsageError(
        f"{name} restricts {restricted} but is not enforced by this version",
        hint=f"take {name} out of the configuration, or use a version that enforces it",
        code="not-enforced",
    )


def _unenforced(config: Config) -> Iterator[tuple[Path, frozenset[Purpose]]]:
    if config.accounts.hold_if_root_key_used_within is not None:
        yield ("accounts", "hold_if_root_key_used_within"), frozenset({Purpose.REMOVAL})
    for index, scp in enumerate(config.scps or ()):
        if scp.waves is not None:
            yield ("scps", index, "waves"), frozenset({Purpose.SCP})
    trust = config.trust
    if trust is None:
        return
    if not trust.store.startswith("file:"):
        yield ("trust", "store"), _EVERYTHING_LOGGED
    if trust.owners.threshold > 1:
        yield ("trust", "owners", "threshold"), _EVERYTHING_LOGGED


def _unenforced_rules(approvals: Approvals) -> Iterator[Path]:
    if approvals.defaults.hardware_key == "required":
        yield ("defaults", "hardware_key")
    for index, rule in enumerate(approvals.rules):
        path: Path = ("rules", index)
        for selector in Selectors.__struct_fields__:
            if selector not in _ENFORCED_SELECTORS and getattr(rule.match, selector) is not None:
                yield (*path, "match", selector)
        if rule.match.except_ is not None:
            yield (*path, "match", "except")
        if rule.never is not None:
            yield (*path, "never")
