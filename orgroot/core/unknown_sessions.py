"""Root sessions of which the log cannot say whether they were issued, or what was done in them.

Their executions have ended on record; those that have not are DANGLING. Only CloudTrail knows.
"""

from collections.abc import Iterator

from orgroot.core.facts import StepResult
from orgroot.core.findings import Finding, FindingCode
from orgroot.core.log_state import ExecutionRecord
from orgroot.core.lost_sessions import may_have_lost, was_recovered
from orgroot.core.recovery import NOT_DONE, UNVERIFIED
from orgroot.core.statements import Survey

_UNKNOWN = "unknown"


def unknown_sessions(run: ExecutionRecord) -> Iterator[Finding]:
    """One finding per account of an execution whose session is unknown.

    Management tasks have none: they run with the operator's own credentials.
    """
    for account, item in run.closed.items():
        if account == "" and not isinstance(run.body, Survey):
            continue
        word = item.outcome.split(" ")[0].rstrip(":")
        if word == _UNKNOWN:
            why = "nobody knows what was done in its session; run `orgroot recover`"
        elif word == UNVERIFIED:
            why = "what was done in its session could not be read afterwards"
        elif word == NOT_DONE and account in _late_changes(run):
            why = "its own word, which came late, is of a change, and its end is `not-done`"
        elif was_recovered(item) and not run.held[account] and _missing(run, account):
            why = "its process ended and no session is on record; one may have been issued"
        else:
            continue
        about = account or "the survey"
        detail = f"{run.id}, {about}: {why}"
        yield Finding(code=FindingCode.UNKNOWN_SESSION, seq=run.seq, detail=detail)


def _missing(run: ExecutionRecord, account: str) -> bool:
    """CloudTrail was not asked about it, or not over all of its time."""
    lost = may_have_lost(run)
    return bool(lost) if account == "" else account in lost


def _late_changes(run: ExecutionRecord) -> set[str]:
    """The accounts of which a fact that came too late says that a change was or may be made."""
    results = (fact.items for fact in run.late.values() if isinstance(fact, StepResult))
    return {item.account for items in results for item in items if item.outcome != "refused"}
