"""`runner`: executes what others have asked for and approved, unattended."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from orgroot.cli.options import As, DryRun, Key, OutputOption, Yes, settings_of
from orgroot.cli.terminal import announce_act, confirm, emit, say, write_out
from orgroot.errors import UsageError
from orgroot.report import Output

if TYPE_CHECKING:
    from orgroot.core.results import RunRow
    from orgroot.workflows.workspace import Workspace

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def register(app: typer.Typer) -> None:
    """Add this command to the root command."""
    app.command()(runner)


def runner(
    ctx: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again.")] = False,
    interval: Annotated[
        int, typer.Option(metavar="SECONDS", min=1, help="How often --watch looks.")
    ] = 30,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Execute approved requests as a service.

    Each once, however many runners there are; those only whose rule names the service's group.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.workflows import runner as running

    if watch and output is Output.CSV:
        raise UsageError("--watch has no end, and so no CSV", hint="use -o json: a line for each")
    if watch and dry_run:
        raise UsageError("--watch does things and --dry-run does not", hint="leave one out")
    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        if dry_run:
            emit(output, running.preview(ws))
        how_often = "again and again" if watch else "once"
        announce_act(ws, ("executes", f"approved requests, {how_often}"))
        confirm("Execute what is approved?", yes=yes)
        with _stoppable() as stop:
            if watch:
                running.watch(ws, stop, interval, lambda row: _tell(ws, row, output))
                return
            result = running.run_once(ws, stop)
        emit(output, result)


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """Set by the first SIGTERM or SIGINT, so that the request under way is finished.

    The second one interrupts: a bulk request then ends after the accounts under way, and can be
    continued.
    """
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        say("the request under way is finished, then the runner ends")

    before = {number: signal.signal(number, end) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(ws: "Workspace", row: "RunRow", output: Output) -> None:
    """One line on stdout, at once, for each request that was executed."""
    import msgspec

    from orgroot.core.results import RunnerLine
    from orgroot.report.json_text import to_json_line
    from orgroot.report.text_runner import runner_line

    line = RunnerLine(
        exit_reasons=row.exit_reasons,
        request=row.request,
        task=row.task,
        requester=row.requester,
        execution=row.execution,
        state=row.state,
        message=row.message,
        receipt=ws.governed.log.receipt(),
    )
    write_out(
        to_json_line(msgspec.to_builtins(line))
        if output is Output.JSON
        else runner_line(line) + "\n"
    )
