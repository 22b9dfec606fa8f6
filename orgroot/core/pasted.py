"""A statement and its signature as one block of text that survives a chat.

What a chat adds around the block is taken off; the block itself has one form. Nothing here says
that a signature fits.
"""

import base64

from orgroot.errors import IntegrityError, UsageError

BEGIN = "-----BEGIN ORGROOT STATEMENT-----"
END = "-----END ORGROOT STATEMENT-----"
BEGIN_SIGNATURE = "-----BEGIN SSH SIGNATURE-----"
COLUMNS = 76

MAX_BYTES = 512 * 1024
"""More than the longest record in base64, quoted line by line."""

_FENCE = "```"


def block_of(statement: bytes, armored: str) -> str:
    """The block for a chat; `armored` is the SSHSIG as ssh-keygen writes it."""
    encoded = base64.b64encode(statement).decode()
    lines = (encoded[i : i + COLUMNS] for i in range(0, len(encoded), COLUMNS))
    return "\n".join((BEGIN, *lines, "")) + armored + f"{END}\n"


def pair_of(pasted: bytes) -> tuple[bytes, str]:
    """The statement's bytes and the armored signature of a pasted block.

    The two files themselves, the statement and then its signature, are taken as well.

    Taken off: CR and blanks at line ends, `> ` before every line, a code fence, empty lines before
    and behind. All else must be exactly as `block_of` writes it, but for the width of the base64.

    Raises:
        UsageError: nothing was pasted.
        IntegrityError: `pasted`: it is not one whole block.
    """
    if len(pasted) > MAX_BYTES:
        raise _bad("it is too long")
    try:
        text = pasted.decode("ascii")
    except UnicodeDecodeError as error:
        raise _bad("it holds characters that such a block never has") from error
    lines = _bare([line.rstrip(" \t\r") for line in text.split("\n")])
    if not lines:
        raise UsageError(
            "nothing was pasted",
            hint=f"paste the block from {BEGIN} to {END}",
            code="nothing-pasted",
        )
    if lines[0] == "{" and BEGIN_SIGNATURE in lines:
        return _files(lines)
    if lines[0] != BEGIN or lines[-1] != END:
        raise _bad(f"it does not go from {BEGIN} to {END}")
    inner = lines[1:-1]
    if BEGIN in inner or END in inner:
        raise _bad("it holds more than one block")
    if BEGIN_SIGNATURE not in inner:
        raise _bad("it holds no signature")
    at = inner.index(BEGIN_SIGNATURE)
    return _statement("".join(inner[:at])), "".join(f"{line}\n" for line in inner[at:])


def _files(lines: list[str]) -> tuple[bytes, str]:
    """A statement and its signature as `approval prepare` and ssh-keygen wrote them."""
    at = lines.index(BEGIN_SIGNATURE)
    statement, armored = _trimmed(lines[:at]), lines[at:]
    return "".join(f"{line}\n" for line in statement).encode(), "".join(
        f"{line}\n" for line in armored
    )


def _bare(lines: list[str]) -> list[str]:
    """The lines without what a chat puts around and before them."""
    lines = _trimmed(lines)
    if lines and all(line.startswith(">") for line in lines):
        lines = _trimmed([line[1:].removeprefix(" ") for line in lines])
    fenced = len(lines) > 1 and lines[0].startswith(_FENCE) and lines[-1] == _FENCE
    return _trimmed(lines[1:-1]) if fenced else lines


def _trimmed(lines: list[str]) -> list[str]:
    """The lines from the first to the last that is not empty."""
    full = [n for n, line in enumerate(lines) if line]
    return lines[full[0] : full[-1] + 1] if full else []


def _statement(encoded: str) -> bytes:
    try:
        statement = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise _bad("the base64 of its statement is damaged") from error
    if base64.b64encode(statement).decode() != encoded:
        raise _bad("the base64 of its statement is not the usual spelling")
    return statement


def _bad(why: str) -> IntegrityError:
    return IntegrityError(
        f"what was pasted cannot be taken: {why}",
        hint=f"copy the whole block, from {BEGIN} to {END}, and nothing else",
        code="pasted",
    )
