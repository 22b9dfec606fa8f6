"""Statements of an SCP that others cover, and conditions that leave nothing of each other.

What patterns match is compared, not how they are written. Only what is certain is told: a pattern
counts as covered where another one covers all of it, not several together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from orgroot.core.json_places import Path
from orgroot.core.policy_text import texts
from orgroot.core.scp_flaws import Flaw, advice, statements_in, warning
from orgroot.core.wildcards import includes

_ARN_PARTS = 6
_WILD = frozenset("*?")

Includes = Callable[[str, str], bool]
"""Whether all that the second pattern matches is matched by the first."""


def covered_statements(document: Any) -> Iterator[Flaw]:
    """Statements that say nothing which another one does not say, the later one of equals."""
    listed = tuple(statements_in(document))
    for at, (path, statement) in enumerate(listed):
        for other, (_, wider) in enumerate(listed):
            equal = other > at and _covers(statement, wider)
            if other != at and not equal and _covers(wider, statement):
                words = f"it says nothing that {_name(other, wider)} does not say"
                yield advice("covered", path, words, "take it out, or narrow the other one")
                break


def empty_conditions(document: Any) -> Iterator[Flaw]:
    """Statements that match nothing, since what one condition takes another one leaves out."""
    for path, statement in statements_in(document):
        block = statement.get("Condition")
        if isinstance(block, dict):
            for pair in _PAIRS:
                yield from _excluded((*path, "Condition"), block, *pair)


def _name(number: int, statement: Mapping[str, Any]) -> str:
    sid = statement.get("Sid")
    return f"statement {number + 1}" + (f" ({sid})" if isinstance(sid, str) and sid else "")


def _covers(wider: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether every request that one statement is about is one that the wider is about."""
    return (
        wider.get("Effect") == other.get("Effect")
        and _element_covers(wider, other, "Action", _includes_action)
        and _element_covers(wider, other, "Resource", _includes_text)
        and _asks_no_more(wider.get("Condition") or {}, other.get("Condition") or {})
    )


def _element_covers(
    wider: Mapping[str, Any], other: Mapping[str, Any], element: str, includes_: Includes
) -> bool:
    """Of Action and NotAction, or Resource and NotResource."""
    spares, spared = texts(wider.get(f"Not{element}")), texts(other.get(f"Not{element}"))
    named, names = texts(wider.get(element)), texts(other.get(element))
    if spares:
        if spared:  # it must spare no more than the other one
            return _all_in(spares, spared, includes_)
        return bool(names) and not any(_overlap(a, b) for a in spares for b in names)
    return "*" in named or (bool(names) and _all_in(names, named, includes_))


def _all_in(narrow: Sequence[str], wide: Sequence[str], includes_: Includes) -> bool:
    return all(any(includes_(each, one) for each in wide) for one in narrow)


def _overlap(one: str, other: str) -> bool:
    """Whether two patterns may match the same, as far as their beginnings show."""
    heads = [text.lower().replace("?", "*").partition("*")[0] for text in (one, other)]
    return heads[0].startswith(heads[1]) or heads[1].startswith(heads[0])


def _asks_no_more(wider: Any, other: Any) -> bool:
    """Whether every condition of the wider statement stands in the other one too."""
    if not isinstance(wider, dict) or not isinstance(other, dict):
        return False
    there = {each: set(values) for each, values in _conditions(other)}
    return all(there.get(each) == set(values) for each, values in _conditions(wider))


def _conditions(block: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    for operator, keys in block.items():
        for key, values in keys.items() if isinstance(keys, dict) else ():
            yield (operator.lower(), key.lower()), texts(values)


def _includes_action(wide: str, narrow: str) -> bool:
    return includes(wide.lower(), narrow.lower())


def _includes_text(wide: str, narrow: str) -> bool:
    return "${" not in wide + narrow and includes(wide, narrow)


def _includes_arn(wide: str, narrow: str) -> bool:
    """Part by part, as ARNs are compared."""
    parts = [text.split(":", _ARN_PARTS - 1) for text in (wide, narrow)]
    if any(len(each) != _ARN_PARTS for each in parts):
        return wide == "*"
    return all(_includes_text(*pair) for pair in zip(*parts, strict=True))


_PAIRS: Sequence[tuple[frozenset[str], frozenset[str], Includes]] = (
    (
        frozenset({"stringlike", "stringequals"}),
        frozenset({"stringnotlike", "stringnotequals"}),
        _includes_text,
    ),
    (
        frozenset({"arnlike", "arnequals"}),
        frozenset({"arnnotlike", "arnnotequals"}),
        _includes_arn,
    ),
)
"""What takes values, what leaves them out, and how both compare."""


def _excluded(
    path: Path,
    block: Mapping[str, Any],
    takes: frozenset[str],
    leaves: frozenset[str],
    includes_: Includes,
) -> Iterator[Flaw]:
    taken = {key: values for (operator, key), values in _conditions(block) if operator in takes}
    for operator, keys in block.items():
        bare = operator.lower().removesuffix("ifexists")
        for key, values in keys.items() if bare in leaves and isinstance(keys, dict) else ():
            wanted = taken.get(key.lower(), ())
            out = [_literal(bare, value) for value in texts(values)]
            open_ = any(set(value) & _WILD for value in wanted)
            if open_ and all(out) and _all_in(wanted, texts(values), includes_):
                words = f"it matches nothing: {operator} leaves out every {key} that it takes"
                yield warning(
                    "never-matches", (*path, operator, key), words, "take one of the two out"
                )


def _literal(operator: str, value: str) -> bool:
    """Whether a value is read as a pattern only where the operator does so."""
    return not operator.endswith("stringnotequals") or not set(value) & _WILD
