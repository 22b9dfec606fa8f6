"""The signatures that OpenSSH publishes and tests itself with (public domain), judged by us."""

import pytest
from openssh_regress import VECTORS, needed

from orgroot.core.public_keys import parse_public_key
from orgroot.core.sshsig import Verified, verify
from orgroot.errors import IntegrityError, UsageError

pytestmark = needed


def check(name: str, message: bytes = b"") -> Verified:
    """Verify a vector as OpenSSH's own test does."""
    key = parse_public_key((VECTORS / f"{name}.pub").read_text())
    return verify(
        (VECTORS / f"{name}.sig").read_text(),
        (VECTORS / "signed-data").read_bytes() + message,
        namespace=(VECTORS / "namespace").read_text(),
        key=key,
    )


@pytest.mark.parametrize("name", ["rsa", "ecdsa", "ed25519", "ecdsa_sk", "ed25519_sk"])
def test_openssh_s_own_signatures_verify(name: str) -> None:
    """What OpenSSH made, we accept, and over this text alone."""
    verified = check(name)
    assert (verified.hardware, verified.user_verified) == (name.endswith("_sk"), False)
    with pytest.raises(IntegrityError) as caught:
        check(name, b" ")
    assert caught.value.code == "badsig"


@pytest.mark.parametrize(("name", "code"), [("dsa", "key-type"), ("ecdsa_sk_webauthn", "key")])
def test_openssh_accepts_more_than_we_do(name: str, code: str) -> None:
    """DSA, and keys that were made for a web site, count for OpenSSH and not here."""
    if not (VECTORS / f"{name}.pub").exists():  # DSA leaves with OpenSSH 10
        return
    with pytest.raises(UsageError) as caught:
        check(name)
    assert caught.value.code == code
