"""A reconciliation as text: what does not agree first; what agrees is counted."""

from orgroot.core import results
from orgroot.core.reconcile import Verdict
from orgroot.report.escape import grouped, visible
from orgroot.report.table import table
from orgroot.report.text_log import receipt

_APART = (Verdict.KNOWN_CALLER, Verdict.FAILED_ATTEMPT, Verdict.NOT_YET_VISIBLE, Verdict.NOT_READ)
"""Shown one by one below what is wrong; MATCHED and BEFORE_GENESIS are counted."""

_WRONG = (Verdict.UNLOGGED_SESSION, Verdict.UNSEEN_SESSION)


def reconciliation(result: results.Reconciliation) -> str:
    """What CloudTrail and the log say of each other."""
    count = result.summary
    head = (
        f"CloudTrail from {result.since} to {result.until}: {count[Verdict.MATCHED]} session(s) "
        f"matched, {count[Verdict.UNLOGGED_SESSION]} UNLOGGED, {count[Verdict.UNSEEN_SESSION]} "
        f"unseen; {count[Verdict.BEFORE_GENESIS]} event(s) from before the log began."
    )
    parts = [head]
    wrong, apart = _rows(result, _WRONG), _rows(result, _APART)
    if wrong:
        parts.append(_listing(wrong))
    if result.overuse:
        parts.append("USED BEYOND THE PLAN:\n" + _overuse(result.overuse))
    if result.unsound:
        lines = (f"  {visible(words)}" for words in result.unsound)
        parts.append("SURVEYS THAT ARE NOT WHAT THEY SHOULD BE:\n" + "\n".join(lines))
    if apart:
        parts.append("Not counted against anybody:\n" + _listing(apart))
    parts.append("\n".join(_read(result)))
    if result.unread:
        rows = [(grouped(u.account), u.region or "all", visible(u.reason)) for u in result.unread]
        parts.append("NOT READ:\n" + table(("ACCOUNT", "REGION", "REASON"), rows))
    return "\n\n".join(parts) + receipt(result.receipt)


def _rows(
    result: results.Reconciliation, verdicts: tuple[Verdict, ...]
) -> list[results.SessionRow]:
    return [row for verdict in verdicts for row in result.sessions if row.status == verdict]


def _listing(rows: list[results.SessionRow]) -> str:
    columns = ("STATUS", "AT (UTC)", "ACCOUNT", "TASK POLICY", "SESSION", "BY", "DETAIL")
    return table(
        columns,
        (
            (
                row.status,
                row.at or "-",
                grouped(row.account) if row.account else "-",
                visible(row.task_policy),
                visible(row.access_key_id) or "-",
                visible(row.caller),
                visible(row.detail),
            )
            for row in rows
        ),
    )


def _overuse(rows: tuple[results.UseRow, ...]) -> str:
    columns = ("AT (UTC)", "ACCOUNT", "SESSION", "REQUEST", "CALL", "REFUSED", "DETAIL")
    return table(
        columns,
        (
            (
                row.at or "-",
                grouped(row.account),
                visible(row.access_key_id),
                row.request,
                visible(row.action),
                visible(row.error) or "-",
                visible(row.detail),
            )
            for row in rows
        ),
    )


def _read(result: results.Reconciliation) -> list[str]:
    lines = [f"read: {grouped(one.account)} in {len(one.regions)} Region(s)" for one in result.read]
    return [*lines, f"note: {result.in_session_calls}"]
