"""How late it is, as far as the log says: nobody alone makes it later, or goes back before it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orgroot.core.audit_log import integrity_findings
from orgroot.core.log_state import LogState
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import Drill, timestamp
from tests.core import scene as s
from tests.core import world as w
from tests.core.verdicts import C

STRICTER = s.approvals_of(s.rule("root", s.ROOT_TASKS, 2, each_of={"security": 2}), s.RULES[-1])


def says(log: w.Log, who: str, at: datetime) -> None:
    """A statement that asks for nothing and counts, dated as its signer likes."""
    body = Drill(**log.common(), signer=Signer(person=who, key=s.key(who)), rehearsed=(), failed=())
    log.signed(w.changed(body, {"created_at": timestamp(at)}), who)


def read_at(log: w.Log, at: datetime) -> LogState:
    """The log as somebody reads it who knows the time."""
    return log.refold(log.raws, now=lambda: at)


def test_time_is_what_owners_or_two_others_say(log: w.Log) -> None:
    """The owners at once, people from the second on, two entries of one human being as one."""
    assert log.state.witnessed == timestamp(s.START + timedelta(minutes=1))
    ahead = log.now + timedelta(days=100)
    says(log, "nightly", ahead)
    says(log, "nightly", ahead + timedelta(days=1))
    assert log.state.witnessed == timestamp(s.START + timedelta(minutes=1))
    says(log, "bob", log.now)
    assert log.state.witnessed == timestamp(log.now - timedelta(minutes=1))
    says(log, "bob", ahead)
    assert log.state.witnessed == timestamp(ahead)
    assert log.state.claimed == timestamp(ahead + timedelta(days=1))


def test_one_human_being_is_one_witness() -> None:
    """A second entry with the same key is nobody else."""
    log = w.Log(s.approvals_of())
    twins = s.approvals_of(people={"twin": s.person("nightly", groups=["platform"])})
    log.state.rules.append(w.in_force(twins))
    before, ahead = log.state.witnessed, log.now + timedelta(days=100)
    says(log, "nightly", ahead)
    signer = Signer(person="twin", key=s.key("nightly"))
    body = Drill(**log.common(), signer=signer, rehearsed=(), failed=())
    log.signed(w.changed(body, {"created_at": timestamp(ahead)}), "nightly")
    assert log.state.findings == []
    assert log.state.witnessed == before


def test_services_are_one_witness() -> None:
    """They may run on one machine: whoever has one key has them all."""
    robot = s.person("robot", groups=["readers"], service="true")
    log = w.Log(s.approvals_of(people={"robot": robot}))
    before, ahead = log.state.witnessed, log.now + timedelta(days=100)
    says(log, "nightly", ahead)
    says(log, "robot", ahead)
    assert log.state.findings == []
    assert log.state.witnessed == before


def _rules(log: w.Log) -> None:
    log.rules(STRICTER)


def _key_until(log: w.Log) -> None:
    end = timestamp(log.now + timedelta(days=10))
    keys = [s.person("bob")["keys"][0] | {"revoked": end}]
    log.rules(s.approvals_of(people={"bob": s.person("bob", keys=keys)}))
    w.unlocked(log)


@pytest.mark.parametrize("later", [_rules, _key_until, w.unlocked])
def test_nobody_alone_makes_a_record_too_old(log: w.Log, later: Callable[[w.Log], object]) -> None:
    """A record dated weeks ahead: once that day has come, all that was done before it stands.

    Rules that came into force, an approval by a key that has ended since, an execution.
    """
    ahead = log.now + timedelta(days=20)
    says(log, "nightly", ahead)
    log.fold = log.new_fold(now=lambda: log.now)
    for seq, raw in enumerate(log.raws, 1):
        log.fold.admit(seq, raw)
    log.now += timedelta(days=1)
    later(log)
    for at in (log.now, ahead + timedelta(days=1)):
        state = read_at(log, at)
        assert integrity_findings(state) == ()
        assert len(state.rules) == len(log.state.rules)
        assert len(state.executions) == len(log.state.executions)


@pytest.mark.parametrize(
    ("others", "code"), [(("alice", "nightly"), C.RULES_VIOLATION), (("nightly",), None)]
)
def test_an_intent_is_not_dated_back(log: w.Log, others: tuple[str, ...], code: Any) -> None:
    """Once two people wrote later by more than the skew, the time before is gone for decisions.

    Where one alone did, the log cannot tell who is wrong: it is worth a look.
    """
    request = log.request()
    log.approve("bob", request)
    log.now += timedelta(hours=2, minutes=30)
    past = timestamp(s.START + timedelta(minutes=30))
    at: Any = {"created_at": past, "observed_at": past, "deadline": past[:14] + "40:00Z"}
    for who in others:
        says(log, who, log.now)
    log.intent("alice", request, **at)
    assert log.codes == [C.TIME_REGRESSION, *([] if code is None else [code])]
    assert bool(log.state.requests[request].executions) is (code is None)


@example([("drill", "nightly", 20), ("rules", "alice", 1)], [0, 25])
@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("drill", "request", "rules", "survey")),
            st.sampled_from(("alice", "olga", "bob", "nightly")),
            st.integers(-40, 40),
        ),
        max_size=8,
    ),
    st.lists(st.integers(-50, 50), min_size=2, max_size=3),
)
def test_the_same_bytes_mean_the_same_at_any_time(
    words: list[tuple[str, str, int]], days: list[int]
) -> None:
    """Whoever reads a log, and when: the same counts, whatever its signers say of the time."""
    log = w.Log(s.approvals_of())
    for kind, who, offset in words:
        at = log.now + timedelta(days=offset)
        match kind:
            case "drill":
                says(log, who, at)
            case "request":
                ends = timestamp(at + timedelta(hours=4))
                log.request(who, created_at=timestamp(at), expires_at=ends)
            case "rules":
                log.rules(s.approvals_of(), created_at=timestamp(at))
            case _:
                dated = {"created_at": timestamp(at), "observed_at": timestamp(at)}
                log.survey(who, **dated, deadline=timestamp(at + timedelta(minutes=10)))
    meanings = {_meaning(read_at(log, log.now + timedelta(days=day))) for day in days}
    assert meanings == {_meaning(log.state)}


def _meaning(state: LogState) -> tuple[object, ...]:
    findings = tuple((found.code, found.seq, found.detail) for found in integrity_findings(state))
    return findings, len(state.rules), tuple(state.requests), tuple(state.executions)
