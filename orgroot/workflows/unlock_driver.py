"""Unlocking under an approved request: read, compare with what was approved, change, read back.

What the request does not say is not done: a policy that changed since is left as it is.
"""

from collections.abc import Iterable

import msgspec

from orgroot.core import audit_log as chain
from orgroot.core.codec import canonical, parse_canonical
from orgroot.core.ids import AccountId, sha256
from orgroot.core.log_state import RequestRecord
from orgroot.core.planned_steps import policy_step
from orgroot.core.resource_policy import Lock, read_bucket_policy, same_policy
from orgroot.core.results import DeniedBy, ExitReason, Result, Unlock, UnlockItem
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secrets import RootSession
from orgroot.core.statement_parts import Target
from orgroot.core.task_params import BucketChange, UnlockBucket, parse_params
from orgroot.errors import (
    AuditUnavailable,
    AwsError,
    IntegrityError,
    OutcomeUnknown,
    RequestRefused,
    UsageError,
)
from orgroot.workflows import buckets
from orgroot.workflows.denial import Denials
from orgroot.workflows.run import DEADLINE, Run
from orgroot.workflows.targets import live_targets
from orgroot.workflows.workspace import Workspace

_GOOD = frozenset({"unlocked", "repaired", "not-locked"})


class UnlockBucketDriver:
    """Does what an approved unlock request says, in one root session."""

    def live_targets(self, ws: Workspace, request: RequestRecord) -> tuple[Target, ...]:
        """The account as it is now."""
        return live_targets(ws, request)

    def pending(self, ws: Workspace, request: RequestRecord) -> tuple[str, ...]:
        """The account, unless its outcome is recorded."""
        del ws
        return request.remaining()

    def run(self, ws: Workspace, run: Run, request: RequestRecord) -> None:
        """Unlock every bucket; one that cannot be unlocked does not keep the others locked."""
        account = AccountId(run.accounts[0])
        changes = _params(request).buckets
        try:
            session = run.open_session(account, TaskPolicy.UNLOCK_BUCKET)
        except AwsError as error:
            ws.progress.note(f"AWS refused the root session in {account}: {error.message}")
            run.refuse(account, error)
            return
        work = _Unlocking(ws, run, session)
        rows: list[UnlockItem] = []
        late = ""
        for change in changes:
            try:
                rows.append(work.left(change, late) if late else work.unlock(change))
            except (AuditUnavailable, RequestRefused) as error:
                if error.code == DEADLINE:
                    late = error.message
                    rows.append(work.left(change, late))
                    continue
                # Not recorded, so not changed; but an earlier bucket may have been.
                if any(row.backup is not None for row in rows):
                    raise OutcomeUnknown(
                        f"{error.message}; some buckets of {request.id} were changed before",
                        hint="`orgroot recover` closes it from what AWS shows",
                    ) from error
                raise
        run.close(account, _end(rows), _kept(ws, tuple(rows)))

    def result(self, ws: Workspace, request: RequestRecord) -> Result:
        """The rows that the closing names; without one, what AWS refused."""
        log = ws.governed.log
        account = request.targets[0].account
        end = request.outcomes().get(account)
        if end is not None and end.objects:
            tree = parse_canonical(log.get_object(end.objects[0]))
            items = msgspec.convert(tree, tuple[UnlockItem, ...])
        else:
            items = _refused(request, account)
        now = log.check_clock(ws.clock.now())
        stands = chain.request_state(log.state, request, now, log.running)
        return Unlock(
            exit_reasons=_reasons(items),
            request=request.id,
            state=stands.value,
            items=items,
            receipt=log.receipt(),
        )


class _Unlocking:
    """The work on the buckets of one session."""

    def __init__(self, ws: Workspace, run: Run, session: RootSession) -> None:
        self._ws = ws
        self._run = run
        self._session = session
        self._denials = Denials(ws.organization)

    def unlock(self, change: BucketChange) -> UnlockItem:
        """One bucket."""
        try:
            found = buckets.locate(self._ws, self._session, change.bucket, change.region)
            if found != change.region:
                why = f"the bucket is in {found}, and {change.region} was approved"
                return self.left(change, why)
            current = buckets.read_policy(self._ws, self._session, change.bucket, found)
        except UsageError as error:
            return self.left(change, error.message)
        except AwsError as error:
            return self._row(
                change, "failed", reason=error.message, denied_by=self._denials.explain(error)
            )
        return self._left_alone(change, current) or self._change(change, current or b"")

    def left(self, change: BucketChange, why: str) -> UnlockItem:
        """A bucket that was not begun, or not any more."""
        return self._row(change, "refused", reason=why)

    def _left_alone(self, change: BucketChange, current: bytes | None) -> UnlockItem | None:
        """Why the bucket stays as it is; None: its policy is the approved one, and it locks."""
        if current is None:
            return self._row(change, "not-locked", reason="it has no policy")
        if not change.unseen and sha256(current) != change.expected_policy_sha256:
            why = "STALE: the policy changed since the request; nothing was changed"
            return self._row(change, "refused", current, reason=why)
        if not self._locked(change, current):
            return self._row(change, "not-locked", current, reason="it locks nobody out")
        return None

    def _locked(self, change: BucketChange, current: bytes) -> bool:
        try:
            reading = read_bucket_policy(current, change.bucket, self._session.account)
        except UsageError:
            # A policy that cannot be read cannot be called open; its approved end stands.
            return True
        return reading.lock is not Lock.OPEN

    def _change(self, change: BucketChange, current: bytes) -> UnlockItem:
        gateway, session, after = self._ws.resource_policies, self._session, change.after
        operation, target = policy_step(change)

        def act() -> None:
            if after is None:
                gateway.delete_bucket_policy(session, change.bucket, change.region)
            else:
                gateway.put_bucket_policy(session, change.bucket, change.region, after)

        read: list[bytes | None] = []

        def read_back() -> bytes | None:
            read.append(gateway.bucket_policy(session, change.bucket, change.region))
            return read[-1]

        step = self._run.step(
            session.account,
            operation=operation,
            target=target,
            before=current,
            change=act,
            read_back=read_back,
            expected=lambda stands: _same(stands, after),
        )
        done = "unlocked" if after is None else "repaired"
        outcome = {"done": done, "refused": "failed", "unknown": "unknown"}[step.outcome]
        error = step.error if step.outcome != "done" else None
        reason = None if error is None else error.message
        if step.outcome == "unknown" and reason is None:
            reason = "what was read back is not what was asked for"
        return UnlockItem(
            account=session.account,
            bucket=change.bucket,
            outcome=outcome,
            before_sha256=sha256(current),
            after_sha256=_after(step.outcome, current, read),
            backup=step.seq,
            reason=reason,
            denied_by=None if error is None else self._denials.explain(error),
        )

    def _row(
        self,
        change: BucketChange,
        outcome: str,
        current: bytes | None = None,
        *,
        reason: str,
        denied_by: DeniedBy | None = None,
    ) -> UnlockItem:
        digest = None if current is None else sha256(current)
        return UnlockItem(
            account=self._session.account,
            bucket=change.bucket,
            outcome=outcome,
            before_sha256=digest,
            after_sha256=digest,
            backup=None,
            reason=reason,
            denied_by=denied_by,
        )


def _params(request: RequestRecord) -> UnlockBucket:
    params = parse_params(request.body.task, request.params)
    if not isinstance(params, UnlockBucket):
        raise IntegrityError(f"{request.id} does not say what to unlock", code="params")
    return params


def _end(rows: Iterable[UnlockItem]) -> str:
    outcomes = {row.outcome for row in rows}
    if "unknown" in outcomes:
        return "unknown"
    return "succeeded" if outcomes <= _GOOD else "failed"


def _same(one: bytes | None, other: bytes | None) -> bool:
    try:
        return same_policy(one, other)
    except UsageError:
        return False


def _after(outcome: str, current: bytes, read: list[bytes | None]) -> str | None:
    if outcome == "refused":
        return sha256(current)
    return sha256(read[-1]) if read and read[-1] is not None else None


def _kept(ws: Workspace, rows: tuple[UnlockItem, ...]) -> tuple[str, ...]:
    """The rows as an object of the log; without one the closing still says how it ended."""
    try:
        return (ws.governed.log.put_object(canonical(msgspec.to_builtins(rows))),)
    except AuditUnavailable:
        return ()


def _refused(request: RequestRecord, account: str) -> tuple[UnlockItem, ...]:
    """What there is to say where no session came to be, or the closing names no rows."""
    aborted = [run.aborted[account] for run in request.executions if account in run.aborted]
    if not aborted:
        raise OutcomeUnknown(f"the log does not say how {request.id} ended")
    return tuple(
        UnlockItem(
            account=account,
            bucket=change.bucket,
            outcome="failed",
            before_sha256=change.expected_policy_sha256,
            after_sha256=change.expected_policy_sha256,
            backup=None,
            reason=f"AWS refused the root session: {aborted[-1]}",
        )
        for change in _params(request).buckets
    )


def _reasons(items: tuple[UnlockItem, ...]) -> tuple[ExitReason, ...]:
    outcomes = [item.outcome for item in items]
    reasons = []
    if "unknown" in outcomes:
        reasons.append(ExitReason.UNKNOWN)
    if any(outcome in _GOOD for outcome in outcomes) and {"failed", "refused"} & set(outcomes):
        reasons.append(ExitReason.INCOMPLETE)
    if "failed" in outcomes:
        reasons.append(ExitReason.AWS_REFUSED)
    if "refused" in outcomes:
        reasons.append(ExitReason.REFUSED)
    return tuple(reasons)
