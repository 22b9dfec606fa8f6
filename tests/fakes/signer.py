"""People with real Ed25519 keys that sign in this process, by the rules of PROTOCOL.sshsig."""

import base64
import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_COLUMNS = 70


class FakeSigner:
    """A signing key made from a name: the same name gives the same key."""

    type = "ssh-ed25519"

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = 0
        self._key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())

    @property
    def blob(self) -> bytes:
        """The public key in SSH wire format."""
        return string(b"ssh-ed25519") + string(self._key.public_key().public_bytes_raw())

    @property
    def public_key(self) -> str:
        """`type AAAA…`."""
        return f"{self.type} {base64.b64encode(self.blob).decode()}"

    def signature(self, signed: bytes) -> bytes:
        """The innermost signature: its algorithm and what belongs to it."""
        return string(b"ssh-ed25519") + string(self._key.sign(signed))

    def sign(self, namespace: str, message: bytes) -> str:
        """An armored SSHSIG over the message."""
        self.asked += 1
        return sshsig(self.blob, namespace, message, self.signature)


def sshsig(blob: bytes, namespace: str, message: bytes, signature: Callable[[bytes], bytes]) -> str:
    """An armored SSHSIG by whoever makes the innermost signature."""
    parts = (namespace.encode(), b"", b"sha512")
    digest = hashlib.sha512(message).digest()
    signed = b"SSHSIG" + b"".join(string(part) for part in (*parts, digest))
    whole = b"SSHSIG" + (1).to_bytes(4, "big")
    return armor(whole + b"".join(string(part) for part in (blob, *parts, signature(signed))))


def armor(blob: bytes) -> str:
    """The text of a signature as ssh-keygen writes it."""
    text = base64.b64encode(blob).decode()
    lines = [text[i : i + _COLUMNS] for i in range(0, len(text), _COLUMNS)]
    return "\n".join(("-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""))


def dearmor(text: str) -> bytes:
    """The bytes inside an armored signature."""
    return base64.b64decode("".join(text.splitlines()[1:-1]))


def string(data: bytes) -> bytes:
    """A string in SSH wire format (RFC 4251, section 5)."""
    return len(data).to_bytes(4, "big") + data
