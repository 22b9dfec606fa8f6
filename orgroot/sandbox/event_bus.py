"""EventBridge's delivery of CloudTrail events: rules of an account's default bus to SQS and SNS.

moto stores rules and matches patterns; its delivery knows no SNS and needs a further package. As in
AWS, a queue or topic whose own policy does not let events.amazonaws.com in gets nothing.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any, cast

from moto.events.models import events_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from orgroot.core.ids import AccountId
from orgroot.sandbox import policy_language
from orgroot.sandbox.data_plane import DataPlane

_EVERYTHING = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
_PRINCIPALS = frozenset({("Service", "events.amazonaws.com"), ("AWS", "*")})
_SEND = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}


class EventBus:
    """The default buses of every account and Region."""

    def __init__(self, data_plane: DataPlane) -> None:
        self._data = data_plane

    def put(
        self, account: AccountId, region: str, record: Mapping[str, Any], *, read_only: bool
    ) -> None:
        """Put a CloudTrail record on a bus; costs nothing where the account has no rules.

        Args:
            account: whose bus.
            region: in which Region.
            record: the CloudTrail record.
            read_only: a Get, List or Describe, which only rules that ask for all events see.
        """
        if not self._data.has_events(account, region):
            return
        event = _event(account, region, record)
        with self._data.locked_with_targets("events"):
            self._deliver(account, region, event, read_only=read_only, hop=False)

    def _deliver(
        self,
        account: AccountId,
        region: str,
        event: Mapping[str, Any],
        *,
        read_only: bool,
        hop: bool,
    ) -> None:
        bus = events_backends[account][region].event_buses.get("default")
        for rule in list(bus.rules.values()) if bus else ():
            seen = rule.state == _EVERYTHING if read_only else rule.state != "DISABLED"
            if not seen or not rule.event_pattern.matches_event(cast("Any", event)):
                continue
            for target in rule.targets:
                parts = str(target["Arn"]).split(":", 5)
                if parts[2] == "events" and not hop:
                    home = AccountId(parts[4])
                    self._deliver(home, parts[3], event, read_only=read_only, hop=True)
                elif parts[2] in _SEND:
                    _send(parts, _body(target, event), rule.arn, account)


def _event(account: AccountId, region: str, record: Mapping[str, Any]) -> dict[str, Any]:
    source = str(record["eventSource"]).removesuffix(".amazonaws.com")
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{source}",
        "account": account,
        "time": record["eventTime"],
        "region": region,
        "resources": [],
        "detail": json.loads(json.dumps(record, default=str)),
    }


def _body(target: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """What the target gets: its constant, a part, a filled template, or the whole event."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_at(event, str(target["InputPath"])))
    transformer = target.get("InputTransformer")
    if transformer is None:
        return json.dumps(event)
    text = str(transformer["InputTemplate"])
    for name, path in transformer.get("InputPathsMap", {}).items():
        value = _at(event, str(path))
        text = text.replace(f"<{name}>", value if isinstance(value, str) else json.dumps(value))
    return text


def _at(event: Any, path: str) -> Any:
    """The value at a path of plain names, as rules use them: ``$.detail.eventName``."""
    value = event
    for name in path.removeprefix("$").strip(".").split("."):
        if name:
            value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _send(target: list[str], body: str, rule_arn: str, account: AccountId) -> None:
    service, region, owner, name = target[2], target[3], target[4], target[5]
    arn = ":".join(target)
    if service == "sqs":
        queue = sqs_backends[owner][region].queues.get(name)
        if queue is not None and _admits(queue.policy, service, arn, rule_arn, account):
            sqs_backends[owner][region].send_message(name, body)
        return
    topic = sns_backends[owner][region].topics.get(arn)
    if topic is not None and _admits(topic.policy, service, arn, rule_arn, account):
        sns_backends[owner][region].publish(message=body, arn=arn)


def _admits(policy: str | None, service: str, arn: str, rule_arn: str, account: AccountId) -> bool:
    keys = {
        "aws:sourcearn": rule_arn,
        "aws:sourceaccount": account,
        "aws:securetransport": "true",
        "aws:principalisawsservice": "true",
        "aws:principalservicename": "events.amazonaws.com",
    }
    covering = [
        statement
        for statement in policy_language.parse(policy or '{"Statement": []}')
        if _PRINCIPALS & set(statement.principals or ())
        and statement.covers(_SEND[service], arn, keys)
    ]
    return bool(covering) and not any(statement.deny for statement in covering)
