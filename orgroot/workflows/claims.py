"""How an execution is taken up: by a person, who may take over, or by one of many runners.

Order in the log decides every race; this only keeps a runner from starting one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from orgroot.core import audit_log
from orgroot.core.ids import ExecutionId
from orgroot.core.log_state import RequestRecord, RequestState
from orgroot.core.recovery import recoverable_from
from orgroot.core.statements import timestamp
from orgroot.errors import OutcomeUnknown, RequestRefused
from orgroot.workflows.audit_log import AuditLog


def _tell_nobody(_execution: ExecutionId) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What whoever executes may do beside another process.

    Attributes:
        take_over: of a bulk request, go on where another process may still be at work, which then
            stops at its next record. A person who looks may; a runner may not.
        begun: told of the execution once its intent is durable.
    """

    take_over: bool = True
    begun: Callable[[ExecutionId], None] = _tell_nobody

    def check(self, request: RequestRecord, now: datetime) -> None:
        """Refuse what another process, on whatever machine, may still be executing.

        Raises:
            RequestRefused: with the time from which on nobody can be at it any more.
        """
        for run in () if self.take_over else request.executions:
            until = recoverable_from(run)
            if run.superseded_by is None and run.unresolved() and now <= until:
                raise RequestRefused(
                    f"{request.id} was begun in record {run.seq} and may be at work until "
                    f"{timestamp(until)}",
                    code="claimed",
                )


BY_HAND = Claim()
"""A person executes."""


def refuse_running(log: AuditLog, request: RequestRecord) -> None:
    """Refuse while a process of this machine executes the request.

    Raises:
        RequestRefused: with the execution's id.
    """
    for execution in request.executions:
        if execution.unresolved() and log.memory.is_running(execution.id):
            raise RequestRefused(
                f"{request.id} is being executed right now ({execution.id})", code="running"
            )


def refuse_unknown(log: AuditLog, request: RequestRecord, now: datetime) -> None:
    """Refuse a second execution where nobody can say what the first one did.

    Raises:
        OutcomeUnknown: an execution ended without a result in the log.
    """
    if audit_log.request_state(log.state, request, now, log.running) is RequestState.UNKNOWN:
        raise OutcomeUnknown(
            f"{request.id} was begun before, and the log does not say how it ended",
            hint="`orgroot recover` closes it from what AWS shows; then ask anew for what is left",
        )
