"""`inventory` and `credentials remove`: root credentials of member accounts."""

from typing import TYPE_CHECKING, Annotated

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
from orgroot.cli.terminal import announce_act, confirm, emit, typed
from orgroot.core.root_credentials import CredentialKind, credential_kinds
from orgroot.report import Output

if TYPE_CHECKING:
    from orgroot.core.organization import SelectedAccounts, Selection
    from orgroot.core.results import Result
    from orgroot.workflows.requests import Ask
    from orgroot.workflows.workspace import Workspace


Only = Annotated[
    str | None,
    typer.Option(metavar="KINDS", help="password,access-keys,signing-certificates,mfa"),
]


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
    from orgroot.workflows.inventory import inventory as read_all
    from orgroot.workflows.inventory import preview

    del yes  # accepted wherever a statement is signed; reading asks nothing
    chosen = selection(accounts, every=every, ous=ous, tags=tags, exclude=exclude, limit=limit)
    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
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
    only: Only = None,
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

    kinds = tuple(CredentialKind) if only is None else credential_kinds(only)
    chosen = selection(accounts, every=every, ous=ous, tags=tags, exclude=exclude, limit=limit)
    ask = ask_of(reason, ticket, wait, wait_for, duration)
    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        emit(output, remove_with(ws, chosen, kinds, ask, dry_run=dry_run, yes=yes))


def remove_with(
    ws: "Workspace",
    chosen: "Selection",
    kinds: tuple[CredentialKind, ...],
    ask: "Ask",
    *,
    dry_run: bool,
    yes: bool,
) -> "Result":
    """Say what will be touched, have it confirmed, and ask for it; or only preview it."""
    from orgroot.workflows import emergencies, removal

    if dry_run:
        return removal.preview(ws, chosen, kinds, break_glass=ask.break_glass)
    emergency = removal.emergency(ws, chosen, kinds, ask) if ask.break_glass else None

    def look(selected: "SelectedAccounts") -> None:
        announce_act(
            ws,
            ("removes", f"{', '.join(kinds)} of root users"),
            ("accounts", f"{len(selected.accounts)} selected, {len(selected.skipped)} skipped"),
            *(() if emergency is None else emergencies.rows_of(emergency)),
        )
        if emergency is None:
            confirm("Ask for the removal? What is deleted cannot be brought back.", yes=yes)
        else:
            question = "Break the glass? What is deleted cannot be brought back."
            typed(question, "remove", yes=yes)

    return removal.remove(ws, chosen, kinds, ask, look)
