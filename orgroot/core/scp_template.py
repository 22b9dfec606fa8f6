"""SCP texts that another tool completes before they are attached: what they leave open."""

import re

PLACEHOLDER = re.compile(r"\$\{(?:AWS::)?([A-Za-z_][A-Za-z0-9_.\[\]-]*)\}")
"""What templates leave open; a policy variable is never written so (its name has a prefix)."""

_PARTITION = re.compile(r"(^|[._])partition$", re.IGNORECASE)

BRACKETED = re.compile(r"\[[A-Z][A-Z0-9_ -]+\]|<[A-Za-z][A-Za-z0-9_ -]+>")
"""What examples leave to their readers."""


def filled_in(text: str) -> tuple[str, tuple[str, ...]]:
    """A template's text with its placeholders filled in, and what was put in their places."""
    names = sorted(set(PLACEHOLDER.findall(text)))
    notes = [
        f"${{{name}}} was read as {_filling(name)}: the document is a template" for name in names
    ]
    return PLACEHOLDER.sub(lambda found: _filling(found[1]), text), tuple(notes)


def _filling(name: str) -> str:
    return "aws" if _PARTITION.search(name) else "PLACEHOLDER"
