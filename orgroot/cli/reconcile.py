"""`reconcile`: CloudTrail against the log."""

from typing import Annotated

import typer

from orgroot.cli.options import As, Key, OutputOption, Yes, settings_of
from orgroot.cli.terminal import emit
from orgroot.report import Output


def register(app: typer.Typer) -> None:
    """Add this command to the root command."""
    app.command()(reconcile)


def reconcile(
    ctx: typer.Context,
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="How far to look back.")] = 90,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compare and report; write no record.")
    ] = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Compare CloudTrail with the log.

    Exit 4 where a root session is not in the log, 9 where a trail was not read.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.workflows.reconcile import reconcile_trails

    del yes  # accepted wherever a statement is signed; reading asks nothing
    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        emit(output, reconcile_trails(ws, days, record=not dry_run))
