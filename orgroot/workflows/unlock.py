"""`unlock-bucket`: what will be written stands in the request; exactly that is done, or nothing.

A policy that is not the one that was approved is left alone. The bucket of the log is never
touched.
"""

from dataclasses import dataclass

from orgroot.core.governed_tasks import Task, UnlockMode
from orgroot.core.ids import AccountId, sha256
from orgroot.core.resource_policy import (
    Lock,
    PolicyReading,
    addresses,
    drop_statements,
    read_bucket_policy,
)
from orgroot.core.results import DryRun, Result, Unlock, UnlockItem
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.task_params import (
    BucketChange,
    UnlockBucket,
    encoded,
    to_params,
)
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows import buckets
from orgroot.workflows.emergencies import Standing, standing
from orgroot.workflows.execution import submit
from orgroot.workflows.inspection import Seen, latest
from orgroot.workflows.requests import Ask, Draft, dry_run
from orgroot.workflows.targets import targets_of
from orgroot.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the person wants unlocked.

    Attributes:
        account: the account that owns the buckets.
        buckets: their names.
        mode: what happens to their policies.
        sids: statements to drop; empty: those that lock.
        region: the buckets' Region; None: as inspected, else the configured one.
    """

    account: AccountId
    buckets: tuple[str, ...]
    mode: UnlockMode
    sids: tuple[str, ...] = ()
    region: str | None = None


def unlock_buckets(ws: Workspace, wanted: Wanted, ask: Ask) -> Result:
    """Ask for the buckets to be unlocked, and do it once that is granted.

    Returns:
        Unlock; or the waiting request.

    Raises:
        UsageError: a bucket was not inspected, a statement does not exist, not a member account.
        RequestRefused: the rules say no, or it is the log's own bucket.
    """
    items, changes = _plan(ws, wanted)
    if not changes:
        return Unlock(
            request=None, state="NOTHING_TO_DO", items=items, receipt=ws.governed.log.receipt()
        )
    for item in items:
        ws.progress.note(f"{item.bucket}: {item.reason}; left out of the request")
    for change in changes:
        if change.unseen:
            look = f"orgroot inspect bucket {change.bucket} --account {wanted.account}"
            ws.progress.note(
                f"{change.bucket}: nobody has read its policy, and whether the bucket exists shows "
                f"only when this is executed; `{look}` looks first"
            )
    return submit(ws, _draft(ws, wanted, ask, changes), ask.wait_seconds)


def preview(ws: Workspace, wanted: Wanted, ask: Ask) -> DryRun:
    """What the request would say; nothing is written, and no root session is opened."""
    items, changes = _plan(ws, wanted)
    notes = tuple(f"{item.bucket}: {item.reason}; nothing to do" for item in items)
    if not changes:
        return DryRun(
            command="unlock-bucket",
            task=Task.UNLOCK_BUCKET.value,
            targets=(),
            params={},
            needs=(),
            notes=notes,
        )
    return dry_run(ws, "unlock-bucket", _draft(ws, wanted, ask, changes), notes)


def emergency(ws: Workspace, wanted: Wanted, ask: Ask) -> Standing | None:
    """What break-glass would mean for it; None: nothing is left to do.

    Raises:
        RequestRefused: this person may not break glass for it now.
        UsageError: as `unlock_buckets`.
    """
    _, changes = _plan(ws, wanted)
    return standing(ws, _draft(ws, wanted, ask, changes)) if changes else None


def _draft(ws: Workspace, wanted: Wanted, ask: Ask, changes: tuple[BucketChange, ...]) -> Draft:
    member = buckets.owner_of(ws, wanted.account)
    params = UnlockBucket(mode=wanted.mode, buckets=changes)
    return Draft(
        task=Task.UNLOCK_BUCKET,
        targets=targets_of(ws, (member,)),
        params=to_params(params),
        task_policy=TaskPolicy.UNLOCK_BUCKET,
        duration_seconds=ask.duration_seconds,
        reason=ask.reason,
        ticket=ask.ticket,
        break_glass=ask.break_glass,
    )


def _plan(ws: Workspace, wanted: Wanted) -> tuple[tuple[UnlockItem, ...], tuple[BucketChange, ...]]:
    """The buckets that need nothing, and the change to each of the others."""
    names = tuple(buckets.bucket_name(name) for name in dict.fromkeys(wanted.buckets))
    _refuse_sids_of_all(wanted)
    region = None if wanted.region is None else buckets.region_name(wanted.region)
    buckets.owner_of(ws, wanted.account)
    log = ws.governed.log
    for name in names:
        _refuse_own(log.trust.store, name)
    log.require()
    now = log.check_clock(ws.clock.now())
    seen = {name: latest(log, wanted.account, name, now) for name in names}
    if wanted.mode is UnlockMode.DROP_STATEMENTS:
        _require_seen(wanted.account, seen)
    idle: list[UnlockItem] = []
    changes: list[BucketChange] = []
    for name, found in seen.items():
        _refuse_elsewhere(found, region)
        why = None if found is None else _nothing_to_do(found, wanted.account)
        if why is not None:
            idle.append(
                UnlockItem(
                    account=wanted.account,
                    bucket=name,
                    outcome="not-locked",
                    before_sha256=_digest(found),
                    after_sha256=_digest(found),
                    backup=None,
                    reason=why,
                )
            )
        elif wanted.mode is UnlockMode.DELETE:
            changes.append(_deletion(name, found, region or ws.config.organization.region))
        else:
            changes.append(_repair(found, wanted))
    _refuse_unused_sids(wanted, changes)
    return tuple(idle), tuple(changes)


def _refuse_sids_of_all(wanted: Wanted) -> None:
    if wanted.mode is UnlockMode.DELETE and wanted.sids:
        raise UsageError("--mode delete drops the whole policy: leave out --sid", code="sid")


def _refuse_own(store: str, bucket: str) -> None:
    if store.startswith(f"s3://{bucket}/") or store == f"s3://{bucket}":
        raise RequestRefused(
            f"{bucket} holds the audit log and is never unlocked, by no rule", code="log-bucket"
        )


def _require_seen(account: str, seen: dict[str, Seen | None]) -> None:
    unseen = [name for name, found in seen.items() if found is None]
    if unseen:
        commands = "; ".join(
            f"orgroot inspect bucket {name} --account {account}" for name in unseen
        )
        raise UsageError(
            f"no inspection of {', '.join(unseen)} is in the log, or it is older than an hour",
            hint=f"run {commands}",
            code="not-inspected",
        )


def _refuse_elsewhere(seen: Seen | None, region: str | None) -> None:
    """A Region that the inspection contradicts would only be refused after the approvals."""
    if seen is not None and region not in {None, seen.region}:
        raise UsageError(
            f"{seen.bucket} is in {seen.region}, not in {region}",
            hint=f"leave out --bucket-region, or say --bucket-region {seen.region}",
            code=buckets.ELSEWHERE,
        )


def _nothing_to_do(seen: Seen, account: str) -> str | None:
    if seen.policy is None:
        return "it has no policy"
    if _reading(seen, account).lock is Lock.OPEN:
        return "its policy locks nobody out"
    return None


def _reading(seen: Seen, account: str) -> PolicyReading:
    return read_bucket_policy(seen.policy or b"", seen.bucket, account)


def _digest(seen: Seen | None) -> str | None:
    return None if seen is None or seen.policy is None else sha256(seen.policy)


def _deletion(bucket: str, seen: Seen | None, region: str) -> BucketChange:
    before = None if seen is None else seen.policy
    return BucketChange(
        bucket=bucket,
        region=region if seen is None else seen.region,
        expected_policy_sha256=_digest(seen),
        unseen=seen is None,
        sids=(),
        before_b64=encoded(before),
        after_b64="",
    )


def _repair(seen: Seen | None, wanted: Wanted) -> BucketChange:
    if seen is None or seen.policy is None:
        raise TypeError("a repair starts from a policy that was seen")
    there = addresses(seen.policy)
    known = {*there, *(f"#{n + 1}" for n in range(len(there)))}
    sids = tuple(sid for sid in wanted.sids if sid in known) or _locking(seen, wanted)
    after = drop_statements(seen.policy, sids)
    left = None if after is None else read_bucket_policy(after, seen.bucket, wanted.account)
    if left is not None and left.lock is Lock.LOCKED:
        raise UsageError(
            f"{seen.bucket} would stay locked, by {', '.join(left.by)}",
            hint=f"name those too: {buckets.sid_flags((*sids, *left.by))}",
            code="still-locked",
        )
    return BucketChange(
        bucket=seen.bucket,
        region=seen.region,
        expected_policy_sha256=sha256(seen.policy),
        unseen=False,
        sids=sids,
        before_b64=encoded(seen.policy),
        after_b64=encoded(after),
    )


def _locking(seen: Seen, wanted: Wanted) -> tuple[str, ...]:
    """The statements to drop where none was named (or none of those is in this policy)."""
    reading = _reading(seen, wanted.account)
    if wanted.sids or reading.lock is not Lock.LOCKED:
        raise UsageError(
            f"{seen.bucket} has no such statement"
            if wanted.sids
            else f"whether {seen.bucket} is locked depends: name the statements to drop",
            hint=f"its statements: {buckets.sid_flags(addresses(seen.policy or b''), ', ')}",
            code="sid",
        )
    return reading.by


def _refuse_unused_sids(wanted: Wanted, changes: list[BucketChange]) -> None:
    used = {sid for change in changes for sid in change.sids}
    unused = [sid for sid in wanted.sids if sid not in used]
    if changes and unused:
        raise UsageError(f"no bucket has a statement {', '.join(unused)}", code="sid")
