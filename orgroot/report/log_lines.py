"""Records one by one, as they come: for `log show --follow` and `log export`. Pure, line by line.

JSON is one object per line (JSON Lines), CSV has its header first, text has columns of fixed width.
"""

from collections.abc import Iterable, Iterator

import msgspec

from orgroot.core.results import LogRecordRow
from orgroot.report import ExportFormat, Output
from orgroot.report.comma_separated import header, row
from orgroot.report.escape import visible
from orgroot.report.json_text import to_json_line
from orgroot.report.ocsf import Source, events

SCHEMA = "orgroot.log-record/v1"
"""The schema of one line of JSON."""


def followed(rows: Iterable[LogRecordRow], output: Output) -> Iterator[str]:
    """The lines of `log show --follow`."""
    match output:
        case Output.JSON:
            yield from map(_json, rows)
        case Output.CSV:
            yield from _csv(rows)
        case Output.TEXT:
            yield from map(_text, rows)


def exported(rows: Iterable[LogRecordRow], form: ExportFormat, source: Source) -> Iterator[str]:
    """The lines of `log export`."""
    match form:
        case ExportFormat.JSONL:
            yield from map(_json, rows)
        case ExportFormat.CSV:
            yield from _csv(rows)
        case ExportFormat.OCSF:
            for one in rows:
                yield from map(to_json_line, events(one, source))


def _json(one: LogRecordRow) -> str:
    return to_json_line({"schema": SCHEMA, **msgspec.to_builtins(one)})


def _csv(rows: Iterable[LogRecordRow]) -> Iterator[str]:
    yield header(LogRecordRow)
    yield from map(row, rows)


def _text(one: LogRecordRow) -> str:
    by, about = visible(", ".join(one.signers)), visible(one.subject)
    return f"{one.seq:>6}  {one.at:<20}  {one.type:<11}  {by:<30}  {about}\n"
