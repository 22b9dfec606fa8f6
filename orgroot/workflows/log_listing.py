"""`log show`: the newest records, those that match, and those to come."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from orgroot.core.results import LogHead, LogRecordRow, LogShow
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.log_entries import Entries, verified_records

PAUSE = 2.0
"""Seconds between two looks at the store while following."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records to show; what is empty or None limits nothing.

    Attributes:
        types: of these types.
        request: about this request (its survey, its executions and their facts included).
        person: signed by this person, or a fact of an execution of theirs.
        first: from this record number on.
        bodies: with the statements in full.
    """

    types: frozenset[str] = frozenset()
    request: str | None = None
    person: str | None = None
    first: int = 1
    bodies: bool = False

    def __contains__(self, row: LogRecordRow) -> bool:
        return (
            (not self.types or row.type in self.types)
            and self.request in {None, row.request}
            and (self.person is None or self.person in {row.person, *row.signers})
        )

    @property
    def selective(self) -> bool:
        """Some records do not match."""
        return bool(self.types or self.request or self.person)


def show(log: AuditLog, *, last: int, wanted: Wanted | None = None) -> LogShow:
    """The newest records that match, oldest of them first.

    Args:
        log: the log; it is verified first.
        last: so many at most.
        wanted: which; None: all.
    """
    log.sync()
    rows = tuple(_newest(log, last, wanted or Wanted()))
    return LogShow(records=rows, head=LogHead(seq=log.state.seq, hash=log.state.hash))


def follow(log: AuditLog, *, last: int, wanted: Wanted) -> Iterator[LogRecordRow]:
    """As `show`, and then every record that comes and matches, each verified, for ever.

    Raises:
        IntegrityError: the log does not verify any more.
        AuditUnavailable: the store does not answer.
    """
    log.sync()
    yield from _newest(log, last, wanted)
    while True:
        seen = log.state.seq
        log.sleep(PAUSE)
        if log.sync().seq > seen:
            yield from _matching(log, seen, wanted)


def _newest(log: AuditLog, last: int, wanted: Wanted) -> Iterator[LogRecordRow]:
    """The last so many that match; only where some do not is the whole log read for them."""
    first = wanted.first if wanted.selective else max(wanted.first, log.state.seq - last + 1)
    yield from deque(_matching(log, first - 1, wanted), maxlen=last)


def _matching(log: AuditLog, after: int, wanted: Wanted) -> Iterator[LogRecordRow]:
    entries = Entries(log.state)
    for seq, raw in verified_records(log, log.state, after):
        row = entries.entry(seq, raw, bodies=wanted.bodies)
        if seq >= wanted.first and row in wanted:
            yield row
