"""Statements are exact bytes: what is parsed is what was written, or it is refused."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from config_trees import whole
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core import facts, statement_parts, statements
from orgroot.core.config import Approvals, OwnerKey, Owners
from orgroot.core.governed_tasks import Task
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.statements import Body, from_text, instant, timestamp, to_text
from orgroot.core.structure import convert
from orgroot.errors import IntegrityError

NOW = "2026-11-22T09:00:00Z"
KEY = "ssh-ed25519 AAAA"
TARGET = statements.Target(account="012345670123", name="caf\u00e9", region="eu-west-1")
COMMON: dict[str, Any] = {
    "schema": statements.SCHEMA,
    "org": "o-exampleorgid",
    "log": "5f0c8d2e9b7a4c31",
    "created_at": NOW,
    "nonce": "00" * 16,
    "head": statement_parts.HeadRef(seq=41, hash="ab" * 32),
    "tool": statement_parts.Tool(version="0.1.0"),
}
PERSON = {**COMMON, "signer": statement_parts.Signer(person="alice", key=KEY)}
OWNERS = {**COMMON, "signers": (statement_parts.Signer(person="dana", key=KEY),)}
ASKED: dict[str, Any] = {
    "expires_at": NOW,
    "rules": statements.RulesRef(serial=1, sha256="cd" * 32),
    "task": Task.UNLOCK_BUCKET,
    "task_policy": TaskPolicy.UNLOCK_BUCKET,
    "targets": (TARGET, statements.Target(organization="o-exampleorgid")),
    "targets_object": None,
    "params": {"buckets": [{"bucket": "b", "unseen": True}], "mode": "delete"},
    "params_object": statements.ObjectRef(sha256="ef" * 32, count=1),
    "session": statements.SessionAsk(duration_seconds=900),
    "ticket": "CHG-1",
    "justification": "locked out \u202e",
}
RUN: dict[str, Any] = {
    "caller_arn": "arn:aws:iam::111111111111:user/alice",
    "executor_arn": None,
    "accounts": ("012345670123",),
    "accounts_object": None,
    "task_policies": (TaskPolicy.UNLOCK_BUCKET,),
    "deadline": NOW,
    "observed_at": NOW,
    "ephemeral_key": "AAAA",
    "reference_in": "user-agent",
}
DECIDED: dict[str, Any] = {
    "decision": "approve",
    "request_id": "orq_" + "a" * 26,
    "request_sha256": "ab" * 32,
    "expires_at": NOW,
    "comment": "",
    "summary": {"task": "unlock-bucket", "counts": [1, None, {"a": False}]},
}
FACT: dict[str, Any] = {
    "schema": statements.SCHEMA,
    "execution_id": "oex_" + "a" * 26,
    "seq": 42,
    "prev": "ab" * 32,
    "at": NOW,
}
REQUEST = statements.Request(**PERSON, **ASKED, break_glass=False)
ITEMS = {
    "issued": facts.IssuedItem(
        account="012345670123",
        task_policy=TaskPolicy.AUDIT,
        access_key_id="ASIAEXAMPLE",
        expires_at=NOW,
        aws_request_id="1",
    ),
    "intent": facts.StepIntentItem(
        account="1", n=0, operation="s3:DeleteBucketPolicy", target="b", before_b64=""
    ),
    "result": facts.StepResultItem(account="1", n=0, outcome="done", after_sha256="", error=""),
}
WITHDRAWN = {"request_id": "orq_" + "a" * 26, "request_sha256": "", "comment": "caf\u00e9"}
BODIES: tuple[Body, ...] = (
    statements.Genesis(
        **OWNERS,
        endpoint="aws",
        management_account="111111111111",
        owners=Owners(threshold=1, keys=(OwnerKey(person="dana", key=KEY),)),
        retain=None,
    ),
    statements.Rules(
        **OWNERS,
        serial=1,
        expires_at=NOW,
        approvals=convert(whole()["approvals"], Approvals),
    ),
    REQUEST,
    statements.Intent(
        **PERSON, **RUN, request_id="orq_" + "a" * 26, request_sha256="", approvals=(7, 9)
    ),
    statements.Survey(**PERSON, **ASKED, **RUN),
    statements.Approval(**PERSON, **DECIDED),
    statements.Denial(**PERSON, **DECIDED),
    statements.Review(**PERSON, **DECIDED, ticket="INC-1"),
    statements.Drill(**PERSON, rehearsed=("unlock-bucket",), failed=()),
    statements.Cancel(**PERSON, **WITHDRAWN),
    statements.Revoke(**PERSON, **WITHDRAWN, statement_sha256="ab" * 32),
    facts.Issued(**FACT, items=(ITEMS["issued"],)),
    facts.StepIntent(**FACT, items=(ITEMS["intent"],)),
    facts.StepResult(**FACT, items=(ITEMS["result"], ITEMS["result"])),
    facts.Closed(
        **FACT, items=(facts.ClosedItem(account="1", outcome="done", objects=("ab" * 32,)),)
    ),
    facts.Aborted(**FACT, items=(facts.AbortedItem(account="1", error="AccessDenied"),)),
)
TEXT = to_text(REQUEST)
PARAMS = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53) + 1, 2**53 - 1)
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(st.characters(max_codepoint=90), max_size=4), inner)
        ),
        max_leaves=10,
    ),
    max_size=4,
)


def request(**changes: Any) -> statements.Request:
    """The request, some fields replaced."""
    return statements.Request(**{**PERSON, **ASKED, "break_glass": False, **changes})


def refused(text: bytes) -> None:
    """The bytes are no statement."""
    with pytest.raises(IntegrityError) as caught:
        from_text(text)
    assert caught.value.code == "noncanonical"


def respelled(**changes: Any) -> bytes:
    """The request's tree with some members replaced, in the spelling of statements."""
    tree = {**json.loads(TEXT), **changes}
    return (json.dumps(tree, sort_keys=True, indent=2) + "\n").encode()


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_every_type_comes_back_as_it_was_written(body: Body) -> None:
    """Parsing what was written gives an equal value of the same type, in readable ASCII."""
    text = to_text(body)
    assert from_text(text) == body
    assert type(from_text(text)) is type(body)
    assert text.isascii()
    assert text.endswith(b"\n}\n")
    assert text.startswith(b"{\n  ")


@given(params=PARAMS, ticket=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_parameters_come_back_as_they_were_written(params: dict[str, Any], ticket: str) -> None:
    """Whatever plain JSON a request carries, its text has one reading."""
    body = request(params=params, ticket=ticket)
    assert from_text(to_text(body)) == body


@given(at=st.integers(0, len(TEXT) - 1), flip=st.integers(1, 255))
def test_a_flipped_byte_never_reads_as_the_same_statement(at: int, flip: int) -> None:
    """Every byte of a statement counts."""
    other = bytearray(TEXT)
    other[at] ^= flip
    try:
        body = from_text(bytes(other))
    except IntegrityError:
        return
    assert body != REQUEST


def test_every_signed_type_has_its_own_namespace() -> None:
    """A signature for one type of statement is worth nothing for another."""
    names = [kind.NAMESPACE for kind in get_args(statements.Signed)]
    assert len(set(names)) == len(names)
    assert all(name.startswith("orgroot-") and name.endswith("-v1") for name in names)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b"\xff",
        b"[" * 100_000,
        b'{"params":' * 100_000,
        TEXT[:-1],
        TEXT + b"\n",
        TEXT + TEXT,
        b"\xef\xbb\xbf" + TEXT,
        TEXT.replace(b"\n", b"\r\n"),
        TEXT.replace(b'"CHG-1"', b'"CHG\\u002d1"'),
        TEXT.replace(b'"CHG-1"', b'"CHG-\\/"'),
        TEXT.replace(b"\\u00e9", "\u00e9".encode()),
        TEXT.replace(b"\\u00e9", b"\\u00E9"),
        TEXT.replace(b"\\u00e9", b"\xe9"),
        TEXT.replace(b"\\u00e9", b"\\ud800"),
        TEXT.replace(b'"CHG-1"', b'"CHG-\x00"'),
        TEXT.replace(b'  "ticket"', b'   "ticket"'),
        TEXT.replace(b'"ticket": ', b'"ticket":  '),
        TEXT.replace(b'  "ticket": "CHG-1",\n', b'  "ticket": "CHG-1",\n' * 2),
        TEXT.replace(b'  "ticket": "CHG-1",\n', b'  "ticket": "CHG-0",\n  "ticket": "CHG-1",\n'),
        TEXT.replace(b'"seq": 41', b'"seq": 41.0'),
        TEXT.replace(b'"seq": 41', b'"seq": 4.1e1'),
        TEXT.replace(b'"unseen": true', b'"unseen": 1.5'),
        TEXT.replace(b'"unseen": true', b'"unseen": 1e400'),
        TEXT.replace(b'"unseen": true', b'"unseen": NaN'),
        TEXT.replace(b'"unseen": true', b'"unseen": 9007199254740992'),
        TEXT.replace(b'"unseen": true', b'"unseen": ' + b"9" * 5000),
        TEXT.replace(b'"unseen": true', b'"unseen": ' + b"[" * 40 + b"]" * 40),
        json.dumps(json.loads(TEXT), sort_keys=True).encode() + b"\n",
        json.dumps(dict(reversed(json.loads(TEXT).items())), indent=2).encode() + b"\n",
        respelled(more=1),
        respelled(type="approval"),
        respelled(type="unheard-of"),
        respelled(type=None),
        respelled(task="unheard-of"),
        respelled(ticket=None),
        respelled(ticket=1),
        respelled(break_glass=0),
        respelled(break_glass="false"),
        respelled(head={"seq": "41", "hash": ""}),
        respelled(head={"seq": 41, "hash": "", "more": 1}),
        respelled(targets=[{"account": ""}]),
        respelled(params=None),
        respelled(params={"a": 0.5}),
    ],
)
def test_another_spelling_or_shape_is_refused(text: bytes) -> None:
    """Only the exact bytes that we would write are a statement."""
    assert text != TEXT
    refused(text)


@pytest.mark.parametrize("name", sorted(json.loads(TEXT)))
def test_no_field_of_a_request_may_be_missing(name: str) -> None:
    """What is left out is not filled in."""
    tree = json.loads(TEXT)
    del tree[name]
    refused((json.dumps(tree, sort_keys=True, indent=2) + "\n").encode())


@pytest.mark.parametrize("value", [0.5, float("inf"), {"a": [1.0]}, "\ud800", 2**53, {1: "a"}])
def test_what_could_not_be_read_back_is_not_written(value: Any) -> None:
    """The writer refuses what the reader would refuse, in parameters and summaries."""
    for body in (
        request(params={"a": value}),
        statements.Approval(**PERSON, **{**DECIDED, "summary": {"a": value}}),
    ):
        with pytest.raises(IntegrityError) as caught:
            to_text(body)
        assert caught.value.code == "noncanonical"


def test_a_time_is_written_in_utc_and_whole_seconds() -> None:
    """Any zone gives the same text, and the text gives the instant back."""
    moment = datetime(2026, 11, 22, 9, 0, 0, 999_999, tzinfo=UTC)
    assert timestamp(moment) == NOW
    assert timestamp(moment.astimezone(timezone(timedelta(hours=5, minutes=30)))) == NOW
    assert instant(NOW) == moment.replace(microsecond=0)


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis wants it naive
def test_a_time_comes_back_as_it_was_written(moment: datetime) -> None:
    """The instant of a timestamp is the moment, cut to the second."""
    assert instant(timestamp(moment)) == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T09:00:00",
        "2026-11-22T09:00:00+00:00",
        "2026-11-22T09:00:00.0Z",
        "2026-11-22 09:00:00Z",
        "2026-11-22T09:00:00z",
        "2026-11-22T09:00:00Z\n",
        " 2026-11-22T09:00:00Z",
        "2026-11-22T9:00:00Z",
        "2026-1-22T09:00:00Z",
        "2026-02-29T09:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T09:00:61Z",
        "\uff12026-11-22T09:00:00Z",
        "20261122T090000Z",
    ],
)
def test_another_form_of_time_is_refused(text: str) -> None:
    """One instant has one text, so that no signed time can be read in two ways."""
    with pytest.raises(IntegrityError):
        instant(text)
