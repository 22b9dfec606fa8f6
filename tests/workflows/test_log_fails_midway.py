"""A log, a state folder or credentials that fail in mid-run: what is said, and what stops."""

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
from fakes.team import World, new_world

from orgroot.core import audit_log
from orgroot.core.log_state import RequestState
from orgroot.core.organization import Selection
from orgroot.core.results import Removal, RequestView, Unlock
from orgroot.errors import (
    AuditUnavailable,
    CredentialsError,
    Incomplete,
    OrgrootError,
    OutcomeUnknown,
    UsageError,
)
from orgroot.workflows import removal, root_access
from orgroot.workflows.approvals import approve
from orgroot.workflows.execution import execute
from orgroot.workflows.requests import Ask

MEMBERS = ("222222222222", "333333333333", "444444444444")
FULL = UsageError("the state folder cannot be written: No space left on device")


def granted() -> tuple[World, str]:
    """A locked bucket whose unlocking is approved."""
    world = locked_world()
    inspected(world)
    request = approved(world)
    world.aws.calls.clear()
    return world, request


def removal_granted(*, accounts: tuple[str, ...] = MEMBERS) -> tuple[World, str]:
    """Accounts with a root password whose removal is approved."""
    world = new_world()
    for account in accounts:
        world.aws.members[account].password = True
    view = removal.remove(
        world.workspace(concurrency=1),
        Selection(all=True),
        ("password", "access-keys", "signing-certificates", "mfa"),
        Ask(reason="clean up"),
    )
    assert isinstance(view, RequestView)
    for person in ("bob", "carol"):
        approve(world.desk(person), view.id, "", lambda _summary: None)
    world.aws.calls.clear()
    return world, view.id


def down_after(world: World, operation: str, number: int = 1) -> None:
    """The log goes down just after the number-th call of an operation."""
    seen: list[Call] = []

    def hook(call: Call) -> None:
        seen.append(call)
        if len(seen) == number:
            world.store.refuse = lambda _key: AuditUnavailable("No space left on device")

    world.aws.when(operation, hook)


def test_no_session_is_opened_once_the_log_took_no_record() -> None:
    """The log dies with the first account: no AssumeRoot follows in any other."""
    world, request = removal_granted()
    down_after(world, "iam:DeleteLoginProfile")
    with pytest.raises(OutcomeUnknown):
        execute(world.workspace(concurrency=1), request)
    assert world.aws.count("sts:AssumeRoot") == 1
    assert world.aws.count("iam:DeleteLoginProfile") == 1


def test_the_end_of_the_log_after_changes_is_not_nothing_done() -> None:
    """The log dies between two accounts of a removal: that is not exit 5, nothing was done."""
    world, request = removal_granted()
    down_after(world, "iam:ListMFADevices", 3)
    with pytest.raises(OrgrootError) as caught:
        execute(world.workspace(concurrency=1), request)
    assert world.aws.count("iam:DeleteLoginProfile") >= 1
    assert caught.value.exit_code == OutcomeUnknown.exit_code


def test_a_plan_that_stops_for_the_log_says_what_was_done() -> None:
    """The log dies after the first of three changes: exit 7 with what was done, never exit 5."""
    world = new_world()
    world.aws.flags.clear()
    world.aws.trusted.clear()
    calls: list[str] = []

    def refuse(key: str) -> Exception | None:
        calls.append(key)
        # intent, step-intent and step-result of the first change; then the disk is full
        return AuditUnavailable("disk full") if len(calls) > 4 else None

    world.store.refuse = refuse
    with pytest.raises(OutcomeUnknown, match="EnableAWSServiceAccess"):
        root_access.enable(world.workspace(), Ask(reason="set up"))
    assert world.aws.trusted
    assert not world.aws.flags


@pytest.mark.parametrize("operation", ["sts:AssumeRoot", "s3:PutBucketPolicy"])
def test_a_full_state_folder_hides_nothing_that_happened(operation: str) -> None:
    """Neither the log nor this machine takes the fact: exit 7, not "nothing was called"."""
    world, request = granted()
    down_after(world, operation)

    def full(_name: str, _fact: bytes) -> None:
        raise FULL

    memory = world.memory("alice")
    object.__setattr__(memory, "spool", full)
    with pytest.raises(OutcomeUnknown, match="No space left"):
        execute(world.workspace(), request)


def test_a_head_that_cannot_be_remembered_hides_no_change() -> None:
    """The state folder fills up between two buckets: the changed one is told, with exit 7."""
    world = locked_world()
    other = "corp-ledger"
    world.aws.members[ACCOUNT].buckets[other] = FakeBucket(
        policy=policy_of(LOCK, READ, bucket=other)
    )
    inspected(world, BUCKET, other)
    request = approved(world, want=wanted(BUCKET, other))
    memory = world.memory("alice")
    keep = memory.set_head

    def full(log: str, seq: int, record_hash: str) -> None:
        if len([c for c in world.aws.calls if c.operation == "s3:GetBucketPolicy"]) > 4:
            raise FULL
        keep(log, seq, record_hash)  # type: ignore[arg-type]

    object.__setattr__(memory, "set_head", full)
    with pytest.raises(OutcomeUnknown):
        execute(world.workspace(), request)
    assert policy_now(world) != LOCKED


def test_credentials_that_expire_before_the_session_leave_the_request_open() -> None:
    """The operator's credentials expire before AssumeRoot: nothing happened, it can run again."""
    world, request = granted()
    gone = CredentialsError("the AWS credentials are expired (ExpiredToken)")

    def expire(_call: Call) -> None:
        world.aws.hooks.clear()
        raise gone

    world.aws.when("sts:AssumeRoot", expire)
    with pytest.raises(CredentialsError):
        execute(world.workspace(), request)
    state = world.log().sync()
    record = state.requests[request]  # type: ignore[index]
    stands = audit_log.request_state(state, record, world.clock.now(), lambda _run: False)
    assert stands is RequestState.APPROVED
    result = execute(world.workspace(), request)
    assert isinstance(result, Unlock)
    assert result.items[0].outcome == "repaired"


def test_a_log_lost_after_the_work_is_no_excuse_to_say_nothing_was_done() -> None:
    """The store dies right after the last record: the bucket is changed, so it is not exit 5."""
    world, request = granted()
    keep = world.store.get

    def get(key: str) -> object:
        if world.types()[-1] == "closed":
            world.store.down = True
        return keep(key)

    object.__setattr__(world.store, "get", get)
    with pytest.raises(OutcomeUnknown):
        execute(world.workspace(), request)
    assert policy_now(world) != LOCKED


def test_a_run_that_is_taken_over_tells_what_it_could_not_record() -> None:
    """Another machine goes on with the request: the session here is unrecorded, which is exit 7."""
    world, request = removal_granted()
    taken: list[bool] = []

    def take_over(_call: Call) -> None:
        if not taken:
            taken.append(True)
            result = execute(world.workspace("olga", concurrency=1), request)
            assert isinstance(result, Removal)
            assert result.summary.removed == len(MEMBERS)

    world.aws.when("sts:AssumeRoot", take_over)
    with pytest.raises(OutcomeUnknown, match="took this request over"):
        execute(world.workspace("alice", concurrency=1), request)
    assert world.aws.count("iam:DeleteLoginProfile") == len(MEMBERS)
    assert len(world.memory("alice").spooled()) == 1
    assert audit_log.integrity_findings(world.log().sync()) == ()


def test_a_plan_whose_time_is_over_says_what_was_done() -> None:
    """The time of a run ends between two changes: incomplete with the first named, and closed."""
    world = new_world()
    world.aws.flags.clear()
    world.aws.trusted.clear()
    world.aws.when("organizations:EnableAWSServiceAccess", lambda _call: world.clock.forward(1200))
    with pytest.raises(Incomplete, match="done before it: enable-trusted-access"):
        root_access.enable(world.workspace(), Ask(reason="set up"))
    assert not world.aws.flags
    assert world.types()[-1] == "closed"


def test_credentials_that_expire_between_two_changes_are_a_refusal() -> None:
    """The operator's credentials expire in mid-plan: recorded as refused, what was done is told."""
    world = new_world()
    world.aws.flags.clear()
    world.aws.trusted.clear()
    gone = CredentialsError("the AWS credentials are expired (ExpiredToken)")

    def expire(_call: Call) -> None:
        raise gone

    world.aws.when("iam:EnableOrganizationsRootSessions", expire)
    with pytest.raises(Incomplete, match="expired"):
        root_access.enable(world.workspace(), Ask(reason="set up"))
    assert world.types()[-2:] == ["step-result", "closed"]
