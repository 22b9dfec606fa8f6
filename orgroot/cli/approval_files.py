"""`approval prepare|attach`: decisions signed where orgroot is not, by ssh-keygen alone."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orgroot.cli.options import OutputOption, settings_of
from orgroot.cli.requests import Comment, RequestArgument
from orgroot.cli.terminal import announce, emit, say
from orgroot.core.ids import request_id
from orgroot.errors import IntegrityError, UsageError
from orgroot.report import Output

if TYPE_CHECKING:
    from orgroot.workflows.approval_files import Prepared

_LONGEST_FILE = 128 * 1024
"""A statement or signature above it fits no record."""


def register(app: typer.Typer) -> None:
    """Add these commands to the root command."""
    approval = typer.Typer(help="Approvals signed elsewhere.", no_args_is_help=True)
    approval.command()(prepare)
    approval.command()(attach)
    app.add_typer(approval, name="approval")


def prepare(
    ctx: typer.Context,
    request: RequestArgument,
    person: Annotated[
        str, typer.Option("--as", metavar="PERSON", help="Who will sign, by their roster name.")
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
    """Print the exact text that somebody signs to approve (deny, review) a request.

    They need ssh-keygen only. Makes no AWS call, writes nothing, needs no key here.
    """
    from orgroot.cli.context import open_desk
    from orgroot.core.statements import Approval, Denial
    from orgroot.report.text_offline import paste_line
    from orgroot.report.text_policies import policy_texts
    from orgroot.report.text_requests import summary
    from orgroot.workflows import approval_files, request_view

    wanted = request_id(request)
    if (violation or ticket) and not review:
        raise UsageError("--violation and --ticket belong to --review", code="review")
    if deny and review:
        raise UsageError("either --deny or --review", code="review")
    with open_desk(settings_of(ctx), None, None) as desk:
        if review:
            made = approval_files.prepare_review(
                desk,
                wanted,
                person,
                violation=violation,
                ticket=ticket,
                comment=comment,
                fingerprint=fingerprint,
            )
        else:
            kind = Denial if deny else Approval
            made = approval_files.prepare(
                desk, wanted, person, kind, comment=comment, fingerprint=fingerprint
            )
        say(summary(made.body.summary))
        texts = policy_texts(request_view.view(desk, wanted).params)
        if texts:
            say(f"\n{texts}")
    _say_how(made, paste=paste)
    if paste:
        line = paste_line(
            made.text, namespace=made.body.NAMESPACE, key=made.key.text, typed=wanted[-4:]
        )
        sys.stdout.write(f"{line}\n")
    else:
        sys.stdout.write(made.text.decode("ascii"))


def _say_how(made: "Prepared", *, paste: bool) -> None:
    """Whose key signs, by which command, and what comes then."""
    from orgroot.report.text_offline import sign_command

    rows = [
        ("signer", made.body.signer.person),
        ("key", made.key.fingerprint),
        *(("other key", f"{key.fingerprint} (--fingerprint)") for key in made.others),
        ("attach before", made.body.expires_at),
    ]
    if paste:
        rows.append(("they run", "this line in sh, bash or zsh, and send back what it prints"))
        rows.append(("then", "orgroot approval attach -"))
    else:
        rows.append(("they run", sign_command(made.body.NAMESPACE)))
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
    """Append an approval, denial or review that was signed elsewhere.

    The signature is checked before all else. Makes no AWS call; anyone may attach.
    """
    from orgroot.cli.context import open_desk
    from orgroot.core.pasted import pair_of
    from orgroot.workflows import approval_files

    if file == "-":
        if signature is not None:
            raise UsageError("a pasted block holds its signature: leave out SIG")
        text, armored = pair_of(_pasted())
    else:
        text = read_file(Path(file))
        armored = _ascii(read_file(Path(f"{file}.sig") if signature is None else signature))
    with open_desk(settings_of(ctx), None, None) as desk:
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
        raise UsageError(f"{path} cannot be read: {error}", code="no-file") from error
    if len(raw) > _LONGEST_FILE:
        raise IntegrityError(f"{path} is too long to be a statement or signature", code="size")
    return raw


def _ascii(raw: bytes) -> str:
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError as error:
        raise IntegrityError("bad signature: its armor is damaged", code="badsig") from error
