"""What was done inside a root session, against what its execution had announced.

A session opens more than a plan needs: whoever holds it could read or change other things. Every
call must be one of the reads that orgroot sends, or a change that stands in a step intent, once.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orgroot.core.resource_policy import same_policy
from orgroot.core.root_tasks import ROOT_TASKS, TaskPolicy
from orgroot.core.trail import event_time
from orgroot.errors import UsageError

_READS = ("Get", "List")
_READS_POLICY = "s3:GetBucketPolicy"
_PUTS_POLICY = "s3:PutBucketPolicy"
_ANOTHERS = "it reads the policy of a bucket that its execution is not about"
_OTHER_TEXT = "the policy that it puts is not shown as the one that was approved"
_EVENT_NAMES = {"s3:ListBuckets": "s3:ListAllMyBuckets"}
"""Where CloudTrail's event has another name than the IAM action."""

_PART_OF = {"iam:DeleteVirtualMFADevice": "iam:DeactivateMFADevice"}
"""A further call of the same change: the device that was deactivated is deleted."""

_NAMELESS = {"iam:DeleteLoginProfile": frozenset({"password"})}
"""What a call is about that names nothing: there is one password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCall:
    """One call inside a root session, as the organization trail has it.

    Attributes:
        id: CloudTrail's event id.
        at: when (UTC).
        account, region: where.
        access_key_id: whose session.
        action: as IAM names it, e.g. `s3:PutBucketPolicy`.
        named: the texts of its parameters. What lies deeper, as a policy does, is the caller's to
            write, and names nothing.
        error: AWS's code where it refused.
        policy: the bucket policy that it puts, as JSON; None: the record shows none.
    """

    id: str
    at: datetime
    account: str
    region: str
    access_key_id: str
    action: str
    named: frozenset[str]
    error: str
    policy: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """What a session was opened for.

    Attributes:
        execution: whose it is.
        policy: its root-task policy.
        steps: every change announced for its account: operation and target.
        free: it was handed to another program, so all that its task policy opens is its plan.
        buckets: the only ones whose policies it was to read, each with the policy that was approved
            for it; None there: it gets none. None: it has to do with no bucket.
    """

    execution: str
    policy: TaskPolicy
    steps: tuple[tuple[str, str], ...] = field(default=())
    free: bool = False
    buckets: Mapping[str, bytes | None] | None = None


def session_call(text: str) -> SessionCall | None:
    """The call in a CloudTrail record; None where it is not one of a temporary root session."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    identity = record.get("userIdentity") if isinstance(record, dict) else None
    if not isinstance(identity, dict) or identity.get("type") != "Root":
        return None
    key = identity.get("accessKeyId")
    if not isinstance(key, str) or not key.startswith("ASIA"):
        return None
    service = str(record.get("eventSource", "")).partition(".")[0]
    action = f"{service}:{record.get('eventName', '')}"
    return SessionCall(
        id=str(record.get("eventID", "")),
        at=event_time(record.get("eventTime")),
        account=str(identity.get("accountId", "")),
        region=str(record.get("awsRegion", "")),
        access_key_id=key,
        action=_EVENT_NAMES.get(action, action),
        named=_texts(record.get("requestParameters")),
        error=str(record.get("errorCode") or ""),
        policy=_policy(record.get("requestParameters")),
    )


def overuse(
    calls: Iterable[SessionCall], plans: Mapping[str, SessionPlan]
) -> tuple[tuple[SessionCall, str], ...]:
    """The calls that no plan has, in order of time, each with the reason.

    Args:
        calls: of sessions on record, in no order, some perhaps twice.
        plans: by access key id; calls of other sessions are left out.
    """
    once = {call.id or call: call for call in calls if call.access_key_id in plans}
    made: Counter[tuple[str, str, str, str]] = Counter()
    found = []
    for call in sorted(once.values(), key=lambda call: (call.at, call.id)):
        why = _beyond(call, plans[call.access_key_id], made)
        if why:
            found.append((call, why))
    return tuple(found)


def _beyond(call: SessionCall, plan: SessionPlan, made: Counter[tuple[str, str, str, str]]) -> str:
    """Why a call is not in its plan; empty: it is."""
    opens = ROOT_TASKS[plan.policy].actions
    if call.action in opens and (plan.free or call.action.partition(":")[2].startswith(_READS)):
        other = plan.buckets is not None and call.named.isdisjoint(plan.buckets)
        return _ANOTHERS if other and call.action == _READS_POLICY and not plan.free else ""
    operation = _PART_OF.get(call.action, call.action)
    named = call.named or _NAMELESS.get(operation, frozenset())
    mine = [t for o, t in plan.steps if o == operation and t in named]
    if not mine:
        return "no step of its execution announced it"
    if call.error:
        return ""
    key = (plan.execution, call.account, call.action, mine[0])
    made[key] += 1
    if made[key] > len(mine):
        return f"its execution announced it {len(mine)} time(s), and this is one more"
    approved = (plan.buckets or {}).get(mine[0]) if operation == _PUTS_POLICY else None
    return "" if approved is None or _means(call.policy, approved) else _OTHER_TEXT


def _means(put: bytes | None, approved: bytes) -> bool:
    try:
        return same_policy(put, approved)
    except UsageError:
        return False


def _texts(parameters: Any) -> frozenset[str]:
    if not isinstance(parameters, dict):
        return frozenset()
    return frozenset(value for value in parameters.values() if isinstance(value, str))


def _policy(parameters: Any) -> bytes | None:
    """The document that S3's PutBucketPolicy has as an object in its records."""
    found = parameters.get("bucketPolicy") if isinstance(parameters, dict) else None
    return None if found is None else json.dumps(found).encode()
