"""Decisions signed elsewhere: whose counts, what is refused, and that nothing is written then."""

import contextlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from fakes.buckets_world import inspected, locked_world, requested, wanted
from fakes.signer import FakeSigner
from fakes.team import World

from orgroot.core.governed_tasks import UnlockMode
from orgroot.core.ids import RequestId
from orgroot.core.pasted import block_of, pair_of
from orgroot.core.results import RequestView
from orgroot.core.statement_parts import HeadRef, Signer
from orgroot.core.statements import Approval, Denial, timestamp, to_text
from orgroot.errors import IntegrityError, OrgrootError, RequestRefused, UsageError
from orgroot.workflows.approval_files import attach, prepare
from orgroot.workflows.approvals import approve
from orgroot.workflows.desk import LogDesk
from orgroot.workflows.log_show import verify


@pytest.fixture
def world() -> World:
    """A world in which alice has asked."""
    found = locked_world()
    inspected(found)
    requested(found)
    found.aws.calls.clear()
    return found


def request_in(world: World) -> str:
    """The id of the request."""
    requests = world.log().sync().requests
    return str(next(r for r, record in requests.items() if not record.executions))


def courier(world: World) -> LogDesk:
    """Somebody with the log, and neither a name nor a key."""
    return LogDesk(
        config=world.config,
        log=world.log("courier"),
        clock=world.clock,
        memory=world.memory("courier"),
    )


def prepared(world: World, person: str = "bob", **options: Any) -> Approval | Denial:
    """What the courier prepares for a person."""
    kind = options.pop("kind", Approval)
    return prepare(courier(world), request_in(world), person, kind, **options).body


def signed(body: Approval | Denial, person: str = "bob", namespace: str = "") -> tuple[bytes, str]:
    """The text and its signature by a person's key."""
    text = to_text(body)
    return text, FakeSigner(person).sign(namespace or body.NAMESPACE, text)


def attached(world: World, pair: tuple[bytes, str]) -> RequestView:
    """The courier attaches it."""
    return attach(courier(world), *pair)


def refused(world: World, pair: tuple[bytes, str], error: type[OrgrootError], code: str) -> None:
    """Attaching it fails with this code, and nothing is written."""
    before = dict(world.store.objects)
    with pytest.raises(error) as caught:
        attached(world, pair)
    assert caught.value.code == code
    assert world.store.objects == before


def test_approvals_signed_elsewhere_count(world: World) -> None:
    """Two of them, attached by somebody without name or key, approve the request."""
    assert attached(world, signed(prepared(world))).state == "PENDING"
    view = attached(world, signed(prepared(world, "carol", comment="seen"), "carol"))
    assert view.state == "APPROVED"
    assert [row.person for row in view.approvals] == ["bob", "carol"]
    assert world.aws.calls == []
    assert verify(world.log()).findings == ()


def test_exactly_the_signed_text_is_recorded(world: World) -> None:
    """Not a byte of text or signature changes on the way into the log."""
    text, armored = signed(prepared(world))
    attached(world, (text, armored))
    raw = world.store.objects[max(key for key in world.store.objects if "/" not in key)]
    record = msgspec.json.decode(raw)
    assert record["body"].encode() == text
    assert [sig["sig"] for sig in record["sigs"]] == [armored]


def test_a_denial_signed_elsewhere_ends_it(world: World) -> None:
    """It is final, as at a desk."""
    view = attached(world, signed(prepared(world, kind=Denial, comment="not today")))
    assert view.state == "DENIED"
    assert verify(world.log()).findings == ()


def test_it_may_take_its_time(world: World) -> None:
    """Attached an hour later, behind newer records, it counts and is nothing to look at."""
    pair = signed(prepared(world))
    world.clock.forward(3600)
    approve(world.desk("carol"), request_in(world), "", lambda _summary: None)
    assert attached(world, pair).state == "APPROVED"
    assert verify(world.log()).findings == ()


def test_preparing_writes_nothing(world: World) -> None:
    """It needs no key and leaves the log as it is; its head is the one that was verified."""
    before = dict(world.store.objects)
    body = prepared(world)
    assert world.store.objects == before
    state = world.log().sync()
    assert body.head == HeadRef(seq=state.seq, hash=state.hash)
    assert body.signer == Signer(person="bob", key=FakeSigner("bob").public_key)


@pytest.mark.parametrize("person", ["alice", "nightly", "mallory"])
def test_nothing_is_prepared_for_who_may_not(world: World, person: str) -> None:
    """The requester, a service and a stranger are told why: exit 3."""
    with pytest.raises(RequestRefused, match=f"{person} cannot decide"):
        prepared(world, person)


def test_the_key_is_one_of_theirs(world: World) -> None:
    """A fingerprint of nobody's key is usage; the right one is taken."""
    with pytest.raises(UsageError, match="not a key of bob"):
        prepared(world, fingerprint="SHA256:nobody")
    made = prepare(courier(world), request_in(world), "bob", Approval)
    assert prepared(world, fingerprint=made.key.fingerprint).signer.key == made.key.text


def test_the_requester_s_approval_is_refused(world: World) -> None:
    """An approval that the requester wrote and signed alone: exit 3."""
    body = msgspec.structs.replace(
        prepared(world), signer=Signer(person="alice", key=FakeSigner("alice").public_key)
    )
    refused(world, signed(body, "alice"), RequestRefused, "not-eligible")


def test_a_second_time_is_refused(world: World) -> None:
    """The same statement again, whoever signs: exit 3."""
    pair = signed(prepared(world))
    attached(world, pair)
    refused(world, pair, RequestRefused, "replay")


def test_an_approval_of_one_request_is_none_of_another(world: World) -> None:
    """Names of another request in the same log: exit 4."""
    body = prepared(world)
    other = requested(world, wanted("corp-archive", mode=UnlockMode.DELETE))
    sha256 = world.log().sync().requests[RequestId(other)].sha256
    renamed = msgspec.structs.replace(body, request_id=other)
    refused(world, signed(renamed), IntegrityError, "unknown-request")
    moved = msgspec.structs.replace(renamed, request_sha256=sha256)
    refused(world, signed(moved), IntegrityError, "rules-violation")


EDITS: Mapping[str, tuple[dict[str, Any], str]] = {
    "another organization": ({"org": "o-anotherone"}, "wrong-log"),
    "another log": ({"log": "0123456789abcdef"}, "wrong-log"),
    "another schema": ({"schema": "orgroot.statement/v2"}, "foreign-record"),
    "another text of the request": ({"request_sha256": "0" * 64}, "unknown-request"),
    "no such request": ({"request_id": "orq_" + "a" * 26}, "unknown-request"),
    "a strange id": ({"request_id": "../../etc"}, "unknown-request"),
    "another summary": ({"summary": {"task": "harmless"}}, "rules-violation"),
    "another word": ({"decision": "deny"}, "rules-violation"),
    "another head": ({"head": HeadRef(seq=2, hash="0" * 64)}, "head-mismatch"),
    "a head to come": ({"head": HeadRef(seq=999, hash="0" * 64)}, "head-mismatch"),
    "another's name": (
        {"signer": Signer(person="carol", key=FakeSigner("bob").public_key)},
        "unknown-signer",
    ),
    "a stranger's name": (
        {"signer": Signer(person="mallory", key=FakeSigner("bob").public_key)},
        "unknown-signer",
    ),
    "another's key": (
        {"signer": Signer(person="bob", key=FakeSigner("carol").public_key)},
        "unknown-signer",
    ),
    "no time": ({"created_at": "yesterday"}, "integrity"),
    "no expiry": ({"expires_at": "never"}, "integrity"),
}


@pytest.mark.parametrize(("changes", "code"), EDITS.values(), ids=EDITS)
def test_what_does_not_fit_is_refused_though_signed(
    world: World, changes: dict[str, Any], code: str
) -> None:
    """A statement that another program made, signed by bob's own key: exit 4."""
    body = msgspec.structs.replace(prepared(world), **changes)
    refused(world, signed(body), IntegrityError, code)


def test_a_head_before_the_request_shows_nothing(world: World) -> None:
    """Who had not seen the request cannot have approved it."""
    first = world.log().sync().hashes[0]
    body = msgspec.structs.replace(prepared(world), head=HeadRef(seq=1, hash=first))
    refused(world, signed(body), IntegrityError, "rules-violation")


@pytest.mark.parametrize(
    ("offset", "code"),
    [(timedelta(minutes=3), "post-dated"), (-timedelta(hours=3), "expired")],
)
def test_a_time_that_is_not_now_is_refused(world: World, offset: timedelta, code: str) -> None:
    """Later than now by more than the skew, or older than its time to live: exit 3."""
    world.clock.forward(3.5 * 3600)
    made = timestamp(world.clock.now() + offset)
    body = msgspec.structs.replace(prepared(world), created_at=made)
    refused(world, signed(body), RequestRefused, code)


def test_the_end_of_time_is_only_refused(world: World) -> None:
    """The latest time that can be written makes no sum overflow."""
    body = msgspec.structs.replace(prepared(world), created_at="9999-12-31T23:59:59Z")
    refused(world, signed(body), RequestRefused, "post-dated")


def test_its_own_expiry_holds(world: World) -> None:
    """An approval that its signer wanted for ten minutes is refused after eleven."""
    until = timestamp(world.clock.now() + timedelta(minutes=10))
    pair = signed(msgspec.structs.replace(prepared(world), expires_at=until))
    world.clock.forward(11 * 60)
    refused(world, pair, RequestRefused, "expired")


def test_a_request_that_is_over_takes_none(world: World) -> None:
    """Denied meanwhile, or expired: exit 3."""
    pair = signed(prepared(world))
    late = signed(prepared(world, "carol"), "carol")
    attached(world, signed(prepared(world, "carol", kind=Denial), "carol"))
    refused(world, pair, RequestRefused, "not-open")
    world.clock.forward(5 * 3600)
    refused(world, late, RequestRefused, "not-open")


def test_the_namespace_is_that_of_the_type(world: World) -> None:
    """A denial's signature approves nothing, nor the other way, nor that of a request."""
    body = prepared(world)
    refused(world, signed(body, namespace="orgroot-denial-v1"), IntegrityError, "wrong-namespace")
    refused(world, signed(body, namespace="orgroot-request-v1"), IntegrityError, "wrong-namespace")
    denial = prepared(world, kind=Denial)
    refused(
        world, signed(denial, namespace="orgroot-approval-v1"), IntegrityError, "wrong-namespace"
    )


@pytest.mark.parametrize(
    "respell",
    [
        lambda text: text.replace(b'"comment": ""', b'"comment":""'),
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text[:-1],
        lambda text: text + b"\n",
        lambda text: text.replace(b'"seq": ', b'"seq": 0'),
        lambda text: text.replace(b'"comment": "",', b'"comment": "",\n  "comment": "",'),
        lambda text: text.replace(b'"comment": ""', b'"comment": "\\u0061"'),
        lambda text: text.replace(b'"comment": ""', '"comment": "é"'.encode()),
        lambda _text: b"",
        lambda _text: b"[" * 5000,
        lambda _text: b"\xff\x00",
    ],
)
def test_only_one_spelling_is_taken(world: World, respell: Any) -> None:
    """Another spelling of it, signed by bob's own key, is refused: exit 4."""
    text = respell(to_text(prepared(world)))
    armored = FakeSigner("bob").sign("orgroot-approval-v1", text)
    refused(world, (text, armored), IntegrityError, "noncanonical")


def test_a_stranger_s_signature_is_refused_before_anything_is_read(world: World) -> None:
    """A key of nobody in the roster, over whatever text: exit 4."""
    body = prepared(world)
    refused(world, signed(body, "mallory"), IntegrityError, "unknown-signer")
    armored = FakeSigner("mallory").sign("orgroot-approval-v1", b"\xff")
    refused(world, (b"\xff", armored), IntegrityError, "unknown-signer")


def test_a_signature_over_another_text_is_refused(world: World) -> None:
    """One letter of the statement edited after signing: exit 4."""
    text, armored = signed(prepared(world))
    edited = text.replace(b'"comment": ""', b'"comment": "x"')
    refused(world, (edited, armored), IntegrityError, "badsig")


def test_no_flipped_bit_of_a_pasted_block_passes(world: World) -> None:
    """Every bit of a block, then every cut of it by lines: refused, and nothing written.

    Every bit makes another text or signature, or no block. That no other text or signature passes
    is shown for every bit of both in `tests/core`; here a bit of each byte goes the whole way.
    """
    pair = signed(prepared(world))
    block = block_of(*pair).encode()
    before = dict(world.store.objects)
    desk = courier(world)
    for bit in range(len(block) * 8):
        flipped = bytearray(block)
        flipped[bit // 8] ^= 1 << bit % 8
        if bit % 8 == bit // 8 % 7:
            with pytest.raises(OrgrootError):
                attach(desk, *pair_of(bytes(flipped)))
        else:
            with contextlib.suppress(OrgrootError):
                assert pair_of(bytes(flipped)) != pair
    lines = block.splitlines(keepends=True)
    for count in range(len(lines)):
        with pytest.raises(OrgrootError):
            attach(desk, *pair_of(b"".join(lines[:count])))
    assert world.store.objects == before
    assert attach(desk, *pair_of(block)).state == "PENDING"


def test_a_faster_writer_is_seen(world: World) -> None:
    """Two couriers with the same block: one record, and the second is told so."""
    pair = signed(prepared(world))
    first, second = courier(world), courier(world)
    attach(first, *pair)
    with pytest.raises(RequestRefused, match="already stands"):
        attach(second, *pair)
    assert world.types().count("approval") == 1
