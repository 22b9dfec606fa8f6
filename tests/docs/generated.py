"""The parts of the README that are written from the code."""

import textwrap
import types
import typing

import msgspec

from orgroot.core import results
from orgroot.core.drift_kinds import KINDS

WIDTH = 120
_ABOUT = {
    "organization id": "ORG",
    "account id": "ACCOUNT",
    "SCP name": "SCP",
    "request id": "REQUEST",
}
_SKIPPED = frozenset({"exit_reasons"})


def drift_kinds() -> str:
    """The table of kinds."""
    rows = [
        f"| `{kind}/{_ABOUT[row.about]}` | {row.severity} | {row.meaning} |"
        for kind, row in KINDS.items()
    ]
    return "\n".join(["| Finding | Severity | Meaning |", "|---|---|---|", *rows])


def schemas() -> str:
    """Each schema with its keys, the keys of its rows included."""
    return "\n".join(_schema(result) for result in all_results())


def all_results() -> list[type[results.Result]]:
    """Every result a command can print, by the names of their schemas."""
    found = [
        thing
        for thing in vars(results).values()
        if isinstance(thing, type)
        and issubclass(thing, results.Result)
        and thing is not results.Result
    ]
    return sorted(found, key=lambda result: str(result.__struct_config__.tag))


def filled(text: str) -> str:
    """The README with its generated parts written anew."""
    for name, part in (("schemas", schemas()), ("drift kinds", drift_kinds())):
        head, found, rest = text.partition(f"<!-- generated: {name} -->\n")
        assert found, f"the README has no place for {name}"
        tail = rest[rest.index("<!-- end -->") :]
        text = f"{head}{found}\n{part}\n\n{tail}"
    return text


def _schema(result: type[results.Result]) -> str:
    line = f"- `{result.__struct_config__.tag}`: {_keys(result)}"
    return "\n".join(
        textwrap.wrap(
            line, WIDTH, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
        )
    )


def _keys(struct: type[msgspec.Struct]) -> str:
    hints = typing.get_type_hints(struct)
    names = [name for name in struct.__struct_fields__ if name not in _SKIPPED]
    return ", ".join(_key(name, hints[name]) for name in names)


def _key(name: str, hint: object) -> str:
    row, many = _row(hint)
    shown = f"`{name}[]`" if many else f"`{name}`"
    return shown if row is None else f"{shown} {{{_keys(row)}}}"


def _row(hint: object) -> tuple[type[msgspec.Struct] | None, bool]:
    origin = typing.get_origin(hint)
    if origin is tuple:
        return _row(typing.get_args(hint)[0])[0], True
    if origin in {types.UnionType, typing.Union}:
        for part in typing.get_args(hint):
            row, many = _row(part)
            if row is not None or many:
                return row, many
        return None, False
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint, False
    return None, False
