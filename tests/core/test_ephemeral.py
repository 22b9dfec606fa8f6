"""The key of an execution signs facts, and tells nobody what it is."""

import base64
import pickle

import pytest

from orgroot.core.ephemeral import EphemeralKey, verify_fact
from orgroot.core.facts import FACT_CONTEXT
from orgroot.errors import IntegrityError

SEED = bytes(range(32))
KEY = EphemeralKey.from_seed(SEED)
BODY = b'{"type": "issued"}\n'
SIGNATURE = KEY.sign(BODY)
NEUTRAL = base64.b64encode((1).to_bytes(32, "little")).decode()


def refused(public: str, body: bytes, signature: str) -> None:
    """The signature does not verify."""
    with pytest.raises(IntegrityError) as caught:
        verify_fact(public, body, signature)
    assert caught.value.code == "badsig"


def test_a_signed_fact_verifies() -> None:
    """What the key signed verifies under the public key it announced."""
    verify_fact(KEY.public_b64, BODY, SIGNATURE)
    verify_fact(EphemeralKey.from_seed(SEED).public_b64, BODY, SIGNATURE)


def test_a_fact_is_signed_in_its_own_context() -> None:
    """The bytes signed are the context and the body, so that nothing else is signed by it."""
    refused(KEY.public_b64, FACT_CONTEXT + BODY, SIGNATURE)
    refused(KEY.public_b64, BODY, KEY.sign(FACT_CONTEXT + BODY))


def test_another_text_or_key_is_refused() -> None:
    """A signature fits one text and one key."""
    refused(KEY.public_b64, BODY + b" ", SIGNATURE)
    refused(EphemeralKey.from_seed(bytes(32)).public_b64, BODY, SIGNATURE)


@pytest.mark.parametrize(
    "text",
    ["", "!", "é", SIGNATURE[:-4], SIGNATURE + "\n", SIGNATURE.rstrip("="), SIGNATURE + "AAAA"],
)
def test_a_damaged_signature_is_refused(text: str) -> None:
    """A signature is exactly 64 bytes in the usual base64."""
    refused(KEY.public_b64, BODY, text)


def test_another_spelling_of_the_same_base64_is_refused() -> None:
    """Bits that base64 leaves unused must be zero, or one signature had many texts."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = SIGNATURE[-3]
    other = SIGNATURE[:-3] + alphabet[alphabet.index(last) + 1] + "=="
    assert base64.b64decode(other) == base64.b64decode(SIGNATURE)
    refused(KEY.public_b64, BODY, other)


@pytest.mark.parametrize("public", ["", "AAAA", NEUTRAL])
def test_an_unsound_key_is_refused(public: str) -> None:
    """A key of another length, or one that anyone could sign for, verifies nothing."""
    refused(public, BODY, SIGNATURE)
    neutral_signature = base64.b64encode((1).to_bytes(32, "little") + bytes(32)).decode()
    refused(public, BODY, neutral_signature)


def test_a_key_shows_nothing() -> None:
    """Neither repr nor str nor pickle gives the key away."""
    assert repr(KEY) == str(KEY) == f"{KEY}" == "EphemeralKey(…)"
    with pytest.raises(TypeError, match="not serialised"):
        pickle.dumps(KEY)


def test_a_seed_has_32_bytes() -> None:
    """A shorter seed is a mistake, not a weaker key."""
    with pytest.raises(ValueError, match="32"):
        EphemeralKey.from_seed(b"short")
