"""`recover` asks CloudTrail for sessions whose reply was lost; `reconcile` matches them then."""

from typing import Any

import pytest
from fakes.aws_members import MANAGEMENT, aws_error
from fakes.buckets_world import inspected, locked_world
from fakes.crash_world import PASSED, all_settled, calm, die, granted, only
from fakes.removal_world import ALL, ask_for, removal_world, run
from fakes.team import ProcessKilledError, World
from fakes.trails import REGION

from orgroot.core.results import ExitReason
from orgroot.errors import AwsErrorKind, OutcomeUnknown
from orgroot.workflows import log_show
from orgroot.workflows.crash_recovery import recover
from orgroot.workflows.execution import execute
from orgroot.workflows.inventory import inventory
from orgroot.workflows.reconcile import reconcile_trails


def lost_reply() -> tuple[World, str]:
    """AWS opened the session of an approved unlocking, and its answer was lost."""
    world, request = granted()
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.LOST, after=True)
    with pytest.raises(OutcomeUnknown):
        execute(world.workspace(), request)
    return world, request


def statuses(world: World) -> list[str]:
    """What a reconciliation says of each session."""
    found = reconcile_trails(world.workspace("carol"), record=False)
    return [row.status for row in found.sessions]


def newest(world: World) -> dict[str, Any]:
    """CloudTrail's record of the newest session."""
    return world.trails.of(*world.aws.sessions[-1])


def test_a_lost_reply_is_found_by_its_reference_and_matched() -> None:
    """Unlogged until `recover` has asked CloudTrail; then the log has it, and it was not used."""
    world, _request = lost_reply()
    world.clock.forward(PASSED)
    assert statuses(world) == ["MATCHED", "UNLOGGED_SESSION"]
    key = world.aws.sessions[-1][0].access_key_id
    row = only(recover(world.workspace()))
    assert (row.outcome, row.sessions) == ("closed", (key,))
    assert row.accounts[0].outcome == "not-done"
    assert f"CloudTrail shows session {key}" in row.accounts[0].detail
    assert set(statuses(world)) == {"MATCHED"}
    assert log_show.verify(world.log()).findings == ()
    assert recover(world.workspace()).executions == ()


def test_a_request_that_never_reached_aws_left_no_session() -> None:
    """CloudTrail shows none: that is said, and the log has nothing unknown any more."""
    world, request = granted()
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.LOST)
    with pytest.raises(OutcomeUnknown):
        execute(world.workspace(), request)
    world.clock.forward(PASSED)
    row = only(recover(world.workspace()))
    assert row.sessions == ()
    assert "CloudTrail shows no other session" in row.accounts[0].detail
    assert log_show.verify(world.log()).findings == ()


def test_two_sessions_with_its_reference_are_none_of_them_taken() -> None:
    """Somebody copied the reference while the reply was lost: nobody can say which is ours."""
    world, _request = lost_reply()
    world.trails.add(
        **newest(world)
        | {"eventID": "copy", "responseElements": {"credentials": {"accessKeyId": "ASIACOPY"}}}
    )
    world.clock.forward(PASSED)
    row = only(recover(world.workspace()))
    assert row.sessions == ()
    assert "2 sessions with its reference" in row.accounts[0].detail
    assert statuses(world).count("UNLOGGED_SESSION") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{MANAGEMENT}:user/mallory"}},
        {"userAgent": "aws-cli/2"},
        {"requestParameters": {"targetPrincipal": "333333333333"}},
    ],
)
def test_a_session_of_another_is_never_taken(changes: dict[str, Any]) -> None:
    """Another caller, no reference, another account: it stays unlogged."""
    world, request = granted()
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.LOST, after=True)
    with pytest.raises(OutcomeUnknown):
        execute(world.workspace(), request)
    outside = newest(world) | {"eventID": "outside"} | changes
    world.aws.sessions.pop()
    world.trails.add(**outside)
    world.clock.forward(PASSED)
    assert only(recover(world.workspace())).sessions == ()
    assert statuses(world) == ["MATCHED", "UNLOGGED_SESSION"]


def test_where_cloudtrail_is_not_read_the_end_says_so_and_it_is_asked_again() -> None:
    """`recover` closes what it can see in AWS; the next one asks for the session again."""
    world, _request = lost_reply()
    world.trails.broken[MANAGEMENT, REGION] = aws_error(AwsErrorKind.DENIED, "LookupEvents")
    world.clock.forward(PASSED)
    told = recover(world.workspace())
    row = only(told)
    assert (row.outcome, row.sessions, told.exit_reasons) == (
        "closed",
        (),
        (ExitReason.INCOMPLETE,),
    )
    assert "LookupEvents" in row.detail
    assert all_settled(world.log().sync())
    assert [f.code for f in log_show.verify(world.log()).findings] == ["UNKNOWN_SESSION"]
    world.trails.broken.clear()
    row = only(recover(world.workspace()))
    assert (row.outcome, len(row.sessions)) == ("looked", 1)
    assert log_show.verify(world.log()).findings == ()
    assert set(statuses(world)) == {"MATCHED"}


def test_a_survey_names_the_answers_it_lost_and_they_are_found() -> None:
    """A survey goes on without that account, and its closing says where a session may exist."""
    world = removal_world()
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.LOST, subject="333333333333", after=True)
    inventory(world.workspace(concurrency=1), ALL)
    world.clock.forward(2 * PASSED)
    assert statuses(world).count("UNLOGGED_SESSION") == 1
    row = only(recover(world.workspace()))
    assert (row.outcome, len(row.sessions)) == ("looked", 1)
    assert set(statuses(world)) == {"MATCHED"}


def test_a_survey_that_contradicts_itself_stops_no_recovery() -> None:
    """Its facts are not those that its closing names: that is said, and the look goes on."""
    world = removal_world()
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.LOST, subject="333333333333", after=True)
    inventory(world.workspace(concurrency=1), ALL)
    for key in [key for key in world.store.objects if key.startswith("facts/")]:
        world.store.objects[key] = b"{}\n"
    world.clock.forward(2 * PASSED)
    row = only(recover(world.workspace()))
    assert (row.outcome, row.sessions) == ("looked", ())
    assert "is missing" in row.detail


def test_a_session_beside_that_of_a_survey_is_not_taken_for_one() -> None:
    """A survey has one session per account: who opens another and claims it stays unlogged."""
    world = locked_world()
    world.aws.when("s3:GetBucketPolicy", die)
    with pytest.raises(ProcessKilledError):
        inspected(world)
    calm(world)
    world.trails.add(
        **newest(world)
        | {"eventID": "beside", "responseElements": {"credentials": {"accessKeyId": "ASIAMINE"}}}
    )
    world.clock.forward(PASSED)
    assert only(recover(world.workspace())).sessions == ()
    assert sorted(statuses(world)) == ["MATCHED", "UNLOGGED_SESSION"]


def test_a_removal_that_was_continued_brings_the_session_that_it_lost() -> None:
    """The second run took over; the session of the first is found all the same."""
    world = removal_world()
    request = ask_for(world)
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.LOST, after=True)
    assert ExitReason.UNKNOWN in run(world, request).exit_reasons
    run(world, request)
    world.clock.forward(2 * PASSED)
    assert statuses(world).count("UNLOGGED_SESSION") == 1
    (row,) = (row for row in recover(world.workspace()).executions if row.sessions)
    assert row.outcome == "looked"
    assert set(statuses(world)) == {"MATCHED"}
    assert log_show.verify(world.log()).findings == ()
