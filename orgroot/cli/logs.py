"""`log init|show|verify|export|ack|move`: the audit log itself."""

from typing import TYPE_CHECKING, Annotated

import typer

from orgroot.cli.log_export import export
from orgroot.cli.log_move import move
from orgroot.cli.log_show import show
from orgroot.cli.options import As, Key, OutputOption, Reason, Yes, settings_of, typed_account
from orgroot.cli.terminal import announce, confirm, emit
from orgroot.errors import UsageError
from orgroot.report import Output

if TYPE_CHECKING:
    from orgroot.core.config import Config
    from orgroot.core.results import MovedRow, VersionsRow


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    group = typer.Typer(help="The audit log.", no_args_is_help=True)
    group.command("init")(init)
    group.command("show")(show)
    group.command("verify")(verify)
    group.command("ack")(ack)
    group.command("export")(export)
    group.command("move")(move)
    app.add_typer(group, name="log")


def init(
    ctx: typer.Context,
    store: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Another place than the config's: file:///… or s3://…"),
    ] = None,
    store_account: Annotated[
        str | None, typer.Option(metavar="ID", help="The account that owns the bucket.")
    ] = None,
    store_region: Annotated[
        str | None, typer.Option(metavar="REGION", help="The bucket's Region.")
    ] = None,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create the log, signed by its owners.

    Genesis and first rules, into an empty store; a bucket must guard what lies in it. Where several
    must sign, each runs it.
    """
    from orgroot.cli.first_setup import Elsewhere, open_new_log

    elsewhere = None if store is None else Elsewhere(store, store_account, store_region)
    start = open_new_log(settings_of(ctx), as_person, key, elsewhere)
    announce(
        [
            ("organization", start.config.organization.id),
            ("owner", start.person),
            ("endpoint", start.endpoint),
            ("store", start.trust.store),
            ("trust sha256", start.trust_sha256),
            ("signed by", f"{start.trust.owners.threshold} owner(s), each with this config"),
        ]
    )
    confirm("Create this log?", yes=yes)
    emit(output, start.init())


def verify(
    ctx: typer.Context,
    receipts: Annotated[
        list[str] | None,
        typer.Option("--receipt", metavar="LINE", help="The log must contain it; repeatable."),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Verify the whole log; name each finding.

    Chain, signatures, objects, receipts, every decision replayed under the rules of its time.
    """
    from orgroot.cli.context import look_ahead, open_whole_log
    from orgroot.workflows.log_show import verify as verify_whole

    emit(output, verify_whole(open_whole_log(settings_of(ctx), receipts or ()), look_ahead))


def ack(
    ctx: typer.Context,
    accounts: Annotated[
        list[str] | None, typer.Argument(metavar="ACCOUNT", help="Accounts that were moved.")
    ] = None,
    versions: Annotated[
        list[str] | None,
        typer.Option("--version", metavar="KEY=ID", help="A further version; repeatable."),
    ] = None,
    reason: Reason = "",
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Acknowledge what was found, as an owner.

    An account that is elsewhere, or tagged otherwise, than before: until then the rules of both
    places apply to it. Or further versions of a key in the log's store.
    """
    from orgroot.cli.context import open_desk, open_workspace
    from orgroot.workflows import acknowledging

    named = tuple(typed_account(text, "ACCOUNT") for text in accounts or ())
    found = _versions(versions or [])
    if not named and not found:
        raise UsageError("nothing is named", hint="give account ids, or --version KEY=ID")
    settings = settings_of(ctx)
    settings.looks_at_versions = bool(found)
    if not named:
        with open_desk(settings, as_person, key, signs=True, owner=True) as desk:
            _announce_ack(desk.config, desk.person, (), found)
            confirm("Acknowledge this?", yes=yes)
            emit(output, acknowledging.acknowledge(desk, (), found, reason))
    with open_workspace(settings, as_person, key, owner=True) as ws:
        moves = acknowledging.moved_accounts(ws, named)
        _announce_ack(ws.config, ws.person, moves, found)
        confirm("Acknowledge this?", yes=yes or not (moves or found))
        emit(output, acknowledging.acknowledge(ws, moves, found, reason))


def _versions(texts: list[str]) -> "tuple[VersionsRow, ...]":
    """`KEY=ID` texts by key.

    Raises:
        UsageError: another form.
    """
    from orgroot.core.results import VersionsRow

    by_key: dict[str, list[str]] = {}
    for text in texts:
        name, equals, version = text.partition("=")
        if not name or not equals or not version:
            raise UsageError(f"--version {text!r} is not KEY=ID", hint="`log verify` names both")
        by_key.setdefault(name, []).append(version)
    return tuple(
        VersionsRow(key=name, version_ids=tuple(dict.fromkeys(ids))) for name, ids in by_key.items()
    )


def _announce_ack(
    config: "Config",
    person: str | None,
    moves: "tuple[MovedRow, ...]",
    versions: "tuple[VersionsRow, ...]",
) -> None:
    from orgroot.report.text_rules import place

    announce(
        [
            ("organization", config.organization.id),
            ("owner", person or "nobody"),
            *(
                row
                for move in moves
                for row in (
                    (move.account, f"{move.name} is in {place(move)}"),
                    *(("  before", place(before)) for before in move.before),
                )
            ),
            *((found.key, f"version {', '.join(found.version_ids)}") for found in versions),
        ]
    )
