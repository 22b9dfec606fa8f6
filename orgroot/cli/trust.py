"""`trust show|propose|sign|publish`: whose log it is, and how that changes hands."""

from pathlib import Path
from typing import Annotated

import typer

from orgroot.cli.options import As, DryRun, Key, OutputOption, Yes, settings_of
from orgroot.cli.owner_signing import (
    ProposalArgument,
    publish_proposal,
    show_proposal,
    sign_proposal,
    tell,
)
from orgroot.cli.terminal import confirm, emit
from orgroot.core.ids import proposal_id
from orgroot.report import Output


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    group = typer.Typer(help="The owners of the log.", no_args_is_help=True)
    group.command()(show)
    group.command()(propose)
    group.command()(sign)
    group.command()(publish)
    app.add_typer(group, name="trust")


def show(ctx: typer.Context, output: OutputOption = Output.TEXT) -> None:
    """Show whose log it is now.

    Works with the configuration of owners who have handed it over, and prints the section to use.
    """
    from orgroot.cli.context import open_any_log
    from orgroot.workflows import trust_change

    emit(output, trust_change.show(open_any_log(settings_of(ctx))))


def propose(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A config with the trust: section to be.")
    ],
    dry_run: DryRun = False,
    yes: Yes = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Let other owners wait for signatures.

    The thresholds of the old owners and of the new ones must sign. Needs no key.
    """
    from orgroot.cli.context import open_desk, trust_in
    from orgroot.workflows import trust_change

    wanted = trust_in(file)
    with open_desk(settings_of(ctx), None, None) as desk:
        tell(desk, ("proposes", f"the trust: section of {file}"))
        if not dry_run:
            confirm("Propose it?", yes=yes)
        emit(output, trust_change.propose(desk, wanted, only_show=dry_run))


def sign(
    ctx: typer.Context,
    proposal: ProposalArgument,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Sign a change of owners, as one of either side.

    Shows every value that changes and asks for the end of the id.
    """
    settings, wanted = settings_of(ctx), proposal_id(proposal)
    if dry_run:
        show_proposal(settings, wanted, output)
    sign_proposal(settings, wanted, as_person, key, yes=yes, to=output)


def publish(
    ctx: typer.Context,
    proposal: ProposalArgument,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Put a change of owners in force.

    From then on every machine needs the new trust: section; the old one ends with exit 4.
    """
    settings, wanted = settings_of(ctx), proposal_id(proposal)
    if dry_run:
        show_proposal(settings, wanted, output)
    publish_proposal(settings, wanted, yes=yes, to=output)
