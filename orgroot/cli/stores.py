"""Which adapter holds the log that `trust.store` names: a folder of this machine, or a bucket."""

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from orgroot.cli import places
from orgroot.cli.settings import Settings
from orgroot.core.config import OrganizationConfig, Trust, seconds
from orgroot.core.ids import account_id, log_id
from orgroot.core.log_bucket import as_text, lacks, log_bucket_policy, log_bucket_scp
from orgroot.core.store_place import S3, s3_place
from orgroot.errors import UsageError
from orgroot.local.file_store import FileStore
from orgroot.local.record_cache import FileRecordCache
from orgroot.ports import RecordStore

if TYPE_CHECKING:
    from orgroot.aws.log_bucket import LogBucket

CONNECTIONS = 32
"""Reads of a log in S3 at once."""

ANSWER_SECONDS = 10.0
"""How long S3 may take over one record before the write is made again."""


def open_store(settings: Settings, trust: Trust) -> RecordStore:
    """The store of a log; nothing is read yet.

    Raises:
        UsageError: no such kind of store, or no usable Region or credentials.
        IntegrityError: a configured endpoint that is neither AWS nor this machine.
    """
    if not trust.store.startswith(S3):
        return FileStore(places.store_folder(trust.store))
    from orgroot.aws.s3_store import S3Store

    cache = FileRecordCache(places.state_folder(), log_id(trust.log_id))
    return S3Store(open_bucket(settings, trust), retain=retention(trust), cache=cache)


def new_store(settings: Settings, trust: Trust) -> RecordStore:
    """The store of a log that is about to be created; see `require_fit` for a bucket.

    Where several owners sign, the folder that the first one made is taken as it is.

    Raises:
        UsageError: a folder with something in it; else as `open_store`.
    """
    if trust.store.startswith(S3):
        return open_store(settings, trust)
    folder = places.store_folder(trust.store)
    begun = trust.owners.threshold > 1 and folder.is_dir()
    return FileStore(folder) if begun else FileStore.create_new(folder)


def require_fit(settings: Settings, organization: OrganizationConfig, trust: Trust) -> None:
    """Refuse a bucket that does not guard what is written to it, and show the policies that do.

    Raises:
        UsageError: something is missing, each named, with the exact bucket policy and SCP to use.
        AuditUnavailable: S3 does not answer.
    """
    if not trust.store.startswith(S3):
        return
    from orgroot.aws.log_bucket_check import look_at

    place = s3_place(trust.store)
    accounts = (organization.management_account, organization.delegated_administrator)
    policy = log_bucket_policy(
        place,
        accounts=[account for account in accounts if account is not None],
        retain_days=max(1, retention(trust).days),
    )
    missing = lacks(look_at(open_bucket(settings, trust)), policy)
    if missing:
        said = "\n".join(f"  - {each}" for each in missing)
        raise UsageError(
            f"the bucket {place.bucket} is not fit to hold a log:\n{said}",
            hint=f"its bucket policy should be:\n{as_text(policy)}"
            f"the SCP for its account {trust.store_account} should be:\n"
            f"{as_text(log_bucket_scp(place))}nothing was created",
            code="log-bucket",
        )


def open_bucket(settings: Settings, trust: Trust) -> "LogBucket":
    """The bucket of a log, with a door of its own to it.

    Raises:
        UsageError: as `open_store`.
    """
    from orgroot.aws.clients import AwsDoor
    from orgroot.aws.log_bucket import LogBucket

    if trust.store_account is None or trust.store_region is None:
        raise UsageError(
            "a log in S3 needs trust.store_account and trust.store_region",
            hint="name the account that owns the bucket, and the bucket's Region",
            code="store",
        )
    door = AwsDoor(
        settings.profile,
        trust.store_region,
        None,
        os.environ,
        concurrency=CONNECTIONS,
        read_timeout_seconds=ANSWER_SECONDS,
    )
    return LogBucket(door, s3_place(trust.store), account_id(trust.store_account))


def retention(trust: Trust) -> timedelta:
    """How long each object of the log is kept.

    Raises:
        UsageError: it is not said.
    """
    if trust.retain is None:
        raise UsageError(
            "a log in S3 needs trust.retain",
            hint="write how long records are kept, e.g. retain: 400d",
            code="store",
        )
    return timedelta(seconds=seconds(trust.retain))
