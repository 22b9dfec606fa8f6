"""People with keys of every other type: ECDSA, RSA, and FIDO security keys made in software."""

import hashlib
from functools import lru_cache
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fakes.signer import FakeSigner, string

TOUCHED, PIN, MAY_BE_COPIED = 0x01, 0x04, 0x08

_CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "nistp256": (ec.SECP256R1(), hashes.SHA256()),
    "nistp384": (ec.SECP384R1(), hashes.SHA384()),
    "nistp521": (ec.SECP521R1(), hashes.SHA512()),
}


def mpint(number: int) -> bytes:
    """A number above zero in SSH wire format."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


class EcdsaSigner(FakeSigner):
    """A key on one of the three curves."""

    def __init__(self, name: str, curve: str = "nistp256") -> None:
        super().__init__(name)
        self.type = f"ecdsa-sha2-{curve}"
        self.curve = curve
        seed = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") % 2**255
        self.private = ec.derive_private_key(seed + 1, _CURVES[curve][0])

    @property
    def point(self) -> bytes:
        """The public key as an uncompressed point."""
        public = self.private.public_key()
        return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def blob(self) -> bytes:
        """RFC 5656, section 3.1."""
        return string(self.type.encode()) + string(self.curve.encode()) + string(self.point)

    def numbers(self, signed: bytes) -> tuple[int, int]:
        """A bare signature: r and s."""
        der = self.private.sign(signed, ec.ECDSA(_CURVES[self.curve][1]))
        return decode_dss_signature(der)

    def signature(self, signed: bytes) -> bytes:
        """RFC 5656, section 3.1.2."""
        r, s = self.numbers(signed)
        return string(self.type.encode()) + string(mpint(r) + mpint(s))


@lru_cache
def _rsa_key(_name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


class RsaSigner(FakeSigner):
    """An RSA key, one per name and length in this process."""

    type = "ssh-rsa"

    def __init__(self, name: str, bits: int = 3072, algorithm: str = "rsa-sha2-512") -> None:
        super().__init__(name)
        self.private = _rsa_key(name, bits)
        self.algorithm = algorithm

    @property
    def blob(self) -> bytes:
        """RFC 4253, section 6.6."""
        numbers = self.private.public_key().public_numbers()
        return string(b"ssh-rsa") + mpint(numbers.e) + mpint(numbers.n)

    def signature(self, signed: bytes) -> bytes:
        """RFC 8332, section 3; `ssh-rsa` is SHA-1."""
        used: dict[str, hashes.HashAlgorithm] = {
            "rsa-sha2-256": hashes.SHA256(),
            "rsa-sha2-512": hashes.SHA512(),
            "ssh-rsa": hashes.SHA1(),  # noqa: S303 - to be refused
        }
        raw = self.private.sign(signed, padding.PKCS1v15(), used[self.algorithm])
        return string(self.algorithm.encode()) + string(raw)


class TokenSigner(FakeSigner):
    """A FIDO security key made in software: it signs whatever flags it is told (PROTOCOL.u2f)."""

    def __init__(
        self,
        name: str,
        kind: Literal["ed25519", "ecdsa"] = "ed25519",
        *,
        flags: int = TOUCHED,
        application: bytes = b"ssh:",
    ) -> None:
        super().__init__(name)
        self.type = {
            "ed25519": "sk-ssh-ed25519@openssh.com",
            "ecdsa": "sk-ecdsa-sha2-nistp256@openssh.com",
        }[kind]
        self.flags = flags
        self.counter = 0x12345678
        self.application = application
        self._ecdsa = EcdsaSigner(name) if kind == "ecdsa" else None
        seed = hashlib.sha256(b"token " + name.encode()).digest()
        self._ed25519 = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def blob(self) -> bytes:
        """PROTOCOL.u2f, "SSH U2F Key formats"."""
        if self._ecdsa is not None:
            key = string(b"nistp256") + string(self._ecdsa.point)
        else:
            key = string(self._ed25519.public_key().public_bytes_raw())
        return string(self.type.encode()) + key + string(self.application)

    def signature(self, signed: bytes) -> bytes:
        """PROTOCOL.u2f, "SSH U2F signatures"."""
        event = bytes([self.flags]) + self.counter.to_bytes(4, "big")
        text = hashlib.sha256(self.application).digest() + event + hashlib.sha256(signed).digest()
        if self._ecdsa is not None:
            r, s = self._ecdsa.numbers(text)
            raw = mpint(r) + mpint(s)
        else:
            raw = self._ed25519.sign(text)
        return string(self.type.encode()) + string(raw) + event


def one_of_each(name: str) -> tuple[FakeSigner, ...]:
    """A signer of every type that is verified."""
    return (
        FakeSigner(name),
        *(EcdsaSigner(name, curve) for curve in _CURVES),
        RsaSigner(name),
        TokenSigner(name),
        TokenSigner(name, "ecdsa"),
    )
