"""Runner mode: people ask, look and wait; only the service opens root sessions."""

import pytest
from fakes.buckets_world import ACCOUNT, ASK, BUCKET, policy_now, wanted
from fakes.removal_world import ALL, EVERYTHING, A, B, fill, grant, verified
from fakes.removal_world import ASK as REMOVAL
from fakes.runner_world import RUNNER, approved_unlock, run, runner_world
from fakes.team import ProcessKilledError, World

from orgroot.core.governed_tasks import Task
from orgroot.core.results import (
    ExitReason,
    Inventory,
    RequestView,
    Result,
    exit_code,
)
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.task_params import AuditRootCredentials, to_params
from orgroot.errors import AwsErrorKind, UsageError
from orgroot.workflows import removal, root_access
from orgroot.workflows.crash_recovery import recover
from orgroot.workflows.drift import drift
from orgroot.workflows.execution import execute, submit
from orgroot.workflows.inspection import inspect_bucket
from orgroot.workflows.inventory import inventory
from orgroot.workflows.requests import Ask, Draft
from orgroot.workflows.targets import targets_of
from orgroot.workflows.unlock import unlock_buckets


@pytest.fixture
def world() -> World:
    """A team that leaves root sessions to the runner."""
    return runner_world()


def surveyed(world: World) -> str:
    """Alice has asked for an inventory, and the runner has made it; answers the request's id."""
    view = inventory(world.workspace(), ALL)
    assert isinstance(view, RequestView), view
    assert view.state == "APPROVED"
    assert [row.request for row in run(world).executed] == [view.id]
    return view.id


def inspected(world: World) -> None:
    """Alice has asked to see the bucket, and the runner has looked."""
    assert isinstance(inspect_bucket(world.workspace(), ACCOUNT, BUCKET), RequestView)
    assert [row.state for row in run(world).executed] == ["SUCCEEDED"]


def test_a_bucket_is_unlocked_without_its_requester_opening_a_session(world: World) -> None:
    """Asked to look, looked, asked to unlock, approved, unlocked: each session is the runner's."""
    looked = inspect_bucket(world.workspace(), ACCOUNT, BUCKET)
    assert isinstance(looked, RequestView)
    assert (looked.state, looked.exit_reasons) == ("APPROVED", (ExitReason.WAITING,))
    assert looked.commands == (f"orgroot request show {looked.id}",)
    assert world.aws.count("sts:AssumeRoot") == 0
    assert len(run(world).executed) == 1
    approved_unlock(world)
    assert world.aws.count("sts:AssumeRoot") == 1
    assert [row.state for row in run(world).executed] == ["SUCCEEDED"]
    assert b"Lock" not in (policy_now(world) or b"Lock")
    executions = world.log().sync().executions.values()
    assert {execution.body.signer.person for execution in executions} == {RUNNER}
    verified(world)


def audit(world: World, *, while_waiting: bool) -> Result:
    """Alice asks for an inventory and waits a minute, in which the runner looks, or does not."""
    ws = world.workspace()
    accounts = tuple(world.aws.members[account].account for account in (A, B))
    draft = Draft(
        task=Task.AUDIT_ROOT_CREDENTIALS,
        targets=targets_of(ws, accounts),
        params=to_params(AuditRootCredentials()),
        task_policy=TaskPolicy.AUDIT,
    )

    def sleep(seconds: float) -> None:
        world.clock.forward(seconds)
        if while_waiting:
            run(world)

    return submit(ws, draft, 60, sleep=sleep)


def test_who_waits_gets_the_result_of_the_task(world: World) -> None:
    """The command that asked prints what the runner found."""
    found = audit(world, while_waiting=True)
    assert isinstance(found, Inventory)
    assert found.summary.read == 2
    assert world.aws.count("sts:AssumeRoot") == 2


def test_who_waits_in_vain_is_told_that_it_waits(world: World) -> None:
    """No runner came: 10, and the request is still there for it."""
    view = audit(world, while_waiting=False)
    assert isinstance(view, RequestView)
    assert exit_code(view.exit_reasons) == 10
    assert len(run(world).executed) == 1


def test_an_execution_by_hand_is_sent_to_the_runner(world: World) -> None:
    """It would only spend an attempt, for AWS would refuse: no call, no record."""
    inspected(world)
    request = approved_unlock(world)
    records, calls = world.types(), len(world.aws.calls)
    with pytest.raises(UsageError, match="executed by runner") as caught:
        execute(world.workspace("olga"), request)
    assert caught.value.code == "runner"
    assert (world.types(), len(world.aws.calls)) == (records, calls)


def test_a_removal_takes_the_runners_survey(world: World) -> None:
    """Without one nothing is asked; with one the request names what the runner found."""
    fill(world.aws.members[A])
    records = world.types()
    with pytest.raises(UsageError, match="no survey under an hour old") as caught:
        removal.remove(world.workspace(), ALL, EVERYTHING, REMOVAL)
    assert caught.value.hint is not None
    assert "orgroot inventory --all --wait" in caught.value.hint
    assert world.types() == records
    survey = surveyed(world)
    view = removal.remove(world.workspace(), ALL, EVERYTHING, REMOVAL)
    assert isinstance(view, RequestView)
    assert view.params["survey"] == survey
    grant(world, view.id)
    assert [row.state for row in run(world).executed] == ["SUCCEEDED"]
    assert not world.aws.members[A].access_keys
    verified(world)


def test_a_survey_that_could_not_read_all_serves_for_the_rest(world: World) -> None:
    """Nobody but the runner could read the others either: they are named, and it is incomplete."""
    fill(world.aws.members[A])
    world.aws.fail("iam:GetAccountSummary", AwsErrorKind.DENIED, subject=B)
    surveyed(world)
    view = removal.remove(world.workspace(), ALL, EVERYTHING, REMOVAL)
    assert isinstance(view, RequestView)
    assert [target["account"] for target in view.targets] == [A]
    assert ExitReason.INCOMPLETE in view.exit_reasons
    assert any(B in note and "not in the request" in note for note in world.progress.notes)


def test_a_survey_is_as_old_as_its_reading(world: World) -> None:
    """What was asked long ago and read just now is young, and ages from then."""
    fill(world.aws.members[A])
    view = inventory(world.workspace(), ALL)
    assert isinstance(view, RequestView)
    world.clock.forward(3 * 3600)
    assert len(run(world).executed) == 1
    assert isinstance(removal.remove(world.workspace(), ALL, EVERYTHING, REMOVAL), RequestView)
    world.clock.forward(3601)
    other = Ask(reason="again", ticket="INC-2")
    with pytest.raises(UsageError, match="no survey under an hour old"):
        removal.remove(world.workspace(), ALL, EVERYTHING, other)


def test_drift_reads_what_the_runner_read(world: World) -> None:
    """Without a survey the accounts are named as not read, never as clean."""
    world.aws.members[A].password = True
    blind = drift(world.workspace(), ALL)
    assert blind.coverage.read == 0
    assert "no survey under an hour old" in blind.coverage.unread[0].reason
    surveyed(world)
    sessions = world.aws.count("sts:AssumeRoot")
    seen = drift(world.workspace(), ALL)
    assert seen.coverage.read == 3
    assert f"root-credentials.password/{A}" in {finding.id for finding in seen.findings}
    assert world.aws.count("sts:AssumeRoot") == sessions


def test_a_rule_that_does_not_let_the_runner_execute_is_told_before_asking() -> None:
    """The request would wait for ever: exit 2 names the rule, and nothing is written."""
    world = runner_world(executes=("reading",))
    inspected(world)
    records = world.types()
    with pytest.raises(UsageError, match="may not execute unlock-bucket") as caught:
        unlock_buckets(world.workspace(), wanted(), ASK)
    assert "root-tasks" in str(caught.value.hint)
    assert world.types() == records


def test_what_needs_no_root_session_stays_with_the_person(world: World) -> None:
    """Features are switched with the operator's own credentials, which the runner has not."""
    world.aws.flags.clear()
    root_access.enable(world.workspace(), Ask(reason="a drill"))
    assert world.aws.flags


def test_recover_leaves_the_looking_to_the_runner(world: World) -> None:
    """A person who cannot look closes nothing as unverified; the runner closes it by looking."""
    inspected(world)
    request = approved_unlock(world)

    def die(_call: object) -> None:
        raise ProcessKilledError

    world.aws.when("s3:PutBucketPolicy", die)
    with pytest.raises(ProcessKilledError):
        run(world)
    world.aws.hooks.clear()
    world.clock.forward(3600)
    records = world.types()
    left = recover(world.workspace("olga"))
    assert [(row.outcome, row.request) for row in left.executions] == [("waiting", request)]
    assert "runner alone can look" in left.executions[0].detail
    assert world.types() == records
    assert [row.request for row in run(world).recovered] == [request]
