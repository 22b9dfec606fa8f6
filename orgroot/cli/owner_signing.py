"""Signing and publishing what owners were asked to sign: rules, and other owners."""

from typing import TYPE_CHECKING, Annotated

import typer

from orgroot.cli.terminal import announce, confirm, emit, say, typed
from orgroot.core.ids import ProposalId
from orgroot.report import Output

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn

    from orgroot.cli.settings import Settings
    from orgroot.core.results import ProposalView
    from orgroot.workflows.desk import LogDesk
    from orgroot.workflows.proposals import Confirm

ProposalArgument = Annotated[str, typer.Argument(metavar="ID", help="The proposal, opr_….")]


def sign_proposal(
    settings: "Settings",
    proposal: ProposalId,
    as_person: str | None,
    key: "Path | None",
    *,
    yes: bool,
    to: Output,
) -> "NoReturn":
    """One owner looks at a proposal and signs it."""
    from orgroot.cli.context import open_desk
    from orgroot.workflows import proposals

    with open_desk(
        settings,
        as_person,
        key,
        signs=True,
        electorate=lambda log: proposals.electorate(log, proposal),
    ) as desk:
        tell(desk, ("owner", desk.person or "nobody"), ("signs", proposal))
        emit(to, proposals.sign(desk, proposal, shown(yes=yes)))


def show_proposal(settings: "Settings", proposal: ProposalId, to: Output) -> "NoReturn":
    """Where a proposal stands, and all that it changes."""
    from orgroot.cli.context import open_desk
    from orgroot.workflows import proposals

    with open_desk(settings, None, None) as desk:
        found = proposals.find(desk.log, proposal)
        emit(to, proposals.view(desk.log, found, desk.clock.now()))


def publish_proposal(
    settings: "Settings", proposal: ProposalId, *, yes: bool, to: Output
) -> "NoReturn":
    """Put a proposal in force that enough owners have signed."""
    from orgroot.cli.context import open_desk
    from orgroot.workflows import proposals

    with open_desk(settings, None, None) as desk:
        found = proposals.find(desk.log, proposal)
        tell(desk, ("publishes", proposal))
        confirm("Put it in force?", yes=yes)
        emit(to, proposals.publish(desk.log, found, desk.log.check_clock(desk.clock.now())))


def tell(desk: "LogDesk", *rows: tuple[str, str]) -> None:
    """What is about to be touched."""
    where = (("organization", desk.config.organization.id), ("log", desk.log.trust.store))
    announce([*where, *rows])


def shown(*, yes: bool) -> "Confirm":
    """Show every value that changes, and have the end of the id typed."""
    from orgroot.report.text_owners import changes

    def ask(proposal: "ProposalView") -> None:
        say(f"changes against what is in force:\n{changes(proposal)}\n")
        typed(f"Sign exactly this, {proposal.id}?", proposal.id[-4:], yes=yes)

    return ask
