"""What is taken back: a request by its requester, a decision by its signer, before it is used."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from orgroot.core.findings import FindingCode
from orgroot.core.ids import RequestId, sha256
from orgroot.core.log_state import RequestState
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import Approval, Cancel, Denial, Revoke, to_text
from orgroot.core.summary import summarize
from tests.core import scene as s
from tests.core import world as w
from tests.core.verdicts import C, standing, voided


def cancel(log: w.Log, who: str, request: RequestId, **changes: Any) -> int:
    """Append a cancellation."""
    body = Cancel(
        **log.common(),
        signer=Signer(person=who, key=s.key(who)),
        request_id=request,
        request_sha256=log.state.requests[request].sha256,
        comment="not needed",
    )
    return log.signed(w.changed(body, changes), who)


def revoke(log: w.Log, who: str, request: RequestId, statement: str, **changes: Any) -> int:
    """Append a revocation of a statement."""
    body = Revoke(
        **log.common(),
        signer=Signer(person=who, key=s.key(who)),
        request_id=request,
        request_sha256=log.state.requests[request].sha256,
        statement_sha256=statement,
        comment="I misread it",
    )
    return log.signed(w.changed(body, changes), who)


def approval_of(log: w.Log, request: RequestId) -> str:
    """The SHA-256 of the newest approval."""
    return str(log.state.requests[request].approvals[-1].sha256)


def test_a_cancelled_request_is_never_executed(log: w.Log) -> None:
    """It says so, takes no decisions, and an intent on it is void."""
    request = log.request()
    log.approve("bob", request)
    assert standing(log) is RequestState.APPROVED
    seq = cancel(log, "alice", request)
    assert log.state.findings == []
    assert log.state.requests[request].cancelled == seq
    assert standing(log) is RequestState.CANCELLED
    log.approve("carol", request)
    voided(log, C.ILLEGAL_TRANSITION)
    log.intent("alice", request)
    voided(log, C.RULES_VIOLATION)
    cancel(log, "alice", request)
    voided(log, C.ILLEGAL_TRANSITION)


@pytest.mark.parametrize(
    ("who", "changes"),
    [
        ("olga", {}),
        ("bob", {}),
        ("alice", {"request_id": "orq_" + "a" * 26}),
        ("alice", {"request_sha256": "a" * 64}),
        ("alice", {"created_at": "2026-03-02T14:00:00Z"}),
    ],
)
def test_only_the_requester_cancels_and_only_what_is_open(
    log: w.Log, who: str, changes: dict[str, Any]
) -> None:
    """Another person, another request or text, and one that expired are void."""
    request = log.request()
    cancel(log, who, request, **changes)
    voided(log, C.ILLEGAL_TRANSITION)
    assert log.state.requests[request].cancelled == 0


def test_another_identity_of_the_requester_may_cancel() -> None:
    """A person is their keys, whatever the entry is called."""
    people = {"alter": s.person("alter", groups=["security"], keys=s.person("alice")["keys"])}
    log = w.Log()
    log.genesis()
    log.state.rules.append(w.in_force(s.approvals_of(people=people)))
    request = log.request()
    cancel(log, "alice", request, signer=Signer(person="alter", key=s.key("alice")))
    assert log.state.requests[request].cancelled


def test_what_runs_or_ran_is_not_cancelled(log: w.Log) -> None:
    """Not while an execution is open, not when it has ended, and a survey never."""
    request = log.request()
    log.approve("bob", request)
    run = log.intent("alice", request)
    cancel(log, "alice", request)
    voided(log, C.ILLEGAL_TRANSITION)
    log.fact(run, s.issued())
    log.fact(run, s.ended())
    cancel(log, "alice", request)
    voided(log, C.ILLEGAL_TRANSITION)
    log.survey()
    cancel(log, "nightly", log.request_record().id)
    voided(log, C.ILLEGAL_TRANSITION)


def test_the_rest_of_a_bulk_request_can_be_cancelled(log: w.Log) -> None:
    """Between two runs, what is left is taken back; what was done stays done."""
    request = log.removal(s.ACCOUNT, s.OTHER)
    log.approve("bob", request)
    run = log.intent("alice", request, (s.ACCOUNT,))
    log.fact(run, s.ended(s.ACCOUNT))
    cancel(log, "alice", request)
    assert log.state.findings == []
    log.intent("alice", request, (s.OTHER,))
    voided(log, C.RULES_VIOLATION)


def test_a_revoked_approval_does_not_count(log: w.Log) -> None:
    """It is shown as taken back, the request waits again, and an intent that names it is void."""
    request = log.request()
    log.approve("bob", request)
    seq = revoke(log, "bob", request, approval_of(log, request))
    assert log.state.findings == []
    assert log.state.requests[request].approvals[0].revoked == seq
    assert standing(log) is RequestState.PENDING
    intent = log.intent_body("alice", request)
    log.signed(intent, "alice")
    voided(log, C.RULES_VIOLATION)
    log.approve("carol", request)
    log.signed(log.intent_body("alice", request), "alice")
    voided(log, C.RULES_VIOLATION)
    carols = log.state.requests[request].approvals[-1].seq
    log.intent("alice", request, approvals=(carols,))
    assert standing(log, running=True) is RequestState.CLAIMED


def test_a_revoked_approval_does_not_come_back(log: w.Log) -> None:
    """Written again at a later position it is a replay; a new one of the same person counts."""
    request = log.request()
    body = log.decision_body("bob", request, Approval)
    log.signed(body, "bob")
    revoke(log, "bob", request, approval_of(log, request))
    log.signed(body, "bob")
    voided(log, C.REPLAY)
    assert standing(log) is RequestState.PENDING
    log.approve("bob", request)
    assert standing(log) is RequestState.APPROVED


def test_an_approval_that_was_revoked_before_it_came_never_counts(log: w.Log) -> None:
    """Signed elsewhere, taken back here, attached later: a replay, foreseen by `flaw`."""
    request = log.request()
    body = log.decision_body("bob", request, Approval)
    raw = log.signed_raw(body, "bob")
    seq = revoke(log, "bob", request, sha256(to_text(body)))
    assert log.state.findings == []
    flaw = log.fold.flaw(log.signed_raw(body, "bob"))
    assert flaw is not None
    assert flaw.code is C.REPLAY
    assert f"record {seq}" in flaw.detail
    log.signed(body, "bob")
    voided(log, C.REPLAY)
    assert raw != log.raws[-1]
    assert log.state.requests[request].approvals == []


def test_nobody_bars_the_word_of_another(log: w.Log) -> None:
    """A revocation of somebody else's statement is void, and one made in advance bars nothing."""
    request = log.request()
    body = log.decision_body("bob", request, Approval)
    revoke(log, "carol", request, sha256(to_text(body)))
    assert log.state.findings == []
    log.signed(body, "bob")
    assert standing(log) is RequestState.APPROVED
    revoke(log, "alice", request, approval_of(log, request))
    voided(log, C.ILLEGAL_TRANSITION)
    assert standing(log) is RequestState.APPROVED


@pytest.mark.parametrize("kind", ["again", "request", "unknown"])
def test_what_is_no_standing_decision_is_not_revoked(log: w.Log, kind: str) -> None:
    """Twice the same, a statement that is no decision, a request that is not there."""
    request = log.request()
    log.approve("bob", request)
    approval = approval_of(log, request)
    if kind == "again":
        revoke(log, "bob", request, approval)
        revoke(log, "bob", request, approval)
    elif kind == "request":
        revoke(log, "alice", request, log.state.requests[request].sha256)
    else:
        revoke(log, "bob", request, approval, request_id="orq_" + "a" * 26)
    voided(log, C.ILLEGAL_TRANSITION)


def test_revoking_after_the_intent_changes_nothing(log: w.Log) -> None:
    """The order in the log decides: the execution was granted, and is."""
    run = w.unlocked(log)
    request = log.request_record()
    revoke(log, "bob", request.id, approval_of(log, request.id))
    voided(log, C.ILLEGAL_TRANSITION)
    assert log.state.executions[run].closed
    assert standing(log) is RequestState.SUCCEEDED


def test_a_denial_that_ended_it_stands_and_one_that_did_not_may_go() -> None:
    """Under a threshold of two the first no can be taken back, and is no longer shown."""
    log = w.Log(s.approvals_of(defaults={"deny_threshold": "2"}))
    request = log.request()
    log.deny("bob", request)
    before = log.state.seq
    denial = log.state.requests[request].denials[0].sha256
    revoke(log, "bob", request, denial)
    assert log.state.findings == []
    record = log.state.requests[request]
    assert summarize(log.state, record)["denials"] == []
    assert len(summarize(log.state, record, before)["denials"]) == 1
    log.deny("carol", request)
    assert record.denied == 0
    log.deny("bob", request)
    assert record.denied == log.state.seq
    revoke(log, "bob", request, record.denials[-1].sha256)
    voided(log, C.ILLEGAL_TRANSITION)


def test_withdrawals_are_signed_as_what_they_are(log: w.Log) -> None:
    """A signature for another purpose, or by another person, takes nothing back."""
    request = log.request()
    log.approve("bob", request)
    body = Revoke(
        **log.common(),
        signer=Signer(person="bob", key=s.key("bob")),
        request_id=request,
        request_sha256=log.state.requests[request].sha256,
        statement_sha256=approval_of(log, request),
        comment="",
    )
    log.signed(body, "bob", namespace=Approval.NAMESPACE)
    voided(log, C.WRONG_NAMESPACE)
    log.signed(msgspec.structs.replace(body, nonce="x"), "carol")
    voided(log, C.BADSIG)
    assert {Cancel.NAMESPACE, Revoke.NAMESPACE}.isdisjoint({Approval.NAMESPACE, Denial.NAMESPACE})
    assert standing(log) is RequestState.APPROVED


def test_a_withdrawal_under_expired_rules_still_counts() -> None:
    """Taking back needs no rules that are in date."""
    log = w.Log(s.approvals_of(expires="2026-03-02T09:05:00Z"))
    request = log.request()
    log.approve("bob", request)
    log.now += timedelta(minutes=30)
    revoke(log, "bob", request, approval_of(log, request))
    cancel(log, "alice", request)
    assert [f.code for f in log.state.findings] == []
    assert standing(log) is RequestState.CANCELLED
    assert FindingCode.REPLAY not in log.codes
