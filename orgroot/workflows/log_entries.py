"""Records as people and programs read them: who, what, about which request, and whether it counts.

A record that cannot be understood is shown as what it is.
"""

from collections.abc import Iterator
from typing import get_args

import msgspec

from orgroot.core.codec import Record, decode_record, record_hash
from orgroot.core.facts import Fact, StepIntent, StepResult
from orgroot.core.ids import ExecutionId, RequestId, execution_id_of, request_id_of
from orgroot.core.log_state import ExecutionRecord, LogState
from orgroot.core.results import CallRow, LogRecordRow
from orgroot.core.statements import Body, Intent, Request, Survey, from_text
from orgroot.errors import IntegrityError
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.log_show import signers_of, subject_of, voids

SURVEY = str(Survey.__struct_config__.tag)
FOREIGN = "foreign"
"""The type of a record that could not be understood."""

TYPES = frozenset({FOREIGN, *(str(kind.__struct_config__.tag) for kind in get_args(Body))})
"""Every type that a record can have."""


class Entries:
    """Reads records in the light of a state that was folded from them.

    Args:
        state: it must not grow meanwhile: make another of these then.
    """

    def __init__(self, state: LogState) -> None:
        self._state = state
        self._void = {f.seq: f.detail for f in reversed(state.findings) if voids(f.code)}
        self._request_of = {
            run.id: request.id for request in state.requests.values() for run in request.executions
        }

    def entry(self, seq: int, raw: bytes, *, bodies: bool) -> LogRecordRow:
        """The row of a record; `bodies`: with the statement."""
        try:
            record = decode_record(raw)
            body = from_text(record.body.encode())
        except IntegrityError as error:
            return LogRecordRow(
                seq=seq,
                type=FOREIGN,
                at="",
                signers=(),
                subject=error.message,
                hash=record_hash(raw),
                counts=False,
            )
        return self._row(seq, record, body, sha256=record_hash(raw), bodies=bodies)

    def fact(self, run: ExecutionRecord, n: int, raw: bytes) -> LogRecordRow:
        """The row of a survey's n-th fact, which lies beside the log and was checked before."""
        return msgspec.structs.replace(self.entry(run.seq, raw, bodies=True), fact=n)

    def surveyed(self, row: LogRecordRow) -> ExecutionRecord | None:
        """The survey that a record began, where it counts."""
        run = self._state.executions.get(ExecutionId(row.execution or ""))
        return run if run is not None and row.type == SURVEY and run.seq == row.seq else None

    def _row(
        self, seq: int, record: Record, body: Body, *, sha256: str, bodies: bool
    ) -> LogRecordRow:
        text = record.body.encode()
        void, subject = self._void.get(seq), subject_of(body, text)
        execution, request = _execution(body, text), self._request(body, text)
        run = self._state.executions.get(ExecutionId(execution or ""))
        about = self._state.requests.get(RequestId(request or ""))
        acts = body if run is None else run.body
        signers = signers_of(body, record)
        return LogRecordRow(
            seq=seq,
            type=str(body.__struct_config__.tag),
            at=body.at if isinstance(body, Fact) else body.created_at,
            signers=signers,
            subject=subject if void is None else f"{subject} (does not count: {void})",
            hash=sha256,
            counts=void is None,
            person=_person(body, run, signers),
            caller=acts.caller_arn if isinstance(acts, Intent | Survey) else None,
            request=request,
            execution=execution,
            task=None if about is None else about.body.task.value,
            accounts=self._accounts(body, seq, request),
            calls=tuple(_calls(body, run)),
            body=msgspec.to_builtins(body) if bodies else None,
        )

    def _request(self, body: Body, text: bytes) -> str | None:
        if isinstance(body, Request | Survey):
            return request_id_of(text)
        named: str | None = getattr(body, "request_id", None)
        return named or self._request_of.get(ExecutionId(_execution(body, text) or ""))

    def _accounts(self, body: Body, seq: int, request: str | None) -> tuple[str, ...]:
        """Of long lists the object is read, as far as the record counted."""
        if isinstance(body, Fact):
            return tuple(dict.fromkeys(item.account for item in body.items if item.account))
        record = self._state.requests.get(RequestId(request or ""))
        if record is None:
            return ()
        if isinstance(body, Request | Survey):
            return record.accounts
        runs = (run for run in record.executions if run.seq == seq)
        return next((run.accounts for run in runs), ())


def verified_records(log: AuditLog, state: LogState, after: int) -> Iterator[tuple[int, bytes]]:
    """The records behind a number, as they were when the state was folded.

    Raises:
        IntegrityError: one is another now, or is not there any more.
        AuditUnavailable: the store cannot be read.
    """
    seq = after
    for seq, raw in log.store.sequence(after):
        if seq > state.seq:
            return
        if record_hash(raw) != state.hashes[seq - 1]:
            raise IntegrityError(
                f"record {seq} was changed while it was read",
                hint="`orgroot log verify` names every finding",
                code="changed",
            )
        yield seq, raw
    if seq < state.seq:
        raise IntegrityError(
            f"record {seq + 1} has vanished while it was read",
            hint="`orgroot log verify` names every finding",
            code="changed",
        )


def _execution(body: Body, text: bytes) -> str | None:
    """The execution that a statement begins, or that it is about."""
    if isinstance(body, Intent | Survey):
        return execution_id_of(text)
    named: str | None = getattr(body, "execution_id", None)
    return named


def _person(body: Body, run: ExecutionRecord | None, signers: tuple[str, ...]) -> str | None:
    """Whoever signed; of a fact, whoever executes; of owners, the one where there is one."""
    if isinstance(body, Fact):
        return None if run is None else run.body.signer.person
    return signers[0] if len(signers) == 1 else None


def _calls(body: Body, run: ExecutionRecord | None) -> Iterator[CallRow]:
    if isinstance(body, StepIntent):
        for begun in body.items:
            yield CallRow(
                account=begun.account,
                operation=begun.operation,
                target=begun.target,
                outcome="",
                error="",
            )
    elif isinstance(body, StepResult):
        for made in body.items:
            step = None if run is None else run.step_intents.get((made.account, made.n))
            yield CallRow(
                account=made.account,
                operation="" if step is None else step.operation,
                target="" if step is None else step.target,
                outcome=made.outcome,
                error=made.error,
            )
