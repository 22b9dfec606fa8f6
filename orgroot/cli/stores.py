"""Which adapter holds the log that `trust.store` names: a folder of this machine, or a bucket."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from orgroot.cli import places
from orgroot.cli.door import logged_door
from orgroot.cli.settings import Settings
from orgroot.core.config import Config, OrganizationConfig, Trust
from orgroot.core.ids import account_id, log_id
from orgroot.core.log_bucket import as_text, doubts, lacks, log_bucket_policy, log_bucket_scp
from orgroot.core.store_place import S3, s3_place
from orgroot.errors import UsageError
from orgroot.local.clock import SystemClock
from orgroot.local.file_store import FileStore
from orgroot.local.record_cache import FileRecordCache
from orgroot.ports import Clock, RecordStore

if TYPE_CHECKING:
    from orgroot.aws.log_bucket import LogBucket

CONNECTIONS = 32
"""Reads of a log in S3 at once."""

_NOWHERE = {"store_account": None, "store_region": None}
ANSWER_SECONDS = 10.0
"""How long S3 may take over one record before the write is made again."""


def open_store(settings: Settings, trust: Trust) -> tuple[RecordStore, Clock]:
    """The store of a log, and the time there: AWS's for a bucket. Nothing is read yet.

    Raises:
        UsageError: no such kind of store, or no usable Region or credentials.
        IntegrityError: a configured endpoint that is neither AWS nor this machine.
    """
    if not trust.store.startswith(S3):
        return FileStore(places.store_folder(trust.store)), SystemClock()
    cache = FileRecordCache(places.state_folder(), log_id(trust.log_id))
    bucket = open_bucket(settings, trust)
    return _in_bucket(bucket, trust, cache), bucket.door.clock


def new_store(
    settings: Settings, trust: Trust, environ: Mapping[str, str] = os.environ
) -> RecordStore:
    """The store of a log that is about to be created; see `require_fit` for a bucket.

    Where several owners sign, the folder that the first one made is taken as it is.

    Raises:
        UsageError: a folder with something in it; else as `open_store`.
    """
    if trust.store.startswith(S3):
        return _in_bucket(open_bucket(settings, trust, environ), trust, None)
    folder = places.store_folder(trust.store)
    begun = trust.owners.threshold > 1 and folder.is_dir()
    return FileStore(folder) if begun else FileStore.create_new(folder)


def target_store(settings: Settings, trust: Trust) -> RecordStore:
    """The store that a log is copied to: new, or with a part of the copy in it.

    Raises:
        UsageError: as `new_store`, but that a folder may hold something.
    """
    if not trust.store.startswith(S3):
        folder = places.store_folder(trust.store)
        there = folder.is_dir() and any(folder.iterdir())
        return FileStore(folder) if there else FileStore.create_new(folder)
    return new_store(settings, trust)


def store_beside(
    config: Config, store: str, account: str | None, region: str | None
) -> dict[str, str | None]:
    """Another store than the configuration's, as fields of its `trust:`.

    Raises:
        UsageError: no kind of store, or a bucket whose owner nobody named.
    """
    if not store.startswith(S3):
        return {"store": places.store_folder(store).as_uri(), **_NOWHERE}
    place = s3_place(store)
    trust = config.trust
    known = trust is not None and trust.store.startswith(S3)
    account = account or (trust.store_account if trust and known else None)
    if account is None:
        raise UsageError(
            "--store-account is missing: whose bucket is it?",
            hint="add --store-account ID, the account that owns the bucket",
            code="missing-flag",
        )
    return {
        "store": place.url,
        "store_account": account_id(account),
        "store_region": region or config.organization.region,
    }


def _in_bucket(bucket: "LogBucket", trust: Trust, cache: FileRecordCache | None) -> RecordStore:
    from orgroot.aws.s3_store import S3Store

    return S3Store(bucket, retain=trust.kept_for, cache=cache)


def require_fit(
    settings: Settings, organization: OrganizationConfig, trust: Trust
) -> tuple[str, ...]:
    """Refuse a bucket that does not guard what is written to it, and show the policies that do.

    Returns:
        What could not be found out, as warnings.

    Raises:
        UsageError: something is missing, each named, with the exact bucket policy and SCP to use.
        AuditUnavailable: S3 does not answer.
    """
    if not trust.store.startswith(S3):
        return ()
    from orgroot.aws.log_bucket_check import look_at

    place = s3_place(trust.store)
    accounts = (organization.management_account, organization.delegated_administrator)
    policy = log_bucket_policy(
        place,
        accounts=[account for account in accounts if account is not None],
        retain_days=max(1, trust.kept_for.days),
    )
    facts = look_at(open_bucket(settings, trust), trust.kept_for)
    missing = lacks(facts, policy)
    if missing:
        said = "\n".join(f"  - {each}" for each in missing)
        raise UsageError(
            f"the bucket {place.bucket} is not fit to hold a log:\n{said}",
            hint=f"its bucket policy should be:\n{as_text(policy)}"
            f"the SCP for its account {trust.store_account} should be:\n"
            f"{as_text(log_bucket_scp(place))}nothing was created",
            code="log-bucket",
        )
    return doubts(facts)


def open_bucket(
    settings: Settings, trust: Trust, environ: Mapping[str, str] = os.environ
) -> "LogBucket":
    """The bucket of a log, with a door of its own to it.

    Raises:
        UsageError: as `open_store`.
    """
    from orgroot.aws.log_bucket import LogBucket

    if trust.store_account is None or trust.store_region is None:
        raise UsageError(
            "a log in S3 needs trust.store_account and trust.store_region",
            hint="name the account that owns the bucket, and the bucket's Region",
            code="store",
        )
    door = logged_door(settings)(
        settings.profile,
        trust.store_region,
        None,
        environ,
        concurrency=CONNECTIONS,
        read_timeout_seconds=ANSWER_SECONDS,
    )
    return LogBucket(door, s3_place(trust.store), account_id(trust.store_account))
