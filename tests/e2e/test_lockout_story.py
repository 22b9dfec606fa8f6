"""A bucket whose own administrator is locked out is usable again, and nothing innocent is lost."""

import base64
import json
from typing import Any

import pytest

from tests.e2e.bucket_owner import (
    ELSEWHERE,
    denial,
    document,
    innocent,
    make_bucket,
    policy,
    refused,
)
from tests.e2e.playground import Playground

EVERYTHING = {"get", "put", "delete"}
REASON = ("--reason", "the deploy role is locked out", "--ticket", "INC-4711")


def unlock(
    place: Playground, account: str, buckets: tuple[str, ...], mode: str, *more: str
) -> dict[str, Any]:
    """Inspect, ask, two approvals, execute; answers the result, its receipt held by the log."""
    for bucket in buckets:
        found = place.ok("alice", "inspect", "bucket", bucket, "--account", account)
        assert found["locked"] is True
    asked = ("unlock-bucket", *buckets, "--account", account, "--mode", mode, *more, *REASON)
    request = place.pending("alice", *asked)
    place.approve(request, "bob", "olga")
    result: dict[str, Any] = place.ok("alice", "execute", request, "--yes")
    assert result["request"] == request
    assert result["state"] == "SUCCEEDED"
    verified = place.run("carol", "--expect-head", result["receipt"], "log", "verify")
    assert verified.code == 0, verified.out
    return result


def backup(place: Playground, seq: int) -> dict[str, Any]:
    """The policy that a step-intent keeps, as `log show` gives it."""
    records = place.ok("carol", "log", "show", "--bodies", "--last", "1000")["records"]
    body = next(record["body"] for record in records if record["seq"] == seq)
    assert body["type"] == "step-intent"
    found: dict[str, Any] = json.loads(base64.b64decode(body["items"][0]["before_b64"]))
    return found


def test_dropping_the_lock_leaves_the_innocent_statement(place: Playground) -> None:
    """Locked by its owner's own hand, a bucket is usable after drop-statements, the rest intact."""
    account, bucket = place.account("backup"), "story-one-lock"
    s3 = place.in_account(account, "s3")
    make_bucket(s3, bucket, innocent(account, bucket))
    before = policy(s3, bucket)
    locked = [innocent(account, bucket), denial(bucket)]
    s3.put_bucket_policy(Bucket=bucket, Policy=document(*locked))
    assert refused(s3, bucket) == EVERYTHING
    result = unlock(place, account, (bucket,), "drop-statements", "--sid", "Oops")
    item = result["items"][0]
    assert item["outcome"] == "repaired"
    assert policy(s3, bucket) == before
    assert backup(place, item["backup"])["Statement"] == locked
    s3.put_object(Bucket=bucket, Key="state", Body=b"again")
    assert refused(s3, bucket) == set()


def test_deleting_the_policy_leaves_a_usable_bucket(place: Playground) -> None:
    """In delete mode the whole policy is gone, and its text is kept in the log."""
    account, bucket = place.account("backup"), "story-delete"
    s3 = place.in_account(account, "s3")
    make_bucket(s3, bucket, denial(bucket))
    assert refused(s3, bucket) == EVERYTHING
    item = unlock(place, account, (bucket,), "delete")["items"][0]
    assert item["outcome"] == "unlocked"
    assert item["after_sha256"] is None
    assert policy(s3, bucket) is None
    assert backup(place, item["backup"])["Statement"] == [denial(bucket)]


def test_several_buckets_are_one_request_and_one_session(place: Playground) -> None:
    """Three buckets of one account in two Regions: one request, one session, all usable."""
    account = place.account("backup")
    buckets = ("story-many-a", "story-many-b", "story-many-c")
    clients = [
        place.in_account(account, "s3", region_name=region)
        for region in ("eu-west-1", "eu-west-1", ELSEWHERE)
    ]
    for s3, bucket in zip(clients, buckets, strict=True):
        make_bucket(s3, bucket, innocent(account, bucket), denial(bucket, sid=f"Lock{bucket[-1]}"))
        assert refused(s3, bucket) == EVERYTHING
    sessions = len(place.witness()["sessions"])
    result = unlock(place, account, buckets, "drop-statements")
    assert [item["outcome"] for item in result["items"]] == ["repaired"] * 3
    assert len(place.witness()["sessions"]) == sessions + len(buckets) + 1
    for s3, bucket in zip(clients, buckets, strict=True):
        left = policy(s3, bucket)
        assert left is not None
        assert left["Statement"] == [innocent(account, bucket)]


@pytest.mark.parametrize("mode", ["drop-statements", "delete"])
def test_a_bucket_of_another_region_is_unlocked_there(place: Playground, mode: str) -> None:
    """The session speaks to the bucket's own Region, which nobody had to name."""
    account, bucket = place.account("network"), f"story-elsewhere-{mode}"
    s3 = place.in_account(account, "s3", region_name=ELSEWHERE)
    make_bucket(s3, bucket, innocent(account, bucket), denial(bucket))
    assert refused(s3, bucket) == EVERYTHING
    unlock(place, account, (bucket,), mode)
    left = policy(s3, bucket)
    kept = left["Statement"] if left else []
    assert kept == ([innocent(account, bucket)] if mode == "drop-statements" else [])


def test_a_policy_that_denies_only_changing_it_is_a_lock(place: Playground) -> None:
    """Readable, and yet nobody can change it: that is locked, and is unlocked."""
    account, bucket = place.account("backup"), "story-frozen"
    s3 = place.in_account(account, "s3")
    changes = ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
    make_bucket(s3, bucket, innocent(account, bucket), denial(bucket, changes, "Frozen"))
    assert refused(s3, bucket) == {"put", "delete"}
    unlock(place, account, (bucket,), "drop-statements", "--sid", "Frozen")
    assert policy(s3, bucket) == json.loads(document(innocent(account, bucket)))
    assert refused(s3, bucket) == set()


def test_every_root_session_of_these_stories_was_announced(place: Playground) -> None:
    """Whatever was unlocked above: each AssumeRoot met its durable intent or survey."""
    bucket = "story-witness"
    account = place.account("backup")
    s3 = place.in_account(account, "s3")
    make_bucket(s3, bucket, denial(bucket))
    unlock(place, account, (bucket,), "delete")
    sessions = place.all_witnessed()
    assert {session["task"] for session in sessions} == {"S3UnlockBucketPolicy"}
    assert place.ok("carol", "log", "verify")["findings"] == []
