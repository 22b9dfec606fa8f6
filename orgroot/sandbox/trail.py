"""CloudTrail: a record of every call, errors too, found again by LookupEvents and sent to the bus.

Records have the fields of "CloudTrail record contents" (CloudTrail user guide). They never hold a
secret access key or a password, and at most the newest 100,000 are kept.
"""

import base64
import binascii
import hashlib
import json
import threading
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from orgroot.sandbox import regions, trail_record
from orgroot.sandbox.event_bus import EventBus
from orgroot.sandbox.model import ApiError, Call, PrincipalKind
from orgroot.sandbox.organizations_errors import not_modelled

if TYPE_CHECKING:
    from orgroot.core.ids import AccountId

KEPT_RECORDS = 100_000
KEPT = timedelta(days=90)
_MAX_PAGE = 50
_GLOBAL = frozenset({"iam", "organizations", "account"})
_ROOT_KINDS = frozenset({PrincipalKind.ROOT_USER, PrincipalKind.ROOT_SESSION})
_OFF_THE_BUS = ("Get", "List", "Describe")
_DATA_PLANE = {
    "s3": frozenset(
        {
            "GetObject",
            "PutObject",
            "HeadObject",
            "DeleteObject",
            "DeleteObjects",
            "CopyObject",
            "ListObjects",
            "ListObjectsV2",
            "ListObjectVersions",
            "HeadBucket",
            "UploadPart",
            "CreateMultipartUpload",
            "CompleteMultipartUpload",
            "AbortMultipartUpload",
            "ListParts",
            "GetObjectAttributes",
            "GetObjectRetention",
            "PutObjectRetention",
            "GetObjectLegalHold",
            "PutObjectLegalHold",
        }
    ),
    "sqs": frozenset({"SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage"}),
    "sns": frozenset({"Publish", "PublishBatch"}),
    "dynamodb": frozenset({"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"}),
    "events": frozenset({"PutEvents"}),
    "logs": frozenset({"PutLogEvents"}),
    "monitoring": frozenset({"PutMetricData"}),
}
_ATTRIBUTES = {
    "EventId": "EventId",
    "EventName": "EventName",
    "ReadOnly": "ReadOnly",
    "Username": "Username",
    "EventSource": "EventSource",
    "AccessKeyId": "AccessKeyId",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event as LookupEvents shows it.

    Attributes:
        sequence: its place in the order of arrival.
        at: when (UTC).
        summary: the members of LookupEvents' ``Event`` except time, resources and record.
        resources: type and name of each resource.
        record: the CloudTrail record.
        management: whether LookupEvents shows it; data events are not shown.
    """

    sequence: int
    at: datetime
    summary: Mapping[str, str]
    resources: tuple[tuple[str, str], ...]
    record: Mapping[str, Any]
    management: bool

    def has(self, key: str, value: str) -> bool:
        """Whether a lookup attribute has this value."""
        if key == "ResourceName":
            return any(name == value for _, name in self.resources)
        if key == "ResourceType":
            return any(kind == value for kind, _ in self.resources)
        return self.summary.get(_ATTRIBUTES[key]) == value


class Trail:
    """The trails of all accounts, by account and Region.

    Attributes:
        delay: how long an event takes until LookupEvents shows it. AWS needs some minutes; none by
            default, so that tests do not wait.
    """

    OPERATIONS = frozenset({"LookupEvents"})

    def __init__(self, bus: EventBus, *, kept: int = KEPT_RECORDS) -> None:
        self._bus = bus
        self._kept = kept
        self._lock = threading.Lock()
        self._sequence = 0
        self._events: dict[tuple[AccountId, str], deque[Event]] = {}
        self._order: deque[tuple[AccountId, str]] = deque()
        self._counts: Counter[str] = Counter()
        self._root_sessions: deque[Mapping[str, Any]] = deque(maxlen=kept)
        self.delay = timedelta(0)

    def record(
        self,
        call: Call,
        *,
        error_code: str = "",
        error_message: str = "",
        response: Mapping[str, Any] | None = None,
    ) -> None:
        """Write one call down and put it on the caller's event bus."""
        region = "us-east-1" if call.service in _GLOBAL else call.region
        account = call.principal.account
        management = call.operation not in _DATA_PLANE.get(call.service, ())
        record = trail_record.of(
            call, region, code=error_code, message=error_message, response=response
        )
        record["managementEvent"] = management
        record["eventCategory"] = "Management" if management else "Data"
        with self._lock:
            self._count(call, error_code, response)
            self._sequence += 1
            event = _event(self._sequence, call, record, management=management)
            self._events.setdefault((account, region), deque()).append(event)
            self._order.append((account, region))
            while len(self._order) > self._kept:
                self._events[self._order.popleft()].popleft()
        if management:
            read_only = call.operation.startswith(_OFF_THE_BUS)
            self._bus.put(account, region, record, read_only=read_only)

    def _count(self, call: Call, error_code: str, response: Mapping[str, Any] | None) -> None:
        self._counts[f"{call.service}:{call.operation}"] += 1
        if call.operation == "AssumeRoot":
            given = (response or {}).get("Credentials", {})
            self._root_sessions.append(
                {
                    "access_key_id": given.get("AccessKeyId"),
                    "caller": call.principal.arn,
                    "caller_account": call.principal.account,
                    "target": call.resource,
                    "task_policy": call.params.get("TaskPolicyArn", {}).get("arn"),
                    "source_identity": call.principal.source_identity,
                    "user_agent": call.user_agent,
                    "region": call.region,
                    "at": call.at.isoformat(),
                    "error_code": error_code or None,
                }
            )

    def counts(self) -> dict[str, int]:
        """How often each operation was called, errors too, as ``service:Operation``."""
        with self._lock:
            return dict(self._counts)

    def root_sessions(self) -> list[Mapping[str, Any]]:
        """Every AssumeRoot, refused ones too (access_key_id None), in the order of arrival."""
        with self._lock:
            return list(self._root_sessions)

    def records(self) -> tuple[Mapping[str, Any], ...]:
        """Every record kept, in the order of arrival; for the sandbox's own state page."""
        with self._lock:
            events = [event for events in self._events.values() for event in events]
        return tuple(e.record for e in sorted(events, key=lambda event: event.sequence))

    def events_after(self, sequence: int) -> tuple[Event, ...]:
        """What a trail of management events delivers: all that came behind one, in order."""
        with self._lock:
            events = [e for mine in self._events.values() for e in mine if e.sequence > sequence]
        wanted = (event for event in events if event.management)
        return tuple(sorted(wanted, key=lambda event: event.sequence))

    def handle(self, call: Call) -> dict[str, Any]:
        """Answer LookupEvents for the caller's account in the called Region.

        Raises:
            ApiError: as the CloudTrail API reference says of LookupEvents.
        """
        if call.operation not in self.OPERATIONS:
            raise not_modelled("cloudtrail", call.operation)
        regions.require_enabled(call.region, _unknown_here())
        query = _query(call.params, shown=(call.at - KEPT, call.at - self.delay))
        with self._lock:
            events = list(self._events.get((call.principal.account, call.region), ()))
        end = len(events)
        if query.before is not None:
            end = bisect_left(events, query.before, key=lambda event: event.sequence)
        page: list[Event] = []
        for index in range(end - 1, -1, -1):
            if not query.wants(events[index]):
                continue
            if len(page) == query.size:
                return _page(page, f"before:{page[-1].sequence}:{query.shape}")
            page.append(events[index])
        return _page(page, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    attribute: tuple[str, str] | None
    start: datetime | None
    end: datetime | None
    shown: tuple[datetime, datetime]
    size: int
    before: int | None
    shape: str

    def wants(self, event: Event) -> bool:
        if not event.management or not self.shown[0] <= event.at <= self.shown[1]:
            return False
        if self.start is not None and event.at.replace(microsecond=0) < self.start:
            return False
        if self.end is not None and event.at > self.end:
            return False
        return self.attribute is None or event.has(*self.attribute)


def _query(params: Mapping[str, Any], shown: tuple[datetime, datetime]) -> _Query:
    size = params.get("MaxResults", _MAX_PAGE)
    if not 1 <= int(size) <= _MAX_PAGE:
        raise ApiError("InvalidMaxResultsException", "MaxResults must be between 1 and 50.", 400)
    if params.get("EventCategory") not in {None, "insight"}:
        raise ApiError("InvalidEventCategoryException", "The event category is not valid.", 400)
    attributes = params.get("LookupAttributes") or []
    allowed = {*_ATTRIBUTES, "ResourceType", "ResourceName"}
    if len(attributes) > 1 or any(one.get("AttributeKey") not in allowed for one in attributes):
        text = "LookupEvents takes one lookup attribute with a known key."
        raise ApiError("InvalidLookupAttributesException", text, 400)
    start, end = params.get("StartTime"), params.get("EndTime")
    if start is not None and end is not None and start > end:
        raise ApiError("InvalidTimeRangeException", "StartTime is after EndTime.", 400)
    chosen = attributes[0] if attributes else None
    shape = _shape(params)
    return _Query(
        attribute=(chosen["AttributeKey"], str(chosen["AttributeValue"])) if chosen else None,
        start=start,
        end=end,
        shown=shown,
        size=int(size),
        before=_cursor(params.get("NextToken"), shape),
        shape=shape,
    )


def _shape(params: Mapping[str, Any]) -> str:
    """What a token is good for: the very parameters that it was given out for."""
    asked = {name: value for name, value in params.items() if name != "NextToken"}
    text = json.dumps(asked, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _cursor(token: Any, shape: str) -> int | None:
    if token is None:
        return None
    invalid = ApiError("InvalidNextTokenException", "Invalid NextToken.", 400)
    try:
        word, sequence, of = base64.urlsafe_b64decode(str(token)).decode().split(":")
        before = int(sequence)
    except (ValueError, binascii.Error) as error:
        raise invalid from error
    if (word, of) != ("before", shape):
        raise invalid
    return before


def _unknown_here() -> ApiError:
    """How a service answers in a Region that the account has not turned on."""
    text = "The security token included in the request is invalid."
    return ApiError("UnrecognizedClientException", text, 400)


def _page(events: Iterable[Event], token: str | None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "Events": [
            {
                **event.summary,
                "EventTime": event.at,
                "Resources": [
                    {"ResourceType": kind, "ResourceName": name} for kind, name in event.resources
                ],
                "CloudTrailEvent": json.dumps(event.record, default=str),
            }
            for event in events
        ]
    }
    if token is not None:
        answer["NextToken"] = base64.urlsafe_b64encode(token.encode()).decode()
    return answer


def _event(sequence: int, call: Call, record: Mapping[str, Any], *, management: bool) -> Event:
    principal = call.principal
    username = principal.session_name or principal.name
    if principal.kind in _ROOT_KINDS:
        username = "root"
    return Event(
        sequence=sequence,
        at=call.at,
        summary={
            "EventId": str(record["eventID"]),
            "EventName": call.operation,
            "ReadOnly": "true" if record["readOnly"] else "false",
            "AccessKeyId": principal.access_key_id,
            "EventSource": str(record["eventSource"]),
            "Username": username,
        },
        resources=_resources(call),
        record=record,
        management=management,
    )


def _resources(call: Call) -> tuple[tuple[str, str], ...]:
    if call.service == "sts" and call.operation in {"AssumeRole", "AssumeRoot"}:
        return (("AWS::IAM::Role", call.resource),)
    if bucket := call.params.get("Bucket"):
        return (("AWS::S3::Bucket", str(bucket)),)
    return ()
