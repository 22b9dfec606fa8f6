"""What one person's signature costs to verify, beside the bare Ed25519 check inside it.

Counts CPU time, so that other work on this machine is not measured.
"""

import base64
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.signer import FakeSigner

from orgroot.core import ed25519
from orgroot.core.public_keys import parse_public_key
from orgroot.core.sshsig import verify

TIMES = 3_000
STATEMENT = b"x" * 2_000
"""As long as a request is."""

NAMESPACE = "orgroot-request-v1"


def main() -> None:
    """Print signatures per second both ways, and their ratio."""
    signer = FakeSigner("alice")
    key = parse_public_key(signer.public_key)
    armored = signer.sign(NAMESPACE, STATEMENT)
    bare = Ed25519PrivateKey.generate()
    point = bare.public_key().public_bytes_raw()
    signature = bare.sign(STATEMENT)
    assert ed25519.fits(point, signature, STATEMENT)
    ours = _each(lambda: verify(armored, STATEMENT, namespace=NAMESPACE, key=key))
    least = _each(lambda: ed25519.fits(point, signature, STATEMENT))
    size = len(base64.b64decode("".join(armored.splitlines()[1:-1])))
    print(f"an SSHSIG of {size} bytes over {len(STATEMENT)} bytes")
    print(f"SSHSIG:       {1 / ours:8.0f} per second")
    print(f"bare Ed25519: {1 / least:8.0f} per second")
    print(f"ratio:        {ours / least:8.1f}")


def _each(work: Callable[[], object]) -> float:
    before = time.process_time()
    for _ in range(TIMES):
        work()
    return (time.process_time() - before) / TIMES
