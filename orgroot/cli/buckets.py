"""`inspect bucket` and `unlock-bucket`: for the engineer whose bucket locked everyone out."""

from typing import Annotated

import typer

from orgroot.cli.options import (
    As,
    DryRun,
    DurationSeconds,
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
from orgroot.cli.terminal import announce, confirm, emit, typed
from orgroot.core.ids import account_id
from orgroot.core.task_params import UnlockMode
from orgroot.report import Output
from orgroot.report.escape import grouped

AccountOption = Annotated[
    str, typer.Option("--account", metavar="ID", help="The account that owns it, 12 digits.")
]
BucketRegion = Annotated[
    str | None, typer.Option("--bucket-region", metavar="REGION", help="If not the account's own.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    inspect = typer.Typer(help="Read a locked policy in a root session.", no_args_is_help=True)
    inspect.command("bucket")(inspect_bucket)
    inspect.callback()(lambda: None)
    app.add_typer(inspect, name="inspect")
    app.command("unlock-bucket")(unlock_bucket)


def inspect_bucket(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The bucket.")],
    account: AccountOption,
    bucket_region: BucketRegion = None,
    reason: Reason = "",
    ticket: Ticket = "",
    duration: DurationSeconds = None,
    wait: Wait = False,
    wait_for: WaitFor = None,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Read a bucket's policy; say why it is locked.

    In a root session that sends no other call.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.core.unenforced import Purpose
    from orgroot.workflows import inspection

    del yes  # accepted wherever a statement is signed; reading asks nothing
    owner = account_id(account)
    with open_workspace(settings_of(ctx), as_person, key, Purpose.ROOT_SESSION) as ws:
        ask = ask_of(reason, ticket, wait, wait_for, duration)
        emit(output, inspection.inspect_bucket(ws, owner, name, bucket_region, ask))


def unlock_bucket(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="The buckets.")],
    account: AccountOption,
    mode: Annotated[UnlockMode, typer.Option(help="Drop the statements that lock, or the policy.")],
    sids: Annotated[
        list[str] | None,
        typer.Option("--sid", metavar="SID", help="A statement to drop; repeatable."),
    ] = None,
    reason: Reason = "",
    ticket: Ticket = "",
    bucket_region: BucketRegion = None,
    duration: DurationSeconds = None,
    wait: Wait = False,
    wait_for: WaitFor = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Ask to unlock buckets of one account.

    Done once other people have approved; several names are one request.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.core.unenforced import Purpose
    from orgroot.workflows import unlock

    owner = account_id(account)
    purposes = (Purpose.SIGN, Purpose.ROOT_SESSION)
    with open_workspace(settings_of(ctx), as_person, key, *purposes, reads=dry_run) as ws:
        ask = ask_of(reason, ticket, wait, wait_for, duration)
        wanted = unlock.Wanted(
            account=owner,
            buckets=tuple(names),
            mode=mode,
            sids=tuple(sids or ()),
            region=bucket_region,
        )
        if dry_run:
            emit(output, unlock.preview(ws, wanted, ask))
        announce(
            [
                ("organization", ws.config.organization.id),
                ("caller", ws.caller.arn),
                ("config", str(ws.config_path)),
                ("account", grouped(owner)),
                ("unlocks", f"{len(names)} bucket(s), {mode.value}: " + ", ".join(names)),
            ]
        )
        if mode is UnlockMode.DELETE:
            typed("Delete the whole bucket policy?", names[0], yes=yes)
        else:
            confirm("Ask for this?", yes=yes)
        emit(output, unlock.unlock_buckets(ws, wanted, ask))
