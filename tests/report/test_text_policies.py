"""What an approver is shown of a policy is what stands in the request."""

import base64
from typing import Any

import pytest

from orgroot.report.text_policies import policy_texts


def shown(text: str) -> str:
    """How an SCP of this text is shown."""
    policy = {"b64": base64.b64encode(text.encode()).decode(), "characters": len(text)}
    plan: list[dict[str, Any]] = [
        {"op": "create-scp", "target": "deny", "after": {"policy": policy}}
    ]
    return policy_texts({"plan": plan})


def test_a_key_that_stands_twice_is_not_hidden() -> None:
    """A reader of JSON keeps the last of two equal keys; the approver sees both."""
    text = shown('{"Statement":[{"Effect":"Allow","Sid":"Evil"}],"Statement":[]}')
    assert "Evil" in text


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_no_character_but_a_line_end_ends_a_line(separator: str) -> None:
    """A text cannot break itself in two and look like more lines of the policy."""
    escaped = f"\\u{{{ord(separator):x}}}"
    for form in ('{{"Sid":"a{}Effect: Deny"}}', "no policy {} at all"):
        text = shown(form.format(separator))
        assert separator not in text
        if form.startswith("no") or ord(separator) > 0x7F:
            assert escaped in text


def test_a_bomb_is_shown_and_not_parsed_for_ever() -> None:
    """Deep nesting does not end the command that shows it."""
    assert "[[[[" in shown("[" * 50000)
