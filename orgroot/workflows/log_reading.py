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
    for _, fact in survey_fact_records(log, execution):
        yield fact


def survey_fact_records(
    log: AuditLog, execution: ExecutionRecord
) -> Iterator[tuple[bytes, Observed]]:
    """The records and facts of a survey in order: those its closing record names, else all.

    Raises:
        IntegrityError: one is missing, is not the one that was named, or was not signed by the
            survey's key.
    """
    if not execution.fact_objects:
        n = 1
        while (raw := log.get_fact(execution.seq, n)) is not None:
            yield raw, chain.check_fact_object(execution, raw)
            n += 1
        return
    for n, named in enumerate(execution.fact_objects, start=1):
        raw = log.get_fact(execution.seq, n)
        if raw is None or record_hash(raw) != named:
            raise IntegrityError(
                f"fact {n} of the survey in record {execution.seq} is not the one that its closing "
                "record names",
                code="object",
            )
        yield raw, chain.check_fact_object(execution, raw)


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
