"""What a FIDO security key signs, and what its flags say (PROTOCOL.u2f; CTAP 2, section 6.1).

A token signs its own account of the event together with the text: who asked, whether somebody
touched it, whether it had checked a PIN, and a counter.
"""

import hashlib
import re

_TOUCHED = 0x01
_PIN_CHECKED = 0x04
_MAY_BE_COPIED = 0x08
_DATA_FOLLOWS = 0x40 | 0x80
_APPLICATION = re.compile(rb"ssh:[!-~]{0,251}")


def is_application(name: bytes) -> bool:
    """The key was made for SSH, not for a web site: its name is `ssh:` or begins so."""
    return _APPLICATION.fullmatch(name) is not None


def signed_text(application: bytes, flags: int, counter: int, message: bytes) -> bytes:
    """The bytes that the token signs for a message (PROTOCOL.u2f, "SSH U2F signatures")."""
    event = bytes([flags]) + counter.to_bytes(4, "big")
    return hashlib.sha256(application).digest() + event + hashlib.sha256(message).digest()


def flaw(flags: int) -> str | None:
    """Why a signature with these flags does not count; None: it does."""
    if not flags & _TOUCHED:
        return "nobody touched the security key"
    if flags & _DATA_FOLLOWS:
        return "its flags announce data that an SSH signature does not carry"
    return None


def pin_checked(flags: int) -> bool:
    """The token had verified its user, by a PIN or a finger."""
    return bool(flags & _PIN_CHECKED)


def stays_put(flags: int) -> bool:
    """The token does not say that the key may be copied to other devices (WebAuthn 3, 6.1.3)."""
    return not flags & _MAY_BE_COPIED
