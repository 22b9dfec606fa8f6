"""`recover` after removals, plans and surveys that were killed."""

from datetime import timedelta

import pytest
from fakes.aws_members import Call
from fakes.buckets_world import inspected, locked_world
from fakes.crash_world import PASSED, EveryCall, all_settled, calm, die, only
from fakes.team import ProcessKilledError, World, new_world

from orgroot.core.organization import Selection
from orgroot.core.results import RequestView
from orgroot.workflows import removal, root_access
from orgroot.workflows.approvals import approve
from orgroot.workflows.crash_recovery import left_open, recover
from orgroot.workflows.execution import execute
from orgroot.workflows.requests import Ask

KINDS = ("password", "access-keys", "signing-certificates", "mfa")


def _removal() -> tuple[World, str]:
    world = new_world()
    for account in ("222222222222", "333333333333"):
        world.aws.members[account].password = True
    view = removal.remove(
        world.workspace(concurrency=1), Selection(all=True), KINDS, Ask(reason="clean up")
    )
    assert isinstance(view, RequestView)
    for person in ("bob", "carol"):
        approve(world.desk(person), view.id, "", lambda _summary: None)
    return world, view.id


def test_a_bulk_run_is_left_to_be_continued_until_its_request_expires() -> None:
    """A killed removal can go on by `execute`; once it cannot, `recover` reads what is left."""
    world, request = _removal()
    world.aws.when("iam:GetAccountSummary", die)  # the audit session that proves the first one
    with pytest.raises(ProcessKilledError):
        execute(world.workspace(concurrency=1), request)
    calm(world)
    world.clock.forward(PASSED)
    row = only(recover(world.workspace()))
    assert row.outcome == "continue"
    assert request in row.detail
    world.clock.forward(timedelta(days=2).total_seconds())
    result = recover(world.workspace())
    ends = {end.account: end.outcome for end in only(result).accounts}
    for account, outcome in ends.items():
        gone = not world.aws.members[account].password
        assert outcome == ("done" if gone else "not-done")
    assert set(ends.values()) == {"done", "not-done"}
    assert all_settled(world.log().sync())


@pytest.mark.parametrize(("nth", "outcome"), [(0, "not-done"), (1, "not-done"), (9, "done")])
def test_a_plan_is_closed_by_what_is_there(nth: int, outcome: str) -> None:
    """Killed before, between and after its changes: closed as what AWS shows."""
    world = new_world()
    world.aws.flags.clear()
    world.aws.trusted.clear()
    changes = [0]

    def note(call: Call) -> None:
        changes[0] += "nable" in call.operation
        if changes[0] > nth:
            raise ProcessKilledError

    def last(key: str) -> None:
        if nth == 9 and world.types()[-1] == "step-result" and changes[0] == 3:
            raise ProcessKilledError(key)

    world.aws.hooks = EveryCall(note)
    world.store.before_create = last
    with pytest.raises(ProcessKilledError):
        root_access.enable(world.workspace(), Ask(reason="set up"))
    calm(world)
    world.clock.forward(PASSED)
    row = only(recover(world.workspace()))
    assert (row.outcome, row.accounts[0].account, row.accounts[0].outcome) == (
        "closed",
        "",
        outcome,
    )
    assert all_settled(world.log().sync())


def test_a_survey_that_was_killed_is_closed() -> None:
    """A reading changes nothing: after its time it is closed as not done, without a session."""
    world = locked_world()
    world.aws.when("s3:GetBucketPolicy", die)
    with pytest.raises(ProcessKilledError):
        inspected(world)
    calm(world)
    assert [left.run.body.task_policies for left in left_open(world.workspace())]
    world.clock.forward(PASSED)
    before = world.aws.count("sts:AssumeRoot")
    row = only(recover(world.workspace()))
    assert (row.outcome, row.accounts[0].outcome) == ("closed", "not-done")
    assert world.aws.count("sts:AssumeRoot") == before
