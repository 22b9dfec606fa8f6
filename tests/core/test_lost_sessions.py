"""Sessions that CloudTrail showed: taken where one is missing, once, within plan and time."""

from datetime import timedelta
from typing import Any

import pytest

from orgroot.core.findings import FindingCode
from orgroot.core.ids import ExecutionId
from orgroot.core.lost_sessions import EVERY, LOST, fits, may_have_lost
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.statement_parts import FoundSession, Signer
from orgroot.core.statements import Recovered, timestamp
from orgroot.core.unknown_sessions import unknown_sessions
from tests.core import scene as s
from tests.core import trail_records as t
from tests.core import world as w
from tests.core.test_recovery import LATER, end, recovered

SKEW = timedelta(seconds=120)


@pytest.fixture
def run(log: w.Log) -> ExecutionId:
    """An unlocking that was killed right behind its intent."""
    request = log.request()
    log.approve("bob", request)
    return log.intent("alice", request)


@pytest.fixture
def removal(log: w.Log) -> ExecutionId:
    """A removal in two accounts that was killed right behind its intent."""
    request = log.removal(s.ACCOUNT, s.OTHER)
    log.approve("bob", request)
    return log.intent("alice", request)


def found(log: w.Log, **changes: Any) -> FoundSession:
    """What CloudTrail showed, a moment after the intent."""
    base: dict[str, Any] = {
        "account": s.ACCOUNT,
        "task_policy": TaskPolicy.UNLOCK_BUCKET,
        "access_key_id": "ASIALOST",
        "at": timestamp(log.now),
        "event_id": "e-1",
    }
    return FoundSession(**(base | changes))


def shown(
    log: w.Log, run: str, *sessions: FoundSession, looked: tuple[str, ...] = (), who: str = "bob"
) -> list[FindingCode]:
    """Append what CloudTrail showed; answers what is wrong with that record."""
    body = Recovered(
        **log.common(),
        signer=Signer(person=who, key=s.key(who)),
        execution_id=run,
        sessions=sessions,
        looked=looked,
    )
    seq = log.signed(body, who)
    return [finding.code for finding in log.state.findings if finding.seq == seq]


def lost(log: w.Log, run: str) -> tuple[str, ...]:
    """Where a session may be missing."""
    return may_have_lost(log.state.executions[ExecutionId(run)])


def test_a_lost_session_is_on_record_once_it_was_found(log: w.Log, run: ExecutionId) -> None:
    """Anyone of the roster may bring it, before or after the execution is closed."""
    session = found(log)
    log.now += LATER
    assert lost(log, run) == (s.ACCOUNT,)
    recovered(log, run, end("not-done"))
    assert lost(log, run) == (s.ACCOUNT,)
    assert shown(log, run, session, looked=(s.ACCOUNT,)) == []
    record = log.state.executions[run]
    assert record.found == {s.ACCOUNT: session}
    assert lost(log, run) == ()
    assert list(unknown_sessions(record)) == []


def test_where_cloudtrail_shows_none_nothing_is_unknown_any_more(
    log: w.Log, run: ExecutionId
) -> None:
    """`looked` says that there was no session, and a session found later is none of this run."""
    session = found(log)
    log.now += LATER
    recovered(log, run, end("not-done"))
    assert [f.code for f in unknown_sessions(log.state.executions[run])] == [
        FindingCode.UNKNOWN_SESSION
    ]
    assert shown(log, run, looked=(s.ACCOUNT,)) == []
    assert list(unknown_sessions(log.state.executions[run])) == []
    assert shown(log, run, session) == [FindingCode.ILLEGAL_TRANSITION]


@pytest.mark.parametrize(
    "changes",
    [
        {"account": s.OTHER},
        {"account": ""},
        {"task_policy": TaskPolicy.AUDIT},
        {"at": timestamp(s.START - timedelta(hours=1))},
        {"at": timestamp(s.START + timedelta(hours=9))},
        {"access_key_id": ""},
    ],
)
def test_a_session_outside_of_plan_or_time_is_not_taken(
    log: w.Log, run: ExecutionId, changes: dict[str, Any]
) -> None:
    """Another account, another task, another time: whoever signs it, it counts for nothing."""
    session = found(log, **changes)
    log.now += LATER
    assert shown(log, run, session) == [FindingCode.ILLEGAL_TRANSITION]
    assert log.state.executions[run].found == {}


@pytest.mark.parametrize("item", [s.issued(), s.refused()])
def test_no_session_is_missing_where_the_run_tells(log: w.Log, run: ExecutionId, item: Any) -> None:
    """One session of an unlocking is on record, or AWS refused it: there is no other."""
    session = found(log)
    log.fact(run, item)
    log.now += LATER
    assert lost(log, run) == ()
    assert shown(log, run, session) == [FindingCode.ILLEGAL_TRANSITION]


def test_no_session_is_missing_where_the_run_ended_by_itself(log: w.Log) -> None:
    """Its own last word came after every answer; `unknown` is no last word."""
    assert lost(log, w.unlocked(log)) == ()
    request = log.request()
    log.approve("bob", request)
    open_ = log.intent("alice", request)
    log.fact(open_, s.ended(outcome="unknown"))
    assert lost(log, open_) == (s.ACCOUNT,)


def test_a_removal_may_lose_one_of_its_audits(log: w.Log, removal: ExecutionId) -> None:
    """It opens one deleting session and several audits, so only an audit can be missing still."""
    log.fact(removal, s.issued(policy=TaskPolicy.DELETE_CREDENTIALS))
    deleting = found(log, task_policy=TaskPolicy.DELETE_CREDENTIALS)
    audit = found(log, task_policy=TaskPolicy.AUDIT)
    assert lost(log, removal) == (s.ACCOUNT, s.OTHER)
    assert shown(log, removal, deleting) == [FindingCode.ILLEGAL_TRANSITION]
    assert shown(log, removal, audit) == []
    assert lost(log, removal) == (s.OTHER,)
    again = found(log, task_policy=TaskPolicy.AUDIT, access_key_id="ASIAMORE")
    assert shown(log, removal, again) == [FindingCode.ILLEGAL_TRANSITION]
    other = found(log, account=s.OTHER, task_policy=TaskPolicy.AUDIT)
    assert shown(log, removal, other) == [FindingCode.ILLEGAL_TRANSITION]  # its id is on record


def test_two_lost_sessions_of_one_account_are_not_both_taken(
    log: w.Log, removal: ExecutionId
) -> None:
    """A record that brings two for one account brings nothing."""
    two = [found(log, task_policy=TaskPolicy.AUDIT, access_key_id=f"ASIA{n}") for n in range(2)]
    assert shown(log, removal, *two) == [FindingCode.ILLEGAL_TRANSITION]
    assert log.state.executions[removal].found == {}


def test_a_superseded_run_may_bring_what_it_lost(log: w.Log, removal: ExecutionId) -> None:
    """Another run went on, and the session of the first is still a session."""
    session = found(log, task_policy=TaskPolicy.AUDIT)
    log.intent("alice", log.request_record().id)
    assert log.state.executions[removal].superseded_by
    assert shown(log, removal, session) == []


def test_a_look_before_cloudtrail_shows_all_counts_for_nothing(
    log: w.Log, run: ExecutionId
) -> None:
    """Until a quarter of an hour after the deadline an event may still be on its way."""
    assert shown(log, run, looked=(s.ACCOUNT,)) == [FindingCode.ILLEGAL_TRANSITION]
    log.now += LATER
    assert shown(log, run, looked=(s.OTHER,)) == [FindingCode.ILLEGAL_TRANSITION]
    assert shown(log, run, looked=("",)) == [FindingCode.ILLEGAL_TRANSITION]


@pytest.mark.parametrize(
    ("outcome", "accounts"),
    [
        ("surveyed", ()),
        (f'surveyed {{"{LOST}":["{s.ACCOUNT}"]}}', (s.ACCOUNT,)),
        (f'surveyed {{"{LOST}":"{EVERY}"}}', (s.ACCOUNT,)),
        (f'surveyed {{"{LOST}":7}}', ()),
        ("surveyed []", ()),
        ("surveyed {", ()),
    ],
)
def test_a_survey_says_in_which_accounts_it_lost_an_answer(
    log: w.Log, outcome: str, accounts: tuple[str, ...]
) -> None:
    """Its closing names them; one that closed without a word lost none."""
    run = log.survey()
    log.fact(run, s.ended("", outcome))
    assert lost(log, run) == accounts


def test_a_survey_that_others_closed_may_have_lost_any(log: w.Log) -> None:
    """Its facts are objects, so the fold knows no more; one look clears all of it."""
    run = log.survey()
    log.now += LATER
    recovered(log, run, end("not-done", ""))
    assert lost(log, run) == (s.ACCOUNT,)
    assert shown(log, run, looked=("",)) == []
    assert lost(log, run) == ()
    assert list(unknown_sessions(log.state.executions[run])) == []


def test_a_management_task_loses_no_session(log: w.Log) -> None:
    """It opens none."""
    plan = {"plan": [s.creation()]}
    request = log.request("alice", w.Task.ADD_SCPS, (w.Target(organization=s.ORG),), plan)
    log.approve("bob", request)
    assert lost(log, log.intent("alice", request)) == ()


@pytest.mark.parametrize(
    ("changes", "fit"),
    [
        ({}, True),
        ({"userIdentity": {"arn": s.arn("olga")}}, False),
        ({"userAgent": "aws-cli/2"}, False),
        ({"responseElements": None}, False),
        ({"requestParameters": {"targetPrincipal": s.OTHER}}, False),
        ({"eventTime": "2026-03-02T08:00:00Z"}, False),
        ({"eventTime": "2026-03-02T19:00:00Z"}, False),
        ({"eventTime": None}, False),
    ],
)
def test_an_event_fits_by_caller_reference_plan_and_time(
    log: w.Log, run: ExecutionId, changes: dict[str, Any], *, fit: bool
) -> None:
    """Every one of them must agree before a session is even looked at."""
    event = t.event(**({"eventTime": timestamp(log.now)} | changes))
    assert fits(log.state.executions[run], event, t.REFERENCE, SKEW) is fit
