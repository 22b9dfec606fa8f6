"""How an execution's facts become durable: many threads, one writer at a time, few records.

`write` returns only when its fact is durable. Whoever finds no writer becomes it and takes along
what others wait with (group commit); an account waits for each of its own facts: its order holds.
"""

import json
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import msgspec

from orgroot.core.codec import MAX_RECORD_BYTES, Signature, encode_record, record_hash
from orgroot.core.eligibility import skew
from orgroot.core.ephemeral import EphemeralKey
from orgroot.core.execution_facts import objection
from orgroot.core.facts import (
    Aborted,
    AbortedItem,
    Closed,
    ClosedItem,
    Issued,
    IssuedItem,
    Item,
    Observed,
    StepIntent,
    StepIntentItem,
    StepResult,
    StepResultItem,
)
from orgroot.core.ids import ExecutionId
from orgroot.core.log_state import LogState
from orgroot.core.statements import SCHEMA, timestamp, to_text
from orgroot.errors import AuditUnavailable, OrgrootError, RequestRefused
from orgroot.ports import Clock
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.turns import Turns, passed_on

_FACTS: dict[type[Item], type[Observed]] = {
    IssuedItem: Issued,
    StepIntentItem: StepIntent,
    StepResultItem: StepResult,
    ClosedItem: Closed,
    AbortedItem: Aborted,
}

_GATHER_SECONDS = 0.25
_GATHERED = 100
"""So long, and for so many facts, the writer of a survey waits before it writes an object."""

_BUDGET = MAX_RECORD_BYTES - 4096
"""What items may take of a record, its frame and signature set aside."""


@dataclass(slots=True)
class _Waiting:
    """One fact on its way; `seq` once durable, `error` if it could not be written."""

    item: Item
    cost: int
    done: bool = False
    seq: int = 0
    error: OrgrootError | None = None


class FactWriter:
    """Writes the facts of one execution, signed by its ephemeral key.

    Args:
        log: the audit log.
        clock: when a fact was written.
        execution: the execution's id.
        key: its ephemeral key.
        survey: the record number of a survey, whose facts are objects; None: they are records.
    """

    def __init__(
        self,
        *,
        log: AuditLog,
        clock: Clock,
        execution: ExecutionId,
        key: EphemeralKey,
        survey: int | None = None,
    ) -> None:
        self._log = log
        self._clock = clock
        self._execution = execution
        self._key = key
        self._survey = survey
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._writing = False
        self._objects: list[str] = []
        self._number = 0
        self._unanswered: set[str] = set()

    @property
    def objects(self) -> tuple[str, ...]:
        """The hashes of the survey's fact objects so far, in order."""
        with self._changed:
            return tuple(self._objects)

    def write(self, item: Item) -> int:
        """Write a fact; on return it is durable. Answers its record (or object) number.

        Raises:
            AuditUnavailable: the log did not take it.
            RequestRefused: a later execution took over, or somebody else told the end.
        """
        waiting = self._enqueue((item,))[0]
        self._settle(waiting)
        return waiting.seq

    def write_all(self, items: tuple[Item, ...]) -> None:
        """Write many facts in as few records as they fit; on return they are durable.

        Raises:
            AuditUnavailable, RequestRefused: as `write`; some may have been written.
        """
        for waiting in self._enqueue(items):
            self._settle(waiting)

    def _enqueue(self, items: tuple[Item, ...]) -> tuple[_Waiting, ...]:
        waiting = tuple(_Waiting(item=item, cost=_cost(item)) for item in items)
        with self._changed:
            self._queue.extend(waiting)
        return waiting

    def _settle(self, waiting: _Waiting) -> None:
        with passed_on() as turns:
            while not waiting.done:
                with self._changed:
                    if waiting.done:
                        break
                    if self._writing:
                        self._changed.wait()
                        continue
                    self._writing = True
                    self._gather(turns)
                    batch = self._take()
                self._commit(batch)
        if waiting.error is not None:
            raise waiting.error

    def _gather(self, turns: Turns | None) -> None:
        """Wait a moment for the facts of others, so that a survey has few objects of many facts.

        Nothing is waited for where no other account is under way.
        """
        if self._survey is None or turns is None:
            return
        until = time.monotonic() + _GATHER_SECONDS
        while len(self._queue) < _GATHERED and turns.busy and time.monotonic() < until:
            self._changed.wait(_GATHER_SECONDS / 10)

    def write_record(self, item: Item) -> int:
        """Write one fact as a record of the log even where facts are objects (a survey's end)."""
        return self._append((item,))

    def spool(self, item: Item) -> None:
        """Keep a signed fact on this machine, durably, for the log did not take it.

        Raises:
            IntegrityError: it holds a live secret, which no file may.
            UsageError: this machine cannot keep it.
        """
        raw = self._unplaced((item,))
        self._log.secrets.refuse(raw)
        self._log.memory.spool(f"{self._execution}-{secrets.token_hex(8)}.json", raw)

    def _take(self) -> tuple[_Waiting, ...]:
        """The oldest fact, and what waits of its kind, as far as one record holds it."""
        kind = type(self._queue[0].item)
        taken: list[_Waiting] = []
        left: deque[_Waiting] = deque()
        room = _BUDGET
        for waiting in self._queue:
            fits = not taken or waiting.cost <= room
            if type(waiting.item) is kind and fits:
                taken.append(waiting)
                room -= waiting.cost
            else:
                left.append(waiting)
        self._queue = left
        return tuple(taken)

    def _commit(self, batch: tuple[_Waiting, ...]) -> None:
        items = tuple(waiting.item for waiting in batch)
        # Stands if this thread is torn away by something that is no OrgrootError.
        error: OrgrootError | None = AuditUnavailable("the writer of this fact was interrupted")
        seq = 0
        try:
            seq = self._append(items) if self._survey is None else self._put(items, self._survey)
            error = None
        except OrgrootError as failure:
            error = failure
        finally:
            with self._changed:
                for waiting in batch:
                    waiting.seq, waiting.error, waiting.done = seq, error, True
                self._writing = False
                self._changed.notify_all()

    def _append(self, items: tuple[Item, ...]) -> int:
        return self._log.append(
            lambda state: self._sign(self._fact(items, seq=state.seq + 1, prev=state.hash)),
            lambda state: self._guard(state, items),
        ).seq

    def _put(self, items: tuple[Item, ...], survey: int) -> int:
        raw = self._unplaced(items)
        self._unanswered.add(record_hash(raw))
        written = False
        while not written:
            # A number is left only once something is there: readers end at the first without.
            written = self._log.put_fact(survey, self._number + 1, raw) is not None
            there = raw if written else self._log.get_fact(survey, self._number + 1)
            if there is not None and (digest := record_hash(there)) in self._unanswered:
                self._unanswered.discard(digest)
                with self._changed:
                    self._objects.append(digest)
            self._number += 1
        return self._number

    def _guard(self, state: LogState, items: tuple[Item, ...]) -> None:
        """Nothing is written that would not count: another run or `recover` may have come first."""
        run = state.executions[self._execution]
        if run.superseded_by is not None:
            raise RequestRefused(
                f"another run took this request over in record {run.superseded_by}; this one stops",
                code="superseded",
            )
        fact = self._fact(items, seq=state.seq + 1, prev=state.hash)
        why = objection(run, fact, skew(state.rules_in_force))
        if why is not None:
            raise RequestRefused(f"{why}; this run stops", code="ended")

    def _unplaced(self, items: tuple[Item, ...]) -> bytes:
        body, signatures = self._sign(self._fact(items, seq=0, prev=""))
        return encode_record(seq=0, log=self._log.id, prev="", body=body, sigs=signatures)

    def _fact(self, items: tuple[Item, ...], *, seq: int, prev: str) -> Observed:
        # One batch holds one kind of item, which mypy cannot see through the table.
        fields: dict[str, Any] = {
            "schema": SCHEMA,
            "execution_id": self._execution,
            "seq": seq,
            "prev": prev,
            "at": timestamp(self._clock.now()),
            "items": items,
        }
        return _FACTS[type(items[0])](**fields)

    def _sign(self, fact: Observed) -> tuple[bytes, tuple[Signature, ...]]:
        text = to_text(fact)
        return text, (Signature(alg="ed25519", sig=self._key.sign(text)),)


def _cost(item: Item) -> int:
    """How many bytes of a record an item takes: indented in the body, then escaped once more."""
    text = json.dumps(msgspec.to_builtins(item), indent=2)
    return len(json.dumps(text)) + 8 * (text.count("\n") + 2)
