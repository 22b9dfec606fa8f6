"""Pasted blocks: what a chat adds comes off, and nothing else is let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.pasted import BEGIN, BEGIN_SIGNATURE, END, MAX_BYTES, block_of, pair_of
from orgroot.core.statements import from_text
from orgroot.errors import IntegrityError, OrgrootError, UsageError

ARMORED = f"{BEGIN_SIGNATURE}\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"
STATEMENT = (
    b'{\n  "a": "what bob signs, long enough for more than one line of base64 in a block"\n}\n'
)
BLOCK = block_of(STATEMENT, ARMORED)


@given(statement=st.binary(min_size=1))
def test_a_block_gives_back_its_pair(statement: bytes) -> None:
    """Whatever bytes were signed come out as they went in."""
    assert pair_of(block_of(statement, ARMORED).encode()) == (statement, ARMORED)


@pytest.mark.parametrize("around", ["{}", "```\n{}```\n", "\n{}\n"])
def test_the_two_files_one_behind_the_other_are_a_pair(around: str) -> None:
    """What `approval prepare` printed and what ssh-keygen made of it, pasted as they are."""
    files = STATEMENT.decode() + ARMORED
    for pasted in (files, files.replace("\n", "\r\n"), files.replace("-----BEGIN", "\n-----BEGIN")):
        assert pair_of(around.format(pasted).encode()) == (STATEMENT, ARMORED)
    with pytest.raises(IntegrityError):
        pair_of(STATEMENT)


def test_lines_are_short_enough_for_any_terminal() -> None:
    """A terminal in its line mode cuts long lines: none is above 80 characters."""
    assert max(len(line) for line in block_of(b"x" * 5000, ARMORED).splitlines()) <= 80


@pytest.mark.parametrize(
    "pasted",
    [
        BLOCK.replace("\n", "\r\n"),
        BLOCK.replace("\n", " \t\n"),
        "\n\n  \r\n" + BLOCK + "\n\t\n",
        BLOCK.rstrip("\n"),
        f"```\n{BLOCK}```\n",
        f"\n```text\n\n{BLOCK}\n```\n\n",
        "".join(f"> {line}\n" for line in BLOCK.splitlines()),
        "".join(f">{line}\r\n" for line in ("```", *BLOCK.splitlines(), "```")),
    ],
)
def test_what_a_chat_adds_comes_off(pasted: str) -> None:
    """CR, blanks at line ends, empty lines around, a fence and quoting change nothing."""
    assert pair_of(pasted.encode()) == (STATEMENT, ARMORED)


@pytest.mark.parametrize(
    "pasted",
    [
        f"here it is\n{BLOCK}",
        f"{BLOCK}thanks!\n",
        f"{BLOCK}{BLOCK}",
        BLOCK.replace(BEGIN, ""),
        BLOCK.replace(END, ""),
        BLOCK.replace(BEGIN, BEGIN.lower()),
        BLOCK.replace(BEGIN_SIGNATURE, ""),
        BLOCK.replace(f"{BEGIN}\n", f"{BEGIN}\n "),
        BLOCK.replace("=\n", "\n"),
        BLOCK.replace("=\n", "==\n"),
        f"{BEGIN}\nfR==\n{BLOCK[BLOCK.index(BEGIN_SIGNATURE) :]}",  # bits that no byte needs
        BLOCK.replace("Cg==", "Ch=="),
        BLOCK.replace(f"{BEGIN}\n", f"{BEGIN}\n!"),
        BLOCK.replace("\n", "\x0b"),
        BLOCK.replace("\n", "\u2028"),
        f"```\n{BLOCK}",
        f"> {BLOCK}",
        BLOCK.replace(BEGIN, f"\ufeff{BEGIN}"),
        BEGIN,
        f"{BEGIN}\n{END}",
        "```",
        ">",
        "> \n>",
        "x" * (MAX_BYTES + 1),
    ],
)
def test_all_else_is_refused(pasted: str) -> None:
    """Words around it, a lost marker, another spelling of its base64: refused."""
    with pytest.raises((IntegrityError, UsageError)):
        pair_of(pasted.encode())


@pytest.mark.parametrize("pasted", [b"", b"\n", b" \r\n\t\n"])
def test_nothing_is_usage(pasted: bytes) -> None:
    """An empty paste is told so: exit 2."""
    with pytest.raises(UsageError, match="nothing was pasted"):
        pair_of(pasted)


PIECES = st.sampled_from(
    [BEGIN, END, BEGIN_SIGNATURE, BLOCK, ARMORED, "```", "> ", "\n", "\r", " ", "=", "e30K", "\x00"]
)


@given(pasted=st.one_of(st.binary(), st.lists(PIECES).map(lambda p: "".join(p).encode())))
def test_whatever_is_pasted_is_a_pair_or_refused(pasted: bytes) -> None:
    """No bytes make it fall over; what it takes, it would write the same way."""
    try:
        statement, armored = pair_of(pasted)
    except OrgrootError:
        return
    assert pair_of(block_of(statement, armored).encode()) == (statement, armored)


TEXTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(statement=st.one_of(st.binary(), TEXTS.map(lambda v: repr(v).replace("'", '"').encode())))
def test_no_odd_statement_gets_through_a_block(statement: bytes) -> None:
    """What is no statement in its one spelling is refused once it is read."""
    text, _ = pair_of(block_of(statement, ARMORED).encode())
    with pytest.raises(IntegrityError):
        from_text(text)
