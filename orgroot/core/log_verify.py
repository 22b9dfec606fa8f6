"""The whole store against itself: every record, every object, every fact of every survey.

It stops at nothing and repairs nothing; only a store that does not answer is an error.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from orgroot.core.codec import fact_key, object_key, record_hash, record_key
from orgroot.core.config import Trust
from orgroot.core.execution_facts import GRACE, check_fact_object
from orgroot.core.facts import Closed
from orgroot.core.findings import Finding, FindingCode
from orgroot.core.fold import Fold
from orgroot.core.ids import Digest, sha256
from orgroot.core.incidents import due_at, incident, overdue
from orgroot.core.log_state import ExecutionRecord, LogState
from orgroot.core.owners import foreign_findings
from orgroot.core.preread import UNREAD, Preread
from orgroot.core.proposals import is_sound
from orgroot.core.secret_shapes import secret_shapes
from orgroot.core.statements import Survey, instant, timestamp
from orgroot.core.store_evidence import KeyEvidence, store_findings
from orgroot.core.unknown_sessions import unknown_sessions
from orgroot.errors import IntegrityError

MAX_GAP = 1000
"""So many records in a row may be missing for those behind them to be read."""

_RECORD = re.compile(r"([0-9]{12})\.json")
_FACT = re.compile(r"facts/([1-9][0-9]{0,11})/([1-9][0-9]{0,11})\.json")
_OBJECT = re.compile(r"objects/([0-9a-f]{64})")

Get = Callable[[str], bytes | None]
Records = Iterable[tuple[int, bytes]]
PrereadRecords = Iterator[tuple[int, bytes, Preread]]
LookAhead = Callable[[Records], PrereadRecords]
"""Looks at each record by itself, in order; it may do so ahead of the fold, and elsewhere."""


def in_turn(records: Records) -> PrereadRecords:
    """Each record looked at when it is its turn."""
    for seq, raw in records:
        yield seq, raw, UNREAD


def verify(
    *,
    trust: Trust,
    organization: str,
    get: Get,
    keys: Iterable[str],
    now: datetime,
    evidence: Iterable[KeyEvidence] = (),
    ahead: LookAhead = in_turn,
) -> LogState:
    """Fold and check everything in a store; the answer's `findings` are all there are.

    Args:
        trust: the pinned trust.
        organization: the organization's id.
        get: the bytes of a key, or None.
        keys: every key of the store.
        now: UTC; executions that should have ended by then are DANGLING.
        evidence: what the store itself says of its keys; looked at last.
        ahead: how records are looked at by themselves.

    Raises:
        AuditUnavailable: from `get` or `evidence`.
    """
    present = frozenset(keys)
    odd: dict[str, str] = {}

    def read(key: str) -> bytes | None:
        try:
            return get(key)
        except IntegrityError as error:  # a link in a folder, say: all the rest is read as well
            odd[key] = error.message
            return None

    fold = Fold(
        trust=trust,
        organization=organization,
        objects=lambda digest: read(object_key(digest)),
        now=lambda: now,
    )
    numbers, beyond = _within_reach(present)
    for seq, raw, seen in ahead((seq, read(record_key(seq)) or b"") for seq in numbers):
        fold.admit(seq, raw, seen)
        shapes = secret_shapes(raw) if seen.secrets is None else seen.secrets
        fold.state.findings += _secrets(record_key(seq), seq, shapes)
    state = fold.state
    if beyond:
        detail = f"it and all others up to record {beyond - 1} are missing; nothing behind was read"
        state.findings.append(_about(FindingCode.GAP, state.seq + 1, detail))
    state.findings += foreign_findings(state, trust)
    state.findings += _overdue(state, now)
    facts: set[str] = set()
    named: set[Digest] = set(state.objects)
    beside = _facts(present)
    for run in state.executions.values():
        if isinstance(run.body, Survey):
            state.findings += _survey(run, read, beside.get(run.seq, []), facts, named)
        if run.left_open():
            state.findings += _dangling(run, now)
        state.findings += unknown_sessions(run)
    for key in sorted(present):
        if is_sound(key, read, trust.log_id):
            state.findings += _secrets(key, 0, secret_shapes(read(key) or b""))
        else:
            state.findings += _other(key, read, facts, named)
    state.findings += _lost(named, present)
    state.findings += (_about(FindingCode.OBJECT, 0, detail) for detail in odd.values())
    state.findings += store_findings(
        evidence,
        retain=trust.kept_for,
        acknowledged=state.acknowledged_versions,
        now=now,
    )
    return state


def _within_reach(present: frozenset[str]) -> tuple[tuple[int, ...], int]:
    """The numbers of records in order, and the first that lies too far behind the one before.

    Whoever may append can write a record of any number; reading up to it must not take for ever.
    """
    numbers = sorted(int(found[1]) for key in present if (found := _RECORD.fullmatch(key)))
    reached: list[int] = []
    for seq in numbers:
        if seq > (reached[-1] if reached else 0) + MAX_GAP:
            return tuple(reached), seq
        if seq:
            reached.append(seq)
    return tuple(reached), 0


def _facts(present: frozenset[str]) -> Mapping[int, list[int]]:
    """The numbers of facts beside the log, in order, by the number of their survey."""
    found: dict[int, list[int]] = {}
    for key in present:
        place = _FACT.fullmatch(key)
        if place is not None:
            found.setdefault(int(place[1]), []).append(int(place[2]))
    return {survey: sorted(numbers) for survey, numbers in found.items()}


def _survey(
    run: ExecutionRecord, get: Get, numbers: Iterable[int], facts: set[str], named: set[Digest]
) -> Iterator[Finding]:
    """The facts of a survey: each signed by its key, named by its closing record, in its place.

    Readers go from one to the next and stop where there is none.
    """
    vouched, missing = frozenset(run.fact_objects), set(run.fact_objects)
    wanted, reached = list(reversed(run.fact_objects)), 0
    for n in numbers:
        key = fact_key(run.seq, n)
        raw = get(key) or b""
        if n == reached + 1:
            reached = n
            if wanted and record_hash(raw) == wanted[-1]:
                wanted.pop()
        facts.add(key)
        yield from _secrets(key, run.seq, secret_shapes(raw))
        try:
            fact = check_fact_object(run, raw)
        except IntegrityError as error:  # by somebody who took the name: readers pass it over
            yield _about(FindingCode.STRAY_OBJECT, run.seq, f"{key}: {error.message}")
            continue
        if vouched and record_hash(raw) not in vouched:
            yield _about(FindingCode.OBJECT, run.seq, f"{key}: the closing record does not name it")
        if not vouched and n > reached:
            before = fact_key(run.seq, reached + 1)
            yield _about(FindingCode.OBJECT, run.seq, f"{before} is missing, and {key} is there")
        missing.discard(record_hash(raw))
        if isinstance(fact, Closed):
            named |= {Digest(digest) for item in fact.items for digest in item.objects}
    for digest in sorted(missing):
        yield _about(FindingCode.OBJECT, run.seq, f"a fact with hash {digest} is missing")
    if wanted and not missing:
        detail = f"the facts of {run.id} do not stand where its closing record says"
        yield _about(FindingCode.OBJECT, run.seq, detail)


def _lost(named: Iterable[Digest], present: frozenset[str]) -> Iterator[Finding]:
    """What records and facts name, and what is not there."""
    for digest in sorted(named):
        key = object_key(digest)
        if key not in present:
            yield _about(FindingCode.OBJECT, 0, f"{key} is missing, and the log names it")


def _dangling(run: ExecutionRecord, now: datetime) -> Iterator[Finding]:
    if instant(run.body.deadline) + GRACE < now:
        left = ", ".join(run.left_open()) or "the organization"
        yield _about(FindingCode.DANGLING, run.seq, f"{run.id} never ended for {left}")


def _overdue(state: LogState, now: datetime) -> Iterator[Finding]:
    """What was done under break-glass and nobody has reviewed in time."""
    for request in state.incidents:
        run = incident(request)
        if run is not None and overdue(request, now):
            detail = f"{request.id} is overdue for its review since {timestamp(due_at(run))}"
            yield _about(FindingCode.OVERDUE_REVIEW, run.seq, detail)


def _other(key: str, get: Get, facts: set[str], named: set[Digest]) -> Iterator[Finding]:
    """What a key holds that no record vouches for."""
    found = _OBJECT.fullmatch(key)
    if found is not None:
        data = get(key) or b""
        yield from _secrets(key, 0, secret_shapes(data))
        if sha256(data) != found[1]:
            yield _about(FindingCode.OBJECT, 0, f"{key} is not what its name says")
        elif found[1] not in named:
            yield _about(FindingCode.STRAY_OBJECT, 0, f"no record names {key}")
    elif key not in facts and not _is_record(key):
        yield _about(FindingCode.STRAY_OBJECT, 0, f"{key} is no part of a log")


def _secrets(key: str, seq: int, shapes: Iterable[str]) -> Iterator[Finding]:
    """What must never stand in the log; it is named and not shown."""
    for shape in shapes:
        yield _about(FindingCode.SECRET, seq, f"what looks like {shape} stands in {key}")


def _is_record(key: str) -> bool:
    found = _RECORD.fullmatch(key)
    return found is not None and int(found[1]) > 0


def _about(code: FindingCode, seq: int, detail: str) -> Finding:
    return Finding(code=code, seq=seq, detail=detail)
