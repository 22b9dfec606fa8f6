"""Each bit of a signature of each key type is turned: none of it may be anything else."""

import pytest
from fakes.signer import armor, dearmor

from orgroot.core.sshsig import verify
from orgroot.errors import IntegrityError
from tests.core.test_sshsig_types import ARMORED, KEYS, MESSAGE, NAMESPACE


@pytest.mark.parametrize("kind", ARMORED)
def test_every_single_bit_flip_is_refused(kind: str) -> None:
    """Whichever bit of a signature is turned: an IntegrityError, and nothing else."""
    for changed in _flips(dearmor(ARMORED[kind])):
        with pytest.raises(IntegrityError):
            verify(armor(changed), MESSAGE, namespace=NAMESPACE, key=KEYS[kind])


@pytest.mark.parametrize("kind", ARMORED)
def test_every_single_bit_flip_of_the_text_is_refused(kind: str) -> None:
    """Whichever bit of the armored text is turned: an IntegrityError, and nothing else."""
    for changed in _flips(ARMORED[kind].encode()):
        with pytest.raises(IntegrityError):
            verify(changed.decode("latin-1"), MESSAGE, namespace=NAMESPACE, key=KEYS[kind])


def _flips(data: bytes) -> list[bytes]:
    whole = int.from_bytes(data, "big")
    return [(whole ^ 1 << bit).to_bytes(len(data), "big") for bit in range(8 * len(data))]
