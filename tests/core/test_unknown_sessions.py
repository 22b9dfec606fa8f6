"""Sessions of which only CloudTrail knows are named until it has been asked."""

from datetime import timedelta

import pytest

from orgroot.core.findings import Finding, FindingCode
from orgroot.core.ids import ExecutionId
from orgroot.core.unknown_sessions import unknown_sessions
from tests.core import scene as s
from tests.core import world as w
from tests.core.test_recovery import LATER, end, recovered


def killed(log: w.Log, *facts: object) -> ExecutionId:
    """An execution that recorded so much and ended."""
    request = log.request()
    log.approve("bob", request)
    run = log.intent("alice", request)
    for item in facts:
        log.fact(run, item)
    return run


def found(log: w.Log, run: str) -> list[Finding]:
    """What is said of its sessions."""
    assert log.codes == []
    return list(unknown_sessions(log.state.executions[ExecutionId(run)]))


def test_a_run_that_went_well_has_no_unknown_session(log: w.Log) -> None:
    """Issued, used and closed on record."""
    assert found(log, w.unlocked(log)) == []


@pytest.mark.parametrize("word", ["unknown", "unknown: no answer", "unknown {}"])
def test_an_outcome_that_is_unknown_is_named(log: w.Log, word: str) -> None:
    """Until `recover` has looked, nobody knows what was done in the session."""
    run = killed(log, s.issued(), s.begun(), s.ended(outcome=word))
    (finding,) = found(log, run)
    assert finding.code is FindingCode.UNKNOWN_SESSION
    assert finding.seq == log.state.executions[run].seq
    assert "orgroot recover" in finding.detail
    recovered(log, run, end("done"))
    assert found(log, run) == []


def test_what_could_not_be_read_afterwards_stays_named(log: w.Log) -> None:
    """`unverified` claims nothing, and neither does the finding."""
    run = killed(log, s.issued(), s.begun())
    log.now += LATER
    recovered(log, run, end("unverified"))
    (finding,) = found(log, run)
    assert f"{run}, {s.ACCOUNT}" in finding.detail


def test_a_process_killed_before_its_session_was_recorded(log: w.Log) -> None:
    """Between intent and `issued` a session may have come to be; a refusal on record rules it out.

    With the session on record and no change begun there is nothing unknown.
    """
    before, after, refused = killed(log), killed(log, s.issued()), killed(log, s.refused())
    log.now += LATER
    recovered(log, before, end("not-done"))
    recovered(log, after, end("not-done"))
    assert [len(found(log, run)) for run in (before, after, refused)] == [1, 0, 0]


def test_a_survey_that_was_closed_by_recovery_is_named_as_a_whole(log: w.Log) -> None:
    """Its facts name the sessions it knew of, and it ended without a word."""
    run = log.survey()
    log.now += LATER
    recovered(log, run, end("not-done", ""))
    (finding,) = found(log, run)
    assert "the survey" in finding.detail


def test_a_management_task_has_no_session(log: w.Log) -> None:
    """It runs with the operator's own credentials, whatever its end."""
    plan = {"plan": [s.creation()]}
    request = log.request("alice", w.Task.ADD_SCPS, (w.Target(organization=s.ORG),), plan)
    log.now += timedelta(minutes=1)
    log.approve("bob", request)
    run = log.intent("alice", request)
    log.fact(run, s.begun("", operation="organizations:CreatePolicy", target="deny"))
    log.fact(run, s.ended("", "unknown"))
    assert found(log, run) == []
