"""Identifiers: parsed once, strictly, and derived the same way everywhere."""

import hashlib
from collections.abc import Callable

import pytest

from orgroot.core import ids
from orgroot.errors import UsageError


@pytest.mark.parametrize(
    ("parse", "good", "bad"),
    [
        (ids.account_id, "012345670123", ("12345670123", "0123456701234", "01234567012\uff13", "")),
        (ids.ou_id, "ou-ab12-11111111", ("ou-ab12", "ou-AB12-11111111", "r-ab12")),
        (ids.root_id, "r-ab12", ("r-", "root", "r-ab12\n")),
        (ids.organization_id, "o-exampleorgid", ("o-short", "exampleorgid")),
        (ids.policy_id, "p-FullAWSAccess", ("p-1", "FullAWSAccess")),
        (ids.log_id, "5f0c8d2e9b7a4c31", ("5F0C8D2E9B7A4C31", "5f0c")),
        (ids.request_id, "orq_" + "a2" * 13, ("orq_", "oex_" + "a2" * 13, "orq_" + "a1" * 13)),
        (ids.execution_id, "oex_" + "a2" * 13, ("orq_" + "a2" * 13,)),
        (ids.digest, "0a" * 32, ("0A" * 32, "0a" * 31)),
    ],
)
def test_ids_are_parsed_strictly(
    parse: Callable[[str], str], good: str, bad: tuple[str, ...]
) -> None:
    """The text comes back as it is, or the error says which form is expected."""
    assert parse(good) == good
    for text in bad:
        with pytest.raises(UsageError, match="is not") as caught:
            parse(text)
        assert caught.value.hint is not None
        assert caught.value.hint.startswith("expected the form")


def test_statement_ids_are_derived_from_the_exact_text() -> None:
    """The first 26 characters of lower-case base32 of the SHA-256, after a prefix."""
    assert ids.request_id_of(b"text") == ids.request_id("orq_tawz4pvzs32vtzrt6tizjxxtoy")
    assert ids.execution_id_of(b"text")[4:] == ids.request_id_of(b"text")[4:]
    assert ids.request_id_of(b"text\n") != ids.request_id_of(b"text")
    assert ids.sha256(b"text") == hashlib.sha256(b"text").hexdigest()


def test_a_proposal_is_no_request() -> None:
    """Who takes the one for the other is told who signs it, and with which command."""
    with pytest.raises(UsageError, match="owners sign it") as caught:
        ids.request_id("opr_" + "a2" * 13)
    assert "orgroot rules sign" in (caught.value.hint or "")
