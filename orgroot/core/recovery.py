"""What a `recovered` record may say of an execution that a crash left open, and what it amounts to.

It closes; it never begins, never reopens and never calls anything done that was not begun on
record. What could not be looked at is `unverified`. Which lost sessions it may bring is said in
`lost_sessions`.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from orgroot.core.codec import Signature, canonical
from orgroot.core.eligibility import skew
from orgroot.core.execution_facts import GRACE, apply_fact
from orgroot.core.facts import Closed, ClosedItem, Fact, Issued, Observed
from orgroot.core.findings import FindingCode, Void
from orgroot.core.ids import Digest, ExecutionId, sha256
from orgroot.core.log_state import ExecutionRecord, LogState
from orgroot.core.lost_sessions import admit_look, has_room
from orgroot.core.positions import check_fact
from orgroot.core.statement_parts import RecoveredEnd, SpooledFact
from orgroot.core.statements import SCHEMA, Recovered, Survey, from_text, instant, require_our_time
from orgroot.errors import IntegrityError

DONE = "done"
NOT_DONE = "not-done"
UNVERIFIED = "unverified"
_ENDS = frozenset({DONE, NOT_DONE, UNVERIFIED})


def unsettled(run: ExecutionRecord) -> tuple[str, ...]:
    """The accounts of which nobody has said yet how they ended; `""` for a survey as a whole.

    An account that its own execution closed as `unknown` is one of them; one that a later intent
    took over is that one's.
    """
    if isinstance(run.body, Survey):
        return ("",) if run.unresolved() else ()
    return tuple(a for a in run.own if a not in run.aborted and not _settled(run, a))


def recoverable_from(run: ExecutionRecord) -> datetime:
    """After this instant (UTC) an execution that left nothing behind may be closed.

    Until then its process may live, on whatever machine, and still record what it did.
    """
    return instant(run.body.deadline) + GRACE


def has_ended(run: ExecutionRecord, account: str) -> bool:
    """Its own facts show that it does nothing more there: they were spooled, or say `unknown`."""
    survey = isinstance(run.body, Survey)
    return not survey and (run.spooled > 0 or account in run.closed)


def admit_recovered(state: LogState, body: Recovered, seq: int) -> frozenset[Digest]:
    """Count a `recovered` record: all of it, or nothing. Answers the objects that it names.

    Raises:
        Void: ILLEGAL_TRANSITION, BADSIG.
    """
    run, after, facts = _applied(state, body, seq)
    for name in _COUNTED:
        setattr(run, name, getattr(after, name))
    return frozenset(_named(facts))


def objection(state: LogState, body: Recovered) -> str | None:
    """Why the next record would not count, were it this one; None: it would."""
    try:
        _applied(state, body, state.seq + 1)
    except Void as void:
        return void.detail
    return None


def _applied(
    state: LogState, body: Recovered, seq: int
) -> tuple[ExecutionRecord, ExecutionRecord, tuple[Observed, ...]]:
    """The execution as it is, as it would be, and the facts that it brings."""
    run = state.executions.get(ExecutionId(body.execution_id))
    if run is None:
        raise _illegal(f"there is no execution {body.execution_id}")
    if body.facts or body.ends or not (body.sessions or body.looked or body.late):
        _require_open(run, body)
    after = _copy(run)
    facts = tuple(spooled_fact(run, spooled) for spooled in body.facts)
    for fact in facts:
        apply_fact(after, fact, seq, skew(state.rules_in_force))
    if facts:
        after.spooled = seq
    for end in body.ends:
        _close(after, end, instant(body.created_at))
    late = tuple(_keep(after, spooled) for spooled in body.late)
    admit_look(state, after, body)
    return run, after, (*facts, *late)


def _keep(run: ExecutionRecord, spooled: SpooledFact) -> Observed:
    """Put a fact on record that came too late: it decides nothing, and its session is known.

    Not a further one where there can be one only: that is no session of this execution.
    """
    fact = spooled_fact(run, spooled)
    run.late[sha256(spooled.body.encode())] = fact
    for item in fact.items if isinstance(fact, Issued) else ():
        planned = item.account in run.scope and item.task_policy in run.body.task_policies
        if planned and has_room(run, item.account, item.task_policy):
            run.issued.setdefault(item.access_key_id, item)
    return fact


def _require_open(run: ExecutionRecord, body: Recovered) -> None:
    if not unsettled(run):
        by = run.superseded_by
        raise _illegal(f"{run.id} " + (f"was superseded in record {by}" if by else "had ended"))
    if not body.facts and not body.ends:
        raise _illegal(f"it says nothing of {run.id}")


def spooled_fact(run: ExecutionRecord, spooled: SpooledFact) -> Observed:
    """A fact from the spool, which this very execution signed for no place in the log.

    Raises:
        Void: BADSIG, or ILLEGAL_TRANSITION where it is of another execution or place.
    """
    text = spooled.body.encode()
    check_fact(run.body.ephemeral_key, text, (Signature(alg="ed25519", sig=spooled.sig),))
    try:
        fact = from_text(text)
        require_our_time(fact)
    except IntegrityError as error:
        raise Void(FindingCode.BADSIG, f"a spooled fact: {error.message}") from error
    if not isinstance(fact, Fact):
        raise Void(FindingCode.BADSIG, "a spooled fact is no fact")
    if (fact.schema, fact.execution_id, fact.seq, fact.prev) != (SCHEMA, run.id, 0, ""):
        raise _illegal(f"a spooled fact is not one of {run.id} for no place in the log")
    return fact


def on_record(run: ExecutionRecord, fact: Observed) -> bool:
    """The log holds all that a fact says: it was written after all, or recovered before."""
    if fact in run.late.values():
        return True
    known = (
        *run.issued.values(),
        *run.step_intents.values(),
        *run.step_results.values(),
        *run.closed.values(),
    )
    return all(item in known for item in fact.items)


def _close(run: ExecutionRecord, end: RecoveredEnd, at: datetime) -> None:
    account, what = end.account, end.account or "the whole"
    if account not in unsettled(run):
        raise _illegal(f"{run.id}, {what}: nothing was open there")
    if end.outcome not in _ENDS:
        raise _illegal(f"{run.id}, {what}: {end.outcome!r} is no end")
    if end.outcome == DONE and not any(begun == account for begun, _ in run.step_intents):
        raise _illegal(f"{run.id}, {what}: done, but no change was begun")
    if at <= recoverable_from(run) and not has_ended(run, account):
        raise _illegal(f"{run.id}, {what}: closed while it may still have been running")
    details = canonical({"reason": end.detail, "recovered": True}).decode("ascii").rstrip()
    before = run.closed.get(account)
    run.closed[account] = ClosedItem(
        account=account,
        outcome=f"{end.outcome} {details}",
        objects=() if before is None else before.objects,
    )


_COUNTED = (
    "issued",
    "step_intents",
    "step_results",
    "numbers",
    "closed",
    "aborted",
    "held",
    "last_seq",
    "spooled",
    "found",
    "looked",
    "late",
)


def _copy(run: ExecutionRecord) -> ExecutionRecord:
    """A record that can be changed without changing this one."""
    return replace(
        run,
        issued=dict(run.issued),
        step_intents=dict(run.step_intents),
        step_results=dict(run.step_results),
        numbers={account: list(numbers) for account, numbers in run.numbers.items()},
        closed=dict(run.closed),
        aborted=dict(run.aborted),
        held=run.held.copy(),
        found=dict(run.found),
        looked=set(run.looked),
        late=dict(run.late),
    )


def _settled(run: ExecutionRecord, account: str) -> bool:
    item = run.closed.get(account)
    return item is not None and item.outcome.split(" ")[0].rstrip(":") != "unknown"


def _named(facts: tuple[Observed, ...]) -> Iterator[Digest]:
    for fact in facts:
        if isinstance(fact, Closed):
            for item in fact.items:
                yield from (Digest(name) for name in item.objects)


def _illegal(detail: str) -> Void:
    return Void(FindingCode.ILLEGAL_TRANSITION, detail)
