"""Somebody undoes what orgroot has just done: it is noticed, and named where CloudTrail tells."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.aws_members import MANAGEMENT, ORG_ROOT, Call
from fakes.clock import START
from fakes.scp_place import MEMBER, NAME, Place

from orgroot.core.statements import timestamp
from orgroot.errors import AwsErrorKind, Incomplete
from orgroot.workflows import scp_planning

MALLORY = f"arn:aws:iam::{MANAGEMENT}:user/mallory"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An SCP that is declared for the root and an account."""
    return Place(tmp_path)


def policy_of(place: Place) -> str:
    """The id of the SCP."""
    return next(scp.id for scp, _ in place.aws.policies.values() if scp.name == NAME)


def event(place: Place, name: str, **more: Any) -> dict[str, Any]:
    """What CloudTrail has of somebody's change."""
    return {
        "eventName": name,
        "eventTime": timestamp(place.world.clock.now()),
        "userIdentity": {"arn": MALLORY},
        "userAgent": "console.amazonaws.com",
        "requestParameters": {"policyId": policy_of(place), "targetId": MEMBER},
    } | more


def test_a_change_that_is_gone_when_all_is_done_is_named(place: Place) -> None:
    """Detached while the plan went on: exit 9, the request failed, and the log says why."""
    request = place.granted()

    def undo(call: Call) -> None:
        if call.subject == ORG_ROOT:
            place.aws.attachments[MEMBER].remove(policy_of(place))

    place.aws.when("organizations:AttachPolicy", undo)
    with pytest.raises(Incomplete, match=f"somebody undid attach-scp {NAME} on {MEMBER}") as caught:
        place.run(request)
    assert caught.value.code == "undone"
    outcome = place.world.log().sync().requests[request].outcomes()[""].outcome  # type: ignore[index]
    assert outcome.startswith("failed")
    assert "somebody undid" in outcome


def test_a_plan_whose_last_look_fails_is_not_called_done(place: Place) -> None:
    """Each change was read back; whether they still stand nobody could see: exit 9, never 8."""
    request = place.granted()
    done = len(place.aws.writes)

    def blind(_call: Call) -> None:
        if len(place.aws.writes) - done > 2 and place.world.types()[-1] == "step-result":
            place.aws.fail("organizations:ListPolicies")

    place.aws.when("organizations:ListPolicies", blind)
    with pytest.raises(Incomplete, match="made and read back, and the last look failed"):
        place.run(request)
    assert place.world.types()[-1] == "closed"
    place.aws.hooks.clear()
    assert scp_planning.plan(place.workspace()).changes == ()


def test_the_next_plan_within_90_seconds_names_it_and_who(place: Place) -> None:
    """Later it is drift, which the plan shows as changes."""
    place.run(place.granted())
    place.aws.attachments[MEMBER].remove(policy_of(place))
    trail = place.world.trails.more.setdefault((MANAGEMENT, "us-east-1"), [])
    trail.append(event(place, "DetachPolicy", errorCode="AccessDenied"))
    trail.append(event(place, "DetachPolicy", userAgent="Boto3/1 orgroot/1.0"))
    trail.append(event(place, "DetachPolicy", requestParameters={"policyId": "p-x"}))
    (note,) = scp_planning.plan(place.workspace()).notes
    assert f"somebody undid attach-scp {NAME} on {MEMBER}; CloudTrail does not tell yet who" in note
    trail.append(event(place, "DetachPolicy"))
    (note,) = scp_planning.plan(place.workspace()).notes
    assert f"{MEMBER}: {MALLORY} at {timestamp(place.world.clock.now())[:10]}" in note
    place.world.clock.at += timedelta(seconds=91)
    late = scp_planning.plan(place.workspace())
    assert (late.notes, [change.op for change in late.changes]) == ((), ["attach-scp"])


def test_a_deleted_scp_and_an_unreadable_trail(place: Place) -> None:
    """All of it is gone; who did it cannot be read, and that is said."""
    place.run(place.granted())
    place.aws.policies.pop(policy_of(place))
    for target in (ORG_ROOT, MEMBER):
        place.aws.attachments[target] = ["p-FullAWSAccess"]
    from fakes.aws_members import aws_error  # noqa: PLC0415 - this test alone

    broken = aws_error(AwsErrorKind.DENIED, "cloudtrail:LookupEvents")
    place.world.trails.broken[MANAGEMENT, "us-east-1"] = broken
    notes = scp_planning.plan(place.workspace()).notes
    assert len(notes) == 3
    assert notes[0].startswith(f"somebody undid create-scp {NAME}; CloudTrail could not be read")


def test_what_stays_is_no_news(place: Place) -> None:
    """Right after a plan nothing is said, and CloudTrail is not asked."""
    place.run(place.granted())
    assert scp_planning.plan(place.workspace()).notes == ()
    assert place.world.trails.asked == []
    assert place.world.clock.now() >= START
