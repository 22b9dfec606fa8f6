"""How an execution ends that nobody killed: by itself, at once, and with what was done."""

import pytest
from fakes.aws_members import Call, FakeBucket
from fakes.buckets_world import (
    ACCOUNT,
    BUCKET,
    LOCK,
    LOCKED,
    READ,
    approved,
    inspected,
    locked_world,
    policy_now,
    policy_of,
    wanted,
)
from fakes.crash_world import granted, standing

from orgroot.core.log_state import RequestState
from orgroot.core.results import ExitReason, Unlock
from orgroot.errors import AwsErrorKind, OutcomeUnknown, RequestRefused
from orgroot.workflows.execution import execute


def test_nothing_happens_after_the_deadline() -> None:
    """When the session's time is over, no change is begun, and the request is over at once."""
    world, request = granted()
    world.aws.when("s3:GetBucketPolicy", lambda _call: world.clock.forward(1000))
    result = execute(world.workspace(), request)
    assert isinstance(result, Unlock)
    assert (result.state, result.exit_reasons) == ("FAILED", (ExitReason.REFUSED,))
    assert "the time of this run ended" in (result.items[0].reason or "")
    assert policy_now(world) == LOCKED
    assert world.types()[-1] == "closed"


def test_a_session_that_did_not_come_in_time_ends_the_request() -> None:
    """AWS put it off until the time was over: nothing was opened, and FAILED says so at once."""
    world, request = granted()
    world.aws.when("sts:AssumeRoot", lambda _call: world.clock.forward(1000))
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.THROTTLED)
    with pytest.raises(RequestRefused, match="the time of this run ended"):
        execute(world.workspace(), request)
    assert (standing(world, request), world.aws.sessions[1:]) == (RequestState.FAILED, [])


def test_what_was_done_before_the_deadline_is_told_with_the_rest() -> None:
    """Of three buckets one was done in time: it is named so, and the others were not touched."""
    names = (BUCKET, "corp-ledger", "corp-payroll")
    world = locked_world()
    for name in names[1:]:
        policy = policy_of(LOCK, READ, bucket=name)
        world.aws.members[ACCOUNT].buckets[name] = FakeBucket(policy=policy)
    inspected(world, *names)
    request = approved(world, want=wanted(*names))
    world.aws.when("s3:PutBucketPolicy", lambda _call: world.clock.forward(1000))
    result = execute(world.workspace(), request)
    assert isinstance(result, Unlock)
    assert [item.outcome for item in result.items] == ["repaired", "refused", "refused"]
    assert result.state == "FAILED"
    assert set(result.exit_reasons) == {ExitReason.INCOMPLETE, ExitReason.REFUSED}
    assert world.aws.count("s3:PutBucketPolicy") == 1


def test_an_interrupt_in_an_execution_is_an_unknown_outcome() -> None:
    """Ctrl-C behind the intent: exit 7 with `recover`; the same command would continue nothing."""
    world, request = granted()

    def stop(_call: Call) -> None:
        raise KeyboardInterrupt

    world.aws.when("s3:PutBucketPolicy", stop)
    with pytest.raises(OutcomeUnknown, match="was interrupted") as caught:
        execute(world.workspace(), request)
    assert "orgroot recover" in (caught.value.hint or "")
    assert world.types()[-1] == "step-intent"
