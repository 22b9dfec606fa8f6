"""Statements of an SCP that match no request, and conditions that do not say what they seem to.

A deny that never matches is a guardrail that is not there, and AWS does not say so. Only what is
certain is told: a key's possible values are tried where the statement lists them all.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orgroot.core.conditions import OPERATORS, holds
from orgroot.core.json_places import Path
from orgroot.core.policy_text import texts
from orgroot.core.request_context import RequestContext
from orgroot.core.scp_flaws import Flaw, statements_in, warning
from orgroot.core.wildcards import leftovers, matches

_SET = re.compile(r"(forallvalues|foranyvalue):")
_ALWAYS = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principaltype",
        "aws:securetransport",
        "aws:userid",
        "aws:viaawsservice",
    }
)
"""Keys that every signed request has ("AWS global condition context keys", Availability)."""

_FLAGS: Mapping[str, tuple[str | None, ...]] = {
    "aws:assumedroot": ("true", None),
    "aws:multifactorauthpresent": ("true", "false", None),
    "aws:principalisawsservice": ("true", "false"),
    "aws:principaltype": ("Account", "User", "AssumedRole", "FederatedUser", "Anonymous"),
    "aws:securetransport": ("true", "false"),
    "aws:viaawsservice": ("true", "false"),
}
"""Keys that have few values, and which: None is a request without the key."""

_ENUMERATING = frozenset({"stringequals", "stringlike", "arnequals", "arnlike", "bool"})
"""Operators that list the values they take, where these hold no wildcards."""


def never_matching(document: Any) -> Iterator[Flaw]:
    """Statements that match nothing, each with the reason."""
    for path, statement in statements_in(document):
        for element in ("NotAction", "NotResource"):
            if "*" in texts(statement.get(element)):
                words = f"it matches nothing: {element} leaves out everything"
                yield warning(
                    "never-matches", (*path, element), words, f"name what {element} spares"
                )
        block = statement.get("Condition")
        if isinstance(block, dict):
            yield from _contradictions((*path, "Condition"), block)
            for inner, operator, key, values in _conditions((*path, "Condition"), block):
                yield from _values(inner, operator, key, values)


def _conditions(
    path: Path, block: Mapping[str, Any]
) -> Iterator[tuple[Path, str, str, tuple[str, ...]]]:
    """Every operator in lower case with one of its keys, in lower case, and the values."""
    for operator, keys in block.items():
        for key, values in keys.items() if isinstance(keys, dict) else ():
            yield (*path, operator, key), operator.lower(), key.lower(), texts(values)


def _contradictions(path: Path, block: Mapping[str, Any]) -> Iterator[Flaw]:
    asked: dict[str, list[tuple[Path, str, tuple[str, ...]]]] = {}
    for inner, operator, key, values in _conditions(path, block):
        asked.setdefault(key, []).append((inner, operator, values))
    for key, found in asked.items():
        possible = _possible(key, [(operator, values) for _, operator, values in found])
        if possible is None or any(_set_of(operator) for _, operator, _ in found):
            continue
        tests = [{operator: {key: list(values)}} for _, operator, values in found]
        if not any(_meets(tests, key, value) for value in possible):
            yield warning(
                "never-matches",
                found[0][0],
                f"it matches nothing: {_asks(key, found)}",
                _REMEDIES.get(key, "loosen one of its conditions on that key"),
            )


_REMEDIES = {
    "aws:principaltype": "root users are Account, IAM users User, roles AssumedRole",
    "aws:assumedroot": 'the key is there in AssumeRoot sessions alone, as "true": write '
    '"Null": {"aws:AssumedRoot": "true"} to spare them',
}


def _asks(key: str, found: list[tuple[Path, str, tuple[str, ...]]]) -> str:
    name = str(found[0][0][-1])
    if len(found) > 1:
        return f"no value of {name} meets all its conditions"
    if found[0][1] == "null":
        return f"every request has {name}"
    if key in _FLAGS:
        return f"no request has such a value of {name}"
    return f"no value of {name} is listed"


def _possible(key: str, asked: list[tuple[str, tuple[str, ...]]]) -> tuple[str | None, ...] | None:
    """Every value that a key can have where its conditions hold; None: nobody can list them."""
    if key in _FLAGS:
        return _FLAGS[key]
    for operator, values in asked:
        if operator == "null" and all(value.lower() == "true" for value in values):
            return () if key in _ALWAYS else (None,)
        bare = operator.removesuffix("ifexists")
        if bare in _ENUMERATING and not any(_open(bare, value) for value in values):
            return (*values, None)
    return None


def _open(operator: str, value: str) -> bool:
    """Whether a value stands for several: by a variable, or by wildcards where they are such."""
    return "${" in value or (operator.endswith(("like", "arnequals")) and _wild(value))


def _wild(value: str) -> bool:
    return "*" in value or "?" in value


def _meets(tests: list[dict[str, Any]], key: str, value: str | None) -> bool:
    """Whether a value may meet all conditions; what depends on another key may."""
    context = RequestContext(values={key: value})
    return all(holds(test, context).value is not False for test in tests)


def _set_of(operator: str) -> str:
    found = _SET.match(operator)
    return found[1] if found else ""


# --- one condition ------------------------------------------------------------------------------


def _values(path: Path, operator: str, key: str, values: tuple[str, ...]) -> Iterator[Flaw]:
    bare = _SET.sub("", operator).removesuffix("ifexists")
    if bare not in OPERATORS:
        return
    literal = [value for value in values if "${" not in value]
    wild = [value for value in literal if _wild(value)]
    if bare in _LITERAL and wild and not key.endswith(":principal"):
        words = f"{wild[0]!r:.80} is compared letter by letter: {path[-2]} knows no wildcards"
        yield warning("wildcard-as-text", path, words, f"use {_LITERAL[bare]}")
    form, what = _FORMS[_kind(bare)]
    for value in literal:
        if not form(value) and (bare.startswith("arn") or value not in wild):
            words = f"{value!r:.80} is {what}, which {path[-2]} compares"
            yield warning("value-form", path, words, "no request has such a value")
    if key == "aws:principalarn" and bare.startswith(("string", "arn")):
        yield from _principals(path, bare, literal)


_LITERAL = {
    "stringequals": "StringLike",
    "stringnotequals": "StringNotLike",
    "stringequalsignorecase": "StringLike",
    "stringnotequalsignorecase": "StringNotLike",
}


def _kind(operator: str) -> str:
    return next(kind for kind in _FORMS if kind in operator)


def _is_flag(value: str) -> bool:
    return value.lower() in {"true", "false"}


def _is_network(value: str) -> bool:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True


_FORMS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "bool": (_is_flag, "neither true nor false"),
    "null": (_is_flag, "neither true nor false"),
    "ipaddress": (_is_network, "no address and no network"),
    "numeric": (re.compile(r"[+-]?[0-9]+(\.[0-9]+)?").fullmatch, "no number"),
    "date": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]+").fullmatch, "no date"),
    "arn": (re.compile(r"\*|(arn|\*):.*", re.DOTALL).fullmatch, "no ARN"),
    "binary": (re.compile(r"[A-Za-z0-9+/]*=*").fullmatch, "no base64"),
    "string": (re.compile(r".*", re.DOTALL).fullmatch, "no text"),
}
"""By kind of operator: what a value must look like, and what it is where it does not."""


def _principals(path: Path, operator: str, values: list[str]) -> Iterator[Flaw]:
    for value in values:
        reason = _no_principal(value)
        if reason and "equalsignorecase" not in operator:
            words = f"{value!r:.120} is the ARN of no principal: {reason}"
            yield warning("no-such-principal", path, words, _PRINCIPALS)


_PRINCIPALS = (
    "aws:PrincipalArn is arn:aws:iam::ACCOUNT:root, …:user/NAME or …:role/NAME, for sessions too"
)
_ARN_PARTS = 6
_KINDS = {"iam": ("root", "user/", "role/"), "sts": ("federated-user/",)}


def _no_principal(value: str) -> str:
    """Why no principal has such an ARN; empty: one may have it, or nobody can tell."""
    parts = value.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS:
        return "" if _wild(value) else "an ARN has six parts"
    service, region, account, resource = parts[2], parts[3], parts[4], parts[5]
    kinds = [kind for name, kind in _KINDS.items() if matches(service, name)]
    if not kinds:
        return "principals are of iam"
    if resource.startswith("assumed-role/"):
        return "a session of a role has the ARN of its role"
    if region.strip("*"):
        return "IAM has no Regions"
    if not re.fullmatch(r"[0-9?*]*", account) or (not _wild(account) and len(account) != 12):  # noqa: PLR2004 - digits of an account id
        return f"{account or 'nothing'} is no account id"
    starts = [start for kind in kinds for start in kind]
    possible = any(any(True for _ in leftovers(resource, start)) for start in starts)
    return "" if possible else f"{resource} is neither root, user/… nor role/…"
