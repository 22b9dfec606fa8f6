"""Whose bucket it is, and what may be done in it: S3 refuses, and the refusal is named."""

import pytest
from fakes.s3_log import ACCOUNT, RETAIN, LogPlace

from orgroot.aws.s3_store import S3Store
from orgroot.core.codec import fact_key, record_key
from orgroot.errors import AuditUnavailable, CredentialsError, UsageError
from orgroot.sandbox import provision
from tests.aws.test_s3_store import FIRST, OTHER, filled


def test_a_bucket_of_another_account_is_refused_by_s3(place: LogPlace) -> None:
    """Every call names the owner, so a bucket of the same name elsewhere is no log."""
    store = S3Store(place.bucket(owner=OTHER), retain=RETAIN)
    for call in (
        lambda: store.create(FIRST, b"one\n"),
        lambda: store.get(FIRST),
        lambda: list(store.sequence(0)),
        store.keys,
    ):
        with pytest.raises(AuditUnavailable, match=r"denied") as caught:
            call()
        assert f"account {OTHER} (trust.store_account) must own" in str(caught.value.hint)
    assert place.versions(FIRST) == []


ALLOWED = ("s3:ListBucketVersions", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectRetention")


@pytest.mark.parametrize("missing", [*ALLOWED, "s3:GetObjectRetention"])
def test_a_missing_permission_is_named(place: LogPlace, missing: str) -> None:
    """Whoever may do less than the log needs is told what is missing; nothing counts as empty."""
    actions = [name for name in (*ALLOWED, "s3:GetObjectRetention") if name != missing]
    user = limited_user(place, actions)
    filled(place.store(), 1)
    door = LogPlace(server=place.server, prefix=place.prefix, user=user)
    store = door.store()

    def everything() -> None:
        store.create(record_key(2), b"two\n")
        list(store.sequence(0))
        list(store.evidence())

    with pytest.raises(AuditUnavailable) as caught:
        everything()
    assert missing in str(caught.value.hint)


def test_the_permissions_are_enough(place: LogPlace) -> None:
    """With these five actions and no other the whole store works."""
    user = limited_user(place, [*ALLOWED, "s3:GetObjectRetention"])
    store = filled(LogPlace(server=place.server, prefix=place.prefix, user=user).store(), 3)
    store.create(fact_key(1, 1), b"fact\n")
    assert store.get(fact_key(1, 1)) == b"fact\n"
    assert [seq for seq, _ in store.sequence(0)] == [1, 2, 3]
    assert all(each.retained_until for each in store.evidence())


def limited_user(place: LogPlace, actions: list[str]) -> provision.UserKey:
    """A user of the bucket's account who may do only this."""
    document = provision.allow_policy(actions)
    name = f"user-{place.prefix[:12]}"
    return provision.add_user(place.server.front.data_plane, ACCOUNT, name, {"log": document})


def test_wrong_regions_and_keys_are_usage(place: LogPlace) -> None:
    """A wrong Region is named with the right one; expired credentials are what they are: exit 2."""
    elsewhere = S3Store(place.bucket(region="eu-central-1"), retain=RETAIN)
    with pytest.raises(UsageError, match=r"trust\.store_region") as caught:
        elsewhere.keys()
    assert "eu-west-1" in caught.value.message
    stranger = provision.UserKey(arn="", access_key_id="AKIAIOSFODNN7EXAMPLE", secret="x" * 40)
    with pytest.raises(CredentialsError):
        LogPlace(server=place.server, user=stranger).store().keys()


def test_a_bucket_that_is_gone_is_unavailable(place: LogPlace) -> None:
    """A bucket that does not exist is never an empty log."""
    with pytest.raises(AuditUnavailable, match="no such bucket"):
        S3Store(place.bucket(name="corp-gone"), retain=RETAIN).keys()
