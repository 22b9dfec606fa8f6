"""A bucket for a log: the policies it gets, and what is said of one that lacks them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orgroot.core.log_bucket import (
    BucketFacts,
    as_text,
    doubts,
    lacks,
    log_bucket_policy,
    log_bucket_scp,
)
from orgroot.core.scp_document import parse_scp
from orgroot.core.store_place import S3Place

PLACE = S3Place("corp-orgroot-log", "v1/")
WANTED = log_bucket_policy(PLACE, accounts=("111111111111",), retain_days=400)
SIDS = {
    "EachKeyIsWrittenOnce",
    "EachObjectIsLocked",
    "EachObjectIsLockedLongEnough",
    "NothingIsTakenAway",
}
Change = Callable[[dict[str, Any]], object]


def facts(policy: Any = WANTED, **changes: Any) -> BucketFacts:
    """A bucket that is fit, but for the changes."""
    text = None if policy is None else policy if isinstance(policy, str) else json.dumps(policy)
    fields: dict[str, Any] = {
        "versioning": True,
        "object_lock": True,
        "lifecycle": False,
        "policy": text,
        "unread": {},
    }
    return BucketFacts(**fields | changes)


def policy(change: Change) -> dict[str, Any]:
    """The wanted policy with its statements, by Sid, changed."""
    document: dict[str, Any] = json.loads(as_text(WANTED))
    change({statement["Sid"]: statement for statement in document["Statement"]})
    return document


def test_the_shipped_documents_are_those_of_an_example() -> None:
    """What lies in `policies/s3/` is what would be printed for its bucket."""
    folder = Path(__file__).resolve().parents[2] / "policies" / "s3"
    accounts = ("111111111111", "222222222222")
    bucket = log_bucket_policy(PLACE, accounts=accounts, retain_days=400)
    assert (folder / "log-bucket.json").read_text() == as_text(bucket)
    assert (folder / "log-account-scp.json").read_text() == as_text(log_bucket_scp(PLACE))
    assert parse_scp(as_text(log_bucket_scp(PLACE)), "the SCP").characters == 549


def test_a_bucket_as_it_should_be_lacks_nothing() -> None:
    """The policy that is shown is enough."""
    assert lacks(facts(), WANTED) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"versioning": False}, "versioning is off"),
        ({"object_lock": False}, "Object Lock is off"),
        ({"lifecycle": True}, "lifecycle rules"),
        ({"policy": "{"}, "cannot be read"),
    ],
)
def test_each_lack_is_one_sentence(changes: dict[str, Any], words: str) -> None:
    """What is missing is named once."""
    (said,) = lacks(facts(**changes), WANTED)
    assert words in said


def test_a_bucket_without_a_policy_lacks_every_guard() -> None:
    """Each guard is named with what is possible without it."""
    for empty in (None, {"Version": "2012-10-17", "Statement": [WANTED["Statement"][0]]}):
        said = lacks(facts(empty), WANTED)
        assert {line.split(" no ")[1].split(":")[0] for line in said} == SIDS


def test_what_could_not_be_read_is_lacking() -> None:
    """An unread fact is no fact: it is named, and nothing is concluded from it."""
    unread = {
        "s3:GetBucketVersioning": "denied",
        "s3:GetBucketObjectLockConfiguration": "denied",
        "s3:GetBucketPolicy": "denied",
    }
    said = lacks(facts(None, versioning=False, object_lock=False, unread=unread), WANTED)
    assert said == tuple(f"{name} is needed to look at it: denied" for name in unread)


def test_a_policy_that_is_not_shown_is_judged_by_what_it_refuses() -> None:
    """From another account each write against a guard must be refused; the rest is a warning."""
    writes = SIDS - {"NothingIsTakenAway"}
    guarded = facts(None, refused=frozenset(writes))
    assert lacks(guarded, WANTED) == ()
    assert "NothingIsTakenAway" in doubts(guarded)[0]
    assert doubts(facts()) == ()
    for sid in sorted(writes):
        (said,) = lacks(facts(None, refused=frozenset(writes - {sid})), WANTED)
        assert f"no {sid}:" in said


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["EachKeyIsWrittenOnce"].pop("Condition"),
        lambda s: s["EachKeyIsWrittenOnce"].update(Resource="*", Action=["s3:Put*"]),
        lambda s: s["EachObjectIsLocked"].update(Principal={"AWS": ["*"]}),
        lambda s: s["EachObjectIsLockedLongEnough"]["Condition"]["NumericLessThan"].update(
            {"s3:object-lock-remaining-retention-days": ["500"]}
        ),
        lambda s: s["EachObjectIsLockedLongEnough"]["Condition"]["NumericLessThan"].update(
            {"s3:object-lock-remaining-retention-days": 400}
        ),
        lambda s: s["NothingIsTakenAway"].update(Action="S3:*", Resource="*"),
    ],
)
def test_stricter_guards_are_enough(change: Change) -> None:
    """A denial that bites at least as often counts, however it is written."""
    assert lacks(facts(policy(change)), WANTED) == ()


@pytest.mark.parametrize(
    ("sid", "change"),
    [
        ("EachKeyIsWrittenOnce", lambda s: s.update(Effect="Allow")),
        ("EachKeyIsWrittenOnce", lambda s: s.update(Principal={"AWS": "111111111111"})),
        ("EachKeyIsWrittenOnce", lambda s: s.update(Principal=["*"])),
        ("EachKeyIsWrittenOnce", lambda s: s.update(Resource="arn:aws:s3:::corp-orgroot-log/v2/*")),
        ("EachKeyIsWrittenOnce", lambda s: s.update(Action="s3:PutObjectAcl")),
        ("EachKeyIsWrittenOnce", lambda s: s.update(Condition="always")),
        (
            "EachKeyIsWrittenOnce",
            lambda s: s.update(Condition={"Null": {"s3:if-none-match": "false"}}),
        ),
        ("EachKeyIsWrittenOnce", lambda s: s.update(Condition={"Null": "true"})),
        (
            "EachKeyIsWrittenOnce",
            lambda s: s["Condition"]["Null"].update({"aws:PrincipalTag/team": "true"}),
        ),
        (
            "EachKeyIsWrittenOnce",
            lambda s: s["Condition"].update(
                {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}
            ),
        ),
        (
            "EachObjectIsLockedLongEnough",
            lambda s: s["Condition"]["NumericLessThan"].update(
                {"s3:object-lock-remaining-retention-days": "30"}
            ),
        ),
        (
            "EachObjectIsLockedLongEnough",
            lambda s: s["Condition"]["NumericLessThan"].update(
                {"s3:object-lock-remaining-retention-days": "many"}
            ),
        ),
        ("NothingIsTakenAway", lambda s: s["Action"].remove("s3:PutLifecycleConfiguration")),
        ("NothingIsTakenAway", lambda s: s["Resource"].pop()),
    ],
)
def test_weaker_guards_are_not(sid: str, change: Change) -> None:
    """An exception, another key or a smaller number is a missing guard, and named."""
    (said,) = lacks(facts(policy(lambda s: change(s[sid]))), WANTED)
    assert f"no {sid}:" in said


def test_the_scp_binds_root_in_the_account_of_the_bucket() -> None:
    """Root, and so an AssumeRoot session, cannot change the bucket's policy."""
    first, second = log_bucket_scp(PLACE)["Statement"]
    assert first["Action"] == ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
    assert first["Resource"] == "arn:aws:s3:::corp-orgroot-log"
    assert first["Condition"] == {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}
    assert "Condition" not in second
