"""`credentials remove`: a survey, one request for all accounts that have credentials, the removal.

An account is removed, or it is named with what is left and why; nothing that was not read, or not
approved, is touched. Killed and run again it continues where the log says it stands.
"""

from collections.abc import Callable
from datetime import timedelta

import msgspec

from orgroot.core import audit_log
from orgroot.core.config import seconds
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import RequestId
from orgroot.core.incidents import breaks_glass
from orgroot.core.key_use import used_within
from orgroot.core.log_state import RequestRecord, RequestState
from orgroot.core.organization import ACTIVE, SelectedAccounts, Selection
from orgroot.core.results import (
    DryRun,
    ExitReason,
    InventoryRow,
    Removal,
    RemovalRow,
    RequestView,
    Result,
)
from orgroot.core.root_credentials import CredentialKind
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.statement_parts import Target
from orgroot.core.statements import Request, instant
from orgroot.core.task_params import (
    DeleteRootCredentials,
    SeenCredentials,
    to_params,
)
from orgroot.workflows.emergencies import Standing, standing
from orgroot.workflows.execution import await_runner, execute, submit
from orgroot.workflows.inventory import (
    Readings,
    survey_accounts,
    warning,
)
from orgroot.workflows.past_surveys import recent_survey, survey_rows
from orgroot.workflows.removal_rows import (
    GOOD,
    has,
    key_last_used,
    removal_of,
    removal_params,
    rest_rows,
    seen_in,
    skipped_rows,
)
from orgroot.workflows.requests import Ask, Draft, as_long, dry_run
from orgroot.workflows.runner_mode import runner_for
from orgroot.workflows.selection import resolve
from orgroot.workflows.targets import reading_targets, targets_of
from orgroot.workflows.workspace import Workspace

FEW = 5
"""So many skipped accounts are named; the others are counted."""

_NO_SURVEY = "orq_" + "a" * 26
"""Stands for the survey that is yet to be made, where only the rules are asked."""


def preview(
    ws: Workspace,
    selection: Selection,
    kinds: tuple[CredentialKind, ...],
    *,
    break_glass: bool = False,
) -> DryRun:
    """What `remove` would ask for, from an earlier survey; no root session, nothing written."""
    ask = Ask(reason="dry run", break_glass=break_glass)
    selected = resolve(ws, selection)
    log = ws.governed.log
    log.require()
    readings = _recent(ws, selected)
    if readings is None:
        note = f"not surveyed yet. {warning(ws, len(selected.accounts))}"
        draft = _unseen_draft(ws, selected, kinds, ask)
        return dry_run(ws, "credentials remove", draft, (note,))
    asked = _to_ask(ws, selection, readings, kinds)
    held = tuple(f"{row.id} is held: {row.reason}" for row in _held(readings, asked, kinds))
    if not asked:
        what = "ask for" if held else "remove"
        note = f"nothing to {what}, says {readings.survey}"
        draft = _unseen_draft(ws, selected, kinds, ask)
        return msgspec.structs.replace(
            dry_run(ws, "credentials remove", draft, (note, *held)),
            targets=(),
            params={},
            summary={},
        )
    draft = _draft(ws, selected, asked, readings.survey, kinds, ask)
    notes = (f"as {readings.survey} found them", *held)
    return dry_run(ws, "credentials remove", draft, notes)


def _held(
    readings: Readings, asked: tuple[InventoryRow, ...], kinds: tuple[CredentialKind, ...]
) -> tuple[RemovalRow, ...]:
    return tuple(row for row in rest_rows(readings, asked, kinds) if row.outcome == "held")


def remove(
    ws: Workspace,
    selection: Selection,
    kinds: tuple[CredentialKind, ...],
    ask: Ask,
    look: Callable[[SelectedAccounts], None] = lambda _: None,
) -> Result:
    """Ask for the removal of what the selected accounts have, and do it once it is granted.

    `look` shows a person the accounts before anything is done, and raises UsageError on a no.

    Returns:
        A Removal; where approvals are missing, the waiting request. Accounts that could not be
        read are named either way and make the command incomplete.

    Raises:
        UsageError: a wrong selection, a missing reason, or the caller may not act.
        Incomplete: the feature is off; no AssumeRoot was sent.
        RequestRefused: the rules or an approver say no.
    """
    selected = resolve(ws, selection)
    if not selected.accounts:
        return _complete(selected, removal_of(skipped_rows(selected), None, None))
    look(selected)
    return _complete(selected, _remove(ws, selection, selected, kinds, ask))


def _complete(selected: SelectedAccounts, result: Result) -> Result:
    """The result, incomplete where an account was named that is not ACTIVE: as in an inventory."""
    named = any(s.named and s.account.state != ACTIVE for s in selected.skipped)
    if not named or ExitReason.INCOMPLETE in result.exit_reasons:
        return result
    reasons = (*result.exit_reasons, ExitReason.INCOMPLETE)
    return msgspec.structs.replace(result, exit_reasons=reasons)


def _remove(
    ws: Workspace,
    selection: Selection,
    selected: SelectedAccounts,
    kinds: tuple[CredentialKind, ...],
    ask: Ask,
) -> Result:
    log = ws.governed.log
    log.require()
    earlier = _unfinished(ws, selected, kinds, ask)
    if earlier is not None:
        named = {target.account for target in earlier.targets}
        others = tuple(account for account in selected.accounts if account.id not in named)
        rows = survey_rows(log, removal_params(earlier).survey, others)
        left_out = (
            *skipped_rows(selected),
            *rest_rows(Readings(rows=rows, survey=None), (), kinds),
        )
        return _with_rest(ws, _continued(ws, earlier, ask), left_out)
    # The rules first: who may not ask, or forgot the reason, causes no root event.
    _ = dry_run(ws, "credentials remove", _unseen_draft(ws, selected, kinds, ask))
    readings = _recent(ws, selected)
    if readings is None:
        readings = survey_accounts(ws, selected.accounts, Ask(reason=ask.reason, ticket=ask.ticket))
    else:
        ws.progress.note(
            f"using the survey {readings.survey}, which is under an hour old; "
            "`orgroot inventory` reads anew"
        )
    asked = _to_ask(ws, selection, readings, kinds)
    rest = (*skipped_rows(selected), *rest_rows(readings, asked, kinds))
    if not asked:
        return removal_of(rest, None, log.receipt())
    draft = _draft(ws, selected, asked, readings.survey, kinds, ask)
    return _with_rest(ws, submit(ws, draft, ask.wait_seconds), rest)


def emergency(
    ws: Workspace, selection: Selection, kinds: tuple[CredentialKind, ...], ask: Ask
) -> Standing:
    """What break-glass would mean for it; AWS is asked for the accounts alone.

    Raises:
        RequestRefused: this person may not break glass for it now.
        UsageError: as `remove`.
    """
    return standing(ws, _unseen_draft(ws, resolve(ws, selection), kinds, ask))


def _recent(ws: Workspace, selected: SelectedAccounts) -> Readings | None:
    """An earlier survey; where a runner alone can make another, also one that read not all."""
    whole = runner_for(ws, Task.AUDIT_ROOT_CREDENTIALS) is None
    return recent_survey(ws.governed.log, selected.accounts, ws.clock.now(), whole=whole)


def _unfinished(
    ws: Workspace, selected: SelectedAccounts, kinds: tuple[CredentialKind, ...], ask: Ask
) -> RequestRecord | None:
    """This person's newest request for the same accounts and kinds that is not done yet."""
    governed = ws.governed
    state, now = governed.log.state, ws.clock.now()
    wanted = {account.id for account in selected.accounts}
    for request in reversed(state.requests.values()):
        body = request.body
        if not isinstance(body, Request) or body.signer.person != governed.person:
            continue
        said = (body.task, body.ticket, body.break_glass)
        if said != (Task.DELETE_ROOT_CREDENTIALS, ask.ticket, ask.break_glass):
            continue
        params = removal_params(request)
        survey = state.requests.get(RequestId(params.survey))
        same = survey is not None and {t.account for t in survey.targets} == wanted
        same = same and params.only == kinds and as_long(governed.log, request, ask)
        if not same or now >= instant(body.expires_at):
            continue
        stands = audit_log.request_state(state, request, now, governed.log.running)
        if stands in {RequestState.PENDING, RequestState.APPROVED}:
            return request
        begun = stands in {RequestState.CLAIMED, RequestState.ISSUED, RequestState.UNKNOWN}
        if begun and len(request.targets) > 1 and request.remaining():
            return request
    return None


def _continued(ws: Workspace, request: RequestRecord, ask: Ask) -> Result:
    if request.executions:
        ws.progress.note(f"continuing {request.id}")
        if runner_for(ws, request.body.task) is None:
            return execute(ws, request.id)
        return await_runner(ws, request, ws.clock.now() + timedelta(seconds=ask.wait_seconds or 0))
    session = request.body.session
    draft = Draft(
        task=request.body.task,
        targets=request.targets,
        params=request.params,
        task_policy=request.body.task_policy,
        duration_seconds=None if session is None else session.duration_seconds,
        reason=request.body.justification,
        ticket=request.body.ticket,
        break_glass=breaks_glass(request),
    )
    return submit(ws, draft, ask.wait_seconds)


def _having(readings: Readings, kinds: tuple[CredentialKind, ...]) -> tuple[InventoryRow, ...]:
    """The accounts that were read in full and have something of the kinds asked for."""
    return tuple(row for row in readings.rows if row.reason is None and has(row, kinds))


def _to_ask(
    ws: Workspace, selection: Selection, readings: Readings, kinds: tuple[CredentialKind, ...]
) -> tuple[InventoryRow, ...]:
    """Those of them that may be asked about: not whose key is in use, unless they are named."""
    within = ws.config.accounts.hold_if_root_key_used_within
    dirty = _having(readings, kinds)
    if within is None:
        return dirty
    now, hold = ws.clock.now(), timedelta(seconds=seconds(within))
    return tuple(
        row
        for row in dirty
        if row.id in selection.ids or not used_within(key_last_used(row), now, hold)
    )


def _draft(  # noqa: PLR0917 - what was selected, found and said
    ws: Workspace,
    selected: SelectedAccounts,
    asked: tuple[InventoryRow, ...],
    survey: str | None,
    kinds: tuple[CredentialKind, ...],
    ask: Ask,
) -> Draft:
    seen = {row.id: seen_in(row) for row in asked}
    members = tuple(account for account in selected.accounts if account.id in seen)
    return _draft_of(targets_of(ws, members), seen, survey or "", kinds, ask)


def _unseen_draft(
    ws: Workspace, selected: SelectedAccounts, kinds: tuple[CredentialKind, ...], ask: Ask
) -> Draft:
    """The request before anything was seen: for asking the rules, never for a signature."""
    targets = reading_targets(ws, selected.accounts, Task.DELETE_ROOT_CREDENTIALS)
    return _draft_of(targets, {}, _NO_SURVEY, kinds, ask)


def _draft_of(
    targets: tuple[Target, ...],
    seen: dict[str, SeenCredentials],
    survey: str,
    kinds: tuple[CredentialKind, ...],
    ask: Ask,
) -> Draft:
    params = DeleteRootCredentials(only=kinds, seen=seen, survey=survey)
    return Draft(
        task=Task.DELETE_ROOT_CREDENTIALS,
        targets=targets,
        params=to_params(params),
        task_policy=TaskPolicy.DELETE_CREDENTIALS,
        duration_seconds=ask.duration_seconds,
        reason=ask.reason,
        ticket=ask.ticket,
        break_glass=ask.break_glass,
    )


def _with_rest(ws: Workspace, result: Result, rest: tuple[RemovalRow, ...]) -> Result:
    """The result with the accounts that the request is not about."""
    if isinstance(result, Removal):
        whole = removal_of((*result.accounts, *rest), result.request, result.receipt)
        unknown = tuple(r for r in result.exit_reasons if r is ExitReason.UNKNOWN)
        return msgspec.structs.replace(whole, exit_reasons=(*unknown, *whole.exit_reasons))
    unread = [row for row in rest if row.outcome not in GOOD]
    skipped = [row for row in rest if row.outcome == "skipped"]
    for row in (*unread, *skipped[:FEW]):
        ws.progress.note(f"{row.id} is not in the request: {row.reason}")
    if skipped[FEW:]:
        ws.progress.note(f"{len(skipped) - FEW} more are not in the request: skipped")
    if unread and isinstance(result, RequestView):
        reasons = (*result.exit_reasons, ExitReason.INCOMPLETE)
        return msgspec.structs.replace(result, exit_reasons=reasons)
    return result
