"""SSHSIG signatures (PROTOCOL.sshsig), verified by ourselves, strictly.

`ssh-keygen -Y verify` is never asked: it can be replaced through PATH, accepts more than one text
for the same signature, and a security key that nobody touched. Nothing here signs.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import assert_never

from orgroot.core import ecdsa, ed25519, rsa, security_keys
from orgroot.core.public_keys import EcdsaKey, Ed25519Key, Material, PublicKey, RsaKey, material_of
from orgroot.core.wire import Damaged, Reader, string
from orgroot.errors import IntegrityError

_BEGIN = "-----BEGIN SSH SIGNATURE-----\n"
_END = "-----END SSH SIGNATURE-----\n"
_COLUMNS = 70  # what ssh-keygen writes
_MAGIC = b"SSHSIG"
_VERSION = 1
_HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A signature that fits: what it says about how it was made.

    Attributes:
        key_type: the type of the key, e.g. `sk-ssh-ed25519@openssh.com`.
        hardware: a FIDO security key made it, at a touch, and says that its key stays in it. That
            it was a token at all is proved only by the attestation kept when the key was made.
        user_verified: the security key had checked a PIN or a finger.
    """

    key_type: str
    hardware: bool
    user_verified: bool


def verify(armored: str, message: bytes, *, namespace: str, key: PublicKey) -> Verified:
    """Return if `armored` is `key`'s signature over `message` in `namespace`; raise otherwise.

    Exactly one text verifies per signature: strict armor, version 1, empty reserved field, no
    byte too many, numbers in their shortest spelling.

    Raises:
        IntegrityError: `unknown-signer` where another key signed, `wrong-namespace` where it was
            signed for another purpose, `flags` where a security key signed untouched, `badsig`
            for anything else.
        UsageError: `key` is not a sound key.
    """
    material, application = material_of(key)
    try:
        signature, signed = _opened(_dearmor(armored), message, namespace, key)
        return _checked(key, material, application, signature, signed)
    except Damaged as error:
        raise _bad(str(error)) from error


def _opened(blob: bytes, message: bytes, namespace: str, key: PublicKey) -> tuple[bytes, bytes]:
    """The signature inside an SSHSIG of the right key and purpose, and the bytes it is over."""
    reader = Reader(blob)
    if reader.take(len(_MAGIC)) != _MAGIC or reader.uint32() != _VERSION:
        raise Damaged("it is not an SSHSIG of version 1")
    signer, purpose, reserved, hash_name, signature = (reader.string() for _ in range(5))
    reader.finish()
    if signer != key.blob:
        raise IntegrityError(
            f"the signature was not made by {key.fingerprint}", code="unknown-signer"
        )
    if not namespace or purpose != namespace.encode():
        raise IntegrityError(
            f"the signature was made for {purpose!r}, not for {namespace!r}", code="wrong-namespace"
        )
    hash_function = _HASHES.get(hash_name)
    if reserved or hash_function is None:
        raise Damaged("its reserved field or its hash is not one of version 1")
    digest = hash_function(message).digest()
    parts = (purpose, reserved, hash_name, digest)
    return signature, _MAGIC + b"".join(string(part) for part in parts)


def _checked(
    key: PublicKey, material: Material, application: bytes, signature: bytes, signed: bytes
) -> Verified:
    """The signature of the key over bytes (RFC 4253 section 6.6; PROTOCOL.u2f)."""
    reader = Reader(signature)
    algorithm, raw = reader.string().decode("ascii", "replace"), reader.string()
    if algorithm not in (rsa.HASHES if isinstance(material, RsaKey) else {key.type}):
        raise Damaged("its algorithm is not the key's")
    flags = None
    if key.hardware:
        flags, counter = reader.byte(), reader.uint32()
        signed = security_keys.signed_text(application, flags, counter, signed)
    reader.finish()
    if not _fits(material, algorithm, raw, signed):
        raise Damaged("it does not fit the text and the key")
    if flags is None:
        return Verified(key_type=key.type, hardware=False, user_verified=False)
    flaw = security_keys.flaw(flags)
    if flaw is not None:
        raise IntegrityError(f"the signature does not count: {flaw}", code="flags")
    return Verified(
        key_type=key.type,
        hardware=security_keys.stays_put(flags),
        user_verified=security_keys.pin_checked(flags),
    )


def _fits(material: Material, algorithm: str, raw: bytes, signed: bytes) -> bool:
    match material:
        case Ed25519Key():
            return ed25519.fits(material.point, raw, signed)
        case EcdsaKey():
            numbers = Reader(raw)
            r, s = numbers.positive(), numbers.positive()
            numbers.finish()
            return ecdsa.fits(material.curve, material.point, r, s, signed)
        case RsaKey():
            return rsa.fits(material.exponent, material.modulus, algorithm, raw, signed)
        case _:
            assert_never(material)


def _dearmor(armored: str) -> bytes:
    body = armored.removeprefix(_BEGIN).removesuffix(_END)
    try:
        blob = base64.b64decode(body.replace("\n", ""), validate=True)
    except ValueError as error:
        raise Damaged("its armor is damaged") from error
    encoded = base64.b64encode(blob).decode()
    lines = [encoded[i : i + _COLUMNS] + "\n" for i in range(0, len(encoded), _COLUMNS)]
    if armored != _BEGIN + "".join(lines) + _END:
        raise Damaged("its armor is not as ssh-keygen writes it")
    return blob


def _bad(why: str) -> IntegrityError:
    return IntegrityError(f"bad signature: {why}", code="badsig")
