"""SCP texts: what AWS accepts, how large they are, and the policies that orgroot ships."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from orgroot.core.scp_document import PolicyText, parse_scp, policy_text, same_scp
from orgroot.core.scp_grammar import MAX_CHARACTERS
from orgroot.core.scp_reach import stopped_root_tasks
from orgroot.core.scp_statement import parse_statements
from orgroot.errors import UsageError

POLICIES = Path(__file__).parents[2] / "policies"
BUCKET = "arn:aws:s3:::b"
SHIPPED = sorted((POLICIES / "scp").glob("*.json"))


def scp(**changes: Any) -> str:
    """An SCP of one statement, changed; None removes a key."""
    statement = {"Sid": "One", "Effect": "Deny", "Action": "s3:*", "Resource": "*"} | changes
    kept = {key: value for key, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})


def test_an_scp_is_sent_without_white_space() -> None:
    """AWS counts white space, so it is not sent; the order of keys stays."""
    document = parse_scp(json.dumps(json.loads(scp()), indent=4), "one.json")
    assert document.text == (
        '{"Version":"2012-10-17","Statement":'
        '[{"Sid":"One","Effect":"Deny","Action":"s3:*","Resource":"*"}]}'
    )
    assert document.characters == len(document.text)
    assert document.sids == ("One",)


@pytest.mark.parametrize(
    "text",
    [
        scp(Effect="Allow", NotAction=["iam:*"], Action=None),
        scp(Resource=None, NotResource=["arn:aws:s3:::a"]),
        scp(Sid=None, Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
        scp(Action="*"),
        scp(Action=["s3:Get*Policy", "*:Tag?esource"]),
        '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"a:b","Resource":"*"}}',
    ],
)
def test_the_full_language_is_accepted(text: str) -> None:
    """Since September 2025 SCPs take the whole IAM language but for principals."""
    parse_scp(text, "one.json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ("1" * 5000, "not JSON"),
        ('{"Version":"2012-10-17","Version":"2012-10-17"}', "stands twice"),
        ('{"Version":"2012-10-17"}', "it has no Statement"),
        ('{"Version":"2012-10-17","Statement":[]}', "no Statement"),
        ('{"Version":"2012-10-17","Statement":["x"]}', "not a JSON object"),
        ('{"Statement":[{}]}', "no Version"),
        ('{"Version":"2008-10-17","Statement":[{}]}', "Version is '2008-10-17'"),
        ('{"Version":"2012-10-17","Id":"x","Statement":[{}]}', "no element Id"),
        (scp(Principal="*"), "binds every principal"),
        (scp(NotPrincipal="*"), "no NotPrincipal"),
        (scp(Actions="s3:*"), "no element Actions"),
        (scp(Effect="deny"), "Effect must be Allow or Deny"),
        (scp(Effect=None), "Effect must be Allow or Deny"),
        (scp(Sid="not-alphanumeric"), "letters and digits"),
        (scp(Sid=1), "letters and digits"),
        (scp(Condition="x"), "Condition must be an object"),
        (scp(Action=None), "exactly one of Action and NotAction"),
        (scp(NotAction="s3:*"), "exactly one of Action and NotAction"),
        (scp(Resource=None), "exactly one of Resource and NotResource"),
        (scp(Action=[]), "Action is empty"),
        (scp(Action="s3"), "'s3' is not an action"),
        (scp(Action=["s3:*", 1]), "1 is not an action"),
        (scp(Resource="arn:aws:s3:::…"), "beyond Latin-1"),
        (scp(Resource="\ud800"), "beyond Latin-1"),
    ],
)
def test_what_aws_would_refuse_is_refused_first(text: str, words: str) -> None:
    """Each refusal names the file and the reason, before any call."""
    with pytest.raises(UsageError) as caught:
        parse_scp(text, "one.json")
    assert caught.value.message.startswith("one.json: ")
    assert words in caught.value.message
    assert caught.value.code == "policy"


def test_sids_are_unique() -> None:
    """Two statements without a Sid are fine, two with the same are not."""
    one = json.loads(scp())["Statement"][0]
    bare = {**one, "Sid": ""}
    document = {"Version": "2012-10-17", "Statement": [one, bare, bare]}
    assert parse_scp(json.dumps(document), "x").sids == ("One", "", "")
    document["Statement"] = [one, one]
    with pytest.raises(UsageError, match="the same Sid"):
        parse_scp(json.dumps(document), "x")


def test_the_size_is_counted_in_characters_as_sent() -> None:
    """10,240 characters pass whatever their bytes or white space; one more does not."""
    room = MAX_CHARACTERS - parse_scp(scp(Resource=BUCKET), "x").characters
    largest = parse_scp(scp(Resource=BUCKET + "é" * room) + " " * 5000, "x")
    assert largest.characters == MAX_CHARACTERS
    with pytest.raises(UsageError, match="too large: 10,241 characters"):
        parse_scp(scp(Resource=BUCKET + "é" * (room + 1)), "x")


def test_policy_texts_travel_with_their_digest() -> None:
    """A text, its SHA-256 and its length agree, or there is no value."""
    carried = policy_text("é")
    assert (carried.text, carried.characters) == ("é", 1)
    for broken in (
        {"b64": "!"},
        {"b64": "/w=="},
        {"sha256": "0" * 64},
        {"characters": 2},
    ):
        fields = {**msgspec.to_builtins(carried), **broken}
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(fields, PolicyText)


def test_the_same_scp_in_another_spelling_is_the_same() -> None:
    """White space and key order mean nothing; what is not JSON equals nothing."""
    assert same_scp('{"a": 1, "b": 2}', '{"b":2,"a":1}')
    assert not same_scp('{"a": 1}', '{"a": 2}')
    assert not same_scp("x", "x")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_scps_are_accepted_and_described(path: Path) -> None:
    """Every statement has a Sid, and the README names file, size and Sids as they are."""
    document = parse_scp(path.read_text(), path.name)
    readme = (POLICIES / "README.md").read_text()
    assert all(document.sids)
    assert f"`scp/{path.name}` ({document.characters:,} characters)" in readme
    assert {f"`{sid}`" for sid in document.sids} <= set(re.findall(r"`[A-Za-z]+`", readme))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_scps_leave_root_sessions_alone(path: Path) -> None:
    """No statement stops a root task in any account, nor may one, whatever the Region."""
    text = path.read_text()
    assert not list(stopped_root_tasks(parse_statements(text, path.name), text))


def test_every_shipped_scp_stands_in_the_overview() -> None:
    """Its purpose, and what it means for root sessions; none of them is missing."""
    readme = (POLICIES / "README.md").read_text()
    overview = readme.split("## Which one")[1].split("\n## ")[0]
    listed = set(re.findall(r"^\| `(scp/[a-z-]+\.json)` \|", overview, re.MULTILINE))
    assert listed == {f"scp/{path.name}" for path in SHIPPED}
    assert len(SHIPPED) == 8
