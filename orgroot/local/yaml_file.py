"""Strict YAML: every scalar stays the text that was written, and what surprises is refused.

PyYAML's safe loader turns an unquoted 012345670123 into 1402433619, `no` into False, keeps the last
of two equal keys and expands alias bombs. This one reads parser events, never constructs anything,
and names file and line. An empty value (`key:`) is refused: a missing key means "not managed", an
empty list "remove all", and nobody shall have to guess which was meant.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from orgroot.core.config import Config, parse_config
from orgroot.core.structure import path_text
from orgroot.errors import ConfigError, UsageError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32

Step = str | int
KeyPath = tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlDocument:
    """A document as text scalars, with the 1-based line of each path in it."""

    tree: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def line_of(self, path: KeyPath) -> int:
        """The line of a path, or of the nearest thing around it that is there."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


def load_config(path: Path) -> Config:
    """Read and check a configuration file.

    Raises:
        UsageError: the file is missing or cannot be read.
        ConfigError: what is wrong, with file, line and path.
    """
    document = load_yaml(path)
    try:
        return parse_config(document.tree)
    except ConfigError as error:
        raise located(error, path, document) from error


def located(error: ConfigError, source: Path, document: YamlDocument) -> ConfigError:
    """The same error, with file and line in front."""
    line = document.line_of(error.path)
    return ConfigError(
        f"{source}:{line}: {error.message}",
        path=error.path,
        source=str(source),
        line=line,
        hint=error.hint,
    )


def load_yaml(path: Path) -> YamlDocument:
    """Read one strict YAML document, a mapping at the top.

    Raises:
        UsageError: the file is missing or cannot be read.
        ConfigError: what is wrong, with file and line.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no configuration file {path}",
            hint="write one with `orgroot init`, or name another with --config or ORGROOT_CONFIG",
            code="no-config",
        ) from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    return parse_yaml(data, source=str(path))


def parse_yaml(data: bytes, *, source: str) -> YamlDocument:
    """Read one strict YAML document from bytes; `source` is named in errors.

    Raises:
        ConfigError: what is wrong, with source and line.
    """
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{source}: larger than {MAX_BYTES // 1024} KiB", source=source)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        words = f"{source}:{line}: not UTF-8; save the file as UTF-8"
        raise ConfigError(words, source=source, line=line) from error
    reader = _Reader(text, source)
    try:
        return reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = str(error.problem or error.context)
        words = f"{source}:{line}: not YAML: {problem}"
        hint = "indent with spaces, never with tabs" if "'\\t'" in problem else None
        raise ConfigError(words, source=source, line=line, hint=hint) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        words = f"{source}:{line}: not YAML: the character {error.character:#06x} is not allowed"
        raise ConfigError(words, source=source, line=line) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML lets int() and chr() fail by themselves on absurd directives and escapes.
        raise ConfigError(f"{source}: not YAML: {error}", source=source) from error


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _Reader:
    """One pass over the events of one document."""

    def __init__(self, text: str, source: str) -> None:
        self._source = source
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._lines: dict[KeyPath, int] = {}

    def document(self) -> YamlDocument:
        next(self._events)  # the start of the stream
        event = next(self._events)
        if isinstance(event, yaml.DocumentStartEvent):
            event = next(self._events)
        if not isinstance(event, yaml.MappingStartEvent):
            self._refuse(event, (), "expected a mapping (key: value) at the top of the file")
        tree = self._value(event, ())
        next(self._events)  # the end of the document
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._refuse(event, (), "a second document; keep one")
        return YamlDocument(tree=tree, lines=self._lines)

    def _refuse(self, event: yaml.Event, path: KeyPath, words: str) -> NoReturn:
        line = _line(event)
        where = f"{path_text(path)}: " if path else ""
        message = f"{self._source}:{line}: {where}{words}"
        raise ConfigError(message, path=path, source=self._source, line=line)

    def _value(self, event: yaml.Event, path: KeyPath) -> Any:
        self._lines.setdefault(path, _line(event))
        if len(path) > MAX_DEPTH:
            self._refuse(event, path[:3], f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, path, "aliases (*name) are not accepted; write the value again")
        assert isinstance(event, yaml.NodeEvent)  # noqa: S101 - all that is left of a parser's events
        if event.anchor is not None:
            self._refuse(event, path, "anchors (&name) are not accepted; write the value again")
        if getattr(event, "tag", None) is not None:
            self._refuse(event, path, "tags (!name) are not accepted; write the plain value")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._scalar(event, path)

    def _scalar(self, event: Any, path: KeyPath) -> str:
        text: str = event.value
        if not text and event.style is None:
            words = "has no value: leave the key out (not managed) or write [] or a value"
            self._refuse(event, path, words)
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._refuse(event, path, "half a character (a lone surrogate)")
        return text

    def _sequence(self, path: KeyPath) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: KeyPath) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path, tree)
            self._lines[(*path, key)] = _line(event)
            tree[key] = self._value(next(self._events), (*path, key))
        return tree

    def _key(self, event: yaml.Event, path: KeyPath, tree: Mapping[str, Any]) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(event, path, "a key must be plain text")
        key: str = self._value(event, path)
        if key == "<<" and event.style is None:
            self._refuse(event, path, "merge keys (<<) are not accepted; write the keys again")
        if key in tree:
            first = self._lines[(*path, key)]
            self._refuse(event, (*path, key), f"this key stands here twice (first in line {first})")
        return key
