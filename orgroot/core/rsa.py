"""RSA verification, PKCS #1 v1.5 with SHA-2 (RFC 8332): yes or no, no third.

A signature is exactly as long as the modulus and below it, so it has one spelling. SHA-1
(`ssh-rsa`) is not among the algorithms.
"""

import math

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

MIN_BITS = 3072
MAX_BITS = 8192
"""Longer keys are in nobody's hands and cost every reader of the log their verification."""

MIN_EXPONENT = 2**16 + 1
MAX_EXPONENT = 2**64
"""More than 2^16 (FIPS 186-5 section A.1.1); OpenSSL verifies with no exponent above 64 bits."""

HASHES = {"rsa-sha2-256": hashes.SHA256(), "rsa-sha2-512": hashes.SHA512()}
"""By the names of the signature algorithms."""

_SMALL_FACTORS = math.prod(n for n in range(2, 752) if all(n % d for d in range(2, n)))
"""A modulus shares none of them (NIST SP 800-89 section 5.3.3)."""


def flaw(exponent: int, modulus: int) -> str | None:
    """Why a key is not sound; None: it is."""
    bits = modulus.bit_length()
    if not MIN_BITS <= bits <= MAX_BITS:
        return f"it has {bits} bits, not {MIN_BITS} to {MAX_BITS}"
    if not (MIN_EXPONENT <= exponent < MAX_EXPONENT and exponent % 2):
        return f"its exponent is not odd and from {MIN_EXPONENT}"
    if math.gcd(modulus, _SMALL_FACTORS) != 1:
        return "its modulus has a small factor"
    return None


def fits(exponent: int, modulus: int, algorithm: str, signature: bytes, message: bytes) -> bool:
    """The signature was made over the message by the holder of a sound key."""
    if len(signature) != (modulus.bit_length() + 7) // 8:
        return False
    key = RSAPublicNumbers(exponent, modulus).public_key()
    try:
        key.verify(signature, message, padding.PKCS1v15(), HASHES[algorithm])
    except InvalidSignature:
        return False
    return True
