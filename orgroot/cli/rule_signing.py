"""`rules propose|sign|publish|proposals|key-revoke`: from authored rules to those in force.

Where one owner is enough `rules publish` does it at once; else the owners sign one after the other,
wherever they are.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from orgroot.cli.options import As, DryRun, Key, OutputOption, Reason, Yes, settings_of
from orgroot.cli.owner_signing import (
    ProposalArgument,
    publish_proposal,
    show_proposal,
    shown,
    sign_proposal,
    tell,
)
from orgroot.cli.terminal import confirm, emit, typed
from orgroot.core.ids import proposal_id
from orgroot.report import Output

if TYPE_CHECKING:
    from orgroot.core.public_keys import PublicKey


def register(group: typer.Typer) -> None:
    """Add these commands to the group `rules`."""
    group.command("propose")(propose)
    group.command("sign")(sign)
    group.command("publish")(publish)
    group.command("proposals")(proposals)
    group.command("key-revoke")(key_revoke)


def propose(
    ctx: typer.Context,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Let the config's approvals wait for signatures.

    Needs no key: it puts their exact text beside the log, for the owners to sign.
    """
    from orgroot.cli.context import open_desk
    from orgroot.workflows import rules

    with open_desk(settings_of(ctx), None, None) as desk:
        tell(desk, ("proposes", "the config's approvals"))
        if not dry_run:
            confirm("Propose them?", yes=yes)
        emit(output, rules.propose(desk, only_show=dry_run))


def sign(
    ctx: typer.Context,
    proposal: ProposalArgument,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Sign a proposal as an owner.

    Shows every value that it changes and asks for the end of its id.
    """
    settings, wanted = settings_of(ctx), proposal_id(proposal)
    if dry_run:
        show_proposal(settings, wanted, output)
    sign_proposal(settings, wanted, as_person, key, yes=yes, to=output)


def publish(
    ctx: typer.Context,
    proposal: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A proposal that enough have signed.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Put rules in force.

    Without ID the config's approvals, signed by the one owner that the trust asks for.
    """
    from orgroot.cli.context import open_desk
    from orgroot.workflows import rules

    settings = settings_of(ctx)
    wanted = None if proposal is None else proposal_id(proposal)
    if dry_run and wanted is not None:
        show_proposal(settings, wanted, output)
    if wanted is not None:
        publish_proposal(settings, wanted, yes=yes, to=output)
    if dry_run:
        with open_desk(settings, None, None) as desk:
            emit(output, rules.propose(desk, only_show=True))
    with open_desk(settings, as_person, key, signs=True, owner=True) as desk:
        tell(desk, ("owner", desk.person or "nobody"), ("publishes", "the config's approvals"))
        emit(output, rules.publish(desk, shown(yes=yes)))


def proposals(ctx: typer.Context, output: OutputOption = Output.TEXT) -> None:
    """List what owners were asked to sign.

    Rules and changes of owners; open, ready, published or out of date.
    """
    from orgroot.cli.context import open_desk
    from orgroot.workflows import proposals as waiting

    with open_desk(settings_of(ctx), None, None) as desk:
        emit(output, waiting.listing(desk))


def key_revoke(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Whose key ends.")],
    reason: Reason = "",
    fingerprint: Annotated[
        str | None,
        typer.Option(metavar="SHA256:…", help="Which of their keys (else the only one)."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--compromised-since",
            metavar="TIME",
            help="It was in other hands from then on (UTC, 2026-11-25T10:00:00Z).",
        ),
    ] = None,
    yes: Yes = False,
    as_person: As = None,
    key: Key = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """End a key at once, whatever the rules say.

    By any one owner, or by the person. What it signed before stands, unless it was compromised.
    """
    from orgroot.cli.context import open_desk
    from orgroot.workflows.key_revocation import Ended, revoke_key, revokers

    what = Ended(person=person, fingerprint=fingerprint, reason=reason, since=since)
    with open_desk(
        settings_of(ctx), as_person, key, signs=True, electorate=lambda log: revokers(log, person)
    ) as desk:

        def ask(found: "PublicKey") -> None:
            tell(desk, ("signs", desk.person or "nobody"), ("ends", f"{found.text} of {person}"))
            typed("End this key, for good?", found.fingerprint[-4:], yes=yes)

        emit(output, revoke_key(desk, what, ask))
