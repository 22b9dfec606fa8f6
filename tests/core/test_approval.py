"""May it be done: who grants what, and what speaks against it."""

from datetime import timedelta
from typing import Any

import pytest

from orgroot.core.approval import missing_fields
from orgroot.core.eligibility import could_approve, demand, eligible, outlived
from orgroot.core.governed_tasks import Task
from orgroot.core.log_state import RequestRecord, RulesInForce
from orgroot.core.quorum import Missing
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.statement_parts import SessionAsk, Signer
from orgroot.core.statements import Denial, timestamp
from tests.core import scene as s
from tests.core import world as w
from tests.core.drafts import (
    LATER,
    RULES,
    asked,
    decision_by,
    drafted,
    executed,
    granted,
    law,
    request,
)

SESSIONS = s.rule("sessions", ["root-session"], 1, each_of={"security": 1})


def handed_out(policy: TaskPolicy) -> RequestRecord:
    """A request for a session of this task policy, to be handed to another program."""
    return request(task=Task.ROOT_SESSION, task_policy=policy, params={})


STATE_BUCKET = s.bucket_params("prod-tfstate")


@pytest.mark.parametrize(
    ("sentence", "record", "person", "allowed"),
    [
        ("One person of security grants an unlocking.", granted("bob"), "alice", True),
        ("Another member of the executors may execute it.", granted("bob"), "olga", True),
        ("Nothing is granted without approval.", granted(), "alice", False),
        ("The requester never counts.", granted("alice"), "alice", False),
        ("Nobody outside the group counts.", granted("olga"), "alice", False),
        ("A service never counts.", granted("nightly"), "alice", False),
        ("A stranger never counts.", granted("mallory"), "alice", False),
        ("The executor never counts.", granted("erik"), "erik", False),
        (
            "The executor is in the way only of their own word.",
            granted("erik", "bob"),
            "erik",
            True,
        ),
        ("Who may not execute does not.", granted("bob"), "carol", False),
        ("A stranger executes nothing.", granted("bob"), "mallory", False),
        (
            "A stricter rule for a bucket applies beside the broad one.",
            granted("bob", record=request(params=STATE_BUCKET)),
            "alice",
            False,
        ),
        (
            "Two of those who count, one of them of security, grant it.",
            granted("bob", "olga", record=request(params=STATE_BUCKET)),
            "alice",
            True,
        ),
        (
            "One person in two groups is one person.",
            granted("erik", record=request(params=STATE_BUCKET)),
            "alice",
            False,
        ),
        (
            "The same person twice is one person.",
            granted("bob", "bob", record=request(params=STATE_BUCKET)),
            "alice",
            False,
        ),
        (
            "One strict bucket among several makes all strict.",
            granted("bob", record=request(params=s.bucket_params("a-logs", "a-tfstate"))),
            "alice",
            False,
        ),
    ],
)
def test_who_grants_what(
    sentence: str,
    record: RequestRecord,
    person: str,
    allowed: bool,  # noqa: FBT001 - a column
) -> None:
    """Each row is one sentence about people and counts."""
    decision = executed(record, person=person)
    assert bool(decision) is allowed, (sentence, decision.reasons)
    assert bool(decision.reasons) is not allowed


def second_of(name: str, of: str) -> dict[str, Any]:
    """A second entry of the same human being, in security."""
    return {name: s.person(name, groups=["security"], keys=[*s.person(of)["keys"]])}


def test_another_identity_of_the_requester_never_counts() -> None:
    """A second entry with the requester's key is the requester."""
    rules = law(people=second_of("alter", "alice"))
    record = request()
    record.approvals.append(
        decision_by(
            "alter", record, groups=("security",), signer=Signer(person="alter", key=s.key("alice"))
        )
    )
    assert not executed(record, rules)
    assert "alice" not in could_approve(rules, record, LATER)
    assert "alter" not in could_approve(rules, record, LATER)


def test_a_service_never_counts_in_whatever_group() -> None:
    """A machine that rules put among the approvers neither approves nor is asked to."""
    rules = law(people={"nightly": s.person("nightly", groups=["security"], service="true")})
    record = request()
    record.approvals.append(decision_by("nightly", record, groups=("security",)))
    assert not executed(record, rules)
    assert "nightly" not in could_approve(rules, record, LATER)


def test_another_identity_of_the_executor_never_counts() -> None:
    """A second entry with the executor's key is the executor."""
    rules = law(people=second_of("alter", "olga"))
    record = request()
    signer = Signer(person="alter", key=s.key("olga"))
    record.approvals.append(decision_by("alter", record, groups=("security",), signer=signer))
    assert executed(record, rules)
    assert not executed(record, rules, person="olga")


def test_who_fills_a_slot_may_not_count_for_the_total() -> None:
    """Where one rule counts security alone, another's slot is a person more."""
    rules = law(
        s.rule("two", ["unlock-bucket"], 2, each_of={"security": 1}, approvers=["security"]),
        s.rule("slot", ["unlock-bucket"], 1, each_of={"platform": 1}),
    )
    anyone, slot = Missing(group=None, count=1), Missing(group="platform", count=1)
    wanted = (slot, Missing(group="security", count=1), anyone)
    assert executed(request(), rules).missing == wanted
    assert executed(granted("olga"), rules).missing == wanted[1:]
    assert executed(granted("olga", "bob"), rules).missing == (anyone,)
    assert executed(granted("bob", "carol"), rules).missing == (slot,)
    assert executed(granted("olga", "bob", "carol"), rules)


def test_what_is_missing_is_said_by_group() -> None:
    """The open slots are named, and beside them only who will not fill one."""
    record = request(params=STATE_BUCKET)
    decision = executed(record)
    assert decision.missing == (
        Missing(group="security", count=1),
        Missing(group=None, count=1),
    )
    assert not decision.final
    record.approvals.append(decision_by("bob", record))
    assert executed(record).missing == (Missing(group=None, count=1),)
    record.approvals[:] = [decision_by("olga", record)]
    assert executed(record).missing == (Missing(group="security", count=1),)


@pytest.mark.parametrize(
    ("sentence", "changes"),
    [
        ("An approval that expired does not count.", {"expires_at": timestamp(LATER)}),
        (
            "An approval older than the rules allow does not count.",
            {"created_at": timestamp(LATER - timedelta(hours=2))},
        ),
        (
            "An approval from the future does not count.",
            {"created_at": timestamp(LATER + timedelta(minutes=3))},
        ),
    ],
)
def test_approvals_are_of_their_time(sentence: str, changes: dict[str, Any]) -> None:
    """Each row makes a good approval one that does not count, and the reasons say so."""
    record = request()
    record.approvals.append(decision_by("bob", record, **changes))
    decision = executed(record)
    assert not decision, sentence
    assert any("bob" in reason for reason in decision.reasons)


def test_groups_must_hold_then_and_now() -> None:
    """Who joined the group later, or left it since, does not count."""
    record = request()
    record.approvals.append(decision_by("bob", record, groups=("platform",)))
    assert not executed(record)
    left = law(people={"bob": s.person("bob", groups=["platform"])})
    assert not executed(granted("bob"), left)


def test_a_key_revoked_before_the_record_does_not_count() -> None:
    """Today's roster says whether the key was valid when the approval was recorded."""
    keys = [{"key": s.key("bob"), "added": "2026-01-01T00:00:00Z"}]
    after = law(people={"bob": s.person("bob", keys=[keys[0] | {"revoked": timestamp(LATER)}])})
    assert executed(granted("bob"), after, now=LATER + timedelta(hours=1))
    before = law(people={"bob": s.person("bob", keys=[keys[0] | {"revoked": timestamp(s.START)}])})
    assert not executed(granted("bob"), before)


def test_a_person_taken_out_of_the_roster_does_not_count() -> None:
    """An approver is in the roster now."""
    assert not executed(granted("bob"), law(people={"bob": None}))
    assert not executed(granted("bob"), law(people={"alice": None}))


def test_a_denial_is_final() -> None:
    """One denial outweighs any approvals, but only by one whose approval would count."""
    record = granted("bob", "carol")
    record.denials.append(decision_by("erik", record, kind=Denial))
    decision = executed(record)
    assert not decision
    assert decision.final
    assert "erik" in decision.reasons[0]
    record.denials[:] = [decision_by("alice", record, kind=Denial)]
    assert executed(record)
    record.denied = 7
    assert not executed(record)


def test_several_denials_where_the_rules_want_several() -> None:
    """`deny_threshold` counts people."""
    rules = law(defaults={"deny_threshold": "2"})
    record = granted("bob")
    record.denials += [decision_by("carol", record, kind=Denial)] * 2
    assert executed(record, rules)
    record.denials.append(decision_by("erik", record, kind=Denial))
    assert not executed(record, rules)


@pytest.mark.parametrize(
    ("word", "record", "rules"),
    [
        ("No rule covers", request(task=Task.UNLOCK_QUEUE), RULES),
        ("expired at", request(expires_at=timestamp(s.START)), RULES),
        ("later than now", request(created_at=timestamp(LATER + timedelta(minutes=9))), RULES),
        ("may not ask", request("bob"), RULES),
        ("may not ask", request("mallory"), RULES),
        ("does not speak", request(signer=Signer(person="alice", key=s.key("olga"))), RULES),
        ("longer than", request(session=SessionAsk(duration_seconds=901)), RULES),
        ("longer than", request(session=SessionAsk(duration_seconds=0)), RULES),
        ("says nothing of the length", request(session=None), RULES),
        ("--reason", request(justification=" "), RULES),
        ("not a task policy", request(task_policy=None), RULES),
        ("do not fit", request(params={"mode": "delete"}), RULES),
        ("do not fit", request(params={"buckets": [1, {}]}), RULES),
        ("one account", request(targets=(s.target(), s.target(s.OTHER))), RULES),
        ("named twice", request(targets=(s.target(), s.target())), RULES),
        ("member accounts", request(targets=()), RULES),
        ("member accounts", request(targets=(s.target(organization=s.ORG),)), RULES),
        ("holds the audit log", request(), w.in_force(s.approvals_of(), log_bucket=s.BUCKET)),
        (
            "no session there",
            handed_out(TaskPolicy.UNLOCK_BUCKET),
            w.in_force(s.approvals_of(SESSIONS), log_account=s.ACCOUNT),
        ),
        ("is a service", request("nightly"), law(s.rule("r", None, 1, requesters=["readers"]))),
        ("with a hardware key", request(), law(defaults={"hardware_key": "required"})),
        ("never touched", request(), law(s.RULES[0] | {"never": {"buckets": ["example-*"]}})),
    ],
)
def test_what_is_refused_for_good(word: str, record: RequestRecord, rules: RulesInForce) -> None:
    """Asking and executing are both refused, finally, and the reason names what is wrong."""
    for person in {record.body.signer.person, "alice"}:
        granted("bob", record=record)
        for decision in (asked(record, rules, person), executed(record, rules, person)):
            assert not decision
            assert decision.final
        assert any(word in reason for reason in decision.reasons), decision.reasons


def test_nobody_asks_in_anothers_name() -> None:
    """The person who asks is the one who signed."""
    assert asked(request())
    assert not asked(request(), person="olga")


@pytest.mark.parametrize(
    ("ticket", "allowed"),
    [
        ("INC-1234", True),
        ("", False),
        ("INC-1", False),
        ("XINC-1234", False),
        ("INC-1234\n", False),
    ],
)
def test_every_ticket_pattern_matches_in_full(ticket: str, *, allowed: bool) -> None:
    """A part of the ticket that fits is not enough, and a missing one is named."""
    rules = law(
        s.RULES[0] | {"ticket": "INC-[0-9]{4,8}"}, s.rule("all", None, 1, ticket="[A-Z]+-[0-9]+")
    )
    record = request(ticket=ticket)
    assert bool(asked(record, rules)) is allowed
    needs = demand(rules, record)
    assert needs is not None
    assert ("ticket" in missing_fields(needs, record)) is (not ticket)


def test_the_shortest_session_of_all_matching_rules_holds() -> None:
    """A limit of any rule is a limit."""
    rules = law(
        s.RULES[0] | {"session": {"max_seconds": "300"}},
        s.rule("all", None, 1, each_of={"security": 1}, session={"max_seconds": "120"}),
    )
    assert not asked(request(), rules)
    assert asked(request(session=SessionAsk(duration_seconds=120)), rules)
    assert not asked(request(session=None), rules)


def test_expired_rules_leave_only_reading() -> None:
    """Under rules that expired nothing that changes anything is granted, reading still is."""
    rules = law(expires="2026-03-02T09:05:00Z")
    assert not executed(granted("bob"), rules)
    log = w.Log()
    survey = drafted(log.survey_body())
    assert executed(survey, rules, "nightly")
    assert eligible(rules, request(), "bob", LATER) is not None


def test_expired_rules_still_let_people_approve_a_reading() -> None:
    """Where reading needs approvals it can have them; what breaks glass is not refused for age."""
    slow = s.rule("reading", s.READING, 1, each_of={"security": 1})
    rules = law(slow, expires="2026-03-02T09:05:00Z")
    look = request(task=Task.AUDIT_ROOT_CREDENTIALS, params={})
    assert eligible(rules, look, "bob", LATER) is None
    assert executed(granted("bob", record=look), rules)
    assert outlived(rules, request(), LATER) is not None
    assert outlived(rules, request(break_glass=True), LATER) is None


def test_absent_executors_in_any_rule_leave_the_requester() -> None:
    """Only where every matching rule names executors may somebody else execute."""
    rules = law(*s.RULES, s.rule("all", ["unlock-bucket"], 1, each_of={"security": 1}))
    assert executed(granted("bob"), rules)
    assert not executed(granted("bob"), rules, person="olga")
