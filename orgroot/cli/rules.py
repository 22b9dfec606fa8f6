"""`rules check`, `rules show`, and the group of commands about rules."""

from typing import TYPE_CHECKING, Annotated

import typer

from orgroot.cli import rule_signing
from orgroot.cli.options import As, Key, OutputOption, settings_of, tag_pairs, typed_account, units
from orgroot.cli.terminal import emit
from orgroot.errors import UsageError
from orgroot.report import Output

if TYPE_CHECKING:
    from orgroot.core.governed_tasks import Task


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    group = typer.Typer(help="Approval rules.", no_args_is_help=True)
    group.command("check")(check)
    group.command("show")(show)
    rule_signing.register(group)
    app.add_typer(group, name="rules")


def check(
    ctx: typer.Context,
    without: Annotated[
        str | None, typer.Option("--without", metavar="PERSON", help="What breaks if they leave.")
    ] = None,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Check the config's approvals.

    Rules that nobody can satisfy, or that ask too little, in every part of the organization that
    they tell apart.
    """
    from orgroot.cli.context import open_desk
    from orgroot.workflows import rules

    with open_desk(settings_of(ctx), as_person, key) as desk:
        emit(output, rules.check(desk, without))


def show(
    ctx: typer.Context,
    task: Annotated[
        str | None, typer.Option("--task", metavar="TASK", help="What would be asked for.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="ACCOUNT", help="In which account.")
    ] = None,
    ous: Annotated[
        list[str] | None,
        typer.Option("--ou", metavar="OU-ID", help="An OU it is in; else as last recorded."),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY=VALUE", help="A tag it has; else as last recorded."),
    ] = None,
    bucket: Annotated[str, typer.Option("--bucket", help="Which bucket.")] = "",
    queue: Annotated[str, typer.Option("--queue", help="Which queue.")] = "",
    matrix: Annotated[
        bool, typer.Option("--matrix", help="All tasks, wherever rules differ (the default).")
    ] = False,
    authored: Annotated[
        bool, typer.Option("--authored", help="The config's rules, not those in force.")
    ] = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show what rules demand, and who could approve.

    With --task what one request would need, with --as who could approve it for that person now.
    Without it every task, in every part of the organization that the rules tell apart.
    """
    from orgroot.cli.context import open_desk
    from orgroot.workflows import rules_view

    about = bool(account or ous or tags or bucket or queue)
    if task is None and about:
        raise UsageError("what would be asked for?", hint="name it: --task TASK", code="task")
    if task is not None and matrix:
        raise UsageError("--matrix shows every task: leave out --task", code="task")
    question = task and rules_view.Question(
        task=_task(task),
        account=typed_account(account) if account else None,
        ous=units(ous),
        tags=tag_pairs(tags),
        resource=bucket or queue,
        person=as_person,
    )
    with open_desk(settings_of(ctx), as_person, key) as desk:
        if not question:
            emit(output, rules_view.matrix(desk, config=authored))
        emit(output, rules_view.show(desk, question, config=authored))


def _task(name: str) -> "Task":
    from orgroot.core.governed_tasks import Task

    try:
        return Task(name)
    except ValueError as error:
        raise UsageError(
            f"{name} is no task", hint="tasks are " + ", ".join(Task), code="task"
        ) from error
