"""What was done under break-glass and is not yet answered for: incidents, and what is still owed.

An incident is a request of which something ran, or may have run, before others had approved it;
however many buckets or accounts it named. What AWS refused before anything happened is none.
"""

from datetime import datetime, timedelta

from orgroot.core.log_state import ExecutionRecord, RequestRecord, RequestState
from orgroot.core.requirements import Emergency
from orgroot.core.statements import Request, instant

REVIEWED = "reviewed"
VIOLATION = "violation"
"""The verdict of a review that finds that the glass should not have been broken."""

VERDICTS = frozenset({REVIEWED, VIOLATION})


def breaks_glass(request: RequestRecord) -> bool:
    """It was asked for as an emergency."""
    return isinstance(request.body, Request) and request.body.break_glass


def incident(request: RequestRecord) -> ExecutionRecord | None:
    """The execution with which it became an incident; None: it is none."""
    return next((run for run in request.executions if run.emergency and not run.refused), None)


def terms(run: ExecutionRecord) -> Emergency:
    """The terms under which an incident began: those bind its review, whatever rules say since."""
    demanded = run.emergency
    if demanded is None or demanded.break_glass is None:
        raise AssertionError(f"{run.id} is no incident")
    return demanded.break_glass


def owes(request: RequestRecord) -> bool:
    """An incident that neither its reviewers nor a full quorum have answered for."""
    return incident(request) is not None and not request.settled


def began_at(run: ExecutionRecord) -> datetime:
    """When an incident began."""
    return instant(run.body.observed_at)


def due_at(run: ExecutionRecord) -> datetime:
    """Until when an incident shall have been reviewed."""
    return began_at(run) + timedelta(seconds=terms(run).review_within)


def overdue(request: RequestRecord, now: datetime) -> bool:
    """A review that is owed and late."""
    run = incident(request)
    return run is not None and not request.settled and due_at(run) < now


def answered(request: RequestRecord, now: datetime) -> RequestState | None:
    """Where an incident stands once nothing of it runs; None: as any other request."""
    if owes(request):
        return RequestState.OVERDUE if overdue(request, now) else RequestState.UNREVIEWED
    if any(review.body.decision == VIOLATION for review in request.reviews):
        return RequestState.VIOLATION
    return RequestState.REVIEWED if request.reviews else None
