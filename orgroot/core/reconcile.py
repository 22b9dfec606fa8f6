"""CloudTrail against the log, purely: each AssumeRoot event belongs to one session on record.

The access key id of the session joins the two, and nothing else does: a reference can be copied,
and only helps to find an execution. What was not read, or is too new, is never called missing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from orgroot.core.config import KnownCaller, end_of_day
from orgroot.core.governed_tasks import GOVERNED_TASKS
from orgroot.core.root_tasks import MAX_SESSION_SECONDS
from orgroot.core.statements import timestamp
from orgroot.core.trail import DELAY, UNTOLD, AssumeRootEvent

LONGEST = timedelta(seconds=MAX_SESSION_SECONDS)
"""No root session lives longer."""


class Verdict(StrEnum):
    """What an event, or a session on record, amounts to."""

    MATCHED = "MATCHED"
    UNLOGGED_SESSION = "UNLOGGED_SESSION"
    UNSEEN_SESSION = "UNSEEN_SESSION"
    KNOWN_CALLER = "KNOWN_CALLER"
    NOT_YET_VISIBLE = "NOT_YET_VISIBLE"
    NOT_READ = "NOT_READ"
    FAILED_ATTEMPT = "FAILED_ATTEMPT"
    BEFORE_GENESIS = "BEFORE_GENESIS"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedSession:
    """A root session on record.

    Attributes:
        access_key_id, account, task_policy: of the session.
        execution, request: whose it is.
        seq: the record number of its intent or survey.
        begun, until: its execution may have opened sessions in this time alone (UTC).
        expires_at: when it ends (UTC), by its executor's word.
        caller: the ARN that AWS reported for the executor.
        role: the executor role where one was used, else empty.
    """

    access_key_id: str
    account: str
    task_policy: str
    execution: str
    request: str
    seq: int
    begun: datetime
    until: datetime
    expires_at: datetime
    caller: str
    role: str

    @property
    def caller_account(self) -> str:
        """The account in whose trail its AssumeRoot stands."""
        return (self.role or self.caller).split(":")[4]

    @property
    def opened(self) -> datetime:
        """When it was opened at the earliest: its executor's word, within the execution's time."""
        return min(max(self.expires_at - LONGEST, self.begun), self.until)

    @property
    def ended(self) -> datetime:
        """When it had ended at the latest: likewise."""
        return min(max(self.expires_at, self.begun), self.until + LONGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What was looked at.

    Attributes:
        since, until: from when to when the trails were read (UTC).
        genesis: when the log began (UTC).
        unread: the accounts of whose trail some Region, or all, was not read.
        read: the accounts whose trails were read.
    """

    since: datetime
    until: datetime
    genesis: datetime
    read: frozenset[str]
    unread: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """One event, one session on record, or both; and what they amount to."""

    verdict: Verdict
    detail: str
    event: AssumeRootEvent | None = None
    session: LoggedSession | None = None


def reconcile(
    events: Iterable[AssumeRootEvent],
    sessions: Iterable[LoggedSession],
    *,
    window: Window,
    known: tuple[KnownCaller, ...],
    references: Mapping[str, str],
) -> tuple[Pairing, ...]:
    """Pair every event with its session on record; the events in order of time, then the rest.

    Args:
        events: every AssumeRoot event read, some perhaps twice.
        sessions: every session on record that may be seen there.
        window: what was looked at.
        known: callers outside of orgroot that are expected.
        references: the execution that each reference names.
    """
    logged: dict[str, list[LoggedSession]] = {}
    for session in sessions:
        logged.setdefault(session.access_key_id, []).append(session)
    matching = _Matching(logged=logged, window=window, known=known, references=references)
    once = {event.id or event: event for event in events}
    in_order = sorted(once.values(), key=lambda event: (event.at, event.id))
    found = [matching.judge(event) for event in in_order]
    return (*found, *matching.without_event())


def opened_at(pairings: Iterable[Pairing]) -> Mapping[str, datetime]:
    """When AWS says that sessions on record were opened (UTC), by access key id."""
    return {
        one.session.access_key_id: one.event.at
        for one in pairings
        if one.session is not None and one.event is not None and one.event.at < UNTOLD
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matching:
    """One reconciliation; `taken` holds the access key ids that an event was found for."""

    logged: Mapping[str, list[LoggedSession]]
    window: Window
    known: tuple[KnownCaller, ...]
    references: Mapping[str, str]
    taken: set[str] = field(default_factory=set)

    def judge(self, event: AssumeRootEvent) -> Pairing:
        """What one event amounts to."""
        key = event.access_key_id
        if event.error and not key:
            return Pairing(verdict=Verdict.FAILED_ATTEMPT, detail=event.error, event=event)
        mine = self.logged.get(key) if key else None
        if mine:
            why = _contradiction(event, mine[0])
            if key in self.taken:
                why = "another event has the same access key id"
            self.taken.add(key)
            verdict = Verdict.UNLOGGED_SESSION if why else Verdict.MATCHED
            return Pairing(verdict=verdict, detail=why, event=event, session=mine[0])
        if event.at < self.window.genesis:
            detail = "before the log began"
            return Pairing(verdict=Verdict.BEFORE_GENESIS, detail=detail, event=event)
        expected, detail = self._expected(event)
        verdict = Verdict.KNOWN_CALLER if expected else Verdict.UNLOGGED_SESSION
        return Pairing(verdict=verdict, detail=detail or self._unlogged(event), event=event)

    def without_event(self) -> Iterator[Pairing]:
        """Every session on record that no event was found for."""
        for key, mine in self.logged.items():
            met = key in self.taken
            for session in mine[1:] if met else mine:
                pairing = self._unmet(session, twice=met)
                if pairing is not None:
                    yield pairing

    def _expected(self, event: AssumeRootEvent) -> tuple[bool, str]:
        """Whether the configuration knows the caller, and why or why not."""
        over = ""
        for entry in self.known:
            policies = {p.value for t in entry.tasks for p in GOVERNED_TASKS[t].task_policies}
            if entry.role not in {event.role, event.caller} or event.task_policy not in policies:
                continue
            if event.at < end_of_day(entry.until):
                return True, f"{entry.reason} (until {entry.until})"
            over = f"this caller was known until {entry.until}: {entry.reason}"
        return False, over

    def _unlogged(self, event: AssumeRootEvent) -> str:
        if not event.access_key_id:
            return "CloudTrail's record does not say which session was issued"
        if not event.references:
            return "no session on record has this access key id, and it carries no reference"
        named = [self.references[one] for one in event.references if one in self.references]
        if not named:
            return "it carries a reference that no record of this log has"
        return (
            f"it carries the reference of {', '.join(named)}, which has no such session on record: "
            "its reply was lost (`orgroot recover` tells), or the reference was copied"
        )

    def _unmet(self, session: LoggedSession, *, twice: bool) -> Pairing | None:
        window, account = self.window, session.caller_account
        if session.opened < window.since:
            return None  # its event may lie before what was read
        if twice:
            detail = "another record claims the same access key id"
            verdict = Verdict.UNSEEN_SESSION
        elif session.ended + DELAY > window.until:
            detail = "CloudTrail may need some minutes to show it"
            verdict = Verdict.NOT_YET_VISIBLE
        elif account in window.unread or account not in window.read:
            detail = f"the trail of {account} was not read, or not all of it"
            verdict = Verdict.NOT_READ
        else:
            detail = f"the trail of {account} does not have it"
            verdict = Verdict.UNSEEN_SESSION
        return Pairing(verdict=verdict, detail=detail, session=session)


def _contradiction(event: AssumeRootEvent, session: LoggedSession) -> str:
    """Why an event is not the session that its access key id names; empty: it is."""
    where = f"record {session.seq} announced it"
    if event.target != session.account:
        return f"{where} for account {session.account}"
    if event.task_policy != session.task_policy:
        return f"{where} with {session.task_policy}"
    if not session.begun <= event.at <= session.until:
        span = f"{timestamp(session.begun)} to {timestamp(session.until)}"
        return f"{where} for {span}, and it was opened at {timestamp(event.at)}"
    if session.role and event.role != session.role:
        return f"{where} for the role {session.role}"
    if not session.role and event.caller != session.caller:
        return f"{where} for {session.caller}"
    return ""
