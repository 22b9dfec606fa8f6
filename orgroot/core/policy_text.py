"""What SCPs and resource policies have in common as texts: strict JSON and lists.

A text that two readers could understand differently (a key written twice) is refused.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from orgroot.errors import UsageError

MAX_DEPTH = 32
"""The deepest nesting of a policy; the deepest that means something is a condition's values."""

_TEMPLATE = re.compile(r"\$\{|\{\{|\{%|%\{")
"""How templates of Terraform, CloudFormation, Jinja and others begin what they fill in."""


def parse_policy(text: str, source: str) -> Mapping[str, Any]:
    """A policy document as a mapping; `source` is named in errors.

    Raises:
        UsageError: code `policy`: not JSON, not an object, absurdly nested, or a key stands twice.
    """
    try:
        document = json.loads(text, object_pairs_hook=_unique_pairs, parse_constant=_no_constant)
        require_shallow(document, MAX_DEPTH)
    except json.JSONDecodeError as error:
        words = f"not JSON: {error.msg} in line {error.lineno}"
        raise bad_policy(source, words, not_json_hint(text)) from error
    except (ValueError, RecursionError) as error:
        raise bad_policy(source, f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise bad_policy(source, "not a JSON object")
    return document


def bad_policy(source: str, words: str, hint: str | None = None) -> UsageError:
    """The error of a policy text that cannot be used."""
    return UsageError(f"{source}: {words}", hint=hint, code="policy")


def not_json_hint(text: str) -> str:
    """What to do about a text that is no JSON, by what it looks like."""
    if _TEMPLATE.search(text):
        return "it looks like a template: take the text that it becomes, e.g. from a Terraform plan"
    return "JSON has no comments and no comma after the last item"


def statements_in(document: Mapping[str, Any], source: str) -> tuple[Mapping[str, Any], ...]:
    """The statements: AWS takes one object as well as a list.

    Raises:
        UsageError: code `policy`: no Statement, or one that is not an object.
    """
    found = document.get("Statement")
    listed = found if isinstance(found, list) else [found]
    if not listed:
        raise bad_policy(source, "it has no Statement")
    for number, statement in enumerate(listed, 1):
        if not isinstance(statement, dict):
            raise bad_policy(source, f"Statement {number} is missing or not a JSON object")
    return tuple(listed)


def texts(value: Any) -> tuple[str, ...]:
    """One or several values as texts: AWS takes a single one without its list."""
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(_text(item) for item in listed)


def _text(item: Any) -> str:
    return item if isinstance(item, str) else json.dumps(item)


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return document


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def require_shallow(value: Any, depth: int) -> None:
    """Refuse a value that is nested deeper than `depth`.

    Raises:
        ValueError: it is.
    """
    if depth < 0:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for item in inner:
            require_shallow(item, depth - 1)
