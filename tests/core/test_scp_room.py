"""The room of a target, what a level takes away, and what somebody else says of a text."""

import json
from typing import Any

import pytest

from orgroot.core.scp_opinion import STALE, Opinion, flaws_of
from orgroot.core.scp_room import lost, room

FREE: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def attached(**policies: Any) -> list[tuple[str, str]]:
    """SCPs of one statement each."""
    return [(name, json.dumps({"Statement": [body]})) for name, body in policies.items()]


def test_slots_and_characters_are_counted_as_stored() -> None:
    """Ten slots of 10,240 characters each, less what is there."""
    there = attached(FullAWSAccess=FREE, deny={**FREE, "Effect": "Deny"})
    found = room("r-ab12", there)
    size = sum(len(text) for _, text in there)
    assert (found.used, found.left, found.characters) == (2, 8, size)
    assert found.characters_left == 102_400 - size
    assert found.attached == ("FullAWSAccess", "deny")
    assert found.allows_everything


@pytest.mark.parametrize(
    "body",
    [
        {**FREE, "Effect": "Deny"},
        {**FREE, "Action": ["s3:*", "iam:*"]},
        {**FREE, "Resource": "arn:aws:s3:::*"},
        {**FREE, "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Effect": "Allow", "NotAction": "*", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "NotResource": "*"},
    ],
)
def test_only_an_allow_of_all_allows_everything(body: Any) -> None:
    """Neither a list, nor a condition, nor all but something."""
    assert not room("r-ab12", attached(some=body)).allows_everything


def test_a_level_that_allows_a_list_takes_the_rest_away() -> None:
    """Each level must allow: what is lost is named, and allowed again by several lists together."""
    listed = {**FREE, "Action": ["s3:*", "sqs:*"]}
    (finding,) = lost("ou-ab12-11111111", attached(data=listed))
    assert (finding.file, finding.severity) == ("ou-ab12-11111111", "warning")
    assert "(data): of the root tasks IAMAudit" in finding.message
    assert "S3Unlock" not in finding.message
    (advice,) = lost("x", attached(data=listed, iam={**FREE, "Action": "iam:*"}))
    assert (advice.severity, "all root tasks may run" in advice.message) == ("advice", True)
    assert lost("x", attached(data=listed, FullAWSAccess=FREE)) == ()


def test_nothing_attached_allows_nothing() -> None:
    """AWS does not let it come to that; what is read is said."""
    (finding,) = lost("x", [])
    assert "(nothing): of the root tasks" in finding.message


@pytest.mark.parametrize(
    ("kind", "code", "severity"),
    [
        ("ERROR", "INVALID_ACTION", "error"),
        ("SECURITY_WARNING", "X", "warning"),
        ("WARNING", "X", "warning"),
        ("SUGGESTION", "X", "advice"),
        ("ERROR", STALE, "advice"),
    ],
)
def test_a_second_opinion_keeps_its_kind(kind: str, code: str, severity: str) -> None:
    """But for the error that is out of date: Organizations takes such wildcards."""
    opinion = Opinion(kind=kind, code=code, details="why", link="https://x", path=("Version",))
    (flaw,) = flaws_of([opinion])
    assert (flaw.code, flaw.severity) == (f"access-analyzer/{code}", severity)
    assert flaw.path == ("Version",)
    assert ("September 2025" in flaw.remedy) == (code == STALE)
