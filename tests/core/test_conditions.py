"""Conditions against requests of which some keys are known, some absent and some unknown."""

from typing import Any

import pytest

from orgroot.core.conditions import OPERATORS, holds, parse_operator
from orgroot.core.request_context import RequestContext
from orgroot.core.ternary import NO, YES, Answer, depends

CONTEXT = RequestContext(
    values={
        "aws:principalarn": "arn:aws:iam::222222222222:root",
        "aws:principalaccount": "222222222222",
        "aws:requestedregion": "eu-west-1",
        "aws:currenttime": "2026-11-22T12:00:00Z",
        "aws:sourceip": "10.1.2.3",
        "aws:assumedroot": "true",
        "aws:tagkeys": ("one", "two"),
        "k:number": "10",
        "k:binary": "QmluQQ==",
        "k:star": "a*b",
        "k:empty": (),
        "aws:username": None,
    },
    absent=("aws:principaltag/",),
)
ARN = "aws:PrincipalArn"
REGION = "aws:RequestedRegion"
GONE = "aws:username"
HIDDEN = "aws:SourceVpc"

ROWS: list[tuple[str, str, Any, Answer]] = [
    ("StringEquals", REGION, "eu-west-1", YES),
    ("stringequals", "AWS:REQUESTEDREGION", "eu-west-1", YES),
    ("StringEquals", REGION, "EU-west-1", NO),
    ("StringEquals", REGION, ["us-east-1", "eu-west-1"], YES),
    ("StringEquals", REGION, "eu-*", NO),
    ("StringEqualsIgnoreCase", REGION, "EU-WEST-1", YES),
    ("StringNotEqualsIgnoreCase", REGION, "EU-WEST-1", NO),
    ("StringNotEquals", REGION, ["us-east-1", "eu-west-1"], NO),
    ("StringNotEquals", REGION, ["us-east-1", "us-west-2"], YES),
    ("StringLike", REGION, "eu-*-?", YES),
    ("StringNotLike", REGION, "eu-*", NO),
    ("StringLike", "k:star", "a${*}b", YES),
    ("StringLike", REGION, "eu${*}1", NO),
    ("StringEquals", "k:star", "a*b", YES),
    ("Bool", "aws:AssumedRoot", "TRUE", YES),
    ("Bool", "aws:AssumedRoot", True, YES),
    ("BoolIfExists", "aws:AssumedRoot", "false", NO),
    ("ArnLike", ARN, "arn:*:iam::*:root", YES),
    ("ArnEquals", ARN, "arn:aws:iam::222222222222:role/*", NO),
    ("ArnNotLike", ARN, "arn:aws:iam::*:root", NO),
    ("ArnNotEquals", ARN, ["arn:aws:iam::*:role/x", "arn:aws:iam::*:user/y"], YES),
    ("ArnLike", ARN, "*", YES),
    ("ArnLike", ARN, "arn:aws:*", NO),
    ("ArnLike", REGION, "arn:aws:iam::*:root", NO),
    ("NumericEquals", "k:number", "10.0", YES),
    ("NumericNotEquals", "k:number", "10", NO),
    ("NumericLessThan", "k:number", "10", NO),
    ("NumericLessThanEquals", "k:number", 10, YES),
    ("NumericGreaterThan", "k:number", "9", YES),
    ("NumericGreaterThanEquals", "k:number", "11", NO),
    ("NumericEquals", REGION, "1", NO),
    ("NumericEquals", "k:number", "ten", NO),
    ("DateLessThan", "aws:CurrentTime", "2026-11-22T12:00:01Z", YES),
    ("DateGreaterThan", "aws:CurrentTime", "2026-11-22T12:00:01", NO),
    ("DateEquals", "aws:CurrentTime", "1795348800", YES),
    ("DateNotEquals", "aws:CurrentTime", "1795348800", NO),
    ("DateLessThan", "aws:CurrentTime", "soon", NO),
    ("IpAddress", "aws:SourceIp", "10.1.0.0/16", YES),
    ("IpAddress", "aws:SourceIp", ["10.2.0.0/16", "2001:db8::/32"], NO),
    ("NotIpAddress", "aws:SourceIp", "10.1.2.3", NO),
    ("IpAddress", "aws:SourceIp", "nowhere", NO),
    ("BinaryEquals", "k:binary", "QmluQQ==", YES),
    ("BinaryEquals", "k:binary", "QmluQg==", NO),
    ("BinaryEquals", "k:binary", "%", NO),
    # absent keys
    ("StringEquals", GONE, "x", NO),
    ("StringEqualsIfExists", GONE, "x", YES),
    ("StringNotEquals", GONE, "x", YES),
    ("StringLike", "aws:PrincipalTag/team", "*", NO),
    ("StringEquals", "k:empty", "x", NO),
    ("Null", GONE, "true", YES),
    ("Null", GONE, "false", NO),
    ("Null", ARN, "true", NO),
    ("Null", "k:empty", "true", YES),
    ("Null", ARN, ["true", "false"], YES),
    ("ForAllValues:StringEquals", GONE, "x", YES),
    ("ForAnyValue:StringEquals", GONE, "x", NO),
    ("ForAnyValue:StringNotEquals", GONE, "x", NO),
    ("ForAnyValue:StringEqualsIfExists", GONE, "x", YES),
    # several values
    ("ForAllValues:StringEquals", "aws:TagKeys", ["one", "two", "three"], YES),
    ("ForAllValues:StringEquals", "aws:TagKeys", "one", NO),
    ("ForAnyValue:StringEquals", "aws:TagKeys", "one", YES),
    ("ForAnyValue:StringNotEquals", "aws:TagKeys", "one", YES),
    ("ForAllValues:StringNotEquals", "aws:TagKeys", "one", NO),
    ("StringEquals", "aws:TagKeys", "one", YES),
    ("StringNotEquals", "aws:TagKeys", "one", NO),
    # unknown keys
    ("StringEquals", HIDDEN, "x", depends(HIDDEN)),
    ("StringNotEqualsIfExists", HIDDEN, "x", depends(HIDDEN)),
    ("Null", HIDDEN, "true", depends(HIDDEN)),
    ("StringLikeIfExists", HIDDEN, "*", YES),
    ("StringLike", HIDDEN, "*", depends(HIDDEN)),
    ("StringEqualsIfExists", HIDDEN, "*", depends(HIDDEN)),
    # variables
    ("StringEquals", "aws:PrincipalAccount", "${aws:PrincipalAccount}", YES),
    ("ArnLike", ARN, "arn:aws:iam::${aws:PrincipalAccount}:root", YES),
    ("StringEquals", REGION, "${aws:username, 'eu-west-1'}", YES),
    ("StringEquals", REGION, "${aws:username}", NO),
    ("StringNotEquals", REGION, "${aws:username}", NO),
    ("StringNotEquals", REGION, ["${aws:username}", "x"], YES),
    ("StringEquals", REGION, "${aws:TagKeys}", NO),
    ("StringEquals", REGION, "${Region}", NO),
    ("StringEquals", REGION, "${aws:SourceVpc}", depends("aws:SourceVpc")),
    ("StringEquals", REGION, ["${aws:SourceVpc}", "eu-west-1"], YES),
    ("StringNotEquals", REGION, ["${aws:SourceVpc}", "eu-west-1"], NO),
    # what is no operator
    ("StringMatches", REGION, "x", depends("operator StringMatches")),
    ("ForSome:StringEquals", REGION, "x", depends("operator ForSome:StringEquals")),
    ("NullIfExists", REGION, "x", depends("operator NullIfExists")),
]


@pytest.mark.parametrize(("operator", "key", "values", "expected"), ROWS)
def test_a_condition_answers(operator: str, key: str, values: Any, expected: Answer) -> None:
    """Each operator, on known, absent and unknown keys, answers as the IAM user guide says."""
    assert holds({operator: {key: values}}, CONTEXT) == expected


def test_every_condition_of_a_block_must_hold() -> None:
    """Operators and keys are joined by "and"; a block without conditions holds."""
    yes = {"StringEquals": {REGION: "eu-west-1"}}
    assert holds({}, CONTEXT) == YES
    assert holds({**yes, "Bool": {"aws:AssumedRoot": "false"}}, CONTEXT) == NO
    assert holds({**yes, "Null": {HIDDEN: "true"}}, CONTEXT) == depends(HIDDEN)


def test_a_block_that_is_none_is_not_taken_for_one() -> None:
    """Where an operator has no keys, nobody can say whether it holds."""
    assert holds({"StringEquals": "eu-west-1"}, CONTEXT).value is None


def test_every_operator_is_known_in_all_its_forms() -> None:
    """Each operator but Null takes IfExists and both set operators."""
    for name in OPERATORS - {"null"}:
        for prefix in ("", "forallvalues:", "foranyvalue:"):
            assert parse_operator(f"{prefix}{name}") is not None
            assert parse_operator(f"{prefix}{name}ifexists") is not None


def test_what_is_settled_wins() -> None:
    """Whoever names a key's value knows better."""
    settled = CONTEXT.settled({"aws:SourceVpc": "vpc-1", "aws:RequestedRegion": None})
    assert holds({"StringEquals": {HIDDEN: "vpc-1"}}, settled) == YES
    assert holds({"Null": {REGION: "true"}}, settled) == YES
