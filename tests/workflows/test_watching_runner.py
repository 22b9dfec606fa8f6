"""A runner that watches: it goes on through what ends by itself, and ends when told."""

import pytest
from fakes.buckets_world import inspected
from fakes.removal_world import ALL, ASK, EVERYTHING, B, grant
from fakes.runner_world import (
    RUNNER,
    FakeStop,
    approved_unlock,
    runner_world,
)

from orgroot.core.results import (
    RequestView,
    RunRow,
)
from orgroot.errors import (
    AuditUnavailable,
    AwsErrorKind,
    IntegrityError,
)
from orgroot.workflows import removal
from orgroot.workflows.runner import run_once, watch
from tests.workflows.test_runner import direct


def test_a_watching_runner_tells_each_request_once_and_ends_when_told() -> None:
    """It looks at its interval, tells a reason once, and stops between two requests."""
    world, request = direct(executes=("reading",))
    told: list[RunRow] = []
    stop = FakeStop(world, looks=3)
    watch(world.workspace(RUNNER), stop, 30, told.append)
    assert stop.waited == [30, 30, 30]
    assert told == []
    notes = [note for note in world.progress.notes if request in note]
    assert len(notes) == 1


def test_a_watching_runner_executes_what_is_approved_meanwhile() -> None:
    """One row for each, as soon as it is done."""
    world = runner_world(left=False)
    inspected(world)
    told: list[RunRow] = []
    asked: list[str] = []

    class Stop(FakeStop):
        def wait(self, timeout: float) -> bool:
            if not asked:
                asked.append(approved_unlock(self.world))
            return super().wait(timeout)

    watch(world.workspace(RUNNER), Stop(world, looks=3), 30, told.append)
    assert [(row.request, row.state) for row in told] == [(asked[0], "SUCCEEDED")]


def test_a_watching_runner_waits_for_a_store_that_is_down() -> None:
    """Nothing is done without the log, and the runner lives on until it answers again."""
    world, request = direct()
    told: list[RunRow] = []
    world.store.refuse = lambda _key: AuditUnavailable("down")
    stop = FakeStop(world, looks=2)
    watch(world.workspace(RUNNER), stop, 30, told.append)
    assert world.aws.count("sts:AssumeRoot") == 0
    world.store.refuse = lambda _key: None
    world.clock.forward(3600)
    watch(world.workspace(RUNNER), FakeStop(world, looks=1), 30, told.append)
    assert [row.request for row in told] == [request]


def test_a_log_that_contradicts_itself_ends_a_watching_runner() -> None:
    """It is no bad request but a broken log: exit 4, whatever is approved."""
    world, _ = direct()
    key = sorted(key for key in world.store.objects if "/" not in key)[2]
    world.store.objects[key] = world.store.objects[key].replace(b"alice", b"malic")
    with pytest.raises(IntegrityError):
        watch(world.workspace(RUNNER), FakeStop(world, looks=3), 30, lambda _row: None)
    assert world.aws.count("sts:AssumeRoot") == 0


def test_a_request_that_could_not_be_begun_is_tried_again_later() -> None:
    """Each time after a longer pause, so that one bad request does not fill the log of calls."""
    world, request = direct()
    world.aws.fail("organizations:DescribeAccount", AwsErrorKind.UNAVAILABLE, times=3)
    told: list[RunRow] = []
    stop = FakeStop(world, looks=30)
    watch(world.workspace(RUNNER), stop, 10, told.append)
    assert [row.request for row in told] == [request]
    assert world.aws.count("organizations:DescribeAccount") == 4


def test_it_ends_before_the_next_request_when_told_meanwhile() -> None:
    """The request under way is finished; the one behind it is left for the next run."""
    world, first = direct()
    world.aws.members[B].password = True
    view = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(view, RequestView)
    grant(world, view.id)
    stop = FakeStop(world, looks=1)

    def end(_call: object) -> None:
        stop.left = 0

    world.aws.when("s3:PutBucketPolicy", end)
    done = run_once(world.workspace(RUNNER), stop)
    assert [(row.request, row.state) for row in done.executed] == [(first, "SUCCEEDED")]
