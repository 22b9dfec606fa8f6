"""Statements that match nothing, and conditions that do not say what they seem to."""

from typing import Any

import pytest

from orgroot.core.scp_flaws import Severity
from orgroot.core.scp_never import never_matching

ARN = "aws:PrincipalArn"


def flaws(**members: Any) -> list[tuple[str, str]]:
    """The codes and messages for a document of one statement."""
    found = list(never_matching({"Statement": [members]}))
    assert {flaw.severity for flaw in found} <= {Severity.WARNING}
    return [(flaw.code, flaw.message) for flaw in found]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"Bool": {"aws:AssumedRoot": "false"}}, "no request has such a value of aws:AssumedRoot"),
        (
            {"StringEquals": {"aws:PrincipalType": "Root"}},
            "no request has such a value of aws:PrincipalType",
        ),
        ({"Null": {"aws:principalarn": "true"}}, "every request has aws:principalarn"),
        (
            {
                "StringEquals": {"aws:PrincipalType": "User"},
                "StringNotEquals": {"aws:principaltype": "User"},
            },
            "no value of aws:PrincipalType meets all",
        ),
        (
            {"Null": {"s3:a": "true"}, "StringLike": {"s3:a": "b*"}},
            "no value of s3:a meets all",
        ),
        (
            {
                "StringEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]},
                "StringLike": {"aws:SourceVpc": "vpc-3*"},
            },
            "no value of aws:SourceVpc meets all",
        ),
        ({"ArnEquals": {"aws:SourceArn": []}}, "no value of aws:SourceArn is listed"),
    ],
)
def test_a_contradiction_is_found(condition: Any, words: str) -> None:
    """A guardrail whose conditions exclude each other is not there."""
    assert [(code, words in message) for code, message in flaws(Condition=condition)] == [
        ("never-matches", True)
    ]


@pytest.mark.parametrize(
    "condition",
    [
        {"Null": {"aws:AssumedRoot": "true"}},
        {"BoolIfExists": {"aws:AssumedRoot": "false"}},
        {"StringLike": {"aws:PrincipalType": "Acc*"}},
        {"StringNotEquals": {"aws:PrincipalType": "Root"}},
        {"Bool": {"aws:AssumedRoot": True}},
        {"Null": {"s3:a": ["true", "false"]}},
        {"Null": {"s3:a": "true"}, "StringEqualsIfExists": {"s3:a": "b"}},
        {"StringEquals": {"s3:a": "b"}, "StringLike": {"s3:a": "?"}},
        {"StringEquals": {"s3:a": "${aws:username}"}, "StringNotEquals": {"s3:a": "b"}},
        {"StringLike": {"s3:a": "b*"}, "StringNotLike": {"s3:a": "bc*"}},
        {"ForAnyValue:StringEquals": {"s3:a": "b"}, "ForAllValues:StringNotEquals": {"s3:a": "b"}},
        {"StringEquals": "x", "NumericLessThan": {"s3:max-keys": "10"}},
        {"Bool": {"aws:SecureTransport": "false"}, "Null": {"aws:SourceVpc": "true"}},
    ],
)
def test_what_can_match_is_left_alone(condition: Any) -> None:
    """Only certainty is told: wildcards, variables and lists of values prove nothing."""
    assert flaws(Condition=condition) == []


def test_leaving_out_everything_matches_nothing() -> None:
    """NotAction and NotResource of a star cover no request."""
    assert [code for code, _ in flaws(NotAction="*", NotResource=["a", "*"])] == [
        "never-matches",
        "never-matches",
    ]


@pytest.mark.parametrize(
    ("condition", "code", "words"),
    [
        (
            {"StringEquals": {ARN: "arn:aws:iam::*:role/a"}},
            "wildcard-as-text",
            "knows no wildcards",
        ),
        (
            {"ForAnyValue:StringNotEqualsIgnoreCase": {"aws:TagKeys": ["a", "b?"]}},
            "wildcard-as-text",
            "b?",
        ),
        ({"Bool": {"aws:SecureTransport": "no"}}, "value-form", "neither true nor false"),
        ({"Null": {"s3:a": "yes"}}, "value-form", "neither true nor false"),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/40"}}, "value-form", "no network"),
        ({"NumericLessThan": {"s3:max-keys": "ten"}}, "value-form", "no number"),
        ({"DateLessThan": {"aws:CurrentTime": "tomorrow"}}, "value-form", "no date"),
        ({"ArnLike": {"aws:SourceArn": "role/*"}}, "value-form", "no ARN"),
        ({"BinaryEquals": {"s3:a": "!"}}, "value-form", "no base64"),
    ],
)
def test_a_value_that_its_operator_cannot_mean_is_told(
    condition: Any, code: str, words: str
) -> None:
    """A wildcard that is compared letter by letter, a number that is none."""
    assert (code, True) in [
        (found, words in message) for found, message in flaws(Condition=condition)
    ]


@pytest.mark.parametrize(
    "condition",
    [
        {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32", "${aws:SourceIp}"]}},
        {"DateGreaterThan": {"aws:CurrentTime": "2026-11-25T00:00:00Z"}},
        {"DateGreaterThan": {"aws:EpochTime": 1790000000}},
        {"NumericEquals": {"s3:a": -1.5}, "BinaryEquals": {"s3:b": "QUI="}},
        {"StringEquals": {"lambda:Principal": "*"}},
        {"StringIs": {"s3:a": "*"}},
    ],
)
def test_values_that_fit_are_left_alone(condition: Any) -> None:
    """The star that Lambda compares as a text is meant so; unknown operators are told elsewhere."""
    assert flaws(Condition=condition) == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("arn:aws:sts::111122223333:assumed-role/admin/me", "has the ARN of its role"),
        ("arn:aws:iam::11112222333:root", "is no account id"),
        ("arn:aws:iam::name:root", "is no account id"),
        ("arn:aws:iam:::root", "is no account id"),
        ("arn:aws:iam:eu-west-1:111122223333:root", "no Regions"),
        ("arn:aws:ec2::111122223333:role/a", "principals are of iam"),
        ("arn:aws:iam::111122223333:group/a", "neither root, user"),
        ("admin", "six parts"),
    ],
)
def test_the_arn_of_no_principal_is_told(value: str, words: str) -> None:
    """A deny that spares, or means, somebody who does not exist."""
    found = dict(flaws(Condition={"StringNotLike": {ARN: value}}))
    assert words in found["no-such-principal"]


@pytest.mark.parametrize(
    "value",
    [
        "arn:aws:iam::111122223333:root",
        "arn:*:iam::*:root",
        "arn:aws:iam::1111*:user/path/*",
        "arn:aws*:iam::*:role/aws-reserved/*",
        "arn:aws:sts::111122223333:federated-user/me",
        "arn:aws:iam::*:*",
        "*:root",
        "*",
        "${aws:PrincipalArn}",
    ],
)
def test_the_arn_of_a_principal_is_left_alone(value: str) -> None:
    """Whatever may be somebody."""
    assert flaws(Condition={"ArnLike": {ARN: value}}) in ([], [("value-form", "")])
    assert flaws(Condition={"StringLike": {ARN: value}}) == []


def test_a_documents_other_shapes_are_told_elsewhere() -> None:
    """No statement, no list, no object: nothing to say here."""
    assert not list(never_matching({"Statement": "x"}))
    assert flaws(Condition="x") == []
