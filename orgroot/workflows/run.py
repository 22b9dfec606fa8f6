"""An open execution: the write-ahead protocol, and the only caller of AssumeRoot.

No session without a durable intent, no use of it without a durable `issued`, no change without a
durable `step-intent`. What happened and cannot be recorded is spooled and ends as OutcomeUnknown,
and a run whose log has failed it begins nothing more.
"""

import base64
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from orgroot.core import audit_log
from orgroot.core.codec import canonical
from orgroot.core.facts import (
    AbortedItem,
    ClosedItem,
    IssuedItem,
    Item,
    StepIntentItem,
    StepResultItem,
)
from orgroot.core.ids import AccountId, Digest, ExecutionId, RequestId, sha256
from orgroot.core.log_state import LISTED, SURVEYED, ExecutionRecord
from orgroot.core.lost_sessions import EVERY, LOST
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secrets import RoleSession, RootSession
from orgroot.core.statements import Intent, instant, timestamp
from orgroot.errors import (
    AuditUnavailable,
    AwsError,
    AwsErrorKind,
    CredentialsError,
    OrgrootError,
    OutcomeUnknown,
    RequestRefused,
    UsageError,
)
from orgroot.workflows.executors import Executors
from orgroot.workflows.facts import FactWriter
from orgroot.workflows.outcomes import outcome_text
from orgroot.workflows.workspace import Workspace

_UNANSWERED = frozenset({AwsErrorKind.LOST, AwsErrorKind.UNAVAILABLE})
"""AWS did not say whether it did what it was asked."""

_THROTTLE_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before AssumeRoot is asked again after an answer that opened no session and may pass:
throttling, or an executor's session that had ended."""

_FEW = 3
"""So many changes are named where all of them would hide the sentence."""

LOOK_FIRST = "`orgroot recover` closes it from what AWS shows; look before you act again"

DEADLINE = "deadline"
"""The code of a refusal because the time of a run is over: it did nothing more, and may say so."""

MAX_NAMED = 1000
"""More fact objects than these are named by a list, itself an object: a record has its limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change.

    Attributes:
        n: its number within the account, from 1.
        seq: the record of its step-intent, which is the backup.
        outcome: `done`; `refused` by AWS, nothing changed; `unknown`.
        after_sha256: SHA-256 of what was read back; empty where there is nothing.
        error: AWS's refusal, or why the outcome is unknown.
    """

    n: int
    seq: int
    outcome: Literal["done", "refused", "unknown"]
    after_sha256: str
    error: AwsError | None = None


class Run:
    """An open execution. Every method may be called from any thread.

    Attributes:
        execution_id: the `oex_` id.
        request_id: the request or survey it runs.
        accounts: the only accounts it may touch; `("",)` for management tasks.
        deadline: nothing more may happen after it (UTC).
    """

    def __init__(
        self,
        ws: Workspace,
        *,
        request_id: RequestId,
        execution: ExecutionRecord,
        writer: FactWriter,
        duration_seconds: int,
    ) -> None:
        self.execution_id: ExecutionId = execution.id
        self.request_id = request_id
        self.accounts = execution.work
        self.deadline = instant(execution.body.deadline)
        self._ws = ws
        self._log = ws.governed.log
        self._writer = writer
        self._duration = duration_seconds
        self._task_policies = execution.body.task_policies
        self._survey = not isinstance(execution.body, Intent)
        self._reference = audit_log.reference(request_id, execution.seq, execution.record_hash)
        self._executors = Executors(ws, execution, self._reference)
        self._lock = threading.Lock()
        self._steps: dict[str, int] = {}
        self._forget: dict[str, list[Callable[[], None]]] = {}
        self._ends: dict[str, ClosedItem] = {}
        self._failure: OrgrootError | None = None
        self._made: list[str] = []
        self._lost: list[str] = []

    @property
    def can_record(self) -> bool:
        """The log has taken every record so far; once it did not, nothing more is begun."""
        return self._failure is None

    def open_session(self, account: AccountId, task_policy: TaskPolicy) -> RootSession:
        """Open a root session and record it durably; asked again only after throttling.

        Raises:
            AwsError: AWS refused, no session exists: the caller calls `refuse`.
            CredentialsError: the operator's are not accepted, no session exists, as is recorded.
            OutcomeUnknown: no answer came, or the session could not be recorded and was dropped.
            AuditUnavailable: the log has failed this run; nothing was called.
            RequestRefused: outside this run's accounts, task policies or time.
        """
        if account not in self.accounts or task_policy not in self._task_policies:
            raise RequestRefused(
                f"this run does not cover {task_policy.value} in {account}", code="out-of-scope"
            )
        self._require_log()
        try:
            session = self._assume(account, task_policy)
        except CredentialsError as error:
            if account not in self._forget:  # else a session of it is on record, and it stays open
                self.refuse(account, error)
            raise
        forget = self._log.keep_out((session.secret_access_key, session.session_token))
        with self._lock:
            self._forget.setdefault(account, []).append(forget)
        self._record_what_happened(
            IssuedItem(
                account=account,
                task_policy=task_policy,
                access_key_id=session.access_key_id,
                expires_at=timestamp(session.expires_at),
                aws_request_id=session.aws_request_id,
            ),
            f"a root session in {account} was opened and its credentials are dropped",
        )
        return session

    def step(
        self,
        account: str,
        *,
        operation: str,
        target: str,
        before: bytes,
        change: Callable[[], None],
        read_back: Callable[[], bytes | None],
        expected: Callable[[bytes | None], bool] | None = None,
    ) -> Step:
        """Record what is about to change, change it, read it back, record the result.

        Args:
            account: the account; empty for management tasks.
            operation: AWS's operation, e.g. `s3:DeleteBucketPolicy`.
            target: what it changes, e.g. the bucket's name.
            before: the backup.
            change: makes the one changing call.
            read_back: reads what stands there now; None: nothing.
            expected: whether what was read back is what was wanted; settles a lost answer.

        Raises:
            AuditUnavailable, RequestRefused: not recorded, so not changed.
            OutcomeUnknown: changed, or perhaps changed, and the result could not be recorded; or
                not changed, but something else was before it.
        """
        self._require_log()
        self._in_time()
        with self._lock:
            n = self._steps[account] = self._steps.get(account, 0) + 1
        backup = base64.b64encode(before).decode()
        seq = self._write_ahead(
            StepIntentItem(
                account=account, n=n, operation=operation, target=target, before_b64=backup
            )
        )
        self._in_time()
        outcome, after, error = _attempt(operation, change, read_back, expected)
        what = f"{operation} on {target} in {account or 'the organization'}"
        if outcome != "refused":
            self._made.append(what)
        self._record_what_happened(
            StepResultItem(
                account=account,
                n=n,
                outcome=outcome,
                after_sha256=after,
                error="" if error is None else f"{error.aws_code or error.kind.value}: {error}",
            ),
            f"{what}: {outcome}",
        )
        return Step(n=n, seq=seq, outcome=outcome, after_sha256=after, error=error)

    def close(self, account: str, outcome: str, objects: tuple[str, ...] = ()) -> None:
        """Record the end of the work on one account and forget its credentials.

        In a survey this is kept until the end, for nothing was changed.

        Raises:
            OutcomeUnknown: it could not be recorded.
        """
        item = ClosedItem(account=account, outcome=outcome, objects=objects)
        if self._survey:
            with self._lock:
                self._ends[account] = item
        else:
            self._record_what_happened(item, f"the work on {account or 'the organization'} ended")
        self._drop(account)

    def refuse(self, account: str, error: AwsError | CredentialsError) -> None:
        """Record that AWS refused before any session came to be, or any change was begun.

        Raises:
            AuditUnavailable: it could not be recorded; nothing had happened.
            OutcomeUnknown: the same, but something else was changed before it.
        """
        if isinstance(error, AwsError) and error.kind is AwsErrorKind.LOST:
            raise OutcomeUnknown(
                f"no answer from AWS for {account}: a root session may exist", hint=LOOK_FIRST
            ) from error
        word = error.aws_code or error.kind.value if isinstance(error, AwsError) else error.code
        self._write_ahead(AbortedItem(account=account, error=f"{word}: {error.message}"))
        self._drop(account)

    def finish_survey(self) -> None:
        """Write what ended and the one closing record of a survey, which names every fact object.

        Raises:
            AuditUnavailable: it could not be recorded; a survey changes nothing.
        """
        with self._lock:
            ends = tuple(self._ends.values())
        self._writer.write_all(ends)
        objects = self._writer.objects
        if len(objects) > MAX_NAMED:
            listed: list[str] = list(objects)
            objects = (self._log.put_object(canonical(listed)),)
            word = LISTED
        else:
            word = SURVEYED
        lost: list[str] | str = sorted(self._lost)
        lost = lost if len(lost) <= MAX_NAMED else EVERY
        outcome = outcome_text(word, {LOST: lost} if lost else None)
        self._writer.write_record(ClosedItem(account="", outcome=outcome, objects=objects))
        self.drop_credentials()

    def drop_credentials(self) -> None:
        """Forget every session of this run: nothing more may be done with them."""
        self._executors.drop()
        with self._lock:
            accounts = tuple(self._forget)
        for account in accounts:
            self._drop(account)

    def _assume(self, account: AccountId, task_policy: TaskPolicy) -> RootSession:
        for pause in (*_THROTTLE_PAUSES, None):
            self._in_time()
            through: RoleSession | None = None
            try:
                through = self._executors.session(account, task_policy)
                return self._ws.root_sessions.assume_root(
                    account, task_policy, self._duration, self._reference, through
                )
            except AwsError as error:
                if error.kind is AwsErrorKind.LOST:
                    self._lost.append(account)
                    raise OutcomeUnknown(
                        f"no answer from AWS to AssumeRoot in {account}: a session may exist",
                        hint=LOOK_FIRST,
                    ) from error
                again = error.kind is AwsErrorKind.THROTTLED or self._executors.ended(
                    through, error
                )
                if not again or pause is None:
                    raise
                self._log.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - jitter
        raise AssertionError("the last attempt returns or raises")

    def _in_time(self) -> None:
        now = self._ws.clock.now()
        if now >= self.deadline:
            raise RequestRefused(
                f"the time of this run ended at {timestamp(self.deadline)}; nothing more is done",
                code=DEADLINE,
            )

    def _require_log(self) -> None:
        """Nothing is begun that could not be recorded.

        Raises:
            AuditUnavailable, OutcomeUnknown: as `_stopped`.
        """
        if self._failure is not None:
            raise self._stopped(self._failure)

    def _write_ahead(self, item: Item) -> int:
        """Record what is about to happen, or what did not: if that fails, nothing more is begun.

        Raises:
            AuditUnavailable, OutcomeUnknown: as `_stopped`.
            IntegrityError, RequestRefused: the log is broken, or another run took over.
        """
        try:
            return self._writer.write(item)
        except (AuditUnavailable, UsageError) as error:
            self._failure = error
            raise self._stopped(error) from error

    def _stopped(self, failure: OrgrootError) -> OrgrootError:
        """What to raise once the log has failed: "nothing was done" only where that is true."""
        if not self._made:
            return AuditUnavailable(failure.message, hint=failure.hint, code=failure.code)
        made = ", ".join(self._made[:_FEW])
        more = f" and {len(self._made) - _FEW} more" if len(self._made) > _FEW else ""
        words = f"{failure.message}; nothing more is done, but this was before: {made}{more}"
        return OutcomeUnknown(words, hint=LOOK_FIRST)

    def _record_what_happened(self, item: Item, words: str) -> None:
        """Record something that has happened: in the log, else in the spool, never nowhere."""
        try:
            self._writer.write(item)
        except OrgrootError as error:
            self._failure = error
            words = f"{words}, but the log did not take it ({error.message})"
            try:
                self._writer.spool(item)
                kept = "the signed fact is kept on this machine"
            except OrgrootError as second:
                kept = f"nor could this machine keep it ({second.message}): write it down"
            self._ws.progress.note(f"{words}; {kept}")
            raise OutcomeUnknown(f"{words}; {kept}", hint=LOOK_FIRST) from error

    def _drop(self, account: str) -> None:
        with self._lock:
            forget = self._forget.pop(account, [])
        for each in forget:
            each()


def _attempt(
    operation: str,
    change: Callable[[], None],
    read_back: Callable[[], bytes | None],
    expected: Callable[[bytes | None], bool] | None,
) -> tuple[Literal["done", "refused", "unknown"], str, AwsError | None]:
    """Make the change and read it back; only AWS's own no is `refused`."""
    lost: AwsError | None = None
    try:
        change()
    except (AwsError, UsageError) as error:
        lost = _refusal(error, operation)
        if lost.kind not in _UNANSWERED:
            return "refused", "", lost
    try:
        after = read_back()
    except (AwsError, UsageError) as error:
        return "unknown", "", lost or _refusal(error, operation)
    digest: str = Digest("") if after is None else sha256(after)
    if expected is None:
        return ("done" if lost is None else "unknown"), digest, lost
    return ("done" if expected(after) else "unknown"), digest, lost


def _refusal(error: AwsError | UsageError, operation: str) -> AwsError:
    """A call that was not sent, or whose credentials were not accepted, changed nothing either."""
    if isinstance(error, AwsError):
        return error
    return AwsError(
        error.message,
        kind=AwsErrorKind.DENIED,
        aws_code="",
        operation=operation,
        hint=error.hint,
    )
