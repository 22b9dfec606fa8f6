"""CloudTrail's event history over real HTTP: every page, every account that a role opens."""

import gzip
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from orgroot.aws.cloudtrail import PAUSE_SECONDS, AwsTrails
from orgroot.core.config import OrganizationTrail
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.trail import ASSUME_ROOT, assume_root_event
from orgroot.errors import AwsError, AwsErrorKind, UsageError
from orgroot.sandbox.faults import Effect, Rule
from orgroot.sandbox.regions import BY_DEFAULT
from tests.aws.world import CLEAN, DIRTY, MANAGEMENT, World

ROLE = f"arn:aws:iam::{CLEAN}:role/OrganizationAccountAccessRole"


def trails(world: World, **options: Any) -> AwsTrails:
    """The gateway of the management account's administrator; its pauses are noted."""
    fields: dict[str, Any] = {"home": MANAGEMENT, "roles": {}, "sleep": world.pauses.append}
    return AwsTrails(world.door(), patience=world.patience, **(fields | options))


def seen(found: AwsTrails, account: str, region: str = "eu-west-1") -> list[Any]:
    """The AssumeRoot events of the last day."""
    now = datetime.now(UTC)
    texts = found.lookup(account, region, ASSUME_ROOT, now - timedelta(days=1), now)
    return [assume_root_event(text) for text in texts]


def test_the_regions_are_those_that_are_on(world: World) -> None:
    """Regions that nobody turned on are not looked at, for nothing can be called there."""
    assert trails(world).regions(MANAGEMENT) == tuple(sorted(BY_DEFAULT))


def test_a_session_is_found_by_its_access_key_id(world: World) -> None:
    """The event has the id that AssumeRoot answered, and the reference that travelled."""
    reference = "orq.abcdefghijkl.000000000004.0123456789abcdef01234567"
    session = world.sessions().assume_root(DIRTY, TaskPolicy.AUDIT, 900, reference)
    (event,) = seen(trails(world), MANAGEMENT)
    assert event.access_key_id == session.access_key_id
    assert (event.target, event.task_policy) == (DIRTY, TaskPolicy.AUDIT.value)
    assert event.references == (reference,)
    assert event.caller == f"arn:aws:iam::{MANAGEMENT}:user/administrator"
    assert seen(trails(world), MANAGEMENT, "us-east-1") == []


def test_every_page_is_read_at_two_requests_a_second(world: World) -> None:
    """No event is lost between pages, and the limit of LookupEvents is kept."""
    sts = world.server.client("sts", world.server.administrator(MANAGEMENT))
    for _ in range(101):
        sts.assume_root(TargetPrincipal=DIRTY, TaskPolicyArn={"arn": TaskPolicy.AUDIT.arn()})
    assert len({event.id for event in seen(trails(world), MANAGEMENT)}) == 101
    assert world.pauses == [PAUSE_SECONDS, PAUSE_SECONDS]


def test_throttling_is_waited_out(world: World) -> None:
    """AWS's plea to come back later is no reason to read less."""
    world.faults(Rule(effect=Effect.THROTTLE, operation="LookupEvents", count=4))
    assert seen(trails(world), MANAGEMENT) == []
    assert world.pauses


def test_another_account_is_read_through_its_role(world: World) -> None:
    """The role's session reads that account's own trail, and is opened once."""
    found = trails(world, roles={CLEAN: ROLE})
    world.organization.delegations["iam.amazonaws.com"] = {CLEAN: datetime.now(UTC)}
    delegate = world.server.client("sts", world.server.administrator(CLEAN))
    delegate.assume_root(TargetPrincipal=DIRTY, TaskPolicyArn={"arn": TaskPolicy.AUDIT.arn()})
    assert found.regions(CLEAN)
    (event,) = seen(found, CLEAN)
    assert (event.account, event.target) == (CLEAN, DIRTY)
    assert world.calls("AssumeRole") == 1


def test_a_reading_role_can_do_nothing_else(world: World) -> None:
    """Even an administrator's role is capped to reading the trail."""
    found = trails(world, roles={CLEAN: ROLE})
    session = found._roles.session(CLEAN)
    with pytest.raises(AwsError) as caught:
        world.door().call("s3", "ListBuckets", session=session)
    assert caught.value.kind is AwsErrorKind.DENIED


def test_an_account_without_a_role_is_not_read(world: World) -> None:
    """The refusal names the account and the key to set, and nothing is called."""
    before = world.calls("ListRegions")
    with pytest.raises(UsageError, match=CLEAN) as caught:
        trails(world).regions(CLEAN)
    assert caught.value.code == "no-reading-role"
    assert "reconcile.roles" in str(caught.value.hint)
    assert world.calls("ListRegions") == before


def test_a_role_that_does_not_let_us_in_is_a_refusal(world: World) -> None:
    """AWS's own words say who was denied what."""
    found = trails(world, roles={DIRTY: f"arn:aws:iam::{DIRTY}:role/no-such-role"})
    with pytest.raises(AwsError):
        found.regions(DIRTY)


def test_an_answer_without_regions_is_an_error(world: World) -> None:
    """An account has Regions: an empty list is a half answer, never "nothing to read"."""
    door = world.door()
    with Stubber(door.client("account", once=False)) as stub:
        stub.add_response("list_regions", {"Regions": []})
        with pytest.raises(AwsError, match="names no Region"):
            AwsTrails(door, home=MANAGEMENT, roles={}).regions(MANAGEMENT)


TRAIL = OrganizationTrail(bucket="corp-trail", account=MANAGEMENT, region="eu-west-1", prefix="a")


def delivered(world: World, *records: object, name: str, data: bytes = b"") -> None:
    """An object of an organization trail."""
    s3 = world.server.client("s3", world.server.administrator(MANAGEMENT))
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(
            Bucket="corp-trail", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    organization = world.organization.organization_id
    day = f"a/AWSLogs/{organization}/{DIRTY}/CloudTrail/us-east-1/2026/03/02"
    text = gzip.compress(json.dumps({"Records": records}).encode())
    key = f"{day}/{DIRTY}_CloudTrail_us-east-1_{name}.json.gz"
    s3.put_object(Bucket="corp-trail", Key=key, Body=data or text)


def objects(world: World) -> list[Any]:
    """What was delivered of an account in one hour."""
    found = trails(world, organization=world.organization.organization_id, trail=TRAIL)
    since = datetime(2026, 3, 2, 9, tzinfo=UTC)
    return list(found.delivered(DIRTY, "us-east-1", since, since + timedelta(hours=1)))


def test_objects_of_an_organization_trail_are_read_by_account_day_and_minute(world: World) -> None:
    """Only what was delivered in that time is fetched, and every record of it is given."""
    delivered(world, {"eventID": "1"}, {"eventID": "2"}, name="20260302T0910Z_aaaa")
    delivered(world, {"eventID": "3"}, name="20260302T1010Z_bbbb")
    delivered(world, {"eventID": "4"}, name="nobody-knows-when")
    found = [json.loads(text)["eventID"] for each in objects(world) for text in each]
    assert found == ["1", "2", "4"]


def test_the_trail_tells_in_which_regions_an_account_made_calls(world: World) -> None:
    """Its own folders say so, whatever Regions the management account has."""
    delivered(world, name="20260302T0910Z_aaaa")
    found = trails(world, organization=world.organization.organization_id, trail=TRAIL)
    assert found.delivered_regions(DIRTY) == ("us-east-1",)
    assert found.delivered_regions(CLEAN) == ()


@pytest.mark.parametrize(
    "data",
    [
        b"no gzip",
        gzip.compress(b"no json"),
        gzip.compress(b"[]"),
        gzip.compress(b"{}")[:9],
        gzip.compress(b'{"Records": ' + b"[" * 200_000),
    ],
    ids=["no gzip", "no json", "no object", "cut", "deep"],  # gzip's bytes hold the time
)
def test_a_damaged_object_is_an_error(world: World, data: bytes) -> None:
    """What cannot be read is never taken for "no calls"."""
    delivered(world, name="20260302T0910Z_aaaa", data=data)
    with pytest.raises(AwsError, match="is no object of a trail"):
        objects(world)


def test_without_a_trail_nothing_is_delivered(world: World) -> None:
    """The refusal names the key to set."""
    now = datetime.now(UTC)
    for read in (
        lambda: list(trails(world).delivered(DIRTY, "us-east-1", now, now)),
        lambda: trails(world).delivered_regions(DIRTY),
    ):
        with pytest.raises(UsageError) as caught:
            read()
        assert caught.value.code == "no-organization-trail"


def test_the_bucket_of_another_account_is_read_through_its_role(world: World) -> None:
    """The archive account's role opens its bucket, capped to reading."""
    place = OrganizationTrail(bucket="clean-bucket", account=CLEAN, region="eu-west-1")
    found = trails(world, roles={CLEAN: ROLE}, organization="o-x", trail=place)
    now = datetime.now(UTC)
    assert list(found.delivered(DIRTY, "us-east-1", now, now)) == []
    assert world.calls("AssumeRole") == 1
