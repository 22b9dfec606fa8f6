"""`scp lint`: what it finds in a text, and what it leaves alone."""

import json
from typing import Any

from orgroot.core.scp_lint import lint_errors

GOOD: dict[str, Any] = {"Sid": "One", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}


def document(*statements: Any) -> str:
    """An SCP of these statements, one a line."""
    listed = ",\n".join(json.dumps(statement) for statement in statements)
    return f'{{"Version": "2012-10-17", "Statement": [\n{listed}\n]}}'


def test_what_aws_refuses_is_named_by_file_line_statement_and_sid() -> None:
    """A plan can refuse the document with these words alone."""
    text = document(GOOD, {**GOOD, "Sid": "Two", "Effect": "No"}, {**GOOD, "Sid": "x y"})
    effect, sid = lint_errors(text, "one.json")
    assert (effect.file, effect.line, effect.statement, effect.sid) == ("one.json", 3, 2, "Two")
    assert (effect.code, effect.severity) == ("effect", "error")
    assert (sid.line, sid.statement, sid.sid) == (4, 3, "x y")
    assert "letters and digits" in sid.message


def test_what_is_no_policy_at_all_is_named_too() -> None:
    """Neither broken JSON nor a list of texts confuses the linter."""
    assert [f.code for f in lint_errors("{", "x")] == ["json"]
    assert [f.code for f in lint_errors("[]", "x")] == ["shape"]
    assert {f.sid for f in lint_errors(document("x", {**GOOD, "Sid": 1}), "x")} == {None}


def test_a_good_document_has_no_errors() -> None:
    """Nothing is said where nothing is wrong."""
    assert lint_errors(document(GOOD), "x") == ()
