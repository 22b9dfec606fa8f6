"""From a tree of text scalars to typed values, with errors that say where and what to write.

The tree is judged against the types' own description before anything is converted, so that every
error has an exact path; msgspec's lax spellings (1 for true, 1e3, "null", Unix times) never pass.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

import msgspec
from msgspec import inspect

from orgroot.errors import ConfigError

T = TypeVar("T", bound=msgspec.Struct)
Path = tuple[str | int, ...]

_INTEGER = re.compile(r"[0-9]{1,9}")
_LARGEST = 999_999_999
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|\+00:00)")
_BOOLEANS = ("true", "false")


def convert(tree: object, kind: type[T], at: Path = ()) -> T:
    """Convert a tree of text scalars (and plain bool, int) into a Struct.

    Raises:
        ConfigError: names the path of the first wrong field, below `at`.
    """
    _check(tree, _described(kind), at, "")
    return msgspec.convert(_respelled(tree), kind, strict=False)


def path_text(path: Path) -> str:
    """A path as people write it: ``approvals.rules[0].id``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def wrong(path: Path, words: str, *, hint: str | None = None) -> ConfigError:
    """The error of one field."""
    return ConfigError(f"{path_text(path) or 'the document'}: {words}", path=path, hint=hint)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'region'?``, or nothing where no known word is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


@lru_cache(maxsize=32)
def _described(kind: type[msgspec.Struct]) -> inspect.Type:
    return inspect.type_info(kind)


def _respelled(value: object) -> object:
    """Scalars as text, so that the one lax conversion below treats all alike."""
    if isinstance(value, Mapping):
        return {key: _respelled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_respelled(item) for item in value]
    return _spelled(value)


def _spelled(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) else None


def _check(value: object, kind: inspect.Type, path: Path, wanted: str) -> None:
    match kind:
        case inspect.Metadata():
            _check(value, kind.type, path, str((kind.extra_json_schema or {})["description"]))
        case inspect.UnionType():
            # Only `X | None` occurs: the key may be left out, but `null` is no way to say so.
            present = next(t for t in kind.types if not isinstance(t, inspect.NoneType))
            _check(value, present, path, wanted)
        case inspect.StructType():
            _check_section(value, kind, path)
        case inspect.DictType():
            for key, item in _mapping(value, path).items():
                _check_scalar(key, kind.key_type, (*path, key))
                _check(item, kind.value_type, (*path, key), "")
        case inspect.VarTupleType():
            _check_list(value, kind, path)
        case _:
            _check_scalar(value, kind, path, wanted)


def _mapping(value: object, path: Path) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise wrong(path, "expected a mapping (key: value), not " + _named(value))
    return value


def _named(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else repr(value)


def _check_section(value: object, kind: inspect.StructType, path: Path) -> None:
    section = _mapping(value, path)
    fields = {field.encode_name: field for field in kind.fields}
    for key in section:
        if key not in fields:
            words = f"unknown key{did_you_mean(key, fields)}"
            raise wrong((*path, key), words, hint=f"the keys here are {', '.join(fields)}")
    for name, field in fields.items():
        if name in section:
            _check(section[name], field.type, (*path, name), "")
        elif field.required:
            raise wrong((*path, name), "this key is required and missing")


def _check_list(value: object, kind: inspect.VarTupleType, path: Path) -> None:
    if not isinstance(value, list | tuple):
        raise wrong(path, f"expected a list ([a, b] or lines with -), not {_named(value)}")
    if len(value) < (kind.min_length or 0):
        raise wrong(path, f"needs at least {kind.min_length} entry")
    for index, item in enumerate(value):
        _check(item, kind.item_type, (*path, index), "")


def _check_scalar(value: object, kind: inspect.Type, path: Path, wanted: str = "") -> None:
    if isinstance(kind, inspect.Metadata):
        _check(value, kind, path, wanted)
        return
    text = _spelled(value)
    if text is None:
        raise wrong(path, f"expected one value, not {_named(value)}")
    problem = _problem(text, kind)
    if problem:
        raise wrong(path, f"{text!r} is not accepted: {wanted or problem}")


def _choice_problem(text: str, names: list[str]) -> str:
    if text in names:
        return ""
    return f"it is none of {', '.join(names)}{did_you_mean(text, names)}"


def _problem(text: str, kind: inspect.Type) -> str:
    """Why a text is not of a scalar kind, in words that say what to write; empty: it is."""
    match kind:
        case inspect.StrType():
            return _text_problem(text, kind)
        case inspect.IntType():
            return _integer_problem(text, kind)
        case inspect.BoolType():
            return "" if text in _BOOLEANS else "write true or false"
        case inspect.EnumType():
            return _choice_problem(text, [member.value for member in kind.cls])
        case inspect.DateType():
            valid = _DATE.fullmatch(text) and _is_moment(text)
            return "" if valid else "write a date as 2027-03-31"
        case _:
            valid = _TIME.fullmatch(text) and _is_moment(text)
            return "" if valid else "write a UTC time as 2027-05-01T00:00:00Z"


def _text_problem(text: str, kind: inspect.StrType) -> str:
    if kind.pattern is not None and re.search(kind.pattern, text) is None:
        return f"it does not match {kind.pattern}"
    if len(text) < (kind.min_length or 0):
        return "it is empty"
    if kind.max_length is not None and len(text) > kind.max_length:
        return f"it is longer than {kind.max_length} characters"
    return ""


def _integer_problem(text: str, kind: inspect.IntType) -> str:
    low, high = kind.ge or 0, kind.le or _LARGEST
    if _INTEGER.fullmatch(text) and low <= int(text) <= high:
        return ""
    return f"write a whole number from {low}" + ("" if kind.le is None else f" to {high}")


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
