"""The person at the terminal: results on stdout, all else on stderr; questions, progress, notes."""

import os
import sys
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, NoReturn, Self, TextIO

import typer

from orgroot.errors import UsageError
from orgroot.report import Output, render
from orgroot.report.escape import visible
from orgroot.report.table import pairs

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from orgroot.core.results import PlanResult, Result
    from orgroot.workflows.workspace import Workspace


def emit(output: Output, result: "Result") -> NoReturn:
    """Print the result on stdout in the form asked for, and end with its exit code."""
    from orgroot.core.results import exit_code

    write_out(render(result, output))
    raise typer.Exit(exit_code(result.exit_reasons))


def write_out(text: str) -> None:
    """Write to stdout; whoever reads no further (`| head`) changes nothing of the exit code."""
    TerminalProgress.hide_all()
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go(sys.stdout)


def _let_go(stream: TextIO) -> None:
    """What follows goes nowhere, without another error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(text: str = "") -> None:
    """One line (or block) on stderr; foreign text in it must have passed `visible`.

    An execution that is under way must not end because nobody reads on.
    """
    TerminalProgress.hide_all()
    try:
        typer.echo(text, err=True)
    except BrokenPipeError:
        _let_go(sys.stderr)


def announce(rows: Sequence[tuple[str, str]]) -> None:
    """What is about to be touched, as `label: value` lines on stderr."""
    if rows:
        say(pairs([(label, visible(value)) for label, value in rows]))


def announce_act(ws: "Workspace", *rows: tuple[str, str]) -> None:
    """The same before an act on AWS: first where it happens and who calls."""
    announce(
        [
            ("organization", ws.config.organization.id),
            ("caller", ws.caller.arn),
            ("config", str(ws.config_path)),
            *rows,
        ]
    )


def confirm(question: str, *, yes: bool) -> None:
    """Ask before changing anything.

    Raises:
        UsageError: there is no terminal and no `--yes`, or the answer was no: nothing was done.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "this changes something and there is no terminal to confirm it on",
            hint="add --yes, or --dry-run to see what it would do",
            code="needs-yes",
        )
    try:
        answer = input_line(f"{question} [y/N] ")
    except (EOFError, KeyboardInterrupt):
        answer = ""
    if answer.strip().lower() not in {"y", "yes"}:
        raise UsageError("not confirmed: nothing was changed", code="not-confirmed")


def typed(question: str, expected: str, *, yes: bool) -> None:
    """Ask for an exact text, for what cannot be undone or must be looked at.

    Raises:
        UsageError: no terminal and no `--yes`, or another text was typed.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "this must be confirmed by typing, and there is no terminal",
            hint="add --yes if a program has looked at it",
            code="needs-yes",
        )
    try:
        answer = input_line(f"{question} (type {expected}): ")
    except (EOFError, KeyboardInterrupt):
        answer = ""
    if answer.strip() != expected:
        raise UsageError("not confirmed: nothing was signed or changed", code="not-confirmed")


def input_line(prompt: str) -> str:
    """Read one line from the terminal, the question on stderr so that stdout stays clean."""
    TerminalProgress.hide_all()
    typer.echo(prompt, err=True, nl=False)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


class TerminalProgress:
    """ports.Progress on a terminal's stderr; silent but for notes where there is no terminal.

    A bar is taken away before anything else is printed, so that results and questions stand on the
    terminal as they are: unbroken, and never drawn over.
    """

    _shown: ClassVar["set[TerminalProgress]"] = set()

    def __init__(self, *, color: bool = True) -> None:
        self._lock = threading.RLock()
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._plain = None if color else True

    @classmethod
    def hide_all(cls) -> None:
        """Take away every bar."""
        for each in tuple(cls._shown):
            each.hide()

    def start(self, label: str, total: int) -> None:
        """Show a bar for so many parts."""
        if not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        with self._lock:
            self.hide()
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            console = Console(stderr=True, no_color=self._plain)
            self._bar = Progress(
                *columns,
                console=console,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._shown.add(self)
            self._bar.start()
            self._task = self._bar.add_task(visible(label), total=total)

    def advance(self, count: int = 1) -> None:
        """So many parts more are done."""
        with self._lock:
            if self._bar is not None and self._task is not None:
                self._bar.advance(self._task, count)

    def note(self, text: str) -> None:
        """One line for the person."""
        with self._lock:
            if self._bar is not None:
                shown = visible(text)
                self._bar.console.print(shown, markup=False, highlight=False, soft_wrap=True)
            else:
                say(visible(text))

    def hide(self) -> None:
        """Take the bar away; what advances it from now on is not shown."""
        with self._lock:
            if self._bar is not None:
                self._bar.stop()
                self._bar = None
            self._shown.discard(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hide()


def ask_for_plan(
    ws: "Workspace", plan: "PlanResult", act: Callable[[], "Result"], *, only_show: bool, yes: bool
) -> "Result":
    """The plan itself where nothing is to be done; else what asking for it came to.

    Raises:
        UsageError: not confirmed: nothing was asked for.
    """
    if only_show or not plan.changes:
        return plan
    _announce_plan(ws, plan)
    confirm(f"Ask for {len(plan.changes)} change(s)?", yes=yes)
    return act()


def _announce_plan(ws: "Workspace", plan: "PlanResult") -> None:
    """What a plan is about to touch, counted, and each change."""
    announce_act(
        ws,
        ("changes", str(len(plan.changes))),
    )
    for row in plan.changes:
        side = row.before if row.op == "detach-scp" else row.after
        scp = side.get("scp", "") if isinstance(side, dict) else ""
        say(f"  {row.op}  {visible(row.target)}  {visible(scp)}".rstrip())
    for note in plan.notes:
        say(f"  note: {visible(note)}")
