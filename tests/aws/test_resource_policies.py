"""Bucket policies inside a root session through the adapter, against the sandbox."""

import pytest

from orgroot.aws.clients import AwsDoor
from orgroot.aws.resource_policies import AwsResourcePolicies
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secrets import RootSession
from orgroot.errors import AwsError, AwsErrorKind, UsageError
from orgroot.sandbox.faults import Effect, Rule
from tests.aws.world import DIRTY, FOREIGN, LOCK, LOCKED, LOCKED_REGION, OPEN, World

REPAIRED = b'{ "Version":"2012-10-17",\n  "Statement": [{"Sid":"Keep","Effect":"Deny",\
"Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::corp-locked/*"}] }'


@pytest.fixture
def door(world: World) -> AwsDoor:
    """The operator's door."""
    return world.door()


@pytest.fixture
def session(world: World, door: AwsDoor) -> RootSession:
    """A root session in the owner of the locked bucket."""
    return world.sessions(door).assume_root(DIRTY, TaskPolicy.UNLOCK_BUCKET, 900, "orq.ref")


@pytest.fixture
def policies(world: World, door: AwsDoor) -> AwsResourcePolicies:
    """The gateway."""
    return world.policies(door)


def test_the_buckets_of_the_account_are_listed(
    policies: AwsResourcePolicies, session: RootSession
) -> None:
    """Only the session's account's buckets with their Regions, in order, all or by prefix."""
    found = [(bucket.name, bucket.region) for bucket in policies.buckets(session)]
    assert found == [(LOCKED, LOCKED_REGION), (OPEN, "eu-west-1")]
    assert [bucket.name for bucket in policies.buckets(session, "corp-o")] == [OPEN]


def test_a_policy_is_read_exactly(policies: AwsResourcePolicies, session: RootSession) -> None:
    """The text is the stored one, byte for byte; a bucket without a policy has None."""
    assert policies.bucket_policy(session, LOCKED, LOCKED_REGION) == LOCK.encode()
    assert policies.bucket_policy(session, OPEN, "eu-west-1") is None


def test_a_policy_is_written_exactly_and_deleted(
    policies: AwsResourcePolicies, session: RootSession
) -> None:
    """The owner's root replaces and deletes a policy that locks everyone out."""
    policies.put_bucket_policy(session, LOCKED, LOCKED_REGION, REPAIRED)
    assert policies.bucket_policy(session, LOCKED, LOCKED_REGION) == REPAIRED
    policies.delete_bucket_policy(session, LOCKED, LOCKED_REGION)
    assert policies.bucket_policy(session, LOCKED, LOCKED_REGION) is None


def test_another_region_is_named_not_followed(
    world: World, policies: AwsResourcePolicies, session: RootSession
) -> None:
    """A bucket elsewhere is WRONG_REGION with its Region, after one call and no HeadBucket."""
    with pytest.raises(AwsError) as caught:
        policies.bucket_policy(session, LOCKED, "eu-west-1")
    assert caught.value.kind is AwsErrorKind.WRONG_REGION
    assert LOCKED_REGION in caught.value.message
    assert (world.calls("GetBucketPolicy"), world.calls("HeadBucket")) == (1, 0)


def test_a_change_in_another_region_is_not_followed(
    world: World, policies: AwsResourcePolicies, session: RootSession
) -> None:
    """A deletion sent to the wrong Region is refused there and goes nowhere else."""
    with pytest.raises(AwsError) as caught:
        policies.delete_bucket_policy(session, LOCKED, "eu-west-1")
    assert caught.value.kind is AwsErrorKind.WRONG_REGION
    assert world.calls("DeleteBucketPolicy") == 1
    assert policies.bucket_policy(session, LOCKED, LOCKED_REGION) == LOCK.encode()


def test_another_accounts_bucket_is_denied(
    policies: AwsResourcePolicies, session: RootSession
) -> None:
    """ExpectedBucketOwner goes with every call: a foreign bucket is neither read nor changed."""
    for attempt in (
        lambda: policies.bucket_policy(session, FOREIGN, "eu-west-1"),
        lambda: policies.put_bucket_policy(session, FOREIGN, "eu-west-1", REPAIRED),
        lambda: policies.delete_bucket_policy(session, FOREIGN, "eu-west-1"),
    ):
        with pytest.raises(AwsError) as caught:
            attempt()
        assert caught.value.kind is AwsErrorKind.DENIED
        assert caught.value.aws_code == "AccessDenied"  # without it S3 says MethodNotAllowed
        assert "another account" in caught.value.message


def test_a_bucket_that_does_not_exist_is_not_found(
    policies: AwsResourcePolicies, session: RootSession
) -> None:
    """No bucket is NOT_FOUND, which is not "no policy"."""
    with pytest.raises(AwsError) as caught:
        policies.bucket_policy(session, "corp-nowhere", "eu-west-1")
    assert caught.value.kind is AwsErrorKind.NOT_FOUND


def test_a_policy_that_is_not_text_is_not_sent(
    world: World, policies: AwsResourcePolicies, session: RootSession
) -> None:
    """Bytes that are not UTF-8 never leave."""
    with pytest.raises(UsageError):
        policies.put_bucket_policy(session, LOCKED, LOCKED_REGION, b"\xff")
    assert world.calls("PutBucketPolicy") == 0


def test_a_lost_change_is_lost(
    world: World, policies: AwsResourcePolicies, session: RootSession
) -> None:
    """A deletion without an answer is LOST after one attempt."""
    world.faults(Rule(effect=Effect.LOST_REPLY, operation="DeleteBucketPolicy"))
    with pytest.raises(AwsError) as caught:
        policies.delete_bucket_policy(session, LOCKED, LOCKED_REGION)
    assert caught.value.kind is AwsErrorKind.LOST
    assert world.calls("DeleteBucketPolicy") == 1
