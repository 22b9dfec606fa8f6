"""Options that several commands share, each declared once."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orgroot.cli.settings import Settings
from orgroot.core.ids import AccountId, account_id, ou_id, root_id
from orgroot.errors import UsageError
from orgroot.report import Output

if TYPE_CHECKING:
    from orgroot.core.governed_tasks import Task
    from orgroot.workflows.requests import Ask

if TYPE_CHECKING:
    from orgroot.core.organization import Selection


def settings_of(ctx: typer.Context) -> Settings:
    """The global options of this run."""
    settings = ctx.find_root().obj
    assert isinstance(settings, Settings)  # noqa: S101 - set by the root command before any other
    return settings


def _remember_output(ctx: typer.Context, value: Output) -> Output:
    settings_of(ctx).output = value
    return value


OutputOption = Annotated[
    Output,
    typer.Option("--output", "-o", help="Form of the result.", callback=_remember_output),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for approvers and the log.")]
Ticket = Annotated[str, typer.Option("--ticket", help="The ticket this belongs to.")]
DurationSeconds = Annotated[
    int | None,
    typer.Option("--duration", help="Length of a root session in seconds (at most 900).", min=60),
]
AcceptLockout = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-lockout",
        metavar="TASK",
        help="A root task that works today and may be stopped; approvers read it. Repeatable.",
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for the approvals, then do it.")]
WaitFor = Annotated[
    str | None, typer.Option("--wait-for", metavar="TIME", help="Wait at most so long, e.g. 30m.")
]
As = Annotated[
    str | None,
    typer.Option("--as", envvar="ORGROOT_AS", metavar="PERSON", help="Who you are in the roster."),
]
Key = Annotated[
    Path | None,
    typer.Option(
        "--key", envvar="ORGROOT_KEY", metavar="FILE", help="Public key file of the signing key."
    ),
]
AccountArguments = Annotated[
    list[str] | None, typer.Argument(metavar="ACCOUNT", help="Account ids, 12 digits.")
]
All = Annotated[bool, typer.Option("--all", help="Every member account.")]
Ous = Annotated[
    list[str] | None,
    typer.Option("--ou", metavar="OU-ID", help="An OU with everything below it; repeatable."),
]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="Accounts with this tag.")
]
Exclude = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="ACCOUNT", help="Leave this one out.")
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many accounts.")]

_GROUPED = re.compile(r"[0-9]{4}-[0-9]{4}-[0-9]{4}")
_WAIT = re.compile(r"([1-9][0-9]{0,5})([smhd]?)")
_UNIT = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
FOREVER = 7 * 86400
"""`--wait` alone: until the request expires, and at most a week."""


def wait_seconds(wait: bool, wait_for: str | None) -> int | None:
    """How long to wait for approvals, in seconds; None: not at all."""
    if wait_for is None:
        return FOREVER if wait else None
    match = _WAIT.fullmatch(wait_for)
    if match is None:
        raise UsageError(f"--wait-for {wait_for!r} is not a time", hint="write 90s, 30m or 2h")
    return int(match[1]) * _UNIT[match[2]]


def ask_of(
    reason: str,
    ticket: str,
    wait: bool,
    wait_for: str | None,
    duration: int | None = None,
    *,
    break_glass: bool = False,
) -> "Ask":
    """What the person says about a request."""
    from orgroot.workflows.requests import Ask

    return Ask(
        reason=reason,
        ticket=ticket,
        duration_seconds=duration,
        wait_seconds=wait_seconds(wait, wait_for),
        break_glass=break_glass,
    )


def selection(
    ids: list[str] | None,
    *,
    every: bool,
    ous: list[str] | None,
    tags: list[str] | None,
    exclude: list[str] | None,
    limit: int | None,
) -> "Selection":
    """The accounts a command was asked about.

    Raises:
        UsageError: a malformed id or tag, no selection, or one that contradicts itself.
    """
    from orgroot.core.organization import Selection, require_coherent

    asked = Selection(
        ids=tuple(typed_account(text, "ACCOUNT") for text in ids or ()),
        all=every,
        ous=units(ous),
        tags=tag_pairs(tags),
        exclude=tuple(typed_account(text, "--exclude") for text in exclude or ()),
        limit=limit,
    )
    require_coherent(asked)
    return asked


def typed_account(text: str, option: str = "--account") -> AccountId:
    """An account id as people type it: 12 digits, or grouped as orgroot shows it.

    Raises:
        UsageError: another form; it names the option, or the argument.
    """
    try:
        return account_id(text.replace("-", "") if _GROUPED.fullmatch(text) else text)
    except UsageError as error:
        raise UsageError(f"{option}: {error.message}", hint=error.hint, code=error.code) from None


def units(texts: list[str] | None) -> tuple[str, ...]:
    """Ids of OUs, or of the organization's root.

    Raises:
        UsageError: a malformed id.
    """
    return tuple(root_id(t) if t.startswith("r-") else ou_id(t) for t in texts or ())


def tag_pairs(texts: list[str] | None) -> dict[str, str]:
    """`KEY=VALUE` texts as a mapping.

    Raises:
        UsageError: another form.
    """
    return dict(_tag(text) for text in texts or ())


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UsageError(f"--tag {text!r} is not KEY=VALUE", hint="write --tag Environment=prod")
    return key, value


def accepted_lockouts(names: Iterable[str]) -> "tuple[Task, ...]":
    """The root tasks that `--accept-lockout` names.

    Raises:
        UsageError: one of them is no root task.
    """
    from orgroot.core.governed_tasks import NAMED_AFTER

    tasks = {task.value: task for task in NAMED_AFTER.values()}
    for name in names:
        if name not in tasks:
            raise UsageError(
                f"--accept-lockout {name!r} names no root task",
                hint=f"one of {', '.join(tasks)}",
                code="task",
            )
    return tuple(tasks[name] for name in dict.fromkeys(names))
