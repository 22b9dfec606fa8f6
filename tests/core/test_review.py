"""The review of an incident: by whom, of what, with which ticket, and what it ends."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from fakes.key_types import MAY_BE_COPIED, TOUCHED, TokenSigner
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core import review as reviewing
from orgroot.core.codec import Signature
from orgroot.core.drift import review_findings
from orgroot.core.findings import FindingCode
from orgroot.core.ids import sha256
from orgroot.core.incidents import incident, owes, terms
from orgroot.core.log_state import RequestState
from orgroot.core.log_verify import verify
from orgroot.core.quorum import Missing
from orgroot.core.review import could_review, missing, shown
from orgroot.core.statement_parts import HeadRef, Signer
from orgroot.core.statements import Drill, RecoveredEnd, Revoke, timestamp, to_text
from tests.core import glass as g
from tests.core import scene as s
from tests.core import world as w
from tests.core.drafts import request as draft
from tests.core.test_recovery import recovered
from tests.core.verdicts import C, standing, voided

TWO = g.section(review={"within": "24h", "group": "security", "count": "2"})


def test_a_review_ends_the_debt() -> None:
    """REVIEWED, and its operator may break glass again."""
    log = g.log_of()
    request = g.broken(log)
    record = log.state.requests[request]
    assert owes(record)
    assert could_review(log.state.rules[-1], record, log.now) == ("bob", "carol", "erik")
    seq = g.review(log, "bob", request)
    assert log.codes == []
    assert record.settled == seq
    assert standing(log) is RequestState.REVIEWED
    g.broken(log, params=s.bucket_params("another"))
    assert log.codes == []


def test_a_violation_is_an_end_too() -> None:
    """It says so for good; what follows from it is for people to decide."""
    log = g.log_of()
    request = g.broken(log)
    g.review(log, "bob", request, decision="violation")
    assert log.codes == []
    assert standing(log) is RequestState.VIOLATION
    assert not owes(log.state.requests[request])


def test_as_many_review_as_the_terms_say() -> None:
    """Two distinct people; one who finds a violation is enough to call it one."""
    log = g.log_of(TWO)
    request = g.broken(log)
    record, rules = log.state.requests[request], log.state.rules[-1]
    assert missing(rules, record) == (Missing(group="security", count=2),)
    g.review(log, "bob", request, decision="violation")
    assert standing(log) is RequestState.UNREVIEWED
    assert missing(rules, record) == (Missing(group="security", count=1),)
    g.review(log, "bob", request)
    voided(log, C.RULES_VIOLATION)
    g.review(log, "carol", request)
    assert standing(log) is RequestState.VIOLATION
    assert missing(rules, record) == ()


def test_after_its_time_it_is_overdue() -> None:
    """OVERDUE until it is reviewed; a review still ends it."""
    log = g.log_of()
    request = g.broken(log)
    assert _found_in_the_store(log) == []
    log.now += timedelta(hours=24)
    assert standing(log) is RequestState.OVERDUE
    assert _found_in_the_store(log) == [FindingCode.OVERDUE_REVIEW]
    (finding,) = review_findings([log.state.requests[request]], log.now, s.ORG)
    assert finding.subject == request
    g.review(log, "bob", request)
    assert standing(log) is RequestState.REVIEWED
    assert _found_in_the_store(log) == []
    assert review_findings([log.state.requests[request]], log.now, s.ORG) == ()


def _found_in_the_store(log: w.Log) -> list[FindingCode]:
    keys = log.store.keys()
    state = verify(trust=log.trust, organization=s.ORG, get=log.store.get, keys=keys, now=log.now)
    return [finding.code for finding in state.findings]


def test_a_drill_changes_nothing() -> None:
    """It stands in the log, signed by its person, and is no incident."""
    log = g.log_of()
    signer = Signer(person="alice", key=s.key("alice"))
    log.signed(
        Drill(**log.common(), signer=signer, rehearsed=("unlock-bucket",), failed=()), "alice"
    )
    assert log.codes == []
    assert log.state.incidents == []


@pytest.mark.parametrize(
    ("who", "changes", "code"),
    [
        ("alice", {}, C.RULES_VIOLATION),
        ("olga", {}, C.RULES_VIOLATION),
        ("dave", {}, C.RULES_VIOLATION),
        ("nightly", {}, C.RULES_VIOLATION),
        ("bob", {"decision": "approve"}, C.RULES_VIOLATION),
        ("bob", {"summary": {}}, C.RULES_VIOLATION),
        ("bob", {"ticket": "none"}, C.RULES_VIOLATION),
        ("bob", {"request_sha256": "a" * 64}, C.ILLEGAL_TRANSITION),
        ("bob", {"request_id": "orq_" + "a" * 26}, C.ILLEGAL_TRANSITION),
    ],
)
def test_reviews_that_do_not_count(who: str, changes: dict[str, Any], code: FindingCode) -> None:
    """By who did it or is in no such group, of something else, with a ticket that does not fit."""
    log = g.log_of(of_rules={"ticket": "INC-[0-9]+"})
    request = g.broken(log)
    g.review(log, who, request, **({"ticket": "INC-1"} | changes))
    voided(log, code)
    assert log.state.requests[request].reviews == []
    assert standing(log) is RequestState.UNREVIEWED


def test_a_review_that_was_taken_back_before_it_came_never_counts() -> None:
    """Signed elsewhere, taken back long after the request expired, attached later: a replay."""
    log = g.log_of()
    request = g.broken(log)
    log.now += timedelta(hours=12)
    body = g.review_body(log, "bob", request)
    signer = Signer(person="bob", key=s.key("bob"))
    taken = Revoke(
        **log.common(),
        signer=signer,
        request_id=request,
        request_sha256=log.state.requests[request].sha256,
        statement_sha256=sha256(to_text(body)),
        comment="",
    )
    log.signed(taken, "bob")
    assert log.codes == []
    log.signed(body, "bob")
    voided(log, C.REPLAY)
    assert owes(log.state.requests[request])
    g.review(log, "carol", request)
    assert standing(log) is RequestState.REVIEWED


def test_a_review_that_was_held_back_has_lapsed() -> None:
    """Signed elsewhere and kept beyond its time: once others have written later, it is void."""
    log = g.log_of(g.section(max_open_unreviewed="3"))
    request = g.broken(log)
    body = g.review_body(log, "bob", request, expires_at=timestamp(log.now + timedelta(hours=1)))
    log.now += timedelta(hours=2)
    g.asked(log, params=s.bucket_params("one"))
    g.asked(log, "olga", params=s.bucket_params("two"))
    log.signed(body, "bob")
    voided(log, C.RULES_VIOLATION)
    assert "had to be recorded before" in log.state.findings[-1].detail
    assert owes(log.state.requests[request])


def test_another_identity_of_the_operator_never_reviews() -> None:
    """A second entry with the operator's key, in security, is the operator."""
    log = g.log_of()
    request = g.broken(log)
    alter = s.person("alter", groups=["security"], keys=s.person("alice")["keys"])
    log.state.rules.append(w.in_force(g.approvals(people=g.people() | {"alter": alter})))
    body = g.review_body(log, "alice", request, signer=Signer(person="alter", key=s.key("alice")))
    log.signed(body, "alice")
    voided(log, C.RULES_VIOLATION)
    assert "alter" not in could_review(log.state.rules[-1], log.state.requests[request], log.now)


def test_who_executed_a_part_of_it_never_reviews() -> None:
    """Erik executes the rest with approvals; he did it too."""
    log = g.log_of()
    request = log.removal(s.ACCOUNT, s.OTHER, break_glass=True, ticket="")
    run = log.intent("alice", request, (s.ACCOUNT,))
    log.fact(run, s.ended(s.ACCOUNT))
    record = log.state.requests[request]
    record.settled = 0
    log.approve("bob", request)
    assert record.settled
    run = log.intent("erik", request, (s.OTHER,))
    log.fact(run, s.ended(s.OTHER))
    assert log.codes == []
    record.settled = 0
    assert "erik" not in could_review(log.state.rules[-1], record, log.now)


def test_a_ticket_that_is_owed_comes_with_the_review() -> None:
    """Without it the review is void; one that an earlier reviewer gave is enough."""
    log = g.log_of(TWO, of_rules={"ticket": "INC-[0-9]+"})
    request = g.broken(log)
    g.review(log, "bob", request)
    voided(log, C.RULES_VIOLATION)
    assert "ticket is still owed" in log.state.findings[-1].detail
    g.review(log, "bob", request, ticket="INC-7")
    g.review(log, "carol", request)
    assert len(log.codes) == 1
    assert standing(log) is RequestState.REVIEWED


def test_a_ticket_given_at_once_is_enough() -> None:
    """Then the review needs none, and a free one is taken where no rule wants any."""
    log = g.log_of(of_rules={"ticket": "INC-[0-9]+"})
    g.review(log, "bob", g.broken(log, ticket="INC-7"))
    free = g.log_of()
    g.review(free, "bob", g.broken(free), ticket="whatever")
    assert (log.codes, free.codes) == ([], [])


def test_nothing_else_is_reviewed() -> None:
    """Not an ordinary run, not what AWS refused, not what still runs."""
    log = g.log_of()
    w.unlocked(log)
    g.review(log, "carol", log.request_record().id)
    voided(log, C.RULES_VIOLATION)
    request, run = g.begun(log, params=s.bucket_params("another"))
    g.review(log, "carol", request)
    voided(log, C.RULES_VIOLATION)
    log.fact(run, s.refused())
    g.review(log, "carol", request)
    voided(log, C.RULES_VIOLATION)
    record = log.state.requests[request]
    assert missing(log.state.rules[-1], record) == ()
    assert shown(log.state, record)["began"] == ""


def test_what_a_crash_left_open_is_reviewed_once_it_is_closed() -> None:
    """UNKNOWN until `recover` says how it ended, then UNREVIEWED."""
    log = g.log_of()
    request, run = g.begun(log)
    log.fact(run, s.issued())
    log.fact(run, s.begun())
    assert standing(log) is RequestState.UNKNOWN
    log.now += timedelta(hours=1)
    end = RecoveredEnd(account=s.ACCOUNT, outcome="done", detail="seen")
    recovered(log, run, end)
    assert log.codes == []
    assert standing(log) is RequestState.UNREVIEWED
    assert shown(log.state, log.state.requests[request])["steps"] == [
        f"3333-3333-3333: s3:PutBucketPolicy on {s.BUCKET}: not recorded"
    ]
    g.review(log, "bob", request)
    assert standing(log) is RequestState.REVIEWED


def test_a_reviewer_is_shown_what_was_asked_and_done() -> None:
    """Sessions, steps and ends stand beside the request; many are counted."""
    log = g.log_of()
    tree = shown(log.state, log.state.requests[g.broken(log)])
    assert tree["break-glass"] == "yes"
    assert tree["executor"] == "alice"
    assert tree["approved-by"] == []
    assert tree["sessions"][0].startswith("3333-3333-3333 S3UnlockBucketPolicy ASIA")
    assert tree["steps"] == [f"3333-3333-3333: s3:PutBucketPolicy on {s.BUCKET}: done"]
    assert tree["ends"] == ["3333-3333-3333: succeeded"]
    assert tree["review-due"] == "2026-03-03T09:03:00Z"
    accounts = [f"{n:012d}" for n in range(1, 30)]
    bulk = g.log_of()
    request = bulk.removal(*accounts, break_glass=True)
    run = bulk.intent("alice", request)
    bulk.fact(run, *(s.ended(account) for account in accounts))
    ends = shown(bulk.state, bulk.state.requests[request])["ends"]
    assert (len(ends), ends[-1]) == (21, "and 9 more")
    g.review(bulk, "bob", request)
    assert bulk.codes == []


def test_a_review_signed_before_the_end_does_not_count() -> None:
    """Who signed while it ran has not seen how it ended; `flaw` foresees it."""
    log = g.log_of()
    request, run = g.begun(log)
    early = g.review_body(log, "bob", request)
    head = HeadRef(seq=log.state.seq, hash=log.state.hash)
    log.fact(run, s.issued())
    log.fact(run, s.ended())
    flaw = log.fold.flaw(log.signed_raw(early, "bob"))
    assert flaw is not None
    assert flaw.code is C.RULES_VIOLATION
    log.signed(early, "bob")
    voided(log, C.RULES_VIOLATION)
    late = g.review_body(log, "bob", request)
    assert log.fold.flaw(log.signed_raw(late, "bob")) is None
    assert early.head == head


def test_a_reviewer_who_left_counts_no_more() -> None:
    """With two wanted, who was taken out of the group, or whose key was revoked, is missing."""
    log = g.log_of(TWO)
    request = g.broken(log)
    g.review(log, "bob", request)
    record = log.state.requests[request]
    for bob in (
        s.person("bob", groups=["platform"]),
        s.person("bob", keys=[{**s.person("bob")["keys"][0], "revoked": "2026-03-02T09:00:00Z"}]),
        s.person("bob", service="true"),
        None,
    ):
        rules = w.in_force(g.approvals(TWO, people=g.people() | {"bob": bob}))
        assert missing(rules, record) == (Missing(group="security", count=2),)
    gone = w.in_force(g.approvals(TWO, people=g.people() | {"carol": s.person("carol", keys=[])}))
    assert "carol" not in could_review(gone, record, log.now)


def test_where_hardware_is_wanted_a_review_needs_it() -> None:
    """No key in a file reviews, nor one that may be copied; who has no other is not asked."""
    token = TokenSigner("bob", flags=TOUCHED)
    keys = [*s.person("bob")["keys"], {"key": token.public_key, "added": "2026-01-10T00:00:00Z"}]
    people = g.people() | {"bob": s.person("bob", keys=keys)}
    log = g.log_of(people=people)
    request = g.broken(log)
    run = incident(log.state.requests[request])
    assert run is not None
    assert run.emergency is not None
    run.emergency = replace(run.emergency, hardware_key=True)
    assert could_review(log.state.rules[-1], log.state.requests[request], log.now) == ("bob",)
    g.review(log, "carol", request)
    voided(log, C.RULES_VIOLATION)
    g.review(log, "bob", request)
    voided(log, C.RULES_VIOLATION)
    body = g.review_body(log, "bob", request, signer=Signer(person="bob", key=token.public_key))
    for flags, standing_then in (
        (TOUCHED | MAY_BE_COPIED, RequestState.UNREVIEWED),
        (TOUCHED, RequestState.REVIEWED),
    ):
        token.flags = flags
        body = w.changed(body, {"nonce": f"{flags:032x}"})
        text = to_text(body)
        sig = token.sign("orgroot-review-v1", text)
        log.admit(log.raw(text, (Signature(alg="sshsig", key=token.public_key, sig=sig),)))
        assert standing(log) is standing_then
    assert log.codes[-1] is C.RULES_VIOLATION


def test_the_terms_are_those_of_the_moment_it_was_done() -> None:
    """Rules published since neither forgive an incident nor make its review harder."""
    log = g.log_of()
    request = g.broken(log)
    log.rules(g.approvals(None, expires="2026-09-01T00:00:00Z"))
    assert standing(log) is RequestState.UNREVIEWED
    g.review(log, "bob", request)
    assert log.codes == []
    assert standing(log) is RequestState.REVIEWED


def test_terms_are_asked_of_incidents_only() -> None:
    """Anything else is a mistake of the program, and says so."""
    log = g.log_of()
    run = w.unlocked(log)
    with pytest.raises(AssertionError):
        terms(log.state.executions[run])
    assert reviewing.cannot_review(log.state.rules[-1], draft(), "bob", log.now)


@given(st.lists(st.sampled_from([*s.PEOPLE, "dave", "mallory"]), max_size=8), st.integers(1, 3))
def test_only_enough_distinct_others_end_a_debt(people: list[str], count: int) -> None:
    """Whoever signs in whatever order: it ends when so many of security have, never sooner."""
    section = g.section(review={"within": "24h", "group": "security", "count": str(count)})
    log = g.log_of(section)
    request = g.broken(log)
    record = log.state.requests[request]
    seen: set[str] = set()
    for person in people:
        body = g.review_body(log, "bob", request)
        signer = Signer(person=person, key=s.key(person))
        log.signed(msgspec.structs.replace(body, signer=signer), person)
        seen |= {person} & {"bob", "carol", "erik"}
        assert bool(record.settled) is (len(seen) >= count)
