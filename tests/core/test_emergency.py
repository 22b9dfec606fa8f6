"""Break-glass decided: who may act before the others, how often, and what it does not waive."""

from datetime import timedelta
from typing import Any

import pytest
from fakes.key_types import TokenSigner
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.approval import missing_fields
from orgroot.core.eligibility import could_approve, demand
from orgroot.core.governed_tasks import Task
from orgroot.core.log_state import RequestRecord, RequestState
from orgroot.core.sshsig import Verified
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import Approval, Denial, timestamp
from tests.core import glass as g
from tests.core import scene as s
from tests.core import world as w
from tests.core.drafts import LATER, asked, decision_by, drafted, executed, granted
from tests.core.verdicts import C, standing, voided

RULES = w.in_force(g.approvals())
KNOWN: dict[str, Any] = {"incidents": ()}


def emergency(who: str = "alice", **changes: Any) -> RequestRecord:
    """An emergency as recorded."""
    return drafted(w.Log().request_body(who, **({"break_glass": True} | changes)))


def test_who_is_on_call_acts_before_anybody_approved() -> None:
    """It is granted as an emergency, which the decision says."""
    assert asked(emergency(), RULES, **KNOWN).emergency
    decision = executed(emergency(), RULES, **KNOWN)
    assert decision
    assert decision.emergency
    assert decision.reasons == ()


def test_who_is_only_on_call_needs_no_other_group() -> None:
    """`break_glass.requesters` is the group that counts, not `requesters`."""
    assert asked(emergency("dave"), RULES, person="dave", **KNOWN)
    assert executed(emergency("dave"), RULES, person="dave", **KNOWN).emergency
    assert not asked(emergency("dave", break_glass=False), RULES, person="dave", **KNOWN)


@pytest.mark.parametrize(
    ("word", "record", "rules"),
    [
        ("not every rule", emergency(), w.in_force(g.approvals(g.section(), None))),
        ("may not break glass", emergency("erik"), RULES),
        (
            "services never break glass",
            emergency("nightly"),
            w.in_force(g.approvals(g.section(requesters={"groups": ["readers"]}))),
        ),
        ("--reason", emergency(justification="  "), RULES),
        ("No rule covers", emergency(task=Task.UNLOCK_QUEUE), RULES),
        ("longer than", emergency(session=w.SessionAsk(duration_seconds=901)), RULES),
        ("expired at", emergency(expires_at=timestamp(s.START)), RULES),
        (
            "holds the audit log",
            emergency(),
            w.in_force(g.approvals(), log_bucket=s.BUCKET),
        ),
        (
            "does not match",
            emergency(ticket="none"),
            w.in_force(g.approvals(of_rules={"ticket": "INC-[0-9]+"})),
        ),
        (
            "does not speak",
            emergency(signer=Signer(person="alice", key=s.key("olga"))),
            RULES,
        ),
    ],
)
def test_what_an_emergency_does_not_waive(word: str, record: RequestRecord, rules: Any) -> None:
    """Terms, shape, times, tickets that are given, the log's bucket: all refuse for good."""
    person = record.body.signer.person
    for decision in (
        asked(record, rules, person, **KNOWN),
        executed(record, rules, person, **KNOWN),
    ):
        assert not decision
        assert not decision.emergency
        assert any(word in reason for reason in decision.reasons), decision.reasons
    assert asked(record, rules, person, **KNOWN).final


def test_only_the_requester_executes_an_emergency() -> None:
    """A colleague executes it once it has its approvals, as anything else."""
    decision = executed(emergency(), RULES, person="olga", **KNOWN)
    assert not decision
    assert not decision.final
    assert any("only alice may" in reason for reason in decision.reasons)
    approved = executed(granted("bob", record=emergency()), RULES, person="olga", **KNOWN)
    assert approved
    assert not approved.emergency


def test_a_runner_executes_an_emergency_for_who_asked() -> None:
    """A service that the rules name as executor; the incident is the requester's."""
    executors = {"executors": ["platform", "readers"]}
    rules = w.in_force(g.approvals(of_rules=executors))
    assert executed(emergency(), rules, person="nightly", **KNOWN).emergency
    assert not executed(emergency(), RULES, person="nightly", **KNOWN)


def test_with_its_approvals_it_is_no_emergency() -> None:
    """The full quorum grants it as any other request, and nothing is owed."""
    decision = executed(granted("bob", record=emergency()), RULES, **KNOWN)
    assert decision
    assert not decision.emergency


def test_a_denial_and_a_moved_target_stop_an_emergency() -> None:
    """What is refused to all is refused to who is on call."""
    denied = emergency()
    denied.denials.append(decision_by("bob", denied, kind=Denial))
    assert "denied" in executed(denied, RULES, **KNOWN).reasons[0]
    assert executed(denied, RULES, **KNOWN).final
    moved = executed(emergency(), RULES, live_targets=(s.target(ou_path="r"),), **KNOWN)
    assert "STALE" in moved.reasons[0]


def test_it_works_under_expired_rules() -> None:
    """Nobody is locked out at night because an owner forgot to publish."""
    rules = w.in_force(g.approvals(expires="2026-03-02T09:05:00Z"))
    assert executed(emergency(), rules, **KNOWN).emergency
    assert not executed(granted("bob", record=emergency(break_glass=False)), rules, **KNOWN)
    assert executed(granted("bob", record=emergency()), rules, **KNOWN)


def test_the_ticket_may_follow_and_is_then_owed() -> None:
    """Without it the quorum alone does not make it an ordinary request."""
    rules = w.in_force(g.approvals(of_rules={"ticket": "INC-[0-9]+"}))
    needs = demand(rules, emergency())
    assert needs is not None
    assert missing_fields(needs, emergency()) == {}
    assert set(missing_fields(needs, emergency(break_glass=False))) == {"ticket"}
    assert set(missing_fields(needs, emergency(justification=""))) == {"reason"}
    assert executed(granted("bob", record=emergency()), rules, **KNOWN).emergency
    with_it = granted("bob", record=emergency(ticket="INC-1"))
    assert not executed(with_it, rules, **KNOWN).emergency


def test_what_is_not_known_refuses() -> None:
    """Without the earlier incidents no quota can be kept, so nothing is granted."""
    for decision in (asked(emergency(), RULES), executed(emergency(), RULES)):
        assert not decision
        assert "not known" in decision.reasons[0]
    assert executed(granted("bob", record=emergency()), RULES)


@pytest.mark.parametrize(
    ("how", "allowed"),
    [
        (Verified(key_type="sk", hardware=True, user_verified=True), True),
        (Verified(key_type="sk", hardware=True, user_verified=False), False),
        (Verified(key_type="sk", hardware=False, user_verified=True), False),
        (Verified(key_type="ssh-ed25519", hardware=False, user_verified=False), False),
        (None, False),
    ],
)
def test_where_a_pin_is_required_the_signature_shows_it(
    how: Verified | None, *, allowed: bool
) -> None:
    """A security key that had checked its PIN signed the request, or it is no emergency."""
    rules = w.in_force(g.approvals(g.section(user_verification="required")))
    record = emergency()
    record.signed_with = how
    decision = executed(record, rules, **KNOWN)
    assert bool(decision) is allowed
    assert allowed or "its PIN" in decision.reasons[0]
    assert bool(asked(record, rules, **KNOWN)) is allowed
    assert executed(record, RULES, **KNOWN)


def test_a_draft_needs_a_key_that_could_show_a_pin() -> None:
    """Before it is signed only the type of the key is known: any other is refused at once."""
    key = TokenSigner("alice").public_key
    alice = s.person(
        "alice",
        groups=["platform", "oncall"],
        keys=[{"key": key, "added": "2026-01-10T00:00:00Z"}],
    )
    section = g.section(user_verification="required")
    rules = w.in_force(g.approvals(section, people=g.people() | {"alice": alice}))
    assert asked(emergency(signer=Signer(person="alice", key=key)), rules, **KNOWN)
    assert not executed(emergency(signer=Signer(person="alice", key=key)), rules, **KNOWN)


def test_an_unreviewed_incident_bars_the_next() -> None:
    """The same person asks and executes no second emergency; another person may."""
    log = g.log_of()
    first = g.broken(log)
    assert log.codes == []
    assert standing(log) is RequestState.UNREVIEWED
    g.asked(log)
    voided(log, C.RULES_VIOLATION)
    assert first in log.state.findings[-1].detail
    g.broken(log, "olga")
    assert log.codes == [C.RULES_VIOLATION]


def test_two_requests_made_before_are_one_incident() -> None:
    """The quota is kept when it is executed, whatever had been asked by then."""
    log = g.log_of()
    first, second = g.asked(log), g.asked(log, params=s.bucket_params("another"))
    log.intent("alice", first)
    assert log.codes == []
    log.intent("alice", second)
    voided(log, C.RULES_VIOLATION)
    log.approve("bob", second)
    log.intent("alice", second)
    assert log.codes == [C.RULES_VIOLATION]


def test_several_buckets_are_one_incident() -> None:
    """Quotas count incidents: one request, however much it names, is one."""
    log = g.log_of(g.section(max_open_unreviewed="3", max_per_24h="2"))
    g.broken(log, params=s.bucket_params("a-logs", "b-logs", "c-logs"))
    g.broken(log, params=s.bucket_params("d-logs"))
    assert log.codes == []
    g.asked(log, params=s.bucket_params("e-logs"))
    voided(log, C.RULES_VIOLATION)
    assert "2 times in 24 hours" in log.state.findings[-1].detail


def test_after_a_day_the_quota_is_new() -> None:
    """What began more than 24 hours ago does not count; a second identity does."""
    log = g.log_of(g.section(max_open_unreviewed="9", max_per_24h="1"))
    g.broken(log)
    began = log.now
    log.now = began + timedelta(hours=23)
    g.asked(log)
    voided(log, C.RULES_VIOLATION)
    log.now = began + timedelta(hours=24)
    g.broken(log)
    assert len(log.codes) == 1


def test_another_identity_shares_the_quota() -> None:
    """A person is their keys: a second entry on call is the same person."""
    alter = s.person("alter", groups=["oncall"], keys=s.person("alice")["keys"])
    rules = w.in_force(g.approvals(people=g.people() | {"alter": alter}))
    log = g.log_of()
    g.broken(log)
    record = emergency("alter", signer=Signer(person="alter", key=s.key("alice")))
    for decision in (
        asked(record, rules, "alter", incidents=log.state.incidents),
        executed(record, rules, "alter", now=log.now, incidents=log.state.incidents),
    ):
        assert any("awaits its review" in reason for reason in decision.reasons)


def test_what_aws_refused_is_no_incident() -> None:
    """No session came to be: nothing is owed, and the same request may be tried again."""
    log = g.log_of()
    request, run = g.begun(log)
    log.fact(run, s.refused())
    assert standing(log) is RequestState.APPROVED
    log.intent("alice", request)
    assert log.codes == []


def test_an_incident_whose_end_is_unknown_counts() -> None:
    """Until `recover` says how it ended it bars the next, and stands as UNKNOWN."""
    log = g.log_of()
    g.begun(log)
    assert standing(log) is RequestState.UNKNOWN
    g.asked(log)
    voided(log, C.RULES_VIOLATION)


def test_a_quorum_that_comes_later_ends_the_debt() -> None:
    """Who would have been asked says yes afterwards: nothing is owed, and a review is void."""
    log = g.log_of()
    request = g.broken(log)
    record = log.state.requests[request]
    log.approve("alice", request)
    voided(log, C.RULES_VIOLATION)
    assert could_approve(log.state.rules[-1], record, log.now) == ("bob", "carol", "erik")
    seq = log.approve("bob", request)
    assert record.settled == seq
    assert standing(log) is RequestState.SUCCEEDED
    g.review(log, "carol", request)
    voided(log, C.RULES_VIOLATION)
    g.asked(log, params=s.bucket_params("another"))
    log.approve("carol", request)
    voided(log, C.ILLEGAL_TRANSITION)


def test_a_quorum_without_the_ticket_ends_no_debt() -> None:
    """All that the rules demand includes the ticket."""
    log = g.log_of(of_rules={"ticket": "INC-[0-9]+"})
    request = g.broken(log)
    log.approve("bob", request)
    assert log.codes == []
    assert log.state.requests[request].settled == 0
    assert standing(log) is RequestState.UNREVIEWED


def test_a_quorum_that_stood_at_the_start_leaves_no_debt() -> None:
    """Somebody only on call needs break-glass to ask, and owes nothing for what all approved."""
    log = g.log_of()
    request = g.asked(log, "dave")
    log.approve("bob", request)
    run = log.intent("dave", request)
    log.fact(run, s.ended())
    assert log.codes == []
    assert log.state.requests[request].settled
    assert standing(log) is RequestState.SUCCEEDED


def test_nobody_denies_or_cancels_what_was_done() -> None:
    """What is wrong with it is said in the review."""
    log = g.log_of()
    request = g.broken(log)
    log.deny("bob", request)
    voided(log, C.ILLEGAL_TRANSITION)
    assert standing(log) is RequestState.UNREVIEWED


def test_an_emergency_is_continued_but_not_after_its_review() -> None:
    """A bulk one goes on as one incident; once somebody has reviewed it, nothing is added."""
    log = g.log_of()
    request = log.removal(s.ACCOUNT, s.OTHER, s.THIRD, break_glass=True)
    for account in (s.ACCOUNT, s.OTHER):
        run = log.intent("alice", request, (account,))
        log.fact(run, s.ended(account))
    assert log.codes == []
    assert len(log.state.incidents) == 1
    assert standing(log) is RequestState.APPROVED
    g.review(log, "bob", request)
    assert log.codes == []
    log.intent("alice", request, (s.THIRD,))
    voided(log, C.RULES_VIOLATION)
    assert standing(log) is RequestState.PENDING
    log.now += timedelta(hours=5)
    assert standing(log) is RequestState.REVIEWED


@given(
    st.lists(st.sampled_from(["alice", "olga", "dave"]), max_size=12),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_no_sequence_of_emergencies_exceeds_a_quota(people: list[str], most: int, day: int) -> None:
    """Whoever tries in whatever order: never more open, nor more in a day, than the terms allow."""
    log = g.log_of(g.section(max_open_unreviewed=str(most), max_per_24h=str(day)))
    for number, person in enumerate(people):
        request = log.request_body(
            person, break_glass=True, params=s.bucket_params(f"bucket-{number}")
        )
        log.signed(request, person)
        newest = [r for r in log.state.requests.values() if r.body.nonce == request.nonce]
        for record in newest:
            log.fact(log.intent(person, record.id), s.ended())
    for person in set(people):
        own = [r for r in log.state.incidents if r.body.signer.person == person]
        assert len(own) == min(people.count(person), most, day)


def test_a_requester_s_own_approval_makes_no_quorum() -> None:
    """Neither before nor after: who did it never counts."""
    record = emergency()
    record.approvals.append(decision_by("alice", record, kind=Approval, groups=("security",)))
    assert executed(record, RULES, now=LATER, **KNOWN).emergency
