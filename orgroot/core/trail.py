"""CloudTrail's records as values: who opened which root session, as AWS itself wrote it down.

A record is another's text: what it lacks is empty here, and nothing of it is believed beyond that.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

KEPT = timedelta(days=90)
"""So long CloudTrail's event history keeps events (CloudTrail user guide, "event history")."""

DELAY = timedelta(minutes=15)
"""So long an event may take to show; before that, nobody can say that there is none."""

UNTOLD = datetime.max.replace(tzinfo=UTC)
"""The time of a record that tells none: never before the log, never while a caller was known."""

ASSUME_ROOT = "AssumeRoot"
DELEGATIONS = ("RegisterDelegatedAdministrator", "DeregisterDelegatedAdministrator")
REGION_OFF = "DisableRegion"

_REFERENCE = re.compile(r"orq\.[a-z2-7]{12}\.[0-9]{12}\.[0-9a-f]{24}")
_ROOT_ARN = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}):root")
_ACCOUNT = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumeRootEvent:
    """One `AssumeRoot` event.

    Attributes:
        id: CloudTrail's event id; the same event may be delivered more than once.
        at: when (UTC); UNTOLD where the record does not tell.
        account: the caller's account, in whose trail it stands.
        region: whose endpoint was called.
        caller: the caller's ARN.
        role: the role behind an assumed-role session; empty for others.
        target: the member account; empty where the record does not tell.
        task_policy: the last name of the root-task policy's ARN.
        access_key_id: of the session that was issued; empty where none was.
        error: AWS's error code where it refused.
        references: every reference of orgroot's form in user agent and source identity.
    """

    id: str
    at: datetime
    account: str
    region: str
    caller: str
    role: str
    target: str
    task_policy: str
    access_key_id: str
    error: str
    references: tuple[str, ...]


def assume_root_event(text: str) -> AssumeRootEvent:
    """The event in the text of a CloudTrail record, as far as it tells."""
    record = _parsed(text)
    identity = _in(record, "userIdentity")
    session = _in(identity, "sessionContext")
    asked = _in(record, "requestParameters")
    issuer = _in(session, "sessionIssuer")
    role = _text(issuer, "arn") if _text(issuer, "type") == "Role" else ""
    given = _in(_in(record, "responseElements"), "credentials")
    tellers = f"{_text(record, 'userAgent')} {_text(session, 'sourceIdentity')}"
    return AssumeRootEvent(
        id=_text(record, "eventID"),
        at=event_time(record.get("eventTime")),
        account=_text(record, "recipientAccountId") or _text(identity, "accountId"),
        region=_text(record, "awsRegion"),
        caller=_text(identity, "arn"),
        role=role,
        target=_account(_text(asked, "targetPrincipal")) or _owner(record),
        task_policy=_text(_in(asked, "taskPolicyArn"), "arn").rpartition("/")[2],
        access_key_id=_text(given, "accessKeyId"),
        error=_text(record, "errorCode"),
        references=tuple(dict.fromkeys(_REFERENCE.findall(tellers))),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEvent:
    """One change of a policy of Organizations; empty where the record does not tell.

    Attributes:
        at: when (UTC).
        caller: the caller's ARN.
        agent: the user agent, which the caller chooses.
        policy, target: the ids it was about.
        error: AWS's error code where it refused.
    """

    at: datetime
    caller: str
    agent: str
    policy: str
    target: str
    error: str


def policy_event(text: str) -> PolicyEvent:
    """The event in the text of a CloudTrail record, as far as it tells."""
    record = _parsed(text)
    asked = _in(record, "requestParameters")
    return PolicyEvent(
        at=event_time(record.get("eventTime")),
        caller=_text(_in(record, "userIdentity"), "arn"),
        agent=_text(record, "userAgent"),
        policy=_text(asked, "policyId") or _text(asked, "resourceId"),
        target=_text(asked, "targetId"),
        error=_text(record, "errorCode"),
    )


def delegate(text: str) -> str | None:
    """The account to which an event of `DELEGATIONS` gave IAM's delegation, or took it from.

    None where AWS refused, where it was another service's, or where the record does not tell.
    """
    record = _parsed(text)
    asked = _in(record, "requestParameters")
    if _text(record, "errorCode") or _text(asked, "servicePrincipal") != "iam.amazonaws.com":
        return None
    return _account(_text(asked, "accountId")) or None


def region_off(text: str) -> str | None:
    """The Region that a `DisableRegion` event switched off; None where AWS refused.

    Empty where the record does not tell which.
    """
    record = _parsed(text)
    return (
        None
        if _text(record, "errorCode")
        else _text(_in(record, "requestParameters"), "regionName")
    )


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _in(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tree.get(name)
    return found if isinstance(found, dict) else {}


def _text(tree: Mapping[str, Any], name: str) -> str:
    found = tree.get(name)
    return found if isinstance(found, str) else ""


def event_time(text: object) -> datetime:
    """When an event was (UTC); UNTOLD where its record does not tell."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return UNTOLD


def _account(target: str) -> str:
    """The account of a target principal: an id, or the ARN of a root user."""
    arn = _ROOT_ARN.fullmatch(target)
    if arn is not None:
        return arn[1]
    return target if _ACCOUNT.fullmatch(target) else ""


def _owner(record: Mapping[str, Any]) -> str:
    resources = record.get("resources")
    for resource in resources if isinstance(resources, list) else ():
        if isinstance(resource, dict) and (found := _account(_text(resource, "accountId"))):
            return found
    return ""
