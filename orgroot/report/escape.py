r"""Untrusted text, made safe to show: names, comments and policies come from other people.

Control characters, ESC, bidirectional overrides and zero-width characters become `\u{…}`, so that
no account name can move the cursor, hide a line or turn a word around (see "Trojan Source", 2021).
"""

import unicodedata

from orgroot.core import ids
from orgroot.errors import UsageError

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def hidden(character: str) -> bool:
    """Whether a character is invisible, moves the cursor or turns a word around."""
    return unicodedata.category(character) in _HIDDEN


def visible(text: str, *, keep_newlines: bool = False) -> str:
    r"""The text with everything invisible or moving written as `\u{hex}`."""
    return "".join(
        character
        if not hidden(character) or (keep_newlines and character == "\n")
        else f"\\u{{{ord(character):x}}}"
        for character in text
    )


def grouped(account: str) -> str:
    """An account id as people compare it: `1111-2222-3333`; anything else escaped."""
    try:
        return ids.grouped(ids.account_id(account))
    except UsageError:
        return visible(account)
