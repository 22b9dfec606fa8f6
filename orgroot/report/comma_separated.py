"""A result as CSV (RFC 4180): a header line, then one row per item.

Columns are the item's JSON keys in schema order. Objects are flattened as `a.b`, lists of ids are
joined by a space, null is empty. A cell that a spreadsheet would take for a formula gets a leading
apostrophe, and what is invisible or moves a cursor is escaped: names are other people's text.
"""

import csv
import io
import json
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from orgroot.core import results
from orgroot.report.escape import visible

_ITEMS: Mapping[type[results.Result], str] = {
    results.Inventory: "accounts",
    results.Removal: "accounts",
    results.PlanResult: "changes",
    results.RequestList: "requests",
    results.DrillReport: "checks",
    results.Unlock: "items",
    results.Drift: "findings",
    results.LogVerify: "findings",
    results.LogShow: "records",
    results.RulesCheck: "issues",
    results.Acknowledged: "moves",
    results.RulesShow: "regions",
    results.ProposalView: "changes",
    results.ProposalList: "proposals",
    results.TrustView: "owners",
    results.Recovery: "executions",
    results.RunnerRound: "executed",
    results.Reconciliation: "sessions",
    results.ScpCheck: "results",
    results.ScpLint: "findings",
}
"""Where the items of a result stand; any other result is one row of itself."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(result: results.Result) -> str:
    r"""The CSV text, `\n` line ends, final newline."""
    field = _ITEMS.get(type(result))
    if field is None:
        return header(type(result)) + row(result)
    item_type = _element(_types(type(result))[field])
    return header(item_type) + "".join(row(item) for item in getattr(result, field))


def header(item_type: type) -> str:
    """The line with the names of the columns."""
    return _line(columns(item_type))


def row(item: msgspec.Struct) -> str:
    """The line of one item."""
    tree = msgspec.to_builtins(item)
    return _line(_cell(_walk(tree, column)) for column in columns(type(item)))


@cache
def columns(item_type: type) -> tuple[str, ...]:
    """The names of the columns."""
    return tuple(_columns(item_type))


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _types(struct: type) -> dict[str, Any]:
    return typing.get_type_hints(struct)


def _element(annotation: Any) -> Any:
    return typing.get_args(annotation)[0]


def _columns(struct: Any, prefix: str = "") -> Iterator[str]:
    hints = _types(struct)
    for field in msgspec.structs.fields(struct):
        annotation = _without_none(hints[field.name])
        if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
            yield from _columns(annotation, f"{prefix}{field.encode_name}.")
        else:
            yield f"{prefix}{field.encode_name}"


def _without_none(annotation: Any) -> Any:
    if isinstance(annotation, types.UnionType):
        kinds = [kind for kind in typing.get_args(annotation) if kind is not types.NoneType]
        return kinds[0] if len(kinds) == 1 else annotation
    return annotation


def _walk(tree: Any, column: str) -> Any:
    for part in column.split("."):
        if tree is None:
            return None
        tree = tree[part]
    return tree


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return visible(f"'{value}" if value.startswith(_FORMULA) else value)
        case list() | tuple():
            return _cell(" ".join(_name(part) for part in value))
        case _:
            return json.dumps(value, sort_keys=True)


def _name(part: Any) -> str:
    if isinstance(part, Mapping):
        return str(part.get("id", json.dumps(part, sort_keys=True)))
    return str(part)
