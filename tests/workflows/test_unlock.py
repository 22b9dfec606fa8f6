"""Unlocking buckets: from the inspection to the changed policy, and every end in between."""

import base64
import json
from datetime import timedelta

import msgspec
import pytest
from fakes.aws_members import MANAGEMENT, FakeBucket
from fakes.buckets_world import (
    ACCOUNT,
    ASK,
    BUCKET,
    LOCK,
    LOCKED,
    OTHER,
    READ,
    approved,
    inspected,
    locked_world,
    policy_now,
    policy_of,
    requested,
    wanted,
)

from orgroot.core.governed_tasks import UnlockMode
from orgroot.core.ids import AccountId
from orgroot.core.results import DryRun, ExitReason, RequestView, Unlock, exit_code
from orgroot.errors import AwsErrorKind, RequestRefused, UsageError
from orgroot.workflows.execution import execute
from orgroot.workflows.log_show import verify
from orgroot.workflows.unlock import Wanted, preview, unlock_buckets


def test_a_locked_bucket_is_repaired_under_two_approvals() -> None:
    """Only the approved text is written, innocent statements stay, and the log verifies."""
    world = locked_world()
    inspected(world)
    request = approved(world)
    result = execute(world.workspace(), request)
    assert isinstance(result, Unlock)
    assert result.exit_reasons == ()
    assert result.state == "SUCCEEDED"
    assert [item.outcome for item in result.items] == ["repaired"]
    assert policy_now(world) == policy_of(READ).replace(b"[{", b"[{", 1)
    backup = result.items[0].backup
    assert backup is not None
    raw = world.store.objects[f"{backup:012d}.json"]
    item = json.loads(json.loads(raw)["body"])["items"][0]
    assert base64.b64decode(item["before_b64"]) == LOCKED
    assert world.types()[2:] == [
        "survey",
        "closed",
        "request",
        "approval",
        "approval",
        "intent",
        "issued",
        "step-intent",
        "step-result",
        "closed",
    ]
    found = verify(world.log())
    assert found.findings == ()
    assert found.exit_reasons == ()


def test_a_policy_without_other_statements_is_deleted() -> None:
    """When nothing is left of a repaired policy, it is deleted."""
    world = locked_world()
    world.aws.members[ACCOUNT].buckets[BUCKET].policy = policy_of(LOCK)
    inspected(world)
    result = execute(world.workspace(), approved(world))
    assert isinstance(result, Unlock)
    assert [item.outcome for item in result.items] == ["unlocked"]
    assert policy_now(world) is None


def test_without_sids_the_statements_that_lock_are_dropped() -> None:
    """The inspection names what locks, and that is what the request asks to drop."""
    world = locked_world()
    inspected(world)
    result = execute(world.workspace(), approved(world, want=wanted(sids=())))
    assert isinstance(result, Unlock)
    assert result.items[0].outcome == "repaired"


def test_deletion_without_inspection_says_unseen() -> None:
    """A deletion may be asked for unseen; the request and the person who asks are told so."""
    world = locked_world()
    view = unlock_buckets(world.workspace(), wanted(mode=UnlockMode.DELETE), ASK)
    told = "\n".join(world.progress.notes)
    assert "nobody has read its policy" in told
    assert "orgroot inspect bucket" in told
    assert isinstance(view, RequestView)
    assert view.exit_reasons == (ExitReason.WAITING,)
    assert view.state == "PENDING"
    assert view.params["buckets"][0]["unseen"] is True
    assert view.could_approve == ("bob", "carol", "olga")
    assert "sts:AssumeRoot" not in {call.operation for call in world.aws.calls}
    result = execute(world.workspace(), approved(world, want=wanted(mode=UnlockMode.DELETE)))
    assert isinstance(result, Unlock)
    assert policy_now(world) is None


def test_several_buckets_are_one_request_and_one_session() -> None:
    """Two buckets are approved together and done in one root session."""
    world = locked_world()
    world.aws.members[ACCOUNT].buckets["corp-two"] = FakeBucket(
        policy=policy_of(LOCK, bucket="corp-two")
    )
    inspected(world, BUCKET, "corp-two")
    before = world.aws.count("sts:AssumeRoot")
    result = execute(world.workspace(), approved(world, want=wanted(BUCKET, "corp-two")))
    assert isinstance(result, Unlock)
    assert [item.outcome for item in result.items] == ["repaired", "unlocked"]
    assert world.aws.count("sts:AssumeRoot") == before + 1


def test_drop_statements_needs_a_young_inspection() -> None:
    """Without an inspection under an hour old the command is named and AWS is not changed."""
    world = locked_world()
    for wait in (None, timedelta(minutes=61)):
        if wait is not None:
            inspected(world)
            world.clock.forward(wait.total_seconds())
        world.aws.calls.clear()
        with pytest.raises(UsageError) as caught:
            unlock_buckets(world.workspace(), wanted(), ASK)
        assert f"orgroot inspect bucket {BUCKET} --account {ACCOUNT}" in (caught.value.hint or "")
        assert world.aws.writes == []


def test_a_policy_changed_since_the_request_is_left_alone() -> None:
    """A changed policy ends as refused, STALE, FAILED; nothing is written to the bucket."""
    world = locked_world()
    inspected(world)
    request = approved(world)
    changed = policy_of(LOCK)
    world.aws.members[ACCOUNT].buckets[BUCKET].policy = changed
    result = execute(world.workspace(), request)
    assert isinstance(result, Unlock)
    assert result.state == "FAILED"
    assert [item.outcome for item in result.items] == ["refused"]
    assert "STALE" in (result.items[0].reason or "")
    assert exit_code(result.exit_reasons) == 3
    assert policy_now(world) == changed
    assert "step-intent" not in world.types()


def test_a_bucket_unlocked_meanwhile_is_not_touched() -> None:
    """Whoever removed the policy in the meantime made it not-locked: exit 0, nothing is changed."""
    world = locked_world()
    request = approved(world, want=wanted(mode=UnlockMode.DELETE))
    world.aws.members[ACCOUNT].buckets[BUCKET].policy = None
    result = execute(world.workspace(), request)
    assert isinstance(result, Unlock)
    assert [item.outcome for item in result.items] == ["not-locked"]
    assert result.exit_reasons == ()
    assert result.state == "SUCCEEDED"


def test_an_inspected_bucket_that_is_not_locked_needs_no_request() -> None:
    """Nothing to unlock: exit 0 and no request."""
    world = locked_world()
    world.aws.members[ACCOUNT].buckets[BUCKET].policy = policy_of(READ)
    inspected(world)
    result = unlock_buckets(world.workspace(), wanted(sids=()), ASK)
    assert isinstance(result, Unlock)
    assert (result.request, result.exit_reasons) == (None, ())
    assert result.items[0].outcome == "not-locked"
    assert "request" not in world.types()


@pytest.mark.parametrize(
    ("want", "code"),
    [
        (wanted("NOT A BUCKET"), "bucket-name"),
        (
            Wanted(account=AccountId("999999999999"), buckets=(BUCKET,), mode=UnlockMode.DELETE),
            "unknown-account",
        ),
        (
            Wanted(account=MANAGEMENT, buckets=(BUCKET,), mode=UnlockMode.DELETE),
            "management-account",
        ),
        (
            Wanted(account=ACCOUNT, buckets=(BUCKET,), mode=UnlockMode.DELETE, region="moon"),
            "region",
        ),
        (Wanted(account=ACCOUNT, buckets=(BUCKET,), mode=UnlockMode.DELETE, sids=("Lock",)), "sid"),
    ],
)
def test_bad_input_ends_before_any_writing_call(want: Wanted, code: str) -> None:
    """Each wrong word ends with exit 2 and its own code, and AWS is only read."""
    world = locked_world()
    with pytest.raises(UsageError) as caught:
        unlock_buckets(world.workspace(), want, ASK)
    assert caught.value.code == code
    assert world.aws.writes == []
    assert world.types() == ["genesis", "rules"]


def test_an_unknown_sid_names_those_there_are() -> None:
    """A statement that does not exist is exit 2."""
    world = locked_world()
    inspected(world)
    with pytest.raises(UsageError, match="no such statement") as caught:
        unlock_buckets(world.workspace(), wanted(sids=("Lokc",)), ASK)
    assert "--sid 'Lock'" in (caught.value.hint or "")


def test_dropping_too_little_is_said_before_anyone_approves() -> None:
    """A repair that would leave the bucket locked is refused with what is still missing."""
    world = locked_world()
    second = LOCK | {"Sid": "Second"}
    world.aws.members[ACCOUNT].buckets[BUCKET].policy = policy_of(LOCK, second)
    inspected(world)
    with pytest.raises(UsageError) as caught:
        unlock_buckets(world.workspace(), wanted(), ASK)
    assert caught.value.code == "still-locked"


def test_a_missing_reason_is_usage() -> None:
    """Where approvals are needed, so is a reason: exit 2 before anything is written."""
    world = locked_world()
    with pytest.raises(UsageError) as caught:
        unlock_buckets(world.workspace(), wanted(mode=UnlockMode.DELETE), ASK.__class__())
    assert caught.value.code == "reason"
    assert world.types() == ["genesis", "rules"]


def test_a_dry_run_writes_nothing() -> None:
    """The preview says what would be asked and who could approve, and writes nowhere."""
    world = locked_world()
    inspected(world)
    before, records = dict(world.store.objects), len(world.aws.writes)
    shown = preview(world.workspace(), wanted(), ASK)
    assert isinstance(shown, DryRun)
    assert shown.params["buckets"][0]["sids"] == ["Lock"]
    assert {(need.group, need.count) for need in shown.needs} == {("security", 1), (None, 1)}
    assert world.store.objects == before
    assert len(world.aws.writes) == records


def test_a_refused_session_is_recorded_and_can_be_tried_again() -> None:
    """A definite refusal by AWS reopens the request; the next execution does it."""
    world = locked_world()
    inspected(world)
    request = approved(world)
    world.aws.fail("sts:AssumeRoot")
    result = execute(world.workspace(), request)
    assert isinstance(result, Unlock)
    assert exit_code(result.exit_reasons) == 8
    assert [item.outcome for item in result.items] == ["failed"]
    assert world.types()[-2:] == ["intent", "aborted"]
    again = execute(world.workspace(), request)
    assert isinstance(again, Unlock)
    assert again.items[0].outcome == "repaired"


def test_a_refused_change_leaves_the_policy_and_says_so() -> None:
    """AWS refuses the change: failed, exit 8, the policy stands, the log tells both."""
    world = locked_world()
    inspected(world)
    request = approved(world)
    world.aws.fail("s3:PutBucketPolicy")
    result = execute(world.workspace(), request)
    assert isinstance(result, Unlock)
    assert exit_code(result.exit_reasons) == 8
    assert result.state == "FAILED"
    assert policy_now(world) == LOCKED


def test_a_lost_reply_is_settled_by_reading_back() -> None:
    """The change was made and its answer lost: what is read back proves it."""
    world = locked_world()
    inspected(world)
    request = approved(world)
    world.aws.fail("s3:PutBucketPolicy", AwsErrorKind.LOST, after=True)
    result = execute(world.workspace(), request)
    assert isinstance(result, Unlock)
    assert result.items[0].outcome == "repaired"


def test_what_cannot_be_read_back_is_unknown() -> None:
    """A lost answer that nothing settles is unknown: exit 7."""
    world = locked_world()
    inspected(world)
    request = approved(world)
    world.aws.fail("s3:PutBucketPolicy", AwsErrorKind.LOST)
    result = execute(world.workspace(), request)
    assert isinstance(result, Unlock)
    assert result.items[0].outcome == "unknown"
    assert exit_code(result.exit_reasons) == 7
    assert result.state == "UNKNOWN"


def test_a_bucket_of_another_account_is_refused_in_the_session() -> None:
    """The approved account does not own it: refused, nothing changed anywhere."""
    world = locked_world()
    bucket = world.aws.members[ACCOUNT].buckets.pop(BUCKET)
    world.aws.members[OTHER].buckets[BUCKET] = bucket
    result = execute(world.workspace(), approved(world, want=wanted(mode=UnlockMode.DELETE)))
    assert isinstance(result, Unlock)
    assert result.items[0].outcome == "refused"
    assert "does not own" in (result.items[0].reason or "")
    assert bucket.policy == LOCKED


def test_a_bucket_in_another_region_is_refused_with_its_region() -> None:
    """The approved Region is not the bucket's: refused, and the right one is named."""
    world = locked_world()
    world.aws.members[ACCOUNT].buckets[BUCKET].region = "us-east-1"
    result = execute(world.workspace(), approved(world, want=wanted(mode=UnlockMode.DELETE)))
    assert isinstance(result, Unlock)
    assert result.items[0].outcome == "refused"
    assert "us-east-1" in (result.items[0].reason or "")
    assert policy_now(world) == LOCKED


def test_the_inspected_region_is_used() -> None:
    """A bucket elsewhere is repaired where the inspection found it."""
    world = locked_world()
    world.aws.members[ACCOUNT].buckets[BUCKET].region = "us-east-1"
    inspected(world)
    result = execute(world.workspace(), approved(world))
    assert isinstance(result, Unlock)
    assert result.items[0].outcome == "repaired"


def test_it_is_executed_once() -> None:
    """A second execution is refused (exit 3) and AWS is only read."""
    world = locked_world()
    inspected(world)
    request = approved(world)
    execute(world.workspace(), request)
    world.aws.calls.clear()
    with pytest.raises(RequestRefused, match="was executed"):
        execute(world.workspace(), request)
    assert world.aws.writes == []


def test_the_log_bucket_is_never_unlocked() -> None:
    """No rule opens the bucket that holds the log."""
    world = locked_world()
    tree = world.config.trust
    assert tree is not None
    world.config = msgspec.structs.replace(
        world.config, trust=msgspec.structs.replace(tree, store=f"s3://{BUCKET}/v1/")
    )
    with pytest.raises(RequestRefused) as caught:
        unlock_buckets(world.workspace(), wanted(mode=UnlockMode.DELETE), ASK)
    assert caught.value.code == "log-bucket"


def test_the_same_command_continues_the_open_request() -> None:
    """The same ask by the same person is the same request, said on stderr."""
    world = locked_world()
    inspected(world)
    first = requested(world)
    second = requested(world)
    assert first == second
    assert world.progress.notes == [f"continuing {first}"]
