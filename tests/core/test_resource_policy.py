"""Bucket policies: who is locked out, and the smallest repair."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.resource_policy import (
    Lock,
    addresses,
    drop_statements,
    read_bucket_policy,
    same_policy,
)
from orgroot.errors import UsageError

ACCOUNT, BUCKET = "222222222222", "team-data"
ARN = f"arn:aws:s3:::{BUCKET}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/admin"


def policy(*statements: Any) -> bytes:
    """A bucket policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}).encode()


def deny(**changes: Any) -> dict[str, Any]:
    """A statement that denies everyone everything, changed; None removes a key."""
    statement: dict[str, Any] = {
        "Sid": "DenyAll",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [ARN, f"{ARN}/*"],
    }
    statement |= changes
    return {key: value for key, value in statement.items() if value is not None}


LOCKED: list[dict[str, Any]] = [
    deny(),
    deny(Principal={"AWS": "*"}),
    deny(Principal={"AWS": [ROLE, "*"]}),
    deny(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
    deny(Principal={"AWS": ACCOUNT}),
    deny(Principal=None, NotPrincipal={"AWS": "arn:aws:iam::999999999999:role/x"}),
    deny(Principal=None, NotPrincipal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
    deny(Principal=None, NotPrincipal={"Service": "logging.s3.amazonaws.com"}),
    deny(Action="*"),
    deny(Action=["s3:putbucketpolicy", "s3:DELETEBucketPolicy"]),
    deny(Action="s3:*BucketPolic?"),
    deny(Action=None, NotAction="s3:GetObject"),
    deny(Resource=ARN),
    deny(Resource="*"),
    deny(Resource=f"{ARN[:-1]}?"),
    deny(Resource=None, NotResource="arn:aws:s3:::other"),
    deny(Condition={}),
]
OPEN: list[dict[str, Any]] = [
    deny(Effect="Allow"),
    deny(Effect=None),
    deny(Action="s3:GetObject"),
    deny(Action="s3:GetBucketPolicy"),
    deny(Action="s3:PutBucketPolicy"),
    deny(Action="s3:DeleteBucketPolicy"),
    deny(Action=None),
    deny(Action=None, NotAction="s3:*BucketPolicy"),
    deny(Resource=f"{ARN}/*"),
    deny(Resource=None),
    deny(Resource=None, NotResource=[ARN, f"{ARN}/*"]),
    deny(Principal={"AWS": "arn:aws:iam::999999999999:root"}),
    deny(Principal={"Service": "s3.amazonaws.com"}),
    deny(Principal=None),
    deny(Principal=None, NotPrincipal="*"),
    deny(Condition={"Bool": {"aws:SecureTransport": "false"}}),
    deny(Condition={"Bool": {"AWS:securetransport": [False]}}),
]
DEPENDS: list[tuple[dict[str, Any], str]] = [
    (
        deny(Condition={"StringNotEquals": {"aws:PrincipalArn": ROLE}}),
        f"only where StringNotEquals aws:PrincipalArn {ROLE}",
    ),
    (
        deny(
            Condition={
                "StringNotEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]},
                "Bool": {"aws:ViaAWSService": "false"},
            }
        ),
        "StringNotEquals aws:SourceVpce vpce-1, vpce-2 and Bool aws:ViaAWSService false",
    ),
    (deny(Condition={"Bool": {"aws:SecureTransport": "true"}}), "aws:SecureTransport true"),
    (deny(Condition="x"), "cannot be understood"),
    (deny(Condition={"Bool": "x"}), "cannot be understood"),
    (deny(Principal={"AWS": ROLE}), f"denies only {ROLE}"),
    (deny(Principal=None, NotPrincipal={"AWS": [ROLE, ACCOUNT]}), f"exempts {ROLE}"),
    (deny(Resource="arn:aws:s3:::${aws:username}"), "policy variable"),
]


@pytest.mark.parametrize("statement", LOCKED)
def test_a_certain_lock_is_locked(statement: dict[str, Any]) -> None:
    """Replacing and deleting the policy are denied to everyone of the account."""
    reading = read_bucket_policy(policy(statement), BUCKET, ACCOUNT)
    assert (reading.lock, reading.by, reading.notes) == (Lock.LOCKED, ("DenyAll",), ())
    assert reading.statements[0].why == "it denies every principal of the account"


@pytest.mark.parametrize("statement", OPEN)
def test_what_leaves_a_way_out_is_not_locked(statement: dict[str, Any]) -> None:
    """One of replacing and deleting is open, or the statement is about something else."""
    reading = read_bucket_policy(policy(statement), BUCKET, ACCOUNT)
    assert (reading.lock, reading.by, reading.notes) == (Lock.OPEN, (), ())


@pytest.mark.parametrize(("statement", "words"), DEPENDS)
def test_what_hangs_on_a_condition_is_not_called_locked(
    statement: dict[str, Any], words: str
) -> None:
    """Where somebody may be exempt the reading says on what it depends."""
    reading = read_bucket_policy(policy(statement), BUCKET, ACCOUNT)
    assert (reading.lock, reading.by) == (Lock.DEPENDS, ("DenyAll",))
    assert words in reading.notes[0]


def test_two_statements_may_lock_together() -> None:
    """One denies replacing, another deleting; each counts, the certain ones alone where enough."""
    put = deny(Sid="Put", Action="s3:PutBucketPolicy")
    delete = deny(Sid="Delete", Action="s3:DeleteBucketPolicy")
    perhaps = deny(Sid="Perhaps", Condition={"Null": {"aws:SourceVpc": "true"}})
    both = read_bucket_policy(policy(put, delete, perhaps), BUCKET, ACCOUNT)
    assert (both.lock, both.by) == (Lock.LOCKED, ("Put", "Delete"))
    one = read_bucket_policy(policy(put, perhaps), BUCKET, ACCOUNT)
    assert (one.lock, one.by) == (Lock.DEPENDS, ("Put", "Perhaps"))


def test_statements_without_a_sid_of_their_own_are_addressed_by_number() -> None:
    """No Sid, an empty one, one used twice, one that looks like a number: all by number."""
    text = policy(
        deny(Sid=None), deny(Sid=""), deny(Sid="A"), deny(Sid="A"), deny(Sid="#1"), deny(Sid="B")
    )
    assert addresses(text) == ("#1", "#2", "#3", "#4", "#5", "B")


def test_one_statement_needs_no_list() -> None:
    """AWS takes a single statement without its list."""
    text = json.dumps({"Statement": deny()}).encode()
    assert read_bucket_policy(text, BUCKET, ACCOUNT).lock is Lock.LOCKED
    assert drop_statements(text, ["DenyAll"]) is None


def test_innocent_statements_keep_their_exact_bytes() -> None:
    """Dropping cuts the named statements out of the text and touches nothing else."""
    text = (
        b'{ "Id": "x, {y}", "Statement" : [\n  {"Sid":"A", "n": 1.00, "\\u0041b": "\xc3\xa9"},\n'
        b'  {"Sid":"B"} ,{"Effect":"Deny"}, {"Sid":"D"}\n],  "Version":"2012-10-17" }\n'
    )
    assert drop_statements(text, ["B", "#3"]) == (
        b'{ "Id": "x, {y}", "Statement" : [{"Sid":"A", "n": 1.00, "\\u0041b": "\xc3\xa9"},'
        b'{"Sid":"D"}],  "Version":"2012-10-17" }\n'
    )
    assert drop_statements(text, ["#1", "B", "#2", "#3", "D"]) is None


@pytest.mark.parametrize(
    ("sids", "words"),
    [
        (["B"], "no statement B; the policy has A, #2"),
        ([], "no statement is named"),
        (["#3"], "#3"),
    ],
)
def test_an_unknown_statement_is_named_with_those_there_are(sids: list[str], words: str) -> None:
    """A typo drops nothing."""
    with pytest.raises(UsageError, match=words) as caught:
        drop_statements(policy(deny(Sid="A"), deny(Sid=None)), sids)
    assert caught.value.code == "sid"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}",
        b'{"Statement":[]}',
        b'{"Statement":["x"]}',
        b'{"Statement":null}',
        b'{"Statement":{"Sid":"A","Sid":"B"}}',
        b"[" * 100_000,
        b'{"Statement":' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"Statement":[{"Sid":NaN}]}',
    ],
)
def test_what_is_no_policy_is_refused(text: bytes) -> None:
    """A text that could be understood in two ways, or in none, is not repaired."""
    with pytest.raises(UsageError, match="bucket policy") as caught:
        read_bucket_policy(text, BUCKET, ACCOUNT)
    assert caught.value.code == "policy"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (deny(Principal="*"), deny(Principal={"AWS": "*"})),
        (deny(Principal={"AWS": ACCOUNT}), deny(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
        (deny(Action=["s3:*"]), deny(Action="S3:*")),
        (deny(Resource=[ARN, f"{ARN}/*"]), deny(Resource=[f"{ARN}/*", ARN])),
        (deny(Sid=""), deny(Sid=None)),
        (deny(Condition={}), deny(Condition=None)),
        (
            deny(Condition={"Bool": {"aws:SecureTransport": False}}),
            deny(Condition={"Bool": {"aws:securetransport": ["false"]}}),
        ),
    ],
)
def test_the_same_policy_in_another_spelling_is_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """What S3 may respell on the way does not look like a change."""
    assert same_policy(policy(one), policy(other))
    assert same_policy(policy(one, deny(Sid="Z")), policy(deny(Sid="Z"), other))


@pytest.mark.parametrize(
    "other",
    [
        deny(Effect="Allow"),
        deny(Principal={"AWS": ROLE}),
        deny(Action="s3:Get*"),
        deny(Resource=ARN),
        deny(Sid="Other"),
        deny(Condition={"Bool": {"a": "b"}}),
        deny(Condition={"Bool": "x"}),
        deny(Condition="x"),
        deny(Principal=None, NotPrincipal="*"),
    ],
)
def test_another_policy_is_another(other: dict[str, Any]) -> None:
    """Every part of a statement counts."""
    assert not same_policy(policy(deny()), policy(other))


def test_no_policy_is_only_itself() -> None:
    """Deleted and present are not the same."""
    assert same_policy(None, None)
    assert not same_policy(None, policy(deny()))
    assert not same_policy(policy(deny()), None)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(
    statements=st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), min_size=1),
    extra=st.dictionaries(st.text(max_size=4).filter(lambda key: key != "Statement"), VALUES),
    first=st.booleans(),
    indent=st.none() | st.integers(0, 3),
    data=st.data(),
)
def test_dropping_leaves_the_others_as_they_were(
    statements: list[dict[str, Any]],
    extra: dict[str, Any],
    first: bool,  # noqa: FBT001 - drawn
    indent: int | None,
    data: st.DataObject,
) -> None:
    """Whatever the document, the rest is equal, in order, and each kept text occurs as it was."""
    whole = {"Statement": statements, **extra} if first else {**extra, "Statement": statements}
    text = json.dumps(whole, indent=indent).encode()
    dropped = data.draw(st.sets(st.integers(1, len(statements)), min_size=1))
    left = drop_statements(text, [f"#{number}" for number in dropped])
    kept = [s for number, s in enumerate(statements, 1) if number not in dropped]
    if left is None:
        assert kept == []
    else:
        assert json.loads(left) == {**whole, "Statement": kept}
        assert same_policy(left, json.dumps({**whole, "Statement": kept}).encode())


KEYS = st.sampled_from(
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "Condition"]
)
WORDS = st.sampled_from(["Deny", "*", "s3:*", "AWS", "Bool", "aws:SecureTransport", "\ud800", ARN])
ODD = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=5,
)


@given(statements=st.lists(st.dictionaries(KEYS, ODD), min_size=1, max_size=3))
def test_no_document_crashes_the_reader(statements: list[dict[str, Any]]) -> None:
    """Whatever stands in the elements, a reading comes back and the policy equals itself."""
    text = policy(*statements)
    reading = read_bucket_policy(text, BUCKET, ACCOUNT)
    assert len(reading.statements) == len(statements)
    assert same_policy(text, text)
    assert bool(reading.by) == (reading.lock is not Lock.OPEN)
