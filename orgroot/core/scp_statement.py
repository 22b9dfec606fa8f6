"""What one statement of an SCP covers, answered yes, no or "depends on …".

The whole policy language that SCPs have (Organizations user guide, "SCP syntax"): Action and
NotAction, Resource and NotResource, Condition. Which statements count is decided in `scp_lockout`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from orgroot.core.conditions import holds
from orgroot.core.policy_text import bad_policy, parse_policy, statements_in, texts
from orgroot.core.policy_variables import Unresolved, fits, resolve
from orgroot.core.request_context import RequestContext
from orgroot.core.ternary import NO, YES, Answer, all_of, any_of, depends, known, negation
from orgroot.core.wildcards import leftovers, matches
from orgroot.errors import UsageError

ANY = "\ue002"
"""Stands at the end of a resource for a name that nobody has said, of one character at least."""

RESOURCE = "Resource"
"""What an answer depends on where that name would settle it."""

_NAMES = {"iam": re.compile(r"[A-Za-z0-9._+=,@/*?-]+")}
_NAME = re.compile(r"[A-Za-z0-9._*?-]+")
"""What a pattern for names of devices, and of buckets and queues, is made of: no other text is a
name. So `arn:aws:s3:::logs/*`, which is about objects, fits no bucket."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statement:
    """One statement.

    Attributes:
        policy: the name of the SCP it stands in.
        sid: its Sid; `#2` for the second statement where it has none.
        deny: its effect is Deny.
        actions, resources: what the element lists.
        not_actions, not_resources: the element is NotAction, NotResource.
        conditions: the Condition block.
    """

    policy: str
    sid: str
    deny: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Any]
    not_actions: bool = False
    not_resources: bool = False

    def covers(self, action: str, resource: str, context: RequestContext) -> Answer:
        """Whether the statement is about this request.

        Args:
            action: `service:Name`.
            resource: its ARN, or `*`; it may end with `ANY`.
            context: the request's condition keys.
        """
        named = any(_fits_action(pattern, action) for pattern in self.actions)
        if named == self.not_actions:
            return NO
        return all_of((self._resource(resource, context), holds(self.conditions, context)))

    def _resource(self, resource: str, context: RequestContext) -> Answer:
        found = any_of(_fits_resource(pattern, resource, context) for pattern in self.resources)
        return negation(found) if self.not_resources else found


def parse_statements(text: str, policy: str) -> tuple[Statement, ...]:
    """The statements of an SCP as AWS stores it.

    Raises:
        UsageError: code `policy`: it is no policy.
    """
    document = parse_policy(text, policy)
    found = statements_in(document, policy)
    return tuple(_statement(policy, n, each) for n, each in enumerate(found, 1))


def _statement(policy: str, number: int, body: Mapping[str, Any]) -> Statement:
    conditions = body.get("Condition")
    _require_texts(policy, number, body)
    return Statement(
        policy=policy,
        sid=str(body.get("Sid") or f"#{number}"),
        # Whatever is not plainly an Allow stops something, so that nobody is told they are safe.
        deny=body.get("Effect") != "Allow",
        actions=texts(body.get("Action", body.get("NotAction"))),
        not_actions="Action" not in body,
        resources=texts(body.get("Resource", body.get("NotResource"))),
        not_resources="Resource" not in body,
        conditions=conditions if isinstance(conditions, Mapping) else {},
    )


_NAMING = ("Action", "NotAction", "Resource", "NotResource")


def _require_texts(policy: str, number: int, body: Mapping[str, Any]) -> None:
    """Refuse what stands where texts belong: a function of a template may become anything."""
    for element in _NAMING:
        found = body.get(element)
        odd = [each for each in _listed(found) if not isinstance(each, str)]
        if odd and found is not None:
            raise _no_text(policy, number, element, odd[0])
    conditions = body.get("Condition")
    for operator, keys in conditions.items() if isinstance(conditions, Mapping) else ():
        for key, values in keys.items() if isinstance(keys, Mapping) else ():
            odd = [each for each in _listed(values) if isinstance(each, Mapping | list)]
            if odd:
                raise _no_text(policy, number, f"Condition {operator} {key}", odd[0])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _no_text(policy: str, number: int, where: str, value: Any) -> UsageError:
    words = f"Statement {number}: {where} holds {json.dumps(value):.60}, which is no text"
    return bad_policy(policy, words, "of a template, check what it becomes")


@cache
def _fits_action(pattern: str, action: str) -> bool:
    return matches(pattern, action, ignore_case=True)


def _fits_resource(pattern: str, resource: str, context: RequestContext) -> Answer:
    try:
        resolved = resolve(pattern, context)
    except Unresolved as unresolved:
        return depends(unresolved.key) if unresolved.key else NO
    if not resource.endswith(ANY):
        return known(value=fits(resolved, resource))
    rests = tuple(leftovers(resolved, resource.removesuffix(ANY)))
    if any(_takes_anything(rest) for rest in rests):
        return YES
    name = _NAMES.get(resource.split(":")[2], _NAME)
    return depends(RESOURCE) if any(name.fullmatch(rest) for rest in rests) else NO


def _takes_anything(rest: str) -> bool:
    """Whether the rest of a pattern fits every name, which has at least one character."""
    return "*" in rest and not rest.replace("?", "", 1).strip("*")
