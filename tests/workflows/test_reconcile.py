"""`reconcile`: trails first, log after; what was not read is named, what it came to is recorded."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from fakes.aws_members import MANAGEMENT, FakeBucket, aws_error
from fakes.buckets_world import ACCOUNT, BUCKET, LOCKED, inspected, locked_world
from fakes.crash_world import granted
from fakes.removal_world import ALL, audit_draft
from fakes.team import World, new_world
from fakes.trails import REGION

from orgroot.core.config import OrganizationTrail
from orgroot.core.ids import AccountId
from orgroot.core.results import ExitReason, Reconciliation
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secrets import RootSession
from orgroot.core.statements import timestamp
from orgroot.errors import AwsErrorKind, CredentialsError, UsageError
from orgroot.workflows import log_show
from orgroot.workflows.execution import execute
from orgroot.workflows.inspection import inspect_bucket
from orgroot.workflows.inventory import inventory
from orgroot.workflows.reconcile import reconcile_trails
from orgroot.workflows.run import Run
from orgroot.workflows.surveys import survey

DELEGATE, FORMER = AccountId("333333333333"), AccountId("222222222222")
LATER = timedelta(hours=1).total_seconds()
ABOUT = {"requestParameters": {"bucketName": BUCKET}}


def looked() -> World:
    """One session: a bucket was inspected."""
    world = locked_world()
    inspected(world)
    return world


def reconciled(world: World, **options: Any) -> Reconciliation:
    """A reconciliation by carol, once CloudTrail shows everything."""
    world.clock.forward(LATER)
    return reconcile_trails(world.workspace("carol"), **options)


def statuses(found: Reconciliation) -> list[str]:
    """The status of each session."""
    return [row.status for row in found.sessions]


def test_every_session_of_an_execution_and_of_a_survey_matches() -> None:
    """A day's work through orgroot leaves nothing to explain, and the record says so."""
    world, request = granted()
    execute(world.workspace(), request)
    inventory(world.workspace(), ALL)
    found = reconciled(world)
    assert len(world.aws.sessions) == len(found.sessions) > 4
    assert set(statuses(found)) == {"MATCHED"}
    assert found.exit_reasons == ()
    assert request in {row.request for row in found.sessions}
    assert world.types()[-1] == "reconciled"
    assert found.record == len(world.types())
    assert log_show.verify(world.log()).findings == ()


def test_a_survey_that_never_closed_is_read_all_the_same() -> None:
    """Its facts stand beside the log whether or not a closing record names them."""
    world = looked()
    last = f"{len(world.types()):012d}.json"
    assert json.loads(json.loads(world.store.objects.pop(last))["body"])["type"] == "closed"
    world.memories.clear()
    assert statuses(reconciled(world)) == ["MATCHED"]


def test_a_bad_survey_ends_nobody_s_look() -> None:
    """Whoever makes their own survey contradict itself hides no session outside: all are named."""
    world = looked()
    for key in [key for key in world.store.objects if key.startswith("facts/")]:
        world.store.objects[key] = b"{}\n"
    outside = world.trails.of(*world.aws.sessions[0]) | {
        "eventID": "another",
        "responseElements": {"credentials": {"accessKeyId": "ASIAOUTSIDE"}},
    }
    world.trails.add(**outside)
    found = reconciled(world)
    assert found.exit_reasons == (ExitReason.INTEGRITY,)
    assert "ASIAOUTSIDE" in {row.access_key_id for row in found.sessions}
    assert any("what a survey read" in note for note in world.progress.notes)
    (words,) = found.unsound
    assert "record 3" in words


def test_the_digest_is_that_of_the_report_as_anyone_can_compute_it() -> None:
    """Sorted keys, no blanks, less what the record itself adds: `jq -cSa` and `sha256sum` do it."""
    world = looked()
    found = reconciled(world)
    tree = json.loads(msgspec.json.encode(found))
    for name in ("digest", "record", "receipt"):
        del tree[name]
    text = json.dumps(tree, sort_keys=True, separators=(",", ":")) + "\n"
    assert hashlib.sha256(text.encode()).hexdigest() == found.digest
    raw = world.store.objects[f"{found.record:012d}.json"]
    assert json.loads(json.loads(raw)["body"])["report_sha256"] == found.digest


def test_a_survey_that_opens_two_sessions_in_an_account_has_one_on_record() -> None:
    """Its signer could put any number of them into its facts, and look at nothing."""
    world = new_world()

    def twice(run: Run) -> None:
        for _ in range(2):
            run.open_session(ACCOUNT, TaskPolicy.AUDIT)
        run.close(ACCOUNT, "clean")

    survey(world.workspace(), audit_draft(world, ACCOUNT), twice)
    assert sorted(statuses(reconciled(world))) == ["MATCHED", "UNLOGGED_SESSION"]


def test_a_session_of_nobody_is_an_integrity_finding() -> None:
    """AssumeRoot outside of orgroot is exit 4, with a copied reference too."""
    world = looked()
    outside = world.trails.of(*world.aws.sessions[0]) | {
        "eventID": "another",
        "responseElements": {"credentials": {"accessKeyId": "ASIAOUTSIDE"}},
    }
    world.trails.add(**outside)
    found = reconciled(world)
    assert found.exit_reasons == (ExitReason.INTEGRITY,)
    rows = {row.status: row for row in found.sessions}
    assert rows.keys() == {"MATCHED", "UNLOGGED_SESSION"}
    assert rows["UNLOGGED_SESSION"].access_key_id == "ASIAOUTSIDE"
    assert "the reference was copied" in rows["UNLOGGED_SESSION"].detail
    assert found.summary["UNLOGGED_SESSION"] == 1


def test_a_session_that_cloudtrail_lacks_is_missing_only_after_its_time_to_show() -> None:
    """Not yet visible is not absent; later it is unseen, which is exit 6."""
    world = looked()
    world.aws.sessions.clear()
    early = reconcile_trails(world.workspace("carol"))
    assert (statuses(early), early.exit_reasons) == (["NOT_YET_VISIBLE"], ())
    found = reconciled(world)
    assert (statuses(found), found.exit_reasons) == (["UNSEEN_SESSION"], (ExitReason.FINDINGS,))


@pytest.mark.parametrize("region", ["", REGION])
def test_what_is_not_read_is_named_and_incomplete(region: str) -> None:
    """A denied Region or account is exit 9, and no session is called missing for it."""
    world = looked()
    world.aws.sessions.clear()
    world.trails.broken[MANAGEMENT, region] = aws_error(AwsErrorKind.DENIED, "LookupEvents")
    found = reconciled(world)
    assert statuses(found) == ["NOT_READ"]
    assert found.exit_reasons == (ExitReason.INCOMPLETE,)
    (unread,) = found.unread
    assert (unread.account, unread.region) == (MANAGEMENT, region or None)
    assert "denied" in unread.reason


def test_a_session_of_an_account_that_nobody_reads_is_incomplete() -> None:
    """Its executor called from an account of which nothing says that it ever was a delegate."""
    world = looked()
    world.aws.sessions.clear()
    other = msgspec.structs.replace(world.config.organization, management_account=DELEGATE)
    world.config = msgspec.structs.replace(world.config, organization=other)
    found = reconciled(world)
    assert (statuses(found), found.unread) == (["NOT_READ"], ())
    assert found.exit_reasons == (ExitReason.INCOMPLETE,)


@pytest.mark.parametrize("name", ["Register", "Deregister"])
def test_every_delegate_is_read_and_every_former_one(name: str) -> None:
    """Who registered a delegate, used it and took it away again is found out, either way."""
    world = new_world()
    world.aws.delegates.append(DELEGATE)
    world.trails.add(
        MANAGEMENT,
        "us-east-1",
        eventName=f"{name}DelegatedAdministrator",
        eventTime=timestamp(world.clock.now()),
        requestParameters={"accountId": FORMER, "servicePrincipal": "iam.amazonaws.com"},
    )
    found = reconciled(world)
    assert {one.account for one in found.read} == {MANAGEMENT, DELEGATE, FORMER}
    assert all(one.regions == (REGION, "us-east-1") for one in found.read)


@pytest.mark.parametrize("region", ["ap-east-1", REGION, None])
def test_a_region_that_was_switched_off_is_not_read(region: str | None) -> None:
    """Who switched a Region on, used it and switched it off again leaves a gap, and it is named."""
    world = new_world()
    world.trails.add(
        MANAGEMENT,
        "us-east-1",
        eventName="DisableRegion",
        eventTime=timestamp(world.clock.now()),
        requestParameters={"regionName": region},
    )
    found = reconciled(world)
    if region == REGION:  # it is on again
        assert (found.unread, found.exit_reasons) == ((), ())
    else:
        assert [(one.account, one.region) for one in found.unread] == [(MANAGEMENT, region)]
        assert "switched off" in found.unread[0].reason
        assert found.exit_reasons == (ExitReason.INCOMPLETE,)


def test_where_the_former_delegates_cannot_be_known_the_report_is_incomplete() -> None:
    """Nobody says that all trails were read when nobody knows which there are."""
    world = new_world()
    world.trails.broken[MANAGEMENT, "us-east-1"] = aws_error(AwsErrorKind.DENIED, "LookupEvents")
    found = reconciled(world)
    assert found.exit_reasons == (ExitReason.INCOMPLETE,)
    assert {one.region for one in found.unread} == {"us-east-1"}


@pytest.mark.parametrize("region", ["", REGION])
def test_missing_credentials_end_the_command(region: str) -> None:
    """They concern every trail, so nothing is reported as if it had been looked at."""
    world = new_world()
    world.trails.broken[MANAGEMENT, region] = CredentialsError("expired")
    before = world.types()
    with pytest.raises(CredentialsError):
        reconciled(world)
    assert world.types() == before


def test_a_dry_run_writes_nothing_and_needs_no_key() -> None:
    """An auditor outside the roster may compare; to record, one must be somebody."""
    world = looked()
    before = world.types()
    stranger = replace(world.workspace("carol"), person=None, signer=None)
    found = reconcile_trails(stranger, record=False)
    assert found.record is None
    assert world.types() == before
    with pytest.raises(UsageError):
        reconcile_trails(stranger)
    assert world.types() == before


def test_sessions_from_before_the_window_are_not_looked_for() -> None:
    """One day back says nothing of last week."""
    world = looked()
    world.clock.forward(timedelta(days=3).total_seconds())
    found = reconciled(world, days=1)
    assert (found.sessions, found.exit_reasons) == ((), ())


def with_trail(world: World) -> World:
    """The configuration names an organization trail."""
    place = OrganizationTrail(bucket="corp-trail", account=MANAGEMENT, region=REGION)
    found = msgspec.structs.replace(world.config.reconcile, organization_trail=place)
    world.config = msgspec.structs.replace(world.config, reconcile=found)
    return world


def test_without_an_organization_trail_the_report_says_what_was_not_read() -> None:
    """Calls inside sessions stand in the members' trails, which nobody here can read."""
    assert reconciled(looked()).in_session_calls == "in-session calls not read"


def test_a_call_beyond_the_plan_is_an_integrity_finding() -> None:
    """The session was logged, and used for what nobody announced."""
    world = with_trail(looked())
    session, _ = world.aws.sessions[0]
    at = session.expires_at - timedelta(minutes=10)
    world.trails.used(session, "s3:GetBucketPolicy", at=at, **ABOUT)
    world.trails.used(session, "s3:DeleteBucketPolicy", at=at, **ABOUT)
    found = reconciled(world)
    assert (found.exit_reasons, found.unread) == ((ExitReason.INTEGRITY,), ())
    (row,) = found.overuse
    assert (row.action, row.access_key_id) == ("s3:DeleteBucketPolicy", session.access_key_id)
    assert found.summary["OVERUSE"] == 1
    assert "2 call(s) in 1 of 1 session(s)" in found.in_session_calls


class Liar:
    """AWS, to an executor who records other things of each session than AWS told."""

    def __init__(self, world: World, away: timedelta = timedelta(), **told: str) -> None:
        self._aws = world.aws
        self._away = away
        self._told = told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._aws, name)

    def assume_root(self, *args: Any) -> RootSession:
        """Open it, and tell another end, or something else."""
        session = self._aws.assume_root(*args)
        told: dict[str, Any] = {"expires_at": session.expires_at + self._away, **self._told}
        return replace(session, **told)


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("away", [timedelta(days=-40), timedelta(hours=-5), timedelta(days=400)])
def test_the_end_that_an_executor_tells_hides_no_call(away: timedelta, *, seen: bool) -> None:
    """When a session was used AWS says: its AssumeRoot, else all the time of its execution."""
    world = with_trail(locked_world())
    lying = replace(world.workspace(), root_sessions=Liar(world, away))  # type: ignore[arg-type]
    inspect_bucket(lying, ACCOUNT, BUCKET)
    session, _ = world.aws.sessions[0]
    at = session.expires_at - timedelta(minutes=1)
    world.trails.used(session, "s3:DeleteBucketPolicy", at=at)
    if not seen:
        world.aws.sessions.clear()
    found = reconciled(world)
    assert [row.action for row in found.overuse] == ["s3:DeleteBucketPolicy"]
    assert statuses(found) == ["MATCHED" if seen else "UNSEEN_SESSION"]
    assert ExitReason.INTEGRITY in found.exit_reasons


def test_a_session_that_two_claim_keeps_to_both_plans() -> None:
    """Whoever puts a session down once more, under what allows the call, makes nothing good."""
    world = with_trail(looked())
    world.aws.members[ACCOUNT].buckets["corp-other"] = FakeBucket(policy=LOCKED)
    session, _ = world.aws.sessions[0]
    liar: Any = Liar(world, access_key_id=session.access_key_id)
    inspect_bucket(replace(world.workspace(), root_sessions=liar), ACCOUNT, "corp-other")
    at = session.expires_at - timedelta(minutes=10)
    other = {"requestParameters": {"bucketName": "corp-other"}}
    world.trails.used(session, "s3:GetBucketPolicy", at=at, **other)
    found = reconciled(world)
    (row,) = found.overuse
    assert (row.action, row.access_key_id) == ("s3:GetBucketPolicy", session.access_key_id)
    assert sorted(statuses(found)) == ["MATCHED", "UNLOGGED_SESSION", "UNSEEN_SESSION"]


def test_calls_are_read_in_every_region_that_the_trail_has() -> None:
    """A member may have switched on a Region that the management account does not have."""
    world = with_trail(looked())
    session, _ = world.aws.sessions[0]
    at = session.expires_at - timedelta(minutes=10)
    world.trails.used(session, "s3:DeleteBucketPolicy", at=at, **ABOUT)
    world.trails.calls[session.account, "ap-east-1"] = world.trails.calls.popitem()[1]
    found = reconciled(world)
    assert [row.action for row in found.overuse] == ["s3:DeleteBucketPolicy"]
    world.trails.broken[session.account, ""] = aws_error(AwsErrorKind.DENIED, "ListObjectsV2")
    blind = reconciled(world)
    assert (blind.overuse, blind.exit_reasons) == ((), (ExitReason.INCOMPLETE,))
    assert {(one.account, one.region) for one in blind.unread} == {(session.account, None)}


@pytest.mark.parametrize("broken", [True, False])
def test_calls_that_were_not_read_are_named(*, broken: bool) -> None:
    """A denied object, or not one call of a session that was used: exit 9, never "no overuse"."""
    world = with_trail(looked())
    session, _ = world.aws.sessions[0]
    if broken:
        world.trails.broken[session.account, REGION] = aws_error(AwsErrorKind.DENIED, "GetObject")
    world.clock.forward(LATER)
    found = reconciled(world)
    assert found.exit_reasons == (ExitReason.INCOMPLETE,)
    (unread,) = found.unread
    assert (unread.account, unread.region) == (session.account, REGION if broken else None)


def test_sessions_of_one_account_are_read_in_one_go() -> None:
    """Times that overlap are read once, others apart."""
    world = looked()
    inspected(world)
    world.clock.forward(10 * LATER)
    inspected(world)
    for session, _ in world.aws.sessions:
        at = session.expires_at - timedelta(minutes=10)
        world.trails.used(session, "s3:GetBucketPolicy", at=at, **ABOUT)
    world.clock.forward(LATER)
    found = reconciled(with_trail(world))
    assert "3 call(s) in 3 of 3 session(s)" in found.in_session_calls
    assert found.exit_reasons == ()
