"""`scp lint`: what it finds in a text, and what it leaves alone."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from orgroot.core.results import ScpFinding
from orgroot.core.scp_grammar import MAX_CHARACTERS
from orgroot.core.scp_lint import IGNORABLE, lint, sizes
from orgroot.core.scp_vocabulary import Vocabulary

CORPUS = sorted((Path(__file__).parents[1] / "data" / "scp-corpus").glob("[0-9]*.json"))
STOPPING = {
    "01-aws-root-except-s3-bucket-policy.json",
    "21-lza-cccs-sensitive-before-fix.json",
    "26-lza-cccs-quarantine.json",
    "34-orgkickstart-denyroot.json",
    "39-primeharbor-root-usage.json",
    "44-controltower-restrict-root-user.json",
}

GOOD: dict[str, Any] = {"Sid": "One", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}


WORDS = Vocabulary(source="a list", services=frozenset({"s3"}), actions={}, calls={})


def errors(text: str) -> tuple[ScpFinding, ...]:
    """What AWS would refuse."""
    return tuple(found for found in lint(text, "one.json", WORDS) if found.severity == "error")


def document(*statements: Any) -> str:
    """An SCP of these statements, one a line."""
    listed = ",\n".join(json.dumps(statement) for statement in statements)
    return f'{{"Version": "2012-10-17", "Statement": [\n{listed}\n]}}'


def test_what_aws_refuses_is_named_by_file_line_statement_and_sid() -> None:
    """A plan can refuse the document with these words alone."""
    text = document(GOOD, {**GOOD, "Sid": "Two", "Effect": "No"}, {**GOOD, "Sid": "x y"})
    effect, sid = errors(text)
    assert (effect.file, effect.line, effect.statement, effect.sid) == ("one.json", 3, 2, "Two")
    assert (effect.code, effect.severity) == ("effect", "error")
    assert (sid.line, sid.statement, sid.sid) == (4, 3, "x y")
    assert "letters and digits" in sid.message


def test_what_is_no_policy_at_all_is_named_too() -> None:
    """Neither broken JSON nor a list of texts confuses the linter."""
    assert [f.code for f in errors("{")] == ["json"]
    assert [f.code for f in errors("[]")] == ["shape"]
    assert {f.sid for f in errors(document("x", {**GOOD, "Sid": 1}))} == {None}


def test_a_good_document_has_no_errors() -> None:
    """Nothing is said where nothing is wrong."""
    assert errors(document(GOOD)) == ()


def told(text: str) -> list[tuple[str, int]]:
    """The codes with their lines."""
    return [(finding.code, finding.line) for finding in lint(text, "x", WORDS)]


def test_everything_odd_is_told_in_the_order_of_the_text() -> None:
    """Names, values, reach and style: one list, each with its line."""
    bare = {key: value for key, value in GOOD.items() if key != "Sid"}
    text = document(
        {**GOOD, "Action": "ec2:*", "Condition": {"Bool": {"aws:Nothing": "maybe"}}},
        {**GOOD, "Sid": "Two"},
        {**bare, "Effect": "Allow"},
    )
    assert told(text) == [
        ("unknown-service", 2),
        ("unknown-key", 2),
        ("value-form", 2),
        ("stops-orgroot", 3),
        ("stops-root-task", 3),
        ("allow-list", 4),
        ("no-sid", 4),
    ]


def test_what_aws_refuses_is_not_judged_further() -> None:
    """A document with errors has no meaning; its names are still looked at."""
    text = document({**GOOD, "Effect": "No"}, {**GOOD, "Sid": "Two", "Action": "x:y"})
    assert told(text) == [("effect", 2), ("unknown-service", 3)]


def test_what_is_missing_is_an_error_at_what_lacks_it() -> None:
    """A missing member has no place of its own."""
    (finding,) = errors(document({**GOOD, "Sid": "Two"}, {"Action": "s3:*", "Resource": "*"}))
    assert (finding.code, finding.line, finding.statement) == ("effect", 3, 2)


def test_templates_are_linted_as_what_they_become() -> None:
    """A placeholder is no error; it is told once, and so is one that nobody fills in."""
    text = document(
        {**GOOD, "Resource": ["${BUCKET}", "arn:${PARTITION}:s3:::a"]},
        {**GOOD, "Sid": "Two", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::${BUCKET}"},
        {
            **GOOD,
            "Sid": "Three",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::[BUCKET]/<a b>",
        },
    )
    found = [pair for pair in told(text) if pair[0] in {"resource", "template", "placeholder"}]
    assert found == [("template", 2), ("template", 2), ("placeholder", 4), ("placeholder", 4)]


def test_white_space_counts_where_others_send_it() -> None:
    """Orgroot sends none; other tools, and the API, keep it."""
    text = document(GOOD).replace("\n", "\n" + " " * 6000)
    assert ("white-space", 1) in told(text)
    size = sizes(text, "x")
    assert size.written > MAX_CHARACTERS > (size.characters or 0)
    assert size.left == MAX_CHARACTERS - (size.characters or 0)
    assert sizes("{", "x").characters is None


def test_characters_beyond_ascii_are_advised_against() -> None:
    """AWS takes Latin-1; consoles and diffs do not always show it."""
    assert ("not-ascii", 1) in told(document({**GOOD, "Resource": "arn:aws:s3:::é"}))


def test_what_is_no_policy_has_no_style() -> None:
    """Nothing is said of statements that are not there."""
    assert told("[]") == [("shape", 1)]
    assert told("{") == [("json", 1)]


def test_every_code_that_can_be_ignored_exists() -> None:
    """The list in the help is the list of what is found, errors apart."""
    source = "".join(
        (Path(__file__).parents[2] / "orgroot" / "core" / f"{name}.py").read_text()
        for name in ("scp_lint", "scp_never", "scp_reach", "scp_vocabulary")
    )
    named = set(re.findall(r'(?:warning|advice)\(\s*"([a-z-]+)"', source))
    assert named | {"root-deny", "stops-root-task", "no-full-access"} == IGNORABLE


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_published_scps_have_few_false_alarms(path: Path) -> None:
    """Of what people publish nothing is an error; root sessions are stopped where they are."""
    text = path.read_text()
    found = lint(text, path.name, WORDS)
    assert not [finding for finding in found if finding.severity == "error"]
    certain = any(finding.code in {"root-deny", "stops-root-task"} for finding in found)
    assert certain == (path.name in STOPPING)
