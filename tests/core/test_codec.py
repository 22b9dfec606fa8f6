"""Records and objects have exactly one spelling, and everything else is refused."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core import codec
from orgroot.core.codec import (
    EMPTY,
    MAX_INTEGER,
    MAX_RECORD_BYTES,
    Record,
    Signature,
    canonical,
    decode_record,
    encode_record,
    parse_canonical,
)
from orgroot.core.ids import sha256
from orgroot.errors import IntegrityError

LOG = "5f0c8d2e9b7a4c31"
SSHSIG = Signature(alg="sshsig", key="ssh-ed25519 AAAA", sig="-----BEGIN\n")
EPHEMERAL = Signature(alg="ed25519", sig="c2ln")
ASCII = st.text(st.characters(max_codepoint=127), max_size=60)
SIGNATURES = st.one_of(
    st.builds(Signature, alg=st.just("sshsig"), key=ASCII, sig=ASCII),
    st.builds(Signature, alg=st.just("ed25519"), sig=ASCII),
)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=4
        )
    ),
    max_leaves=15,
)


def fields(**changes: Any) -> dict[str, Any]:
    """The fields of a good record, some replaced."""
    good = {"v": 1, "seq": 1, "log": LOG, "prev": EMPTY, "body": "{}\n", "sigs": []}
    return {**good, **changes}


def spelled(value: Any) -> bytes:
    """JSON as records are spelled, without any check."""
    return (json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n").encode()


def refused(raw: bytes, code: str = "noncanonical") -> None:
    """The bytes are no record."""
    with pytest.raises(IntegrityError) as caught:
        decode_record(raw)
    assert caught.value.code == code


def test_a_record_is_spelled_as_designed() -> None:
    """The bytes of a record are those the design names: sorted, no spaces, one newline."""
    raw = encode_record(seq=1, log=LOG, prev=EMPTY, body=b"{}\n", sigs=(SSHSIG, EPHEMERAL))
    assert raw == (
        b'{"body":"{}\\n","log":"5f0c8d2e9b7a4c31","prev":"' + b"0" * 64 + b'","seq":1,"sigs":['
        b'{"alg":"sshsig","key":"ssh-ed25519 AAAA","sig":"-----BEGIN\\n"},'
        b'{"alg":"ed25519","sig":"c2ln"}],"v":1}\n'
    )
    assert codec.record_hash(raw) == sha256(raw)


@given(
    seq=st.integers(1, 999_999_999_999),
    prev=st.binary(min_size=32, max_size=32),
    body=ASCII,
    sigs=st.lists(SIGNATURES, max_size=3),
)
def test_decoding_gives_what_was_encoded(
    seq: int, prev: bytes, body: str, sigs: list[Signature]
) -> None:
    """Decode after encode is the identity, for every record."""
    raw = encode_record(seq=seq, log=LOG, prev=prev.hex(), body=body.encode(), sigs=sigs)
    assert decode_record(raw) == Record(
        v=1, seq=seq, log=LOG, prev=prev.hex(), body=body, sigs=tuple(sigs)
    )


@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_another_record(at: int, flip: int) -> None:
    """No two texts decode to the same record."""
    raw = encode_record(seq=7, log=LOG, prev="ab" * 32, body=b'{"a": 1}\n', sigs=(SSHSIG,))
    at %= len(raw)
    other = raw[:at] + bytes([raw[at] ^ flip]) + raw[at + 1 :]
    with suppress(IntegrityError):
        assert decode_record(other) != decode_record(raw)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": True},
        {"seq": -1},
        {"seq": "1"},
        {"seq": 1.0},
        {"seq": True},
        {"seq": 10**12},
        {"seq": 10**30},
        {"seq": 0},
        {"prev": ""},
        {"prev": "0" * 63},
        {"prev": "A" * 64},
        {"prev": "0" * 64 + "\n"},
        {"log": "5F0C8D2E9B7A4C31"},
        {"log": LOG + "\n"},
        {"log": "../5f0c8d2e9b7a4"},
        {"body": None},
        {"body": "caf\u00e9"},
        {"body": "\ud800"},
        {"sigs": None},
        {"sigs": [{"alg": "none", "sig": ""}]},
        {"sigs": [{"alg": "sshsig", "sig": ""}]},
        {"sigs": [{"alg": "ed25519", "sig": "", "key": ""}]},
        {"sigs": [{"alg": "ed25519", "sig": "", "key": None}]},
        {"sigs": [{"alg": "ed25519", "sig": "", "more": 1}]},
        {"sigs": [{"alg": "ed25519"}]},
        {"more": 1},
    ],
)
def test_a_record_of_another_shape_is_refused(changes: dict[str, Any]) -> None:
    """Every field has its type and form, and there is no further one."""
    refused(spelled(fields(**changes)))


def test_the_facts_of_a_survey_have_number_zero() -> None:
    """Number 0 and an empty prev go together, for facts that stand outside of the chain."""
    raw = encode_record(seq=0, log=LOG, prev="", body=b"{}\n", sigs=(EPHEMERAL,))
    assert decode_record(raw).prev == ""


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[]\n",
        b"\xff\xfe\n",
        b"[" * 100_000,
        spelled(fields())[:-1],
        spelled(fields()) + b"\n",
        spelled(fields()).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + spelled(fields()),
        b" " + spelled(fields()),
        spelled(fields()).replace(b'"seq":1', b'"seq":1,"seq":1'),
        spelled(fields()).replace(b'"seq":1', b'"seq":01'),
        spelled(fields()).replace(b'"seq":1', b'"seq":1e0'),
        spelled(fields()).replace(b'"seq":1', b'"seq": 1'),
        spelled(fields()).replace(b'"body"', b'"\\u0062ody"'),
        spelled(fields(body="caf\u00e9")).replace(b"\\u00e9", "\u00e9".encode()),
        spelled(fields(body="/")).replace(b'"/"', b'"\\/"'),
        spelled(fields(body="a\x00")).replace(b"\\u0000", b"\x00"),
        json.dumps(fields(), sort_keys=True).encode() + b"\n",
        json.dumps(fields(), separators=(",", ":")).encode() + b"\n",
    ],
)
def test_another_spelling_of_a_record_is_refused(raw: bytes) -> None:
    """Only the canonical bytes are a record, however equal the value."""
    refused(raw)


def test_a_record_has_a_largest_size() -> None:
    """128 KiB are accepted and one byte more is not, on both ways."""

    def make(size: int) -> bytes:
        return encode_record(seq=1, log=LOG, prev=EMPTY, body=b"x" * size, sigs=())

    room = MAX_RECORD_BYTES - len(make(0))
    assert len(make(room)) == MAX_RECORD_BYTES
    with pytest.raises(IntegrityError) as caught:
        make(room + 1)
    assert caught.value.code == "size"
    refused(spelled(fields(body="x" * (room + 1))), "size")


def test_a_body_that_is_not_ascii_is_not_encoded() -> None:
    """The writer refuses what the reader would refuse."""
    with pytest.raises(IntegrityError, match="canonical"):
        encode_record(seq=1, log=LOG, prev=EMPTY, body=b"\xff", sigs=())


@given(PLAIN)
def test_canonical_text_gives_the_value_back(value: Any) -> None:
    """Parse after canonical is the identity, and the text is ASCII with one newline."""
    raw = canonical(value)
    assert parse_canonical(raw) == value
    assert raw.isascii()
    assert raw.count(b"\n") == 1


def test_tuples_are_written_as_lists() -> None:
    """The frozen values of the core may be written as they are."""
    assert canonical({"b": (1, 2), "a": ()}) == b'{"a":[],"b":[1,2]}\n'


def nested(depth: int) -> Any:
    """A list inside a list, so deep."""
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        {"a": [0.5]},
        float("nan"),
        {1: "a"},
        {"\ud800": 1},
        "\ud800",
        MAX_INTEGER + 1,
        -MAX_INTEGER - 1,
        nested(33),
        b"bytes",
        {"a"},
    ],
)
def test_what_json_cannot_spell_once_is_not_written(value: Any) -> None:
    """Floats, odd keys, huge integers, broken text, deep nesting and other types are refused."""
    with pytest.raises(IntegrityError) as caught:
        canonical(value)
    assert caught.value.code == "noncanonical"


def test_nesting_has_one_limit_on_every_machine() -> None:
    """32 levels pass; the interpreter's own limit never decides."""
    assert parse_canonical(canonical(nested(32))) == nested(32)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"1",
        b"1.0\n",
        b"1e2\n",
        b"NaN\n",
        b"-0\n",
        b"9007199254740992\n",
        b"1" * 5000 + b"\n",
        b'{"a":1,"a":1}\n',
        b'{"b":1,"a":1}\n',
        b"[1, 2]\n",
        b"[1]\n\n",
        b'"\\ud800"\n',
        b'"\xff"\n',
        '"\u00e9"\n'.encode(),
        b"[" * 34 + b"]" * 34 + b"\n",
        b"[" * 100_000 + b"]" * 100_000 + b"\n",
    ],
)
def test_another_spelling_of_a_value_is_refused(raw: bytes) -> None:
    """An object is accepted in its canonical spelling only."""
    with pytest.raises(IntegrityError) as caught:
        parse_canonical(raw)
    assert caught.value.code == "noncanonical"


def test_keys_name_their_places() -> None:
    """Records, facts and objects lie where the design says."""
    assert codec.record_key(42) == "000000000042.json"
    assert codec.fact_key(42, 3) == "facts/42/3.json"
    assert codec.object_key(sha256(b"")) == f"objects/{sha256(b'')}"
