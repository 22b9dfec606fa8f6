"""Policy variables in patterns and values ("IAM policy elements: Variables and tags").

`${key}` and `${key, 'default'}` stand for what the request says; `${*}`, `${?}` and `${$}` for the
characters themselves. What a variable brings in is text: its `*` and `?` are no wildcards.
"""

import re

from orgroot.core.request_context import UNKNOWN, RequestContext
from orgroot.core.wildcards import matches

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_WITH_DEFAULT = re.compile(r"\s*([^,\s]+)\s*,\s*'([^']*)'\s*")
_CHARACTERS = frozenset("*?$")
_SHIELD = str.maketrans({"*": "\ue000", "?": "\ue001"})


class Unresolved(Exception):  # noqa: N818 - an answer, not a malfunction
    """A variable without a value. `key`: what to know; empty: the request does not have it."""

    def __init__(self, key: str = "") -> None:
        super().__init__(key)
        self.key = key


def resolve(text: str, context: RequestContext) -> str:
    """A text with its variables filled in, and every wildcard that came with them shielded.

    Raises:
        Unresolved: a variable has no value, or nobody knows it.
    """
    return _VARIABLE.sub(lambda found: _value(found[1], context).translate(_SHIELD), text)


def plain(resolved: str) -> str:
    """A resolved text in which nothing is a wildcard, as it is compared letter by letter."""
    return resolved.translate(_SHIELD)


def fits(resolved: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether a text matches a resolved pattern with `*` and `?`."""
    return matches(resolved, text.translate(_SHIELD), ignore_case=ignore_case)


def _value(inner: str, context: RequestContext) -> str:
    if inner in _CHARACTERS:
        return inner
    with_default = _WITH_DEFAULT.fullmatch(inner)
    key, default = (with_default[1], with_default[2]) if with_default else (inner.strip(), None)
    # A name without its service's prefix is no condition key, so no request has it.
    value = context.get(key) if ":" in key else None
    if value is UNKNOWN or isinstance(value, frozenset):
        raise Unresolved(key)
    if isinstance(value, str):
        return value
    if default is None:
        raise Unresolved
    return default
