"""Statements that others cover, and conditions that leave nothing of each other."""

import json
from typing import Any

import pytest

from orgroot.core.scp_overlap import covered_statements, empty_conditions


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def deny(**body: Any) -> dict[str, Any]:
    """A Deny of everything but for what is said."""
    return {"Effect": "Deny", "Action": "*", "Resource": "*", **body}


def only(kind: str, key: str, *values: str) -> dict[str, Any]:
    """A condition block."""
    return {kind: {key: list(values)}}


ROOT = only("StringLike", "aws:PrincipalArn", "arn:*:iam::*:root")
S3, S3_PUT = deny(Action="s3:*"), deny(Action=["S3:Put*", "s3:Get?bject"])
BUCKET = deny(Resource="arn:aws:s3:::logs/*")


@pytest.mark.parametrize(
    ("wider", "narrower"),
    [
        (deny(), S3),
        (S3, S3_PUT),
        (S3, deny(Action="s3:Get*", Condition=ROOT)),
        (deny(Condition=ROOT), deny(Action="s3:*", Condition=ROOT)),
        (
            deny(Condition=ROOT),
            deny(Condition={**ROOT, "Bool": {"aws:ViaAWSService": "false"}}),
        ),
        (deny(Resource="arn:aws:s3:::logs*"), BUCKET),
        ({**deny(), "Action": None, "NotAction": ["iam:*", "sts:Get*"]}, S3),
        (
            {"Effect": "Deny", "NotAction": ["iam:Get*"], "Resource": "*"},
            {"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*"},
        ),
        (deny(), {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*"}),
        (
            {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::public/*"},
            BUCKET,
        ),
        ({**deny(), "Effect": "Allow"}, {**S3, "Effect": "Allow"}),
    ],
)
def test_a_statement_that_another_one_covers_is_told(
    wider: dict[str, Any], narrower: dict[str, Any]
) -> None:
    """In either order; the wider one is named by its number and Sid, and told about nothing."""
    for first, second in ((wider, narrower), (narrower, wider)):
        at = 0 if first is narrower else 1
        (flaw,) = covered_statements(document({**first, "Sid": "A"}, {**second, "Sid": "B"}))
        assert (flaw.code, flaw.path) == ("covered", ("Statement", at))
        name = "statement 2 (B)" if at == 0 else "statement 1 (A)"
        assert flaw.message == f"it says nothing that {name} does not say"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (S3, deny(Action="sqs:*")),
        (S3, {**S3_PUT, "Effect": "Allow"}),
        (deny(Condition=ROOT), deny(Condition=only("StringLike", "aws:PrincipalArn", "x"))),
        (deny(Condition=ROOT), deny(Condition="x")),
        (BUCKET, deny(Resource="arn:aws:s3:::logs")),
        (BUCKET, deny(Action="s3:*")),
        (
            {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*"},
            deny(Action=["iam:PassRole", "s3:*"]),
        ),
        (
            {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*", "Condition": ROOT},
            {"Effect": "Deny", "NotAction": ["sts:*"], "Resource": "*", "Condition": ROOT},
        ),
        (
            deny(Resource="arn:aws:s3:::${aws:userid}*"),
            deny(Resource="arn:aws:s3:::${aws:userid}/x"),
        ),
        ({"Effect": "Deny", "Resource": "*"}, {"Effect": "Deny", "Resource": "arn:aws:s3:::x"}),
    ],
)
def test_what_may_say_more_is_left_alone(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Other actions, resources, effects or conditions, and what variables hide."""
    assert not list(covered_statements(document(one, other)))


def test_of_equal_statements_the_later_one_is_told() -> None:
    """Once, whoever else covers it; a statement without a Sid is named by its number."""
    flaws = list(covered_statements(document(S3, S3, S3)))
    assert [flaw.path for flaw in flaws] == [("Statement", 1), ("Statement", 2)]
    assert all("statement 1 does" in flaw.message for flaw in flaws)


KEY = "aws:PrincipalArn"


@pytest.mark.parametrize(
    "block",
    [
        {**only("StringLike", KEY, "a*c"), **only("StringNotLike", KEY, "x", "a*")},
        {**only("StringLike", KEY, "a*"), **only("StringNotLikeIfExists", KEY, "*")},
        {
            **only("ArnLike", KEY, "arn:aws:iam::*:role/a*"),
            **only("ArnNotLike", KEY, "arn:*:iam::*:role/*"),
        },
        {**only("ArnLike", KEY, "arn:aws:iam::*:root"), **only("ArnNotEquals", KEY, "*")},
    ],
)
def test_what_one_condition_takes_and_the_other_leaves_out_matches_nothing(
    block: dict[str, Any],
) -> None:
    """The second condition is where it stands."""
    (flaw,) = empty_conditions(document(deny(Condition=block)))
    assert flaw.code == "never-matches"
    assert flaw.path == ("Statement", 0, "Condition", list(block)[1], KEY)
    assert json.dumps(flaw.message).count("leaves out every")


@pytest.mark.parametrize(
    "block",
    [
        "x",
        {"StringLike": "x", "StringNotLike": "y"},
        only("StringNotLike", KEY, "*"),
        {**only("StringLike", KEY, "a*"), **only("StringNotLike", KEY, "ab*")},
        {**only("StringLike", KEY, "a*", "b*"), **only("StringNotLike", KEY, "a*")},
        {**only("StringLike", KEY, "a*"), **only("StringNotEquals", KEY, "a*")},
        {**only("StringLike", KEY, "a*"), **only("StringNotLike", "aws:userid", "a*")},
        {**only("StringLikeIfExists", KEY, "a*"), **only("StringNotLike", KEY, "a*")},
        {**only("ArnLike", KEY, "arn:aws:iam::*:*"), **only("ArnNotLike", KEY, "arn:aws:iam::*")},
        {**only("StringLike", KEY, "${aws:userid}*"), **only("StringNotLike", KEY, "*")},
    ],
)
def test_conditions_that_leave_something_are_left_alone(block: Any) -> None:
    """Narrower exceptions, other keys, absent keys, literal stars and variables."""
    assert not list(empty_conditions(document(deny(Condition=block))))
