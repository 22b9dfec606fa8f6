"""`approval prepare|attach`: what is signed where orgroot is not, by ssh-keygen alone."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orgroot.cli.options import OutputOption, settings_of
from orgroot.cli.requests import Comment
from orgroot.cli.terminal import announce, emit, say
from orgroot.core.ids import RequestId, is_proposal, proposal_id, request_id
from orgroot.errors import IntegrityError, UsageError
from orgroot.report import Output
from orgroot.report.text_offline import paste_line, sign_command

if TYPE_CHECKING:
    from orgroot.cli.settings import Settings
    from orgroot.core.ids import ProposalId
    from orgroot.core.public_keys import PublicKey

_LONGEST_FILE = 128 * 1024
"""A statement or signature above it fits no record."""


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    approval = typer.Typer(help="What is signed elsewhere.", no_args_is_help=True)
    approval.command()(prepare)
    approval.command()(attach)
    app.add_typer(approval, name="approval")


def prepare(
    ctx: typer.Context,
    request: Annotated[
        str, typer.Argument(metavar="ID", help="A request, orq_…; or a proposal of owners, opr_….")
    ],
    person: Annotated[
        str,
        typer.Option("--as", metavar="PERSON", help="Who will sign: of the roster, or an owner."),
    ],
    deny: Annotated[bool, typer.Option("--deny", help="A denial instead.")] = False,
    review: Annotated[
        bool, typer.Option("--review", help="A review of what was done under break-glass.")
    ] = False,
    violation: Annotated[
        bool, typer.Option("--violation", help="With --review: the glass should have stayed whole.")
    ] = False,
    ticket: Annotated[
        str, typer.Option("--ticket", help="With --review: the ticket that is still owed.")
    ] = "",
    comment: Comment = "",
    paste: Annotated[
        bool, typer.Option("--paste", help="One line for a shell that shows and signs it.")
    ] = False,
    fingerprint: Annotated[
        str | None,
        typer.Option(metavar="SHA256:…", help="Which of their keys will sign (else the first)."),
    ] = None,
) -> None:
    """Print the exact text that somebody signs.

    To approve (deny, review) a request, or, as an owner, rules or other owners that wait. They need
    ssh-keygen only. Makes no AWS call, writes nothing, needs no key here.
    """
    if (violation or ticket) and not review:
        raise UsageError("--violation and --ticket belong to --review", code="review")
    if deny and review:
        raise UsageError("either --deny or --review", code="review")
    settings = settings_of(ctx)
    if is_proposal(request):
        if deny or review or comment:
            raise UsageError(
                "an owner signs a proposal or does not: no --deny, --review or --comment",
                code="proposal",
            )
        found = _prepared_proposal(settings, proposal_id(request), person, fingerprint)
    else:
        word = _Word(deny=deny, review=review, violation=violation, ticket=ticket, comment=comment)
        found = _prepared_word(settings, request_id(request), person, word, fingerprint)
    _say_how(found, paste=paste)
    if paste:
        line = paste_line(
            found.text, namespace=found.namespace, key=found.key.text, typed=request[-4:]
        )
        sys.stdout.write(f"{line}\n")
    else:
        sys.stdout.write(found.text.decode("ascii"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """What is to be said of a request."""

    deny: bool
    review: bool
    violation: bool
    ticket: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A text to be signed: as what, by whose key, and until when it may be attached."""

    text: bytes
    namespace: str
    person: str
    key: "PublicKey"
    others: "tuple[PublicKey, ...]"
    until: str


def _prepared_word(
    settings: "Settings", request: RequestId, person: str, word: _Word, fingerprint: str | None
) -> _Found:
    """A decision or a review; what its signer should know is shown."""
    from orgroot.cli.context import open_desk
    from orgroot.core.statements import Approval, Denial
    from orgroot.report.text_policies import policy_texts
    from orgroot.report.text_requests import summary
    from orgroot.workflows import approval_files, request_view

    with open_desk(settings, None, None) as desk:
        if word.review:
            made = approval_files.prepare_review(
                desk,
                request,
                person,
                violation=word.violation,
                ticket=word.ticket,
                comment=word.comment,
                fingerprint=fingerprint,
            )
        else:
            kind = Denial if word.deny else Approval
            made = approval_files.prepare(
                desk, request, person, kind, comment=word.comment, fingerprint=fingerprint
            )
        say(summary(made.body.summary))
        texts = policy_texts(request_view.view(desk, request).params)
        if texts:
            say(f"\n{texts}")
    return _Found(
        text=made.text,
        namespace=made.body.NAMESPACE,
        person=person,
        key=made.key,
        others=made.others,
        until=made.body.expires_at,
    )


def _prepared_proposal(
    settings: "Settings", proposal: "ProposalId", person: str, fingerprint: str | None
) -> _Found:
    """What owners sign; all that it changes is shown."""
    from orgroot.cli.context import open_desk
    from orgroot.report.text_owners import changes
    from orgroot.workflows import proposal_files

    with open_desk(settings, None, None) as desk:
        made = proposal_files.prepare(desk, proposal, person, fingerprint)
    say(f"changes against what is in force:\n{changes(made.view)}")
    return _Found(
        text=made.text,
        namespace=made.namespace,
        person=person,
        key=made.key,
        others=made.others,
        until=made.view.ends_at,
    )


def _say_how(found: _Found, *, paste: bool) -> None:
    """Whose key signs, by which command, and what comes then."""
    rows = [
        ("signer", found.person),
        ("key", found.key.fingerprint),
        *(("other key", f"{key.fingerprint} (--fingerprint)") for key in found.others),
        ("attach before", found.until),
    ]
    if paste:
        rows.append(("they run", "this line in sh, bash or zsh, and send back what it prints"))
        rows.append(("then", "orgroot approval attach -"))
    else:
        rows.append(("they run", sign_command(found.namespace)))
        rows.append(("then", "orgroot approval attach a.json a.json.sig"))
    say()
    announce(rows)


def attach(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The signed text; - reads a pasted block.")
    ],
    signature: Annotated[
        Path | None, typer.Argument(metavar="SIG", help="Its signature (else FILE.sig).")
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Take what was signed elsewhere: an approval, a denial, a review, an owner's signature.

    The signature is checked before all else. Makes no AWS call; anyone may attach.
    """
    from orgroot.cli.context import open_desk
    from orgroot.core.pasted import pair_of
    from orgroot.workflows import approval_files, proposal_files

    if file == "-":
        if signature is not None:
            raise UsageError("a pasted block holds its signature: leave out SIG")
        text, armored = pair_of(_pasted())
    else:
        text = read_file(Path(file))
        armored = _ascii(read_file(Path(f"{file}.sig") if signature is None else signature))
    with open_desk(settings_of(ctx), None, None) as desk:
        if proposal_files.waits(desk.log, text):
            emit(output, proposal_files.attach(desk, text, armored))
        emit(output, approval_files.attach(desk, text, armored))


def _pasted() -> bytes:
    """What stands on stdin, and a little more than is allowed at most."""
    from orgroot.core.pasted import END, MAX_BYTES

    if sys.stdin.isatty():
        say(f"Paste the block, up to {END}, then press Ctrl-D.")
    return sys.stdin.buffer.read(MAX_BYTES + 1)


def read_file(path: Path) -> bytes:
    """A small file.

    Raises:
        UsageError: it cannot be read.
        IntegrityError: it is too long for what it should be.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_LONGEST_FILE + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{path} cannot be read: {why}", code="no-file") from error
    if len(raw) > _LONGEST_FILE:
        raise IntegrityError(f"{path} is too long to be a statement or signature", code="size")
    return raw


def _ascii(raw: bytes) -> str:
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError as error:
        raise IntegrityError("bad signature: its armor is damaged", code="badsig") from error
