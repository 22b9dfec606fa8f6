"""Carries out a granted removal: many accounts at once, each in order, and each told.

What was done is told whatever became of the rest; what nobody knows outranks all else.
"""

import threading

from orgroot.core.log_state import RequestRecord
from orgroot.core.results import Removal
from orgroot.core.statement_parts import Target
from orgroot.errors import (
    AuditUnavailable,
    CredentialsError,
    OrgrootError,
    OutcomeUnknown,
    RequestRefused,
)
from orgroot.workflows.account_removal import Remover
from orgroot.workflows.denial import Denials
from orgroot.workflows.outcomes import UnknownInPart
from orgroot.workflows.removal_rows import removal_of, removal_params, rows_of
from orgroot.workflows.run import LOOK_FIRST, Run
from orgroot.workflows.sweep import Stint, sweep
from orgroot.workflows.targets import live_targets
from orgroot.workflows.workspace import Workspace


class RemovalDriver:
    """Carries out what a granted request of task `delete-root-credentials` names."""

    def live_targets(self, ws: Workspace, request: RequestRecord) -> tuple[Target, ...]:
        """The accounts as they are now."""
        return live_targets(ws, request)

    def pending(self, ws: Workspace, request: RequestRecord) -> tuple[str, ...]:
        """The accounts without a recorded outcome that are not exempt meanwhile."""
        exempt = {e.account for e in ws.config.accounts.exempt if e.until >= ws.clock.now().date()}
        return tuple(account for account in request.remaining() if account not in exempt)

    def run(self, ws: Workspace, run: Run, request: RequestRecord) -> None:
        """Remove, many accounts at once, each in order.

        Where AWS does not accept the operator's credentials any more, what was done is told.

        Raises:
            UnknownInPart: of some accounts nobody can say what happened; the others are done.
            OutcomeUnknown: so it is of the one account, or the log has failed the run.
            CredentialsError: those of the operator are not accepted, and nothing was begun.
        """
        params = removal_params(request)
        unknown: dict[str, str] = {}
        stop = threading.Event()
        remover = Remover(
            ws=ws,
            run=run,
            request=request,
            params=params,
            denials=Denials(ws.organization),
            stop=stop,
            unknown=unknown,
        )

        def work(account: str, stint: Stint) -> None:
            remover.remove(account, stint)

        cause: OrgrootError | None = None
        try:
            sweep(
                run.accounts,
                work,
                clock=ws.clock,
                progress=ws.progress,
                concurrency=ws.concurrency,
                label="removing root credentials",
                stop=stop,
            )
        except (AuditUnavailable, RequestRefused) as error:
            if not unknown:
                raise
            cause = error  # what happened and is not on record outranks why the rest was not begun
        except CredentialsError as error:
            if not unknown and not _begun(ws, run):
                raise
            ws.progress.note(f"the rest was not begun: {error.message}; {error.hint}")
        if unknown:
            words = "; ".join(f"{account}: {why}" for account, why in sorted(unknown.items()))
            if not request.bulk or cause is not None or not run.can_record:
                raise OutcomeUnknown(words, hint=LOOK_FIRST) from cause
            raise UnknownInPart(words, hint=f"`orgroot execute {request.id}` looks and continues")

    def result(self, ws: Workspace, request: RequestRecord) -> Removal:
        """What stands in the log, account by account."""
        params = removal_params(request)
        rows = rows_of(request, params)
        return removal_of(rows, request.id, ws.governed.log.receipt())


def _begun(ws: Workspace, run: Run) -> bool:
    """A root session of this run is on record."""
    return bool(ws.governed.log.state.executions[run.execution_id].issued)
