"""`init` and `whoami`: the first minutes."""

from pathlib import Path
from typing import Annotated

import typer

from orgroot.cli.options import As, Key, OutputOption, Yes, settings_of
from orgroot.cli.terminal import emit
from orgroot.report import Output


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    app.command()(init)
    app.command()(whoami)


def init(
    ctx: typer.Context,
    team: Annotated[
        bool, typer.Option("--team", help="Approvals for a small team, a log, its rules.")
    ] = False,
    owners: Annotated[
        list[str] | None,
        typer.Option(
            "--owner",
            metavar="P=PUBKEYFILE",
            help="Owns the trust; repeatable, the first signs now.",
        ),
    ] = None,
    threshold: Annotated[
        int, typer.Option(metavar="N", min=1, help="So many owners must sign rules.")
    ] = 1,
    requesters: Annotated[
        list[str] | None,
        typer.Option("--requester", metavar="P=PUBKEYFILE[,ARN]", help="May ask; repeatable."),
    ] = None,
    approvers: Annotated[
        list[str] | None,
        typer.Option("--approver", metavar="P=PUBKEYFILE", help="May approve; repeatable."),
    ] = None,
    oncall: Annotated[
        list[str] | None, typer.Option("--oncall", metavar="P", help="Is on call; repeatable.")
    ] = None,
    store: Annotated[
        str | None, typer.Option(metavar="URL", help="Of the log: file:///… or s3://bucket/prefix/")
    ] = None,
    store_account: Annotated[
        str | None, typer.Option(metavar="ID", help="The account that owns the bucket.")
    ] = None,
    store_region: Annotated[
        str | None, typer.Option(metavar="REGION", help="The bucket's Region.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The config to write.")] = None,
    key: Key = None,
    yes: Yes = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Write a config; with --team a log and rules.

    Where several owners must sign, the others run `log init` with that config. Without --team:
    observer mode, which reads and needs no log.
    """
    from orgroot.cli.first_setup import Asked, first_setup

    asked = Asked(
        team=team,
        owners=tuple(owners or ()),
        threshold=threshold,
        requesters=tuple(requesters or ()),
        approvers=tuple(approvers or ()),
        oncall=tuple(oncall or ()),
        store=store,
        store_account=store_account,
        store_region=store_region,
        out=out,
        key=key,
        yes=yes,
    )
    emit(output, first_setup(settings_of(ctx), asked))


def whoami(
    ctx: typer.Context,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show who you are and what you may do.

    For a caller not in the roster: the YAML to add.
    """
    from orgroot.cli.context import who_am_i

    emit(output, who_am_i(settings_of(ctx), as_person, key))
