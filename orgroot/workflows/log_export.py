"""`log export`: the records of a log that verifies, for other systems.

A log that does not verify is not exported: nobody downstream would see that it was changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from orgroot.core.audit_log import receipt_line
from orgroot.core.findings import FindingCode
from orgroot.core.log_state import LogState
from orgroot.core.log_verify import LookAhead, in_turn
from orgroot.core.results import LogHead, LogRecordRow
from orgroot.core.statements import instant
from orgroot.errors import IntegrityError
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.log_entries import Entries, verified_records
from orgroot.workflows.log_reading import survey_fact_records
from orgroot.workflows.log_show import read_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which records are exported.

    Attributes:
        first: from this record number on.
        since, until: of statements made from then on, and before then (UTC); None: no limit.
    """

    first: int = 1
    since: datetime | None = None
    until: datetime | None = None

    def __contains__(self, row: LogRecordRow) -> bool:
        if self.since is None and self.until is None:
            return True
        if not row.at:  # nobody knows when a foreign record was written: better once too often
            return True
        at = instant(row.at)
        return not (
            (self.since is not None and at < self.since)
            or (self.until is not None and at >= self.until)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exportable:
    """A verified log.

    Attributes:
        log: the log.
        state: what its records amount to.
        attention: how many findings ask for attention.
    """

    log: AuditLog
    state: LogState
    attention: int

    @property
    def head(self) -> LogHead:
        """The newest record that was verified."""
        return LogHead(seq=self.state.seq, hash=self.state.hash)

    @property
    def receipt(self) -> str:
        """The line that pins it."""
        return receipt_line(self.log.id, self.state.seq, self.state.hash)

    def rows(self, span: Span) -> Iterator[LogRecordRow]:
        """Its records with their statements, read once more and compared with what was verified.

        Behind a survey come its facts, which lie beside the log: they name its sessions.

        Raises:
            IntegrityError: one was changed meanwhile.
            AuditUnavailable: the store cannot be read.
        """
        entries = Entries(self.state)
        for seq, raw in verified_records(self.log, self.state, span.first - 1):
            row = entries.entry(seq, raw, bodies=True)
            if row in span:
                yield row
                yield from self._facts(entries, row)

    def _facts(self, entries: Entries, row: LogRecordRow) -> Iterator[LogRecordRow]:
        run = entries.surveyed(row)
        if run is not None:
            for n, raw, _ in survey_fact_records(self.log, run):
                yield entries.fact(run, n, raw)


def exportable(log: AuditLog, ahead: LookAhead = in_turn) -> Exportable:
    """The log, once all of it was verified, see `read_whole`.

    What a stolen key had signed stands in it for good, and the record that ended the key says since
    when: nothing was altered, so it is told like anything else.

    Raises:
        IntegrityError: it does not verify.
        AuditUnavailable, UsageError: as `read_whole`.
    """
    found = read_whole(log, ahead)
    wrong = [f for f in found.wrong if f.code is not FindingCode.KEY_COMPROMISED]
    if wrong:
        first = wrong[0]
        where = f"record {first.seq}" if first.seq else "the store"
        raise IntegrityError(
            f"the audit log does not verify ({len(wrong)} findings, the first: "
            f"{first.code.value} at {where}: {first.detail}); nothing was exported",
            hint="`orgroot log verify` names every finding",
            code="not-verified",
        )
    return Exportable(log=log, state=found.state, attention=len(found.findings))
