"""What SCPs do to root tasks, for a person: what would not run first, and who stops it."""

from collections.abc import Iterable, Iterator

from orgroot.core import results
from orgroot.core.root_tasks import ROOT_TASKS, TaskPolicy
from orgroot.report.escape import grouped, visible
from orgroot.report.table import table

_FEW = 3


def check(result: results.ScpCheck) -> str:
    """Root tasks that would not run, by accounts that fare alike; then long-term root in a line."""
    summary = result.summary
    counts = (
        f"{summary.allowed} allow all five tasks, {summary.depends} depend on what is not known"
    )
    when = "After the plan, root" if result.planned else "Root"
    parts = _stopped(result) if result.planned else []
    parts.append(
        f"{when} sessions in {summary.accounts} account(s): {counts}, {summary.denied} deny some."
    )
    rows = list(_rows(result.results))
    if rows:
        header = ("ACCOUNTS", "TASK", "REGION", "DECISION", "ACTIONS", "POLICY: SID")
        parts.append(table(header, rows))
    parts.append(_long_term(result.results))
    if result.notes:
        parts.append("Notes:\n" + "\n".join(f"- {visible(note)}" for note in result.notes))
    return "\n\n".join(parts)


def _stopped(result: results.ScpCheck) -> list[str]:
    """What a plan would stop, before anything else."""
    if not result.stopped:
        return ["The plan stops no root task that works today."]
    header = ("STOPPED IN", "TASK", "REGIONS", "WOULD BE", "ACTIONS", "POLICY: SID")
    rows = [(*_stop(row), "") for row in result.stopped if row.step is None]
    passing = [(*_stop(row), row.step) for row in result.stopped if row.step is not None]
    parts = []
    if rows:
        found = table(header, [row[:-1] for row in rows])
        parts += ["The plan would stop root tasks that work today:", found]
    if passing:
        found = table((*header, "AFTER"), passing)
        parts += ["On its way the plan would stop root tasks, until a later step:", found]
    return parts


def _stop(row: results.ScpStopped) -> tuple[str, ...]:
    return (
        _targets(list(row.accounts)),
        row.task_policy,
        ", ".join(row.regions),
        _decision(row),
        _actions(row),
        _blame(row),
    )


def _rows(found: Iterable[results.ScpCheckRow]) -> Iterator[tuple[str, ...]]:
    """What is not simply allowed to root sessions, equal answers in one row."""
    alike: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for row in found:
        if row.principal != "root-session" or row.decision == "allowed":
            continue
        key = (row.task_policy, _decision(row), _actions(row), _blame(row))
        alike.setdefault(key, {}).setdefault(row.target, []).append(row.region)
    for (task, *rest), by_target in alike.items():
        places: dict[tuple[str, ...], list[str]] = {}
        for target, regions in by_target.items():
            places.setdefault(tuple(regions), []).append(target)
        for where, targets in places.items():
            named = visible(", ".join(dict.fromkeys(where)))
            yield (_targets(targets), task, named, *rest)


_Row = results.ScpCheckRow | results.ScpStopped


def _decision(row: _Row) -> str:
    if row.decision == "depends":
        return visible(f"depends on {', '.join(row.depends_on)}")
    return row.decision.upper()


def _actions(row: _Row) -> str:
    everything = set(ROOT_TASKS[TaskPolicy(row.task_policy)].actions)
    return "all of them" if set(row.denied_actions) == everything else ", ".join(row.denied_actions)


def _blame(row: _Row) -> str:
    sids: dict[str, list[str]] = {}
    for blame in row.by:
        # Most policies are SCPs: what is none is said so.
        kind = "" if blame.kind == "service control policy" else f" ({blame.kind})"
        sids.setdefault(blame.policy + kind, []).append(blame.sid)
    return visible(
        "; ".join(
            f"{policy}: {', '.join(named)}" if all(named) else f"{policy}: allows none of it"
            for policy, named in sids.items()
        )
    )


def _targets(targets: list[str]) -> str:
    named = ", ".join(visible(grouped(target)) for target in targets[:_FEW])
    return named if len(targets) <= _FEW else f"{named} and {len(targets) - _FEW} more"


def _long_term(found: Iterable[results.ScpCheckRow]) -> str:
    denied: dict[str, bool] = {}
    for row in found:
        if row.principal == "root-user":
            denied[row.target] = denied.get(row.target, True) and row.decision == "denied"
    stopped = sum(denied.values())
    return f"Long-term root: denied every task in {stopped} of {len(denied)} account(s)."


def lint(result: results.ScpLint) -> str:
    """Findings by file, as compilers tell them; then how large each document is."""
    summary = result.summary
    counts = (
        f"{summary.errors} error(s), {summary.warnings} warning(s), {summary.advice} piece(s) of "
        f"advice in {summary.files} document(s)."
    )
    parts = ["\n".join(_finding(finding) for finding in result.findings), counts]
    sizes = [
        (visible(file.file), f"{file.characters:,}", f"{file.left:,}", f"{file.written:,}")
        for file in result.files
        if file.characters is not None
    ]
    if sizes:
        parts.append(table(("DOCUMENT", "CHARACTERS", "LEFT", "AS WRITTEN"), sizes))
    if result.targets:
        rows = [_room(target) for target in result.targets]
        header = ("TARGET", "SLOTS LEFT", "CHARACTERS LEFT", "ALLOWS ALL", "ATTACHED")
        parts.append(table(header, rows))
    if result.notes:
        parts.append("Notes:\n" + "\n".join(f"- {visible(note)}" for note in result.notes))
    return "\n\n".join(part for part in parts if part)


def _finding(finding: results.ScpFinding) -> str:
    where = f"{finding.file}:{finding.line}:{finding.column}: {finding.severity} {finding.code}"
    number = f"Statement {finding.statement}" if finding.statement else ""
    statement = f"{number} ({finding.sid}): " if finding.sid else f"{number}: " if number else ""
    return visible(f"{where}: {statement}{finding.message}") + "\n    " + visible(finding.remedy)


def _room(target: results.ScpLintTarget) -> tuple[str, ...]:
    return (
        visible(grouped(target.target)),
        f"{target.left} of {target.used + target.left}",
        f"{target.characters_left:,}",
        "yes" if target.allows_everything else "NO",
        visible(", ".join(target.attached)),
    )
