"""Root sessions for other programs: one account, one task policy, and what that says to people."""

from typing import Any

import pytest

from orgroot.core.governed_tasks import GOVERNED_TASKS, Task, session_policies
from orgroot.core.ids import RequestId
from orgroot.core.log_state import RequestState
from orgroot.core.root_tasks import ROOT_TASKS, TaskPolicy
from orgroot.core.summary import summarize
from tests.core import scene as s
from tests.core import world as w
from tests.core.verdicts import C, standing, voided

SESSIONS = s.rule("sessions", ["root-session"], 1, each_of={"security": 1})
QUEUES = TaskPolicy.UNLOCK_QUEUE


@pytest.fixture
def log() -> w.Log:
    """A log whose rules let sessions be handed out."""
    return w.Log(s.approvals_of(*s.RULES, SESSIONS))


def request(log: w.Log, *accounts: str, **fields: Any) -> RequestId:
    """Alice asks for a session."""
    about = tuple(s.target(account) for account in accounts or (s.ACCOUNT,))
    asked = {"task_policy": QUEUES} | fields
    params = asked.pop("params", {})
    return log.request("alice", Task.ROOT_SESSION, about, params, **asked)


def test_a_session_carries_the_task_policy_that_was_asked_for() -> None:
    """A handed out session has one task policy, or none; every other task has its own."""
    assert session_policies(Task.ROOT_SESSION, QUEUES) == (QUEUES,)
    assert session_policies(Task.ROOT_SESSION, None) == ()
    for task in set(Task) - {Task.ROOT_SESSION}:
        assert session_policies(task, QUEUES) == GOVERNED_TASKS[task].task_policies


def test_an_approver_reads_what_the_session_can_do(log: w.Log) -> None:
    """The task policy, each action it opens, and that nobody watches."""
    request(log)
    assert summarize(log.state, log.request_record())["changes"] == [
        "hand a root session of SQSUnlockQueuePolicy to another program, which nobody watches",
        "it may call " + ", ".join(ROOT_TASKS[QUEUES].actions),
    ]


def test_a_request_for_a_session_is_about_one_account_and_task_policy(log: w.Log) -> None:
    """No task policy, two accounts, or parameters that mean nothing: no request."""
    for fields in ({"task_policy": None}, {"params": {"mode": "delete"}}):
        request(log, **fields)
        voided(log, C.RULES_VIOLATION)
    request(log, s.ACCOUNT, s.OTHER)
    voided(log, C.RULES_VIOLATION)
    assert "about one account" in log.state.findings[-1].detail
    assert log.state.requests == {}


def test_a_session_for_no_task_policy_says_no_actions(log: w.Log) -> None:
    """What cannot be granted is still described truly."""
    request(log)
    record = log.request_record()
    record.body = w.changed(record.body, {"task_policy": None})
    assert len(summarize(log.state, record)["changes"]) == 1


@pytest.mark.parametrize("policies", [tuple(TaskPolicy), (TaskPolicy.UNLOCK_BUCKET,)])
def test_a_session_for_another_task_is_no_execution(
    log: w.Log, policies: tuple[TaskPolicy, ...]
) -> None:
    """An intent that would open sessions with other task policies does not count."""
    asked = request(log)
    log.approve("bob", asked)
    log.intent("alice", asked, task_policies=policies)
    voided(log, C.RULES_VIOLATION)
    assert log.state.executions == {}


def test_a_session_that_was_handed_out_is_a_success(log: w.Log) -> None:
    """The task policy that was asked for, one session, and an end that says who got it."""
    asked = request(log)
    log.approve("bob", asked)
    run = log.intent("alice", asked, task_policies=(QUEUES,))
    log.fact(run, s.issued(policy=TaskPolicy.UNLOCK_BUCKET))
    voided(log, C.ILLEGAL_TRANSITION)
    log.fact(run, s.issued(policy=QUEUES))
    assert standing(log) is RequestState.UNKNOWN
    log.fact(run, s.issued(key_id="ASIA2", policy=QUEUES))
    voided(log, C.ILLEGAL_TRANSITION)
    log.fact(run, s.ended(outcome="handed-out: exec"))
    assert standing(log) is RequestState.SUCCEEDED
    log.intent("alice", asked, task_policies=(QUEUES,))
    voided(log, C.ILLEGAL_TRANSITION)


def test_a_session_that_audits_is_handed_out_once_too(log: w.Log) -> None:
    """Only a removal audits as often as its proof needs."""
    asked = request(log, task_policy=TaskPolicy.AUDIT)
    log.approve("bob", asked)
    run = log.intent("alice", asked, task_policies=(TaskPolicy.AUDIT,))
    log.fact(run, s.issued(policy=TaskPolicy.AUDIT))
    assert log.codes == []
    log.fact(run, s.issued(key_id="ASIA2", policy=TaskPolicy.AUDIT))
    voided(log, C.ILLEGAL_TRANSITION)
