"""The runner: executes what others approved, once, whoever else runs, and says why it did not."""

from dataclasses import replace

import pytest
from fakes.aws_members import FakeBucket
from fakes.buckets_world import ACCOUNT, BUCKET, LOCKED, inspected, policy_now, wanted
from fakes.removal_world import ALL, ASK, EVERYTHING, A, B, deletions, fill, grant, verified
from fakes.runner_world import (
    RUNNER,
    FakeStop,
    approved_unlock,
    machine_of,
    run,
    runner_tree,
    runner_world,
)
from fakes.signer import FakeSigner
from fakes.team import ProcessKilledError, World, new_world

from orgroot.core.governed_tasks import UnlockMode
from orgroot.core.log_state import MAX_EXECUTIONS
from orgroot.core.results import (
    ExitReason,
    RequestView,
    RunnerRound,
    Unlock,
    exit_code,
)
from orgroot.errors import (
    AwsErrorKind,
    CredentialsError,
    RequestRefused,
    UsageError,
)
from orgroot.workflows import removal, unlock
from orgroot.workflows.claims import Claim
from orgroot.workflows.crash_recovery import recover
from orgroot.workflows.execution import execute, submit
from orgroot.workflows.requests import Ask
from orgroot.workflows.review import review
from orgroot.workflows.runner import preview, run_once

DELETE = wanted(mode=UnlockMode.DELETE)
EMERGENCY = Ask(reason="payments are down", break_glass=True)


def direct(executes: tuple[str, ...] = ("root-tasks", "reading")) -> tuple[World, str]:
    """An approved unlocking, and a runner beside people who may execute it too."""
    world = runner_world(left=False, executes=executes)
    inspected(world)
    request = approved_unlock(world)
    world.aws.calls.clear()
    return world, request


def bulk() -> tuple[World, str]:
    """An approved removal in two accounts."""
    world = runner_world(left=False)
    fill(world.aws.members[A])
    world.aws.members[B].password = True
    view = removal.remove(world.workspace(concurrency=1), ALL, EVERYTHING, ASK)
    assert isinstance(view, RequestView)
    grant(world, view.id)
    world.aws.calls.clear()
    return world, view.id


def reasons(done: RunnerRound) -> list[str]:
    """Why requests were left alone."""
    return [row.reason for row in done.skipped]


def unlocked(world: World) -> bool:
    """The bucket's policy no longer locks."""
    return b"Lock" not in (policy_now(world) or b"Lock")


def test_an_approved_request_is_executed_once() -> None:
    """By the runner, whose group the rule names; a second look finds nothing to do."""
    world, request = direct()
    done = run(world)
    assert [(row.request, row.state) for row in done.executed] == [(request, "SUCCEEDED")]
    assert exit_code(done.exit_reasons) == 0
    assert unlocked(world)
    again = run(world)
    assert (again.executed, again.skipped) == ((), ())
    runs = world.log().sync().requests[request].executions  # type: ignore[index]
    assert [one.body.signer.person for one in runs] == [RUNNER]
    assert [one.id for one in runs] == [done.executed[0].execution]
    verified(world)


def test_an_emergency_is_executed_by_the_runner_for_who_asked() -> None:
    """Whoever is on call waits for it; the incident is theirs, and the runner answers for none."""
    world = runner_world()

    def meanwhile(seconds: float) -> None:
        world.clock.forward(seconds)
        run(world)

    assert unlock.emergency(world.workspace(), DELETE, EMERGENCY) is not None
    ws = world.workspace()
    draft = unlock._draft(ws, DELETE, EMERGENCY, unlock._plan(ws, DELETE)[1])
    done = submit(ws, draft, None, sleep=meanwhile)
    assert isinstance(done, Unlock)
    assert done.state == "UNREVIEWED"
    (incident,) = world.log().sync().incidents
    assert incident.body.signer.person == "alice"
    assert [one.body.signer.person for one in incident.executions] == [RUNNER]
    with pytest.raises(RequestRefused, match="awaits its review"):
        unlock.emergency(world.workspace(), wanted("another", mode=UnlockMode.DELETE), EMERGENCY)
    review(world.desk("bob"), incident.id, lambda _summary: None)
    verified(world)


def test_what_waits_for_approvals_is_left_alone_quietly() -> None:
    """A pending request is neither executed nor reported, until it is approved."""
    world = runner_world(left=False)
    world.aws.members[B].password = True
    view = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(view, RequestView)
    assert (run(world).executed, run(world).skipped) == ((), ())
    grant(world, view.id)
    assert [row.request for row in run(world).executed] == [view.id]


def test_a_rule_that_does_not_name_its_group_leaves_the_request_to_others() -> None:
    """It is skipped with the rule's own words, and nothing is called."""
    world, request = direct(executes=("reading",))
    done = run(world)
    assert done.executed == ()
    assert [row.request for row in done.skipped] == [request]
    assert "runner may not execute" in reasons(done)[0]
    assert world.aws.writes == []
    assert exit_code(done.exit_reasons) == 0


def test_a_dry_run_says_what_would_be_executed() -> None:
    """Nothing is written, and no session is opened."""
    world, request = direct()
    records = world.types()
    found = preview(world.workspace(RUNNER))
    assert [row.request for row in found.ready] == [request]
    assert world.types() == records
    assert world.aws.calls == []


@pytest.mark.parametrize("person", ["alice", "bob"])
def test_a_person_is_no_runner(person: str) -> None:
    """Only a service executes unattended; a person's key does not belong on such a machine."""
    world, _ = direct()
    with pytest.raises(UsageError, match="no service"):
        run_once(world.workspace(person), FakeStop(world))
    assert world.aws.calls == []


def test_a_key_that_the_rules_do_not_know_ends_the_runner() -> None:
    """It would sign nothing that counts: the runner ends and writes no void words."""
    world, _ = direct()
    records = world.types()
    ws = replace(machine_of(world), signer=FakeSigner("mallory"))
    with pytest.raises(UsageError, match="not valid any more"):
        run_once(ws, FakeStop(world))
    ws = replace(machine_of(world), caller=world.workspace("alice").caller)
    with pytest.raises(UsageError, match="is not runner any more"):
        run_once(ws, FakeStop(world))
    assert world.types() == records


@pytest.mark.parametrize("elsewhere", [False, True])
def test_two_runners_execute_a_request_once(*, elsewhere: bool) -> None:
    """Both saw it approved; the second finds it taken, on the same machine and on another."""
    world, request = direct()
    second = machine_of(world, "elsewhere" if elsewhere else RUNNER)
    done: list[RunnerRound] = []

    def meanwhile(_call: object) -> None:
        world.aws.hooks.clear()
        done.append(run_once(second, FakeStop(world)))

    world.aws.when("sts:AssumeRoot", meanwhile)
    first = run(world)
    assert [row.state for row in first.executed] == ["SUCCEEDED"]
    assert done[0].executed == ()
    assert world.aws.count("sts:AssumeRoot") == 1
    assert len(world.log().sync().requests[request].executions) == 1  # type: ignore[index]


def test_two_runners_at_one_bulk_request_do_not_take_it_from_each_other() -> None:
    """The second sees accounts left to do, and that the first may be at work on them."""
    world, request = bulk()
    second = machine_of(world, "elsewhere")
    done: list[RunnerRound] = []

    def meanwhile(_call: object) -> None:
        world.aws.hooks.clear()
        done.append(run_once(second, FakeStop(world)))

    world.aws.when("iam:DeleteLoginProfile", meanwhile)
    first = run(world)
    assert [row.state for row in first.executed] == ["SUCCEEDED"]
    assert done[0].executed == ()
    assert "may be at work" in reasons(done[0])[0]
    assert len(world.log().sync().requests[request].executions) == 1  # type: ignore[index]
    verified(world)


def killed(world: World, operation: str) -> None:
    """The runner dies at its next call to this operation."""

    def die(_call: object) -> None:
        raise ProcessKilledError

    world.aws.when(operation, die)
    with pytest.raises(ProcessKilledError):
        run(world)
    world.aws.hooks.clear()


def test_a_claim_that_came_first_is_respected_in_the_very_last_moment() -> None:
    """Another runner's intent between the look and one's own intent: ours is not written."""
    world, request = bulk()
    second = machine_of(world, "elsewhere")

    def meanwhile(_key: str) -> Exception | None:
        world.store.refuse = lambda _key: None
        killed(world, "iam:DeleteSigningCertificate")
        return None

    world.store.refuse = meanwhile
    with pytest.raises(RequestRefused, match="may be at work"):
        execute(second, request, Claim(take_over=False))
    assert len(world.log().sync().requests[request].executions) == 1  # type: ignore[index]


def test_what_a_killed_runner_left_is_closed_by_the_next_one() -> None:
    """Not before it can be over; then it looks at AWS and signs what it found."""
    world, request = direct()
    killed(world, "s3:PutBucketPolicy")
    early = run(world, "elsewhere")
    assert (early.executed, early.recovered) == ((), ())
    assert "nobody knows how it ended" in reasons(early)[0]
    assert world.aws.count("sts:AssumeRoot") == 1
    world.clock.forward(3600)
    late = run(world, "elsewhere")
    assert [(row.request, row.outcome) for row in late.recovered] == [(request, "closed")]
    assert not unlocked(world)
    assert world.aws.count("s3:PutBucketPolicy") == 0
    verified(world)


def test_a_recovery_that_aws_does_not_answer_stops_nobody() -> None:
    """What was left open stays so for now; the requests behind it are executed all the same."""
    world, request = direct()
    killed(world, "s3:PutBucketPolicy")
    world.clock.forward(3600)
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.LOST)
    assert run(world).recovered == ()
    assert any("stays open for now" in note for note in world.progress.notes)
    assert [row.request for row in run(world).recovered] == [request]


def test_what_the_runner_may_not_look_at_stays_open() -> None:
    """Rules that do not let it read for itself are said, and nothing is closed unlooked."""
    tree = runner_tree(left=False)
    reading = tree["approvals"]["rules"][-1]
    reading["requesters"]["groups"].remove("runners")
    world = new_world(tree)
    world.aws.members[ACCOUNT].buckets[BUCKET] = FakeBucket(policy=LOCKED)
    inspected(world)
    request = approved_unlock(world)
    killed(world, "s3:PutBucketPolicy")
    world.clock.forward(3600)
    records = world.types()
    assert run(world).recovered == ()
    assert world.types() == records
    assert any(request in note and "may not look" in note for note in world.progress.notes)
    assert recover(world.workspace("olga")).executions[0].outcome == "closed"


def test_a_bulk_request_of_a_killed_runner_is_continued_by_the_next_one() -> None:
    """When nobody can be at it any more, and what was done is not done again."""
    world, request = bulk()
    killed(world, "iam:DeleteSigningCertificate")
    assert "may be at work" in reasons(run(world, "elsewhere"))[0]
    world.clock.forward(4000)
    done = run(world, "elsewhere")
    assert [(row.request, row.state) for row in done.executed] == [(request, "SUCCEEDED")]
    assert len(deletions(world)) == len(set(deletions(world)))
    verified(world)


def test_one_bad_request_does_not_stop_the_others() -> None:
    """What AWS refuses in one is that request's end; the next is executed."""
    world, first = direct()
    world.aws.members[B].password = True
    view = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(view, RequestView)
    grant(world, view.id)
    world.aws.fail("s3:PutBucketPolicy", AwsErrorKind.DENIED)
    done = run(world)
    assert [(row.request, row.state) for row in done.executed] == [
        (first, "FAILED"),
        (view.id, "SUCCEEDED"),
    ]
    assert exit_code(done.exit_reasons) == ExitReason.AWS_REFUSED.code


def test_an_outcome_that_nobody_knows_is_told_and_the_rest_goes_on() -> None:
    """A lost reply is 7 for the run as a whole, and UNKNOWN for its request."""
    world, request = direct()
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.LOST)
    done = run(world)
    assert [(row.request, row.state) for row in done.executed] == [(request, "UNKNOWN")]
    assert "a session may exist" in done.executed[0].message
    assert exit_code(done.exit_reasons) == 7


def test_what_became_stale_is_left_alone_with_the_reason() -> None:
    """The account was moved since: nothing is begun, and the same process waits before it looks."""
    world, request = direct()
    member = world.aws.members[ACCOUNT]
    member.account = replace(member.account, name="another name")
    done = run(world)
    assert done.executed == ()
    assert [row.request for row in done.skipped] == [request]
    assert "changed since the request" in reasons(done)[0]
    assert "sts:AssumeRoot" not in {call.operation for call in world.aws.calls}


def test_what_aws_does_not_let_it_begin_is_told_as_such() -> None:
    """It was the runner's to do, and it could not: the run as a whole did not simply succeed."""
    world, request = direct()
    world.aws.fail("organizations:DescribeAccount", AwsErrorKind.DENIED)
    done = run(world)
    assert [row.request for row in done.skipped] == [request]
    assert exit_code(done.exit_reasons) == ExitReason.AWS_REFUSED.code


def test_credentials_that_aws_does_not_accept_end_the_run() -> None:
    """They concern every request; what was executed before is still told."""
    world, first = direct()
    world.aws.fail("organizations:DescribeAccount", AwsErrorKind.DENIED)
    world.aws.faults[-1].error = CredentialsError("expired")  # type: ignore[assignment]
    with pytest.raises(CredentialsError):
        run(world)
    done = run(world)
    assert [row.request for row in done.executed] == [first]


def test_a_bulk_request_that_aws_refuses_again_and_again_is_given_back_to_people() -> None:
    """It is begun so often and no more: the runner does not knock for hours."""
    world, request = bulk()
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.DENIED, times=100)
    for _ in range(MAX_EXECUTIONS):
        assert len(run(world).executed) == 1
    done = run(world)
    assert done.executed == ()
    assert f"orgroot execute {request}" in reasons(done)[0]
