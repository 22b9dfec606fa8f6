"""Calls inside root sessions against what their executions announced."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.session_use import SessionCall, SessionPlan, overuse, session_call
from orgroot.core.trail import UNTOLD
from tests.core import scene as s

KEY = "ASIA1"
STEP = ("s3:PutBucketPolicy", s.BUCKET)


def record(action: str = "s3:GetBucketPolicy", **changes: Any) -> dict[str, Any]:
    """A call as the member's trail has it."""
    service, _, name = action.partition(":")
    tree: dict[str, Any] = {
        "eventID": "c-1",
        "eventTime": "2026-03-02T09:10:00Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "userIdentity": {"type": "Root", "accountId": s.ACCOUNT, "accessKeyId": KEY},
        "requestParameters": {"bucketName": s.BUCKET, "Host": "s3.amazonaws.com"},
    }
    return tree | changes


def call(action: str, **changes: Any) -> SessionCall:
    """The call in such a record."""
    found = session_call(json.dumps(record(action, **changes)))
    assert found is not None
    return found


def plan(
    *steps: tuple[str, str], policy: TaskPolicy = TaskPolicy.UNLOCK_BUCKET, free: bool = False
) -> dict[str, SessionPlan]:
    """The plan of the one session."""
    return {KEY: SessionPlan(execution="oex_a", policy=policy, steps=steps, free=free)}


def beyond(plans: dict[str, SessionPlan], *calls: SessionCall) -> list[str]:
    """The actions of the calls that no plan has."""
    return [found.action for found, _ in overuse(calls, plans)]


def test_a_call_is_read_as_aws_writes_it() -> None:
    """Action, names and session come from the members of the record; S3 names its buckets so."""
    found = call("s3:PutBucketPolicy", errorCode="AccessDenied")
    assert (found.account, found.region, found.access_key_id) == (s.ACCOUNT, "eu-west-1", KEY)
    assert (found.action, found.error) == ("s3:PutBucketPolicy", "AccessDenied")
    assert s.BUCKET in found.named
    assert call("s3:ListBuckets").action == "s3:ListAllMyBuckets"
    assert call("iam:GetUser", eventTime=None).at == UNTOLD
    assert call("iam:A", requestParameters={"a": "b", "n": 7}).named == {"b"}


@pytest.mark.parametrize(
    "identity",
    [
        {"type": "IAMUser", "accessKeyId": KEY},
        {"type": "Root", "accessKeyId": "AKIALONGTERM"},
        {"type": "Root"},
        None,
    ],
)
def test_only_temporary_root_sessions_count(identity: Any) -> None:
    """The root user itself, and everyone else, is no session of ours."""
    assert session_call(json.dumps(record(userIdentity=identity))) is None


@given(st.text() | st.sampled_from(["[" * 100_000, "[]", "7"]))
def test_any_text_is_no_call(text: str) -> None:
    """Whatever an object holds, reading it never fails."""
    assert session_call(text) is None


@pytest.mark.parametrize(
    ("action", "steps", "fits"),
    [
        ("s3:GetBucketPolicy", (), True),
        ("s3:ListBuckets", (), True),
        ("s3:PutBucketPolicy", (STEP,), True),
        ("s3:PutBucketPolicy", (), False),
        ("s3:PutBucketPolicy", (("s3:PutBucketPolicy", "other"),), False),
        ("s3:DeleteBucketPolicy", (STEP,), False),
        ("s3:GetObject", (), False),
        ("iam:ListAccessKeys", (), False),
        ("sts:GetCallerIdentity", (), False),
    ],
)
def test_a_call_is_a_read_of_its_task_or_an_announced_change(
    action: str, steps: tuple[tuple[str, str], ...], *, fits: bool
) -> None:
    """Reads that orgroot sends, and changes by operation and target; nothing else is planned."""
    assert (beyond(plan(*steps), call(action)) == []) is fits


def test_the_policy_of_another_bucket_is_beyond_the_plan() -> None:
    """The task policy opens every bucket of the account, the plan those that it names."""
    about = {KEY: replace(plan()[KEY], buckets={s.BUCKET: None})}
    other = call("s3:GetBucketPolicy", requestParameters={"bucketName": "other"})
    assert beyond(about, call("s3:GetBucketPolicy"), call("s3:ListBuckets", eventID="c-2")) == []
    assert beyond(about, other) == ["s3:GetBucketPolicy"]
    assert beyond({KEY: replace(about[KEY], free=True)}, other) == []
    assert beyond(plan(), other) == []


APPROVED = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]}
RESPELLED = {"Statement": {"Effect": "Allow", "Action": ["s3:GetObject"]}, "Version": "2012-10-17"}


@pytest.mark.parametrize(
    ("put", "fits"),
    [
        (APPROVED, True),
        (RESPELLED, True),
        ({**APPROVED, "Statement": [{"Effect": "Allow", "Action": "s3:*"}]}, False),
        ({**APPROVED, "Statement": []}, False),
        ("no policy", False),
        (None, False),
    ],
)
def test_the_policy_that_is_put_is_the_one_that_was_approved(put: Any, *, fits: bool) -> None:
    """By its meaning; a record that does not show it is no proof of anything."""
    about = {s.BUCKET: json.dumps(APPROVED).encode()}
    plans = {KEY: replace(plan(STEP)[KEY], buckets=about)}
    shown = call(STEP[0], requestParameters={"bucketName": s.BUCKET, "bucketPolicy": put})
    assert (beyond(plans, shown) == []) is fits
    assert beyond(plans, replace(shown, error="MalformedPolicy")) == []


def test_a_refused_attempt_beyond_the_plan_counts_too() -> None:
    """AWS stopped it, and somebody tried."""
    assert beyond(plan(), call("s3:GetObject", errorCode="AccessDenied")) == ["s3:GetObject"]


def test_a_change_is_announced_once_for_each_time_it_is_made() -> None:
    """A second change of the same target is nobody's plan; refused ones do not use it up."""
    first, second = call(STEP[0]), call(STEP[0], eventID="c-2")
    refused = call(STEP[0], eventID="c-0", errorCode="OperationAborted")
    assert beyond(plan(STEP), refused, first, first) == []
    assert beyond(plan(STEP), first, second) == [STEP[0]]
    assert beyond(plan(STEP, STEP), first, second) == []


def test_deleting_a_deactivated_device_is_part_of_its_step() -> None:
    """Orgroot deletes a virtual device after it was deactivated, under the same step."""
    serial = "arn:aws:iam::333333333333:mfa/root"
    device = {"serialNumber": serial}
    plans = plan(("iam:DeactivateMFADevice", serial), policy=TaskPolicy.DELETE_CREDENTIALS)
    both = ("iam:DeactivateMFADevice", "iam:DeleteVirtualMFADevice")
    calls = [call(name, eventID=name, requestParameters=device) for name in both]
    assert beyond(plans, *calls) == []


def test_a_call_that_names_nothing_is_about_the_password() -> None:
    """DeleteLoginProfile has no parameter in a root session."""
    plans = plan(("iam:DeleteLoginProfile", "password"), policy=TaskPolicy.DELETE_CREDENTIALS)
    assert beyond(plans, call("iam:DeleteLoginProfile", requestParameters=None)) == []


@pytest.mark.parametrize("deep", [{"bucketPolicy": {"Sid": s.BUCKET}}, {"names": [s.BUCKET]}])
def test_what_a_policy_says_is_not_what_a_call_is_about(deep: dict[str, Any]) -> None:
    """Whoever writes the announced name into another bucket's policy has not changed that one."""
    other = call(STEP[0], requestParameters={"bucketName": "other", **deep})
    assert beyond(plan(STEP), other) == [STEP[0]]
    assert beyond(plan(STEP), call(STEP[0], requestParameters=deep)) == [STEP[0]]
    assert beyond(plan(STEP), call(STEP[0], requestParameters=None)) == [STEP[0]]


def test_a_session_that_was_handed_out_may_do_what_its_task_opens() -> None:
    """Its plan is its task policy, and not more."""
    plans = plan(free=True)
    assert beyond(plans, call("s3:PutBucketPolicy"), call("iam:ListUsers", eventID="c-2")) == [
        "iam:ListUsers"
    ]


def test_calls_of_other_sessions_are_no_business_of_ours() -> None:
    """A session that the log does not have is told as unlogged, by its AssumeRoot."""
    assert overuse([call("iam:ListUsers")], {}) == ()


def test_two_executions_do_not_share_their_steps() -> None:
    """Each may change the bucket once."""
    one = plan(STEP)[KEY]
    plans = {KEY: one, "ASIA2": SessionPlan(execution="oex_b", policy=one.policy, steps=(STEP,))}
    other = record(STEP[0], eventID="c-2")
    other["userIdentity"]["accessKeyId"] = "ASIA2"
    second = session_call(json.dumps(other))
    assert second is not None
    assert beyond(plans, call(STEP[0]), second) == []
