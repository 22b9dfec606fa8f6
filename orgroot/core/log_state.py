"""The state that the audit log stands for: values only. `fold` puts records into it.

Nothing here is ever stored: what a request's state is, is derived from the records each time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from heapq import nlargest
from typing import Any

from orgroot.core.codec import EMPTY
from orgroot.core.config import Owners
from orgroot.core.facts import (
    ClosedItem,
    IssuedItem,
    Observed,
    StepIntentItem,
    StepResultItem,
)
from orgroot.core.findings import Finding
from orgroot.core.ids import Digest, ExecutionId, RequestId
from orgroot.core.people import RevokedKey, Roster
from orgroot.core.requirements import Requirement
from orgroot.core.sshsig import Verified
from orgroot.core.statement_parts import FoundSession, Target
from orgroot.core.statements import (
    Approval,
    Denial,
    Genesis,
    Intent,
    Request,
    Review,
    Rules,
    Survey,
    instant,
)
from orgroot.core.whereabouts import Places, Whereabouts

MAX_EXECUTIONS = 3
"""So many times a request for one target is tried, where AWS refused each time before."""

SURVEYED = "surveyed"
"""The outcome of a survey whose closing record names its fact objects."""

LISTED = "surveyed-listed"
"""The outcome of a survey whose closing record names one object that lists its fact objects."""


class RequestState(StrEnum):
    """Where a request stands; see SECURITY.md, "States"."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    CLAIMED = "CLAIMED"
    ISSUED = "ISSUED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ABANDONED = "ABANDONED"
    DENIED = "DENIED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    STALE = "STALE"
    UNKNOWN = "UNKNOWN"
    UNREVIEWED = "UNREVIEWED"
    OVERDUE = "OVERDUE"
    REVIEWED = "REVIEWED"
    VIOLATION = "VIOLATION"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustInForce:
    """Whose log it is from a record on: the genesis, or a `trust` record.

    Attributes:
        seq: the record's number.
        digest: what machines pin: see `owners.trust_digest`.
        owners, retain: what it says.
    """

    seq: int
    digest: Digest
    owners: Owners
    retain: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesInForce:
    """A `rules` record: its position, the SHA-256 of its statement text, and what it says.

    Attributes:
        log_bucket, log_account: the bucket the log lies in, which no rule opens, and the account
            that owns it; empty for a folder.
        revoked: by key, what `key-revoke` records have ended.
        roster: the people of these rules.
    """

    seq: int
    sha256: Digest
    body: Rules
    log_bucket: str = ""
    revoked: Mapping[str, RevokedKey] = field(default_factory=dict)
    log_account: str = ""
    roster: Roster = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "roster", Roster(self.body.approvals, self.revoked))


@dataclass(slots=True, kw_only=True)
class DecisionRecord:
    """An approval, denial or review that was valid when it was recorded.

    Attributes:
        groups: the person's groups then; what they joined later does not count.
        recorded_at: when at least: the later of its own time and what was witnessed before it (UTC
            text); empty: its own time.
        latest_at: when at most, as far as the log says: as `recorded_at`, of what was claimed.
        revoked: the record number in which its signer took it back; 0: it stands.
        signed_with: what its signature says of the key that made it.
    """

    seq: int
    sha256: Digest
    body: Approval | Denial | Review
    groups: frozenset[str] = frozenset()
    recorded_at: str = ""
    latest_at: str = ""
    revoked: int = 0
    signed_with: Verified | None = None

    @property
    def at(self) -> datetime:
        """When it was recorded at least."""
        return instant(self.recorded_at or self.body.created_at)

    @property
    def latest(self) -> datetime:
        """When it was recorded at most, as far as the log says."""
        return instant(self.latest_at or self.body.created_at)


@dataclass(slots=True, kw_only=True)
class ExecutionRecord:
    """One execution (an intent, or a survey): what it said and what it recorded so far.

    Attributes:
        id: the `oex_` id.
        seq: the record number of the intent or survey.
        record_hash: that record's hash, from which the reference is made.
        body: the statement.
        accounts: the accounts it may touch, the object resolved.
        superseded_by: a later intent of the same bulk request, else None.
        passed_on: what later intents of the request have named.
        issued: root sessions by access key id.
        step_intents, step_results: by (account, n).
        numbers: by account, the `n` of its step-intents in order.
        closed: the outcome per account; management tasks use the account "".
        aborted: a definite refusal by AWS per account: no session came to be.
        fact_objects: digests of a survey's fact objects, from its closing record.
        held: how many sessions are on record, by account.
        spooled: the newest `recovered` record that brought facts of its own; 0: none did.
        found: by account the session that was lost, and that CloudTrail showed afterwards.
        looked: the accounts of which CloudTrail shows all sessions on record; `""`: all of them.
        emergency: what the rules demanded where break-glass stood in for it; else None.
        late: the facts that came too late to count, by the SHA-256 of their text.
        asked: the request or survey that it executes.
        scope: what it is about, as a set; see `work`.
    """

    id: ExecutionId
    seq: int
    record_hash: Digest
    body: Intent | Survey
    accounts: tuple[str, ...]
    superseded_by: int | None = None
    passed_on: set[str] = field(default_factory=set)
    issued: dict[str, IssuedItem] = field(default_factory=dict)
    step_intents: dict[tuple[str, int], StepIntentItem] = field(default_factory=dict)
    step_results: dict[tuple[str, int], StepResultItem] = field(default_factory=dict)
    numbers: dict[str, list[int]] = field(default_factory=dict)
    closed: dict[str, ClosedItem] = field(default_factory=dict)
    aborted: dict[str, str] = field(default_factory=dict)
    fact_objects: tuple[str, ...] = ()
    last_seq: int = 0
    held: Counter[str] = field(default_factory=Counter)
    spooled: int = 0
    found: dict[str, FoundSession] = field(default_factory=dict)
    looked: set[str] = field(default_factory=set)
    emergency: Requirement | None = None
    late: dict[Digest, Observed] = field(default_factory=dict)
    asked: "RequestRecord | None" = field(default=None, compare=False, repr=False)
    scope: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.scope = frozenset(self.work)

    @property
    def work(self) -> tuple[str, ...]:
        """What it is about: its accounts, or `""` for a management task."""
        return self.accounts or ("",)

    def steps(self, account: str) -> Iterator[tuple[StepIntentItem, StepResultItem | None]]:
        """What was begun in an account, in order, and how each of it ended, if that is known."""
        for n in self.numbers.get(account, ()):
            yield self.step_intents[account, n], self.step_results.get((account, n))

    @property
    def own(self) -> tuple[str, ...]:
        """What it must end itself: once superseded, what it had begun and no later intent named."""
        if self.superseded_by is None:
            return self.work
        begun = (a for a in self.work if self.held[a] or a in self.numbers)
        return tuple(account for account in begun if account not in self.passed_on)

    def left_open(self) -> tuple[str, ...]:
        """Of that, what has neither an outcome nor a refusal on record."""
        own = set(self.own)
        return tuple(account for account in self.unresolved() if account in own)

    def unresolved(self) -> tuple[str, ...]:
        """What has neither an outcome nor a refusal on record. A survey may close as a whole."""
        if "" in self.closed:
            return ()
        return tuple(a for a in self.work if a not in self.closed and a not in self.aborted)

    @property
    def refused(self) -> bool:
        """AWS refused all of it before anything happened: no session came to be."""
        return all(account in self.aborted for account in self.work)


@dataclass(slots=True, kw_only=True)
class RequestRecord:
    """A request (or survey) as recorded, with everything said and done about it since.

    Attributes:
        id: the `orq_` id.
        seq: its record number.
        sha256: SHA-256 of its exact statement text.
        body: the statement.
        targets, params: with objects resolved.
        approvals, denials: the valid ones, in order of the log.
        executions: in order of the log.
        recorded_at: when at least: the later of its own time and what was witnessed before it (UTC
            text); empty: its own time.
        latest_at: when at most, as far as the log says: as `recorded_at`, of what was claimed.
        requirement: what the rules demanded when it was recorded.
        denied: the record number of the denial that ended it; 0: not denied.
        cancelled: the record number in which its requester took it back; 0: it stands.
        reviews: of what was done under break-glass; the valid ones, in order of the log.
        settled: the record number with which no review was owed any more: the intent or approval
            with which the full quorum stood, or the last review; 0: none.
        signed_with: what its signature says of the key that made it; None: it is a draft.
        places: where the log saw its accounts until now; shared with `LogState.places`.
        moved: its accounts that the log had seen elsewhere when it was recorded, and where.
    """

    id: RequestId
    seq: int
    sha256: Digest
    body: Request | Survey
    targets: tuple[Target, ...]
    params: Mapping[str, Any]
    approvals: list[DecisionRecord] = field(default_factory=list)
    denials: list[DecisionRecord] = field(default_factory=list)
    executions: list[ExecutionRecord] = field(default_factory=list)
    recorded_at: str = ""
    latest_at: str = ""
    requirement: Requirement | None = None
    denied: int = 0
    cancelled: int = 0
    reviews: list[DecisionRecord] = field(default_factory=list)
    settled: int = 0
    signed_with: Verified | None = None
    places: Places = field(default_factory=dict, repr=False)
    moved: Places = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        """When it was recorded at least."""
        return instant(self.recorded_at or self.body.created_at)

    @property
    def latest(self) -> datetime:
        """When it was recorded at most, as far as the log says."""
        return instant(self.latest_at or self.body.created_at)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts it is about; none for a management task."""
        return tuple(target.account for target in self.targets if target.account)

    @property
    def bulk(self) -> bool:
        """Many accounts were asked for at once: a later intent may go on where one ended."""
        return len(self.targets) > 1

    def remaining(self) -> tuple[str, ...]:
        """What has no recorded outcome yet; `""` stands for the organization."""
        done = self.outcomes()
        return () if "" in done else tuple(a for a in self.accounts or ("",) if a not in done)

    @property
    def spent(self) -> str | None:
        """Why it can never be executed (again), or None."""
        if not self.remaining():
            return f"{self.id} was executed"
        if self.bulk:
            return None
        if any(not run.refused for run in self.executions):
            return f"{self.id} was executed, and only once is allowed"
        if len(self.executions) >= MAX_EXECUTIONS:
            return f"{self.id} was refused by AWS {len(self.executions)} times"
        return None

    def outcomes(self) -> dict[str, ClosedItem]:
        """The recorded outcome per account over all its executions."""
        return {a: item for run in self.executions for a, item in run.closed.items()}


@dataclass(slots=True, kw_only=True)
class LogState:
    """The fold over all records so far. Written by `fold` and `admission` only; read by everyone.

    Attributes:
        seq, hash: the head: number and hash of the newest record; 0 and 64 zeros when empty.
        newest: `created_at`/`at` of the newest statement (UTC text), empty at the start; what is
            dated later than the reader's own time left out.
        claimed: the latest time that any statement names, later than now or not (UTC text).
        heard: by human being (`""`: all services), the latest time that their statements and
            executions name.
        owned: the latest time that a threshold of owners names.
        genesis: the first record's statement.
        trusts: whose log it was, oldest first; the last is in force.
        rules: every accepted `rules` record, oldest first; the last is in force.
        ended_keys: by key (`type base64`), what `key-revoke` records have ended.
        signed: by key, what it signed: record numbers, and when each was recorded (UTC text).
        requests, executions: by id, in order of the log.
        statements: SHA-256 of every statement text seen, for REPLAY.
        findings: everything wrong or odd found while folding.
        hashes: the hash of each record, in order; empty text where a record is missing.
        denials: by account (`""`: the organization) the valid denials, each with its request.
        objects: SHA-256 of every object that an accepted statement names.
        revoked: by SHA-256 of a statement, who took it back, and in which record.
        incidents: the requests that were executed under break-glass, in order of the log.
        places: by account, where accepted statements say it was, since an owner's last word.
        acknowledged_versions: by key of the store, the version ids that an owner acknowledged.
        unreadable: by id, what is wrong with the objects of requests and surveys that do not count
            for it.
    """

    seq: int = 0
    hash: Digest = EMPTY
    newest: str = ""
    claimed: str = ""
    heard: dict[str, str] = field(default_factory=dict)
    owned: str = ""
    genesis: Genesis | None = None
    trusts: list[TrustInForce] = field(default_factory=list)
    ended_keys: dict[str, RevokedKey] = field(default_factory=dict)
    signed: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    rules: list[RulesInForce] = field(default_factory=list)
    requests: dict[RequestId, RequestRecord] = field(default_factory=dict)
    executions: dict[ExecutionId, ExecutionRecord] = field(default_factory=dict)
    statements: set[Digest] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    hashes: list[Digest] = field(default_factory=list)
    denials: dict[str, list[tuple[RequestId, DecisionRecord]]] = field(default_factory=dict)
    objects: set[Digest] = field(default_factory=set)
    revoked: dict[Digest, list[tuple[str, int]]] = field(default_factory=dict)
    incidents: list[RequestRecord] = field(default_factory=list)
    places: dict[str, tuple[Whereabouts, ...]] = field(default_factory=dict)
    acknowledged_versions: dict[str, frozenset[str]] = field(default_factory=dict)
    unreadable: dict[RequestId, str] = field(default_factory=dict)

    @property
    def witnessed(self) -> str:
        """How late it is at least: what the owners say, or two witnesses (UTC text).

        One alone, by mistake or on purpose, must not make a record before it too old, nor one that
        is still to come: a time that was to come once is none later, so nobody could tell.
        """
        two = nlargest(2, self.heard.values())
        return max(self.owned, two[-1]) if len(two) > 1 else self.owned

    @property
    def rules_in_force(self) -> RulesInForce | None:
        """The newest accepted rules, expired or not; None before the first."""
        return self.rules[-1] if self.rules else None
