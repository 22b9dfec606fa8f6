"""Records as events of the Open Cybersecurity Schema Framework, version 1.3.0 (schema.ocsf.io).

A session that was issued is Authorize Session, a change to a root user's credentials is Account
Change, any other change API Activity, and what people say is Entity Management. One record may be
several events. Nothing is guessed: what the log does not know is Unknown, or left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orgroot.core.request_states import SUCCESSES
from orgroot.core.results import CallRow, LogRecordRow
from orgroot.core.statements import instant
from orgroot.report import ocsf_tables as tables
from orgroot.report.ocsf_tables import EventClass, Severity, Status

VERSION = "1.3.0"
"""The pinned version of the schema."""

_AWS_ACCOUNT = {"type_id": 10, "type": "AWS Account"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the events come from.

    Attributes:
        organization, management_account: of AWS.
        log_id: the log.
        version: orgroot's.
        now: UTC; stands in for the time of a record that does not say when it was made.
    """

    organization: str
    management_account: str
    log_id: str
    version: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """How something went, and where: empty for the organization."""

    status: Status
    message: str
    detail: str = ""
    account: str = ""
    severity: Severity = Severity.INFORMATIONAL


def events(row: LogRecordRow, source: Source) -> Iterator[dict[str, Any]]:
    """The events of one record, in its order."""
    for n, event in enumerate(_events(row, source), start=1):
        event["metadata"]["uid"] = f"{row.hash}-{n}"
        yield event


def _events(row: LogRecordRow, source: Source) -> Iterator[dict[str, Any]]:
    items: list[dict[str, Any]] = (row.body or {}).get("items", [])
    match row.type:
        case "issued":
            yield from (_session(row, source, item) for item in items)
        case "step-intent" | "step-result":
            yield from (_change(row, source, call) for call in row.calls)
        case "closed" | "aborted":
            yield from (_managed(row, source, _end(row.type, item)) for item in items)
        case _ if row.type in tables.ENTITIES:
            yield _managed(row, source, _statement(row))
        case _:
            found = _Outcome(status=Status.UNKNOWN, message=row.subject, severity=Severity.MEDIUM)
            yield _event(row, source, tables.BASE_EVENT, tables.OTHER, found)


def _session(row: LogRecordRow, source: Source, item: Mapping[str, str]) -> dict[str, Any]:
    """A root session was issued: with which task policy, for whom, until when."""
    account, key = item["account"], item["access_key_id"]
    found = _Outcome(
        status=Status.SUCCESS,
        message=f"a root session with {item['task_policy']} was issued in {account}",
        account=account,
        severity=Severity.LOW,
    )
    return _event(row, source, tables.AUTHORIZE_SESSION, 1, found) | {
        "actor": _actor(row),
        "user": _root_user(account, key),
        "privileges": [item["task_policy"]],
        "session": {
            "uid": key,
            "credential_uid": key,
            "created_time": _milliseconds(instant(row.at)),
            "expiration_time": _milliseconds(instant(item["expires_at"])),
            "issuer": "sts.amazonaws.com",
        },
    }


def _change(row: LogRecordRow, source: Source, call: CallRow) -> dict[str, Any]:
    """A change that is about to be made, or was."""
    known = {"": Status.INTENDED, "done": Status.SUCCESS, "refused": Status.FAILURE}
    status = known.get(call.outcome, Status.UNKNOWN)
    what = f"{call.operation or 'a change'} on {call.target or 'an unknown target'}"
    found = _Outcome(
        status=status,
        message=f"{what}: {status.caption.lower()}",
        detail=call.error,
        account=call.account,
        severity=Severity.LOW if status is Status.FAILURE else Severity.INFORMATIONAL,
    )
    activity = tables.ACCOUNT_CHANGES.get(call.operation)
    if activity is not None and status is not Status.INTENDED:
        return _event(row, source, tables.ACCOUNT_CHANGE, activity, found) | {
            "actor": _actor(row),
            "user": _root_user(call.account, call.target if call.operation in tables.NAMED else ""),
        }
    service, _, operation = call.operation.partition(":")
    return _event(row, source, tables.API_ACTIVITY, tables.activity_of(operation), found) | {
        "actor": _actor(row),
        "api": _api(service, operation, call.error),
        # The log does not say from which address it was sent.
        "src_endpoint": {"svc_name": "orgroot"},
        "resources": [{"uid": call.target, "name": call.target}] if call.target else [],
    }


def _api(service: str, operation: str, error: str) -> dict[str, Any]:
    api: dict[str, Any] = {"operation": operation or "unknown"}
    if service:
        api["service"] = {"name": service}
    if error:
        code, _, words = error.partition(": ")
        api["response"] = {"error": code, "error_message": words or code}
    return api


def _end(kind: str, item: Mapping[str, str]) -> _Outcome:
    """The work on one account ended, or AWS refused it before it began."""
    outcome = item.get("outcome", "")
    word = outcome.split(" ")[0].rstrip(":")
    if word in SUCCESSES:
        status = Status.SUCCESS
    else:
        status = Status.UNKNOWN if word in {"unknown", "unverified"} else Status.FAILURE
    what = f"the work on {item['account']}" if item["account"] else "the work"
    return _Outcome(
        status=status,
        message=f"{what} was refused by AWS" if kind == "aborted" else f"{what} ended",
        detail=outcome or item.get("error", ""),
        account=item["account"],
        severity=Severity.LOW if status is Status.FAILURE else Severity.INFORMATIONAL,
    )


def _statement(row: LogRecordRow) -> _Outcome:
    """What a person or service put into the log."""
    emergency = (row.body or {}).get("break_glass") is True
    return _Outcome(
        status=Status.SUCCESS,
        message=f"{row.type}: {row.subject}",
        account=row.accounts[0] if len(row.accounts) == 1 else "",
        severity=Severity.HIGH if emergency else Severity.INFORMATIONAL,
    )


def _managed(row: LogRecordRow, source: Source, found: _Outcome) -> dict[str, Any]:
    about, body = tables.ENTITIES[row.type], row.body or {}
    known = {"log": source.log_id, "request": row.request, "execution": row.execution}
    uid = str(known.get(about.key, body.get(about.key)) or row.hash)
    event = _event(row, source, tables.ENTITY_MANAGEMENT, about.activity, found) | {
        "actor": _actor(row),
        "entity": {
            "uid": uid,
            "name": f"{about.type} {uid}",
            "type": about.type,
            "type_id": tables.OTHER,
        },
    }
    words = body.get("justification") or body.get("comment") or body.get("reason")
    return event | {"comment": words} if words else event


def _event(
    row: LogRecordRow, source: Source, about: EventClass, activity: int, found: _Outcome
) -> dict[str, Any]:
    """What every event says."""
    event = {
        "activity_id": activity,
        "activity_name": about.activities.get(activity, row.type),
        "category_uid": about.uid // 1000,
        "category_name": about.category,
        "class_uid": about.uid,
        "class_name": about.name,
        "type_uid": about.uid * 100 + activity,
        "severity_id": found.severity.number,
        "severity": found.severity.caption,
        "status_id": found.status.number,
        "status": found.status.caption,
        "time": _milliseconds(instant(row.at) if row.at else source.now),
        "message": found.message,
        "metadata": _metadata(row, source, about),
        "cloud": {
            "provider": "AWS",
            "account": {"uid": found.account or source.management_account, **_AWS_ACCOUNT},
            "org": {"uid": source.organization},
        },
        "unmapped": {
            "record_hash": row.hash,
            "counts": row.counts,
            "request": row.request,
            "task": row.task,
            "accounts": list(row.accounts),
        },
    }
    return event | ({"status_detail": found.detail} if found.detail else {})


def _metadata(row: LogRecordRow, source: Source, about: EventClass) -> dict[str, Any]:
    said = {"original_time": row.at, "correlation_uid": row.execution or row.request}
    return {
        "version": VERSION,
        "product": {"name": "orgroot", "vendor_name": "orgroot", "version": source.version},
        "profiles": list(about.profiles),
        "log_name": source.log_id,
        "sequence": row.seq,
        "event_code": row.type,
        "tenant_uid": source.organization,
        **{key: value for key, value in said.items() if value},
    }


def _actor(row: LogRecordRow) -> dict[str, Any]:
    """The person behind it, and as whom AWS knows them; of several owners none is picked."""
    if row.person is None:
        return {"app_name": "orgroot"}
    user = {"name": row.person, "type_id": 1, "type": "User"}
    return {"app_name": "orgroot", "user": user | ({"uid": row.caller} if row.caller else {})}


def _root_user(account: str, credential: str) -> dict[str, Any]:
    """The root user of an account, as CloudTrail names it: by the account's id."""
    user = {
        "name": "root",
        "uid": account,
        "type_id": 2,
        "type": "Admin",
        "account": {"uid": account, **_AWS_ACCOUNT},
    }
    return user | ({"credential_uid": credential} if credential else {})


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
