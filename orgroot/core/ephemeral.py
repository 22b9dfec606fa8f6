"""The key of one execution: announced in the signed intent, kept in memory only, signs its facts.

It signs nothing but `orgroot-fact-v1` NUL body, so no signature of it can serve another purpose.
"""

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orgroot.core import ed25519
from orgroot.core.facts import FACT_CONTEXT
from orgroot.errors import IntegrityError


class EphemeralKey:
    """An Ed25519 private key whose `repr` tells nothing and that is never serialised."""

    __slots__ = ("_key",)

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def from_seed(cls, seed: bytes) -> "EphemeralKey":
        """The key of 32 random bytes (RFC 8032 section 5.1.5); the caller draws and forgets them.

        Raises:
            ValueError: the seed is not 32 bytes long.
        """
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public_b64(self) -> str:
        """Base64 of the raw public key, as the intent announces it."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, body: bytes) -> str:
        """Base64 of the signature over the fact with this exact text."""
        return base64.b64encode(self._key.sign(FACT_CONTEXT + body)).decode()

    def __repr__(self) -> str:
        return "EphemeralKey(…)"

    __str__ = __repr__

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("an ephemeral key is not serialised")


def verify_fact(public_b64: str, body: bytes, sig_b64: str) -> None:
    """Return if the fact was signed by the announced key; raise otherwise.

    Raises:
        IntegrityError: `badsig`: damaged base64, a wrong length, a key anyone could sign for, or
            a signature that does not fit.
    """
    key = _decode(public_b64, ed25519.KEY_BYTES, "key")
    signature = _decode(sig_b64, ed25519.SIGNATURE_BYTES, "signature")
    if not ed25519.fits(key, signature, FACT_CONTEXT + body):
        raise _bad("the signature of a fact does not fit its text and key")


def _decode(text: str, size: int, what: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise _bad(f"the {what} of a fact is not base64") from error
    if len(raw) != size or base64.b64encode(raw).decode() != text:
        raise _bad(f"the {what} of a fact is not {size} bytes of base64")
    return raw


def _bad(why: str) -> IntegrityError:
    return IntegrityError(why, code="badsig")
