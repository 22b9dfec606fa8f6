"""Requests: what shall be done is asked for in full, signed and appended before anything is done.

Nothing here calls AWS except to read what a target is; nothing here opens a root session.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from orgroot.core import approval, audit_log
from orgroot.core.codec import Signature
from orgroot.core.eligibility import could_approve, demand
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import request_id_of, sha256
from orgroot.core.log_state import LogState, RequestRecord, RulesInForce
from orgroot.core.requirements import Requirement
from orgroot.core.results import DryRun, MissingRow
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.statement_parts import RulesRef, SessionAsk, Target
from orgroot.core.statements import Request, Survey, instant, timestamp, to_text
from orgroot.core.summary import summarize
from orgroot.errors import RequestRefused, UsageError
from orgroot.workflows.audit_log import AuditLog, signed_once
from orgroot.workflows.decisions import decision_on, demanded, require_askable
from orgroot.workflows.desk import log_of
from orgroot.workflows.request_view import OPEN
from orgroot.workflows.signing import (
    common_fields,
    how_signed,
    inline_params,
    inline_targets,
    plain,
    sign,
    signer_of,
)
from orgroot.workflows.workspace import Workspace

Asked = TypeVar("Asked", Request, Survey)

_OF_THE_RECORD = frozenset({"request", "expires"})
"""What only a recorded request has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What the person says about any request.

    Attributes:
        reason: why, in their words.
        ticket: the ticket, or empty.
        duration_seconds: how long a root session may live; None: the rules' maximum.
        wait_seconds: how long to wait for approvals; None: not at all.
        break_glass: an emergency: do it before the approvals, and answer for it after.
    """

    reason: str = ""
    ticket: str = ""
    duration_seconds: int | None = None
    wait_seconds: int | None = None
    break_glass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request about to be made.

    Attributes:
        task: what is asked for.
        targets: which accounts (or the organization), as AWS describes them now.
        params: the act in full, by `core.task_params`.
        task_policy: the root-task policy of its sessions; None for management tasks.
        duration_seconds: as in `Ask`.
        reason: why.
        ticket: the ticket, or empty.
        break_glass: as in `Ask`.
    """

    task: Task
    targets: tuple[Target, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    task_policy: TaskPolicy | None = None
    duration_seconds: int | None = None
    reason: str = ""
    ticket: str = ""
    break_glass: bool = False


def open_request(ws: Workspace, draft: Draft) -> RequestRecord:
    """The open request equal to the draft, continued, or a new one, signed and durable.

    Raises:
        RequestRefused: the rules do not let this person ask for it.
        UsageError: observer mode, no person, no key, no rules, or a reason is missing.
    """
    return open_or_continue(ws, draft)[0]


def open_or_continue(ws: Workspace, draft: Draft) -> tuple[RequestRecord, bool]:
    """As `open_request`, and whether an earlier request is continued."""
    governed = ws.governed
    log, person = governed.log, governed.person
    state = log.require()
    rules, now = log.rules(), log.check_clock(ws.clock.now())
    body = _request(ws, draft, rules, state, now)
    candidate = record_of(body, state)
    same = _same_open(log, candidate, now)
    if same is not None:
        return same, True
    require_askable(log, candidate, person, now)
    body = with_objects(log, body)
    requested = to_text(body)

    def guard(_state: LogState) -> None:
        require_askable(log, candidate, person, now)
        if log.rules().body.serial != rules.body.serial:
            raise RequestRefused("new rules came into force meanwhile", hint="run it again")
        if _same_open(log, candidate, now) is not None:
            raise RequestRefused(
                "the same request was opened meanwhile", hint="run it again to continue it"
            )

    def signed(_state: LogState) -> tuple[bytes, tuple[Signature, ...]]:
        text, signatures = sign(body, governed.signer)
        # What the rules want of a signature shows only now, and it must before it is written.
        how = how_signed(body, text, signatures)
        require_askable(log, replace(candidate, signed_with=how), person, now)
        return text, signatures

    log.append(signed_once(signed), guard)
    return log.state.requests[request_id_of(requested)], False


def needs_approval(ws: Workspace, draft: Draft) -> bool:
    """Whether the rules in force ask for approvals before this may be done.

    Raises:
        RequestRefused: no rule allows it at all.
    """
    return required(ws, draft).people > 0


def required(ws: Workspace, draft: Draft) -> Requirement:
    """What the rules in force demand of this.

    Raises:
        RequestRefused: no rule allows it at all.
    """
    log = log_of(ws)
    log.require()
    return demanded(log, draft.task, draft.targets, plain(draft.params))


def dry_run(ws: Workspace, command: str, draft: Draft, notes: tuple[str, ...] = ()) -> DryRun:
    """What the command would ask for: decided like a request, written nowhere.

    Raises:
        RequestRefused: the rules do not let this person ask for it.
    """
    governed = ws.governed
    log, candidate = governed.log, candidate_of(ws, draft)
    rules, now = log.rules(), log.check_clock(ws.clock.now())
    require_askable(log, candidate, governed.person, now)
    missing = decision_on(log, candidate, governed.person, now).missing
    return DryRun(
        command=command,
        task=draft.task.value,
        targets=tuple(msgspec.to_builtins(target) for target in draft.targets),
        params=dict(candidate.params),
        needs=tuple(MissingRow(group=m.group, count=m.count) for m in missing),
        could_approve=could_approve(rules, candidate, now) if missing else (),
        notes=notes,
        summary={
            label: shown
            for label, shown in summarize(log.state, candidate).items()
            if label not in _OF_THE_RECORD
        },
    )


def candidate_of(ws: Workspace, draft: Draft) -> RequestRecord:
    """The request that would be made, for deciding alone: it is neither signed nor written.

    Raises:
        RequestRefused: no rule covers it.
        UsageError: observer mode, no person, no key, no rules, or a reason is missing.
    """
    log = ws.governed.log
    state = log.require()
    now = log.check_clock(ws.clock.now())
    return record_of(_request(ws, draft, log.rules(), state, now), state)


def asked_fields(
    ws: Workspace, draft: Draft, rules: RulesInForce, state: LogState, now: datetime
) -> dict[str, Any]:
    """The fields that a request and a survey have in common, long ones in full.

    Raises:
        RequestRefused: no rule covers it.
    """
    governed = ws.governed
    params = plain(draft.params)
    needs = demanded(governed.log, draft.task, draft.targets, params)
    session = None
    if draft.task_policy is not None:
        session = SessionAsk(duration_seconds=draft.duration_seconds or needs.max_seconds)
    return {
        **common_fields(governed.log, state, now),
        "signer": signer_of(governed.person, governed.signer),
        "expires_at": timestamp(now + timedelta(seconds=needs.request_ttl)),
        "rules": RulesRef(serial=rules.body.serial, sha256=rules.sha256),
        "task": draft.task,
        "task_policy": draft.task_policy,
        "targets": draft.targets,
        "targets_object": None,
        "params": params,
        "params_object": None,
        "session": session,
        "ticket": draft.ticket,
        "justification": draft.reason,
    }


def as_long(log: AuditLog, request: RequestRecord, ask: Ask) -> bool:
    """Its sessions are as long as is asked for now: where nothing is said, as the rules allow."""
    session, needs = request.body.session, demand(log.rules(), request)
    if session is None or needs is None:
        return True
    return session.duration_seconds == (ask.duration_seconds or needs.max_seconds)


def record_of(body: Request | Survey, state: LogState) -> RequestRecord:
    """A statement in full as the log would have it, for deciding before it is written."""
    text = to_text(body)
    return RequestRecord(
        id=request_id_of(text),
        seq=state.seq + 1,
        sha256=sha256(text),
        body=body,
        targets=body.targets,
        params=body.params,
        places=state.places,
    )


def with_objects(log: AuditLog, body: Asked) -> Asked:
    """The statement with objects, already written, in place of what is too long for a record."""
    targets, targets_object = inline_targets(log, body.targets)
    params, params_object = inline_params(log, body.params)
    return msgspec.structs.replace(
        body,
        targets=targets,
        targets_object=targets_object,
        params=params,
        params_object=params_object,
    )


def _request(
    ws: Workspace, draft: Draft, rules: RulesInForce, state: LogState, now: datetime
) -> Request:
    fields = asked_fields(ws, draft, rules, state, now)
    body = Request(**fields, break_glass=draft.break_glass)
    needs = demanded(ws.governed.log, body.task, body.targets, body.params)
    for field_name, sentence in approval.missing_fields(needs, record_of(body, state)).items():
        # Something left out is usage; a wrong ticket is a refusal.
        raise UsageError(sentence, code=field_name)
    return body


def _same_open(log: AuditLog, candidate: RequestRecord, now: datetime) -> RequestRecord | None:
    wanted = _identity(candidate)
    for request in log.state.requests.values():
        if isinstance(request.body, Request) and _identity(request) == wanted:
            stands = audit_log.request_state(log.state, request, now, log.running)
            if stands in OPEN and now < instant(request.body.expires_at):
                return request
    return None


def _identity(request: RequestRecord) -> tuple[Any, ...]:
    body = request.body
    return (
        body.signer.person,
        body.task,
        body.task_policy,
        request.targets,
        dict(request.params),
        body.session,
        body.ticket,
        isinstance(body, Request) and body.break_glass,
    )
