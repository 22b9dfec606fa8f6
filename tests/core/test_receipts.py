"""Receipts and references: written and read back exactly."""

import pytest

from orgroot.core.audit_log import parse_receipt, receipt_line, reference
from orgroot.core.ids import Digest, LogId, RequestId, sha256
from orgroot.errors import UsageError

LINE = f"orgroot1 5f0c8d2e9b7a4c31 41 {'ab' * 32}"


def test_a_receipt_is_read_back() -> None:
    """Line and parts are each other's inverse."""
    parts = parse_receipt(LINE)
    assert parts == (LogId("5f0c8d2e9b7a4c31"), 41, Digest("ab" * 32))
    assert receipt_line(*parts) == LINE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "orgroot1",
        LINE.replace("orgroot1", "orgroot2"),
        LINE.replace(" 41 ", " 041 "),
        LINE.replace(" 41 ", " -1 "),
        LINE + "0",
        f" {LINE}",
        f"{LINE}\n",
        LINE.upper(),
        LINE.replace("5f0c", "5F0C"),
    ],
)
def test_what_is_no_receipt_is_refused(text: str) -> None:
    """Any other spelling is a usage error."""
    with pytest.raises(UsageError) as caught:
        parse_receipt(text)
    assert caught.value.code == "receipt"


def test_a_reference_fits_into_a_source_identity() -> None:
    """54 of its 64 characters, from request, record number and hash."""
    text = reference(RequestId("orq_" + "abcdefghijklmnopqrstuvwxyz"), 42, sha256(b"x"))
    assert text == f"orq.abcdefghijkl.000000000042.{sha256(b'x')[:24]}"
    assert len(text) == 54
