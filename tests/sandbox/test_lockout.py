"""Locked buckets and queues, other accounts' buckets, Regions, and writers that race."""

import json
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from orgroot.sandbox import provision
from orgroot.sandbox.provision import UserKey
from tests.sandbox.conftest import MANAGEMENT, MEMBER, OTHER, Sandbox

Refused = Callable[..., Any]
BUCKET = "locked-bucket"
QUEUE = "locked-queue"
QUEUE_ARN = f"arn:aws:sqs:eu-west-1:{MEMBER}:{QUEUE}"
LOCK = provision.lock_policy("s3:*", (f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"))
QUEUE_LOCK = provision.lock_policy("sqs:*", (QUEUE_ARN,))


@pytest.fixture
def locked(sandbox: Sandbox) -> Sandbox:
    """A sandbox with a locked bucket and a locked queue in the member account."""
    data = sandbox.front.data_plane
    provision.add_bucket(data, MEMBER, BUCKET, "eu-west-1", LOCK)
    provision.add_queue(data, MEMBER, QUEUE, "eu-west-1", QUEUE_LOCK)
    return sandbox


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("get_bucket_policy", {}),
        ("delete_bucket_policy", {}),
        ("put_bucket_policy", {"Policy": "{}"}),
        ("list_objects_v2", {}),
        ("put_object", {"Key": "k", "Body": b"x"}),
        ("get_object", {"Key": "k"}),
        ("delete_bucket", {}),
    ],
)
def test_a_locked_bucket_is_closed_to_its_administrator(
    locked: Sandbox, refused: Refused, operation: str, params: dict[str, Any]
) -> None:
    """A deny-everyone policy must stop the account's own administrator, the policy calls too."""
    s3 = locked.client("s3", locked.administrator(MEMBER))
    answer = refused(getattr(s3, operation), Bucket=BUCKET, **params)
    assert (answer.code, answer.status) == ("AccessDenied", 403)
    assert answer.message.endswith("with an explicit deny in a resource-based policy")


def test_a_root_session_unlocks_a_bucket_and_nothing_else(
    locked: Sandbox, refused: Refused
) -> None:
    """Read the policy, delete it, and the administrator is back; objects stay out of reach."""
    root = locked.client("s3", locked.root_session("S3UnlockBucketPolicy"))
    assert json.loads(root.get_bucket_policy(Bucket=BUCKET)["Policy"]) == json.loads(LOCK)
    assert refused(root.list_objects_v2, Bucket=BUCKET).code == "AccessDenied"
    root.delete_bucket_policy(Bucket=BUCKET, ExpectedBucketOwner=MEMBER)
    assert refused(root.get_bucket_policy, Bucket=BUCKET).code == "NoSuchBucketPolicy"
    administrator = locked.client("s3", locked.administrator(MEMBER))
    administrator.put_object(Bucket=BUCKET, Key="k", Body=b"usable again")
    assert administrator.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"usable again"


def test_a_root_session_repairs_a_bucket_policy(locked: Sandbox) -> None:
    """Put is open too, so that a minimal repair is possible."""
    root = locked.client("s3", locked.root_session("S3UnlockBucketPolicy"))
    kept = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:DeleteBucket",
                "Resource": f"arn:aws:s3:::{BUCKET}",
            }
        ],
    }
    root.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(kept))
    administrator = locked.client("s3", locked.administrator(MEMBER))
    assert json.loads(administrator.get_bucket_policy(Bucket=BUCKET)["Policy"]) == kept


def test_a_locked_queue_is_closed_and_root_unlocks_it(locked: Sandbox, refused: Refused) -> None:
    """The same for a queue: closed to its administrator, opened by an empty Policy attribute."""
    sqs = locked.client("sqs", locked.administrator(MEMBER))
    url = f"{locked.endpoint}/{MEMBER}/{QUEUE}"
    for operation, params in (
        ("get_queue_attributes", {"AttributeNames": ["Policy"]}),
        ("set_queue_attributes", {"Attributes": {"Policy": ""}}),
        ("send_message", {"MessageBody": "x"}),
    ):
        answer = refused(getattr(sqs, operation), QueueUrl=url, **params)
        assert (operation, answer.code, answer.status) == (operation, "AccessDenied", 403)
    root = locked.client("sqs", locked.root_session("SQSUnlockQueuePolicy"))
    (found,) = root.list_queues(QueueNamePrefix=QUEUE)["QueueUrls"]
    text = root.get_queue_attributes(QueueUrl=found, AttributeNames=["Policy"])
    assert json.loads(text["Attributes"]["Policy"]) == json.loads(QUEUE_LOCK)
    # Root keeps the two attribute calls alone; that it may look up the URL is nowhere said.
    assert refused(root.get_queue_url, QueueName=QUEUE).code == "AccessDenied"
    assert refused(root.send_message, QueueUrl=found, MessageBody="x").code == "AccessDenied"
    root.set_queue_attributes(QueueUrl=found, Attributes={"Policy": ""})
    assert "Attributes" not in root.get_queue_attributes(QueueUrl=found, AttributeNames=["Policy"])
    sqs.send_message(QueueUrl=url, MessageBody="usable again")


def test_root_of_another_account_opens_nothing(locked: Sandbox, refused: Refused) -> None:
    """Only the owner's root keeps the policy calls: S3 answers 405 to other accounts."""
    root = locked.client("s3", locked.root_session("S3UnlockBucketPolicy", OTHER))
    answer = refused(root.get_bucket_policy, Bucket=BUCKET)
    assert (answer.code, answer.status) == ("MethodNotAllowed", 405)


def test_an_unexpected_bucket_owner_is_denied(locked: Sandbox, refused: Refused) -> None:
    """ExpectedBucketOwner must be compared with the true owner."""
    root = locked.client("s3", locked.root_session("S3UnlockBucketPolicy"))
    answer = refused(root.delete_bucket_policy, Bucket=BUCKET, ExpectedBucketOwner=OTHER)
    assert (answer.code, answer.status) == ("AccessDenied", 403)
    assert root.get_bucket_policy(Bucket=BUCKET)["Policy"]


def test_an_scp_can_stop_an_unlock(
    locked: Sandbox, refused: Refused, new_policy: Callable[..., str]
) -> None:
    """SCPs bind a root session in the member, and the message names the policy."""
    arn = new_policy(
        MEMBER, [{"Effect": "Deny", "Action": "s3:DeleteBucketPolicy", "Resource": "*"}]
    )
    root = locked.client("s3", locked.root_session("S3UnlockBucketPolicy"))
    answer = refused(root.delete_bucket_policy, Bucket=BUCKET)
    assert answer.message.endswith(f"with an explicit deny in a service control policy: {arn}")


def test_another_account_needs_the_bucket_policy_and_its_own(
    sandbox: Sandbox, refused: Refused
) -> None:
    """Across accounts both sides must allow."""
    name = "shared-bucket"
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{name}/*",
        },
    }
    data = sandbox.front.data_plane
    provision.add_bucket(data, MEMBER, name, "eu-west-1", json.dumps(policy))
    owner = sandbox.client("s3", sandbox.administrator(MEMBER))
    owner.put_object(Bucket=name, Key="k", Body=b"shared")
    guest = sandbox.client("s3", sandbox.administrator(OTHER))
    assert guest.get_object(Bucket=name, Key="k")["Body"].read() == b"shared"
    assert refused(guest.put_object, Bucket=name, Key="k", Body=b"x").code == "AccessDenied"
    powerless = provision.add_user(data, OTHER, "powerless", {})
    answer = refused(sandbox.client("s3", powerless).get_object, Bucket=name, Key="k")
    assert answer.code == "AccessDenied"


def test_a_bucket_policy_may_allow_within_the_account(sandbox: Sandbox, refused: Refused) -> None:
    """Within the account the bucket policy alone is enough for a user it names."""
    data = sandbox.front.data_plane
    reader = provision.add_user(data, MEMBER, "reader", {})
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": reader.arn},
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::named-reader/*",
        },
    }
    provision.add_bucket(data, MEMBER, "named-reader", "eu-west-1", json.dumps(policy))
    sandbox.client("s3", sandbox.administrator(MEMBER)).put_object(
        Bucket="named-reader", Key="k", Body=b"text"
    )
    s3 = sandbox.client("s3", reader)
    assert s3.get_object(Bucket="named-reader", Key="k")["Body"].read() == b"text"
    assert refused(s3.list_objects_v2, Bucket="named-reader").code == "AccessDenied"


@pytest.mark.parametrize("proxied", [False, True])
def test_a_client_of_another_region_is_redirected(sandbox: Sandbox, *, proxied: bool) -> None:
    """The wrong Region answers 301 with the right one, and boto3 follows by itself."""
    data = sandbox.front.data_plane
    provision.add_bucket(data, MEMBER, "frankfurt", "eu-central-1", None)
    key = sandbox.administrator(MEMBER)
    near = sandbox.client("s3", key, region="eu-central-1", proxied=proxied)
    near.put_object(Bucket="frankfurt", Key="k", Body=b"there")
    for region in ("eu-west-1", "us-east-1"):
        far = sandbox.client("s3", key, region=region, proxied=proxied)
        assert far.get_object(Bucket="frankfurt", Key="k")["Body"].read() == b"there"
        head = sandbox.client("s3", key, region=region, proxied=proxied)
        assert head.head_bucket(Bucket="frankfurt")["BucketRegion"] == "eu-central-1"


def test_the_wrong_region_is_told_in_the_answer(sandbox: Sandbox, manager: UserKey) -> None:
    """Without a redirector the caller sees PermanentRedirect and the Region's header."""
    provision.add_bucket(sandbox.front.data_plane, MANAGEMENT, "frankfurt", "eu-central-1", None)
    s3 = sandbox.client("s3", manager)
    s3.meta.events.unregister("needs-retry.s3")
    seen: list[Any] = []
    s3.meta.events.register_first(
        "needs-retry.s3.GetBucketPolicy", lambda response, **_: seen.append(response)
    )
    with pytest.raises(ClientError):
        s3.get_bucket_policy(Bucket="frankfurt")
    first = seen[0][1]
    assert first["ResponseMetadata"]["HTTPStatusCode"] == 301
    assert first["Error"]["Code"] == "PermanentRedirect"
    assert first["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "eu-central-1"


def test_list_buckets_says_where_each_bucket_is(sandbox: Sandbox, manager: UserKey) -> None:
    """The unlock finds the Region of a bucket by ListBuckets alone."""
    data = sandbox.front.data_plane
    provision.add_bucket(data, MANAGEMENT, "frankfurt", "eu-central-1", None)
    provision.add_bucket(data, MANAGEMENT, "dublin", "eu-west-1", None)
    s3 = sandbox.client("s3", manager)
    pages = s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 1})
    assert "BucketRegion" not in s3.list_buckets()["Buckets"][0]
    found = {b["Name"]: b["BucketRegion"] for page in pages for b in page["Buckets"]}
    assert found == {"frankfurt": "eu-central-1", "dublin": "eu-west-1"}


def test_of_sixteen_racing_writers_exactly_one_creates(sandbox: Sandbox, manager: UserKey) -> None:
    """If-None-Match:* must have one winner in each round, whatever the threads do."""
    provision.add_bucket(sandbox.front.data_plane, MANAGEMENT, "race", "eu-west-1", None)
    clients = [sandbox.client("s3", manager) for _ in range(16)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for number in range(5):
            assert _race(clients, f"record-{number}") == ["created"] + ["PreconditionFailed"] * 15
    finally:
        sys.setswitchinterval(interval)


def _race(clients: list[Any], key: str) -> list[str]:
    outcomes: list[str] = []
    gate = threading.Barrier(len(clients))

    def write(index: int) -> None:
        gate.wait()
        try:
            clients[index].put_object(
                Bucket="race", Key=key, Body=str(index).encode(), IfNoneMatch="*"
            )
            outcomes.append("created")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=write, args=(index,)) for index in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes, key=lambda outcome: outcome != "created")
