"""`log export`: the records of the log for other systems."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orgroot import __version__
from orgroot.cli.options import OutputOption, settings_of
from orgroot.cli.settings import Settings
from orgroot.cli.terminal import emit, say
from orgroot.errors import UsageError
from orgroot.report import ExportFormat, Output

if TYPE_CHECKING:
    from orgroot.core.results import LogExport, LogRecordRow
    from orgroot.workflows.log_export import Exportable, Span


def export(
    ctx: typer.Context,
    form: Annotated[ExportFormat, typer.Option("--format", help="Form of the records.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Into a new file, not to stdout.")
    ] = None,
    first: Annotated[
        int, typer.Option("--from", metavar="SEQ", min=1, help="From this record number on.")
    ] = 1,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Made on this day or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Made on this day or earlier.")
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Export the records of a log that verifies.

    Days are of UTC. OCSF is version 1.3.0, one event per line.
    """
    from orgroot.cli.context import look_ahead, open_whole_log
    from orgroot.cli.times import from_time, until_time
    from orgroot.workflows.log_export import Span, exportable

    span = Span(first=first, since=from_time("--since", since), until=until_time("--to", until))
    if span.since is not None and span.until is not None and span.since >= span.until:
        raise UsageError(f"--since {since} is later than --to {until}", code="span")
    if out is not None:
        emit(output, _into_file(settings_of(ctx), form, out, span))
    found = exportable(open_whole_log(settings_of(ctx)), look_ahead)
    rows = _Counted(found.rows(span))
    for line in _lines(rows, form, found):
        sys.stdout.write(line)
    sys.stdout.flush()
    say(f"{rows.records} records of a verified log; receipt: {found.receipt}")


def _into_file(settings: Settings, form: ExportFormat, out: Path, span: "Span") -> "LogExport":
    from orgroot.cli.context import look_ahead, open_whole_log
    from orgroot.core.results import LogExport
    from orgroot.local.new_file import new_file
    from orgroot.workflows.log_export import exportable

    digest = hashlib.sha256()
    with new_file(out) as file:
        found = exportable(open_whole_log(settings), look_ahead)
        rows = _Counted(found.rows(span))
        for line in _lines(rows, form, found):
            digest.update(line.encode())
            file.write(line.encode())
    return LogExport(
        format=form.value,
        out=str(out),
        sha256=digest.hexdigest(),
        records=rows.records,
        first_seq=rows.first,
        last_seq=rows.last,
        head=found.head,
        receipt=found.receipt,
        attention=found.attention,
    )


class _Counted:
    """Rows as they pass: how many, from which to which."""

    def __init__(self, rows: "Iterator[LogRecordRow]") -> None:
        self._rows = rows
        self.records = self.first = self.last = 0

    def __iter__(self) -> "Iterator[LogRecordRow]":
        for row in self._rows:
            self.records += 1
            self.first, self.last = self.first or row.seq, row.seq
            yield row


def _lines(rows: _Counted, form: ExportFormat, found: "Exportable") -> Iterator[str]:
    from orgroot.report.log_lines import exported
    from orgroot.report.ocsf import Source

    log = found.log
    genesis = found.state.genesis
    source = Source(
        organization=log.organization,
        management_account="" if genesis is None else genesis.management_account,
        log_id=log.id,
        version=__version__,
        now=log.clock.now(),
    )
    return exported(rows, form, source)
