"""Requests, approvals and denials: who may, what is continued, and what is never written."""

from typing import Any

import pytest
from fakes.aws_members import FakeBucket
from fakes.buckets_world import (
    ACCOUNT,
    ASK,
    BUCKET,
    LOCK,
    READ,
    approved,
    inspected,
    locked_world,
    policy_now,
    policy_of,
    requested,
    wanted,
)
from fakes.signer import FakeSigner
from fakes.team import World

from orgroot.core.results import ExitReason, RequestView, Unlock
from orgroot.errors import IntegrityError, RequestRefused, UsageError
from orgroot.workflows import execution, request_view, requests
from orgroot.workflows.approvals import approve, deny
from orgroot.workflows.desk import LogDesk
from orgroot.workflows.log_show import verify
from orgroot.workflows.requests import Ask
from orgroot.workflows.unlock import unlock_buckets


def asked() -> tuple[World, str]:
    """A pending request of alice."""
    world = locked_world()
    inspected(world)
    request = requested(world)
    world.aws.calls.clear()
    return world, request


def yes(_summary: dict[str, Any]) -> None:
    """A person who reads and agrees."""


def test_a_pending_request_says_what_is_missing_and_who_could_help() -> None:
    """The view names the missing approvals, the people, and the commands."""
    world, request = asked()
    view = request_view.view(world.desk("bob"), request)
    assert view.state == "PENDING"
    assert {(m.group, m.count) for m in view.missing} == {("security", 1), (None, 1)}
    assert "alice" not in view.could_approve
    assert f"orgroot execute {request}" in view.commands
    assert view.summary == request_view.summary_of(world.desk("bob"), request)
    assert (view.receipt or "").startswith("orgroot1 ")


@pytest.mark.parametrize("there", [None, b"{}\n"])
def test_a_request_whose_texts_are_gone_is_an_integrity_error(there: bytes | None) -> None:
    """Absent or different: nobody approves or executes it, and it is not called unknown."""
    world = locked_world()
    many = (READ | {"Sid": f"Read{n}"} for n in range(100))
    world.aws.members[ACCOUNT].buckets[BUCKET] = FakeBucket(policy=policy_of(LOCK, *many))
    inspected(world)
    before = set(world.store.objects)
    request = approved(world)
    (name,) = (n for n in set(world.store.objects) - before if n.startswith("objects/"))
    del world.store.objects[name]
    if there is not None:
        world.store.objects[name] = there
    world.aws.calls.clear()
    for act in (
        lambda: request_view.view(world.desk("bob"), request),
        lambda: approve(world.desk("bob"), request, "", yes),
        lambda: execution.execute(world.workspace(), request),
    ):
        with pytest.raises(IntegrityError, match=f"{request} does not count: object"):
            act()
    assert world.aws.calls == []
    assert ExitReason.INTEGRITY in verify(world.log()).exit_reasons


def test_approvals_are_shown_and_counted() -> None:
    """Two approvals make it APPROVED; each is shown with groups and record number."""
    world, request = asked()
    first = approve(world.desk("bob"), request, "looks right", yes)
    assert first.state == "PENDING"
    second = approve(world.desk("carol"), request, "", yes)
    assert second.state == "APPROVED"
    assert [(a.person, a.decision, a.groups) for a in second.approvals] == [
        ("bob", "approve", ("security",)),
        ("carol", "approve", ("security",)),
    ]
    assert world.aws.calls == []
    assert verify(world.log()).findings == ()


def test_the_requester_cannot_approve() -> None:
    """Self-approval is exit 3 with the reason, unsigned, and nothing is appended."""
    world, request = asked()
    before = world.types()
    desk = world.desk("alice")
    with pytest.raises(RequestRefused, match="requester never counts"):
        approve(desk, request, "", yes)
    assert world.types() == before
    assert isinstance(desk.signer, FakeSigner)
    assert desk.signer.asked == 0


@pytest.mark.parametrize("person", ["nightly", "mallory"])
def test_strangers_and_services_cannot_approve(person: str) -> None:
    """Who does not count is refused before signing."""
    world, request = asked()
    before = world.types()
    with pytest.raises(RequestRefused):
        approve(world.desk(person), request, "", yes)
    assert world.types() == before


def test_not_confirmed_is_not_signed() -> None:
    """A person who says no to the summary signs nothing."""
    world, request = asked()
    before = world.types()

    def no(_summary: dict[str, Any]) -> None:
        raise UsageError("not confirmed")

    with pytest.raises(UsageError, match="not confirmed"):
        approve(world.desk("bob"), request, "", no)
    assert world.types() == before


def test_a_denial_ends_it() -> None:
    """After one denial nobody can approve, and the same command opens a new request."""
    world, request = asked()
    assert deny(world.desk("bob"), request, "not today", yes).state == "DENIED"
    with pytest.raises(RequestRefused):
        approve(world.desk("carol"), request, "", yes)
    assert requested(world) != request


def test_expired_takes_no_approval() -> None:
    """An expired request takes no decisions."""
    world, request = asked()
    world.clock.forward(5 * 3600)
    with pytest.raises(RequestRefused):
        approve(world.desk("bob"), request, "", yes)


@pytest.mark.parametrize("request_id", ["orq_short", "orq_" + "a" * 26])
def test_unknown_ids_are_usage(request_id: str) -> None:
    """A malformed or unknown id is exit 2."""
    world, _ = asked()
    with pytest.raises(UsageError):
        request_view.view(world.desk("bob"), request_id)


def test_a_survey_takes_no_approval() -> None:
    """A survey's id is no request to approve."""
    world, _ = asked()
    survey = next(iter(world.log().sync().requests))
    with pytest.raises(RequestRefused, match="survey"):
        approve(world.desk("bob"), survey, "", yes)


def test_the_list_shows_open_requests() -> None:
    """Open ones by default; with every, also those that ended."""
    world, request = asked()
    listed = request_view.list_requests(world.desk("bob"))
    assert [(row.id, row.state) for row in listed.requests] == [(request, "PENDING")]
    deny(world.desk("bob"), request, "", yes)
    assert request_view.list_requests(world.desk("bob")).requests == ()
    assert len(request_view.list_requests(world.desk("bob"), every=True).requests) == 1


def test_waiting_executes_when_the_last_approval_arrives() -> None:
    """With --wait the log is polled, and the work is done once granted."""
    world = locked_world()
    inspected(world)
    people = iter(["bob", "carol"])

    def sleep(seconds: float) -> None:
        world.clock.sleep(seconds)
        person = next(people, None)
        if person is not None:
            (request,) = (r.id for r in request_view.list_requests(world.desk(person)).requests)
            approve(world.desk(person), request, "", yes)

    draft = _draft_of(world)
    result = execution.submit(world.workspace(), draft, 60, sleep=sleep)
    assert isinstance(result, Unlock)
    assert result.items[0].outcome == "repaired"
    assert policy_now(world) is not None


def _draft_of(world: World) -> requests.Draft:
    """The draft that unlock-bucket makes."""
    from orgroot.workflows import unlock  # noqa: PLC0415 - looks behind the curtain

    _, changes = unlock._plan(world.workspace(), wanted())
    return unlock._draft(world.workspace(), wanted(), ASK, changes)


def test_waiting_ends_in_time() -> None:
    """Nobody approves: after the wait the request is still pending, exit 10."""
    world = locked_world()
    inspected(world)
    result = execution.submit(world.workspace(), _draft_of(world), 10, sleep=world.clock.sleep)
    assert isinstance(result, RequestView)
    assert result.exit_reasons == (ExitReason.WAITING,)
    assert sum(world.clock.slept) == 10


def test_waiting_ends_with_a_denial() -> None:
    """A denial while waiting is exit 3."""
    world = locked_world()
    inspected(world)

    def sleep(_seconds: float) -> None:
        (request,) = (r.id for r in request_view.list_requests(world.desk("bob")).requests)
        deny(world.desk("bob"), request, "no", yes)

    with pytest.raises(RequestRefused, match="denied"):
        execution.submit(world.workspace(), _draft_of(world), 10, sleep=sleep)


def test_who_may_not_ask_is_refused_before_anything() -> None:
    """Carol approves and may not ask: exit 3, nothing appended, AWS only read."""
    world = locked_world()
    inspected(world)
    before = world.types()
    world.aws.calls.clear()
    with pytest.raises(RequestRefused, match="may not ask"):
        unlock_buckets(world.workspace("carol"), wanted(), ASK)
    assert world.types() == before
    assert world.aws.writes == []


def test_longer_than_allowed_is_refused() -> None:
    """A session longer than the rules allow is exit 3."""
    world = locked_world()
    inspected(world)
    ask = Ask(reason="because", duration_seconds=901)
    with pytest.raises(RequestRefused, match="longer"):
        unlock_buckets(world.workspace(), wanted(), ask)


def test_another_duration_is_another_request() -> None:
    """Only what is equal in everything that matters is continued."""
    world, request = asked()
    ask = Ask(reason="because", duration_seconds=300)
    other = unlock_buckets(world.workspace(), wanted(), ask)
    assert isinstance(other, RequestView)
    assert other.id != request


def test_large_params_stand_in_an_object() -> None:
    """A request above 32 KiB names an object, and approves and executes as any other."""
    world = locked_world()
    filler = [
        {
            "Sid": f"Allow{number}",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::222222222222:role/reader"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/{number}/" + "x" * 100,
        }
        for number in range(70)
    ]
    from fakes.buckets_world import LOCK, policy_of  # noqa: PLC0415 - one test needs them

    world.aws.members[ACCOUNT].buckets[BUCKET].policy = policy_of(LOCK, *filler)
    inspected(world)
    request = approved(world)
    body = world.log().sync().requests[request].body  # type: ignore[index]
    assert body.params == {}
    assert body.params_object is not None
    assert verify(world.log()).findings == ()


def test_a_desk_without_person_or_key_says_so() -> None:
    """Nobody named, or no key found: exit 2 with what to do."""
    world, request = asked()
    desk = world.desk("bob")
    for person, signer, code in ((None, None, "not-in-roster"), ("bob", None, "no-key")):
        lacking = LogDesk(
            config=desk.config,
            log=desk.log,
            clock=desk.clock,
            memory=desk.memory,
            person=person,
            signer=signer,
        )
        with pytest.raises(UsageError) as caught:
            approve(lacking, request, "", yes)
        assert caught.value.code == code


def test_a_clock_behind_the_log_is_refused() -> None:
    """A machine whose clock is before the newest record decides nothing."""
    world, request = asked()
    world.clock.forward(-600)
    with pytest.raises(UsageError) as caught:
        approve(world.desk("bob"), request, "", yes)
    assert caught.value.code == "clock"
