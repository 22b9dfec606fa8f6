"""Reading what executions left in the log: the ends of their work, wherever they stand.

The facts of a survey are objects; nothing is taken from them that its ephemeral key did not sign.
"""

from collections.abc import Iterator

from orgroot.core import audit_log as chain
from orgroot.core.codec import record_hash
from orgroot.core.facts import Aborted, Closed, ClosedItem, Issued, IssuedItem, Observed
from orgroot.core.ids import ExecutionId
from orgroot.core.log_state import ExecutionRecord
from orgroot.core.statements import Survey
from orgroot.errors import IntegrityError
from orgroot.workflows.audit_log import AuditLog


def survey_facts(log: AuditLog, execution: ExecutionRecord) -> Iterator[Observed]:
    """The facts of a survey in order, see `survey_fact_records`."""
    for _, _, fact in survey_fact_records(log, execution):
        yield fact


def survey_fact_records(
    log: AuditLog, execution: ExecutionRecord
) -> Iterator[tuple[int, bytes, Observed]]:
    """The facts of a survey in order, with number and bytes: those its closing names, else its own.

    What somebody else wrote under such a number is passed over, as its writer did.

    Raises:
        IntegrityError: one that was named is missing, or was not signed by the survey's key.
    """
    named = iter(execution.fact_objects)
    wanted = next(named, None)
    n = 1
    while (raw := log.get_fact(execution.seq, n)) is not None:
        if wanted is not None and record_hash(raw) == wanted:
            yield n, raw, chain.check_fact_object(execution, raw)
            wanted = next(named, None)
            if wanted is None:
                return
        elif not execution.fact_objects and (own := _own_fact(execution, raw)) is not None:
            yield n, raw, own
        n += 1
    if wanted is not None:
        raise IntegrityError(
            f"a fact of the survey in record {execution.seq} that its closing record names is "
            "missing",
            code="object",
        )


def _own_fact(execution: ExecutionRecord, raw: bytes) -> Observed | None:
    try:
        return chain.check_fact_object(execution, raw)
    except IntegrityError:
        return None


def sessions_of(log: AuditLog, execution: ExecutionRecord) -> Iterator[IssuedItem]:
    """The sessions that an execution put on record, of an intent's execution or of a survey.

    Raises:
        IntegrityError: as `survey_facts`.
    """
    yield from execution.issued.values()
    if isinstance(execution.body, Survey):
        for fact in survey_facts(log, execution):
            if isinstance(fact, Issued):
                yield from fact.items


def ends_of(log: AuditLog, execution: ExecutionRecord) -> dict[str, ClosedItem]:
    """The recorded end of the work per account, of an intent's execution or of a survey."""
    if not isinstance(execution.body, Survey):
        return dict(execution.closed)
    return {
        item.account: item
        for fact in survey_facts(log, execution)
        if isinstance(fact, Closed)
        for item in fact.items
    }


def refusals_of(log: AuditLog, execution: ExecutionRecord) -> dict[str, str]:
    """By account, AWS's refusal to open a session, of an intent's execution or of a survey."""
    if not isinstance(execution.body, Survey):
        return dict(execution.aborted)
    return {
        item.account: item.error
        for fact in survey_facts(log, execution)
        if isinstance(fact, Aborted)
        for item in fact.items
    }


def spool_waits(log: AuditLog) -> bool:
    """This machine's spool holds facts of executions in this log."""
    names = (name.partition("-")[0] for name, _ in log.memory.spooled())
    return any(ExecutionId(name) in log.state.executions for name in names)
