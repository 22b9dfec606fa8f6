"""Where a request stands, derived from the log each time and never stored.

What may have happened and is not on record is UNKNOWN, never done and never undone.
"""

from collections.abc import Callable
from datetime import datetime

from orgroot.core.approval import Phase, decide
from orgroot.core.eligibility import demand, expires_at
from orgroot.core.ids import ExecutionId
from orgroot.core.incidents import answered
from orgroot.core.log_state import LISTED, SURVEYED, LogState, RequestRecord, RequestState

HANDED_OUT = "handed-out"
"""The outcome of a root session that another program was given: what it did, CloudTrail tells."""

SUCCESSES = frozenset(
    {
        "done",
        "succeeded",
        "removed",
        "nothing-to-remove",
        "unlocked",
        "repaired",
        "not-locked",
        "applied",
        "nothing-to-do",
        "clean",
        "with-credentials",
        HANDED_OUT,
        SURVEYED,
        LISTED,
    }
)
"""The first word of an outcome that is a success; any other word is none."""

_GOING_ON = frozenset(
    {
        RequestState.PENDING,
        RequestState.APPROVED,
        RequestState.CLAIMED,
        RequestState.ISSUED,
        RequestState.UNKNOWN,
    }
)
"""States of what may still be executed, or was executed and has not ended."""

_GIVEN_UP = frozenset({"abandoned", "unverified"})
"""Outcomes that claim neither success nor failure: nobody could look."""


def request_state(
    state: LogState,
    request: RequestRecord,
    now: datetime,
    running: Callable[[ExecutionId], bool],
) -> RequestState:
    """The state of a request.

    Args:
        state: the log.
        request: one of its requests or surveys.
        now: UTC.
        running: whether a live process of this machine holds an execution. Of other machines
            nothing is known, so what they began and did not end is UNKNOWN here.
    """
    stands = _stands(state, request, now, running)
    return stands if stands in _GOING_ON else answered(request, now) or stands


def _stands(
    state: LogState,
    request: RequestRecord,
    now: datetime,
    running: Callable[[ExecutionId], bool],
) -> RequestState:
    """Its state, whatever is owed for it."""
    run = request.executions[-1] if request.executions else None
    if run is not None and run.unresolved():
        if running(run.id):
            return RequestState.ISSUED if run.issued else RequestState.CLAIMED
        return RequestState.UNKNOWN
    if not request.remaining():
        return _ended(request)
    rest = _rest(state, request, now)
    left = any(each.left_open() for each in request.executions)
    return RequestState.UNKNOWN if left and rest not in _GOING_ON else rest


def _rest(state: LogState, request: RequestRecord, now: datetime) -> RequestState:
    """Where it stands by what nobody has done of it."""
    if request.denied or request.cancelled:
        return RequestState.DENIED if request.denied else RequestState.CANCELLED
    if request.spent:
        return RequestState.FAILED
    return _waiting(state, request, now)


def _ended(request: RequestRecord) -> RequestState:
    words = {item.outcome.split(" ")[0].rstrip(":") for item in request.outcomes().values()}
    if "unknown" in words:
        return RequestState.UNKNOWN
    if words <= SUCCESSES:
        return RequestState.SUCCEEDED
    return RequestState.ABANDONED if words <= _GIVEN_UP else RequestState.FAILED


def _waiting(state: LogState, request: RequestRecord, now: datetime) -> RequestState:
    """Nothing runs and something is left to do."""
    rules = state.rules[-1]
    if expires_at(rules, request) <= now:
        return RequestState.ABANDONED if request.outcomes() else RequestState.EXPIRED
    needs = demand(rules, request)
    if needs is None or (request.requirement and not needs.same_as(request.requirement)):
        return RequestState.STALE
    requester = request.body.signer.person
    decision = decide(
        rules,
        request,
        phase=Phase.EXECUTE,
        person=requester,
        now=now,
        incidents=state.incidents,
    )
    return RequestState.APPROVED if decision else RequestState.PENDING
