"""The grammar of SCPs: what AWS refuses is named, with its place and what to do."""

import json
from typing import Any

import pytest

from orgroot.core.scp_flaws import Severity, in_order
from orgroot.core.scp_grammar import MAX_CHARACTERS, scp_errors

GOOD: dict[str, Any] = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}


def one(**changes: Any) -> str:
    """A document of one good statement, changed; None takes a member away."""
    kept = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})


def under(condition: Any) -> str:
    """A document whose statement has this Condition."""
    return one(Condition=condition)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ('{\n "Version": "2012-10-17"\n x}', "json", 3, 2),
        ('{"Version": NaN}', "json", 1, 1),
        ("\ufeff{}", "json", 1, 1),
        ("[" * 40 + "]" * 40, "json", 1, 1),
        ('{"Version": "2012-10-17",\n "Version": "x", "Statement": []}', "duplicate-key", 2, 2),
        ("null", "shape", 1, 1),
        ('{"Version": "2012-10-17", "Statement": ["x"]}', "shape", 1, 41),
        ('{"Version": "2012-10-17", "Statement": "x"}', "shape", 1, 27),
        ('{"Version": "2012-10-17"}', "statement", 1, 1),
        (one(Effect="deny"), "effect", 1, 42),
        (one(Resources="*", Resource=None), "resource", 1, 41),
        (one(NotAction="s3:*"), "action", 1, 95),
        (one(Action=["s3:*", "s3"]), "action", 1, 79),
        (one(Action="s*:GetObject"), "action", 1, 60),
        (one(Action=[]), "action", 1, 60),
        (one(Resource="my-bucket"), "resource", 1, 78),
        (one(Sid="no-hyphens"), "sid", 1, 95),
        (one(Principal="*"), "principal", 1, 95),
        (one(Comment="why"), "element", 1, 95),
        (under([]), "condition", 1, 95),
        (under({"StringIs": {"aws:a": "b"}}), "operator", 1, 109),
        (under({"NullIfExists": {"aws:a": "true"}}), "operator", 1, 109),
        (under({"Bool": {}}), "condition", 1, 109),
        (under({"Bool": {"aws:a": [{}]}}), "condition", 1, 128),
        (one(Resource="arn:aws:s3:::€"), "characters", 1, 1),
    ],
)
def test_a_refusal_is_named_with_its_place(text: str, code: str, line: int, column: int) -> None:
    """Each has a code for programs, a place for editors, and says what to do."""
    found = {flaw.code: (place, flaw) for place, flaw in in_order(scp_errors(text), text)}
    place, flaw = found[code]
    assert (place.line, place.column) == (line, column)
    assert flaw.severity is Severity.ERROR
    assert flaw.remedy


@pytest.mark.parametrize(
    "condition",
    [
        {"ForAnyValue:StringLikeIfExists": {"aws:PrincipalOrgPaths": ["o-a/*"]}},
        {"forallvalues:stringequals": {"aws:TagKeys": "a"}, "null": {"aws:a": True}},
        {"NumericLessThanEqualsIfExists": {"aws:MultiFactorAuthAge": 3600}},
    ],
)
def test_every_operator_is_known_in_any_case(condition: Any) -> None:
    """Quantifiers, IfExists, values that are no texts: all of that is IAM's language."""
    assert scp_errors(under(condition)) == ()


def test_a_near_name_of_an_element_is_proposed() -> None:
    """Somebody who writes Actions, or resource, meant the element."""
    for wrong, right in (("Actions", "Action"), ("resource", "Resource")):
        flaws = {f.code: f for f in scp_errors(one(**{wrong: "*"}))}
        assert flaws["element"].remedy == f"write {right}"


def test_all_flaws_are_told_and_not_the_first_alone() -> None:
    """Two broken statements are two flaws, each with the number of its statement."""
    bad = {**GOOD, "Effect": "Never"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [bad, GOOD, bad]})
    assert [flaw.statement for flaw in scp_errors(text)] == [1, 3]
    lone = json.dumps({"Version": "2012-10-17", "Statement": bad})
    assert [flaw.statement for flaw in scp_errors(lone)] == [1]


def test_one_character_too_many_is_too_large() -> None:
    """10,240 characters without white space pass, 10,241 do not, and the excess is counted."""
    room = MAX_CHARACTERS - len(one(Resource="arn:aws:s3:::").replace(" ", ""))
    assert scp_errors(one(Resource="arn:aws:s3:::" + "a" * room)) == ()
    (flaw,) = scp_errors(one(Resource="arn:aws:s3:::" + "a" * (room + 1)))
    assert flaw.code == "size"
    assert "1 characters" in flaw.remedy
