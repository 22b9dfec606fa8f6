"""Which texts Organizations takes as an SCP or RCP."""

import json
from typing import Any

import pytest

from orgroot.sandbox.organization_values import PolicyType
from orgroot.sandbox.scp_documents import check_control_policy

GOOD: dict[str, Any] = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}
GOOD_RCP: dict[str, Any] = {**GOOD, "Action": "s3:*", "Principal": "*"}


def _text(*statements: Any, **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more})


def _without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name not in names}


TAKEN = {
    "one statement as an object": json.dumps({"Version": "2012-10-17", "Statement": GOOD}),
    "several statements": _text({**GOOD, "Sid": "One"}, {**GOOD, "Sid": "Two"}),
    "statements without Sid": _text(GOOD, GOOD),
    "allow everything": _text({"Effect": "Allow", "Action": "*", "Resource": "*"}),
    "NotAction in Allow": _text({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
    "NotResource": _text(_without("Resource") | {"NotResource": "arn:aws:s3:::logs/*"}),
    "wildcards in an action": _text({**GOOD, "Action": ["ec2:*Snap?hot*", "iam:Get*"]}),
    "a wildcard for every service": _text({**GOOD, "Action": "*:*"}),
    "a wildcard ARN": _text({**GOOD, "Resource": "arn:*:iam::*:role/*"}),
    "conditions": _text(
        {
            **GOOD,
            "Condition": {
                "StringNotLikeIfExists": {"aws:PrincipalArn": ["arn:aws:iam::*:role/a"]},
                "Null": {"aws:AssumedRoot": "true"},
                "ForAnyValue:StringEquals": {"aws:CalledVia": ["athena.amazonaws.com"]},
                "Bool": {"aws:ViaAWSService": False},
                "NumericLessThanEquals": {"s3:max-keys": 10},
            },
        }
    ),
}

REFUSED = {
    "not JSON": "{",
    "a list": "[]",
    "nothing": "",
    "deeply nested": "[" * 100_000,
    "no Version": json.dumps({"Statement": GOOD}),
    "the old Version": json.dumps({"Version": "2008-10-17", "Statement": GOOD}),
    "no Statement": json.dumps({"Version": "2012-10-17"}),
    "no statement in it": _text(),
    "a statement that is text": _text("Deny"),
    "an unknown element beside Statement": _text(GOOD, Comment="hello"),
    "an unknown element": _text({**GOOD, "Reason": "because"}),
    "a repeated element": '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}',
    "Principal": _text({**GOOD, "Principal": "*"}),
    "NotPrincipal": _text({**GOOD, "NotPrincipal": {"AWS": "*"}}),
    "no Effect": _text(_without("Effect")),
    "a bad Effect": _text({**GOOD, "Effect": "deny"}),
    "an Effect that is a list": _text({**GOOD, "Effect": ["Deny"]}),
    "no Action": _text(_without("Action")),
    "both Action and NotAction": _text({**GOOD, "NotAction": "s3:*"}),
    "no actions": _text({**GOOD, "Action": []}),
    "an action without a vendor": _text({**GOOD, "Action": "RunInstances"}),
    "an action with a wildcard vendor": _text({**GOOD, "Action": "e*2:Run"}),
    "an action that is a number": _text({**GOOD, "Action": 1}),
    "an action with a space": _text({**GOOD, "Action": "ec2: *"}),
    "no Resource": _text(_without("Resource")),
    "both Resource and NotResource": _text({**GOOD, "NotResource": "*"}),
    "a resource that is no ARN": _text({**GOOD, "Resource": "my-bucket"}),
    "a Sid with a hyphen": _text({**GOOD, "Sid": "deny-it"}),
    "a Sid with a space": _text({**GOOD, "Sid": "Deny it"}),
    "a Sid twice": _text({**GOOD, "Sid": "One"}, {**GOOD, "Sid": "One"}),
    "an unknown condition operator": _text({**GOOD, "Condition": {"StringIs": {"a:b": "c"}}}),
    "Null with IfExists": _text({**GOOD, "Condition": {"NullIfExists": {"a:b": "true"}}}),
    "a condition that is a list": _text({**GOOD, "Condition": []}),
    "an operator without keys": _text({**GOOD, "Condition": {"Bool": {}}}),
    "a condition value that is an object": _text({**GOOD, "Condition": {"Bool": {"a:b": {}}}}),
}


@pytest.mark.parametrize("what", TAKEN)
def test_takes_a_good_scp(what: str) -> None:
    """What AWS's SCP syntax allows must be taken."""
    assert check_control_policy(PolicyType.SCP, TAKEN[what]) == ""


@pytest.mark.parametrize("what", REFUSED)
def test_refuses_a_malformed_scp(what: str) -> None:
    """What AWS's SCP syntax forbids must be refused, and say why."""
    assert check_control_policy(PolicyType.SCP, REFUSED[what]) != ""


@pytest.mark.parametrize(
    ("change", "taken"),
    [
        ({}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Effect": "Allow"}, False),
        ({"Principal": {"AWS": "111111111111"}}, False),
        ({"Action": "*"}, False),
        ({"Action": ["s3:GetObject", "*"]}, False),
        ({"NotAction": "s3:*"}, False),
    ],
)
def test_an_rcp_only_denies_everyone(change: dict[str, Any], taken: bool) -> None:  # noqa: FBT001 - a table
    """A customer's RCP must deny, speak of everyone, and name its services."""
    problem = check_control_policy(PolicyType.RCP, _text({**GOOD_RCP, **change}))
    assert (problem == "") is taken
