"""The README is run: every command in it, in order, against sandboxes; its tables are the code's.

`ORGROOT_REWRITE_README=1 pytest tests/docs` writes outputs and generated tables anew.
"""

import os
import re
from pathlib import Path

import pytest

from orgroot import errors
from orgroot.core import results
from orgroot.core.config import parse_config
from orgroot.core.findings import FindingCode
from orgroot.local.yaml_file import parse_yaml
from tests.docs.console import play
from tests.docs.documents import README, REPOSITORY, RUNBOOKS, blocks, section, table_rows
from tests.docs.generated import all_results, filled
from tests.docs.steps import LANGUAGES

REWRITE = os.environ.get("ORGROOT_REWRITE_README") == "1"
INSTALLERS = {"make", "pipx"}
ORGANIZATION = """\
version: 1
organization:
  id: o-exampleorgid
  management_account: 111111111111
  region: eu-west-1
"""


@pytest.mark.parametrize("path", [README, *RUNBOOKS], ids=lambda path: path.stem)
def test_every_command_does_what_the_document_shows(path: Path, tmp_path: Path) -> None:
    """Each command must end with the exit code and the output that stand below it.

    The README's are the real program and the real sandbox of its users.
    """
    text = path.read_text(encoding="utf-8")
    wrong, better = play(text, tmp_path, forked=path != README)
    if REWRITE:
        path.write_text(better, encoding="utf-8")
    assert not wrong, "\n\n".join(wrong)


def test_generated_tables_are_those_of_the_code() -> None:
    """The schemas with their keys and the kinds of drift must be the code's, all of them."""
    text = README.read_text(encoding="utf-8")
    if REWRITE:
        README.write_text(filled(text), encoding="utf-8")
    assert text == filled(text)
    assert all(f"`{result.__struct_config__.tag}`" in text for result in all_results())


def test_every_finding_of_verify_has_its_row_in_the_runbook() -> None:
    """Each code stands in the table of its exit code, with what it means and what to do."""
    text = (REPOSITORY / "runbooks" / "the-log-does-not-verify.md").read_text(encoding="utf-8")
    rows = {row[0]: row for row in table_rows(text)}
    attention = text.index("| Attention |")
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE))
    assert named == set(FindingCode.__members__)
    for code in FindingCode:
        assert all(rows[f"`{code.value}`"]), code
        assert (text.index(f"| `{code.value}` |") > attention) == code.attention, code


def test_every_block_is_run_or_installs() -> None:
    """A block of commands must be run by these tests, or only install or run make targets."""
    for path in (README, *RUNBOOKS):
        for block in blocks(path.read_text(encoding="utf-8")):
            assert block.language in {*LANGUAGES, "sh", "yaml"}, (path, block.first)
            if block.language == "sh":
                assert {line.split()[0] for line in block.lines} <= INSTALLERS


def test_trying_it_takes_two_commands_that_ci_runs_too() -> None:
    """`Try it` must be `make demo` and `make test`; both targets exist, and CI calls the latter."""
    (block,) = blocks(section(README.read_text(encoding="utf-8"), "Try it"))
    commands = [line.split("#")[0].strip() for line in block.lines]
    assert commands == ["make demo", "make test"]
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{command[5:]}:", makefile, re.MULTILINE) for command in commands)
    ci = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "make test" in ci
    assert "make lint" in ci


def test_exit_codes_are_those_of_the_code() -> None:
    """The table must have every exit code once, with the reason that JSON gives for it."""
    rows = table_rows(section(README.read_text(encoding="utf-8"), "Exit codes"))
    table = {int(code): reason.strip("`") for code, reason, _ in rows}
    reasons = {reason.code: reason.value for reason in results.ExitReason}
    assert table == {0: "", 1: "", 2: "", **reasons}
    families = {
        thing.exit_code
        for thing in vars(errors).values()
        if isinstance(thing, type) and issubclass(thing, errors.OrgrootError)
    }
    assert families <= set(table)


def test_the_precedence_is_that_of_the_code() -> None:
    """Where several exit codes hold, the README must name them in the order that decides."""
    text = section(README.read_text(encoding="utf-8"), "Exit codes")
    match = re.search(r"the first of ([0-9, ]+) decides", text)
    assert match
    named = [int(code) for code in match[1].split(",")]
    left = set(results.ExitReason)
    while left:
        first = results.exit_code(left)
        assert first == named.pop(0)
        left = {reason for reason in left if reason.code != first}
    assert not named


def test_configuration_snippets_are_accepted() -> None:
    """Every YAML block must be a part of a configuration that loads."""
    shown = [b for b in blocks(README.read_text(encoding="utf-8")) if b.language == "yaml"]
    assert shown
    for block in shown:
        text = block.text
        if text.startswith("organization:"):
            text = ORGANIZATION + text.removeprefix("organization:\n")
        else:
            text = ORGANIZATION + text
        if "approvals:" in text:
            text = text.replace("approvals:\n", "approvals:\n  expires: 2027-05-01T00:00:00Z\n")
            text += "" if "\n  rules:" in text else "  rules: []\n"
        parse_config(parse_yaml(text.encode(), source=f"line {block.first}").tree)
