"""The Condition element of policies, answered yes, no or "depends on KEY".

"IAM JSON policy elements: Condition operators" and "Multivalued context keys" (IAM user guide). An
operator that is not known makes the answer depend on it: it is never taken as a match or as none.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from orgroot.core.policy_text import texts
from orgroot.core.policy_variables import Unresolved, fits, plain, resolve
from orgroot.core.request_context import UNKNOWN, RequestContext, Unknown, Value
from orgroot.core.ternary import NO, YES, Answer, all_of, any_of, depends, known, negation
from orgroot.core.wildcards import includes

_ARN_PARTS = 6
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_IF_EXISTS = "ifexists"

Test = Callable[[str, str], bool]
"""Whether a value of the request meets a resolved value of the policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One condition operator as written.

    Attributes:
        test: its comparison.
        negated: it holds where the comparison does not, and where the key is absent.
        if_exists: it holds where the key is absent.
        quantifier: `forallvalues`, `foranyvalue`, or empty.
    """

    test: Test
    negated: bool
    if_exists: bool
    quantifier: str

    @property
    def without_key(self) -> bool:
        """What it answers where the request does not have the key."""
        if self.quantifier:
            return self.quantifier == "forallvalues" or self.if_exists
        return self.if_exists or self.negated


def holds(block: Mapping[str, Any], context: RequestContext) -> Answer:
    """Whether all conditions of a statement hold; an empty block does."""
    conditions = [
        (name, key, texts(values)) for name, keys in block.items() for key, values in _pairs(keys)
    ]
    if _exclude_each_other(conditions, context):
        return NO
    return all_of(_condition(name, key, wanted, context) for name, key, wanted in conditions)


def parse_operator(name: str) -> Operator | None:
    """An operator by its name, whose case does not matter; None: there is no such operator."""
    quantifier, _, base = name.lower().rpartition(":")
    bare = base.removesuffix(_IF_EXISTS)
    positive = _NEGATED.get(bare, bare)
    if quantifier not in {"", "forallvalues", "foranyvalue"} or positive not in _TESTS:
        return None
    return Operator(
        test=_TESTS[positive],
        negated=positive != bare,
        if_exists=bare != base,
        quantifier=quantifier,
    )


def is_null(name: str) -> bool:
    """`Null`, which asks whether a key is there at all."""
    return name.lower().rpartition(":")[2] == "null"


def _pairs(keys: Any) -> Iterator[tuple[str, Any]]:
    """The keys of one operator; where it is no mapping, AWS would not have taken the policy."""
    yield from keys.items() if isinstance(keys, Mapping) else [("", None)]


def _exclude_each_other(
    conditions: Sequence[tuple[str, str, tuple[str, ...]]], context: RequestContext
) -> bool:
    """Whether one leaves out all that another takes of a value that nobody knows.

    Told of twins alone: each request has one value for both keys, so that quantifiers and
    `IfExists` say nothing.
    """
    taken: dict[str, list[tuple[str, ...]]] = {}
    left: dict[str, list[tuple[str, ...]]] = {}
    for name, key, wanted in conditions:
        twin, operator = context.twins.get(key.lower()), parse_operator(name)
        if twin is None or operator is None or context.get(key) is not UNKNOWN:
            continue
        if _are_patterns(operator, wanted):
            kept = left if operator.negated else taken
            kept.setdefault(min(key.lower(), twin), []).append(wanted)
    return any(
        all(any(includes(each, text) for each in out) for text in wanted)
        for pair, listed in taken.items()
        for wanted in listed
        for out in left.get(pair, ())
    )


def _are_patterns(operator: Operator, wanted: tuple[str, ...]) -> bool:
    """Whether values may be compared as patterns: without variables, and no `*` that is text."""
    text = "".join(wanted)
    if operator.test is _same:
        return not set(text) & {"*", "?", "$"}
    return operator.test is _like and "${" not in text


def _condition(name: str, key: str, wanted: tuple[str, ...], context: RequestContext) -> Answer:
    value = context.get(key)
    if is_null(name):
        return _null(key, wanted, value)
    operator = parse_operator(name)
    if operator is None:
        return depends(f"operator {name}")
    if value is UNKNOWN:
        if operator.test in _TEXTS and any(context.is_twin(key, text) for text in wanted):
            return known(value=not operator.negated)
        always = operator.without_key and not operator.negated and "*" in wanted
        return YES if always and operator.test in _WILD else depends(key)
    if value is None:
        return known(value=operator.without_key)
    # Of a set the request has one: each is asked about.
    sets = [(each,) for each in sorted(value)] if isinstance(value, frozenset) else [value]
    answers = [
        _compare(operator, (each,) if isinstance(each, str) else each, wanted, context)
        for each in sets
    ]
    return answers[0] if len({each.value for each in answers}) == 1 else depends(key)


def _null(key: str, wanted: tuple[str, ...], value: Value | Unknown) -> Answer:
    if value is UNKNOWN:
        return depends(key)
    return known(value=any((value is None) == (text.lower() == "true") for text in wanted))


def _compare(
    operator: Operator, values: tuple[str, ...], wanted: tuple[str, ...], context: RequestContext
) -> Answer:
    patterns, open_ = _patterns(wanted, context)
    if not patterns and not open_:
        return NO  # no value could be made from the variables: it matches nothing, negated or not

    def satisfied(value: str) -> Answer:
        hits = (*(known(value=operator.test(value, pattern)) for pattern in patterns), *open_)
        found = any_of(hits)
        return negation(found) if operator.negated else found

    every = operator.quantifier == "forallvalues" or (operator.negated and not operator.quantifier)
    return (all_of if every else any_of)(satisfied(value) for value in values)


def _patterns(
    wanted: tuple[str, ...], context: RequestContext
) -> tuple[tuple[str, ...], tuple[Answer, ...]]:
    """The values with their variables filled in, and an answer for each that nobody can fill."""
    patterns, open_ = [], []
    for text in wanted:
        try:
            patterns.append(resolve(text, context))
        except Unresolved as unresolved:
            open_ += [depends(unresolved.key)] if unresolved.key else []
    return tuple(patterns), tuple(open_)


# --- the comparisons ---------------------------------------------------------------------------


def _same(value: str, wanted: str) -> bool:
    return plain(value) == plain(wanted)


def _same_ignoring_case(value: str, wanted: str) -> bool:
    return plain(value).lower() == plain(wanted).lower()


def _like(value: str, wanted: str) -> bool:
    return fits(wanted, value)


def _arn_like(value: str, wanted: str) -> bool:
    """Each of the six parts by itself; a pattern of fewer parts fits only as the bare star."""
    parts, patterns = (text.split(":", _ARN_PARTS - 1) for text in (value, wanted))
    if len(parts) != _ARN_PARTS or len(patterns) != _ARN_PARTS:
        return wanted == "*"
    return all(fits(pattern, part) for part, pattern in zip(parts, patterns, strict=True))


def _binary(value: str, wanted: str) -> bool:
    try:
        one, other = (base64.b64decode(text, validate=True) for text in (value, wanted))
    except binascii.Error:
        return False
    return one == other


def _in_network(value: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _moment(text: str) -> Decimal | None:
    """Seconds since 1970; a date is ISO 8601 or a count of seconds."""
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return Decimal((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _ordered(
    measure: Callable[[str], Decimal | None], order: Callable[[Decimal, Decimal], bool]
) -> Test:
    def test(value: str, wanted: str) -> bool:
        one, other = measure(value), measure(wanted)
        return one is not None and other is not None and order(one, other)

    return test


_ORDERS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "equals": lambda one, other: one == other,
    "lessthan": lambda one, other: one < other,
    "lessthanequals": lambda one, other: one <= other,
    "greaterthan": lambda one, other: one > other,
    "greaterthanequals": lambda one, other: one >= other,
}

_TESTS: Mapping[str, Test] = {
    "stringequals": _same,
    "stringequalsignorecase": _same_ignoring_case,
    "stringlike": _like,
    "bool": _same_ignoring_case,
    "binaryequals": _binary,
    "ipaddress": _in_network,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    **{f"numeric{name}": _ordered(_number, order) for name, order in _ORDERS.items()},
    **{f"date{name}": _ordered(_moment, order) for name, order in _ORDERS.items()},
}

_WILD = frozenset({_like, _arn_like})
_TEXTS = frozenset({_same, _same_ignoring_case, _like})

_NEGATED: Mapping[str, str] = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "notipaddress": "ipaddress",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}

OPERATORS = frozenset({*_TESTS, *_NEGATED, "null"})
"""Every operator, in lower case, without quantifier and `IfExists`."""
