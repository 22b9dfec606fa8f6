"""People with real Ed25519 keys that sign in this process, by the rules of PROTOCOL.sshsig."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_COLUMNS = 70


class FakeSigner:
    """A signing key made from a name: the same name gives the same key."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = 0
        self._key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())

    @property
    def public_key(self) -> str:
        """`ssh-ed25519 AAAA…`."""
        public = self._key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        return public.decode()

    def sign(self, namespace: str, message: bytes) -> str:
        """An armored SSHSIG over the message."""
        self.asked += 1
        blob = base64.b64decode(self.public_key.split()[1])
        parts = (namespace.encode(), b"", b"sha512")
        digest = hashlib.sha512(message).digest()
        signed = b"SSHSIG" + b"".join(_string(part) for part in (*parts, digest))
        signature = _string(b"ssh-ed25519") + _string(self._key.sign(signed))
        whole = b"SSHSIG" + (1).to_bytes(4, "big")
        whole += b"".join(_string(part) for part in (blob, *parts, signature))
        text = base64.b64encode(whole).decode()
        lines = [text[i : i + _COLUMNS] for i in range(0, len(text), _COLUMNS)]
        return "\n".join(
            ("-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", "")
        )


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data
