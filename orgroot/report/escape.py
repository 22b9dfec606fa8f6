r"""Untrusted text, made safe to show: names, comments and policies come from other people.

Control characters, ESC, bidirectional overrides and zero-width characters become `\u{…}`, so that
no account name can move the cursor, hide a line or turn a word around (see "Trojan Source", 2021).
Letters that only look like those beside them are spelled out too.
"""

import re
import unicodedata

from orgroot.core import ids
from orgroot.errors import UsageError

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[A-Za-z]")
_ALIKE = re.compile(
    "[\u0370-\u03ff\u0400-\u052f\u0531-\u0587\u13a0-\u13fd\u1d00-\u1d7f\u1f00-\u1fff"
    "\u2c00-\u2dff\ua640-\ua69f\uab30-\uabbf\uff21-\uff5a\U0001d400-\U0001d7ff]"
)
"""Letters of Greek, Cyrillic, Armenian, Cherokee and the like, and Latin's own doubles."""


def hidden(character: str) -> bool:
    """Whether a character is invisible, moves the cursor or turns a word around."""
    return unicodedata.category(character) in _HIDDEN


def visible(text: str, *, keep_newlines: bool = False) -> str:
    r"""The text with everything invisible or moving written as `\u{hex}`.

    So are, in a word that also has letters of ASCII, letters of alphabets that hold their doubles:
    a Cyrillic o in `bob` shows itself. A word all in such an alphabet stays readable.
    """
    shown = "".join(
        character
        if not hidden(character) or (keep_newlines and character == "\n")
        else _spelled(character)
        for character in text
    )
    return shown if shown.isascii() else _WORD.sub(_unmasked, shown)


def _unmasked(word: re.Match[str]) -> str:
    if not _LATIN.search(word[0]):
        return word[0]
    return _ALIKE.sub(lambda letter: _spelled(letter[0]), word[0])


def _spelled(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"


def grouped(account: str) -> str:
    """An account id as people compare it: `1111-2222-3333`; anything else escaped."""
    try:
        return ids.grouped(ids.account_id(account))
    except UsageError:
        return visible(account)
