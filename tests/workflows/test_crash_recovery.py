"""Killed at every write and call, then recovered: what happened is told, and nothing twice."""

from datetime import timedelta

import pytest
from fakes.aws_members import Call
from fakes.buckets_world import LOCKED, approved, locked_world, policy_now, wanted
from fakes.crash_world import (
    PASSED,
    all_settled,
    calm,
    check_end,
    die,
    events,
    granted,
    killed,
    killed_before,
    left_log,
    only,
    runs,
    standing,
)
from fakes.team import ProcessKilledError, World, arn_of

from orgroot.core.governed_tasks import UnlockMode
from orgroot.core.log_state import RequestState
from orgroot.core.results import ExitReason, Recovery, Unlock
from orgroot.core.statements import instant
from orgroot.errors import (
    AuditUnavailable,
    AwsErrorKind,
    IntegrityError,
    OutcomeUnknown,
    UsageError,
)
from orgroot.workflows import log_show
from orgroot.workflows.crash_recovery import _read, recover
from orgroot.workflows.execution import execute
from orgroot.workflows.log_reading import spool_waits


def test_an_unlock_killed_anywhere_is_closed_as_it_really_ended() -> None:
    """Before each write and each AWS call of a run: after `recover` the five invariants hold."""
    world, request = granted()
    seen = events(world)
    execute(world.workspace(), request)
    total = len(seen)
    assert total > 12
    for number in range(1, total + 1):
        world, request = killed(number)
        sessions = world.aws.count("sts:AssumeRoot")
        assert sessions <= 1
        assert not sessions or "intent" in world.types()
        assert policy_now(world) == LOCKED or "step-intent" in world.types()
        early = recover(world.workspace())
        assert [row.outcome for row in early.executions] in ([], ["waiting"])
        world.clock.forward(PASSED)
        assert recover(world.workspace()).exit_reasons == ()
        check_end(world, request)
        assert recover(world.workspace()).executions == ()


def test_a_recovery_killed_anywhere_can_be_repeated() -> None:
    """Before each write and call of `recover` itself: the next one ends it, and says the same."""
    world, request = killed_before("s3:GetBucketPolicy", 2)
    world.clock.forward(PASSED)
    seen = events(world)
    recover(world.workspace())
    total = len(seen)
    assert total > 6
    for number in range(1, total + 1):
        world, request = killed_before("s3:GetBucketPolicy", 2)
        world.clock.forward(PASSED)
        events(world, number)
        with pytest.raises(ProcessKilledError):
            recover(world.workspace())
        calm(world)
        world.clock.forward(PASSED)
        recover(world.workspace())
        check_end(world, request)


def test_what_waits_says_until_when() -> None:
    """Without evidence of its own an execution may still run: named, exit 7, nothing written."""
    world, request = killed_before("s3:PutBucketPolicy")
    before = world.types()
    result = recover(world.workspace())
    row = only(result)
    assert (row.outcome, row.request, row.task) == ("waiting", request, "unlock-bucket")
    deadline = instant(runs(world, request)[0].body.deadline)
    assert row.waits_until
    assert instant(row.waits_until) == deadline + timedelta(minutes=30)
    assert result.exit_reasons == (ExitReason.UNKNOWN,)
    assert world.types() == before


def test_a_running_execution_is_left_alone() -> None:
    """`recover` beside a live executor reads and writes nothing about it, however late it is."""
    world, request = granted()
    found: list[Recovery] = []

    def meanwhile(_call: Call) -> None:
        world.aws.hooks.clear()
        found.append(recover(world.workspace()))

    world.aws.when("s3:PutBucketPolicy", meanwhile)
    result = execute(world.workspace(), request)
    assert only(found[0]).outcome == "running"
    assert isinstance(result, Unlock)
    assert result.items[0].outcome == "repaired"
    assert "recovered" not in world.types()


def test_a_policy_of_somebody_else_is_unverified() -> None:
    """It is neither the old nor the approved policy: nobody calls that done, and exit 9 says so."""
    world, request = killed_before("s3:PutBucketPolicy")
    world.clock.forward(PASSED)
    bucket = world.aws.members["222222222222"].buckets["corp-invoices"]
    bucket.policy = LOCKED.replace(b"Lock", b"Else")
    result = recover(world.workspace())
    assert only(result).accounts[0].outcome == "unverified"
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)
    assert standing(world, request) is RequestState.ABANDONED
    assert all_settled(world.log().sync())


def test_what_cannot_be_read_is_unverified() -> None:
    """AWS refuses the looking session: the execution is closed, and its end is named unread."""
    world, request = killed_before("s3:PutBucketPolicy")
    world.clock.forward(PASSED)
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.DENIED)
    row = only(recover(world.workspace()))
    assert (row.outcome, row.accounts[0].outcome) == ("closed", "unverified")
    assert standing(world, request) is RequestState.ABANDONED


def test_no_approval_is_asked_for_looking() -> None:
    """Where reading needs approvals, `recover` opens neither a session nor a request."""
    world = locked_world(reading=1)
    request = _unseen(world)
    world.aws.when("s3:DeleteBucketPolicy", die)
    with pytest.raises(ProcessKilledError):
        execute(world.workspace(), request)
    calm(world)
    world.clock.forward(PASSED)
    before = (world.types().count("request"), world.aws.count("sts:AssumeRoot"))
    row = only(recover(world.workspace()))
    assert row.accounts[0].outcome == "unverified"
    assert "approvals" in row.accounts[0].detail
    assert (world.types().count("request"), world.aws.count("sts:AssumeRoot")) == before


def _unseen(world: World) -> str:
    return approved(world, want=wanted(mode=UnlockMode.DELETE))


@pytest.mark.parametrize("operation", ["sts:AssumeRoot", "s3:PutBucketPolicy"])
def test_the_spool_is_uploaded_at_once(operation: str) -> None:
    """The log died with the run: its signed facts close it without waiting, and leave the spool."""
    world, request = granted()

    def down(_call: Call) -> None:
        world.store.refuse = lambda _key: AuditUnavailable("No space left on device")

    world.aws.when(operation, down)
    with pytest.raises(OutcomeUnknown) as caught:
        execute(world.workspace(), request)
    assert "orgroot recover" in caught.value.hint
    calm(world)
    world.store.refuse = lambda _key: None
    assert world.memory("alice").spooled()
    assert spool_waits(left_log(world))
    row = only(recover(world.workspace()))
    assert row.outcome == "closed"
    assert not world.memory("alice").spooled()
    assert not spool_waits(left_log(world))
    check_end(world, request)


def test_a_fact_that_the_log_holds_after_all_only_leaves_the_spool() -> None:
    """The write was durable though its answer was lost: nothing is written twice."""
    world, request = granted()

    def lost(_call: Call) -> None:
        world.store.after = True
        world.store.refuse = lambda _key: AuditUnavailable("no answer")

    world.aws.when("s3:PutBucketPolicy", lost)
    with pytest.raises(OutcomeUnknown):
        execute(world.workspace(), request)
    calm(world)
    world.store.refuse, world.store.after = (lambda _key: None), False
    assert "step-result" in world.types()
    assert only(recover(world.workspace())).outcome == "waiting"
    assert world.memory("alice").spooled() == ()
    world.clock.forward(PASSED)
    recover(world.workspace())
    check_end(world, request)


def test_a_damaged_spool_is_an_error() -> None:
    """A spooled fact that nobody signed is never evidence, and never silently dropped."""
    world, request = killed_before("s3:PutBucketPolicy")
    run = runs(world, request)[0]
    world.memory("alice").spool(f"{run.id}-00.json", b"{}")
    with pytest.raises(IntegrityError, match="damaged"):
        recover(world.workspace())
    assert world.memory("alice").spooled()


def test_a_spooled_fact_with_one_bit_flipped_is_damaged() -> None:
    """Each bit of it is signed, or says that it was kept for this log and for no place in it."""
    world, request = granted()
    world.aws.when("s3:PutBucketPolicy", lambda _call: setattr(world.store, "refuse", _full))
    with pytest.raises(OutcomeUnknown):
        execute(world.workspace(), request)
    run, ((name, raw), *_) = runs(world, request)[0], world.memory("alice").spooled()
    assert _read(name, raw, run).name == name
    for bit in range(8 * len(raw)):
        flipped = (int.from_bytes(raw, "big") ^ (1 << bit)).to_bytes(len(raw), "big")
        with pytest.raises(IntegrityError, match=f"{name} on this machine is damaged"):
            _read(name, flipped, run)


def _full(_key: str) -> AuditUnavailable:
    return AuditUnavailable("No space left on device")


def test_an_end_nobody_knew_is_settled_by_looking() -> None:
    """AWS lost its answer and could not be read: a later `recover` sees that it is done."""
    world, request = granted()
    world.aws.fail("s3:PutBucketPolicy", AwsErrorKind.LOST, after=True)
    world.aws.fail("s3:GetBucketPolicy", AwsErrorKind.UNAVAILABLE, times=0)
    reads = [0]

    def unreadable(_call: Call) -> None:
        reads[0] += 1
        if reads[0] == 2:
            world.aws.fail("s3:GetBucketPolicy", AwsErrorKind.UNAVAILABLE)

    world.aws.when("s3:GetBucketPolicy", unreadable)
    execute(world.workspace(), request)
    calm(world)
    assert standing(world, request) is RequestState.UNKNOWN
    row = only(recover(world.workspace()))
    assert (row.outcome, row.accounts[0].outcome) == ("closed", "done")
    check_end(world, request)


def test_nothing_left_open_is_nothing_to_do() -> None:
    """A log in order: no record, no call, exit 0."""
    world, _request = granted()
    before = world.types()
    result = recover(world.workspace())
    assert (result.executions, result.exit_reasons) == ((), ())
    assert world.types() == before


def test_an_executor_that_slept_past_its_recovery_keeps_its_word_as_evidence() -> None:
    """Another machine closed it meanwhile: nothing void is written, and what it did is on record.

    Its facts leave the spool, the end that was told stands, and the log verifies.
    """
    world, request = granted()

    def sleep(_call: Call) -> None:
        world.aws.hooks.clear()
        world.clock.forward(PASSED)
        recover(world.workspace("olga"))
        world.aws.arn = arn_of("alice")

    world.aws.when("s3:PutBucketPolicy", sleep)
    with pytest.raises(OutcomeUnknown, match="this run stops"):
        execute(world.workspace(), request)
    assert standing(world, request) is RequestState.FAILED
    row = only(recover(world.workspace()))
    assert row.outcome == "late"
    assert "evidence only" in row.detail
    assert world.memory("alice").spooled() == ()
    assert standing(world, request) is RequestState.FAILED
    (finding,) = log_show.verify(world.log()).findings
    assert finding.code == "UNKNOWN_SESSION"
    assert recover(world.workspace()).executions == ()


def test_a_head_that_cannot_be_remembered_is_no_usage_error() -> None:
    """The record is written, so the command may not say that it did not begin."""
    world, request = granted()
    memory = world.memory("alice")

    def full(*_head: object) -> None:
        raise UsageError("the state folder cannot be written: No space left on device")

    def announced(key: str) -> None:
        if key.startswith("0"):
            memory.set_head = full  # type: ignore[method-assign]

    world.store.before_create = announced
    with pytest.raises(AuditUnavailable, match="is written"):
        execute(world.workspace(), request)
    assert world.types()[-1] == "intent"
    assert world.aws.writes == []
