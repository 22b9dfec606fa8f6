"""Spooled facts that come to the log when their execution is over."""

from datetime import timedelta

import msgspec

from orgroot.core import execution_facts
from orgroot.core.findings import FindingCode
from orgroot.core.ids import ExecutionId
from orgroot.core.log_state import RequestState
from orgroot.core.recovery import on_record
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.statement_parts import Signer, SpooledFact
from orgroot.core.statements import Recovered, from_text
from orgroot.core.unknown_sessions import unknown_sessions
from tests.core import scene as s
from tests.core import world as w
from tests.core.test_recovery import LATER, end, recovered, spooled, standing


def late(log: w.Log, run: str, *facts: SpooledFact, who: str = "bob") -> list[FindingCode]:
    """Append facts that came too late; answers what is wrong with that record."""
    body = Recovered(
        **log.common(), signer=Signer(person=who, key=s.key(who)), execution_id=run, late=facts
    )
    seq = log.signed(body, who)
    return [found.code for found in log.state.findings if found.seq == seq]


def test_what_came_too_late_is_kept_and_decides_nothing(log: w.Log, run: ExecutionId) -> None:
    """Somebody has told the end; the execution's own word is on record beside it, once."""
    log.now += LATER
    recovered(log, run, end("not-done"))
    fact = spooled(log, run, s.made())
    assert recovered(log, run, facts=(fact,))
    assert log.codes == [FindingCode.ILLEGAL_TRANSITION]
    assert late(log, run, fact) == []
    record = log.run_record()
    assert list(record.late.values()) == [from_text(fact.body.encode())]
    assert on_record(record, from_text(fact.body.encode()))
    assert (record.step_results, standing(log)) == ({}, RequestState.FAILED)
    (finding,) = unknown_sessions(record)
    assert "came late" in finding.detail


def test_a_late_refusal_contradicts_nothing(log: w.Log, run: ExecutionId) -> None:
    """AWS refused the change, and the end says that it was not done."""
    log.now += LATER
    recovered(log, run, end("not-done"))
    refused = msgspec.structs.replace(s.made(), outcome="refused")
    assert late(log, run, spooled(log, run, refused)) == []
    assert list(unknown_sessions(log.run_record())) == []


def test_a_session_that_was_told_too_late_is_known(log: w.Log) -> None:
    """Its access key id is on record for CloudTrail; a second, or one outside the plan, is not."""
    request = log.request()
    log.approve("bob", request)
    run = log.intent("alice", request)
    log.now += LATER
    recovered(log, run, end("not-done"))
    outside = s.issued(key_id="ASIAOUT", policy=TaskPolicy.AUDIT)
    other = s.issued(s.OTHER, key_id="ASIAOTHER")
    again = s.issued(key_id="ASIAAGAIN")
    facts = [spooled(log, run, item) for item in (s.issued(), outside, other, again)]
    assert late(log, run, *facts) == []
    assert set(log.run_record().issued) == {"ASIA1"}


def test_a_late_fact_of_nobody_voids_its_record(log: w.Log, run: ExecutionId) -> None:
    """Evidence is what the execution signed, and nothing else."""
    forged = spooled(log, run, s.made(), seed=b"\x09" * 32)
    assert late(log, run, forged) == [FindingCode.BADSIG]
    assert log.run_record().late == {}


def test_a_fact_is_judged_before_it_is_written(log: w.Log, run: ExecutionId) -> None:
    """What would not count is not written, and judging counts nothing."""
    record = log.run_record()
    fact = log.fact_body(run, s.made())
    assert execution_facts.objection(record, fact, timedelta(seconds=120)) is None
    assert record.step_results == {}
    log.now += LATER
    recovered(log, run, end())
    why = execution_facts.objection(log.run_record(), fact, timedelta(seconds=120))
    assert why is not None
    assert "had ended" in why
