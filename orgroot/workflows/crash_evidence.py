"""What became of the work that an execution left open: its own records first, then AWS as it is.

It reads and decides nothing else; what cannot be read is `unverified`, never done. Root sessions
are opened only under the rules for reading, each with its own survey in the log.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Protocol, runtime_checkable

from orgroot.core.governed_tasks import GOVERNED_TASKS, Power, Task
from orgroot.core.ids import AccountId, sha256
from orgroot.core.log_state import ExecutionRecord, RequestRecord
from orgroot.core.organization import MemberAccount
from orgroot.core.plan import ChangeState, Standing
from orgroot.core.recovery import DONE, NOT_DONE, UNVERIFIED
from orgroot.core.resource_policy import same_policy
from orgroot.core.results import Inspection, InventoryRow
from orgroot.core.root_credentials import CredentialKind
from orgroot.core.statement_parts import RecoveredEnd
from orgroot.core.statements import Survey
from orgroot.core.task_params import (
    AuditRootCredentials,
    BucketChange,
    BucketRef,
    InspectBucketPolicy,
    UnlockBucket,
    parse_params,
    to_params,
)
from orgroot.errors import AwsError, Incomplete, IntegrityError, UsageError
from orgroot.workflows.buckets import owner_of
from orgroot.workflows.drivers import driver_of
from orgroot.workflows.inspection import inspect_bucket
from orgroot.workflows.inventory import members_of, survey_accounts
from orgroot.workflows.plan_execution import planned
from orgroot.workflows.removal_rows import removal_params, seen_in
from orgroot.workflows.requests import Ask, Draft, needs_approval
from orgroot.workflows.targets import reading_targets
from orgroot.workflows.workspace import Workspace

_LONGEST = 500
"""Characters of a detail that the log keeps."""

_UNREADABLE = (AwsError, UsageError, Incomplete)
"""Why something cannot be read now; a broken log or missing credentials end the command.

A refusal by the rules is none of them: it says that this person may not look, and others may.
"""

_NOT_BEGUN = "no change was begun"


@runtime_checkable
class PlanDriver(Protocol):
    """A driver of plans, which can say what is left of one."""

    def judged(self, ws: Workspace, request: RequestRecord) -> Mapping[int, Standing]:
        """What is left of each change, by its place in the plan."""
        ...


class _UnreadError(Exception):
    """It cannot be read, and why."""


def ends(
    ws: Workspace,
    request: RequestRecord,
    run: ExecutionRecord,
    accounts: tuple[str, ...],
    trail: Mapping[str, str],
) -> tuple[RecoveredEnd, ...]:
    """How the work on accounts of an execution ended, for a `recovered` record.

    Args:
        ws: the command's world.
        request: what was asked for.
        run: the execution.
        accounts: what to say it of.
        trail: what CloudTrail shows of sessions there that were not on record.

    Raises:
        AuditUnavailable, IntegrityError, CredentialsError: nothing can be said at all.
    """
    task = request.body.task
    if isinstance(run.body, Survey) or GOVERNED_TASKS[task].power is Power.READ:
        why = "the reading did not end; it changes nothing"
        return tuple(_end(account, NOT_DONE, why) for account in accounts)
    if task is Task.ROOT_SESSION and run.issued:
        why = "a root session came to be; what was done with it stands in CloudTrail"
        return tuple(_end(account, UNVERIFIED, why) for account in accounts)
    begun = {account for account, _ in run.step_intents}
    idle = tuple(_idle(a, trail.get(a, "")) for a in accounts if a not in begun)
    open_ = tuple(account for account in accounts if account in begun)
    if not open_:
        return idle
    match task:
        case Task.UNLOCK_BUCKET:
            return (*idle, *(_unlocking(ws, request, run, account) for account in open_))
        case Task.DELETE_ROOT_CREDENTIALS:
            return (*idle, *_removals(ws, request, run, open_))
        case _:
            return (*idle, *(_plan(ws, request, account) for account in open_))


def _idle(account: str, trail: str) -> RecoveredEnd:
    return _end(account, NOT_DONE, f"{_NOT_BEGUN}; {trail}" if trail else _NOT_BEGUN)


def _unlocking(
    ws: Workspace, request: RequestRecord, run: ExecutionRecord, account: str
) -> RecoveredEnd:
    params = parse_params(request.body.task, request.params)
    if not isinstance(params, UnlockBucket):
        raise IntegrityError(f"{request.id} does not say what to unlock", code="params")
    found = [(c.bucket, *_bucket(ws, run, account, c)) for c in params.buckets]
    words = {word for _, word, _ in found}
    detail = "; ".join(f"{bucket}: {word}, {why}" for bucket, word, why in found)
    return _end(account, _worst(words), detail)


def _bucket(
    ws: Workspace, run: ExecutionRecord, account: str, change: BucketChange
) -> tuple[str, str]:
    """One bucket: the word, and what it was concluded from."""
    mine = (account, change.bucket)
    steps = [n for (of, n), step in run.step_intents.items() if (of, step.target) == mine]
    if not steps:
        return NOT_DONE, _NOT_BEGUN
    key = (account, steps[-1])
    result = run.step_results.get(key)
    if result is not None and result.outcome == "done":
        return DONE, "its own record says so"
    if result is not None and result.outcome == "refused":
        return NOT_DONE, f"AWS refused: {result.error}"
    return _compared(ws, run, key, change)


def _compared(
    ws: Workspace, run: ExecutionRecord, key: tuple[str, int], change: BucketChange
) -> tuple[str, str]:
    """A bucket whose change was begun, and nobody knows more: its policy now tells."""
    try:
        seen = _look(ws, run, key[0], change)
        reached = same_policy(None if seen.policy is None else seen.policy.encode(), change.after)
    except (*_UNREADABLE, _UnreadError) as error:
        return UNVERIFIED, _words(error)
    if reached:
        return DONE, "its policy is the approved one"
    if seen.sha256 == _sha256_of(run.step_intents[key].before_b64):
        return NOT_DONE, "its policy is the one from before"
    return UNVERIFIED, "its policy is neither the one from before nor the approved one"


def _sha256_of(before_b64: str) -> str | None:
    """Of the backup; None where what stands there is no base64."""
    try:
        return sha256(base64.b64decode(before_b64, validate=True))
    except ValueError:
        return None


def _look(ws: Workspace, run: ExecutionRecord, account: str, change: BucketChange) -> Inspection:
    """The bucket's policy now, in a root session of its own that only reads."""
    params = InspectBucketPolicy(buckets=(BucketRef(bucket=change.bucket, region=change.region),))
    member = owner_of(ws, AccountId(account))
    _require_free(ws, (member,), Task.INSPECT_BUCKET_POLICY, to_params(params))
    ask = Ask(reason=f"recover {run.id}")
    seen = inspect_bucket(ws, AccountId(account), change.bucket, change.region, ask)
    if not isinstance(seen, Inspection):
        raise _UnreadError("it was not read")
    return seen


def _removals(
    ws: Workspace, request: RequestRecord, run: ExecutionRecord, accounts: tuple[str, ...]
) -> Iterable[RecoveredEnd]:
    try:
        members = members_of(request, accounts)
        params = to_params(AuditRootCredentials())
        _require_free(ws, members, Task.AUDIT_ROOT_CREDENTIALS, params)
        readings = survey_accounts(ws, members, Ask(reason=f"recover {run.id}"))
    except (*_UNREADABLE, _UnreadError) as error:
        return tuple(_end(account, UNVERIFIED, _words(error)) for account in accounts)
    rows = {row.id: row for row in readings.rows}
    only = removal_params(request).only
    return tuple(_removed(account, rows.get(account), only) for account in accounts)


def _removed(
    account: str, row: InventoryRow | None, only: tuple[CredentialKind, ...]
) -> RecoveredEnd:
    if row is None or row.clean is None or row.reason is not None:
        why = None if row is None else row.reason
        return _end(account, UNVERIFIED, why or "it was not read")
    seen = seen_in(row)
    there = {
        CredentialKind.PASSWORD: seen.password,
        CredentialKind.ACCESS_KEYS: bool(seen.access_keys),
        CredentialKind.SIGNING_CERTIFICATES: bool(seen.signing_certificates),
        CredentialKind.MFA: bool(seen.mfa_devices) or row.mfa_enabled is True,
    }
    left = [kind.value for kind in only if there[kind]]
    if left:
        return _end(account, NOT_DONE, f"still there: {', '.join(left)}")
    return _end(account, DONE, "an audit session finds none of them")


def _plan(ws: Workspace, request: RequestRecord, account: str) -> RecoveredEnd:
    driver = driver_of(request.body.task)
    if not isinstance(driver, PlanDriver):
        return _end(account, UNVERIFIED, "this version cannot read what it is about")
    try:
        judged = driver.judged(ws, request)
    except _UNREADABLE as error:
        return _end(account, UNVERIFIED, error.message)
    changes = planned(request)
    words = {
        ChangeState.DONE: DONE,
        ChangeState.TO_DO: NOT_DONE,
        ChangeState.STALE: UNVERIFIED,
    }
    found = {n: words[standing.state] for n, standing in judged.items()}
    detail = "; ".join(f"{changes[n].op} {changes[n].target}: {word}" for n, word in found.items())
    return _end(account, _worst(set(found.values())), detail)


def _require_free(
    ws: Workspace,
    accounts: tuple[MemberAccount, ...],
    task: Task,
    params: Mapping[str, object],
) -> None:
    """Reading it needs nobody's approval.

    Raises:
        _UnreadError: it does.
        RequestRefused: no rule allows it.
    """
    targets = reading_targets(ws, accounts, task)
    if needs_approval(ws, Draft(task=task, targets=targets, params=dict(params))):
        raise _UnreadError(f"the rules want approvals for {task.value}, so it was not read")


def _worst(words: set[str]) -> str:
    if UNVERIFIED in words:
        return UNVERIFIED
    return DONE if words == {DONE} else NOT_DONE


def _words(error: Exception) -> str:
    return getattr(error, "message", None) or str(error)


def _end(account: str, outcome: str, detail: str) -> RecoveredEnd:
    return RecoveredEnd(account=account, outcome=outcome, detail=detail[:_LONGEST])
