"""The review of what was done under break-glass: by whom, of what, and when it is enough.

The terms are those under which it was done. Whoever did it never counts, nor another identity of
theirs; a reviewer signs what was asked and what was done.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from orgroot.core.admission import known_request
from orgroot.core.eligibility import listed
from orgroot.core.findings import FindingCode, Void
from orgroot.core.ids import Digest, grouped
from orgroot.core.incidents import VERDICTS, due_at, incident, terms
from orgroot.core.log_state import (
    DecisionRecord,
    ExecutionRecord,
    LogState,
    RequestRecord,
    RulesInForce,
)
from orgroot.core.people import is_hardware
from orgroot.core.quorum import Missing, unfilled
from orgroot.core.sshsig import Verified
from orgroot.core.statements import Review, instant, timestamp
from orgroot.core.summary import FEW, summarize
from orgroot.core.withdrawal import revoked_by

NO_INCIDENT = "it was not executed under break-glass."


def admit(state: LogState, rules: RulesInForce, body: Review, record: DecisionRecord) -> None:
    """Count a review, and end the debt with the last one that is needed.

    Raises:
        Void: ILLEGAL_TRANSITION, RULES_VIOLATION: it does not count.
    """
    request = check(state, rules, body, record.sha256, record.signed_with)
    request.reviews.append(record)
    if not missing(rules, request):
        request.settled = record.seq


def check(
    state: LogState,
    rules: RulesInForce,
    body: Review,
    digest: Digest,
    signed_with: Verified | None,
) -> RequestRecord:
    """What `admit` would say of the review with this SHA-256, signed in this way.

    Nothing is changed; answers the request.

    Raises:
        Void: it would not count.
    """
    request = known_request(state, body.request_id, body.request_sha256)
    person = body.signer.person
    why = cannot_review(rules, request, person, instant(body.created_at))
    taken_back = revoked_by(state, digest, person)
    if taken_back:
        raise Void(FindingCode.REPLAY, f"{person} took this review back in record {taken_back}")
    if why is None and not _suits(request, body.signer.key, signed_with):
        why = "the rules want a hardware key for it."
    if why is None and state.witnessed > body.expires_at:
        why = f"it had to be recorded before {body.expires_at}."
    if why is None and body.decision not in VERDICTS:
        why = f"it says {body.decision!r}."
    if why is None and body.summary != shown(state, request, body.head.seq):
        why = "what they were shown is not what was asked and done."
    why = why or wrong_ticket(request, body.ticket)
    if why is not None:
        raise Void(FindingCode.RULES_VIOLATION, f"{person} reviewed {request.id}: {why}")
    return request


def cannot_review(
    rules: RulesInForce, request: RequestRecord, person: str, now: datetime
) -> str | None:
    """Why a person may not review a request now, one sentence; None: they may."""
    run = incident(request)
    if run is None:
        return NO_INCIDENT
    if request.settled:
        return f"no review is owed any more, since record {request.settled}."
    if any(each.left_open() for each in request.executions):
        return f"nobody knows yet how {request.id} ended."
    return next(_unfit(rules, request, run, person, now), None)


def could_review(rules: RulesInForce, request: RequestRecord, now: datetime) -> tuple[str, ...]:
    """Who may review now, in the order of the roster."""
    return tuple(
        person
        for person in rules.roster.persons()
        if cannot_review(rules, request, person, now) is None
    )


def missing(rules: RulesInForce, request: RequestRecord) -> tuple[Missing, ...]:
    """The reviewers that are still missing; none where there is no incident."""
    run = incident(request)
    if run is None:
        return ()
    people = {
        rules.roster.human(review.body.signer.person): _groups(rules, review)
        for review in request.reviews
        if _counts(rules, review)
    }
    left = unfilled(terms(run).review, people)
    return tuple(Missing(group=group, count=count) for group, count in sorted(left.items()))


def wrong_ticket(request: RequestRecord, ticket: str) -> str | None:
    """What is wrong with the ticket of a review; one that is owed must come with it."""
    run = incident(request)
    patterns = () if run is None or run.emergency is None else run.emergency.tickets
    if not ticket:
        given = request.body.ticket or any(
            isinstance(review.body, Review) and review.body.ticket for review in request.reviews
        )
        wanted = " and ".join(patterns)
        return f"a ticket is still owed: {wanted} (--ticket)." if patterns and not given else None
    for pattern in patterns:
        if re.fullmatch(pattern, ticket) is None:
            return f"the ticket {ticket!r} does not match {pattern!r}."
    return None


def shown(state: LogState, request: RequestRecord, head: int | None = None) -> dict[str, Any]:
    """What a reviewer is shown: what was asked, as an approver sees it, and what was done."""
    run = incident(request)
    done = [each for each in request.executions if not each.refused]
    sessions = [item for each in done for item in each.issued.values()]
    steps = [
        f"{_who(account)}: {step.operation} on {step.target}: {_result(each, account, n)}"
        for each in done
        for (account, n), step in each.step_intents.items()
    ]
    ends = request.outcomes().items()
    return {
        **summarize(state, request, head),
        "began": "" if run is None else run.body.observed_at,
        "executor": ", ".join(dict.fromkeys(each.body.signer.person for each in done)),
        "approved-by": [a.body.signer.person for a in request.approvals if not a.revoked],
        "sessions": _few(
            [f"{_who(s.account)} {s.task_policy} {s.access_key_id}" for s in sessions]
        ),
        "steps": _few(steps),
        "ends": _few([f"{_who(account)}: {_word(item.outcome)}" for account, item in ends]),
        "review-due": "" if run is None else timestamp(due_at(run)),
    }


def _unfit(
    rules: RulesInForce, request: RequestRecord, run: ExecutionRecord, person: str, now: datetime
) -> Iterator[str]:
    roster, wanted = rules.roster, terms(run).review
    if roster.is_service(person):
        yield f"{person} is a service, and services never review."
    doers = (request.body.signer.person, *(each.body.signer.person for each in request.executions))
    if any(roster.same_human(person, doer) for doer in doers):
        yield f"{person} did it, and who did it never reviews it."
    if not roster.groups_of(person) & wanted.keys():
        yield f"{person} is in none of the groups that review: {listed(wanted)}."
    if not any(_suits(request, key.text) for key in roster.keys_of(person, now)):
        yield f"{person} has no valid key in the roster that counts here."
    if any(
        _counts(rules, review) and roster.same_human(person, review.body.signer.person)
        for review in request.reviews
    ):
        yield f"{person} has reviewed it."


def _suits(request: RequestRecord, key: str, signed_with: Verified | None = None) -> bool:
    """A key that may sign a review, or has: a hardware key where the rules wanted one.

    What the signature says of its token counts more than the type of the key.
    """
    run = incident(request)
    demanded = None if run is None else run.emergency
    if demanded is None or not demanded.hardware_key:
        return True
    return is_hardware(key) if signed_with is None else signed_with.hardware


def _counts(rules: RulesInForce, review: DecisionRecord) -> bool:
    """By today's roster the key was valid when it was recorded, and the person may still review."""
    signer = review.body.signer
    return (
        rules.roster.had_key(signer.person, signer.key, review.seq, review.at, review.latest)
        and not rules.roster.is_service(signer.person)
        and bool(_groups(rules, review))
    )


def _groups(rules: RulesInForce, review: DecisionRecord) -> frozenset[str]:
    return review.groups & rules.roster.groups_of(review.body.signer.person)


def _result(run: ExecutionRecord, account: str, n: int) -> str:
    result = run.step_results.get((account, n))
    return "not recorded" if result is None else result.outcome


def _word(outcome: str) -> str:
    return outcome.split(" ", maxsplit=1)[0].rstrip(":")


def _who(account: str) -> str:
    return grouped(account) if account else "the organization"


def _few(lines: list[str]) -> list[str]:
    left = len(lines) - FEW
    return lines if left <= 0 else [*lines[:FEW], f"and {left} more"]
