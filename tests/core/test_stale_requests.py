"""What changed since the request, what it is about, and who may decide on it."""

from datetime import timedelta
from typing import Any

import pytest

from orgroot.core.approval import stale_targets
from orgroot.core.eligibility import could_approve, demand, eligible
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import sha256
from orgroot.core.log_state import ExecutionRecord, RequestRecord
from tests.core import scene as s
from tests.core import world as w
from tests.core.drafts import LATER, RULES, drafted, executed, granted, law, request


def test_a_changed_requirement_makes_a_request_stale() -> None:
    """New rules that demand the same void nothing; others do."""
    record = granted("bob", "carol")
    record.requirement = demand(RULES, record)
    renamed = law(*(rule | {"id": f"new-{rule['id']}"} for rule in s.RULES))
    assert executed(record, renamed)
    stricter = law(s.rule("r", None, 2, each_of={"security": 2}, executors=["platform"]))
    decision = executed(record, stricter)
    assert decision.final
    assert "STALE" in decision.reasons[0]


@pytest.mark.parametrize(
    ("live", "word"),
    [
        ((s.target(),), None),
        ((), "gone"),
        ((s.target(name="renamed"),), "name"),
        ((s.target(ou_path="r-ab12"),), "ou_path"),
        ((s.target(tags_sha256="", ou_path="r"),), "ou_path, tags_sha256"),
    ],
)
def test_a_target_that_changed_is_stale(live: tuple[Any, ...], word: str | None) -> None:
    """What AWS shows now must be what was asked about; the reason names what moved."""
    decision = executed(granted("bob"), live_targets=live)
    assert bool(decision) is (word is None)
    assert word is None or word in decision.reasons[0]


def test_stale_accounts_of_a_bulk_drop_out_one_by_one() -> None:
    """A run that leaves the stale account out is granted; one that names it is not."""
    record = drafted(
        w.Log().request_body(
            "alice",
            Task.DELETE_ROOT_CREDENTIALS,
            (s.target(), s.target(s.OTHER)),
            s.removal_params(s.ACCOUNT, s.OTHER),
        )
    )
    granted("bob", record=record)
    live = (s.target(), s.target(s.OTHER, name="renamed"))
    assert list(stale_targets(record, live)) == [s.OTHER]
    assert not executed(record, live_targets=live)
    assert executed(record, live_targets=live, accounts=(s.ACCOUNT,))


def test_the_organization_can_be_stale_too() -> None:
    """A management task is about the organization it was asked for."""
    record = management(Task.ADD_SCPS, "create-scp")
    assert executed(record, live_targets=record.targets)
    assert "the organization" in executed(record, live_targets=()).reasons[0]


def management(task: Task, op: str) -> RequestRecord:
    """A request for a management task with one change, approved by bob."""
    change = {"op": op, "target": "x", "before": None, "after": True}
    change = s.creation() if op == "create-scp" else change
    about = (w.Target(organization=s.ORG),)
    record = drafted(w.Log().request_body("alice", task, about, {"plan": [change]}))
    return granted("bob", record=record)


def test_a_plan_travels_only_under_its_own_task() -> None:
    """A loosening change cannot be asked for as an additive one."""
    assert executed(management(Task.ENABLE_ROOT_ACCESS, "enable-feature"))
    decision = executed(management(Task.ENABLE_ROOT_ACCESS, "disable-feature"))
    assert "disable-root-access" in decision.reasons[0]
    foreign = management(Task.ADD_SCPS, "create-scp")
    foreign.targets = (s.target(),)
    assert "organization" in executed(foreign).reasons[0]


def test_a_request_is_executed_once() -> None:
    """A second execution is refused; so is deciding on what was executed or denied."""
    record = granted("bob")
    body = w.Log().survey_body()
    record.executions.append(
        ExecutionRecord(
            id=w.ExecutionId("oex_x"),
            seq=9,
            record_hash=sha256(b""),
            body=body,
            accounts=(s.ACCOUNT,),
        )
    )
    assert "only once" in executed(record).reasons[0]
    assert eligible(RULES, record, "carol", LATER) is not None


@pytest.mark.parametrize(
    ("who", "word"),
    [
        ("bob", None),
        ("erik", None),
        ("alice", "asked for it"),
        ("olga", "none of the groups"),
        ("nightly", "service"),
        ("mallory", "no valid key"),
    ],
)
def test_who_may_decide(who: str, word: str | None) -> None:
    """Who may approve gets no reason; everyone else gets the one that holds."""
    reason = eligible(RULES, request(), who, LATER)
    assert (reason is None) if word is None else (word in str(reason))


def test_who_could_still_approve() -> None:
    """Those whose word would count and is still missing, in the order of the roster."""
    assert could_approve(RULES, request(), LATER) == ("bob", "carol", "erik")
    assert could_approve(RULES, granted("bob"), LATER) == ()
    assert could_approve(RULES, granted("bob"), LATER + timedelta(hours=3)) == (
        "bob",
        "carol",
        "erik",
    )
    uncovered = request(task=Task.UNLOCK_QUEUE)
    assert could_approve(RULES, granted("bob", record=uncovered), LATER) == ()
    denied = request()
    denied.denied = 5
    assert could_approve(RULES, denied, LATER) == ()


def test_nobody_decides_on_what_no_rule_covers() -> None:
    """Where the rules say nothing of a task, nobody's word on it would count."""
    uncovered = request(task=Task.UNLOCK_QUEUE)
    assert "No rule covers" in str(eligible(RULES, uncovered, "bob", LATER))


def test_nobody_is_called_whose_approval_would_fill_no_slot() -> None:
    """Once security has spoken only platform is asked, and one more of anyone who counts."""
    both = law(s.rule("r", None, 2, each_of={"security": 1, "platform": 1}, executors=["platform"]))
    assert "carol" in could_approve(both, request(), LATER)
    left = could_approve(both, granted("bob"), LATER)
    assert "olga" in left
    assert "carol" not in left
    anyone = law(s.rule("r", None, 2, each_of={"security": 1}, approvers=["security", "platform"]))
    assert {"carol", "olga"} <= set(could_approve(anyone, granted("bob"), LATER))
