"""Where a log lies: what is a bucket with a prefix, and what is a key of a log."""

import pytest

from orgroot.core.codec import MAX_RECORD_BYTES
from orgroot.core.store_place import S3Place, is_log_key, longest, require_log_key, s3_place
from orgroot.errors import IntegrityError, UsageError


@pytest.mark.parametrize(
    ("store", "bucket", "prefix"),
    [
        ("s3://corp-orgroot-log/v1/", "corp-orgroot-log", "v1/"),
        ("s3://corp-orgroot-log/v1", "corp-orgroot-log", "v1/"),
        ("s3://corp-orgroot-log/", "corp-orgroot-log", ""),
        ("s3://corp-orgroot-log", "corp-orgroot-log", ""),
        ("s3://logs.corp.example/a/b=c/.d/", "logs.corp.example", "a/b=c/.d/"),
    ],
)
def test_a_bucket_with_a_prefix(store: str, bucket: str, prefix: str) -> None:
    """A place is read with or without its last slash, and written with it."""
    place = s3_place(store)
    assert place == S3Place(bucket, prefix)
    assert s3_place(place.url) == place


@pytest.mark.parametrize(
    "store",
    [
        "",
        "s3://",
        "s3:///v1/",
        "s3://ab/",
        "s3://Corp/v1/",
        "s3://corp_log/v1/",
        "s3://corp-log/../v1/",
        "s3://corp-log/./",
        "s3://corp-log//",
        "s3://corp-log/a b/",
        "s3://corp-log/v1/?x=1",
        "s3://corp-log/v1/\n",
        "s3://reader-metadata3d4f5g6h7i8j9k-s3alias/v1/",
        "s3://corp-log--ol-s3/v1/",
        "s3://corp-log--use1-az4--x-s3/v1/",
        "file:///var/log/",
        "https://corp-log.s3.amazonaws.com/v1/",
    ],
)
def test_no_bucket_with_a_prefix(store: str) -> None:
    """Anything that could name another place than it seems to is refused."""
    with pytest.raises(UsageError) as caught:
        s3_place(store)
    assert caught.value.code == "store"


@pytest.mark.parametrize(
    "key", ["000000000001.json", "objects/" + "a" * 64, "facts/7/0.json", "facts/12/345.json"]
)
def test_keys_of_a_log(key: str) -> None:
    """Records, objects and facts have one name each."""
    assert is_log_key(key)
    assert require_log_key(key) == key


@pytest.mark.parametrize(
    "key", ["", "1.json", "000000000001.json\n", "objects/" + "A" * 64, "facts/01/0.json", "a/b"]
)
def test_keys_of_no_log(key: str) -> None:
    """No other name is ever read or written."""
    assert not is_log_key(key)
    with pytest.raises(IntegrityError):
        require_log_key(key)


def test_one_byte_more_is_read_than_a_record_can_have() -> None:
    """What is longer is known to be no record; lists and texts have more room."""
    record = longest("000000000001.json")
    assert record == longest("facts/7/0.json") == MAX_RECORD_BYTES + 1
    assert longest("objects/" + "a" * 64) > record
