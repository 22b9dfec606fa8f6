"""What an execution may say it did, and in which order: its facts, checked and counted.

A fact that is out of order counts for nothing; one that is in order is believed to the letter.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import assert_never

from orgroot.core.codec import decode_record
from orgroot.core.ephemeral import verify_fact
from orgroot.core.facts import (
    AbortedItem,
    ClosedItem,
    Issued,
    IssuedItem,
    Item,
    Observed,
    StepIntent,
    StepIntentItem,
    StepResultItem,
)
from orgroot.core.findings import FindingCode, Void
from orgroot.core.log_state import ExecutionRecord
from orgroot.core.planned_steps import planned_steps
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.statements import Survey, from_text, instant, require_our_time
from orgroot.errors import IntegrityError

GRACE = timedelta(minutes=30)
"""So long after the deadline an execution may still record how its work ended."""


def apply_fact(run: ExecutionRecord, fact: Observed, seq: int, skew: timedelta) -> None:
    """Count a fact whose signature and position were checked: all of its items, or none.

    Raises:
        Void: ILLEGAL_TRANSITION, and nothing was counted.
    """
    _applied(run, fact, skew)
    run.last_seq = seq


def objection(run: ExecutionRecord, fact: Observed, skew: timedelta) -> str | None:
    """Why a fact would not count, were it written now; None: it would. Nothing is counted."""
    try:
        undo = _applied(run, fact, skew)
    except Void as void:
        return void.detail
    _forget(undo)
    return None


def _applied(run: ExecutionRecord, fact: Observed, skew: timedelta) -> list[Callable[[], object]]:
    """Count all items of a fact, or none; answers how to forget them again."""
    if run.superseded_by is not None:
        raise _illegal(f"{run.id} was superseded in record {run.superseded_by}")
    check_time(run, fact, skew)
    undo: list[Callable[[], object]] = []
    try:
        for item in fact.items:
            undo.append(_apply(run, item))  # noqa: PERF401 - what was counted must be known
    except Void:
        _forget(undo)
        raise
    return undo


def _forget(undo: list[Callable[[], object]]) -> None:
    for step in reversed(undo):
        step()


def check_time(run: ExecutionRecord, fact: Observed, skew: timedelta) -> None:
    """Sessions and changes begin before the deadline; their ends may be told a while longer.

    Raises:
        Void: ILLEGAL_TRANSITION.
    """
    begins = isinstance(fact, Issued | StepIntent)
    if instant(fact.at) > instant(run.body.deadline) + (skew if begins else GRACE):
        raise _illegal(f"a fact of {run.id} at {fact.at} is after its deadline {run.body.deadline}")


def check_fact_object(execution: ExecutionRecord, raw: bytes) -> Observed:
    """A fact of a survey, which stands beside the log as an object of its own.

    Raises:
        IntegrityError: it is not a fact of this survey, signed by its ephemeral key.
    """
    record = decode_record(raw)
    algorithms = [sig.alg for sig in record.sigs]
    if (record.seq, record.log, algorithms) != (0, execution.body.log, ["ed25519"]):
        raise IntegrityError("not a fact beside the log", code="fact")
    verify_fact(execution.body.ephemeral_key, record.body.encode(), record.sigs[0].sig)
    fact = from_text(record.body.encode())
    require_our_time(fact)
    if not isinstance(fact, Observed) or not isinstance(execution.body, Survey):
        raise IntegrityError("not a fact of a survey", code="fact")
    if (fact.execution_id, fact.seq, fact.prev) != (execution.id, 0, ""):
        raise IntegrityError(f"not a fact of {execution.id}", code="fact")
    for item in fact.items:
        _check_covered(execution, item)
    return fact


def _check_covered(run: ExecutionRecord, item: Item) -> None:
    policy = item.task_policy if isinstance(item, IssuedItem) else None
    if item.account not in run.scope or (policy and policy not in run.body.task_policies):
        raise IntegrityError(f"{run.id} does not cover {policy or item.account}", code="fact")


def _apply(run: ExecutionRecord, item: Item) -> Callable[[], object]:
    """Count one item; answers how to forget it again."""
    _require(run, item)
    account = item.account
    match item:
        case IssuedItem():
            run.issued[item.access_key_id] = item
            run.held[account] += 1
            return partial(_forget_session, run, item)
        case StepIntentItem():
            run.step_intents[account, item.n] = item
            run.numbers.setdefault(account, []).append(item.n)
            return partial(_forget_step, run, item)
        case StepResultItem():
            run.step_results[account, item.n] = item
            return partial(run.step_results.pop, (account, item.n))
        case ClosedItem():
            run.closed[account] = item
            return partial(run.closed.pop, account)
        case AbortedItem():
            run.aborted[account] = item.error
            return partial(run.aborted.pop, account)
        case _:
            assert_never(item)


def _forget_session(run: ExecutionRecord, item: IssuedItem) -> None:
    del run.issued[item.access_key_id]
    run.held[item.account] -= 1


def _forget_step(run: ExecutionRecord, item: StepIntentItem) -> None:
    del run.step_intents[item.account, item.n]
    run.numbers[item.account].remove(item.n)


def _require(run: ExecutionRecord, item: Item) -> None:
    why = next(_objections(run, item), None)
    if why is not None:
        what = f"account {item.account}" if item.account else "the organization"
        raise _illegal(f"{run.id}, {what}: {why}")


def _objections(run: ExecutionRecord, item: Item) -> Iterator[str]:
    account = item.account
    whole = account == "" and isinstance(item, ClosedItem) and isinstance(run.body, Survey)
    if account not in run.scope and not whole:
        yield "it is not about this"
    if account in run.closed or account in run.aborted:
        yield "its work had ended"
    match item:
        case IssuedItem():
            yield from _session_objections(run, item)
        case StepIntentItem():
            yield from _change_objections(run, item)
        case StepResultItem():
            step = (account, item.n)
            if step not in run.step_intents or step in run.step_results:
                yield f"the result of change {item.n}, which is not under way"
        case AbortedItem():
            if run.held[account]:
                yield "a refusal after a session was issued"
        case ClosedItem():
            pass
        case _:
            assert_never(item)


def _session_objections(run: ExecutionRecord, item: IssuedItem) -> Iterator[str]:
    if not item.account or item.task_policy not in run.body.task_policies:
        yield f"a session with {item.task_policy} was not announced"
    if item.access_key_id in run.issued:
        yield f"session {item.access_key_id} was recorded before"
    proves = item.task_policy is TaskPolicy.AUDIT and len(run.body.task_policies) > 1
    if run.held[item.account] and not proves:
        yield f"a further session with {item.task_policy}, and one is all that it takes"


def _change_objections(run: ExecutionRecord, item: StepIntentItem) -> Iterator[str]:
    if item.account and not run.held[item.account]:
        yield "a change without a session on record"
    if (item.account, item.n) in run.step_intents:
        yield f"change {item.n} was recorded before"
    step = (item.operation, item.target)
    made = sum((begun.operation, begun.target) == step for begun, _ in run.steps(item.account))
    if run.asked is None or made >= planned_steps(run.asked, item.account)[step]:
        yield f"{item.operation} on {item.target}, which was not asked for"


def _illegal(detail: str) -> Void:
    return Void(FindingCode.ILLEGAL_TRANSITION, detail)
