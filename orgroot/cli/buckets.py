"""`inspect bucket` and `unlock-bucket`: for the engineer whose bucket locked everyone out."""

from typing import TYPE_CHECKING, Annotated

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
    typed_account,
)
from orgroot.cli.terminal import announce, announce_act, confirm, emit, typed
from orgroot.core.governed_tasks import UnlockMode
from orgroot.report import Output
from orgroot.report.escape import grouped

if TYPE_CHECKING:
    from orgroot.core.results import Result
    from orgroot.workflows.requests import Ask
    from orgroot.workflows.unlock import Wanted
    from orgroot.workflows.workspace import Workspace

AccountOption = Annotated[
    str, typer.Option("--account", metavar="ID", help="The account that owns it, 12 digits.")
]
Buckets = Annotated[list[str], typer.Argument(metavar="NAME", help="The buckets.")]
Mode = Annotated[UnlockMode, typer.Option(help="Drop the statements that lock, or the policy.")]
Sids = Annotated[
    list[str] | None,
    typer.Option("--sid", metavar="SID", help="A statement to drop; repeatable."),
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
    from orgroot.workflows import inspection

    del yes  # accepted wherever a statement is signed; reading asks nothing
    owner = typed_account(account)
    with open_workspace(settings_of(ctx), as_person, key) as ws:
        ask = ask_of(reason, ticket, wait, wait_for, duration)
        emit(output, inspection.inspect_bucket(ws, owner, name, bucket_region, ask))


def unlock_bucket(
    ctx: typer.Context,
    names: Buckets,
    account: AccountOption,
    mode: Mode,
    sids: Sids = None,
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

    ask = ask_of(reason, ticket, wait, wait_for, duration)
    wanted = wanted_of(names, account, mode, sids, bucket_region)
    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        emit(output, unlock_with(ws, wanted, ask, dry_run=dry_run, yes=yes))


def wanted_of(
    names: list[str],
    account: str,
    mode: UnlockMode,
    sids: list[str] | None,
    bucket_region: str | None,
) -> "Wanted":
    """What shall be unlocked, as the command line says it."""
    from orgroot.workflows.unlock import Wanted

    return Wanted(
        account=typed_account(account),
        buckets=tuple(names),
        mode=mode,
        sids=tuple(sids or ()),
        region=bucket_region,
    )


def unlock_with(
    ws: "Workspace", wanted: "Wanted", ask: "Ask", *, dry_run: bool, yes: bool
) -> "Result":
    """Say what will be touched, have it confirmed, and ask for it; or only preview it."""
    from orgroot.workflows import emergencies, unlock

    emergency = unlock.emergency(ws, wanted, ask) if ask.break_glass else None
    if dry_run:
        announce([] if emergency is None else emergencies.rows_of(emergency))
        return unlock.preview(ws, wanted, ask)
    announce_act(
        ws,
        ("account", grouped(wanted.account)),
        (
            "unlocks",
            f"{len(wanted.buckets)} bucket(s), {wanted.mode.value}: " + ", ".join(wanted.buckets),
        ),
        *(() if emergency is None else emergencies.rows_of(emergency)),
    )
    if emergency is not None:
        typed("Break the glass?", wanted.buckets[0], yes=yes)
    elif wanted.mode is UnlockMode.DELETE:
        typed("Delete the whole bucket policy?", wanted.buckets[0], yes=yes)
    else:
        confirm("Ask for this?", yes=yes)
    return unlock.unlock_buckets(ws, wanted, ask)
