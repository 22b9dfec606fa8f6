r"""What people and executions say in the log, as exact bytes: one Struct per statement type.

A statement is an ASCII JSON text: sorted keys, two-space indent, `\uXXXX` for the rest, a final
newline. That text itself is signed and stored. It is parsed only if writing the parsed value again
gives the same bytes: so no duplicate key, float, unknown field or other spelling of the same value
can pass. Nothing of it is believed before its signature was checked.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar

import msgspec

from orgroot.core.codec import require_plain
from orgroot.core.config import Approvals, Owners
from orgroot.core.evidence_statements import Reconciled, Report
from orgroot.core.facts import Issued, Observed
from orgroot.core.governed_tasks import Task
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.spelling import readable, surely_readable
from orgroot.core.statement_parts import (
    FoundSession,
    Moved,
    ObjectRef,
    OwnersStatement,
    PersonStatement,
    RecoveredEnd,
    RulesRef,
    SessionAsk,
    SpooledFact,
    Target,
    Versions,
)
from orgroot.errors import IntegrityError

SCHEMA = "orgroot.statement/v1"
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
"""No time in the log lies outside: arithmetic on times must never overflow."""

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_TIMES = (
    "created_at",
    "expires_at",
    "observed_at",
    "deadline",
    "at",
    "since",
    "until",
    "compromised_since",
)


class Genesis(OwnersStatement, frozen=True, kw_only=True, tag="genesis"):
    """The first record: which world (`aws` or `sandbox`), whose organization, whose trust."""

    NAMESPACE: ClassVar[str] = "orgroot-genesis-v1"

    endpoint: str
    management_account: str
    owners: Owners
    retain: str | None


class Rules(OwnersStatement, frozen=True, kw_only=True, tag="rules"):
    """People and rules that are in force from here on; the serial grows by one."""

    NAMESPACE: ClassVar[str] = "orgroot-rules-v1"

    serial: int
    expires_at: str
    approvals: Approvals


class TrustChange(OwnersStatement, frozen=True, kw_only=True, tag="trust"):
    """Other owners from here on, signed by the thresholds of the old and the new; serial from 1."""

    NAMESPACE: ClassVar[str] = "orgroot-trust-v1"

    serial: int
    owners: Owners
    retain: str | None


class KeyRevoke(PersonStatement, frozen=True, kw_only=True, tag="key-revoke"):
    """A key speaks for nobody from here on.

    Attributes:
        person, key: whose key, and which: `type base64`.
        reason: why.
        compromised_since: what it signed from this instant on (UTC) was not its person's word.
    """

    NAMESPACE: ClassVar[str] = "orgroot-key-revoke-v1"

    person: str
    key: str
    reason: str
    compromised_since: str | None


class RequestFields(PersonStatement, frozen=True, kw_only=True):
    """What a request and a survey have in common.

    Long lists and texts stand in objects: `targets_object` replaces `targets` above 100 accounts,
    `params_object` replaces `params` above 32 KiB.
    """

    expires_at: str
    rules: RulesRef
    task: Task
    task_policy: TaskPolicy | None
    targets: tuple[Target, ...]
    targets_object: ObjectRef | None
    params: dict[str, Any]
    params_object: ObjectRef | None
    session: SessionAsk | None
    ticket: str
    justification: str


class Request(RequestFields, frozen=True, kw_only=True, tag="request"):
    """A person asks that exactly this be done."""

    NAMESPACE: ClassVar[str] = "orgroot-request-v1"

    break_glass: bool


class Intent(PersonStatement, frozen=True, kw_only=True, tag="intent"):
    """An executor is about to act on a granted request.

    Attributes:
        request_id: the request.
        request_sha256: SHA-256 of its exact text.
        approvals: record numbers of the approvals it relies on.
        caller_arn: the identity AWS reported for the executor.
        executor_arn: the executor role where one is used, else None.
        accounts: the accounts this run may touch; `accounts_object` replaces it above 100.
        task_policies: the root-task policies its sessions may carry.
        deadline: after this instant nothing more may happen under it (UTC).
        observed_at: AWS's time when the decision was made (UTC).
        ephemeral_key: base64 of the raw Ed25519 public key that signs this run's facts.
        reference_in: where the reference travels: `source-identity` or `user-agent`.
    """

    NAMESPACE: ClassVar[str] = "orgroot-intent-v1"

    request_id: str
    request_sha256: str
    approvals: tuple[int, ...]
    caller_arn: str
    executor_arn: str | None
    accounts: tuple[str, ...]
    accounts_object: ObjectRef | None
    task_policies: tuple[TaskPolicy, ...]
    deadline: str
    observed_at: str
    ephemeral_key: str
    reference_in: str


class Survey(RequestFields, frozen=True, kw_only=True, tag="survey"):
    """A read-only request and its intent in one: one signature, no approvals.

    The last nine fields are those of `Intent`; a Struct has one base, so they stand twice.
    """

    NAMESPACE: ClassVar[str] = "orgroot-survey-v1"

    caller_arn: str
    executor_arn: str | None
    accounts: tuple[str, ...]
    accounts_object: ObjectRef | None
    task_policies: tuple[TaskPolicy, ...]
    deadline: str
    observed_at: str
    ephemeral_key: str
    reference_in: str


class Decided(PersonStatement, frozen=True, kw_only=True):
    """An approver's decision on one request, with the summary that was shown.

    The verifier rebuilds `summary` from the log up to `head` and compares: what was shown is what
    was asked.
    """

    decision: str
    request_id: str
    request_sha256: str
    expires_at: str
    comment: str
    summary: dict[str, Any]


class Approval(Decided, frozen=True, kw_only=True, tag="approval"):
    """Yes, to exactly this request."""

    NAMESPACE: ClassVar[str] = "orgroot-approval-v1"


class Denial(Decided, frozen=True, kw_only=True, tag="denial"):
    """No, to exactly this request; final."""

    NAMESPACE: ClassVar[str] = "orgroot-denial-v1"


class Review(Decided, frozen=True, kw_only=True, tag="review"):
    """What others say afterwards of what was done under break-glass: `reviewed`, or `violation`.

    `summary` also holds what was done. `ticket`: one that the rules want and the request lacks.
    """

    NAMESPACE: ClassVar[str] = "orgroot-review-v1"

    ticket: str


class Drill(PersonStatement, frozen=True, kw_only=True, tag="drill"):
    """A person has rehearsed break-glass: evidence that they can, and no incident.

    `rehearsed`: what, `failed`: what would have stopped it, one sentence each.
    """

    NAMESPACE: ClassVar[str] = "orgroot-drill-v1"

    rehearsed: tuple[str, ...]
    failed: tuple[str, ...]


class Cancel(PersonStatement, frozen=True, kw_only=True, tag="cancel"):
    """The requester takes the request back: it is never executed (again)."""

    NAMESPACE: ClassVar[str] = "orgroot-cancel-v1"

    request_id: str
    request_sha256: str
    comment: str


class Revoke(PersonStatement, frozen=True, kw_only=True, tag="revoke"):
    """An approver takes back a decision, by the SHA-256 of its text, whether recorded or not."""

    NAMESPACE: ClassVar[str] = "orgroot-revoke-v1"

    request_id: str
    request_sha256: str
    statement_sha256: str
    comment: str


class Recovered(PersonStatement, frozen=True, kw_only=True, tag="recovered"):
    """A person closes what an execution left open, from its own spooled facts or by looking.

    Attributes:
        execution_id: which.
        facts: what its machine had kept.
        ends: how the work on accounts ended.
        sessions: what CloudTrail shows of it and it could not put on record.
        looked: the accounts for which CloudTrail was read over all of its time, so that no other
            session of it is missing there; empty text: all of a survey.
        late: what its machine had kept and came too late to count: evidence, and its sessions.
    """

    NAMESPACE: ClassVar[str] = "orgroot-recovered-v1"

    execution_id: str
    facts: tuple[SpooledFact, ...] = ()
    ends: tuple[RecoveredEnd, ...] = ()
    sessions: tuple[FoundSession, ...] = ()
    looked: tuple[str, ...] = ()
    late: tuple[SpooledFact, ...] = ()


class Ack(PersonStatement, frozen=True, kw_only=True, tag="ack"):
    """An owner of the trust acknowledges what was found: moved accounts, versions in the store."""

    NAMESPACE: ClassVar[str] = "orgroot-ack-v1"

    moves: tuple[Moved, ...]
    versions: tuple[Versions, ...]
    reason: str


Signed = (
    Genesis
    | Rules
    | TrustChange
    | KeyRevoke
    | Request
    | Intent
    | Survey
    | Approval
    | Denial
    | Recovered
    | Reconciled
    | Report
    | Cancel
    | Revoke
    | Review
    | Drill
    | Ack
)
Body = Signed | Observed


def timestamp(moment: datetime) -> str:
    """A UTC instant as statements write it: whole seconds, `Z` (RFC 3339)."""
    return moment.astimezone(UTC).strftime(TIME_FORMAT)


@lru_cache(maxsize=4096)
def instant(text: str) -> datetime:
    """The instant a statement names.

    Raises:
        IntegrityError: the text is not in the one form `timestamp` writes.
    """
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise IntegrityError(f"{text!r} is not a UTC time of the form {TIME_FORMAT}") from error
    if timestamp(moment) != text:
        raise IntegrityError(f"{text!r} is not written as {timestamp(moment)!r}")
    return moment


def moments(body: Body) -> Iterator[str]:
    """Every time a statement names."""
    for name in _TIMES:
        if (moment := getattr(body, name, None)) is not None:
            yield moment
    if isinstance(body, Issued):
        for item in body.items:
            yield item.expires_at


def require_our_time(body: Body) -> None:
    """Return if every time that a statement or fact names is one that can be reckoned with.

    Raises:
        IntegrityError: one is not in the form of times, or so far off that sums would overflow.
    """
    for moment in moments(body):
        if not EARLIEST <= instant(moment) < LATEST:
            raise IntegrityError(f"{moment} is beyond all times")


def to_text(body: Body) -> bytes:
    """The exact bytes of a statement or fact; IntegrityError for a float, see `require_plain`."""
    tree = msgspec.to_builtins(body)
    require_plain(tree)
    return readable(tree)


_DECODER: msgspec.json.Decoder[Body] = msgspec.json.Decoder(Body)


def from_text(text: bytes) -> Body:
    """Parse a text, strictly; until its signature was checked it is anybody's word.

    Raises:
        IntegrityError: not JSON, of no known type, or not the canonical spelling.
    """
    try:
        body = _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"not a statement: {error}", code="noncanonical") from error
    if not surely_readable(body, text) and to_text(body) != text:
        raise IntegrityError("not the canonical spelling of a statement", code="noncanonical")
    return body
