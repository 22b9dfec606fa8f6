"""`rules check` and `rules publish`: from the config's approvals to rules in force."""

import typer

from orgroot.cli.options import As, Key, OutputOption, Yes, settings_of
from orgroot.cli.terminal import announce, confirm, emit
from orgroot.report import Output


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    group = typer.Typer(help="Approval rules.", no_args_is_help=True)
    group.command("check")(check)
    group.command("publish")(publish)
    app.add_typer(group, name="rules")


def check(
    ctx: typer.Context,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Check the config's approvals.

    Rules that nobody can satisfy, or that ask too little.
    """
    from orgroot.cli.context import open_desk
    from orgroot.workflows import rules

    with open_desk(settings_of(ctx), as_person, key, owner=True) as desk:
        emit(output, rules.check(desk))


def publish(
    ctx: typer.Context,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Put the config's approvals in force.

    Signed by an owner of the trust.
    """
    from orgroot.cli.context import open_desk
    from orgroot.workflows import rules

    with open_desk(settings_of(ctx), as_person, key, signs=True, owner=True) as desk:
        announce(
            [
                ("organization", desk.config.organization.id),
                ("owner", desk.person or "nobody"),
                ("log", desk.log.trust.store),
                ("publishes", f"{len(desk.config.approvals.rules)} rule(s)")
                if desk.config.approvals
                else ("publishes", "nothing: the config has no approvals: section"),
            ]
        )
        confirm("Put them in force?", yes=yes)
        emit(output, rules.publish(desk))
