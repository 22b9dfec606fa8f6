"""`scp adopt`: an SCP that somebody made becomes orgroot's."""

from functools import partial
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
from orgroot.report import Output


def adopt(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The SCP's name.")],
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
    """Ask to take over an SCP that somebody made.

    It is tagged as orgroot's and its text goes on record; nothing else of it changes. AWS's own,
    and those of other tools, are refused. The configuration must declare it first.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.workflows import scp_adopt

    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        preview = scp_adopt.plan(ws, name)
        act = partial(scp_adopt.adopt, ws, name, ask_of(reason, ticket, wait, wait_for))
        emit(output, ask_for_plan(ws, preview, act, only_show=dry_run, yes=yes))
