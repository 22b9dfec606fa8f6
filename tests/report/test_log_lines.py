"""Records line by line: each line whole, escaped, and readable by itself."""

import csv
import io
import json

from orgroot.core.results import LogRecordRow
from orgroot.report import ExportFormat, Output
from orgroot.report.log_lines import SCHEMA, exported, followed
from tests.report.test_ocsf import SOURCE, row

EVIL = "\x1b[2J\u202etxt\u200b\n=1"
ROWS = (row("request", subject=EVIL), row("approval", seq=8), row("foreign", seq=9, subject="x"))


def whole(lines: object) -> str:
    """The lines as a file."""
    text = "".join(lines)  # type: ignore[arg-type] # an iterator of texts
    assert all(line.isprintable() for line in text.split("\n"))
    return text


def test_json_is_one_object_per_line() -> None:
    """With its schema, all keys of the record, and foreign text as it is but harmless."""
    for lines in (followed(ROWS, Output.JSON), exported(ROWS, ExportFormat.JSONL, SOURCE)):
        trees = [json.loads(line) for line in whole(lines).splitlines()]
        assert [tree["seq"] for tree in trees] == [7, 8, 9]
        assert {tree["schema"] for tree in trees} == {SCHEMA}
        assert set(trees[0]) == {"schema", *LogRecordRow.__struct_fields__}
        assert trees[0]["subject"] == EVIL


def test_csv_has_its_header_once() -> None:
    """One row per record, no cell a spreadsheet would execute."""
    for lines in (followed(ROWS, Output.CSV), exported(ROWS, ExportFormat.CSV, SOURCE)):
        rows = list(csv.reader(io.StringIO(whole(lines))))
        assert rows[0] == list(LogRecordRow.__struct_fields__)
        assert [line[0] for line in rows[1:]] == ["7", "8", "9"]
        assert not any(cell.startswith(("=", "+", "@")) for line in rows for cell in line)


def test_text_has_one_line_per_record() -> None:
    """Number, time, type, who and what; a foreign line end does not begin another."""
    lines = whole(followed(ROWS, Output.TEXT)).splitlines()
    assert len(lines) == 3
    assert lines[1].split()[:4] == ["8", "2026-03-02T09:00:00Z", "approval", "alice"]


def test_ocsf_is_one_event_per_line() -> None:
    """Each line is an event of the pinned version."""
    trees = [
        json.loads(line)
        for line in whole(exported(ROWS, ExportFormat.OCSF, SOURCE)).split("\n")[:-1]
    ]
    assert [tree["metadata"]["version"] for tree in trees] == ["1.3.0"] * 3
