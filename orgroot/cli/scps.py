"""`scp plan` and `scp apply`: the service control policies that the config declares."""

from pathlib import Path
from typing import Annotated

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
from orgroot.errors import UsageError
from orgroot.report import Output


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    scp = typer.Typer(help="Service control policies.", no_args_is_help=True)
    scp.command("plan")(plan)
    scp.command("apply")(apply)
    scp.command("check")(check)
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


def check(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="Judge this document; needs no credentials."),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="ID", help="An account, or what lies below; repeatable."),
    ] = None,
    context: Annotated[
        list[str] | None,
        typer.Option(
            "--context", metavar="KEY=VALUE", help="A key whose value you know; repeatable."
        ),
    ] = None,
    terraform_plan: Annotated[
        Path | None,
        typer.Option(
            "--terraform-plan",
            metavar="FILE",
            help="Judge what this plan would make of it: the output of `terraform show -json`.",
        ),
    ] = None,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Judge the Terraform plan alone; needs no credentials."),
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Say which root tasks the SCPs stop, and who.

    In the live organization, in it as a plan would leave it, or in documents that are attached
    nowhere. Exit 6: some root session would be stopped; with a plan, one that works today.
    """
    from orgroot.cli import scp_check

    settings = settings_of(ctx)
    known = scp_check.known_keys(context or ())
    targets = tuple(target or ())
    if offline and terraform_plan is None:
        raise UsageError("--offline goes with --terraform-plan")
    if file is not None and (target or terraform_plan):
        raise UsageError("--file needs nothing but the document: give it alone")
    if file is not None:
        emit(output, scp_check.of_file(settings, file, known))
    if terraform_plan is not None:
        result = scp_check.of_terraform(settings, terraform_plan, targets, known, offline=offline)
        emit(output, result)
    emit(output, scp_check.live(settings, targets, known))
