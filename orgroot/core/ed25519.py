"""Ed25519 verification (RFC 8032) for people's keys and ephemeral keys alike: yes or no, no third.

It accepts one signature per key and text that the key's holder made: no scalar at or above the
group order, and no key of small order, for which anyone could sign.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEY_BYTES = 32
SIGNATURE_BYTES = 64

_P = 2**255 - 19
_ORDER_8_Y = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_SMALL_ORDER_Y = frozenset({0, 1, _P - 1, _ORDER_8_Y, _P - _ORDER_8_Y})
"""The y of every point whose order divides 8."""


def is_sound(key: bytes) -> bool:
    """The raw key is 32 bytes, canonical (y below the field prime) and not of small order."""
    y = int.from_bytes(key, "little") % 2**255
    return len(key) == KEY_BYTES and y < _P and y not in _SMALL_ORDER_Y


def fits(key: bytes, signature: bytes, message: bytes) -> bool:
    """The raw signature was made over the message by the holder of the raw key."""
    if not is_sound(key) or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True
