"""The README lists what `rules check` can find."""

import re
from pathlib import Path

from orgroot.core import rules_lint, rules_reach

ROOT = Path(__file__).parents[2]
_GIVEN = re.compile(r'(?:_error|_warning)\((?:needs, )?\s*f?"([A-Za-z-]+)|code="([A-Za-z-]+)"')
_BY_NAME = {"expired", "expiry", "except-by-ous", "except-by-tags"}
"""Codes that are put together or chosen in the code."""


def test_every_finding_of_rules_check_is_explained() -> None:
    """The table has each code that the lints can yield, and no other."""
    source = "".join(Path(str(module.__file__)).read_text() for module in (rules_lint, rules_reach))
    given = {a or b for a, b in _GIVEN.findall(source)} - {"except-by-"} | _BY_NAME
    part = (ROOT / "README.md").read_text().partition("## What `rules check` finds")[2]
    table = [row for row in part.partition("\n## ")[0].splitlines() if row.startswith("| `")]
    listed = [code for row in table for code in re.findall(r"`([A-Za-z-]+)`", row.split("|")[1])]
    assert sorted(listed) == sorted(given)
