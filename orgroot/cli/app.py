"""The root command and the one error boundary: every OrgrootError becomes words and an exit code.

Importing this module must stay cheap: no package that only work needs (`tests/cli/test_start_up`).
Commands import what they need when they run.
"""

import re
import sys
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from orgroot import __version__
from orgroot.cli import (
    access,
    accounts,
    approval_files,
    buckets,
    demo,
    emergency,
    logs,
    reconcile,
    recovery,
    requests,
    rules,
    runner,
    sandbox,
    scps,
    sessions,
    setup,
    trust,
)
from orgroot.cli.settings import LogFormat, LogLevel, Settings
from orgroot.cli.terminal import say, write_out
from orgroot.errors import AwsError, OrgrootError, RequestRefused, UsageError
from orgroot.report import Output
from orgroot.report.escape import visible

INTERRUPTED = 130

app = typer.Typer(
    name="orgroot",
    help="Govern root access in an AWS organization.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,  # plain help: the same in a file, a pipe and a README, and twice as fast
    pretty_exceptions_enable=False,  # a traceback with locals would print root credentials
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 2 usage, 3 refused, 4 integrity, 5 log unavailable, 6 findings, "
    "7 outcome unknown, 8 AWS refused, 9 incomplete, 10 waiting for approvals. See the README.",
)
for group in (
    setup,
    access,
    accounts,
    buckets,
    scps,
    requests,
    sessions,
    emergency,
    approval_files,
    runner,
    recovery,
    reconcile,
    rules,
    trust,
    logs,
    sandbox,
    demo,
):
    group.register(app)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"orgroot {__version__}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="config.yaml (else ORGROOT_CONFIG)."),
    ] = None,
    profile: Annotated[str | None, typer.Option(help="AWS profile.")] = None,
    region: Annotated[str | None, typer.Option(help="Default AWS Region.")] = None,
    log_level: Annotated[LogLevel, typer.Option(help="Log on stderr.")] = LogLevel.WARNING,
    log_format: Annotated[LogFormat, typer.Option(help="Log lines' form.")] = LogFormat.TEXT,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours.")] = False,
    expect_head: Annotated[
        str | None,
        typer.Option(metavar="RECEIPT", help="A receipt line that the log must contain."),
    ] = None,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Govern root access in an AWS organization."""
    settings = ctx.obj
    settings.config = config
    settings.profile = profile
    settings.region = region
    settings.expect_head = expect_head
    settings.log_level = log_level
    settings.log_format = log_format
    settings.color = not no_color


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


@cache
def _command() -> Callable[..., object]:
    """The commands as the parser wants them: built once, since a process may run several."""
    return typer.main.get_command(app)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; nothing escapes as a traceback."""
    settings = Settings()
    try:
        _command()(args=arguments, prog_name="orgroot", obj=settings)
    except SystemExit as exit_:
        if isinstance(exit_.__context__, BrokenPipeError):  # nobody reads any further
            return 0
        if exit_.code == UsageError.exit_code and _wants_json(arguments):
            write_out(_error_json(_parser_error(exit_)))
        return _interrupted() if exit_.code == INTERRUPTED else _as_code(exit_.code)
    except KeyboardInterrupt:
        return _interrupted()
    except OrgrootError as error:
        return _explain(error, settings)
    except Exception as error:  # noqa: BLE001 - the one boundary
        return _bug(error, settings)
    return 0


def _wants_json(arguments: list[str]) -> bool:
    """Whether a command line that the parser did not accept asked for JSON."""
    words = " ".join(arguments)
    return re.search(r"(^| )(-o ?=?|--output[ =])json( |$)", words) is not None


def _parser_error(exit_: SystemExit) -> UsageError:
    """What the parser has already said on stderr, for programs."""
    say_it = getattr(exit_.__context__, "format_message", None)
    message = str(say_it()) if callable(say_it) else "the command line was not understood"
    return UsageError(message, hint="see --help of the command", code="command-line")


def _as_code(code: object) -> int:
    return code if isinstance(code, int) else 0 if code is None else 1


def _interrupted() -> int:
    say("\ninterrupted: what was begun is in the log; the same command again continues it")
    return 9


def _explain(error: OrgrootError, settings: Settings) -> int:
    say(f"orgroot: {visible(error.message, keep_newlines=True)}")
    if isinstance(error, RequestRefused):
        for reason in error.reasons:
            if reason not in error.message:
                say(f"  - {visible(reason)}")
    if isinstance(error, AwsError) and error.denied_by_arn:
        say(f"  denied by: {visible(error.denied_by_arn)}")
    if error.hint:
        say(f"  {visible(error.hint, keep_newlines=True)}")
    if settings.output is Output.JSON:
        write_out(_error_json(error))
    return error.exit_code


def _error_json(error: OrgrootError) -> str:
    from orgroot.core.results import ExitReason, Failure
    from orgroot.report import render

    reasons = tuple(reason for reason in ExitReason if reason.code == error.exit_code)
    failure = Failure(exit_reasons=reasons, code=error.code, message=error.message, hint=error.hint)
    return render(failure, Output.JSON)


def _bug(error: Exception, settings: Settings) -> int:
    say(f"orgroot: unexpected failure: {type(error).__name__} (a bug: please report)")
    if settings.log_level is LogLevel.DEBUG:
        frames = traceback.StackSummary.from_list(traceback.extract_tb(error.__traceback__))
        say("".join(frames.format()))
    else:
        say("  run again with --log-level debug for where it happened")
    if settings.output is Output.JSON:
        hint = "a bug: please report it"
        failure = OrgrootError(f"unexpected failure: {type(error).__name__}", hint=hint)
        write_out(_error_json(failure))
    return OrgrootError.exit_code
