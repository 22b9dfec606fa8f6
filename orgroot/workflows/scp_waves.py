"""Waves of SCPs, proved one by one: a live root session in each before the next may be asked for.

The session is an audit session like any other, decided and recorded as a survey; what it proves is
read from the log.
"""

from collections.abc import Iterator

from orgroot.core.config import end_of_day
from orgroot.core.governed_tasks import SCP_TASKS, Task
from orgroot.core.ids import AccountId
from orgroot.core.log_state import ExecutionRecord, LogState, RequestRecord
from orgroot.core.organization import ACTIVE, MemberAccount
from orgroot.core.plan import Op
from orgroot.core.results import InventoryRow, WaveRow
from orgroot.core.root_principals import RootPrincipal
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.scp_changes import scp_of
from orgroot.core.scp_check import Check
from orgroot.core.scp_lockout import Outcome
from orgroot.core.scp_tree import ScpTree
from orgroot.core.scp_waves import Reach
from orgroot.core.statements import timestamp
from orgroot.core.task_params import PlannedChanges, WaveCheck, parse_params
from orgroot.errors import (
    AuditUnavailable,
    AwsError,
    Incomplete,
    IntegrityError,
    RequestRefused,
    UsageError,
)
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.inventory import survey_accounts
from orgroot.workflows.log_reading import ends_of, refusals_of
from orgroot.workflows.plan_execution import succeeded
from orgroot.workflows.reading import reopened, unread
from orgroot.workflows.requests import Ask
from orgroot.workflows.scp_guard import regions_of
from orgroot.workflows.scp_tree import observe_tree
from orgroot.workflows.workspace import Workspace

_WRITES = frozenset({Op.CREATE_SCP, Op.UPDATE_SCP, Op.ATTACH_SCP, Op.ADOPT_SCP})


def require_earlier(ws: Workspace, reach: Reach, tree: ScpTree) -> None:
    """Refuse a wave whose predecessor is not applied and proved.

    Raises:
        RequestRefused: code `wave`: what is missing.
    """
    if reach.wave == 1:
        return
    earlier = reach.wave - 1
    name = f"wave {earlier} of SCP {reach.scp}"
    if reach.lacking:
        raise _refusal(reach, f"AWS does not show it on {', '.join(reach.lacking)}", earlier)
    applied = None if ws.log is None else last_written(ws.log.sync(), reach.scp)
    if ws.log is None or applied is None:
        raise _refusal(reach, f"the log does not show that {name} was applied", earlier)
    accounts = _below(tree, reach.before)
    if not accounts:
        raise _refusal(reach, f"{name} has no account below it any more", earlier)
    check = WaveCheck(scp=reach.scp, wave=earlier, account=accounts[0])
    row = proof(ws.log, check, applied, frozenset(accounts))
    if not row.verified:
        raise _refusal(reach, f"{name} is applied and not proved: {row.reason}", earlier)


def checks_for(ws: Workspace, reaches: tuple[Reach, ...], after: ScpTree) -> tuple[WaveCheck, ...]:
    """In which account a session shall prove each wave: one whose audit is not stopped already.

    Raises:
        UsageError: a wave has no account below it, so that nothing could prove it.
    """
    if not reaches:
        return ()
    now = ws.clock.now()
    exempt = {e.account for e in ws.config.accounts.exempt if now < end_of_day(e.until)}
    works = _audited(ws, after)
    found = []
    for reach in reaches:
        accounts = [a for a in _below(after, reach.targets) if a not in exempt]
        if not accounts:
            raise UsageError(
                f"wave {reach.wave} of SCP {reach.scp} has no account below it that could prove "
                "it by a root session",
                hint="name an OU or account with an ACTIVE member, or put two waves into one",
                code="scp-waves",
            )
        account = min(accounts, key=lambda each: (each not in works, each))
        found.append(WaveCheck(scp=reach.scp, wave=reach.wave, account=account))
    return tuple(found)


def prove(ws: Workspace, checks: tuple[WaveCheck, ...]) -> None:
    """Open one audit session in each account; what came of it stands in the log.

    A reason why none could be opened is told and changes nothing: the wave stays unproved.
    """
    accounts = {check.account for check in checks}
    names = ", ".join(f"wave {check.wave} of {check.scp}" for check in checks)
    try:
        members = tuple(a for a in ws.organization.accounts() if a.id in accounts)
        survey_accounts(ws, members, Ask(reason=f"prove {names}"))
    except (AuditUnavailable, AwsError, Incomplete, RequestRefused, UsageError) as error:
        ws.progress.note(f"{names}: applied, and not proved: {error.message}")


def prove_applied(ws: Workspace, reached: tuple[Reach, ...]) -> tuple[WaveRow, ...]:
    """What proves waves that are applied; where nothing does, an audit session now.

    Raises:
        UsageError: a wave has no account below it; observer mode.
        IntegrityError, AuditUnavailable: as `AuditLog.sync`.
    """
    log = ws.governed.log
    tree, _ = observe_tree(ws)
    written = {reach.scp: last_written(log.sync(), reach.scp) for reach in reached}
    checks = checks_for(ws, tuple(r for r in reached if written[r.scp] is not None), tree)
    below = {reach.scp: frozenset(_below(tree, reach.targets)) for reach in reached}

    def rows() -> dict[str, WaveRow]:
        runs = ((check, written[check.scp]) for check in checks)
        return {c.scp: proof(log, c, run, below[c.scp]) for c, run in runs if run is not None}

    unproved = tuple(check for check in checks if not rows()[check.scp].verified)
    if unproved:
        prove(ws, unproved)
    return tuple(rows().values())


def last_written(state: LogState, scp: str) -> ExecutionRecord | None:
    """The newest execution that gave an SCP its text or a target, and succeeded."""
    runs = [
        request.executions[-1]
        for request in state.requests.values()
        if request.body.task in SCP_TASKS and succeeded(request) and _writes(request, scp)
    ]
    return max(runs, key=lambda run: run.last_seq, default=None)


def proof(
    log: AuditLog, check: WaveCheck, since: ExecutionRecord, accounts: frozenset[str]
) -> WaveRow:
    """Whether an audit session after an execution worked in one of these accounts.

    The newest survey that tried one of them counts.
    """
    account, reason, survey = check.account, "no root session was tried since", None
    for request, rows in _readings(log, since.last_seq, accounts):
        row = min(rows, key=lambda each: (each.reason is not None, each.id))
        account, reason, survey = row.id, row.reason or "", request
        break
    return WaveRow(
        scp=check.scp,
        wave=check.wave,
        account=account,
        verified=survey is not None and not reason,
        reason=reason or None,
        survey=survey,
    )


def _readings(
    log: AuditLog, after: int, accounts: frozenset[str]
) -> Iterator[tuple[str, list[InventoryRow]]]:
    """What surveys after a record read of these accounts, the newest survey first."""
    runs = [
        (run, request)
        for request in log.state.requests.values()
        if request.body.task is Task.AUDIT_ROOT_CREDENTIALS
        for run in request.executions
        if run.seq > after and accounts & set(run.accounts)
    ]
    for run, request in sorted(runs, key=lambda each: -each[0].seq):
        try:
            ends, refusals = ends_of(log, run), refusals_of(log, run)
        except IntegrityError:
            continue
        rows = [reopened(_member(a), end.outcome) for a, end in ends.items() if a in accounts]
        rows += [unread(_member(a), why) for a, why in refusals.items() if a in accounts]
        if rows:
            yield request.id, rows


def _member(account: str) -> MemberAccount:
    return MemberAccount(id=AccountId(account), name="", email="", state=ACTIVE)


def _writes(request: RequestRecord, scp: str) -> bool:
    params = parse_params(request.body.task, request.params)
    plan = params.plan if isinstance(params, PlannedChanges) else ()
    return any(change.op in _WRITES and scp_of(change) == scp for change in plan)


def _below(tree: ScpTree, targets: tuple[str, ...]) -> list[str]:
    """The accounts that are targets, or lie below one."""
    wanted = set(targets)
    return sorted(a for a, path in tree.paths.items() if wanted & {a, *path})


def _audited(ws: Workspace, tree: ScpTree) -> frozenset[str]:
    """The accounts in which an audit session is certainly allowed."""
    check = Check(tree=tree, regions=regions_of(ws.config), now=timestamp(ws.clock.now()))
    return frozenset(
        account
        for each in check.run()
        if each.principal is RootPrincipal.ROOT_SESSION
        and each.judgement.task_policy is TaskPolicy.AUDIT
        and each.judgement.outcome is Outcome.ALLOWED
        for account in each.group.accounts
    )


def _refusal(reach: Reach, why: str, earlier: int) -> RequestRefused:
    return RequestRefused(
        f"wave {reach.wave} of SCP {reach.scp} comes after wave {earlier}: {why}",
        reasons=(why,),
        hint=f"`orgroot scp apply --wave {earlier}` applies it, or proves it where it is applied",
        code="wave",
    )
