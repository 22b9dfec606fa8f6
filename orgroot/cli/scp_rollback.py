"""`scp rollback`: SCPs as they were before an executed plan."""

from functools import partial
from typing import Annotated

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
from orgroot.cli.terminal import ask_for_plan, emit
from orgroot.report import Output


def rollback(
    ctx: typer.Context,
    receipt: Annotated[
        str,
        typer.Argument(
            metavar="RECEIPT|REQUEST", help="The receipt line that the plan ended with, or its id."
        ),
    ],
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
    """Ask to put SCPs back as they were before a plan.

    Texts and attachments are taken from the log. Refused (exit 3) where AWS shows something else
    than that plan left, or where a root task that works today would stop.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.workflows import scp_rollback

    accepted = accepted_lockouts(accept_lockout or ())
    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        preview = scp_rollback.plan(ws, receipt, accepted)
        ask = ask_of(reason, ticket, wait, wait_for)
        act = partial(scp_rollback.rollback, ws, receipt, ask, accepted)
        emit(output, ask_for_plan(ws, preview, act, only_show=dry_run, yes=yes))
