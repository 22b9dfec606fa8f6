"""`inventory` and `credentials remove`: root credentials of member accounts."""

from typing import Annotated

import typer

from orgroot.cli.options import (
    AccountArguments,
    All,
    As,
    DryRun,
    DurationSeconds,
    Exclude,
    Key,
    Limit,
    Ous,
    OutputOption,
    Reason,
    Tags,
    Ticket,
    Wait,
    WaitFor,
    Yes,
    ask_of,
    selection,
    settings_of,
)
from orgroot.cli.terminal import announce, confirm, emit
from orgroot.core.root_credentials import CredentialKind, credential_kinds
from orgroot.report import Output


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    app.command()(inventory)
    credentials = typer.Typer(help="Root credentials of member accounts.", no_args_is_help=True)
    credentials.command("remove")(remove)
    app.add_typer(credentials, name="credentials")


def inventory(
    ctx: typer.Context,
    accounts: AccountArguments = None,
    every: All = False,
    ous: Ous = None,
    tags: Tags = None,
    exclude: Exclude = None,
    limit: Limit = None,
    reason: Reason = "",
    ticket: Ticket = "",
    duration: DurationSeconds = None,
    wait: Wait = False,
    wait_for: WaitFor = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Read root credentials of member accounts.

    Through audit root sessions, two calls for a clean account.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.core.unenforced import Purpose
    from orgroot.workflows.inventory import inventory as read_all
    from orgroot.workflows.inventory import preview

    del yes  # accepted wherever a statement is signed; reading asks nothing
    chosen = selection(accounts, every=every, ous=ous, tags=tags, exclude=exclude, limit=limit)
    with open_workspace(
        settings_of(ctx), as_person, key, Purpose.ROOT_SESSION, reads=dry_run
    ) as ws:
        if dry_run:
            emit(output, preview(ws, chosen))
        ask = ask_of(reason, ticket, wait, wait_for, duration)
        emit(output, read_all(ws, chosen, ask))


def remove(
    ctx: typer.Context,
    accounts: AccountArguments = None,
    every: All = False,
    ous: Ous = None,
    tags: Tags = None,
    exclude: Exclude = None,
    limit: Limit = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="KINDS", help="password,access-keys,signing-certificates,mfa"),
    ] = None,
    reason: Reason = "",
    ticket: Ticket = "",
    duration: DurationSeconds = None,
    wait: Wait = False,
    wait_for: WaitFor = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Remove root credentials, and prove it.

    "Removed" means: empty in the delete session, and zero in a later audit session.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.core.unenforced import Purpose
    from orgroot.workflows import removal

    kinds = tuple(CredentialKind) if only is None else credential_kinds(only)
    chosen = selection(accounts, every=every, ous=ous, tags=tags, exclude=exclude, limit=limit)
    purposes = (Purpose.SIGN, Purpose.ROOT_SESSION, Purpose.REMOVAL)
    with open_workspace(settings_of(ctx), as_person, key, *purposes, reads=dry_run) as ws:
        if dry_run:
            emit(output, removal.preview(ws, chosen, kinds))
        announce(
            [
                ("organization", ws.config.organization.id),
                ("caller", ws.caller.arn),
                ("config", str(ws.config_path)),
                ("removes", ", ".join(kinds) + " of the root user of the selected accounts"),
            ]
        )
        confirm("Ask for the removal? What is deleted cannot be brought back.", yes=yes)
        ask = ask_of(reason, ticket, wait, wait_for, duration)
        emit(output, removal.remove(ws, chosen, kinds, ask))
