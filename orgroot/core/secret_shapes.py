"""Texts that look like secrets: AWS secret access keys, session tokens, private keys.

Nothing like that may ever stand in the log. What is found is named and never shown.
"""

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_WORDS = bytes(byte if byte in _BASE64 else 0x20 for byte in range(256))
"""Leaves the alphabet of keys and tokens as it is and turns all else into spaces."""

_NEWLINE = rb"\n"
_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{4}|[rtbf])")
"""JSON's escapes: their letters would pass for the beginning of the word behind them."""

_ARMOR = re.compile(rb"-----BEGIN SSH SIGNATURE-----.*?-----END SSH SIGNATURE-----", re.DOTALL)
"""Its last line may be as long as a secret access key."""

_KEY_LENGTH = 40
_TOKEN_LENGTH = 100
"""No session token of STS is shorter."""

_TOKEN_STARTS = (b"IQoJb3JpZ2lu", b"FwoGZXIvYXdz", b"FQoGZXIvYXdz", b"FQoDYXdz", b"AQoDYXdz")
"""How STS's tokens begin: base64 of a header that names `origin` or `aws`."""

_PRIVATE_KEY = b"PRIVATE KEY-----"

_LEAST_BITS = 4.3
"""Bits per character: forty random ones have 4.7 or so, names and paths of that length 4.1."""


def secret_shapes(text: bytes) -> tuple[str, ...]:
    """What kinds of secrets seem to stand in a text, or in base64 inside of it.

    Args:
        text: plain or JSON; a record, an object, or anything else.
    """
    words = _words(text)
    found = set(_shapes(text, words))
    for word in words:
        if len(word) > _KEY_LENGTH and (inner := _plain(word)):
            found |= set(_shapes(inner, _words(inner)))
    return tuple(sorted(found))


def _shapes(text: bytes, words: Iterable[bytes]) -> Iterator[str]:
    if _PRIVATE_KEY in text:
        yield "a private key"
    for word in words:
        if len(word) == _KEY_LENGTH and _random(word):
            yield "a secret access key"
        elif len(word) >= _TOKEN_LENGTH and word.startswith(_TOKEN_STARTS):
            yield "a session token"


def _words(text: bytes) -> list[bytes]:
    """The words of a text that are long enough to be a secret, or the base64 of one."""
    text = text.replace(_NEWLINE, b" ").replace(rb"\/", b"/")
    if _ESCAPE.search(text):
        text = _ESCAPE.sub(b" ", text)
    if b"SSH SIGNATURE" in text:
        text = _ARMOR.sub(b" ", text)
    return [word for word in text.translate(_WORDS).split() if len(word) >= _KEY_LENGTH]


def _plain(word: bytes) -> bytes | None:
    """The text that a word is the base64 of, or None."""
    try:
        decoded = base64.b64decode(word + b"=" * (-len(word) % 4))
    except binascii.Error:
        return None
    return decoded if decoded.isascii() else None


def _random(word: bytes) -> bool:
    """As mixed as AWS's keys are, and not the base64 of a text."""
    mixed = not (word.isalpha() or word == word.lower() or word == word.upper())
    return mixed and _bits(word) >= _LEAST_BITS and _plain(word) is None


def _bits(word: bytes) -> float:
    """The Shannon entropy per character."""
    counts = Counter(word).values()
    return -sum(n / len(word) * math.log2(n / len(word)) for n in counts)
