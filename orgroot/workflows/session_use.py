"""Reading what was done inside root sessions, where an organization trail has it.

Only the accounts, days and minutes in which a session was open are read. What is missing there is
named: a session that was used and left no call was not read.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from orgroot.core.reconcile import LONGEST
from orgroot.core.results import TrailUnread, UseRow
from orgroot.core.session_use import SessionCall, overuse, session_call
from orgroot.core.statements import timestamp
from orgroot.core.trail import UNTOLD
from orgroot.errors import AwsError, CredentialsError, UsageError
from orgroot.workflows.logged_sessions import OnRecord
from orgroot.workflows.sweep import Stint, sweep
from orgroot.workflows.workspace import Workspace

NOT_READ = "in-session calls not read"

_DELIVERY = timedelta(hours=1)
"""So long CloudTrail may take to deliver an object; it names a quarter of an hour as usual."""

_MINUTE = timedelta(minutes=1)

_INTERRUPTED = "interrupted"

Life = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What was found of the use of sessions.

    Attributes:
        words: what was read, for a person.
        rows: every call beyond its plan.
        unread: what was not read.
    """

    words: str
    rows: tuple[UseRow, ...] = ()
    unread: tuple[TrailUnread, ...] = ()


def read_use(
    ws: Workspace,
    sessions: tuple[OnRecord, ...],
    since: datetime,
    until: datetime,
) -> Use:
    """Compare every call inside the sessions on record with their plans.

    Raises:
        CredentialsError: the operator's credentials are not accepted.
    """
    trail = ws.config.reconcile.organization_trail
    if trail is None:
        return Use(words=NOT_READ)
    seen = tuple(one for one in sessions if (one.at or one.session.opened) >= since)
    calls, unread = _read(ws, _times(seen))
    claims = _claims(seen)
    mine = tuple(call for call in calls if any(call.access_key_id in whose for whose in claims))
    over = (one for one in seen if _life(one)[1] + _DELIVERY <= until)
    missing = _missing(over, mine, {one.account for one in unread})
    rows = (
        _row(call, why, whose[call.access_key_id])
        for whose in claims
        for call, why in overuse(mine, {key: one.plan for key, one in whose.items()})
    )
    met = len({call.access_key_id for call in mine})
    return Use(
        words=f"{len(mine)} call(s) in {met} of {len(seen)} session(s) read from the organization "
        f"trail in s3://{trail.bucket}",
        rows=tuple(rows),
        unread=(*unread, *missing),
    )


def _claims(sessions: Iterable[OnRecord]) -> list[dict[str, OnRecord]]:
    """The sessions by access key id; one that several records claim keeps to the plan of each."""
    claims: list[dict[str, OnRecord]] = []
    for one in sessions:
        key = one.session.access_key_id
        free = next((whose for whose in claims if key not in whose), None)
        if free is None:
            claims.append({key: one})
        else:
            free[key] = one
    return claims


def _life(one: OnRecord) -> Life:
    """From when to when a session may have been used.

    Whoever executes could put down another time, so that nothing is read of the real one: where
    CloudTrail does not show the session, it is all the time of its execution.
    """
    session = one.session
    return (one.at or session.begun, (one.at or session.until) + LONGEST)


def _times(sessions: Iterable[OnRecord]) -> dict[str, list[Life]]:
    """By account when something of these sessions may have been delivered, without overlaps."""
    times: dict[str, list[Life]] = {}
    for one in sorted(sessions, key=_life):
        mine = times.setdefault(one.session.account, [])
        # Names of objects tell the minute only.
        began, ended = _life(one)
        begin, end = began - _MINUTE, ended + _DELIVERY
        if mine and begin <= mine[-1][1]:
            mine[-1] = (mine[-1][0], max(end, mine[-1][1]))
        else:
            mine.append((begin, end))
    return times


def _read(
    ws: Workspace, times: dict[str, list[Life]]
) -> tuple[tuple[SessionCall, ...], tuple[TrailUnread, ...]]:
    """The calls of temporary root sessions in these accounts, and what was not read.

    All Regions of which the trail has anything: a member may have switched on more than others.
    """
    places: dict[str, tuple[str, str]] = {}
    calls: list[SessionCall] = []
    lock = threading.Lock()

    def look(account: str, _stint: Stint) -> None:
        found = {f"{account}/{r}": (account, r) for r in ws.trails.delivered_regions(account)}
        with lock:
            places.update(found)

    def read(place: str, stint: Stint) -> str | None:
        account, region = places[place]
        for begin, end in times[account]:
            for records in ws.trails.delivered(account, region, begin, end):
                found = [call for text in records if (call := session_call(text)) is not None]
                with lock:
                    calls.extend(found)
                if stint.stop.is_set():
                    return _INTERRUPTED
        return None

    unseen = _swept(ws, times, look, "trails of members")
    unread = _swept(ws, places, read, "calls in sessions")
    return tuple(calls), (
        *(_unread(account, None, why) for account, why in unseen.items()),
        *(_unread(*places[place], why) for place, why in unread.items()),
    )


def _swept(
    ws: Workspace, names: Iterable[str], work: Callable[[str, Stint], str | None], label: str
) -> dict[str, str]:
    """Do it with all of them, many at once; answers why some were not done."""

    def one(name: str, stint: Stint) -> str | None:
        try:
            return work(name, stint)
        except CredentialsError:
            raise
        except (AwsError, UsageError) as error:
            return error.message

    wanted = tuple(names)
    done = sweep(
        wanted,
        one,
        clock=ws.clock,
        progress=ws.progress,
        concurrency=ws.concurrency,
        label=label,
    ).done
    reasons = ((name, done.get(name, _INTERRUPTED)) for name in wanted)
    return {name: why for name, why in reasons if why is not None}


def _unread(account: str, region: str | None, why: str) -> TrailUnread:
    return TrailUnread(account=account, region=region, reason=f"calls in sessions: {why}")


def _missing(
    sessions: Iterable[OnRecord],
    calls: Iterable[SessionCall],
    unread: set[str],
) -> tuple[TrailUnread, ...]:
    """Sessions that were used and of which the trail has nothing, though it had the time."""
    met = {call.access_key_id for call in calls}
    return tuple(
        TrailUnread(
            account=one.session.account,
            region=None,
            reason=f"session {one.session.access_key_id} was used, and the organization trail "
            "has no call of it",
        )
        for one in sessions
        if one.used and one.session.access_key_id not in met and one.session.account not in unread
    )


def _row(call: SessionCall, why: str, one: OnRecord) -> UseRow:
    return UseRow(
        access_key_id=call.access_key_id,
        account=one.session.account,
        execution=one.session.execution,
        request=one.session.request,
        action=call.action,
        at=timestamp(call.at) if call.at < UNTOLD else None,
        region=call.region,
        event=call.id,
        error=call.error,
        detail=why,
    )
