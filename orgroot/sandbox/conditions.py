"""The Condition element of AWS policies: every operator, set operators, variables and wildcards.

It follows "IAM JSON policy elements: Condition operators" and "Variables and tags" (IAM user
guide). What it does not know raises NotImplemented (501): it is never taken as allowed.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from orgroot.sandbox.model import ApiError

Context = Mapping[str, str | tuple[str, ...]]
"""Condition keys in lower case; a tuple is a multivalued key."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DEFAULT = re.compile(r"\s*([^,\s]+)\s*,\s*'([^']*)'\s*")
_LITERALS = {"*": "*", "?": "?", "$": "$"}
_ARN_PARTS = 6

Test = Callable[[str, str], bool]


def holds(conditions: Mapping[str, Any], context: Context, *, variables: bool) -> bool:
    """Whether every condition of a statement's Condition block holds.

    Raises:
        ApiError: 501, an operator that is not known.
    """
    return all(
        _one(operator, key, values, context, variables=variables)
        for operator, block in conditions.items()
        for key, values in block.items()
    )


def _one(operator: str, key: str, values: Any, context: Context, *, variables: bool) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if quantifier.lower() not in {"", "forallvalues", "foranyvalue"}:
        raise _unknown(operator)
    wanted = _texts(values)
    present = context.get(key.lower())
    if name.lower() == "null":
        absent = present is None or present == ()
        return any(absent == (text.lower() == "true") for text in wanted)
    if_exists = name.lower().endswith("ifexists")
    base = (name[: -len("IfExists")] if if_exists else name).lower()
    test, negated = _operator(base, operator)
    if present is None or present == ():
        if quantifier:
            return quantifier.lower() == "forallvalues" or if_exists
        return if_exists or negated
    actual = (present,) if isinstance(present, str) else present
    patterns = _expanded(wanted, context, base) if variables else wanted

    def satisfied(value: str) -> bool:
        return any(test(value, pattern) for pattern in patterns) != negated

    every = quantifier.lower() == "forallvalues" or (negated and not quantifier)
    # Where no value could be made from the variables, the condition cannot match, negated or not.
    return bool(patterns) and (all if every else any)(satisfied(value) for value in actual)


def _texts(values: Any) -> tuple[str, ...]:
    items = values if isinstance(values, list) else [values]
    return tuple(
        ("true" if item else "false") if isinstance(item, bool) else str(item) for item in items
    )


def _operator(base: str, full: str) -> tuple[Test, bool]:
    test = _TESTS.get(base)
    if test is not None:
        return test, False
    positive = _NEGATIONS.get(base)
    if positive is None:
        raise _unknown(full)
    return _TESTS[positive], True


def _unknown(operator: str) -> ApiError:
    text = f"The sandbox does not know the condition operator {operator!r}, so it will not guess."
    return ApiError("NotImplemented", text, 501)


# --- variables ---------------------------------------------------------------------------------


class Unresolved(Exception):  # noqa: N818 - a statement with an absent variable does not match
    """A policy variable has no value and no default."""


def substitute(text: str, context: Context, *, glob: bool) -> str:
    """Replace the policy variables of a text; values are literal where the text is a glob.

    Raises:
        Unresolved: a variable without value and without default.
    """

    def value(match: re.Match[str]) -> str:
        inner = match[1]
        if inner in _LITERALS:
            return _escaped(_LITERALS[inner]) if glob else _LITERALS[inner]
        with_default = _DEFAULT.fullmatch(inner)
        key, default = (with_default[1], with_default[2]) if with_default else (inner.strip(), None)
        found = context.get(key.lower(), default)
        if not isinstance(found, str):
            raise Unresolved
        return _escaped(found) if glob else found

    return _VARIABLE.sub(value, text)


def _escaped(text: str) -> str:
    return text.replace("*", "\x00*").replace("?", "\x00?")


def _expanded(wanted: tuple[str, ...], context: Context, base: str) -> tuple[str, ...]:
    glob = "like" in base or base.startswith("arn")
    texts = []
    for text in wanted:
        try:
            texts.append(substitute(text, context, glob=glob))
        except Unresolved:
            continue
    return tuple(texts)


# --- wildcards ---------------------------------------------------------------------------------


@lru_cache(maxsize=16384)
def _pattern(glob: str, *, ignore_case: bool) -> re.Pattern[str]:
    pieces, literal = [], False
    for character in glob:
        if character == "\x00":
            literal = True
            continue
        if character in "*?" and not literal:
            pieces.append(".*" if character == "*" else ".")
        else:
            pieces.append(re.escape(character))
        literal = False
    return re.compile("".join(pieces), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def like(value: str, glob: str, *, ignore_case: bool = False) -> bool:
    """Whether a value matches a text with ``*`` and ``?``."""
    return _pattern(glob, ignore_case=ignore_case).fullmatch(value) is not None


def _arn_like(value: str, glob: str) -> bool:
    mine, theirs = value.split(":", _ARN_PARTS - 1), glob.split(":", _ARN_PARTS - 1)
    if len(mine) != _ARN_PARTS or len(theirs) != _ARN_PARTS:
        # The guide compares six components; of a pattern with fewer only the bare star is common.
        return glob == "*"
    return all(like(part, pattern) for part, pattern in zip(mine, theirs, strict=True))


# --- the tests ---------------------------------------------------------------------------------


def _numbers(compare: Callable[[float, float], bool]) -> Test:
    def test(value: str, wanted: str) -> bool:
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return False

    return test


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def _dates(compare: Callable[[float, float], bool]) -> Test:
    def test(value: str, wanted: str) -> bool:
        try:
            return compare(_moment(value), _moment(wanted))
        except ValueError:
            return False

    return test


def _binary(value: str, wanted: str) -> bool:
    try:
        return base64.b64decode(value, validate=True) == base64.b64decode(wanted, validate=True)
    except binascii.Error:
        return False


def _in_network(value: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "equals": lambda one, two: one == two,
    "lessthan": lambda one, two: one < two,
    "lessthanequals": lambda one, two: one <= two,
    "greaterthan": lambda one, two: one > two,
    "greaterthanequals": lambda one, two: one >= two,
}
_TESTS: dict[str, Test] = {
    "stringequals": lambda value, wanted: value == wanted,
    "stringequalsignorecase": lambda value, wanted: value.lower() == wanted.lower(),
    "stringlike": like,
    "bool": lambda value, wanted: value.lower() == wanted.lower(),
    "binaryequals": _binary,
    "ipaddress": _in_network,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    **{f"numeric{name}": _numbers(compare) for name, compare in _ORDERS.items()},
    **{f"date{name}": _dates(compare) for name, compare in _ORDERS.items()},
}
_NEGATIONS = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "notipaddress": "ipaddress",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}
