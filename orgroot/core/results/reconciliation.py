"""`orgroot reconcile`: CloudTrail against the log."""

from orgroot.core.results.base import Result, Row


class SessionRow(Row, frozen=True, kw_only=True):
    """One AssumeRoot event, one session on record, or both.

    Attributes:
        status: MATCHED; UNLOGGED_SESSION: no record of the log has it; UNSEEN_SESSION: on record,
            and CloudTrail does not have it; KNOWN_CALLER: expected by the configuration;
            NOT_YET_VISIBLE: too new for CloudTrail; NOT_READ: its trail was not read;
            FAILED_ATTEMPT: AWS refused; BEFORE_GENESIS: older than the log.
        access_key_id, account, task_policy: of the session.
        at: when (UTC): of the event, else null.
        caller, region, event: from CloudTrail; the caller of a session on record where there is no
            event.
        execution, request, record: from the log; `record` is the intent or survey.
        detail: why, for a person.
    """

    status: str
    access_key_id: str
    account: str
    task_policy: str
    at: str | None
    caller: str
    region: str | None
    event: str | None
    execution: str | None
    request: str | None
    record: int | None
    detail: str


class TrailRead(Row, frozen=True, kw_only=True):
    """An account whose trail was read, in these Regions."""

    account: str
    regions: tuple[str, ...]


class TrailUnread(Row, frozen=True, kw_only=True):
    """A trail that was not read, or not to its end; without a Region: of the whole account."""

    account: str
    region: str | None
    reason: str


class UseRow(Row, frozen=True, kw_only=True):
    """A call inside a session on record that its execution had not announced.

    Attributes:
        access_key_id, account, execution, request: whose session.
        action: as IAM names it.
        at, region, event: from the organization trail.
        error: AWS's code where it refused; empty where it did it.
        detail: why it is beyond the plan.
    """

    access_key_id: str
    account: str
    execution: str
    request: str
    action: str
    at: str | None
    region: str
    event: str
    error: str
    detail: str


class Reconciliation(Result, frozen=True, kw_only=True, tag="orgroot.reconcile/v1"):
    """`orgroot reconcile`.

    Attributes:
        since, until: from when to when the trails were read (UTC).
        sessions: every event and every session on record, in order of time.
        overuse: every call inside a session that its plan does not have.
        read, unread: which trails were.
        unsound: the surveys whose facts are not what they should be, each with the reason; what
            they say they opened counts for nothing.
        in_session_calls: whether calls made inside the sessions were read, or why not.
        summary: how many there are of each status.
        digest: SHA-256 of this very object as canonical JSON without `digest`, `record` and
            `receipt`; it stands in the record.
        record: the number of the record that keeps the digest; null where none was written.
    """

    since: str
    until: str
    sessions: tuple[SessionRow, ...]
    overuse: tuple[UseRow, ...]
    read: tuple[TrailRead, ...]
    unread: tuple[TrailUnread, ...]
    unsound: tuple[str, ...]
    in_session_calls: str
    summary: dict[str, int]
    digest: str
    record: int | None = None
    receipt: str | None = None
