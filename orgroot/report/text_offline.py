"""What an approver without orgroot needs: the command, or a line for the shell that does it all.

The line holds text in an alphabet that no shell reads anything into; it needs base64, ssh-keygen
and what POSIX has.
"""

import base64

from orgroot.core.pasted import BEGIN, COLUMNS, END
from orgroot.errors import UsageError

_LONGEST = 96_000
"""Bytes of a statement; Linux takes no longer argument than 128 KiB, and base64 adds a third."""

_SCRIPT = (
    "set -eu; umask 077; d=$(mktemp -d); "
    'trap "rm -rf \\"$d\\"" EXIT; trap "exit 130" HUP INT TERM; '
    'f=$d/statement; printf %s "$1" | base64 --decode >"$f"; '
    # An escape sequence in it would be shown by the terminal as something else.
    'LC_ALL=C tr -cd "\\n -~" <"$f" >&2; '
    'k=${KEY:-$(grep -lF -- "$3" "$HOME"/.ssh/*.pub 2>/dev/null | head -n 1)}; '
    # In no file: ssh-agent may hold it, and is asked by its public key.
    'if [ -z "$k" ]; then k=$d/key.pub; printf "%s %s\\n" "$4" "$3" >"$k"; fi; '
    'p=${k%.pub}; if [ -f "$p" ]; then k=$p; fi; '
    'printf "Sign exactly this as %s with %s? (type %s): " "$2" "$k" "$5" >&2; '
    'a=; read -r a || :; if [ "$a" != "$5" ]; then echo "not signed" >&2; exit 2; fi; '
    'ssh-keygen -q -Y sign -n "$2" -f "$k" "$f" >&2; '
    f'printf "%s\\n" "{BEGIN}"; printf "%s\\n" "$1" | fold -w {COLUMNS}; '
    f'cat "$f.sig"; printf "%s\\n" "{END}"'
)


def sign_command(namespace: str, file: str = "a.json") -> str:
    """The command that signs a prepared file."""
    return f"ssh-keygen -Y sign -n {namespace} -f KEY {file}"


def paste_line(text: bytes, *, namespace: str, key: str, typed: str) -> str:
    """One line for sh, bash or zsh that decodes a statement, shows it and signs it.

    It takes the key whose public half lies in `~/.ssh`, else ssh-agent, else `KEY=FILE`, and asks
    to type `typed`. On stdout it prints what `core.pasted` reads.

    Args:
        text: the statement.
        namespace: what it is signed as.
        key: the public key that must sign, `type base64`.
        typed: what to type to say yes; letters and digits.

    Raises:
        UsageError: it is too long for a line.
    """
    if len(text) > _LONGEST:
        raise UsageError(
            f"{len(text)} bytes are too much for one line of a shell",
            hint="leave out --paste, and send the text as a file",
            code="too-long",
        )
    kind, _, encoded = key.partition(" ")
    statement = base64.b64encode(text).decode()
    return f"sh -c '{_SCRIPT}' orgroot {statement} {namespace} {encoded} {kind} {typed}"
