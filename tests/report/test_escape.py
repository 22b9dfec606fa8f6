"""Foreign text cannot move the cursor, hide a line or pass for a formula."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.report.escape import grouped, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 漢", "plain ü 漢"),
        ("\x1b[2J", "\\u{1b}[2J"),
        ("a\u202eb", "a\\u{202e}b"),
        ("zero\u200bwidth", "zero\\u{200b}width"),
        ("two\nlines", "two\\u{a}lines"),
        ("\u2028", "\\u{2028}"),
        ("b\u043eb", "b\\u{43e}b"),
        ("\uff41dmin", "\\u{ff41}dmin"),
        ("\u03bfrder 7", "\\u{3bf}rder 7"),
        ("\u0411\u043e\u0431 and Bob", "\u0411\u043e\u0431 and Bob"),
        ("caf\u00e9 na\u00efve stra\u00dfe", "caf\u00e9 na\u00efve stra\u00dfe"),
    ],
)
def test_hidden_characters_are_spelled_out(text: str, shown: str) -> None:
    """A character that is invisible, moves the cursor or passes for another is a code point."""
    assert visible(text) == shown


def test_newlines_survive_where_a_text_is_shown_whole() -> None:
    """A policy keeps its lines, and nothing else that is invisible."""
    assert visible("a\n\x1b", keep_newlines=True) == "a\n\\u{1b}"


@given(st.text())
def test_nothing_shown_is_a_control_character(text: str) -> None:
    """No text at all can bring a control character to the terminal."""
    assert all(character.isprintable() or character == " " for character in visible(text)) or any(
        character.isspace() for character in visible(text)
    )
    assert "\x1b" not in visible(text)
    assert "\n" not in visible(text)


def test_account_ids_are_grouped_and_other_text_is_not() -> None:
    """An account id is shown as people compare it; anything else stays what it is."""
    assert grouped("012345678901") == "0123-4567-8901"
    assert grouped("not-an-account") == "not-an-account"
    wide = "\uff11" * 12
    assert grouped(wide) == wide
