"""The log's evidence: retentions that are read back, and that nobody weakens."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orgroot.sandbox import provision
from orgroot.sandbox.provision import UserKey
from tests.sandbox.conftest import MANAGEMENT, Sandbox

Refused = Callable[..., Any]
BUCKET = "locked-log"
OBJECT = {"Bucket": BUCKET, "Key": "000000000001.json"}
LATER = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)


@pytest.fixture
def s3(sandbox: Sandbox, manager: UserKey) -> Any:
    """A client, and a bucket with Object Lock."""
    client = sandbox.client("s3", manager)
    where = {"LocationConstraint": "eu-west-1"}
    client.create_bucket(
        Bucket=BUCKET, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=where
    )
    return client


def put(s3: Any, mode: str) -> str:
    """Write one locked object; its version id."""
    answer = s3.put_object(
        **OBJECT,
        Body=b"record",
        IfNoneMatch="*",
        ChecksumAlgorithm="SHA256",
        ObjectLockMode=mode,
        ObjectLockRetainUntilDate=LATER,
    )
    return str(answer["VersionId"])


def retain(until: datetime, mode: str = "COMPLIANCE") -> dict[str, Any]:
    """A retention as PutObjectRetention takes it."""
    return {"Retention": {"Mode": mode, "RetainUntilDate": until}}


def test_a_retention_is_read_back(s3: Any) -> None:
    """Mode and end must come back by GetObjectRetention and by HeadObject."""
    put(s3, "COMPLIANCE")
    held = s3.get_object_retention(**OBJECT)["Retention"]
    assert held == {"Mode": "COMPLIANCE", "RetainUntilDate": LATER}
    head = s3.head_object(**OBJECT)
    assert (head["ObjectLockMode"], head["ContentLength"]) == ("COMPLIANCE", 6)


def test_a_retention_is_shown_to_those_who_may_see_it(sandbox: Sandbox, s3: Any) -> None:
    """Without s3:GetObjectRetention an object comes, and its retention does not."""
    put(s3, "COMPLIANCE")
    document = provision.allow_policy(["s3:GetObject"])
    data_plane = sandbox.front.data_plane
    key = provision.add_user(data_plane, MANAGEMENT, "reader", {"read": document})
    found = sandbox.client("s3", key).get_object(**OBJECT)
    assert found["Body"].read() == b"record"
    assert "ObjectLockMode" not in found
    assert "ObjectLockMode" in s3.get_object(**OBJECT)


def test_an_object_without_retention_says_so(s3: Any, refused: Refused) -> None:
    """No retention is an error of its own, as is no object."""
    s3.put_object(**OBJECT, Body=b"x")
    assert refused(s3.get_object_retention, **OBJECT).code == "NoSuchObjectLockConfiguration"
    assert refused(s3.get_object_retention, Bucket=BUCKET, Key="none").code == "NoSuchKey"


def test_compliance_is_only_ever_lengthened(s3: Any, refused: Refused) -> None:
    """Neither a shorter end, nor a weaker mode, nor the bypass, nor a delete may pass."""
    version = put(s3, "COMPLIANCE")
    shorter, longer = LATER - timedelta(days=1), LATER + timedelta(days=1)
    for params in (
        retain(shorter),
        retain(longer, "GOVERNANCE"),
        {**retain(shorter), "BypassGovernanceRetention": True},
    ):
        assert refused(s3.put_object_retention, **OBJECT, **params).code == "AccessDenied"
    assert refused(s3.delete_object, **OBJECT, VersionId=version).code == "AccessDenied"
    s3.put_object_retention(**OBJECT, **retain(longer))
    assert s3.get_object_retention(**OBJECT)["Retention"]["RetainUntilDate"] == longer


def test_governance_is_weakened_with_the_bypass_alone(s3: Any, refused: Refused) -> None:
    """The bypass is what governance mode is about."""
    put(s3, "GOVERNANCE")
    shorter = retain(LATER - timedelta(days=1), "GOVERNANCE")
    assert refused(s3.put_object_retention, **OBJECT, **shorter).code == "AccessDenied"
    s3.put_object_retention(**OBJECT, **shorter, BypassGovernanceRetention=True)


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        ("not json", "valid JSON"),
        ("{}", "Statement"),
        ('{"Version": "2012-10-17", "Statement": []}', "empty"),
        ('{"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}', "Principal"),
        (provision.lock_policy("s3:*", ("arn:aws:s3:::another",)), "invalid resource"),
        (provision.lock_policy("sqs:*", ("arn:aws:s3:::locked-log",)), "invalid action"),
    ],
)
def test_a_malformed_bucket_policy_is_refused(
    s3: Any, refused: Refused, policy: str, why: str
) -> None:
    """S3 must store no policy that AWS would not."""
    answer = refused(s3.put_bucket_policy, Bucket=BUCKET, Policy=policy)
    assert (answer.code, answer.status) == ("MalformedPolicy", 400)
    assert why in answer.message
    assert refused(s3.get_bucket_policy, Bucket=BUCKET).code == "NoSuchBucketPolicy"


def test_what_moto_lacks_answers_501(sandbox: Sandbox, manager: UserKey, refused: Refused) -> None:
    """A service or operation that is not there must never look like a success."""
    analyzer = sandbox.client("accessanalyzer", manager)
    refusal = refused(analyzer.list_analyzers)
    assert (refusal.code, refusal.status) == ("NotImplemented", 501)
    iam = sandbox.client("iam", manager)
    refusal = refused(iam.simulate_custom_policy, PolicyInputList=["{}"], ActionNames=["a:b"])
    assert (refusal.code, refusal.status) == ("NotImplemented", 501)
