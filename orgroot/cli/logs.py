"""`log init|show|verify`: the audit log itself."""

from typing import Annotated

import typer

from orgroot.cli.options import As, Key, OutputOption, Yes, settings_of
from orgroot.cli.terminal import announce, confirm, emit
from orgroot.report import Output


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    group = typer.Typer(help="The audit log.", no_args_is_help=True)
    group.command("init")(init)
    group.command("show")(show)
    group.command("verify")(verify)
    app.add_typer(group, name="log")


def init(
    ctx: typer.Context,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create the log, signed by an owner.

    Genesis and first rules, into a store that must be empty.
    """
    from orgroot.cli.first_setup import open_new_log

    start = open_new_log(settings_of(ctx), as_person, key)
    announce(
        [
            ("organization", start.config.organization.id),
            ("owner", start.person),
            ("endpoint", start.endpoint),
            ("store", start.trust.store),
            ("trust sha256", start.trust_sha256),
        ]
    )
    confirm("Create this log?", yes=yes)
    emit(output, start.init())


def show(
    ctx: typer.Context,
    last: Annotated[int, typer.Option("--last", min=1, help="Only so many records.")] = 50,
    bodies: Annotated[bool, typer.Option("--bodies", help="With statements (JSON).")] = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the newest records."""
    from orgroot.cli.context import open_desk
    from orgroot.workflows import log_show

    with open_desk(settings_of(ctx), as_person, key) as desk:
        emit(output, log_show.show(desk.log, last=last, bodies=bodies))


def verify(
    ctx: typer.Context,
    receipts: Annotated[
        list[str] | None,
        typer.Option("--receipt", metavar="LINE", help="The log must contain it; repeatable."),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Verify the whole log; name each finding.

    Chain, signatures, objects, receipts, every decision replayed under the rules of its time.
    """
    from orgroot.cli.context import verify as verify_whole

    emit(output, verify_whole(settings_of(ctx), receipts or ()))
