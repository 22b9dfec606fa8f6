"""Break-glass and its review as people do them: at once, loudly, and answered for afterwards."""

import base64
import dataclasses
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from fakes.buckets_world import (
    ACCOUNT,
    BUCKET,
    LOCKED,
    approved,
    inspected,
    locked_world,
    policy_now,
    wanted,
)
from fakes.key_types import PIN, TOUCHED, TokenSigner
from fakes.removal_world import removal_world
from fakes.signer import FakeSigner
from fakes.team import ADDED, ProcessKilledError, World
from msgspec.structs import replace

from orgroot.core.config import Person, PersonKey, Rule
from orgroot.core.governed_tasks import UnlockMode
from orgroot.core.ids import RequestId
from orgroot.core.organization import Selection
from orgroot.core.results import DryRun, ExitReason, Removal, RequestView, Result, Unlock
from orgroot.core.root_credentials import CredentialKind
from orgroot.errors import AuditUnavailable, AwsErrorKind, RequestRefused, UsageError
from orgroot.report.text_policies import kept_texts
from orgroot.workflows import approvals, removal, request_view, requests, withdrawals
from orgroot.workflows import review as reviews
from orgroot.workflows import unlock as unlocking
from orgroot.workflows.drift import drift
from orgroot.workflows.emergencies import rows_of
from orgroot.workflows.execution import execute
from orgroot.workflows.log_show import verify
from orgroot.workflows.requests import Ask
from orgroot.workflows.rules import publish
from orgroot.workflows.status import status
from orgroot.workflows.unlock import unlock_buckets

ASK = Ask(reason="payments are down", break_glass=True)
DELETE = wanted(mode=UnlockMode.DELETE)
DAY = 24 * 3600


def yes(_summary: dict[str, Any]) -> None:
    """A person who reads and agrees."""


def world() -> World:
    """A locked bucket that alice, who is on call, has looked at."""
    found = locked_world()
    inspected(found)
    found.aws.sessions.clear()
    return found


def broken(place: World, ask: Ask = ASK) -> Unlock:
    """Alice breaks glass."""
    done = unlock_buckets(place.workspace("alice"), wanted(), ask)
    assert isinstance(done, Unlock), done
    return done


def lock_again(place: World, bucket: str = BUCKET) -> None:
    """The same policy locks it once more, and alice has looked."""
    place.aws.members[ACCOUNT].buckets[bucket].policy = LOCKED
    inspected(place, bucket)


def test_who_is_on_call_unlocks_at_once() -> None:
    """No approval, one session; UNREVIEWED, said aloud with who reviews it by when."""
    place = world()
    done = broken(place)
    assert (done.state, [item.outcome for item in done.items]) == ("UNREVIEWED", ["repaired"])
    assert done.exit_reasons == ()
    assert policy_now(place) is not None
    assert len(place.aws.sessions) == 1
    assert any("bob, carol" in note and "orgroot review" in note for note in place.progress.notes)
    view = request_view.view(place.desk("bob"), done.request or "")
    assert view.break_glass
    assert view.review is not None
    assert view.review.owed
    assert view.review.could_review == ("bob", "carol")
    assert view.commands[0] == f"orgroot review {done.request} --as bob"
    assert view.summary["steps"]
    assert verify(place.log()).findings == ()


def test_who_reviews_reads_what_nobody_had_read() -> None:
    """A policy that went UNSEEN is shown from the execution's own backup; a seen one is not."""
    place = locked_world()
    place.aws.sessions.clear()
    done = unlock_buckets(place.workspace("alice"), DELETE, ASK)
    assert isinstance(done, Unlock)
    log = place.log("bob")
    log.sync()
    request = log.state.requests[RequestId(done.request or "")]
    [(name, kept)] = reviews.unseen_texts(log, request)
    assert (name, base64.b64decode(kept)) == (BUCKET, LOCKED)
    assert '"Sid"' in kept_texts([(name, kept)])
    seen = world()
    looked = seen.log("bob")
    done = broken(seen)
    looked.sync()
    assert reviews.unseen_texts(looked, looked.state.requests[RequestId(done.request or "")]) == ()


def test_what_it_means_is_said_before() -> None:
    """Terms, quotas and reviewers stand beside what will be touched; it writes nothing."""
    place = world()
    before = place.types()
    found = unlocking.emergency(place.workspace("alice"), wanted(), ASK)
    assert found is not None
    rows = dict(rows_of(found))
    assert rows["reviewed by"] == "1 of security, within 24 hours"
    assert rows["unreviewed"] == "0 of at most 1"
    shown = unlocking.preview(place.workspace("alice"), wanted(), ASK)
    assert isinstance(shown, DryRun)
    assert shown.needs == ()
    assert place.types() == before
    assert place.aws.sessions == []


@pytest.mark.parametrize(
    ("person", "ask", "error"),
    [
        ("olga", ASK, RequestRefused),
        ("alice", Ask(reason="  ", break_glass=True), UsageError),
        ("alice", Ask(reason="x", break_glass=True, duration_seconds=901), RequestRefused),
    ],
)
def test_what_is_refused_opens_nothing(person: str, ask: Ask, error: type[Exception]) -> None:
    """Not on call, no reason, too long: before anything is signed, written or opened."""
    place = world()
    before = place.types()
    with pytest.raises(error):
        unlock_buckets(place.workspace(person), wanted(), ask)
    with pytest.raises(error):
        unlocking.emergency(place.workspace(person), wanted(), ask)
    assert (place.types(), place.aws.sessions) == (before, [])


def test_a_second_emergency_waits_for_the_review_of_the_first() -> None:
    """The same person is refused until others have looked; then not."""
    place = world()
    first = broken(place).request or ""
    lock_again(place)
    place.aws.sessions.clear()
    with pytest.raises(RequestRefused, match="awaits its review"):
        broken(place)
    assert place.aws.sessions == []
    reviewed = reviews.review(place.desk("bob"), first, yes, comment="it was right")
    assert reviewed.state == "REVIEWED"
    assert broken(place).state == "UNREVIEWED"
    assert verify(place.log()).findings == ()


def test_the_usual_way_stays_open_to_who_used_up_the_emergencies() -> None:
    """Quotas limit break-glass and nothing else."""
    place = world()
    broken(place)
    lock_again(place)
    request = approved(place)
    done = execute(place.workspace("alice"), request)
    assert isinstance(done, Unlock)
    assert done.state == "SUCCEEDED"


@pytest.mark.parametrize("person", ["alice", "olga", "nightly", "mallory"])
def test_who_may_not_review_signs_nothing(person: str) -> None:
    """Not who did it, not another group, no service, no stranger."""
    place = world()
    request = broken(place).request or ""
    before, desk = place.types(), place.desk(person)
    with pytest.raises(RequestRefused):
        reviews.review(desk, request, yes)
    assert place.types() == before
    assert isinstance(desk.signer, FakeSigner)
    assert desk.signer.asked == 0


def test_a_violation_stands_in_every_view() -> None:
    """VIOLATION, with who said so and why; the request is over."""
    place = world()
    request = broken(place).request or ""
    view = reviews.review(
        place.desk("carol"), request, yes, violation=True, ticket="INC-9", comment="no incident"
    )
    assert view.state == "VIOLATION"
    assert view.review is not None
    (row,) = view.review.reviews
    assert (row.person, row.verdict, row.ticket, row.comment) == (
        "carol",
        "violation",
        "INC-9",
        "no incident",
    )
    assert request_view.list_requests(place.desk("bob")).requests == ()
    with pytest.raises(RequestRefused, match="no review is owed"):
        reviews.review(place.desk("bob"), request, yes)


def test_an_approval_afterwards_ends_the_debt_and_a_denial_is_refused() -> None:
    """The full quorum says yes to what was done: SUCCEEDED, and nothing is due."""
    place = world()
    request = broken(place).request or ""
    with pytest.raises(RequestRefused):
        approvals.deny(place.desk("carol"), request, "", yes)
    with pytest.raises(RequestRefused):
        withdrawals.cancel(place.desk("alice"), request, "", yes)
    assert approvals.approve(place.desk("bob"), request, "", yes).state == "UNREVIEWED"
    assert approvals.approve(place.desk("carol"), request, "", yes).state == "SUCCEEDED"
    assert status(place.workspace("alice"), check=True).reviews_due == ()
    assert verify(place.log()).findings == ()


def test_status_and_drift_and_verify_say_what_is_due() -> None:
    """Due at once (exit 6 with --check), overdue after its time, and gone with the review."""
    place = world()
    request = broken(place).request or ""
    due = status(place.workspace("alice"), check=True)
    assert due.exit_reasons == (ExitReason.FINDINGS,)
    assert [(d.request, d.operator, d.overdue) for d in due.reviews_due] == [
        (request, "alice", False)
    ]
    assert status(place.workspace("alice")).exit_reasons == ()
    assert verify(place.log()).findings == ()
    assert f"break-glass.overdue/{request}" not in found_by_drift(place)
    place.clock.forward(DAY + 60)
    assert [d.overdue for d in status(place.workspace("alice")).reviews_due] == [True]
    checked = verify(place.log())
    assert [finding.code for finding in checked.findings] == ["OVERDUE_REVIEW"]
    assert checked.exit_reasons == (ExitReason.FINDINGS,)
    assert f"break-glass.overdue/{request}" in found_by_drift(place)
    assert request_view.view(place.desk("bob"), request).state == "OVERDUE"
    reviews.review(place.desk("bob"), request, yes)
    assert f"break-glass.overdue/{request}" not in found_by_drift(place)
    assert verify(place.log()).findings == ()


def found_by_drift(place: World) -> set[str]:
    """The ids that the drift report names."""
    report = drift(place.workspace("alice"), Selection(ids=(), all=True))
    return {finding.id for finding in report.findings}


def test_without_the_log_nothing_is_broken() -> None:
    """The store does not take the intent: exit 5, and no session."""
    place = world()

    def down(_key: str) -> Exception:
        return AuditUnavailable("the store is down")

    place.store.refuse = down
    with pytest.raises(AuditUnavailable):
        broken(place)
    assert place.aws.sessions == []


def test_it_works_under_expired_rules() -> None:
    """Also its review does; everything else is refused."""
    place = world()
    place.clock.forward(400 * DAY)
    inspected(place)
    assert broken(place).state == "UNREVIEWED"
    lock_again(place)
    with pytest.raises(RequestRefused, match="expired"):
        unlock_buckets(place.workspace("alice"), wanted(), Ask(reason="x"))
    view = reviews.review(place.desk("bob"), request_of(place), yes)
    assert view.state == "REVIEWED"


def request_of(place: World) -> str:
    """The newest incident."""
    return place.log().sync().incidents[-1].id


def test_the_same_command_again_continues_and_another_way_is_another_request() -> None:
    """An emergency that AWS refused is tried again under the same request; the usual way is not."""
    place = world()
    place.aws.fail("sts:AssumeRoot", AwsErrorKind.DENIED)
    refused = broken(place)
    assert refused.state == "APPROVED"
    assert status(place.workspace("alice"), check=True).reviews_due == ()
    usual = unlock_buckets(place.workspace("alice"), wanted(), Ask(reason="payments are down"))
    assert isinstance(usual, RequestView)
    assert usual.id != refused.request
    assert broken(place).request == refused.request


def with_rules(
    place: World, change: Callable[[Rule], Rule], people: Mapping[str, Person] | None = None
) -> None:
    """The rule for root tasks is another one, and in force."""
    now = place.approvals
    first, *rest = now.rules
    changed = replace(now, rules=(change(first), *rest), people={**now.people, **(people or {})})
    place.config = replace(place.config, approvals=changed)
    publish(place.desk("dana"), lambda _view: None)
    inspected(place)
    place.aws.sessions.clear()


def test_credentials_are_removed_under_break_glass() -> None:
    """The same removal, at once; the request says so, and the preview decides it too."""
    place = removal_world()
    kinds = tuple(CredentialKind)
    chosen = Selection(ids=(), all=True)
    shown = removal.preview(place.workspace("alice"), chosen, kinds, break_glass=True)
    assert shown.needs == ()
    found = removal.emergency(place.workspace("alice"), chosen, kinds, ASK)
    assert found.terms.max_open_unreviewed == 1
    done: Result = removal.remove(place.workspace("alice"), chosen, kinds, ASK)
    assert isinstance(done, Removal)
    assert {row.outcome for row in done.accounts} <= {"removed", "nothing-to-remove", "skipped"}
    state = place.log().sync()
    assert [state.incidents[-1].id] == [done.request]
    assert verify(place.log()).findings == ()


def test_a_removal_that_died_before_its_intent_is_still_an_emergency() -> None:
    """The same command again continues that very request, and does not ask for the usual one."""
    place = removal_world()
    chosen, kinds = Selection(all=True), tuple(CredentialKind)

    def die(_key: str) -> None:
        if place.types()[-1] == "request":
            raise ProcessKilledError

    place.store.before_create = die
    with pytest.raises(ProcessKilledError):
        removal.remove(place.workspace("alice"), chosen, kinds, ASK)
    place.store.before_create = lambda _key: None
    done: Result = removal.remove(place.workspace("alice"), chosen, kinds, ASK)
    assert isinstance(done, Removal)
    assert place.types().count("request") == 1
    assert [each.id for each in place.log().sync().incidents] == [done.request]


def test_a_pin_that_is_wanted_is_judged_before_anything_is_written() -> None:
    """A key in a file is refused at once, a token without its PIN after signing; with it, done."""
    token = TokenSigner("alice", flags=TOUCHED)
    place = world()
    alice = place.approvals.people["alice"]
    added = datetime.fromisoformat(ADDED)
    both = replace(alice, keys=(*alice.keys, PersonKey(key=token.public_key, added=added)))

    def with_pin(rule: Rule) -> Rule:
        assert rule.break_glass is not None
        return replace(rule, break_glass=replace(rule.break_glass, user_verification="required"))

    with_rules(place, with_pin, {"alice": both})
    before = place.types()
    with pytest.raises(RequestRefused, match="PIN"):
        broken(place)
    for flags, allowed in ((TOUCHED, False), (TOUCHED | PIN, True)):
        token.flags = flags
        workspace = place.workspace("alice")
        workspace = dataclasses.replace(workspace, signer=token)
        if not allowed:
            with pytest.raises(RequestRefused, match="PIN"):
                unlock_buckets(workspace, wanted(), ASK)
            assert place.types() == before
            assert place.aws.sessions == []
            continue
        done = unlock_buckets(workspace, wanted(), ASK)
        assert isinstance(done, Unlock)
        assert done.state == "UNREVIEWED"


def test_a_ticket_follows_with_the_review() -> None:
    """Where the rules want one, the emergency goes without it and the review brings it."""
    place = world()
    with_rules(place, lambda rule: replace(rule, ticket="INC-[0-9]+"))
    done = broken(place)
    view = request_view.view(place.desk("bob"), done.request or "")
    assert view.review is not None
    assert view.review.ticket_owed
    assert view.commands[0].endswith("--ticket TICKET")
    with pytest.raises(UsageError, match="ticket is still owed"):
        reviews.review(place.desk("bob"), done.request or "", yes)
    with pytest.raises(UsageError, match="does not match"):
        reviews.review(place.desk("bob"), done.request or "", yes, ticket="soon")
    assert reviews.review(place.desk("bob"), done.request or "", yes, ticket="INC-7").state == (
        "REVIEWED"
    )


def test_no_other_way_asks_for_an_emergency() -> None:
    """A draft says so itself: nothing else makes a request one."""
    assert not requests.Ask().break_glass
    assert "break_glass" in requests.Draft.__dataclass_fields__
