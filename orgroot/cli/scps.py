"""`scp plan` and `scp apply`: the service control policies that the config declares."""

import typer

from orgroot.cli.options import (
    As,
    DryRun,
    Key,
    OutputOption,
    Reason,
    Ticket,
    Wait,
    WaitFor,
    Yes,
    ask_of,
    settings_of,
)
from orgroot.cli.terminal import ask_for_plan, emit
from orgroot.report import Output


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    scp = typer.Typer(help="Service control policies.", no_args_is_help=True)
    scp.command("plan")(plan)
    scp.command("apply")(apply)
    app.add_typer(scp, name="scp")


def plan(
    ctx: typer.Context,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show what `scp apply` would do.

    What it would create and attach, and each target's budget.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.core.unenforced import Purpose
    from orgroot.workflows import scps

    with open_workspace(settings_of(ctx), as_person, key, Purpose.SCP, reads=True) as ws:
        emit(output, scps.plan(ws))


def apply(
    ctx: typer.Context,
    reason: Reason = "",
    ticket: Ticket = "",
    wait: Wait = False,
    wait_for: WaitFor = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Ask to create and attach what is missing.

    The full texts stand in the request.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.core.unenforced import Purpose
    from orgroot.workflows import scps

    with open_workspace(settings_of(ctx), as_person, key, Purpose.SCP, reads=dry_run) as ws:
        preview = scps.plan(ws)
        ask = ask_of(reason, ticket, wait, wait_for)
        result = ask_for_plan(ws, preview, lambda: scps.apply(ws, ask), only_show=dry_run, yes=yes)
        emit(output, result)
