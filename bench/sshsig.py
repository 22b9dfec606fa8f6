"""What one person's signature costs to verify, by key type, beside a bare Ed25519 check.

Counts CPU time, so that other work on this machine is not measured.
"""

import time
from collections.abc import Callable
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.key_types import one_of_each

from orgroot.core import ed25519
from orgroot.core.public_keys import parse_public_key
from orgroot.core.sshsig import verify

TIMES = 1_000
STATEMENT = b"x" * 2_000
"""As long as a request is."""

NAMESPACE = "orgroot-request-v1"


def main() -> None:
    """Print signatures per second of each type, and their ratio to the least possible."""
    bare = Ed25519PrivateKey.generate()
    point = bare.public_key().public_bytes_raw()
    signature = bare.sign(STATEMENT)
    assert ed25519.fits(point, signature, STATEMENT)
    least = _each(lambda: ed25519.fits(point, signature, STATEMENT))
    print(f"SSHSIG over {len(STATEMENT)} bytes   per second   times bare Ed25519")
    for signer in one_of_each("alice"):
        key = parse_public_key(signer.public_key)
        armored = signer.sign(NAMESPACE, STATEMENT)
        ours = _each(partial(verify, armored, STATEMENT, namespace=NAMESPACE, key=key))
        print(f"{signer.type:36} {1 / ours:6.0f} {ours / least:20.1f}")
    print(f"{'bare Ed25519':36} {1 / least:6.0f} {1:20.1f}")


def _each(work: Callable[[], object]) -> float:
    before = time.process_time()
    for _ in range(TIMES):
        work()
    return (time.process_time() - before) / TIMES
