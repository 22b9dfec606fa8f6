"""What an earlier survey found, read from the log: young, whole and not overtaken, or nothing.

Whole is a survey of which every account was read, or is denied by a policy that is known by name:
asking again would ring the same alarms for the same answer.

Every fact is checked against the digest its survey's closing record names. When in doubt there is
no earlier survey, and a new one is made.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from orgroot.core.facts import ClosedItem
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import RequestId
from orgroot.core.log_state import ExecutionRecord, LogState, RequestRecord
from orgroot.core.organization import MemberAccount
from orgroot.core.results import InventoryRow
from orgroot.core.statements import Survey, instant
from orgroot.errors import IntegrityError
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.inventory import Readings
from orgroot.workflows.log_reading import ends_of
from orgroot.workflows.reading import reopened, unread

YOUNG = timedelta(hours=1)
"""Older surveys are taken again."""

_CHANGES_CREDENTIALS = frozenset(
    {Task.DELETE_ROOT_CREDENTIALS, Task.ALLOW_ROOT_RECOVERY, Task.ROOT_SESSION}
)


def recent_survey(
    log: AuditLog, accounts: tuple[MemberAccount, ...], now: datetime, *, whole: bool = True
) -> Readings | None:
    """The newest survey under an hour old that has an answer for every one of the accounts.

    Not one after which orgroot may have changed something in any of them. A request to read that
    was executed is a survey too.

    Args:
        log: the audit log.
        accounts: which.
        now: UTC.
        whole: False takes a survey that tried them all; what it could not read is unread. So where
            another one could not be made.
    """
    wanted: set[str] = {account.id for account in accounts}
    for request in reversed(log.state.requests.values()):
        if request.body.task is not Task.AUDIT_ROOT_CREDENTIALS or not request.executions:
            continue
        first = request.executions[0]
        young = now - instant(first.body.created_at) < YOUNG
        if not young or not wanted <= {target.account for target in request.targets}:
            continue
        if not _overtaken(log.state, first, wanted):
            readings = _readings(log, request, accounts, whole=whole)
            if readings is not None:
                return readings
    return None


def survey_rows(
    log: AuditLog, survey: str, accounts: tuple[MemberAccount, ...]
) -> tuple[InventoryRow, ...]:
    """What a survey recorded of accounts, however old; unread where it recorded nothing."""
    request = log.state.requests.get(RequestId(survey))
    ends = (None if request is None else _ends(log, request)) or {}
    return _rows(survey, ends, accounts)


def _rows(
    survey: str, ends: Mapping[str, ClosedItem], accounts: tuple[MemberAccount, ...]
) -> tuple[InventoryRow, ...]:
    nothing = f"the survey {survey} could not read it"
    return tuple(
        reopened(account, ends[account.id].outcome)
        if account.id in ends
        else unread(account, nothing)
        for account in accounts
    )


def _overtaken(state: LogState, survey: ExecutionRecord, accounts: set[str]) -> bool:
    return any(
        run.seq > survey.seq and accounts & set(run.accounts)
        for request in state.requests.values()
        if request.body.task in _CHANGES_CREDENTIALS
        for run in request.executions
    )


def _readings(
    log: AuditLog, survey: RequestRecord, accounts: tuple[MemberAccount, ...], *, whole: bool
) -> Readings | None:
    ends = _ends(log, survey)
    if ends is None or not ends:
        return None
    rows = _rows(survey.id, ends, accounts)
    if whole and any(_untold(row) for row in rows):
        return None
    return Readings(rows=rows, survey=survey.id)


def _untold(row: InventoryRow) -> bool:
    """Not read, and no policy is known that denies it: another look may tell."""
    return (row.clean is None or row.reason is not None) and row.denied_by is None


def _ends(log: AuditLog, survey: RequestRecord) -> Mapping[str, ClosedItem] | None:
    """How the survey's accounts ended; None where it was not finished or cannot be read."""
    if any(run.unresolved() for run in survey.executions[-1:]):
        return None
    found: dict[str, ClosedItem] = {}
    for run in survey.executions:
        if isinstance(run.body, Survey) and not run.fact_objects:
            return None
        try:
            found |= ends_of(log, run)
        except IntegrityError:
            return None
    return found
