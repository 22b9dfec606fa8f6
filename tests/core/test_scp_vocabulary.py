"""Names in an SCP that nobody knows, and what was probably meant."""

import json
from typing import Any

import pytest

from orgroot.core.scp_flaws import Severity
from orgroot.core.scp_vocabulary import (
    GLOBAL_KEYS,
    Vocabulary,
    services_in,
    unknown_actions,
    unknown_keys,
)

WORDS = Vocabulary(
    source="a list",
    services=frozenset({"s3", "ec2", "kms", "macie"}),
    actions={
        "s3": frozenset({"GetObject", "ListBucket", "PutBucketPolicy"}),
        "kms": frozenset({"ReEncryptFrom"}),
        "macie": frozenset(),
    },
    calls={"s3": {"ListObjectsV2": "ListBucket"}, "kms": {"ReEncrypt": ""}},
)


def document(**members: Any) -> Any:
    """A document of one statement."""
    return {"Version": "2012-10-17", "Statement": [members]}


@pytest.mark.parametrize(
    ("action", "code", "remedy"),
    [
        ("s3:GetObjct", "unknown-action", "did you mean s3:GetObject?"),
        ("S3:xyzzy", "unknown-action", "check it in"),
        ("s3:PutBucket?olicies*", "action-matches-nothing", "did you mean s3:PutBucketPolicy?"),
        ("s3:listobjectsv2", "not-an-action", "write s3:ListBucket"),
        ("kms:ReEncrypt", "not-an-action", "look up the action"),
        ("ec3:*", "unknown-service", "did you mean ec2?"),
        ("nothing-like-it:*", "unknown-service", "check it in"),
    ],
)
@pytest.mark.parametrize("element", ["Action", "NotAction"])
def test_a_name_that_nobody_knows_is_doubted(
    action: str, code: str, remedy: str, element: str
) -> None:
    """In either element, in any case: with what was probably meant where something is near."""
    (flaw,) = unknown_actions(document(**{element: ["s3:*", action]}), WORDS)
    assert (flaw.code, flaw.severity) == (code, Severity.WARNING)
    assert flaw.path == ("Statement", 0, element, 1)
    assert flaw.remedy.startswith(remedy)


@pytest.mark.parametrize(
    "action", ["*", "*:*", "*:Tag*", "s3:getobject", "s3:*Bucket?olicy", "ec2:Anything", "macie:X"]
)
def test_what_may_be_right_is_left_alone(action: str) -> None:
    """Names in any case, wildcards that match, and services whose actions nobody listed."""
    assert not list(unknown_actions(document(Action=action), WORDS))


def test_only_the_services_that_are_named_are_looked_up() -> None:
    """Prefixes in lower case; all of a service, a wildcard and what is no text need no list."""
    body = document(Action=["S3:Get*", "*", "*:x", 7, "ec2:*"], NotAction="kms:Decrypt")
    assert services_in(body) == {"s3", "kms"}
    assert services_in([]) == frozenset()
    assert services_in({"Statement": ["x", {"Action": "a:b"}]}) == {"a"}


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("aws:PrincipleArn", "did you mean aws:PrincipalArn?"),
        ("PrincipalArn", "did you mean aws:PrincipalArn?"),
        ("aws:NoSuchThing", "check it in"),
        ("aws:PrincipalTag", "did you mean aws:PrincipalTag/?"),
        ("xyzzy", "check it in"),
        ("ss3:prefix", "did you mean s3?"),
        ("no-such-service:x", "check it in the Service Authorization Reference"),
    ],
)
def test_a_global_key_that_does_not_exist_is_doubted(key: str, remedy: str) -> None:
    """AWS takes any key, and a key that no request has decides wrongly without a word."""
    (flaw,) = unknown_keys(document(Condition={"StringEquals": {key: "x"}}), WORDS)
    assert flaw.code == "unknown-key"
    assert flaw.path == ("Statement", 0, "Condition", "StringEquals", key)
    assert flaw.remedy.startswith(remedy)


@pytest.mark.parametrize(
    "key",
    ["aws:principalARN", "aws:ResourceTag/team", "s3:anything", "token.actions.x:sub", "saml:aud"],
)
def test_known_keys_and_keys_of_services_are_left_alone(key: str) -> None:
    """Names of keys ignore case; keys of services are theirs to know."""
    assert not list(unknown_keys(document(Condition={"StringEquals": {key: "x"}}), WORDS))


def test_broken_conditions_hide_nothing_and_break_nothing() -> None:
    """What is no object is told elsewhere."""
    for broken in ("x", {"StringEquals": "x"}):
        assert not list(unknown_keys(document(Condition=broken), WORDS))


def test_the_global_keys_are_sorted_and_each_once() -> None:
    """The list can be compared with AWS's page by eye."""
    assert len({key.lower() for key in GLOBAL_KEYS}) == len(GLOBAL_KEYS)
    assert json.dumps(sorted(GLOBAL_KEYS)) == json.dumps(list(GLOBAL_KEYS))
