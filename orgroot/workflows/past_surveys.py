"""What an earlier survey found, read from the log: young, complete and not overtaken, or nothing.

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

_CHANGES_CREDENTIALS = frozenset({Task.DELETE_ROOT_CREDENTIALS, Task.ALLOW_ROOT_RECOVERY})


def recent_survey(
    log: AuditLog, accounts: tuple[MemberAccount, ...], now: datetime
) -> Readings | None:
    """The newest survey under an hour old that read every one of the accounts.

    Not one after which orgroot may have changed something in any of them.
    """
    wanted: set[str] = {account.id for account in accounts}
    for request in reversed(log.state.requests.values()):
        body = request.body
        if not isinstance(body, Survey) or body.task is not Task.AUDIT_ROOT_CREDENTIALS:
            continue
        if now - instant(body.created_at) >= YOUNG:
            return None
        covered = {target.account for target in request.targets}
        if wanted <= covered and not _overtaken(log.state, request, wanted):
            readings = _readings(log, request, accounts)
            if readings is not None:
                return readings
    return None


def survey_rows(
    log: AuditLog, survey: str, accounts: tuple[MemberAccount, ...]
) -> tuple[InventoryRow, ...]:
    """What a survey recorded of accounts, however old; unread where it recorded nothing."""
    request = log.state.requests.get(RequestId(survey))
    run = request.executions[-1] if request is not None and request.executions else None
    ends = (None if run is None else _ends(log, run)) or {}
    nothing = f"the survey {survey} could not read it"
    return tuple(
        reopened(account, ends[account.id].outcome)
        if account.id in ends
        else unread(account, nothing)
        for account in accounts
    )


def _overtaken(state: LogState, survey: RequestRecord, accounts: set[str]) -> bool:
    return any(
        run.seq > survey.seq and accounts & set(run.accounts)
        for request in state.requests.values()
        if request.body.task in _CHANGES_CREDENTIALS
        for run in request.executions
    )


def _readings(
    log: AuditLog, survey: RequestRecord, accounts: tuple[MemberAccount, ...]
) -> Readings | None:
    ends = _ends(log, survey.executions[-1]) if survey.executions else None
    if ends is None or any(account.id not in ends for account in accounts):
        return None
    rows = tuple(reopened(account, ends[account.id].outcome) for account in accounts)
    if any(row.clean is None or row.reason is not None for row in rows):
        return None
    return Readings(rows=rows, survey=survey.id)


def _ends(log: AuditLog, execution: ExecutionRecord) -> Mapping[str, ClosedItem] | None:
    """How the survey's accounts ended; None where it was not finished or cannot be read."""
    if not execution.fact_objects:
        return None
    try:
        return ends_of(log, execution)
    except IntegrityError:
        return None
