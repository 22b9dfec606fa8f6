"""`recover`: closes what a crash left open."""

import typer

from orgroot.cli.options import As, Key, OutputOption, Yes, settings_of
from orgroot.cli.terminal import announce_act, confirm, emit
from orgroot.report import Output


def register(app: typer.Typer) -> None:
    """Add this command to the root command."""
    app.command()(recover)


def recover(
    ctx: typer.Context,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Close what a crash left open.

    From the facts kept on this machine and from AWS as it is now; never does anything again.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.workflows import crash_recovery

    with open_workspace(settings_of(ctx), as_person, key) as ws:
        left = crash_recovery.left_open(ws)
        if left:
            announce_act(
                ws,
                ("left open", ", ".join(one.run.id for one in left)),
                ("looks", "at AWS as it is, in root sessions that only read; in CloudTrail"),
            )
            confirm("Look what became of them, and close them?", yes=yes)
        emit(output, crash_recovery.recover(ws))
