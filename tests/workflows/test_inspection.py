"""Inspecting a bucket: what is read, what is kept, and every clear end."""

import pytest
from fakes.aws_members import MANAGEMENT, FakeBucket
from fakes.buckets_world import ACCOUNT, BUCKET, LOCKED, OTHER, READ, locked_world, policy_of
from fakes.team import World

from orgroot.core.ids import AccountId, sha256
from orgroot.core.results import Inspection, RequestView
from orgroot.errors import AwsError, AwsErrorKind, RequestRefused, UsageError
from orgroot.workflows.approvals import approve
from orgroot.workflows.execution import execute
from orgroot.workflows.inspection import inspect_bucket, latest
from orgroot.workflows.log_show import verify
from orgroot.workflows.requests import Ask


def look(world: World, bucket: str = BUCKET, region: str | None = None) -> Inspection:
    """Alice inspects."""
    result = inspect_bucket(world.workspace(), ACCOUNT, bucket, region)
    assert isinstance(result, Inspection)
    return result


def test_a_locked_policy_is_explained_and_kept() -> None:
    """The text, its digest, what locks, and the command that repairs; only reads were sent."""
    world = locked_world()
    found = look(world)
    assert (found.locked, found.by, found.region) == (True, ("Lock",), "eu-west-1")
    assert found.policy == LOCKED.decode()
    assert found.sha256 == sha256(LOCKED)
    assert [(row.sid, row.locks) for row in found.statements] == [("Lock", True), ("Read", False)]
    assert "--mode drop-statements --sid 'Lock'" in (found.next or "")
    assert [call.operation for call in world.aws.writes] == ["sts:AssumeRoot"]
    log = world.log()
    log.sync()
    seen = latest(log, ACCOUNT, BUCKET, world.clock.now())
    assert seen is not None
    assert seen.policy == LOCKED
    assert verify(world.log()).findings == ()


def test_the_newest_inspection_counts() -> None:
    """A second look replaces the first."""
    world = locked_world()
    look(world)
    world.aws.members[ACCOUNT].buckets[BUCKET].policy = None
    look(world)
    log = world.log()
    log.sync()
    seen = latest(log, ACCOUNT, BUCKET, world.clock.now())
    assert seen is not None
    assert seen.policy is None


def test_a_bad_inspection_of_somebody_is_none() -> None:
    """Whatever its objects or facts say, the one before it counts, and nobody's command ends."""
    world = locked_world()
    look(world)
    good = dict(world.store.objects)
    world.aws.members[ACCOUNT].buckets[BUCKET].policy = None
    look(world)
    last = [key for key in world.store.objects if key not in good and key[0] in "of"]
    assert {key.partition("/")[0] for key in last} == {"facts", "objects"}
    for key in last:
        world.store.objects[key] = b"{}\n"
        log = world.log()
        log.sync()
        seen = latest(log, ACCOUNT, BUCKET, world.clock.now())
        assert seen is not None
        assert seen.policy == LOCKED


def test_the_region_is_found() -> None:
    """ListBuckets tells where the bucket is, whatever was asked for."""
    world = locked_world()
    world.aws.members[ACCOUNT].buckets[BUCKET].region = "us-east-1"
    assert look(world, region="eu-central-1").region == "us-east-1"


def test_no_policy_is_not_locked() -> None:
    """A bucket without policy: not locked, nothing to do next."""
    world = locked_world()
    world.aws.members[ACCOUNT].buckets[BUCKET].policy = None
    found = look(world)
    assert (found.policy, found.sha256, found.locked, found.next) == (None, None, False, None)


def test_an_open_policy_is_not_locked() -> None:
    """A policy that locks nobody out says so."""
    world = locked_world()
    world.aws.members[ACCOUNT].buckets[BUCKET].policy = policy_of(READ)
    found = look(world)
    assert (found.locked, found.by, found.next) == (False, (), None)


def test_no_such_bucket() -> None:
    """A bucket nobody has is exit 2 by its own code, and the survey is closed."""
    world = locked_world()
    with pytest.raises(UsageError) as caught:
        look(world, "no-such-bucket-here")
    assert caught.value.code == "no-such-bucket"
    assert world.types()[-1] == "closed"


def test_a_bucket_of_another_account() -> None:
    """A bucket of another account is exit 2 by its own code."""
    world = locked_world()
    world.aws.members[OTHER].buckets["theirs-alone"] = FakeBucket()
    with pytest.raises(UsageError) as caught:
        look(world, "theirs-alone")
    assert caught.value.code == "wrong-account"


def test_another_region_where_listing_is_denied() -> None:
    """Without ListBuckets the Region must be right, and the remedy is a flag."""
    world = locked_world()
    world.aws.members[ACCOUNT].buckets[BUCKET].region = "us-east-1"
    world.aws.fail("s3:ListBuckets")
    with pytest.raises(UsageError) as caught:
        look(world)
    assert caught.value.code == "wrong-region"
    assert "--bucket-region" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("account", "code"),
    [
        ("999999999999", "unknown-account"),
        (MANAGEMENT, "management-account"),
        ("666666666666", "not-active"),
    ],
)
def test_the_wrong_account_ends_before_any_session(account: str, code: str) -> None:
    """Not a member, the management account, not ACTIVE: exit 2 without AssumeRoot."""
    world = locked_world()
    world.aws.add_account("666666666666", state="SUSPENDED")
    with pytest.raises(UsageError) as caught:
        inspect_bucket(world.workspace(), AccountId(account), BUCKET)
    assert caught.value.code == code
    assert world.aws.writes == []


def test_a_refused_session_is_aws_refusing() -> None:
    """AWS refuses the session: exit 8, on record."""
    world = locked_world()
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.FEATURE_OFF)
    with pytest.raises(AwsError):
        look(world)
    assert world.types()[-2:] == ["survey", "closed"]


def test_a_denied_read_is_aws_refusing() -> None:
    """An SCP that stops GetBucketPolicy is exit 8."""
    world = locked_world()
    world.aws.fail("s3:GetBucketPolicy")
    with pytest.raises(AwsError):
        look(world)


def test_where_rules_want_approval_for_looking() -> None:
    """Under such rules an inspection is a request like any other, and executes into its result."""
    world = locked_world(reading=1)
    ask = Ask(reason="look at the policy")
    view = inspect_bucket(world.workspace(), ACCOUNT, BUCKET, None, ask)
    assert isinstance(view, RequestView)
    assert world.aws.writes == []
    approve(world.desk("bob"), view.id, "", lambda _summary: None)
    found = execute(world.workspace(), view.id)
    assert isinstance(found, Inspection)
    assert found.locked
    with pytest.raises(RequestRefused):
        execute(world.workspace(), view.id)
    log = world.log()
    log.sync()
    assert latest(log, ACCOUNT, BUCKET, world.clock.now()) is not None
