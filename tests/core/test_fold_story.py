"""The fold of what goes well: what counts, and where a request stands."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from orgroot.core.audit_log import request_state
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import sha256
from orgroot.core.log_state import RequestState
from orgroot.core.root_tasks import TaskPolicy
from tests.core import scene as s
from tests.core import world as w
from tests.core.verdicts import C, standing, voided

NOT_RUNNING: Callable[[object], bool] = lambda _: False  # noqa: E731 - a constant answer


def test_the_whole_story_is_found_in_order(log: w.Log) -> None:
    """Asked, approved, executed, recorded: no finding, and the state of each step."""
    request = log.request()
    assert standing(log) is RequestState.PENDING
    log.approve("bob", request)
    assert standing(log) is RequestState.APPROVED
    run = log.intent("alice", request)
    assert standing(log, running=True) is RequestState.CLAIMED
    assert standing(log) is RequestState.UNKNOWN
    log.fact(run, s.issued())
    assert standing(log, running=True) is RequestState.ISSUED
    log.fact(run, s.begun())
    log.fact(run, s.made())
    log.fact(run, s.ended())
    assert standing(log) is RequestState.SUCCEEDED
    assert log.state.findings == []
    assert log.state.executions[run].last_seq == log.state.seq


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("succeeded", RequestState.SUCCEEDED),
        ('removed {"left":{}}', RequestState.SUCCEEDED),
        ("failed: aws-denied", RequestState.FAILED),
        ("incomplete", RequestState.FAILED),
        ("unknown", RequestState.UNKNOWN),
        ("abandoned", RequestState.ABANDONED),
        ("a word of a later version", RequestState.FAILED),
    ],
)
def test_only_known_successes_are_successes(log: w.Log, outcome: str, state: RequestState) -> None:
    """The first word of the outcome decides, and an unknown one is no success."""
    request = log.request()
    log.approve("bob", request)
    log.fact(log.intent("alice", request), s.ended(outcome=outcome))
    assert standing(log) is state


def test_states_without_execution(log: w.Log) -> None:
    """Denied, expired, stale: each is told apart from waiting."""
    log.deny("bob", log.request())
    assert standing(log) is RequestState.DENIED
    request = log.request()
    stricter = s.rule("r", s.ROOT_TASKS, 2, each_of={"security": 2})
    log.rules(s.approvals_of(stricter))
    assert standing(log) is RequestState.STALE
    log.rules(s.approvals_of(*s.RULES[1:]))
    assert standing(log) is RequestState.STALE
    log.now += timedelta(hours=5)
    assert request_state(log.state, log.state.requests[request], log.now, NOT_RUNNING) is (
        RequestState.EXPIRED
    )


def test_a_refusal_by_aws_reopens_a_request_but_not_for_ever(log: w.Log) -> None:
    """`aborted` lets the same request be executed again, three times in all."""
    request = log.request()
    log.approve("bob", request)
    for _ in range(3):
        assert standing(log) is RequestState.APPROVED
        run = log.intent("alice", request)
        log.fact(run, s.refused())
    assert standing(log) is RequestState.FAILED
    assert log.state.findings == []
    log.intent("alice", request)
    voided(log, C.ILLEGAL_TRANSITION)


def test_management_tasks_have_steps_without_sessions(log: w.Log) -> None:
    """The organization stands under the empty account id, and no session is issued for it."""
    plan = {"plan": [s.creation()]}
    request = log.request("alice", Task.ADD_SCPS, (w.Target(organization=s.ORG),), plan)
    log.approve("bob", request)
    run = log.intent("alice", request)
    log.fact(run, s.issued(""))
    voided(log, C.ILLEGAL_TRANSITION)
    log.fact(run, s.begun(""))
    log.fact(run, s.made(""))
    log.fact(run, s.ended("", "applied", sha256(b"kept")))
    assert standing(log) is RequestState.SUCCEEDED
    assert sha256(b"kept") in log.state.objects


def test_a_bulk_is_continued_by_a_further_intent(log: w.Log) -> None:
    """A later intent takes over what is left; the earlier run's facts count no more."""
    request = log.removal(s.ACCOUNT, s.OTHER)
    log.approve("bob", request)
    first = log.intent("alice", request)
    policy = TaskPolicy.DELETE_CREDENTIALS
    log.fact(first, s.issued(policy=policy), s.issued(s.OTHER, "ASIA2", policy))
    log.fact(first, s.ended(outcome="removed"))
    assert standing(log) is RequestState.UNKNOWN
    second = log.intent("olga", request, (s.OTHER,))
    assert log.state.findings == []
    log.fact(first, s.ended(s.OTHER))
    voided(log, C.ILLEGAL_TRANSITION)
    log.intent("alice", request)
    voided(log, C.ILLEGAL_TRANSITION)
    log.fact(second, s.ended(s.OTHER, "nothing-to-remove"))
    assert standing(log) is RequestState.SUCCEEDED


def test_what_a_bulk_left_undone_waits_until_it_expires(log: w.Log) -> None:
    """An account without outcome can still be done; after the expiry the request is abandoned."""
    request = log.removal(s.ACCOUNT, s.OTHER)
    log.approve("bob", request)
    log.fact(log.intent("alice", request, (s.ACCOUNT,)), s.ended())
    assert standing(log) is RequestState.APPROVED
    log.now += timedelta(hours=5)
    assert standing(log) is RequestState.ABANDONED


def test_a_survey_is_request_and_execution_in_one(log: w.Log) -> None:
    """Its closing record names its facts, directly or by a list."""
    run = log.survey()
    assert standing(log) is RequestState.UNKNOWN
    log.fact(run, s.ended("", "surveyed", "a" * 64))
    assert log.state.executions[run].fact_objects == ("a" * 64,)
    assert standing(log) is RequestState.SUCCEEDED
    run = log.survey()
    listed = log.put(["b" * 64, "c" * 64])
    log.fact(run, s.ended("", "surveyed-listed", listed))
    assert log.state.executions[run].fact_objects == ("b" * 64, "c" * 64)
    assert listed in log.state.objects
    assert log.state.findings == []
    run = log.survey()
    log.fact(run, s.ended("", "surveyed-listed", "d" * 64))
    voided(log, C.OBJECT)
