"""`break-glass` and `review`: act before others have approved, and answer for it afterwards."""

import sys
from typing import Annotated

import typer

from orgroot.cli.accounts import Only, remove_with
from orgroot.cli.buckets import (
    AccountOption,
    BucketRegion,
    Buckets,
    Mode,
    Sids,
    unlock_with,
    wanted_of,
)
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
    Wait,
    WaitFor,
    Yes,
    ask_of,
    selection,
    settings_of,
    typed_account,
)
from orgroot.cli.requests import Comment, RequestArgument, decided, look_at
from orgroot.cli.terminal import announce_act, confirm, emit, input_line
from orgroot.core.ids import request_id
from orgroot.core.root_credentials import CredentialKind, credential_kinds
from orgroot.errors import UsageError
from orgroot.report import Output

LaterTicket = Annotated[
    str, typer.Option("--ticket", help="The ticket; it may follow with the review.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    group = typer.Typer(
        help="Act now, before anybody has approved it; others review it afterwards.",
        invoke_without_command=True,
    )
    group.callback()(break_glass)
    group.command("unlock-bucket")(unlock_bucket)
    credentials = typer.Typer(help="Root credentials, in an emergency.", no_args_is_help=True)
    credentials.command("remove")(remove)
    credentials.callback()(lambda: None)
    group.add_typer(credentials, name="credentials")
    app.add_typer(group, name="break-glass")
    app.command()(review)


def break_glass(
    ctx: typer.Context,
    drill: Annotated[
        bool,
        typer.Option("--drill", help="Rehearse it: everything but the root session."),
    ] = False,
    account: Annotated[
        str | None,
        typer.Option("--account", metavar="ID", help="For --drill: the account in mind."),
    ] = None,
    bucket: Annotated[
        str, typer.Option("--bucket", metavar="NAME", help="For --drill: the bucket in mind.")
    ] = "any-bucket",
    dry_run: DryRun = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Act now, before anybody has approved it; others review it afterwards.

    Only for who is on call by the rules, a few times, and each time to be answered for.
    """
    if ctx.invoked_subcommand is not None:
        if drill:
            raise UsageError("--drill stands alone: leave out the command", code="drill")
        return
    if not drill:
        typer.echo(ctx.get_help(), err=True)
        raise typer.Exit(UsageError.exit_code)
    from orgroot.cli.context import open_workspace
    from orgroot.workflows import drill as drills

    owner = None if account is None else typed_account(account)
    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        if not dry_run:
            announce_act(ws, ("drill", "signs one record; no root session, no incident"))
            confirm("Rehearse it?", yes=yes)
        emit(output, drills.drill(ws, account=owner, bucket=bucket, only_show=dry_run))


def unlock_bucket(
    ctx: typer.Context,
    names: Buckets,
    account: AccountOption,
    mode: Mode,
    sids: Sids = None,
    reason: Reason = "",
    ticket: LaterTicket = "",
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
    """Unlock buckets of one account now.

    The same request as `unlock-bucket`, done before the approvals and reviewed after.
    """
    from orgroot.cli.context import open_workspace

    wanted = wanted_of(names, account, mode, sids, bucket_region)
    ask = ask_of(typed_reason(reason), ticket, wait, wait_for, duration, break_glass=True)
    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        emit(output, unlock_with(ws, wanted, ask, dry_run=dry_run, yes=yes))


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
    ticket: LaterTicket = "",
    duration: DurationSeconds = None,
    wait: Wait = False,
    wait_for: WaitFor = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Remove root credentials now.

    The same request as `credentials remove`, done before the approvals and reviewed after.
    """
    from orgroot.cli.context import open_workspace

    kinds = tuple(CredentialKind) if only is None else credential_kinds(only)
    chosen = selection(accounts, every=every, ous=ous, tags=tags, exclude=exclude, limit=limit)
    ask = ask_of(typed_reason(reason), ticket, wait, wait_for, duration, break_glass=True)
    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        emit(output, remove_with(ws, chosen, kinds, ask, dry_run=dry_run, yes=yes))


def review(
    ctx: typer.Context,
    request: RequestArgument,
    violation: Annotated[
        bool, typer.Option("--violation", help="The glass should not have been broken.")
    ] = False,
    ticket: Annotated[
        str, typer.Option("--ticket", help="The ticket, where the request still owes one.")
    ] = "",
    comment: Comment = "",
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Review with your SSH key what was done under break-glass.

    After reading what was asked and what was done. Makes no AWS call.
    """
    from orgroot.cli.context import open_desk
    from orgroot.workflows import review as reviews

    wanted = request_id(request)
    question = "Call it a violation?" if violation else "Was it right?"
    with open_desk(settings_of(ctx), as_person, key, signs=True) as desk:
        look = look_at(desk, wanted, question, yes=yes)
        view = reviews.review(
            desk, wanted, look, violation=violation, ticket=ticket, comment=comment
        )
        emit(output, decided(view, output))


def typed_reason(reason: str) -> str:
    """The reason, typed on the terminal where the command line has none.

    Raises:
        UsageError: there is neither.
    """
    if reason.strip() or not sys.stdin.isatty():
        return reason
    try:
        return input_line("Why, for those who will review it: ").strip()
    except (EOFError, KeyboardInterrupt) as error:
        raise UsageError("nobody breaks glass without a reason", code="reason") from error
