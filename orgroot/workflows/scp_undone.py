"""Who undid what orgroot has just done to SCPs: noticed by looking again, named where AWS tells.

Reads Organizations and, only where something is undone, CloudTrail; opens no root session.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from orgroot.core.codec import decode_record, record_key
from orgroot.core.governed_tasks import SCP_TASKS
from orgroot.core.log_state import ExecutionRecord, LogState, RequestRecord
from orgroot.core.plan import Change, ChangeState, Op, Standing
from orgroot.core.scp_changes import attached_at, attachment_of, scp_of
from orgroot.core.scp_standing import standing
from orgroot.core.statements import instant, timestamp
from orgroot.core.trail import policy_event
from orgroot.errors import AwsError, UsageError
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.plan_execution import planned, succeeded
from orgroot.workflows.scps import observe
from orgroot.workflows.workspace import Workspace

WITHIN = timedelta(seconds=90)
"""So soon after a plan a contrary change is somebody's answer to it; later it is drift."""

_EVENTS = "us-east-1"
"""Where Organizations writes its events (CloudTrail user guide, "global service events")."""

_OURS = "orgroot/"
"""In the user agent of every call of orgroot's."""

_CONTRARY = {
    Op.CREATE_SCP: "DeletePolicy",
    Op.UPDATE_SCP: "UpdatePolicy",
    Op.ATTACH_SCP: "DetachPolicy",
    Op.DETACH_SCP: "AttachPolicy",
    Op.DELETE_SCP: "CreatePolicy",
    Op.ADOPT_SCP: "UntagResource",
}


def undone_lately(ws: Workspace) -> tuple[str, ...]:
    """What somebody undid of the newest plan that ended within 90 seconds, in words."""
    if ws.log is None:
        return ()
    newest = _newest(ws.log.sync())
    if newest is None:
        return ()
    request, run = newest
    ended = _time_of(ws.log, run.last_seq)
    if ended is None or ws.clock.now() - ended > WITHIN:
        return ()
    changes = planned(request)
    observed = observe(ws, frozenset(map(scp_of, changes)), attached_at(changes))
    judged = {n: standing(change, observed) for n, change in enumerate(changes)}
    since = instant(run.body.created_at)
    return tuple(f"{words} ({request.id})" for words in undone(ws, changes, judged, since))


def undone(
    ws: Workspace, changes: tuple[Change, ...], judged: Mapping[int, Standing], since: datetime
) -> tuple[str, ...]:
    """Which changes that were made are not there any more, and who took them back."""
    gone = [c for n, c in enumerate(changes) if judged[n].state is not ChangeState.DONE]
    return tuple(
        f"somebody undid {change.op} {scp_of(change)}"
        + (f" on {change.target}" if change.target != scp_of(change) else "")
        + _by(ws, change, since)
        for change in gone
    )


def _by(ws: Workspace, change: Change, since: datetime) -> str:
    """Who made the contrary change, as CloudTrail tells it; events may take minutes to show."""
    policy = _policy_of(change)
    account, until = ws.config.organization.management_account, ws.clock.now()
    try:
        texts = ws.trails.lookup(account, _EVENTS, _CONTRARY[change.op], since, until)
        for event in map(policy_event, texts):
            ours = event.error or _OURS in event.agent
            at = event.target if change.op in (Op.ATTACH_SCP, Op.DETACH_SCP) else change.target
            if not ours and policy in ("", event.policy) and at == change.target:
                return f": {event.caller} at {timestamp(event.at)}"
    except (AwsError, UsageError):
        return "; CloudTrail could not be read for who"
    return "; CloudTrail does not tell yet who"


def _policy_of(change: Change) -> str:
    """The id of the SCP, where the plan knew it."""
    if change.op in (Op.ATTACH_SCP, Op.DETACH_SCP):
        return attachment_of(change).id or ""
    return str(change.before["id"]) if isinstance(change.before, dict) else ""


def _newest(state: LogState) -> tuple[RequestRecord, ExecutionRecord] | None:
    """The plan of SCPs that succeeded last."""
    found = [
        (request, request.executions[-1])
        for request in state.requests.values()
        if request.body.task in SCP_TASKS and succeeded(request)
    ]
    return max(found, key=lambda each: each[1].last_seq, default=None)


def _time_of(log: AuditLog, seq: int) -> datetime | None:
    """When a record was made: facts say `at`, statements `created_at`."""
    raw = log.store.get(record_key(seq))
    if raw is None:
        return None
    body = msgspec.json.decode(decode_record(raw).body)
    return instant(str(body.get("at") or body.get("created_at")))
