"""Who denied a call: the policy that AWS's own message names, with its name and Sid where readable.

Looking up never fails a command, and never guesses: what cannot be read stays null.
"""

import json
import re
import threading
from collections.abc import Mapping
from typing import Any

from orgroot.core.policy_text import texts
from orgroot.core.results import DeniedBy
from orgroot.core.wildcards import matches
from orgroot.errors import AwsError, AwsErrorKind, OrgrootError
from orgroot.ports import OrganizationGateway

_POLICY_ARN = re.compile(
    r"arn:[a-z-]+:organizations::[0-9]{12}:policy/o-[a-z0-9]+/"
    r"(?P<kind>service|resource)_control_policy/(?P<id>p-[0-9a-zA-Z_]+)"
)


class Denials:
    """Explains refusals of one command; asks Organizations for each policy at most once."""

    def __init__(self, organization: OrganizationGateway) -> None:
        self._organization = organization
        self._lock = threading.Lock()
        self._names: dict[str, Mapping[str, str]] = {}
        self._texts: dict[str, str | None] = {}

    def explain(self, error: AwsError) -> DeniedBy | None:
        """Who denied; None where the error is no denial, or AWS names nobody."""
        if error.kind is not AwsErrorKind.DENIED:
            return None
        if error.denied_by_arn is None and error.denied_by_type is None:
            return None
        found = _POLICY_ARN.fullmatch(error.denied_by_arn or "")
        if found is None:
            return DeniedBy(policy=error.denied_by_arn, sid=None, kind=error.denied_by_type)
        policy = found["id"]
        with self._lock:
            name = self._name(policy, found["kind"])
            text = self._text(policy)
        return DeniedBy(
            policy=name or error.denied_by_arn,
            sid=None if text is None else only_deny(text, error.operation),
            kind=error.denied_by_type or f"{found['kind']} control policy",
        )

    def _name(self, policy: str, kind: str) -> str | None:
        if kind not in self._names:
            listed = self._organization.scps if kind == "service" else self._organization.rcps
            try:
                self._names[kind] = {each.id: each.name for each in listed()}
            except OrgrootError:
                self._names[kind] = {}
        return self._names[kind].get(policy)

    def _text(self, policy: str) -> str | None:
        if policy not in self._texts:
            try:
                self._texts[policy] = self._organization.scp_content(policy)
            except OrgrootError:
                self._texts[policy] = None
        return self._texts[policy]


def told(error: AwsError) -> str:
    """AWS's refusal in words that name the call."""
    if error.operation in error.message:
        return error.message
    return f"{error.operation}: {error.message}"


def only_deny(document: str, action: str) -> str | None:
    """The Sid of the one Deny statement that can concern an action; None where several can.

    Conditions and resources are not judged: a statement that might apply counts.
    """
    try:
        tree = json.loads(document)
    except (ValueError, RecursionError):
        return None
    listed = tree.get("Statement") if isinstance(tree, Mapping) else None
    statements = listed if isinstance(listed, list) else [listed]
    able = [s for s in statements if isinstance(s, Mapping) and _may_deny(s, action)]
    sid = able[0].get("Sid") if len(able) == 1 else None
    return sid if isinstance(sid, str) else None


def _may_deny(statement: Mapping[str, Any], action: str) -> bool:
    if statement.get("Effect") != "Deny":
        return False
    if "Action" in statement:
        return _names(statement["Action"], action)
    return "NotAction" in statement and not _names(statement["NotAction"], action)


def _names(patterns: object, action: str) -> bool:
    return any(matches(pattern, action, ignore_case=True) for pattern in texts(patterns))
