"""What looks like a secret is found wherever it stands; what only resembles one is not."""

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.secret_shapes import secret_shapes
from tests.core import scene as s
from tests.core import world as w

KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKE"
TOKEN = "IQoJb3JpZ2luX2VjEPr//////////wEaCXVzLWVhc3QtMSJ" + "Qk3vZ8+/" * 12
PEM = "-----BEGIN OPENSSH PRIVATE KEY-----"
ACCESS_KEY, SESSION_TOKEN = ("a secret access key",), ("a session token",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (KEY, ACCESS_KEY),
        (f"aws_secret_access_key={KEY}", ACCESS_KEY),
        (json.dumps({"comment": f"two\n{KEY}\nlines"}), ACCESS_KEY),
        (json.dumps({"body": json.dumps({"comment": f"two\n{KEY}"})}), ACCESS_KEY),
        (json.dumps({"comment": f"caf\u00e9{KEY}"}), ACCESS_KEY),
        (json.dumps({"comment": f"\t{KEY}\r"}), ACCESS_KEY),
        (json.dumps({"comment": KEY}).replace("/", "\\/"), ACCESS_KEY),
        (TOKEN, SESSION_TOKEN),
        (f'"SessionToken":"{TOKEN}"', SESSION_TOKEN),
        (PEM, ("a private key",)),
        (f"{KEY} {TOKEN}", (*ACCESS_KEY, *SESSION_TOKEN)),
        (base64.b64encode(f'{{"key": "{KEY}"}}'.encode()).decode(), ACCESS_KEY),
        (base64.b64encode(f"{TOKEN}".encode()).decode(), SESSION_TOKEN),
    ],
)
def test_a_secret_is_found_where_it_stands(text: str, found: tuple[str, ...]) -> None:
    """Bare, named, escaped once or twice, or inside of base64."""
    assert secret_shapes(text.encode()) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        KEY[:-1],
        KEY + "A",
        KEY.lower(),
        KEY.upper(),
        "a" * 39 + "B",
        hashlib.sha1(b"a commit").hexdigest(),  # noqa: S324 - the form of git's names
        hashlib.sha256(b"a record").hexdigest(),
        "StackSetExecutionRoleForProductionUse01x",
        "Department/Team1/Application/Production9",
        base64.b64encode(b'{"Version":"2012","S":[Qxz]}..').decode(),
        TOKEN[:99],
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
        base64.b64encode(bytes(range(256))).decode(),
    ],
)
def test_what_resembles_a_secret_is_none(text: str) -> None:
    """Hashes, names, paths, public keys and the base64 of texts are no findings."""
    assert secret_shapes(text.encode()) == ()


@given(st.binary(min_size=30, max_size=30))
def test_the_usual_random_key_is_found(drawn: bytes) -> None:
    """Forty characters of base64 are found, unless they are as even as a name or all text."""
    word = base64.b64encode(drawn)
    found = secret_shapes(word)
    assert found == ACCESS_KEY or len(set(word)) < 24 or drawn.isascii()


def test_no_honest_record_looks_like_a_secret() -> None:
    """Signatures, keys, hashes and policies as base64 are what a log is full of."""
    log = w.Log(s.approvals_of())
    w.unlocked(log)
    log.survey()
    log.removal(s.ACCOUNT, s.OTHER)
    assert [secret_shapes(raw) for raw in log.raws] == [()] * len(log.raws)
