"""The fold of requests and decisions: what people may ask and approve."""

from typing import Any

import msgspec
import pytest

from orgroot.core.audit_log import Fold
from orgroot.core.codec import canonical, parse_canonical
from orgroot.core.findings import FindingCode
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import Digest, sha256
from orgroot.core.statement_parts import HeadRef, ObjectRef
from orgroot.core.statements import Approval
from orgroot.errors import AuditUnavailable
from tests.core import scene as s
from tests.core import world as w
from tests.core.verdicts import C, voided


def test_a_request_that_may_not_be_made_is_void(log: w.Log) -> None:
    """The rules then in force say who may ask for what."""
    log.request("bob")
    voided(log, C.RULES_VIOLATION)
    assert not log.state.requests


def test_long_lists_stand_in_objects(log: w.Log) -> None:
    """Targets, parameters and accounts are read from objects that are what their names say."""
    accounts = (s.ACCOUNT, s.OTHER)
    targets = log.put([msgspec.to_builtins(s.target(account)) for account in accounts])
    params = log.put(s.removal_params(*accounts))
    fields = {
        "targets_object": ObjectRef(sha256=targets, count=2),
        "params_object": ObjectRef(sha256=params, count=3),
    }
    request = log.request("alice", Task.DELETE_ROOT_CREDENTIALS, (), {}, **fields)
    log.approve("bob", request)
    listed = log.put(list(accounts))
    run = log.intent("alice", request, (), accounts_object=ObjectRef(sha256=listed, count=2))
    assert log.state.findings == []
    assert log.state.executions[run].accounts == accounts
    assert log.state.objects == {targets, params, listed}


@pytest.mark.parametrize(
    "fault", ["missing", "different", "damaged", "count", "kind", "both", "canonical"]
)
def test_an_object_that_is_not_as_said_voids_the_request(log: w.Log, fault: str) -> None:
    """Absent, different, of another size or kind, or beside an inline value."""
    value: Any = "x" if fault == "kind" else [msgspec.to_builtins(s.target())]
    digest = log.put(value)
    if fault == "missing":
        del log.store[f"objects/{digest}"]
    if fault == "different":
        log.store[f"objects/{digest}"] = canonical([msgspec.to_builtins(s.target(s.OTHER))])
    if fault == "damaged":
        log.store[f"objects/{digest}"] += b"\n"
    if fault == "canonical":
        digest = sha256(b"[ ]")
        log.store[f"objects/{digest}"] = b"[ ]"
    count = 2 if fault == "count" else 1
    inline = (s.target(),) if fault == "both" else ()
    ref = ObjectRef(sha256=digest, count=count)
    request = log.request("alice", Task.UNLOCK_BUCKET, inline, targets_object=ref)
    voided(log, C.OBJECT)
    assert log.state.unreadable[request] == log.state.findings[-1].detail
    assert not log.state.requests


def test_an_intent_whose_list_is_lost_still_claims_everything(log: w.Log) -> None:
    """What was begun must not be begun again because an object is gone."""
    request = log.removal(s.ACCOUNT, s.OTHER)
    log.approve("bob", request)
    ref = ObjectRef(sha256="a" * 64, count=2)
    run = log.intent("alice", request, (), accounts_object=ref)
    voided(log, C.OBJECT)
    assert log.state.executions[run].accounts == (s.ACCOUNT, s.OTHER)
    log.signed(log.intent_body("alice", request, (), accounts_object=ref, request_id="?"), "alice")
    assert log.codes[-2:] == [C.OBJECT, C.ILLEGAL_TRANSITION]


def test_a_store_that_does_not_answer_changes_nothing(log: w.Log) -> None:
    """When an object cannot be read now, the record is not admitted and may be tried again."""

    def down(_: Digest) -> bytes | None:
        raise AuditUnavailable("down")

    raws = [*log.raws]
    ref = ObjectRef(sha256=log.put([msgspec.to_builtins(s.target())]), count=1)
    log.removal(s.ACCOUNT, targets=(), targets_object=ref)
    fold = Fold(trust=log.trust, organization=s.ORG, objects=down)
    for seq, raw in enumerate(raws, 1):
        fold.admit(seq, raw)
    with pytest.raises(AuditUnavailable):
        fold.admit(3, log.raws[2])
    assert (fold.state.seq, fold.state.findings) == (2, [])
    fold._read = lambda digest: log.store.get(f"objects/{digest}")
    fold.admit(3, log.raws[2])
    assert len(fold.state.requests) == 1


@pytest.mark.parametrize(
    ("who", "changes", "code"),
    [
        ("bob", {"request_id": "orq_" + "a" * 26}, C.ILLEGAL_TRANSITION),
        ("bob", {"request_sha256": "a" * 64}, C.ILLEGAL_TRANSITION),
        ("bob", {"decision": "deny"}, C.RULES_VIOLATION),
        ("bob", {"summary": {}}, C.RULES_VIOLATION),
        ("alice", {}, C.RULES_VIOLATION),
        ("olga", {}, C.RULES_VIOLATION),
        ("nightly", {}, C.RULES_VIOLATION),
        ("bob", {"created_at": "2026-03-02T14:00:00Z"}, C.ILLEGAL_TRANSITION),
    ],
)
def test_approvals_that_do_not_count(
    log: w.Log, who: str, changes: dict[str, Any], code: FindingCode
) -> None:
    """Another request or text, another summary, the wrong person or time."""
    request = log.request()
    log.approve(who, request, **changes)
    voided(log, code)
    assert log.state.requests[request].approvals == []


def test_an_approval_given_before_the_request_does_not_count(log: w.Log) -> None:
    """The head an approver saw holds the request."""
    head = HeadRef(seq=log.state.seq, hash=log.state.hash)
    request = log.request()
    log.approve("bob", request, head=head)
    voided(log, C.RULES_VIOLATION)


def test_nothing_is_approved_after_the_end(log: w.Log) -> None:
    """Denied and executed requests take no more decisions, and surveys never do."""
    request = log.request()
    log.deny("bob", request)
    log.approve("carol", request)
    voided(log, C.ILLEGAL_TRANSITION)
    w.unlocked(log)
    log.deny("carol", log.request_record().id)
    voided(log, C.ILLEGAL_TRANSITION)
    log.survey()
    log.approve("carol", log.request_record().id)
    voided(log, C.ILLEGAL_TRANSITION)


def test_a_denial_counts_whatever_was_shown(log: w.Log) -> None:
    """A no needs no exact text; that the summary does not fit is still reported."""
    request = log.request()
    log.deny("bob", request, summary={})
    voided(log, C.RULES_VIOLATION)
    assert log.state.requests[request].denied == log.state.seq


def test_several_denials_where_the_rules_want_several() -> None:
    """The request ends with the denial that reaches the threshold of distinct people."""
    log = w.Log(s.approvals_of(defaults={"deny_threshold": "2"}))
    request = log.request()
    log.deny("bob", request)
    log.deny("bob", request)
    assert log.state.requests[request].denied == 0
    log.deny("carol", request)
    assert log.state.requests[request].denied == log.state.seq


def test_an_approval_is_worth_nothing_elsewhere(log: w.Log) -> None:
    """Carried over to another request, bucket, account or log, an approval does not count."""
    first = log.request()
    for changes in (
        {},
        {"params": s.bucket_params("another-bucket")},
        {"targets": (s.target(s.OTHER),)},
    ):
        second = log.request(**changes)
        body = log.decision_body("bob", first, Approval, request_id=second)
        log.signed(body, "bob")
        voided(log, C.ILLEGAL_TRANSITION)
        record = log.state.requests[second]
        log.signed(msgspec.structs.replace(body, request_sha256=record.sha256, nonce="x"), "bob")
        voided(log, C.RULES_VIOLATION)
        assert record.approvals == []
    log.approve("bob", first)
    other = w.Log(s.approvals_of(), trust=s.trust_of(log_id="0" * 16))
    raw = parse_canonical(log.raws[-1])
    other.admit(canonical(raw | {"log": "0" * 16, "seq": 3, "prev": other.state.hash}))
    voided(other, C.FOREIGN_RECORD)
