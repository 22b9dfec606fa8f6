"""The lines about a waiting request for a chat."""

from typing import Any

from orgroot.core.chat_block import SHOWN, chat_block
from orgroot.core.quorum import Missing

SUMMARY: dict[str, Any] = {
    "requester": "alice",
    "task": "unlock-bucket",
    "justification": "locked out",
    "ticket": "INC-1",
    "targets": ["1111-2222-3333 network"],
    "changes": [f"line {number}" for number in range(SHOWN + 2)],
    "expires": "2026-11-25T20:18:30Z",
}
LACKING = (Missing(group="security", count=1), Missing(group=None, count=2))


def test_it_says_who_asks_for_what_and_how_to_approve_it() -> None:
    """Who, why, which ticket, target and changes, what is missing by when, and two ways to sign."""
    text = chat_block("orq_x", SUMMARY, LACKING, ("bob", "carol"))
    assert text.splitlines() == [
        "alice asks for unlock-bucket: locked out (INC-1)",
        "- 1111-2222-3333 network",
        *(f"- line {number}" for number in range(SHOWN)),
        "- … 2 more",
        "needs 1 of security, 2 of those who count before 2026-11-25T20:18:30Z: bob, carol",
        "orgroot approve orq_x",
        "without orgroot: ask for `orgroot approval prepare orq_x --as YOU --paste`",
    ]


def test_nobody_and_no_ticket_are_said() -> None:
    """Where nobody could approve now the chat hears it; a ticket that is not there is not shown."""
    text = chat_block("orq_x", {**SUMMARY, "ticket": "none"}, LACKING, ())
    assert text.startswith("alice asks for unlock-bucket: locked out\n")
    assert ": nobody now\n" in text


def test_what_waits_for_nobody_has_no_block() -> None:
    """Without a missing approval there is nothing to paste."""
    assert chat_block("orq_x", SUMMARY, (), ()) == ""
