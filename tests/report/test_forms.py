"""Every result in every form: complete, escaped, and with the keys that scripts rely on."""

import csv
import io
import json

import msgspec
import pytest

from orgroot.core import results
from orgroot.report import Output, render
from tests.report.examples import EXAMPLES

BY_NAME = [pytest.param(example, id=type(example).__name__) for example in EXAMPLES]


def test_there_is_an_example_of_every_result() -> None:
    """A result without an example would be a form that nobody has looked at."""
    assert {type(example) for example in EXAMPLES} == set(results.Result.__subclasses__())


@pytest.mark.parametrize("example", BY_NAME)
def test_text_is_one_block_without_control_characters(example: results.Result) -> None:
    """Text ends with one newline and lets no foreign escape sequence through."""
    text = render(example, Output.TEXT)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("example", BY_NAME)
def test_json_says_its_schema_first_and_all_keys(example: results.Result) -> None:
    """JSON is one object that starts with schema and exit_reasons and leaves no key out."""
    tree = json.loads(render(example, Output.JSON))
    assert list(tree)[:2] == ["schema", "exit_reasons"]
    assert tree["schema"].startswith("orgroot.")
    fields = {field.encode_name for field in msgspec.structs.fields(example)}
    assert set(tree) == fields | {"schema"}


@pytest.mark.parametrize("example", BY_NAME)
def test_csv_is_rectangular_and_holds_no_formula(example: results.Result) -> None:
    """CSV has one header and rows of its width, and no cell a spreadsheet would execute."""
    rows = list(csv.reader(io.StringIO(render(example, Output.CSV))))
    assert rows
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)


def test_csv_of_an_inventory_flattens_and_joins() -> None:
    """Objects become a.b columns, lists of ids are joined by a space, null is empty."""
    example = next(e for e in EXAMPLES if isinstance(e, results.Inventory))
    dirty, shielded = csv.DictReader(io.StringIO(render(example, Output.CSV)))
    assert dirty["access_keys"] == "AKIA1 AKIA2"
    assert dirty["clean"] == "false"
    assert shielded["denied_by.policy"] == "deny-root"
    assert shielded["mfa_devices"] == ""
    assert shielded["clean"] == ""


def test_one_account_is_counted_as_one() -> None:
    """The line of sums speaks of one account and of two accounts."""
    two = next(e for e in EXAMPLES if isinstance(e, results.Inventory))
    one = msgspec.structs.replace(two, summary=msgspec.structs.replace(two.summary, total=1))
    assert "2 accounts: " in render(two, Output.TEXT)
    assert "1 account: " in render(one, Output.TEXT)


@pytest.mark.parametrize(
    ("reasons", "code"),
    [
        ((), 0),
        ((results.ExitReason.WAITING,), 10),
        ((results.ExitReason.WAITING, results.ExitReason.INCOMPLETE), 9),
        ((results.ExitReason.FINDINGS, results.ExitReason.INCOMPLETE), 9),
        ((results.ExitReason.LOG_UNAVAILABLE, results.ExitReason.UNKNOWN), 7),
        (tuple(results.ExitReason), 4),
    ],
)
def test_the_worst_reason_decides_the_exit_code(
    reasons: tuple[results.ExitReason, ...], code: int
) -> None:
    """Where several reasons hold, 4, 7, 5, 9, 6, 8, 3, 10 is the order."""
    assert results.exit_code(reasons) == code


NASTY = '\x1b[2J\x9b31m\x7f\u202etxt\u200b\u2028end\U000e0041 \\ " é\n=1'


def test_json_gives_programs_the_text_and_terminals_no_command() -> None:
    """What could move a cursor is escaped as JSON escapes it, and reads back as it was."""
    text = render(results.Failure(code="x", message=NASTY, hint=None), Output.JSON)
    assert all(line.isprintable() for line in text.split("\n"))
    assert json.loads(text)["message"] == NASTY
    assert "é" in text


def test_csv_gives_terminals_no_command() -> None:
    """What could move a cursor, or end a row, is written as its number."""
    text = render(results.Failure(code="x", message=NASTY, hint=None), Output.CSV)
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text.splitlines()) == 2
