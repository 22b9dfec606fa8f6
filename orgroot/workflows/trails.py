"""Reading CloudTrail of every account that may open root sessions: what was read, and what not."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from orgroot.core.results import TrailRead, TrailUnread
from orgroot.core.trail import (
    ASSUME_ROOT,
    DELEGATIONS,
    REGION_OFF,
    AssumeRootEvent,
    assume_root_event,
    delegate,
    region_off,
)
from orgroot.errors import AwsError, CredentialsError, UsageError
from orgroot.workflows.sweep import Stint, sweep
from orgroot.workflows.workspace import Workspace

T = TypeVar("T")

_GLOBAL = "us-east-1"
"""Where events of IAM, Organizations and Account Management stand, which are global services."""

_OFF = "it was switched off in this time, and what was called there before cannot be read"

_INTERRUPTED = "interrupted"

Told = Callable[[str, str], tuple[str, ...]]
"""The events of a name that global services wrote into an account's trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trails:
    """What CloudTrail showed.

    Attributes:
        events: every AssumeRoot event, in no order, some perhaps twice.
        read: by account the Regions that were read to their end.
        unread: what was not, each with the reason.
    """

    events: tuple[AssumeRootEvent, ...]
    read: tuple[TrailRead, ...]
    unread: tuple[TrailUnread, ...]


def read_trails(ws: Workspace, since: datetime, until: datetime) -> Trails:
    """Read the AssumeRoot events of the management account and all delegated administrators.

    Former ones too: whoever may register a delegate may take it away again.

    Raises:
        AwsError: the delegated administrators cannot be listed.
        CredentialsError: the operator's credentials are not accepted.
    """
    management = ws.config.organization.management_account
    unread: list[TrailUnread] = []

    def told(account: str, name: str) -> tuple[str, ...]:
        return (
            _try(
                lambda: tuple(ws.trails.lookup(account, _GLOBAL, name, since, until)),
                account,
                _GLOBAL,
                unread,
            )
            or ()
        )

    former = _former_delegates(told, management)
    delegates = ws.organization.delegated_administrators()
    accounts = dict.fromkeys((management, *delegates, *former))
    places: list[tuple[str, str]] = []
    for account in accounts:
        regions = _try(lambda: ws.trails.regions(account), account, None, unread)  # noqa: B023 - called at once
        # Where its Regions are unknown, the one that orgroot itself uses is still worth a look.
        places += [(account, region) for region in regions or (ws.config.organization.region,)]
        unread += _switched_off(told, account, regions or ())
    found, finished = _sweep(ws, places, since, until, unread)
    return Trails(
        events=found,
        read=tuple(
            TrailRead(
                account=a, regions=tuple(r for of, r in places if (of, r) in finished and of == a)
            )
            for a in accounts
            if any(of == a for of, _ in finished)
        ),
        unread=tuple(dict.fromkeys(unread)),
    )


def read_own_trail(
    ws: Workspace, account: str, region: str, since: datetime, until: datetime
) -> tuple[AssumeRootEvent, ...] | str:
    """The AssumeRoot events of one account and Region, or why they were not read."""
    unread: list[TrailUnread] = []
    records = _try(
        lambda: tuple(ws.trails.lookup(account, region, ASSUME_ROOT, since, until)),
        account,
        region,
        unread,
    )
    return unread[0].reason if records is None else tuple(map(assume_root_event, records))


def _former_delegates(told: Told, management: str) -> tuple[str, ...]:
    """Who was made a delegate in this time, or is none since; trusted access may end it too."""
    found = (delegate(text) for name in DELEGATIONS for text in told(management, name))
    return tuple(account for account in found if account is not None)


def _switched_off(told: Told, account: str, regions: tuple[str, ...]) -> Iterator[TrailUnread]:
    """The Regions whose trail is out of reach: whoever switches one on may switch it off again."""
    names = {region_off(text) for text in told(account, REGION_OFF)}
    for name in sorted(name for name in names if name is not None and name not in regions):
        yield TrailUnread(account=account, region=name or None, reason=_OFF)


def _sweep(
    ws: Workspace,
    places: list[tuple[str, str]],
    since: datetime,
    until: datetime,
    unread: list[TrailUnread],
) -> tuple[tuple[AssumeRootEvent, ...], frozenset[tuple[str, str]]]:
    """Every Region of every account, many at once; the limit of requests is one for each."""
    keys = {f"{account}/{region}": (account, region) for account, region in places}
    lock = threading.Lock()
    events: list[AssumeRootEvent] = []
    finished: set[tuple[str, str]] = set()

    def one(key: str, stint: Stint) -> str | None:
        account, region = keys[key]
        try:
            for text in ws.trails.lookup(account, region, ASSUME_ROOT, since, until):
                with lock:
                    events.append(assume_root_event(text))
                if stint.stop.is_set():
                    return _INTERRUPTED
        except CredentialsError:
            raise
        except (AwsError, UsageError) as error:
            return error.message
        with lock:
            finished.add((account, region))
        return None

    done = sweep(
        keys,
        one,
        clock=ws.clock,
        progress=ws.progress,
        concurrency=ws.concurrency,
        label="trails",
    ).done
    for key, (account, region) in keys.items():
        reason = done.get(key, _INTERRUPTED)
        if reason is not None:
            unread.append(TrailUnread(account=account, region=region, reason=reason))
    return tuple(events), frozenset(finished)


def _try(
    call: Callable[[], T], account: str, region: str | None, unread: list[TrailUnread]
) -> T | None:
    """What a call answers; None where it cannot be read, which is noted."""
    try:
        return call()
    except CredentialsError:
        raise
    except (AwsError, UsageError) as error:
        unread.append(TrailUnread(account=account, region=region, reason=error.message))
        return None
