"""OpenSSH public keys and SSHSIG signatures (PROTOCOL.sshsig), verified by ourselves, strictly.

`ssh-keygen -Y verify` is never asked: it can be replaced through PATH and accepts more than one
text for the same signature. Nothing here signs, and nothing here knows who a key belongs to.
"""

import base64
import hashlib
from dataclasses import dataclass

from orgroot.core import ed25519
from orgroot.errors import IntegrityError, UsageError

ED25519 = "ssh-ed25519"
_KNOWN_TYPES = frozenset(
    {
        "ssh-rsa",
        "ssh-dss",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    }
)
_CERTIFICATE = "-cert-v01@openssh.com"

_BEGIN = "-----BEGIN SSH SIGNATURE-----\n"
_END = "-----END SSH SIGNATURE-----\n"
_COLUMNS = 70  # what ssh-keygen writes
_MAGIC = b"SSHSIG"
_VERSION = (1).to_bytes(4, "big")
_HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """An OpenSSH public key.

    Attributes:
        type: the key type, e.g. `ssh-ed25519`.
        blob: the key in SSH wire format (RFC 4253 section 6.6, RFC 8709 section 4).
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


def parse_public_key(text: str) -> PublicKey:
    """Parse a line of a `.pub` file; a comment is dropped.

    Raises:
        UsageError: `key-type` where orgroot cannot verify this type of key; `key` where the text
            is not exactly one sound key.
    """
    line = text.rstrip("\r\n")
    kind, _, rest = line.partition(" ")
    if kind in _KNOWN_TYPES or kind.endswith(_CERTIFICATE):
        raise UsageError(
            f"keys of type {kind} are not supported",
            hint="this version supports ssh-ed25519: ssh-keygen -t ed25519",
            code="key-type",
        )
    if kind != ED25519 or not line.isprintable():
        raise _bad_key("not an OpenSSH public key")
    encoded = rest.partition(" ")[0]
    try:
        blob = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise _bad_key("its base64 is damaged") from error
    key = PublicKey(type=kind, blob=blob)
    if key.text != f"{kind} {encoded}":
        raise _bad_key("its base64 is not the usual spelling")
    _point(key)
    return key


def verify(armored: str, message: bytes, *, namespace: str, key: PublicKey) -> None:
    """Return if `armored` is `key`'s signature over `message` in `namespace`; raise otherwise.

    Exactly one text verifies per signature: strict armor, version 1, empty reserved field, no
    byte too many, and an Ed25519 scalar below the group order (RFC 8032 section 5.1.7).

    Raises:
        IntegrityError: `unknown-signer` where another key signed, `wrong-namespace` where it was
            signed for another purpose, `badsig` for anything else.
        UsageError: `key` is not a sound Ed25519 key.
    """
    reader = _Reader(_dearmor(armored))
    if reader.take(len(_MAGIC)) != _MAGIC or reader.take(4) != _VERSION:
        raise _bad("it is not an SSHSIG of version 1")
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
        raise _bad("its reserved field or its hash is not one of version 1")
    inner = _Reader(signature)
    if inner.string() != ED25519.encode():
        raise _bad("its algorithm is not the key's")
    raw = inner.string()
    inner.finish()
    digest = hash_function(message).digest()
    signed = _MAGIC + b"".join(_string(part) for part in (purpose, reserved, hash_name, digest))
    if not ed25519.fits(_point(key), raw, signed):
        raise _bad("it does not fit the text and the key")


class _Reader:
    """SSH wire format (RFC 4251 section 5), nothing left over."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def take(self, count: int) -> bytes:
        if count > len(self._data):
            raise _bad("it is cut short")
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def string(self) -> bytes:
        return self.take(int.from_bytes(self.take(4), "big"))

    def finish(self) -> None:
        if self._data:
            raise _bad("bytes follow its end")


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _point(key: PublicKey) -> bytes:
    """The 32 bytes inside an ssh-ed25519 key blob (RFC 8709 section 4)."""
    reader = _Reader(key.blob)
    try:
        kind, point = reader.string(), reader.string()
        reader.finish()
    except IntegrityError as error:
        raise _bad_key("it is damaged") from error
    if kind != ED25519.encode() or key.type != ED25519:
        raise _bad_key("it is not an ssh-ed25519 key")
    if not ed25519.is_sound(point):
        raise _bad_key("it is not a sound Ed25519 key")
    return point


def _dearmor(armored: str) -> bytes:
    body = armored.removeprefix(_BEGIN).removesuffix(_END)
    try:
        blob = base64.b64decode(body.replace("\n", ""), validate=True)
    except ValueError as error:
        raise _bad("its armor is damaged") from error
    encoded = base64.b64encode(blob).decode()
    lines = [encoded[i : i + _COLUMNS] + "\n" for i in range(0, len(encoded), _COLUMNS)]
    if armored != _BEGIN + "".join(lines) + _END:
        raise _bad("its armor is not as ssh-keygen writes it")
    return blob


def _bad(why: str) -> IntegrityError:
    return IntegrityError(f"bad signature: {why}", code="badsig")


def _bad_key(why: str) -> UsageError:
    return UsageError(
        f"not a usable public key: {why}",
        hint='give it as `ssh-keygen` wrote it: "ssh-ed25519 AAAA…"',
        code="key",
    )
