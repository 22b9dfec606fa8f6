"""`scp plan` and `scp apply`: the service control policies that the config declares."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orgroot.cli.options import (
    AcceptLockout,
    As,
    DryRun,
    Key,
    OutputOption,
    Reason,
    Ticket,
    Wait,
    WaitFor,
    Yes,
    accepted_lockouts,
    ask_of,
    settings_of,
)
from orgroot.cli.scp_adopt import adopt
from orgroot.cli.scp_rollback import rollback
from orgroot.cli.terminal import ask_for_plan, emit
from orgroot.errors import UsageError
from orgroot.report import Output

if TYPE_CHECKING:
    from orgroot.workflows.scp_planning import Wanted


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    scp = typer.Typer(help="Service control policies.", no_args_is_help=True)
    scp.command("plan")(plan)
    scp.command("apply")(apply)
    scp.command("adopt")(adopt)
    scp.command("rollback")(rollback)
    scp.command("check")(check)
    scp.command("lint")(lint)
    app.add_typer(scp, name="scp")


Wave = Annotated[
    int | None, typer.Option("--wave", min=1, help="Go no further than this wave of `waves:`.")
]


def plan(
    ctx: typer.Context,
    wave: Wave = None,
    accept_lockout: AcceptLockout = None,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show what `scp apply` would do.

    Each change in its order, statement by statement, and each target's slots. A plan that would
    stop a root task that works today is refused (exit 3).
    """
    from orgroot.cli.context import open_workspace
    from orgroot.workflows import scp_planning

    wanted = _wanted(wave, accept_lockout)
    with open_workspace(settings_of(ctx), as_person, key, reads=True) as ws:
        emit(output, scp_planning.plan(ws, wanted))


def apply(
    ctx: typer.Context,
    wave: Wave = None,
    accept_lockout: AcceptLockout = None,
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
    """Ask to make the SCPs as the configuration declares them.

    The full texts stand in the request. With `--wave N`, SCPs with `waves:` reach the first N of
    them, and a live root session proves it; where wave N is applied already, that alone is done.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.workflows import scp_planning

    wanted = _wanted(wave, accept_lockout)
    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        preview = scp_planning.plan(ws, wanted)
        ask = ask_of(reason, ticket, wait, wait_for)
        act = partial(scp_planning.apply, ws, ask, wanted)
        if wave is not None and not preview.changes and not dry_run:
            emit(output, act())
        emit(output, ask_for_plan(ws, preview, act, only_show=dry_run, yes=yes))


def _wanted(wave: int | None, accept_lockout: list[str] | None) -> "Wanted":
    """What the person says about the plan."""
    from orgroot.workflows.scp_planning import Wanted

    return Wanted(accept_lockout=accepted_lockouts(accept_lockout or ()), wave=wave)


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
    planned: Annotated[
        bool, typer.Option("--plan", help="Judge it as `scp apply` would leave it.")
    ] = False,
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
    if file is not None and (target or terraform_plan or planned):
        raise UsageError("--file needs nothing but the document: give it alone")
    if planned and terraform_plan is not None:
        raise UsageError("--plan and --terraform-plan are two plans: give one of them")
    if file is not None:
        emit(output, scp_check.of_file(settings, file, known))
    if terraform_plan is not None:
        result = scp_check.of_terraform(settings, terraform_plan, targets, known, offline=offline)
        emit(output, result)
    if planned:
        emit(output, scp_check.of_plan(settings, targets, known))
    emit(output, scp_check.live(settings, targets, known))


def lint(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Documents; else those that the config declares."),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="CODE", help="Leave out such findings; repeatable."),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="ID", help="Tell what room it has left; repeatable."),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="The same for the targets that the config declares.")
    ] = False,
    second_opinion: Annotated[
        bool, typer.Option("--second-opinion", help="Ask IAM Access Analyzer too.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Say what is wrong with SCPs as texts; needs no credentials.

    Grammar, size, names that do not exist, statements that match nothing, and those that stop root
    sessions or orgroot. Exit 6: there are errors or warnings. The options that ask AWS need
    credentials and read only.
    """
    from orgroot.cli import scp_lint

    asked = scp_lint.Asked(targets=tuple(target or ()), live=live, second=second_opinion)
    emit(output, scp_lint.linted(settings_of(ctx), files or (), ignore or (), asked))
