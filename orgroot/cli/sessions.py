"""`session request|exec|env|credential-process`: a root session for a program of your own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

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
from orgroot.cli.requests import RequestArgument
from orgroot.cli.terminal import announce_act, confirm, emit, say
from orgroot.core.ids import request_id
from orgroot.core.root_tasks import TaskPolicy
from orgroot.errors import UsageError
from orgroot.report import Output, render
from orgroot.report.escape import grouped

if TYPE_CHECKING:
    from pathlib import Path

    from orgroot.cli.settings import Settings
    from orgroot.core.results import Result
    from orgroot.workflows.sessions import Receiver
    from orgroot.workflows.workspace import Workspace

_ASKED_ALREADY = "ORGROOT_CREDENTIAL_PROCESS"

Show = Annotated[bool, typer.Option("--show", help="Print secrets even on a terminal.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    session = typer.Typer(
        help="Hand a root session to a program, once approved.", no_args_is_help=True
    )
    session.command("request")(request)
    session.command("exec")(exec_)
    session.command("env")(env)
    session.command("credential-process")(credential_process)
    app.add_typer(session, name="session")


def request(
    ctx: typer.Context,
    account: Annotated[
        str, typer.Option("--account", metavar="ID", help="The member account, 12 digits.")
    ],
    task_policy: Annotated[TaskPolicy, typer.Option(help="All that the session can do.")],
    reason: Reason = "",
    ticket: Ticket = "",
    duration: DurationSeconds = None,
    wait: Wait = False,
    wait_for: WaitFor = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Ask for a root session to be handed to a program.

    Opens none: with --wait it ends once the request is approved. What the program does with the
    session nobody watches; prefer `unlock-bucket` and the like where they do what you need.
    """
    from orgroot.cli.context import open_workspace
    from orgroot.workflows import sessions

    owner = typed_account(account)
    with open_workspace(settings_of(ctx), as_person, key, reads=dry_run) as ws:
        ask = ask_of(reason, ticket, wait, wait_for, duration)
        if dry_run:
            emit(output, sessions.preview(ws, owner, task_policy, ask))
        announce_act(
            ws,
            ("account", grouped(owner)),
            ("hands out", f"a root session for {task_policy.value}"),
        )
        confirm("Ask for this?", yes=yes)
        emit(output, sessions.request_session(ws, owner, task_policy, ask))


def exec_(
    ctx: typer.Context,
    request: RequestArgument,
    command: Annotated[list[str], typer.Argument(help="After --, with its arguments.")],
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
) -> None:
    """Run a program with an approved root session in its environment, once.

    Standard output and the exit code are the program's; what orgroot says is on stderr. The
    operator's own credentials are not in its environment.
    """
    from orgroot.local.session_receivers import Program

    settings = settings_of(ctx)
    wanted = request_id(request)
    with _workspace(settings, as_person, key) as ws:
        program = Program(command, os.environ, ws.config.organization.region)
        code = _hand_out(ws, wanted, program, yes=yes)
    if program.running:
        say("the root session has ended; the program goes on without it")
    raise typer.Exit(code or program.wait())


def env(
    ctx: typer.Context,
    request: RequestArgument,
    show: Show = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
) -> None:
    """Print an approved root session as lines for a shell, once.

    For `eval "$(orgroot session env ID)"`. Whatever runs in that shell has the session until it
    ends; `session exec` gives it to one program only.
    """
    _print("env", settings_of(ctx), request, as_person, key, show=show, yes=yes)


def credential_process(
    ctx: typer.Context,
    request: RequestArgument,
    show: Show = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
) -> None:
    """Print an approved root session as AWS SDKs read it from a credential process, once.

    A second program that asks is refused, for each request is executed once. Give orgroot its own
    --profile, or it asks itself for credentials.
    """
    if _ASKED_ALREADY in os.environ:
        raise UsageError(
            "this credential process was asked for credentials by itself",
            hint="name the profile of your own credentials: orgroot --profile NAME session …",
            code="recursion",
        )
    os.environ[_ASKED_ALREADY] = "1"
    try:
        _print("credential-process", settings_of(ctx), request, as_person, key, show=show, yes=yes)
    finally:
        del os.environ[_ASKED_ALREADY]


def _print(
    form: Literal["env", "credential-process"],
    settings: "Settings",
    request: str,
    as_person: str | None,
    key: "Path | None",
    *,
    show: bool,
    yes: bool,
) -> NoReturn:
    from orgroot.local.session_receivers import Printer

    wanted = request_id(request)
    if sys.stdout.isatty() and not show:
        raise UsageError(
            "the secrets of a root session would stand on this terminal",
            hint=f'`eval "$(orgroot session env {wanted})"`, or session exec; --show prints them',
            code="terminal",
        )
    with _workspace(settings, as_person, key) as ws:
        printer = Printer(form, ws.config.organization.region)
        code = _hand_out(ws, wanted, printer, yes=yes)
    if not code:
        say("whoever has read the output acts as root there until the session ends")
    raise typer.Exit(code)


@contextmanager
def _workspace(
    settings: "Settings", as_person: str | None, key: "Path | None"
) -> Iterator["Workspace"]:
    from orgroot.cli.context import open_workspace

    with open_workspace(settings, as_person, key) as ws:
        yield ws


def _hand_out(ws: "Workspace", request: str, receiver: "Receiver", *, yes: bool) -> int:
    """Hand it out; stdout belongs to the receiver, so what became of it is said on stderr."""
    from orgroot.core.results import RequestView, exit_code
    from orgroot.report.text_requests import summary
    from orgroot.workflows import sessions

    def look(view: RequestView) -> None:
        say(summary(view.summary))
        confirm("Open the session and hand it out now?", yes=yes)

    result: Result = sessions.hand_out(ws, request, receiver, look)
    say(render(result, Output.TEXT).rstrip())
    return exit_code(result.exit_reasons)
