"""No parser of foreign text crashes, and what one accepts has no second spelling.

Texts are good ones, mangled: pieces cut out, repeated, and replaced by what parsers differ on.
"""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.audit_log import check_fact_object, parse_receipt, receipt_line
from orgroot.core.codec import canonical, decode_record, encode_record, parse_canonical
from orgroot.core.config import parse_config
from orgroot.core.ids import LogId, sha256
from orgroot.core.pasted import block_of, pair_of
from orgroot.core.preread import preread
from orgroot.core.public_keys import parse_public_key
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secret_shapes import secret_shapes
from orgroot.core.sshsig import verify
from orgroot.core.statements import from_text, to_text
from orgroot.errors import IntegrityError, OrgrootError, UsageError
from orgroot.local.yaml_file import parse_yaml
from tests.core import scene as s
from tests.core import world as w

LOG = w.Log(s.approvals_of())
RUN = w.unlocked(LOG)
SURVEY = LOG.survey()
LOG.fact_object(SURVEY, 1, s.issued(policy=TaskPolicy.AUDIT))
FACT_OBJECT = next(raw for key, raw in LOG.store.items() if key.startswith("facts/"))
BODIES = [decode_record(raw).body.encode() for raw in LOG.raws]
APPROVAL = decode_record(LOG.raws[3])
PASTED = block_of(APPROVAL.body.encode(), APPROVAL.sigs[0].sig).encode()
RECEIPT = receipt_line(LogId(s.LOG), 41, sha256(b"x")).encode()
CONFIG = b"""\
version: 1
organization:
  id: o-exampleorgid
  management_account: "012345670123"
  region: eu-west-1
root_access: {credentials_management: true, root_sessions: true}
accounts:
  exempt:
    - {account: "333333333333", reason: "the vault", until: 2027-01-01}
"""

PIECES = st.sampled_from(
    [
        *(b"0", b"-0", b"1.0", b"1e3", b"9007199254740993", b"true", b"null", b"NaN", b"[]", b"{}"),
        *(b'"', b"\\", b"\\u0041", b"\\ud800", b"\\/", b"\x00", b"\x7f", b"\xff", b"\xc3\xa9"),
        *(
            b" ",
            b"\t",
            b"\n",
            b"\r\n",
            b",",
            b":",
            b"=",
            b"&a ",
            b"*a",
            b"!!int ",
            b"<<: ",
            b"---\n",
        ),
        *(b"[" * 50, b"a" * 70, "\u202e".encode(), b"012345670123", b"yes", b"0o17", b"> ", b"```"),
    ]
)


@st.composite
def mangled(draw: st.DrawFn, good: list[bytes]) -> bytes:
    """A good text after one to three changes."""
    text = draw(st.sampled_from(good))
    for _ in range(draw(st.integers(1, 3))):
        a, b = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        match draw(st.integers(0, 3)):
            case 0:
                text = text[:a] + draw(PIECES) + text[a:]
            case 1:
                text = text[:a] + draw(PIECES) + text[min(b, a + 4) :]
            case 2:
                text = text[:b] + text[a:]
            case _:
                text = text[:a] + text[b:]
    return text


@given(st.binary(max_size=80) | mangled(BODIES))
def test_a_statement_or_fact_that_is_accepted_has_one_spelling(text: bytes) -> None:
    """Parsed, it is written again as the very same bytes."""
    with suppress(IntegrityError):
        assert to_text(from_text(text)) == text


@given(st.binary(max_size=80) | mangled([*LOG.raws, FACT_OBJECT]))
def test_a_record_that_is_accepted_has_one_spelling(raw: bytes) -> None:
    """Parsed, it is written again as the very same bytes; looking at it never fails."""
    preread(raw, {})
    secret_shapes(raw)
    with suppress(IntegrityError):
        record = decode_record(raw)
        again = encode_record(
            seq=record.seq,
            log=record.log,
            prev=record.prev,
            body=record.body.encode(),
            sigs=record.sigs,
        )
        assert again == raw


@given(mangled(LOG.raws))
def test_a_mangled_record_never_stops_a_fold(raw: bytes) -> None:
    """Whatever it is, it is a finding and no exception."""
    fold = LOG.new_fold()
    for seq, good in enumerate(LOG.raws[:3], 1):
        fold.admit(seq, good)
    fold.admit(4, raw)
    assert fold.state.seq == 4
    assert fold.state.findings or raw in LOG.raws


@given(st.binary(max_size=80) | mangled([FACT_OBJECT]))
def test_a_fact_object_that_is_accepted_is_the_one_that_was_signed(raw: bytes) -> None:
    """No other bytes pass for a survey's fact."""
    with suppress(IntegrityError):
        check_fact_object(LOG.run_record(), raw)
        assert raw == FACT_OBJECT


@given(st.binary(max_size=40) | mangled([canonical({"a": [1, None, "x"], "b": {}})]))
def test_an_object_that_is_accepted_has_one_spelling(raw: bytes) -> None:
    """Parsed, it is written again as the very same bytes."""
    with suppress(IntegrityError):
        assert canonical(parse_canonical(raw)) == raw


@given(st.text(max_size=40) | mangled([RECEIPT]).map(lambda raw: raw.decode("latin-1")))
def test_a_receipt_that_is_accepted_has_one_spelling(text: str) -> None:
    """Its parts give the very same line."""
    with suppress(UsageError):
        assert receipt_line(*parse_receipt(text)) == text


@given(st.binary(max_size=80) | mangled([PASTED]))
def test_a_pasted_pair_is_whole_or_refused(pasted: bytes) -> None:
    """What is taken from a chat makes the same pair once more."""
    with suppress(OrgrootError):
        statement, armored = pair_of(pasted)
        assert pair_of(block_of(statement, armored).encode()) == (statement, armored)


@given(st.text(max_size=40) | mangled([s.key("bob").encode()]).map(lambda b: b.decode("latin-1")))
def test_a_public_key_that_is_accepted_has_one_spelling(text: str) -> None:
    """Its type and base64 are the text's own, whatever comment follows."""
    with suppress(UsageError):
        assert text.startswith(parse_public_key(text).text)


@given(mangled([APPROVAL.sigs[0].sig.encode()]).map(lambda raw: raw.decode("latin-1")))
def test_a_signature_that_is_accepted_is_the_one_that_was_made(armored: str) -> None:
    """No other armor passes for it."""
    key = parse_public_key(APPROVAL.sigs[0].key or "")
    with suppress(IntegrityError):
        verify(armored, APPROVAL.body.encode(), namespace="orgroot-approval-v1", key=key)
        assert armored == APPROVAL.sigs[0].sig


@given(st.binary(max_size=80) | mangled([CONFIG]))
def test_a_configuration_is_accepted_or_refused_in_words(data: bytes) -> None:
    """Every refusal is ours, with a message, and what is accepted holds texts that were written."""
    with suppress(OrgrootError):
        config = parse_config(parse_yaml(data, source="config.yaml").tree)
        assert config.organization.management_account in data.decode()


@pytest.mark.parametrize("raw", [*LOG.raws, FACT_OBJECT])
def test_the_good_texts_are_good(raw: bytes) -> None:
    """Else the tests above would show nothing."""
    assert msgspec.json.decode(raw)["body"] == decode_record(raw).body
    assert to_text(from_text(decode_record(raw).body.encode())).decode() == decode_record(raw).body
    assert pair_of(PASTED) == (APPROVAL.body.encode(), APPROVAL.sigs[0].sig)
    assert parse_config(parse_yaml(CONFIG, source="x").tree).version == 1
