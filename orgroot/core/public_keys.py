"""OpenSSH public keys: which types can be verified, and whether a key is sound.

Each key has one spelling. Certificates, DSA and every other type are refused by name; nothing here
knows who a key belongs to.
"""

import base64
import hashlib
from dataclasses import dataclass

from orgroot.core import ecdsa, ed25519, rsa, security_keys
from orgroot.core.wire import Damaged, Reader
from orgroot.errors import UsageError

ED25519 = "ssh-ed25519"
RSA = "ssh-rsa"
ECDSA = {f"ecdsa-sha2-{name}": name for name in ecdsa.CURVES}
SK_ED25519 = "sk-ssh-ed25519@openssh.com"
SK_ECDSA = "sk-ecdsa-sha2-nistp256@openssh.com"
KEY_TYPES = (SK_ED25519, SK_ECDSA, ED25519, *ECDSA, RSA)
"""The types that can be verified, those in hardware first."""

_CURVE_OF = ECDSA | {SK_ECDSA: "nistp256"}
_ALIEN = ("ssh-dss", "ssh-ed448", "ssh-mldsa", "ssh-xmss", "webauthn-")
_CERTIFICATE = "-cert-v01@openssh.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """An OpenSSH public key.

    Attributes:
        type: the key type, e.g. `ssh-ed25519`.
        blob: the key in SSH wire format (RFC 4253 section 6.6).
    """

    type: str
    blob: bytes

    @property
    def text(self) -> str:
        """`type base64`: the one spelling, without a comment."""
        return f"{self.type} {base64.b64encode(self.blob).decode()}"

    @property
    def fingerprint(self) -> str:
        """`SHA256:…` as `ssh-keygen -l` shows it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"

    @property
    def hardware(self) -> bool:
        """A FIDO security key holds the private half, as far as the type says."""
        return self.type in {SK_ED25519, SK_ECDSA}


@dataclass(frozen=True, slots=True)
class Ed25519Key:
    """RFC 8709 section 4: 32 bytes."""

    point: bytes


@dataclass(frozen=True, slots=True)
class EcdsaKey:
    """RFC 5656 section 3.1: a curve and an uncompressed point of it."""

    curve: ecdsa.Curve
    point: bytes


@dataclass(frozen=True, slots=True)
class RsaKey:
    """RFC 4253 section 6.6."""

    exponent: int
    modulus: int


Material = Ed25519Key | EcdsaKey | RsaKey


def parse_public_key(text: str) -> PublicKey:
    """Parse a line of a `.pub` file; a comment is dropped.

    Raises:
        UsageError: `key-type` where keys of this type are not verified; `key` where the text is
            not exactly one sound key.
    """
    line = text.rstrip("\r\n")
    kind, _, rest = line.partition(" ")
    if kind.startswith(_ALIEN) or kind.endswith(_CERTIFICATE):
        raise UsageError(
            f"keys of type {kind} are not supported",
            hint=f"use one of {', '.join(KEY_TYPES)}: ssh-keygen -t ed25519-sk, or -t ed25519",
            code="key-type",
        )
    if kind not in KEY_TYPES or not line.isprintable():
        raise _bad("not an OpenSSH public key")
    encoded = rest.partition(" ")[0]
    try:
        blob = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise _bad("its base64 is damaged") from error
    key = PublicKey(type=kind, blob=blob)
    if key.text != f"{kind} {encoded}":
        raise _bad("its base64 is not the usual spelling")
    material_of(key)
    return key


def material_of(key: PublicKey) -> tuple[Material, bytes]:
    """What a key is made of, and the application of a security key (else empty).

    Raises:
        UsageError: code `key`: it is damaged, or not sound.
    """
    try:
        return _opened(key)
    except Damaged as error:
        raise _bad(str(error)) from error


def _opened(key: PublicKey) -> tuple[Material, bytes]:
    reader = Reader(key.blob)
    if reader.string() != key.type.encode():
        raise Damaged("it is of another type than it says")
    material = _material(key.type, reader)
    application = reader.string() if key.hardware else b""
    reader.finish()
    if key.hardware and not security_keys.is_application(application):
        raise Damaged('it was not made for SSH: its application does not begin with "ssh:"')
    return material, application


def _material(kind: str, reader: Reader) -> Material:
    if kind in _CURVE_OF:
        return _ecdsa(_CURVE_OF[kind], reader)
    if kind == RSA:
        return _rsa(reader)
    point = reader.string()
    if kind not in {ED25519, SK_ED25519} or not ed25519.is_sound(point):
        raise Damaged("it is not a sound Ed25519 key")
    return Ed25519Key(point)


def _ecdsa(name: str, reader: Reader) -> EcdsaKey:
    if reader.string() != name.encode():
        raise Damaged("its curve is not that of its type")
    curve, point = ecdsa.CURVES[name], reader.string()
    if not ecdsa.is_sound(curve, point):
        raise Damaged(f"it is not an uncompressed point of {name}")
    return EcdsaKey(curve, point)


def _rsa(reader: Reader) -> RsaKey:
    exponent, modulus = reader.positive(), reader.positive()
    flaw = rsa.flaw(exponent, modulus)
    if flaw is not None:
        raise Damaged(flaw)
    return RsaKey(exponent, modulus)


def _bad(why: str) -> UsageError:
    return UsageError(
        f"not a usable public key: {why}",
        hint='give it as `ssh-keygen` wrote it: "ssh-ed25519 AAAA…"',
        code="key",
    )
