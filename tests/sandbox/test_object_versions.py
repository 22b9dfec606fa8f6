"""What S3 says of versions, delete markers and conditional writes: the log rests on it."""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orgroot.sandbox.provision import UserKey
from tests.sandbox.conftest import MEMBER, Sandbox

Refused = Callable[..., Any]
BUCKET = "the-log"
LATER = datetime.now(UTC) + timedelta(days=30)


@pytest.fixture
def s3(sandbox: Sandbox, manager: UserKey) -> Any:
    """A client, and a bucket with Object Lock."""
    client = sandbox.client("s3", manager)
    where = {"LocationConstraint": "eu-west-1"}
    client.create_bucket(
        Bucket=BUCKET, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=where
    )
    return client


def put(s3: Any, key: str, body: bytes = b"x", **more: Any) -> str:
    """Write an object; its version id."""
    return str(s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)["VersionId"])


def names(page: dict[str, Any]) -> list[str]:
    """The keys of a page's versions."""
    return [version["Key"] for version in page.get("Versions", ())]


def test_versions_come_newest_first_and_markers_beside_them(s3: Any) -> None:
    """Each version and delete marker is listed once, with the latest told."""
    first, second = put(s3, "a"), put(s3, "a")
    marker = s3.delete_object(Bucket=BUCKET, Key="a")["VersionId"]
    third = put(s3, "a", IfNoneMatch="*")
    page = s3.list_object_versions(Bucket=BUCKET)
    assert [version["VersionId"] for version in page["Versions"]] == [third, second, first]
    assert [version["IsLatest"] for version in page["Versions"]] == [True, False, False]
    assert [found["VersionId"] for found in page["DeleteMarkers"]] == [marker]
    assert not page["IsTruncated"]
    assert "NextKeyMarker" not in page


def test_deleting_nothing_leaves_a_delete_marker(s3: Any) -> None:
    """S3 marks a key as deleted that never was; a write on condition passes over it."""
    marker = s3.delete_object(Bucket=BUCKET, Key="a")
    assert marker["DeleteMarker"]
    page = s3.list_object_versions(Bucket=BUCKET)
    assert [found["VersionId"] for found in page["DeleteMarkers"]] == [marker["VersionId"]]
    version = put(s3, "a", IfNoneMatch="*")
    s3.delete_object(Bucket=BUCKET, Key="a", VersionId=marker["VersionId"])
    page = s3.list_object_versions(Bucket=BUCKET)
    assert [found["VersionId"] for found in page["Versions"]] == [version]
    assert "DeleteMarkers" not in page


def test_a_page_begins_behind_its_marker(s3: Any) -> None:
    """A key marker itself is not listed again; with a version marker its older versions are."""
    older, newer = put(s3, "b"), put(s3, "b")
    for key in ("a", "c", "c/d", "e"):
        put(s3, key)
    assert names(s3.list_object_versions(Bucket=BUCKET, KeyMarker="b")) == ["c", "c/d", "e"]
    page = s3.list_object_versions(Bucket=BUCKET, KeyMarker="b", VersionIdMarker=newer)
    assert page["Versions"][0]["VersionId"] == older
    assert names(s3.list_object_versions(Bucket=BUCKET, KeyMarker="bb")) == ["c", "c/d", "e"]
    assert names(s3.list_object_versions(Bucket=BUCKET, Prefix="c", KeyMarker="c")) == ["c/d"]


def test_pages_join_to_the_whole(s3: Any) -> None:
    """Whatever the size of a page, all pages together are everything, each thing once."""
    for key in ("a", "a", "b", "c/1", "c/2", "d"):
        put(s3, key)
    s3.delete_object(Bucket=BUCKET, Key="a")
    whole = s3.list_object_versions(Bucket=BUCKET)
    for size in (1, 2, 3):
        found, marker = [], {}
        while True:
            page = s3.list_object_versions(Bucket=BUCKET, MaxKeys=size, **marker)
            listed = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            assert len(listed) <= size
            found += [item["VersionId"] for item in listed]
            if not page["IsTruncated"]:
                break
            marker = {"KeyMarker": page["NextKeyMarker"]}
            if "NextVersionIdMarker" in page:
                marker["VersionIdMarker"] = page["NextVersionIdMarker"]
        everything = [*whole["Versions"], *whole["DeleteMarkers"]]
        assert sorted(found) == sorted(item["VersionId"] for item in everything)


def test_a_delimiter_folds_what_lies_below(s3: Any) -> None:
    """Keys with the delimiter behind the prefix are one common prefix."""
    for key in ("v1/1.json", "v1/2.json", "v1/facts/1", "v1/facts/2", "v1/objects/x", "v2/1"):
        put(s3, key)
    page = s3.list_object_versions(Bucket=BUCKET, Prefix="v1/", Delimiter="/")
    assert names(page) == ["v1/1.json", "v1/2.json"]
    folded = [item["Prefix"] for item in page["CommonPrefixes"]]
    assert folded == ["v1/facts/", "v1/objects/"]
    page = s3.list_object_versions(
        Bucket=BUCKET, Prefix="v1/", Delimiter="/", KeyMarker="v1/facts/", MaxKeys=5
    )
    assert [item["Prefix"] for item in page["CommonPrefixes"]] == ["v1/objects/"]


def test_what_no_listing_takes(s3: Any, refused: Refused) -> None:
    """No bucket, and a version marker alone, are refused; 0 keys are an empty page."""
    assert refused(s3.list_object_versions, Bucket="none").code == "NoSuchBucket"
    answer = refused(s3.list_object_versions, Bucket=BUCKET, VersionIdMarker="x")
    assert answer.code == "InvalidArgument"
    assert refused(s3.list_object_versions, Bucket=BUCKET, MaxKeys=-1).code == "InvalidArgument"
    answer = refused(s3.list_object_versions, Bucket=BUCKET, EncodingType="base64")
    assert answer.code == "InvalidArgument"
    put(s3, "a")
    assert names(s3.list_object_versions(Bucket=BUCKET, MaxKeys=0)) == []


def test_a_write_on_condition_meets_what_is_there(s3: Any, refused: Refused) -> None:
    """`If-None-Match: *` is refused over a version, not over a delete marker; else 501."""
    put(s3, "a", IfNoneMatch="*")
    answer = refused(s3.put_object, Bucket=BUCKET, Key="a", Body=b"x", IfNoneMatch="*")
    assert (answer.code, answer.status) == ("PreconditionFailed", 412)
    s3.delete_object(Bucket=BUCKET, Key="a")
    put(s3, "a", IfNoneMatch="*")
    answer = refused(s3.put_object, Bucket=BUCKET, Key="b", Body=b"x", IfNoneMatch='"etag"')
    assert (answer.code, answer.status) == ("NotImplemented", 501)


def test_a_body_that_is_not_its_digest_is_refused(s3: Any, refused: Refused) -> None:
    """A checksum must be that of what arrived, or nothing is stored."""
    other = base64.b64encode(hashlib.sha256(b"y").digest()).decode()
    answer = refused(s3.put_object, Bucket=BUCKET, Key="a", Body=b"x", ChecksumSHA256=other)
    assert (answer.code, answer.status) == ("BadDigest", 400)
    answer = refused(s3.put_object, Bucket=BUCKET, Key="a", Body=b"x", ChecksumSHA256="short")
    assert (answer.code, answer.status) == ("InvalidRequest", 400)
    md5 = base64.b64encode(hashlib.md5(b"y", usedforsecurity=False).digest()).decode()
    assert refused(s3.put_object, Bucket=BUCKET, Key="a", Body=b"x", ContentMD5=md5).status == 400
    assert names(s3.list_object_versions(Bucket=BUCKET)) == []


def test_a_retention_must_be_whole_and_ahead(s3: Any, refused: Refused) -> None:
    """Mode and end belong together, and the end lies in the future."""
    wanted = {"Bucket": BUCKET, "Key": "a", "Body": b"x"}
    lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": LATER}
    for given, value in lock.items():
        answer = refused(s3.put_object, **wanted, **{given: value})
        assert answer.code == "InvalidArgument"
    past = datetime.now(UTC) - timedelta(days=1)
    lock["ObjectLockRetainUntilDate"] = past
    assert refused(s3.put_object, **wanted, **lock).code == "InvalidArgument"
    lock |= {"ObjectLockRetainUntilDate": LATER, "ObjectLockMode": "FOREVER"}
    assert refused(s3.put_object, **wanted, **lock).code == "InvalidArgument"


def test_a_bucket_without_object_lock_takes_no_retention(s3: Any, refused: Refused) -> None:
    """A retention where nothing can hold it is refused, not ignored."""
    where = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="plain-bucket", CreateBucketConfiguration=where)
    lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": LATER}
    answer = refused(
        s3.put_object, Bucket="plain-bucket", Key="a", Body=b"x", ChecksumAlgorithm="SHA256", **lock
    )
    assert (answer.code, answer.status) == ("InvalidRequest", 400)
    off = {"Status": "Suspended"}
    answer = refused(s3.put_bucket_versioning, Bucket=BUCKET, VersioningConfiguration=off)
    assert (answer.code, answer.status) == ("InvalidBucketState", 409)
    s3.put_bucket_versioning(Bucket="plain-bucket", VersioningConfiguration=off)


def test_another_account_needs_both_policies(
    sandbox: Sandbox, s3: Any, manager: UserKey, refused: Refused
) -> None:
    """Another account's bucket is shut without its policy, and to a wrong owner's name."""
    member = sandbox.client("s3", sandbox.administrator(MEMBER))
    put(s3, "a")
    assert refused(member.get_object, Bucket=BUCKET, Key="a").status == 403
    answer = refused(s3.get_object, Bucket=BUCKET, Key="a", ExpectedBucketOwner=MEMBER)
    assert (answer.code, answer.status) == ("AccessDenied", 403)
    del manager


def test_a_denial_on_a_condition_bites_there_alone(s3: Any, refused: Refused) -> None:
    """A bucket policy that wants a condition of every write lets those pass that meet it."""
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
        "Condition": {"Null": {"s3:if-none-match": "true"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    s3.put_bucket_policy(Bucket=BUCKET, Policy=document)
    put(s3, "a", IfNoneMatch="*")
    assert refused(s3.put_object, Bucket=BUCKET, Key="b", Body=b"x").code == "AccessDenied"
    assert s3.get_bucket_policy(Bucket=BUCKET)["Policy"] == document


def test_a_version_that_is_not_there_is_told_from_a_key_that_is_not(
    s3: Any, refused: Refused
) -> None:
    """No key, no such version, and a deleted key are each missed in their own way."""
    put(s3, "a")
    version = "3/L4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY"
    assert refused(s3.get_object, Bucket=BUCKET, Key="b").code == "NoSuchKey"
    answer = refused(s3.get_object, Bucket=BUCKET, Key="a", VersionId=version)
    assert answer.code == "NoSuchVersion"
    s3.delete_object(Bucket=BUCKET, Key="a")
    assert refused(s3.get_object, Bucket=BUCKET, Key="a").code == "NoSuchKey"
