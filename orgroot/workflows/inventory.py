"""The inventory: root credentials of many accounts, read through audit root sessions.

Reads only, and says how many root events it causes before it begins. A feature that is off is one
answer and no sweep; an account that was not read is named, never left out and never clean.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orgroot.core.governed_tasks import Task
from orgroot.core.ids import AccountId
from orgroot.core.log_state import RequestRecord
from orgroot.core.organization import ACTIVE, MemberAccount, SelectedAccounts, Selection, Skipped
from orgroot.core.results import (
    DryRun,
    ExitReason,
    Inventory,
    InventoryRow,
    InventorySummary,
    Result,
)
from orgroot.core.root_tasks import ROOT_TASKS, TaskPolicy
from orgroot.core.statement_parts import Target
from orgroot.core.task_params import AuditRootCredentials, to_params
from orgroot.errors import AwsError, AwsErrorKind, Incomplete, UsageError
from orgroot.workflows.denial import Denials
from orgroot.workflows.execution import submit
from orgroot.workflows.reading import Reader, reopened, unread
from orgroot.workflows.requests import Ask, Draft, dry_run, needs_approval
from orgroot.workflows.run import Run
from orgroot.workflows.runner_mode import runner_for
from orgroot.workflows.selection import resolve
from orgroot.workflows.surveys import survey
from orgroot.workflows.sweep import Stint, sweep
from orgroot.workflows.targets import live_targets, reading_targets
from orgroot.workflows.workspace import Workspace

_OFF = frozenset({AwsErrorKind.FEATURE_OFF, AwsErrorKind.TRUSTED_ACCESS_OFF})
NO_ASK = Ask()


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What a survey found: a row per account, and the survey's id (None: there was none)."""

    rows: tuple[InventoryRow, ...]
    survey: str | None


def warning(ws: Workspace, accounts: int) -> str:
    """The root events that so many accounts cause, and who will notice."""
    plural = "" if accounts == 1 else "s"
    return (
        f"{accounts} account{plural} to read: {accounts} AssumeRoot event{plural} in "
        f"{ws.caller.account}, and at least {accounts} call{plural} by root users in the members' "
        "trails; alarms on root use will ring"
    )


def preview(ws: Workspace, selection: Selection) -> DryRun:
    """What `inventory` would do; no root session is opened and nothing is written."""
    selected = resolve(ws, selection)
    draft = _draft(ws, selected.accounts, NO_ASK)
    notes = (warning(ws, len(selected.accounts)), *(_left_out(s) for s in selected.skipped))
    return dry_run(ws, "inventory", draft, notes)


def inventory(ws: Workspace, selection: Selection, ask: Ask = NO_ASK) -> Result:
    """Read the root credentials of the selected accounts.

    Returns:
        An Inventory; or, where the rules ask for approvals of reading, the waiting request.

    Raises:
        UsageError: a wrong selection, or the caller may not act.
        Incomplete: the feature is off, so nothing can be read; no AssumeRoot was sent.
        RequestRefused: no rule allows it.
        AuditUnavailable: the log does not take the survey.
    """
    selected = resolve(ws, selection)
    if not selected.accounts:
        return _result(selected, Readings(rows=(), survey=None), None)
    _ = ws.governed
    require_feature(ws)
    draft = _draft(ws, selected.accounts, ask)
    if needs_approval(ws, draft) or runner_for(ws, draft.task) is not None:
        return submit(ws, draft, ask.wait_seconds)
    readings = _survey(ws, draft, selected.accounts)
    return _result(selected, readings, ws.governed.log.receipt())


def survey_accounts(ws: Workspace, accounts: tuple[MemberAccount, ...], ask: Ask) -> Readings:
    """Survey accounts for another workflow, which decides on what is found.

    Raises:
        as `inventory`; RequestRefused also where the rules ask for approvals of reading;
        UsageError where a runner alone may read.
    """
    runner = runner_for(ws, Task.AUDIT_ROOT_CREDENTIALS)
    if runner is not None:
        raise UsageError(
            f"no survey under an hour old covers these {len(accounts)} accounts, and only {runner} "
            "opens root sessions here",
            hint="ask for one first: `orgroot inventory --all --wait`",
            code="no-survey",
        )
    require_feature(ws)
    return _survey(ws, _draft(ws, accounts, ask), accounts)


def require_feature(ws: Workspace) -> None:
    """Make sure that AWS opens audit sessions; a caller who may not ask finds out by AssumeRoot.

    Raises:
        Incomplete: trusted access or the feature is off.
        AwsError: the caller stands in the wrong account.
    """
    try:
        features = ws.identity.features()
    except AwsError as error:
        if error.kind is AwsErrorKind.TRUSTED_ACCESS_OFF:
            raise feature_off("trusted access for IAM is off") from error
        if error.kind is AwsErrorKind.DENIED:
            return
        raise
    needed = ROOT_TASKS[TaskPolicy.AUDIT].feature
    if needed not in features:
        raise feature_off(f"the feature {needed} is off")


def feature_off(what: str) -> Incomplete:
    """The one answer for every account where a feature is off."""
    return Incomplete(
        f"{what}: no account's root credentials can be read",
        hint="turn it on with `orgroot enable`",
        code="feature-off",
    )


class AuditDriver:
    """Reading under a request, where the rules ask for approvals of it."""

    def live_targets(self, ws: Workspace, request: RequestRecord) -> tuple[Target, ...]:
        """The accounts as they are now."""
        return live_targets(ws, request)

    def pending(self, ws: Workspace, request: RequestRecord) -> tuple[str, ...]:
        """The accounts without a recorded outcome."""
        del ws
        return request.remaining()

    def run(self, ws: Workspace, run: Run, request: RequestRecord) -> None:
        """Read them."""
        read_all(ws, run, members_of(request, run.accounts))

    def result(self, ws: Workspace, request: RequestRecord) -> Inventory:
        """What stands in the log."""
        outcomes = request.outcomes()
        rows = []
        for account in members_of(request, (t.account for t in request.targets)):
            item = outcomes.get(account.id)
            reason = refusals(request).get(account.id, "not read under this request")
            row = unread(account, reason) if item is None else reopened(account, item.outcome)
            rows.append(row)
        return _result(
            SelectedAccounts(accounts=(), skipped=()),
            Readings(rows=tuple(rows), survey=request.id),
            ws.governed.log.receipt(),
        )


def refusals(request: RequestRecord) -> dict[str, str]:
    """What AWS said where it refused a root session, by account; the last word counts."""
    return {a: error for run in request.executions for a, error in run.aborted.items()}


def members_of(request: RequestRecord, accounts: Iterable[str]) -> tuple[MemberAccount, ...]:
    """Accounts of a request as its targets name them; a request holds ACTIVE accounts only."""
    wanted = set(accounts)
    return tuple(
        MemberAccount(id=AccountId(t.account), name=t.name, email="", state=ACTIVE)
        for t in request.targets
        if t.account in wanted
    )


def read_all(
    ws: Workspace, run: Run, accounts: tuple[MemberAccount, ...]
) -> tuple[InventoryRow, ...]:
    """Read accounts in an open execution, many at once; what was not begun is unread.

    Raises:
        Incomplete: AWS says for the first accounts that the feature is off.
    """
    reader = Reader(sessions=ws.root_sessions, run=run, denials=Denials(ws.organization))
    stop = threading.Event()
    off: list[AwsError] = []
    by_id: Mapping[str, MemberAccount] = {account.id: account for account in accounts}

    def work(account: str, stint: Stint) -> InventoryRow:
        row, refused = reader.read(by_id[account], stint)
        if refused is not None and refused.kind in _OFF:
            off.append(refused)
            stop.set()
        return row

    swept = sweep(
        by_id,
        work,
        clock=ws.clock,
        progress=ws.progress,
        concurrency=ws.concurrency,
        label="reading root credentials",
        stop=stop,
    )
    if off:
        raise feature_off(off[0].message) from off[0]
    not_begun = "interrupted before it was read"
    return tuple(swept.done.get(a.id) or unread(a, not_begun) for a in accounts)


def _survey(ws: Workspace, draft: Draft, accounts: tuple[MemberAccount, ...]) -> Readings:
    ws.progress.note(warning(ws, len(accounts)))
    rows, run = survey(ws, draft, lambda run: read_all(ws, run, accounts))
    return Readings(rows=rows, survey=run.request_id)


def _draft(ws: Workspace, accounts: tuple[MemberAccount, ...], ask: Ask) -> Draft:
    return Draft(
        task=Task.AUDIT_ROOT_CREDENTIALS,
        targets=reading_targets(ws, accounts, Task.AUDIT_ROOT_CREDENTIALS),
        params=to_params(AuditRootCredentials()),
        task_policy=TaskPolicy.AUDIT,
        duration_seconds=ask.duration_seconds,
        reason=ask.reason,
        ticket=ask.ticket,
    )


def _result(selected: SelectedAccounts, readings: Readings, receipt: str | None) -> Inventory:
    rows = sorted((*readings.rows, *map(skipped_row, selected.skipped)), key=lambda row: row.id)
    read = [row for row in readings.rows if row.clean is not None]
    clean = sum(row.clean is True for row in read)
    named = any(s.named and s.account.state != ACTIVE for s in selected.skipped)
    complete = all(row.clean is not None and row.reason is None for row in readings.rows)
    return Inventory(
        exit_reasons=() if complete and not named else (ExitReason.INCOMPLETE,),
        accounts=tuple(rows),
        summary=InventorySummary(
            total=len(rows),
            read=len(read),
            clean=clean,
            with_credentials=len(read) - clean,
            unread=len(readings.rows) - len(read),
            skipped=len(selected.skipped),
        ),
        survey=readings.survey,
        receipt=receipt,
    )


def skipped_row(skipped: Skipped) -> InventoryRow:
    """An account that was left out on purpose."""
    return unread(skipped.account, f"skipped: {skipped.reason}")


def _left_out(skipped: Skipped) -> str:
    return f"{skipped.account.id} is left out: {skipped.reason}"
