"""`status`, `enable`, `disable`, `drift`: centralized root access as it is and as it should be."""

from typing import Annotated

import typer

from orgroot.cli.options import (
    All,
    As,
    DryRun,
    Key,
    Ous,
    OutputOption,
    Reason,
    Ticket,
    Wait,
    WaitFor,
    Yes,
    ask_of,
    selection,
    settings_of,
)
from orgroot.cli.terminal import ask_for_plan, emit
from orgroot.report import Output


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    app.command()(status)
    app.command()(enable)
    app.command()(disable)
    app.command()(drift)


def status(
    ctx: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Few calls; exit 6 if it differs from the config.")
    ] = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show where centralized root access stands.

    Features, trusted access, delegated administrator, rules, open requests.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.workflows.status import status as read_status

    with open_workspace(settings_of(ctx), as_person, key, reads=True) as ws:
        emit(output, read_status(ws, check=check))


def enable(
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
    """Turn centralized root access on.

    Trusted access for IAM first, then the features that the config wants.

    Once they are on, a delegated administrator that the config names is a request of its own.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.workflows import root_access

    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        preview, act = root_access.preview_enable(ws), root_access.enable
        if not preview.changes:
            delegate = root_access.preview_delegated_administrator(ws)
            if delegate.changes:
                preview, act = delegate, root_access.change_delegated_administrator
        ask = ask_of(reason, ticket, wait, wait_for)
        result = ask_for_plan(ws, preview, lambda: act(ws, ask), only_show=dry_run, yes=yes)
        emit(output, result)


def disable(
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
    """Turn centralized root access off.

    The features first, then the delegated administrator, then trusted access for IAM.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.workflows import root_access

    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        preview = root_access.preview_disable(ws)
        ask = ask_of(reason, ticket, wait, wait_for)
        result = ask_for_plan(
            ws, preview, lambda: root_access.disable(ws, ask), only_show=dry_run, yes=yes
        )
        emit(output, result)


def drift(
    ctx: typer.Context,
    every: All = False,
    ous: Ous = None,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Report what is not as the config wants it.

    Exit 6 with findings, 9 where not everything could be read.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.workflows.drift import drift as find_drift

    del yes  # accepted wherever a statement is signed; reading asks nothing
    with open_workspace(settings_of(ctx), as_person, key) as ws:
        whole = every or not ous
        chosen = selection(None, every=whole, ous=ous, tags=None, exclude=None, limit=None)
        emit(output, find_drift(ws, chosen))
