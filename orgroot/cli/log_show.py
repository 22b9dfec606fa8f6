"""`log show`: the newest records, and those to come."""

import sys
from contextlib import suppress
from typing import Annotated

import typer

from orgroot.cli.options import As, Key, OutputOption, settings_of
from orgroot.cli.terminal import emit
from orgroot.errors import UsageError
from orgroot.report import Output


def show(
    ctx: typer.Context,
    last: Annotated[int, typer.Option("--last", min=1, help="Only so many records.")] = 50,
    first: Annotated[
        int, typer.Option("--from", metavar="SEQ", min=1, help="From this record number on.")
    ] = 1,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Of this type only; repeatable."),
    ] = None,
    request: Annotated[
        str | None, typer.Option("--request", metavar="ID", help="About this request only.")
    ] = None,
    person: Annotated[
        str | None, typer.Option("--person", metavar="PERSON", help="By this person only.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes; Ctrl-C ends it.")
    ] = False,
    bodies: Annotated[bool, typer.Option("--bodies", help="With statements (JSON).")] = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the newest records, each verified.

    With --follow, JSON is one object per line.
    """
    from orgroot.cli.context import open_desk
    from orgroot.core.ids import request_id
    from orgroot.report.log_lines import followed
    from orgroot.workflows import log_listing

    wanted = log_listing.Wanted(
        types=frozenset(map(_record_type, types or ())),
        request=None if request is None else request_id(request),
        person=person,
        first=first,
        bodies=bodies,
    )
    with open_desk(settings_of(ctx), as_person, key) as desk:
        if not follow:
            emit(output, log_listing.show(desk.log, last=last, wanted=wanted))
        with suppress(KeyboardInterrupt):  # how it is meant to end
            for line in followed(log_listing.follow(desk.log, last=last, wanted=wanted), output):
                sys.stdout.write(line)
                sys.stdout.flush()


def _record_type(text: str) -> str:
    from orgroot.workflows.log_entries import TYPES

    if text not in TYPES:
        raise UsageError(
            f"--type {text!r} is no type of record", hint=f"types are {', '.join(sorted(TYPES))}"
        )
    return text
