"""Is a text an SCP or RCP that AWS Organizations accepts? Grammar only: never what it does.

After "SCP syntax" and "RCP syntax" of the Organizations user guide, with the full IAM policy
language that SCPs have had since September 2025.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from orgroot.sandbox.organization_values import PolicyType

_VERSION: Final = "2012-10-17"
_SID: Final = re.compile(r"[A-Za-z0-9]*")
_ACTION: Final = re.compile(r"\*|\*:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+")
_RESOURCE: Final = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+|arn:.*\*", re.DOTALL)
_SET_PREFIX: Final = re.compile(r"^(ForAllValues|ForAnyValue):")
_ELEMENTS: Final = {
    PolicyType.SCP: frozenset(
        {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
    ),
    PolicyType.RCP: frozenset(
        {"Sid", "Effect", "Principal", "Action", "Resource", "NotResource", "Condition"}
    ),
}
_BASE_OPERATORS: Final = frozenset(
    f"{kind}{test}"
    for kind, tests in {
        "String": ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase"),
        "StringLike": ("",),
        "StringNotLike": ("",),
        "Numeric": ("Equals", "NotEquals"),
        "NumericLessThan": ("", "Equals"),
        "NumericGreaterThan": ("", "Equals"),
        "Date": ("Equals", "NotEquals"),
        "DateLessThan": ("", "Equals"),
        "DateGreaterThan": ("", "Equals"),
        "Arn": ("Equals", "Like", "NotEquals", "NotLike"),
        "Bool": ("",),
        "BinaryEquals": ("",),
        "IpAddress": ("",),
        "NotIpAddress": ("",),
    }.items()
    for test in tests
)


class _Malformed(Exception):  # noqa: N818 - carries the answer out of the walk, never leaves here
    pass


def check_control_policy(policy_type: PolicyType, text: str) -> str:
    """Say what is wrong with a policy text, or answer an empty string when AWS would take it."""
    try:
        _check_document(policy_type, _parsed(text))
    except _Malformed as problem:
        return str(problem)
    return ""


def _parsed(text: str) -> dict[str, Any]:
    def unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        document: dict[str, Any] = {}
        for key, value in pairs:
            if key in document:
                raise _Malformed(f"Duplicate element {key}.")
            document[key] = value
        return document

    try:
        document = json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise _Malformed("This policy contains invalid Json.") from error
    if not isinstance(document, dict):
        raise _Malformed("This policy contains invalid Json.")
    return document


def _check_document(policy_type: PolicyType, document: dict[str, Any]) -> None:
    if unknown := document.keys() - {"Version", "Statement"}:
        raise _Malformed(f"Unknown element {min(unknown)}.")
    if document.get("Version") != _VERSION:
        raise _Malformed(f"Version must be {_VERSION}.")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise _Malformed("Statement must be present and not empty.")
    sids = [_check_statement(policy_type, statement) for statement in statements]
    given = [sid for sid in sids if sid]
    if len(given) != len(set(given)):
        raise _Malformed("Statement IDs (SID) in a single policy must be unique.")


def _check_statement(policy_type: PolicyType, statement: Any) -> str:
    if not isinstance(statement, dict):
        raise _Malformed("A statement must be an object.")
    if unknown := statement.keys() - _ELEMENTS[policy_type]:
        raise _Malformed(f"Unsupported element {min(unknown)}.")
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or _SID.fullmatch(sid) is None:
        raise _Malformed("Statement IDs (SID) must be alpha-numeric.")
    _check_effect(policy_type, statement)
    _check_one_of(statement, "Action", _ACTION)
    _check_one_of(statement, "Resource", _RESOURCE)
    _check_condition(statement.get("Condition", {}))
    return sid


def _check_effect(policy_type: PolicyType, statement: dict[str, Any]) -> None:
    effect = statement.get("Effect")
    if policy_type is PolicyType.SCP:
        if effect not in ("Allow", "Deny"):
            raise _Malformed("Effect must be Allow or Deny.")
        return
    # RCP syntax: a customer's RCP only denies, speaks of everyone, and names a service.
    if effect != "Deny":
        raise _Malformed("Effect must be Deny.")
    if statement.get("Principal") not in ("*", {"AWS": "*"}):
        raise _Malformed("Principal must be *.")
    if "*" in _strings(statement.get("Action", ())):
        raise _Malformed("Action must name a service.")


def _check_one_of(statement: dict[str, Any], element: str, pattern: re.Pattern[str]) -> None:
    present = [name for name in (element, f"Not{element}") if name in statement]
    if len(present) != 1:
        raise _Malformed(f"Exactly one of {element} and Not{element} is required.")
    values = _strings(statement[present[0]])
    if not values:
        raise _Malformed(f"{present[0]} must not be empty.")
    for value in values:
        if pattern.fullmatch(value) is None:
            raise _Malformed(f"{present[0]} {value} is not valid.")


def _check_condition(condition: Any) -> None:
    if not isinstance(condition, dict):
        raise _Malformed("Condition must be an object.")
    for operator, tests in condition.items():
        if not _is_operator(operator):
            raise _Malformed(f"Invalid condition type {operator}.")
        if not isinstance(tests, dict) or not tests:
            raise _Malformed(f"Condition {operator} must name at least one key.")
        for key, values in tests.items():
            _check_condition_values(key, values)


def _check_condition_values(key: str, values: Any) -> None:
    listed = values if isinstance(values, list) else [values]
    if not key or not all(isinstance(value, str | int | float | bool) for value in listed):
        raise _Malformed(f"Condition key {key} must have string values.")


def _is_operator(operator: str) -> bool:
    single = _SET_PREFIX.sub("", operator, count=1)
    return operator == "Null" or single.removesuffix("IfExists") in _BASE_OPERATORS


def _strings(values: Any) -> tuple[str, ...]:
    listed = values if isinstance(values, list | tuple) else (values,)
    if not all(isinstance(value, str) for value in listed):
        raise _Malformed("A list of strings is required.")
    return tuple(listed)
