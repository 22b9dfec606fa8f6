"""`reconcile`: does every root session that CloudTrail shows stand in the log, and the other way?

Reads the trails first and the log after, so that no session is called unlogged for being new. What
it came to is recorded, digest and counts; nothing in AWS is changed.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from orgroot.core import audit_log
from orgroot.core.evidence_statements import Reconciled
from orgroot.core.log_state import LogState
from orgroot.core.reconcile import Pairing, Verdict, Window, opened_at, reconcile
from orgroot.core.results import ExitReason, Reconciliation, SessionRow
from orgroot.core.statements import instant, timestamp
from orgroot.core.trail import KEPT, UNTOLD
from orgroot.workflows.desk import log_of
from orgroot.workflows.evidence import digest_of, record_evidence
from orgroot.workflows.logged_sessions import logged_sessions
from orgroot.workflows.session_use import Use, read_use
from orgroot.workflows.trails import Trails, read_trails
from orgroot.workflows.workspace import Workspace

OVERUSE = "OVERUSE"
"""Counted in the summary: calls beyond their session's plan."""


def reconcile_trails(
    ws: Workspace, days: int = KEPT.days, *, record: bool = True
) -> Reconciliation:
    """Compare the AssumeRoot events of the last days with the sessions on record.

    Args:
        ws: the command's world.
        days: how far to look back; CloudTrail keeps 90 days.
        record: write a `reconciled` record.

    Raises:
        UsageError: observer mode; to record, nobody in the roster or no key.
        IntegrityError: the log is broken.
        AwsError: AWS does not say whose trails to read.
        AuditUnavailable: the log cannot be read, or does not take the record.
    """
    log = ws.governed.log if record else log_of(ws)
    state = log.require()
    until = ws.clock.now().replace(microsecond=0)
    since = until - min(timedelta(days=days), KEPT)
    trails = read_trails(ws, since, until)
    state = log.require()
    unsound: list[str] = []
    sessions = tuple(logged_sessions(log, state, since, unsound.append))
    for words in unsound:
        ws.progress.note(f"what a survey read is not what it should be: {words}")
    pairings = reconcile(
        trails.events,
        (one.session for one in sessions),
        window=_window(state, since, until, trails),
        known=ws.config.reconcile.known_callers,
        references=dict(_references(state)),
    )
    opened = opened_at(pairings)
    shown = tuple(replace(one, at=opened.get(one.session.access_key_id)) for one in sessions)
    use = read_use(ws, shown, since, until)
    found = _result(pairings, trails, use, tuple(unsound), since, until)
    return _recorded(ws, found) if record else msgspec.structs.replace(found, receipt=log.receipt())


def _window(state: LogState, since: datetime, until: datetime, trails: Trails) -> Window:
    genesis = state.genesis
    return Window(
        since=since,
        until=until,
        genesis=until if genesis is None else instant(genesis.created_at),
        read=frozenset(one.account for one in trails.read),
        unread=frozenset(one.account for one in trails.unread),
    )


def _references(state: LogState) -> Iterator[tuple[str, str]]:
    for request in state.requests.values():
        for run in request.executions:
            yield audit_log.reference(request.id, run.seq, run.record_hash), run.id


def _result(  # noqa: PLR0917 - everything that was found
    pairings: tuple[Pairing, ...],
    trails: Trails,
    use: Use,
    unsound: tuple[str, ...],
    since: datetime,
    until: datetime,
) -> Reconciliation:
    verdicts = Counter(pairing.verdict for pairing in pairings)
    reasons = []
    if verdicts[Verdict.UNLOGGED_SESSION] or use.rows or unsound:
        reasons.append(ExitReason.INTEGRITY)
    if trails.unread or use.unread or verdicts[Verdict.NOT_READ]:
        reasons.append(ExitReason.INCOMPLETE)
    if verdicts[Verdict.UNSEEN_SESSION]:
        reasons.append(ExitReason.FINDINGS)
    found = Reconciliation(
        exit_reasons=tuple(reasons),
        since=timestamp(since),
        until=timestamp(until),
        sessions=tuple(map(_row, pairings)),
        overuse=use.rows,
        read=trails.read,
        unread=(*trails.unread, *use.unread),
        unsound=unsound,
        in_session_calls=use.words,
        summary={**{v.value: verdicts[v] for v in Verdict}, OVERUSE: len(use.rows)},
        digest="",
    )
    return msgspec.structs.replace(found, digest=digest_of(found))


def _row(pairing: Pairing) -> SessionRow:
    event, session = pairing.event, pairing.session
    return SessionRow(
        status=pairing.verdict.value,
        access_key_id=event.access_key_id if event else session.access_key_id if session else "",
        account=event.target if event else session.account if session else "",
        task_policy=event.task_policy if event else session.task_policy if session else "",
        at=timestamp(event.at) if event and event.at < UNTOLD else None,
        caller=event.caller if event else session.caller if session else "",
        region=event.region if event else None,
        event=event.id if event else None,
        execution=session.execution if session else None,
        request=session.request if session else None,
        record=session.seq if session else None,
        detail=pairing.detail,
    )


def _recorded(ws: Workspace, found: Reconciliation) -> Reconciliation:
    """The same, once its digest and counts are in the log."""

    def said(fields: dict[str, Any]) -> Reconciled:
        return Reconciled(
            **fields,
            since=found.since,
            until=found.until,
            accounts=tuple(one.account for one in found.read),
            counts={**found.summary, "unread": len(found.unread)},
            report_sha256=found.digest,
        )

    record, receipt = record_evidence(ws, said)
    return msgspec.structs.replace(found, record=record, receipt=receipt)
