"""`recovered`: what closes an open execution, and every form that counts for nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orgroot.core.audit_log import request_state
from orgroot.core.ephemeral import EphemeralKey
from orgroot.core.findings import FindingCode
from orgroot.core.ids import ExecutionId
from orgroot.core.log_state import RequestState
from orgroot.core.recovery import objection, on_record, unsettled
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.statement_parts import RecoveredEnd, Signer, SpooledFact
from orgroot.core.statements import Recovered, to_text
from tests.core import scene as s
from tests.core import world as w

LATER = timedelta(minutes=50)
OBJECT = "0" * 64


def end(outcome: str = "done", account: str = s.ACCOUNT) -> RecoveredEnd:
    """How one account ended."""
    return RecoveredEnd(account=account, outcome=outcome, detail="read in AWS")


def spooled(log: w.Log, run: str, *items: Any, seed: bytes = s.SEED, **changes: Any) -> SpooledFact:
    """A fact as the execution left it on its machine."""
    text = to_text(log.fact_body(run, *items, **({"seq": 0, "prev": ""} | changes)))
    return SpooledFact(body=text.decode(), sig=EphemeralKey.from_seed(seed).sign(text))


def recovered(
    log: w.Log, run: str, *ends: RecoveredEnd, facts: tuple[SpooledFact, ...] = (), who: str = "bob"
) -> int:
    """Append a `recovered` record of a person."""
    body = Recovered(
        **log.common(),
        signer=Signer(person=who, key=s.key(who)),
        execution_id=run,
        facts=facts,
        ends=ends,
    )
    return log.signed(body, who)


def standing(log: w.Log) -> RequestState:
    """The state of the newest request."""
    return request_state(log.state, log.request_record(), log.now, lambda _run: False)


def voided(log: w.Log, run: str, code: FindingCode) -> None:
    """The newest record has this finding, and nothing was closed by it."""
    newest = [found.code for found in log.state.findings if found.seq == log.state.seq]
    assert newest == [code], log.state.findings
    record = log.state.executions.get(ExecutionId(run))
    assert record is None or (record.closed, record.spooled) == ({}, 0)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("done", RequestState.SUCCEEDED),
        ("not-done", RequestState.FAILED),
        ("unverified", RequestState.ABANDONED),
    ],
)
def test_what_was_seen_afterwards_closes_the_execution(
    log: w.Log, run: ExecutionId, outcome: str, state: RequestState
) -> None:
    """Half an hour after the deadline any person of the roster may say how it ended."""
    assert standing(log) is RequestState.UNKNOWN
    log.now += LATER
    recovered(log, run, end(outcome))
    assert log.codes == []
    assert standing(log) is state
    assert unsettled(log.run_record()) == ()
    assert log.request_record().spent


def test_spooled_facts_count_as_if_written(log: w.Log, run: ExecutionId) -> None:
    """The execution's own facts close it at once, in their order, and name their objects."""
    facts = (
        spooled(log, run, s.made()),
        spooled(log, run, s.ended(s.ACCOUNT, "succeeded", OBJECT)),
    )
    recovered(log, run, facts=facts)
    assert log.codes == []
    assert standing(log) is RequestState.SUCCEEDED
    assert OBJECT in log.state.objects


def test_spooled_facts_let_the_rest_be_closed_without_waiting(log: w.Log, run: ExecutionId) -> None:
    """What it kept shows that it came to its end: nobody has to wait for the deadline."""
    recovered(log, run, facts=(spooled(log, run, s.made()),))
    assert standing(log) is RequestState.UNKNOWN
    record = log.run_record()
    assert on_record(record, log.fact_body(run, s.made()))
    assert not on_record(record, log.fact_body(run, s.ended()))
    recovered(log, run, end())
    assert log.codes == []
    assert standing(log) is RequestState.SUCCEEDED


def test_a_spooled_session_is_on_record(log: w.Log) -> None:
    """A session that the log did not take is known by its key id, and no change was made in it."""
    request = log.request()
    log.approve("bob", request)
    run = log.intent("alice", request)
    recovered(log, run, end("not-done"), facts=(spooled(log, run, s.issued()),))
    assert log.codes == []
    assert set(log.run_record().issued) == {"ASIA1"}
    assert standing(log) is RequestState.FAILED


def test_an_end_called_unknown_is_settled_by_looking(log: w.Log, run: ExecutionId) -> None:
    """The execution itself closed with `unknown`: a look settles it, and its objects stay named."""
    log.fact(run, s.ended(s.ACCOUNT, "unknown", OBJECT))
    assert standing(log) is RequestState.UNKNOWN
    assert unsettled(log.run_record()) == (s.ACCOUNT,)
    recovered(log, run, end())
    assert log.codes == []
    assert standing(log) is RequestState.SUCCEEDED
    assert log.run_record().closed[s.ACCOUNT].objects == (OBJECT,)


def test_a_survey_is_closed_as_a_whole(log: w.Log) -> None:
    """A reading that never ended is closed as not done, after its time."""
    run = log.survey("nightly", s.ACCOUNT, s.OTHER)
    assert unsettled(log.run_record()) == ("",)
    log.now += LATER
    recovered(log, run, end("not-done", ""))
    assert log.codes == []
    assert unsettled(log.run_record()) == ()
    assert standing(log) is RequestState.FAILED


def test_a_spooled_fact_ends_no_survey_early(log: w.Log) -> None:
    """The facts of a survey lie in the store for everyone to copy: they prove no end of it."""
    run = log.survey()
    fact = spooled(log, run, s.issued(policy=log.run_record().body.task_policies[0]))
    recovered(log, run, end("not-done", ""), facts=(fact,))
    voided(log, run, FindingCode.ILLEGAL_TRANSITION)


def test_an_account_that_aws_refused_needs_no_recovery(log: w.Log) -> None:
    """Of two accounts one was refused and one left open: only the open one can be closed."""
    request = log.removal(s.ACCOUNT, s.OTHER)
    log.approve("bob", request)
    run = log.intent("alice", request)
    log.fact(run, s.refused(s.OTHER))
    log.now += LATER
    assert unsettled(log.run_record()) == (s.ACCOUNT,)
    recovered(log, run, end("not-done", s.OTHER))
    voided(log, run, FindingCode.ILLEGAL_TRANSITION)
    recovered(log, run, end("not-done"))
    assert unsettled(log.run_record()) == ()


Form = Callable[[w.Log, ExecutionId], int]
ILLEGAL: dict[str, tuple[timedelta, Form, FindingCode]] = {
    "before the deadline and half an hour": (
        timedelta(),
        lambda log, run: recovered(log, run, end()),
        FindingCode.ILLEGAL_TRANSITION,
    ),
    "at the very last minute of the wait": (
        timedelta(minutes=42),
        lambda log, run: recovered(log, run, end()),
        FindingCode.ILLEGAL_TRANSITION,
    ),
    "of an execution that is not there": (
        LATER,
        lambda log, _run: recovered(log, "oex_" + "a" * 26, end()),
        FindingCode.ILLEGAL_TRANSITION,
    ),
    "that says nothing": (
        LATER,
        recovered,
        FindingCode.ILLEGAL_TRANSITION,
    ),
    "with a word of its own": (
        LATER,
        lambda log, run: recovered(log, run, end("succeeded")),
        FindingCode.ILLEGAL_TRANSITION,
    ),
    "of an account it was not about": (
        LATER,
        lambda log, run: recovered(log, run, end("done", s.OTHER)),
        FindingCode.ILLEGAL_TRANSITION,
    ),
    "that closes an account twice": (
        LATER,
        lambda log, run: recovered(log, run, end(), end("not-done")),
        FindingCode.ILLEGAL_TRANSITION,
    ),
    "by nobody of the roster": (
        LATER,
        lambda log, run: recovered(log, run, end(), who="dana"),
        FindingCode.UNKNOWN_SIGNER,
    ),
    "with a fact that somebody else signed": (
        LATER,
        lambda log, run: recovered(
            log, run, facts=(spooled(log, run, s.made(), seed=b"\x08" * 32),)
        ),
        FindingCode.BADSIG,
    ),
    "with a fact that stands for a place in the log": (
        LATER,
        lambda log, run: recovered(
            log, run, facts=(spooled(log, run, s.made(), seq=8, prev="0" * 64),)
        ),
        FindingCode.ILLEGAL_TRANSITION,
    ),
    "with a fact of another execution": (
        LATER,
        lambda log, run: recovered(
            log, run, facts=(spooled(log, run, s.made(), execution_id="oex_" + "b" * 26),)
        ),
        FindingCode.ILLEGAL_TRANSITION,
    ),
    "with a fact out of order": (
        LATER,
        lambda log, run: recovered(log, run, facts=(spooled(log, run, s.made(n=2)),)),
        FindingCode.ILLEGAL_TRANSITION,
    ),
    "with a good fact before a bad end": (
        LATER,
        lambda log, run: recovered(
            log, run, end("done", s.OTHER), facts=(spooled(log, run, s.made()),)
        ),
        FindingCode.ILLEGAL_TRANSITION,
    ),
    "with a fact of no time": (
        LATER,
        lambda log, run: recovered(log, run, facts=(spooled(log, run, s.made(), at="soon"),)),
        FindingCode.BADSIG,
    ),
    "with a fact beyond all times": (
        LATER,
        lambda log, run: recovered(
            log, run, facts=(spooled(log, run, s.made(), at="9999-12-31T23:59:59Z"),)
        ),
        FindingCode.BADSIG,
    ),
}


@pytest.mark.parametrize("form", ILLEGAL)
def test_a_recovery_counts_for_nothing(log: w.Log, run: ExecutionId, form: str) -> None:
    """Each illegal form is a finding, stops nobody and closes nothing."""
    later, build, code = ILLEGAL[form]
    log.now += later
    build(log, run)
    voided(log, run, code)
    assert standing(log) is RequestState.UNKNOWN


def test_text_that_is_no_fact_is_no_evidence(log: w.Log, run: ExecutionId) -> None:
    """The execution's key over anything but a fact proves nothing."""
    key = EphemeralKey.from_seed(s.SEED)
    statement = to_text(log.intent_body("alice", log.request_record().id))
    for text in (b"{}", statement):
        fact = SpooledFact(body=text.decode(), sig=key.sign(text))
        recovered(log, run, facts=(fact,))
        voided(log, run, FindingCode.BADSIG)


def test_done_is_never_said_of_what_was_not_begun(log: w.Log) -> None:
    """No step-intent on record: whatever AWS shows, this execution did not do it."""
    request = log.request()
    log.approve("bob", request)
    run = log.intent("alice", request)
    log.fact(run, s.issued())
    log.now += LATER
    recovered(log, run, end("done"))
    voided(log, run, FindingCode.ILLEGAL_TRANSITION)


def test_the_second_recovery_counts_for_nothing(log: w.Log, run: ExecutionId) -> None:
    """Two people close it: the first one's word stands, and nothing opens it again."""
    log.now += LATER
    recovered(log, run, end("not-done"))
    recovered(log, run, end("done"), who="carol")
    assert log.codes == [FindingCode.ILLEGAL_TRANSITION]
    assert standing(log) is RequestState.FAILED
    log.fact(run, s.made())
    assert log.codes == [FindingCode.ILLEGAL_TRANSITION] * 2


def test_what_a_later_intent_took_over_is_not_recovered(log: w.Log) -> None:
    """A further intent went on with the accounts: the earlier execution is closed by it."""
    request = log.removal(s.ACCOUNT, s.OTHER)
    log.approve("bob", request)
    first = log.intent("alice", request)
    log.intent("alice", request)
    log.now += LATER
    recovered(log, first, end("not-done"))
    voided(log, first, FindingCode.ILLEGAL_TRANSITION)


def test_what_no_later_intent_named_is_recovered(log: w.Log) -> None:
    """An account that dropped out after it was begun is nobody else's: it is unknown, then told."""
    request = log.removal(s.ACCOUNT, s.OTHER)
    log.approve("bob", request)
    first = log.intent("alice", request)
    log.fact(first, s.issued(policy=TaskPolicy.DELETE_CREDENTIALS))
    second = log.intent("alice", request, (s.OTHER,))
    log.fact(second, s.ended(s.OTHER))
    assert unsettled(log.state.executions[first]) == (s.ACCOUNT,)
    assert unsettled(log.state.executions[second]) == ()
    log.now += timedelta(days=2)
    assert standing(log) is RequestState.UNKNOWN
    recovered(log, first, end("not-done", s.OTHER))
    voided(log, first, FindingCode.ILLEGAL_TRANSITION)
    recovered(log, first, end("not-done"))
    assert unsettled(log.state.executions[first]) == ()
    assert standing(log) is RequestState.FAILED
    assert log.request_record().remaining() == ()


def test_whether_a_recovery_would_count_is_known_before_it_is_written(
    log: w.Log, run: ExecutionId
) -> None:
    """The next record's objection is known in advance, and asking changes nothing."""

    def body(*ends: RecoveredEnd) -> Recovered:
        return Recovered(
            **log.common(),
            signer=Signer(person="bob", key=s.key("bob")),
            execution_id=run,
            facts=(),
            ends=ends,
        )

    assert "may still have been running" in str(objection(log.state, body(end())))
    log.now += LATER
    assert objection(log.state, body(end())) is None
    assert unsettled(log.run_record()) == (s.ACCOUNT,)
