"""The fold of executions and their facts, and of time."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from orgroot.core.audit_log import integrity_findings
from orgroot.core.findings import FindingCode
from orgroot.core.governed_tasks import Task
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.statement_parts import ObjectRef
from orgroot.core.statements import instant, timestamp
from tests.core import scene as s
from tests.core import world as w
from tests.core.verdicts import C, codes, voided


@pytest.mark.parametrize(
    ("who", "changes", "code"),
    [
        ("alice", {"request_id": "orq_" + "a" * 26}, C.ILLEGAL_TRANSITION),
        ("alice", {"request_sha256": "a" * 64}, C.ILLEGAL_TRANSITION),
        ("alice", {"accounts": (s.OTHER,)}, C.ILLEGAL_TRANSITION),
        ("alice", {"accounts": (s.ACCOUNT, s.ACCOUNT)}, C.ILLEGAL_TRANSITION),
        ("alice", {"accounts": ()}, C.ILLEGAL_TRANSITION),
        ("alice", {"approvals": (3,)}, C.RULES_VIOLATION),
        ("alice", {"task_policies": (TaskPolicy.DELETE_CREDENTIALS,)}, C.RULES_VIOLATION),
        ("alice", {"caller_arn": s.arn("olga")}, C.RULES_VIOLATION),
        ("alice", {"observed_at": "2026-03-02T08:00:00Z"}, C.RULES_VIOLATION),
        ("alice", {"deadline": "2026-03-02T08:00:00Z"}, C.RULES_VIOLATION),
        ("alice", {"deadline": "2026-03-02T09:20:01Z"}, C.RULES_VIOLATION),
        ("alice", {"deadline": "2999-01-01T00:00:00Z"}, C.RULES_VIOLATION),
        ("alice", {"reference_in": "nowhere"}, C.ILLEGAL_TRANSITION),
        ("bob", {}, C.RULES_VIOLATION),
    ],
)
def test_intents_that_are_not_legal(
    log: w.Log, who: str, changes: dict[str, Any], code: FindingCode
) -> None:
    """Each row is one field that makes a granted execution void."""
    request = log.request()
    log.approve("carol", request)
    log.intent(who, request, **changes)
    voided(log, code)
    assert not log.state.executions


def test_an_intent_is_decided_when_it_is_signed(log: w.Log) -> None:
    """A time of the decision that its signer chose, before its approvals ended, is a violation."""
    request = log.request()
    log.approve("bob", request)
    observed = timestamp(log.now)
    log.now += timedelta(minutes=3)
    log.intent("alice", request, observed_at=observed)
    voided(log, C.RULES_VIOLATION)
    assert "not when it was signed" in log.state.findings[-1].detail


def test_a_bulk_run_may_last_as_long_as_its_request(log: w.Log) -> None:
    """As many sessions after each other as accounts, none of which begins once it has expired."""
    many = tuple(f"5{n:011d}" for n in range(20))
    request = log.removal(*many)
    log.approve("bob", request)
    body = log.state.requests[request].body
    end = instant(body.expires_at) + timedelta(minutes=1)
    log.intent("alice", request, many, deadline=timestamp(end + timedelta(seconds=1)))
    voided(log, C.RULES_VIOLATION)
    log.intent("alice", request, many, deadline=timestamp(end))
    assert log.codes == [C.RULES_VIOLATION]
    log.intent("alice", request, many[:2], deadline=timestamp(log.now + timedelta(minutes=32)))
    voided(log, C.RULES_VIOLATION)


def test_one_account_in_an_object_is_one_account(log: w.Log) -> None:
    """A request for one target is executed once, however its target is written."""
    listed = log.put([msgspec.to_builtins(s.target())])
    ref = ObjectRef(sha256=listed, count=1)
    request = log.removal(s.ACCOUNT, targets=(), targets_object=ref)
    log.approve("bob", request)
    log.intent("alice", request)
    log.intent("alice", request)
    voided(log, C.ILLEGAL_TRANSITION)
    assert not log.state.requests[request].bulk


def test_an_intent_without_approval_is_a_violation(log: w.Log) -> None:
    """The decision is replayed at the time the executor observed."""
    request = log.request()
    log.intent("alice", request)
    voided(log, C.RULES_VIOLATION)
    log.approve("bob", request)
    log.now += timedelta(hours=3)
    log.intent("alice", request)
    voided(log, C.RULES_VIOLATION)


def test_a_request_for_one_target_is_executed_once(log: w.Log) -> None:
    """A second intent is illegal, even while the first has recorded nothing."""
    request = log.request()
    log.approve("bob", request)
    log.intent("alice", request)
    log.intent("olga", request)
    voided(log, C.ILLEGAL_TRANSITION)
    log.survey()
    log.intent("alice", log.request_record().id)
    voided(log, C.ILLEGAL_TRANSITION)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"task": Task.DELETE_ROOT_CREDENTIALS}, C.RULES_VIOLATION),
        ({"accounts": (s.OTHER,)}, C.RULES_VIOLATION),
        ({"accounts": ()}, C.RULES_VIOLATION),
        ({"task_policies": (TaskPolicy.UNLOCK_BUCKET,)}, C.RULES_VIOLATION),
        ({"task_policy": TaskPolicy.UNLOCK_BUCKET}, C.RULES_VIOLATION),
        ({"caller_arn": s.arn("alice")}, C.RULES_VIOLATION),
    ],
)
def test_surveys_that_are_not_legal(log: w.Log, changes: dict[str, Any], code: FindingCode) -> None:
    """Only reading, only what was named, only with the task policies of reading."""
    log.survey("nightly", **changes)
    voided(log, code)
    assert not log.state.executions


def test_a_survey_needs_rules_without_approvals() -> None:
    """Where the rules want approvals for reading, a survey is a violation."""
    rules = s.rule("all", s.READING, 1, each_of={"security": 1})
    log = w.Log(s.approvals_of(rules))
    log.survey("alice")
    voided(log, C.RULES_VIOLATION)


@pytest.fixture
def run(log: w.Log) -> w.ExecutionId:
    """An execution that has one session and one change under way."""
    request = log.request()
    log.approve("bob", request)
    execution = log.intent("alice", request)
    log.fact(execution, s.issued())
    log.fact(execution, s.begun())
    return execution


@pytest.mark.parametrize(
    "items",
    [
        (s.issued(s.OTHER, "ASIA2"),),
        (s.issued(),),
        (s.issued(key_id="ASIA2", policy=TaskPolicy.AUDIT),),
        (s.issued(key_id="ASIA2"),),
        (s.begun(),),
        (s.begun(s.OTHER),),
        (s.made(n=2),),
        (s.made(), s.made()),
        (s.refused(),),
        (s.ended(s.OTHER),),
        (s.ended(""),),
        (s.ended(), s.ended()),
        (s.begun(n=2),),
        (s.begun(n=2, target="another-bucket"),),
        (s.begun(n=2, operation="s3:DeleteBucketPolicy"),),
        (s.issued(key_id="ASIA2"), s.issued(key_id="ASIA2")),
    ],
)
def test_facts_out_of_order_count_for_nothing(
    log: w.Log, run: w.ExecutionId, items: tuple[Any, ...]
) -> None:
    """One item out of order, and nothing of that fact is counted."""
    record = log.state.executions[run]

    def counted() -> tuple[int, ...]:
        parts = (record.issued, record.step_intents, record.step_results, record.closed)
        return (*map(len, parts), len(record.aborted), record.held[s.ACCOUNT])

    before = counted()
    log.fact(run, *items)
    voided(log, C.ILLEGAL_TRANSITION)
    assert counted() == before


def test_what_half_a_fact_said_can_be_said_again(log: w.Log) -> None:
    """A fact that is void leaves neither its session nor its change behind."""
    request = log.request()
    log.approve("bob", request)
    execution = log.intent("alice", request)
    for item in (s.issued(), s.begun()):
        log.fact(execution, item, item)
        voided(log, C.ILLEGAL_TRANSITION)
        log.fact(execution, item)
    assert len(log.state.findings) == 2
    (step,) = log.state.executions[execution].steps(s.ACCOUNT)
    assert step == (s.begun(), None)


def test_the_first_session_too_was_announced(log: w.Log) -> None:
    """A task policy that the intent does not name opens nothing under it."""
    request = log.request()
    log.approve("bob", request)
    log.fact(log.intent("alice", request), s.issued(policy=TaskPolicy.AUDIT))
    voided(log, C.ILLEGAL_TRANSITION)


def test_a_removal_has_one_session_that_deletes(log: w.Log) -> None:
    """Per account: one delete session, and as many as it takes to look."""
    request = log.removal(s.ACCOUNT, s.OTHER)
    log.approve("bob", request)
    run = log.intent("alice", request)
    deleting, looking = TaskPolicy.DELETE_CREDENTIALS, TaskPolicy.AUDIT
    log.fact(run, s.issued(key_id="ASIA1", policy=deleting))
    log.fact(run, s.issued(s.OTHER, key_id="ASIA2", policy=deleting))
    log.fact(run, s.issued(key_id="ASIA3", policy=looking))
    log.fact(run, s.issued(key_id="ASIA4", policy=looking))
    assert log.codes == []
    log.fact(run, s.issued(key_id="ASIA5", policy=deleting))
    voided(log, C.ILLEGAL_TRANSITION)


def test_nothing_follows_the_end_of_an_account(log: w.Log, run: w.ExecutionId) -> None:
    """After `closed` there are no more sessions, changes or results."""
    (step,) = log.state.executions[run].steps(s.ACCOUNT)
    assert step == (s.begun(), None)
    log.fact(run, s.ended())
    for item in (s.issued(key_id="ASIA2"), s.begun(n=2), s.made(), s.ended()):
        log.fact(run, item)
        voided(log, C.ILLEGAL_TRANSITION)


def test_a_change_needs_a_session_on_record(log: w.Log) -> None:
    """No `issued`, no `step-intent`; and two refusals in one fact are one too many."""
    request = log.request()
    log.approve("bob", request)
    execution = log.intent("alice", request)
    log.fact(execution, s.begun())
    voided(log, C.ILLEGAL_TRANSITION)
    log.fact(execution, s.refused(), s.refused())
    voided(log, C.ILLEGAL_TRANSITION)
    assert not log.state.executions[execution].aborted


def test_nothing_begins_after_the_deadline(log: w.Log, run: w.ExecutionId) -> None:
    """Sessions and changes must begin in time; how they ended may be told half an hour longer."""
    log.now += timedelta(minutes=20)
    log.fact(run, s.begun(n=2))
    voided(log, C.ILLEGAL_TRANSITION)
    log.fact(run, s.made())
    log.now += timedelta(minutes=40)
    log.fact(run, s.ended())
    voided(log, C.ILLEGAL_TRANSITION)
    assert len(log.state.findings) == 2


def test_a_reading_announces_no_change() -> None:
    """Its session could write, and what it writes is announced by nobody."""
    log = w.Log(s.approvals_of(s.rule("all", s.READING, 0, requesters=["platform"])))
    policy = TaskPolicy.UNLOCK_BUCKET
    log.survey(
        "alice",
        task=Task.INSPECT_BUCKET_POLICY,
        params={"buckets": [{"bucket": s.BUCKET, "region": "eu-west-1"}]},
        task_policy=policy,
        task_policies=(policy,),
    )
    run = log.run_record().id
    log.fact(run, s.issued())
    assert log.codes == []
    log.fact(run, s.begun())
    voided(log, C.ILLEGAL_TRANSITION)


def test_time_that_runs_backwards_is_worth_a_look(log: w.Log) -> None:
    """A statement older than the newest by more than the skew counts, and is reported."""
    log.request(created_at=timestamp(s.START - timedelta(minutes=30)))
    assert log.codes == [C.TIME_REGRESSION]
    assert len(log.state.requests) == 1
    assert log.state.newest == "2026-03-02T09:01:00Z"


def test_nobody_stops_the_clock_by_writing_from_the_future(log: w.Log) -> None:
    """Where the reader's time is known, a later date is reported and does not move the newest."""
    log.request(created_at="2026-05-01T00:00:00Z", expires_at="2026-05-01T01:00:00Z")
    assert log.state.newest == "2026-05-01T00:00:00Z"
    state = log.refold(log.raws, now=lambda: log.now)
    assert codes(state) == [C.SKEW]
    assert state.newest == "2026-03-02T09:01:00Z"
    assert integrity_findings(state) == ()
