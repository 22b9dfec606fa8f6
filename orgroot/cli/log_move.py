"""`log move`: the log copied byte for byte to another store, and what to change then."""

from typing import Annotated

import typer

from orgroot.cli.options import DryRun, OutputOption, Yes, settings_of
from orgroot.cli.terminal import TerminalProgress, announce, confirm, emit, say
from orgroot.report import Output


def move(
    ctx: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="NEWSTORE", help="file:///… or s3://bucket/prefix/")
    ],
    store_account: Annotated[
        str | None, typer.Option(metavar="ID", help="The account that owns the bucket.")
    ] = None,
    store_region: Annotated[
        str | None, typer.Option(metavar="REGION", help="The bucket's Region.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Copy the log to another store, and verify it there.

    Byte for byte; nothing is overwritten, and the old one stays. Run again, it goes on.
    """
    from msgspec import structs

    from orgroot.cli.context import look_ahead, open_whole_log, read_config
    from orgroot.cli.stores import require_fit, store_beside, target_store
    from orgroot.workflows import log_move

    settings = settings_of(ctx)
    log = open_whole_log(settings)
    config, _ = read_config(settings)
    place = store_beside(config, target, store_account, store_region)
    trust = structs.replace(log.trust, **place)
    for doubt in require_fit(settings, config.organization, trust):
        say(f"warning: {doubt}")
    found = log_move.cargo(log)
    announce(
        [
            ("log", log.id),
            ("from", log.trust.store),
            ("to", trust.store),
            ("records", str(len(found.records))),
            ("objects", str(len(found.objects))),
        ]
    )
    if dry_run:
        emit(output, log_move.plan(log, trust, found))
    confirm("Copy it? Nobody should write to the old one meanwhile.", yes=yes)
    with TerminalProgress() as progress:
        moved = log_move.move(log, target_store(settings, trust), trust, progress, look_ahead)
    emit(output, moved)
