"""The runner's rounds and lines as text."""

from orgroot.core import results
from orgroot.report.escape import visible
from orgroot.report.table import table
from orgroot.report.text_log import receipt


def runner_round(result: results.RunnerRound) -> str:
    """What was executed, closed, and left alone with the reason."""
    parts = []
    if result.ready:
        rows = [(row.request, row.task, row.requester) for row in result.ready]
        parts.append(table(("WOULD EXECUTE", "TASK", "BY"), rows))
    if result.executed:
        done = [
            (row.request, row.task, row.requester, row.state, visible(row.message))
            for row in result.executed
        ]
        parts.append(table(("EXECUTED", "TASK", "BY", "STATE", "MESSAGE"), done))
    if result.recovered:
        closed = [(row.execution, row.request, row.outcome) for row in result.recovered]
        parts.append(table(("RECOVERED", "REQUEST", "OUTCOME"), closed))
    if result.skipped:
        left = [(row.request, row.task, visible(row.reason)) for row in result.skipped]
        parts.append(table(("LEFT ALONE", "TASK", "WHY"), left))
    if not parts:
        parts.append("Nothing to execute.")
    return "\n\n".join(parts) + receipt(result.receipt)


def runner_line(result: results.RunnerLine) -> str:
    """One executed request on one line."""
    message = f": {visible(result.message)}" if result.message else ""
    return f"{result.request} {result.task} {result.state}{message} ({result.execution})"
