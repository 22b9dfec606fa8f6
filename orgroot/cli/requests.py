"""`request list|show|cancel`, `approve`, `deny`, `revoke`, `execute`: requests and their people."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orgroot.cli.options import As, DryRun, Key, OutputOption, Yes, settings_of
from orgroot.cli.terminal import announce_act, confirm, emit, say, typed
from orgroot.core.ids import RequestId, request_id
from orgroot.report import Output

if TYPE_CHECKING:
    from orgroot.core.log_state import RequestRecord
    from orgroot.core.results import RequestView
    from orgroot.workflows.desk import LogDesk

RequestArgument = Annotated[str, typer.Argument(metavar="ID", help="A request id, orq_…")]
Comment = Annotated[str, typer.Option("--comment", help="A remark for the log.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    request = typer.Typer(help="Requests in the audit log.", no_args_is_help=True)
    request.command("list")(list_)
    request.command("show")(show)
    request.command("cancel")(cancel)
    app.add_typer(request, name="request")
    app.command()(approve)
    app.command()(deny)
    app.command()(revoke)
    app.command()(execute)


def list_(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Closed ones as well.")] = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """List open requests."""
    from orgroot.cli.context import open_desk
    from orgroot.workflows import request_view

    with open_desk(settings_of(ctx), as_person, key) as desk:
        emit(output, request_view.list_requests(desk, every=every))


def show(
    ctx: typer.Context,
    request: RequestArgument,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show one request: what it asks, who approved, who could."""
    from orgroot.cli.context import open_desk
    from orgroot.workflows import request_view

    wanted = request_id(request)
    with open_desk(settings_of(ctx), as_person, key) as desk:
        emit(output, request_view.view(desk, wanted))


def cancel(
    ctx: typer.Context,
    request: RequestArgument,
    comment: Comment = "",
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Take your own request back, for good.

    Not once it runs: what was executed stays executed. Makes no AWS call.
    """
    from orgroot.cli.context import open_desk
    from orgroot.workflows import withdrawals

    wanted = request_id(request)
    with open_desk(settings_of(ctx), as_person, key, signs=True) as desk:
        look = look_at(desk, wanted, "Cancel it, for good?", yes=yes)
        emit(output, decided(withdrawals.cancel(desk, wanted, comment, look), output))


def approve(
    ctx: typer.Context,
    request: RequestArgument,
    comment: Comment = "",
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Approve a request with your SSH key.

    After reading what it will do, policy texts included. Makes no AWS call.
    """
    from orgroot.cli.context import open_desk
    from orgroot.workflows import approvals

    wanted = request_id(request)
    with open_desk(settings_of(ctx), as_person, key, signs=True) as desk:
        look = look_at(desk, wanted, "Approve exactly this?", yes=yes)
        emit(output, decided(approvals.approve(desk, wanted, comment, look), output))


def deny(
    ctx: typer.Context,
    request: RequestArgument,
    comment: Comment = "",
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Deny a request with your SSH key, for good.

    Makes no AWS call.
    """
    from orgroot.cli.context import open_desk
    from orgroot.workflows import approvals

    wanted = request_id(request)
    with open_desk(settings_of(ctx), as_person, key, signs=True) as desk:
        look = look_at(desk, wanted, "Deny it, for good?", yes=yes)
        emit(output, decided(approvals.deny(desk, wanted, comment, look), output))


def revoke(
    ctx: typer.Context,
    request: RequestArgument,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", metavar="FILE", help="A text you signed elsewhere, attached or not."
        ),
    ] = None,
    comment: Comment = "",
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Take back your approval of a request (or a denial that has not ended it).

    It counts for no execution that begins later. Makes no AWS call.
    """
    from orgroot.cli.approval_files import read_file
    from orgroot.cli.context import open_desk
    from orgroot.workflows import withdrawals

    wanted = request_id(request)
    text = None if file is None else read_file(file)
    with open_desk(settings_of(ctx), as_person, key, signs=True) as desk:
        look = look_at(desk, wanted, "Take your decision back?", yes=yes)
        emit(output, decided(withdrawals.revoke(desk, wanted, comment, look, text=text), output))


def decided(view: "RequestView", output: Output) -> "RequestView":
    """The request after a decision; its signer has just read what it does."""
    from msgspec import structs

    return structs.replace(view, summary={}) if output is Output.TEXT else view


def look_at(
    desk: "LogDesk", request: RequestId, question: str, *, yes: bool
) -> Callable[[dict[str, Any]], None]:
    """Show a signer the whole act, texts included, and have it confirmed by its id."""
    from orgroot.report.text_policies import kept_texts, policy_texts
    from orgroot.report.text_requests import summary
    from orgroot.workflows import request_view, review
    from orgroot.workflows.desk import log_of

    def look(shown: dict[str, Any]) -> None:
        say(summary(shown))
        log = log_of(desk)
        found = request_view.find(log, request)
        for texts in (policy_texts(found.params), kept_texts(review.unseen_texts(log, found))):
            if texts:
                say(f"\n{texts}\n")
        typed(question, request[-4:], yes=yes)

    return look


def execute(
    ctx: typer.Context,
    request: RequestArgument,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Do what an approved request asks, once."""
    from orgroot.cli.context import open_workspace
    from orgroot.report.text_requests import summary
    from orgroot.workflows import execution, request_view

    wanted = request_id(request)
    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        if dry_run:
            emit(output, execution.preview(ws, wanted))

        def look(granted: "RequestRecord") -> None:
            announce_act(ws, ("executes", f"{wanted}, {len(granted.targets)} target(s)"))
            say(summary(request_view.summary_of(ws, wanted)))
            confirm("Execute it now?", yes=yes)

        emit(output, execution.execute(ws, wanted, look=look))
