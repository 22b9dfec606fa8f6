"""What is said aloud around break-glass: before, what it means and costs; after, what is owed.

It decides nothing and writes nothing.
"""

from dataclasses import dataclass

from orgroot.core import review
from orgroot.core.eligibility import demand
from orgroot.core.emergency import spent_of
from orgroot.core.incidents import due_at, incident, owes
from orgroot.core.log_state import RequestRecord
from orgroot.core.requirements import Emergency
from orgroot.core.statements import timestamp
from orgroot.workflows.decisions import require_askable
from orgroot.workflows.desk import log_of
from orgroot.workflows.requests import Draft, candidate_of
from orgroot.workflows.workspace import Workspace

HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What break-glass means for one request of one person.

    Attributes:
        terms: under which it is granted.
        owed, recent: how many of the person's incidents await their review, and how many began in
            the last 24 hours.
    """

    terms: Emergency
    owed: int
    recent: int


def standing(ws: Workspace, draft: Draft) -> Standing:
    """The terms and quotas that hold for a draft that this person may ask for now.

    Raises:
        RequestRefused: they may not: no rule, no break-glass, not on call, or too often.
        UsageError: observer mode, no person, no key, or a reason is missing.
    """
    governed = ws.governed
    log = governed.log
    request = candidate_of(ws, draft)
    now = log.check_clock(ws.clock.now())
    require_askable(log, request, governed.person, now)
    needs = demand(log.rules(), request)
    if needs is None or needs.break_glass is None:
        raise AssertionError(f"{draft.task} was granted without terms")
    owed, recent = spent_of(log.rules(), governed.person, now, log.state.incidents)
    return Standing(terms=needs.break_glass, owed=len(owed), recent=len(recent))


def rows_of(found: Standing) -> list[tuple[str, str]]:
    """What a person is shown before they break glass, as `label: value`."""
    terms = found.terms
    reviewers = ", ".join(f"{count} of {group}" for group, count in sorted(terms.review.items()))
    return [
        ("BREAK-GLASS", "done now, before anybody has approved it"),
        ("reviewed by", f"{reviewers}, within {terms.review_within // HOUR} hours"),
        ("unreviewed", f"{found.owed} of at most {terms.max_open_unreviewed}"),
        ("in 24 hours", f"{found.recent} of at most {terms.max_per_24h}"),
    ]


def tell_debt(ws: Workspace, request: RequestRecord) -> None:
    """Say what is owed for a request that was executed under break-glass, and by when."""
    run = incident(request)
    if run is None or not owes(request):
        return
    log = log_of(ws)
    now = ws.clock.now()
    people = ", ".join(review.could_review(log.rules(), request, now)) or "nobody can now"
    ws.progress.note(
        f"break-glass: others review it until {timestamp(due_at(run))} ({people}): "
        f"`orgroot review {request.id}`"
    )
