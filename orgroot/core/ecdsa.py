"""ECDSA verification on the NIST curves of SSH (RFC 5656): yes or no, no third.

A holder of the key can write two signatures over one text, (r, s) and (r, n - s), as every ECDSA
can; nobody else can make either. A statement counts once whatever its signature, so that is all.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

_UNCOMPRESSED = b"\x04"


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve, and the hash that RFC 5656 section 6.2.1 joins to its size."""

    curve: ec.EllipticCurve
    hash: hashes.HashAlgorithm


CURVES = {
    "nistp256": Curve(ec.SECP256R1(), hashes.SHA256()),
    "nistp384": Curve(ec.SECP384R1(), hashes.SHA384()),
    "nistp521": Curve(ec.SECP521R1(), hashes.SHA512()),
}
"""By SSH's names."""


def is_sound(curve: Curve, point: bytes) -> bool:
    """The raw key is an uncompressed point of the curve (SEC 1, section 2.3.4); all have its order.

    The point at infinity has no such spelling, and the cofactor of these curves is 1.
    """
    if not point.startswith(_UNCOMPRESSED):
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(curve.curve, point)
    except ValueError:
        return False
    return True


def fits(curve: Curve, point: bytes, r: int, s: int, message: bytes) -> bool:
    """The signature (r, s) was made over the message by the holder of the key at a sound point."""
    order = curve.curve.group_order
    if not (0 < r < order and 0 < s < order):
        return False
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve.curve, point)
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(curve.hash))
    except InvalidSignature:
        return False
    return True
