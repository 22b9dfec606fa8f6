"""What one set of rules or owners changes against another, value by value: nothing is left out.

Lists whose entries have a name are compared entry by entry, so that a rule in the middle does not
make all behind it look new.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct

from orgroot.core.people import usable_key

Tree = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value that is not the same; None: it is not there.

    Attributes:
        path: where, e.g. `people.bob.groups` or `rules[root-tasks].approvals.total`.
        before, after: the value as text.
    """

    path: str
    before: str | None
    after: str | None


def differences(before: Struct | None, after: Struct) -> tuple[Difference, ...]:
    """Every value that differs, in order of path; empty exactly where both are the same."""
    old, new = leaves(before), leaves(after)
    found = [
        Difference(path=path, before=old.get(path), after=new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    ]
    if before is not None:
        found += _moved(_orders(before), _orders(after))
    return tuple(found)


def leaves(value: Struct | None) -> dict[str, str]:
    """Every value by its path; what is absent has none."""
    return {} if value is None else dict(_leaves(msgspec.to_builtins(value), ""))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case None:
            return
        case dict() if value:
            for key, item in value.items():
                yield from _leaves(item, f"{path}.{key}".removeprefix("."))
        case [dict(), *_]:
            for name, item in zip(_names(value), value, strict=True):
                yield from _leaves(item, f"{path}[{name}]")
        case _:
            yield path, _text(value)


def _names(entries: Sequence[Tree]) -> tuple[str, ...]:
    """What the entries of a list are called; a second one of the same name has a number."""
    names: list[str] = []
    for entry in entries:
        name = _name(entry)
        again = sum(known == name or known.startswith(f"{name}#") for known in names)
        names.append(f"{name}#{again + 1}" if again else name)
    return tuple(names)


def _name(entry: Tree) -> str:
    if "key" in entry:
        key = usable_key(entry["key"])
        name = entry["key"] if key is None else key.fingerprint
        return f"{entry['person']} {name}" if "person" in entry else str(name)
    return next((str(entry[f]) for f in ("id", "group", "arn", "sso") if entry.get(f)), "entry")


def _orders(value: Struct) -> dict[str, tuple[str, ...]]:
    return dict(_listed(msgspec.to_builtins(value), ""))


def _listed(value: Any, path: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names in each list of named entries, in their order."""
    match value:
        case dict():
            for key, item in value.items():
                yield from _listed(item, f"{path}.{key}".removeprefix("."))
        case [dict(), *_]:
            names = _names(value)
            yield path, names
            for name, item in zip(names, value, strict=True):
                yield from _listed(item, f"{path}[{name}]")


def _moved(
    before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]
) -> Iterator[Difference]:
    """Lists whose common entries stand in another order."""
    for path in sorted(before.keys() & after.keys()):
        common = set(before[path]) & set(after[path])
        old, new = ([n for n in names if n in common] for names in (before[path], after[path]))
        if old != new:
            yield Difference(path=f"{path} (order)", before=_text(old), after=_text(new))


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "{}" if value == {} else str(value)
