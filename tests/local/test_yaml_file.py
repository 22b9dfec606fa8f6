"""The strict YAML loader: text stays text, surprises are refused with file and line."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core import config as schema
from orgroot.core.rules_lint import lint_errors
from orgroot.errors import ConfigError, OrgrootError, UsageError
from orgroot.local.yaml_file import (
    MAX_BYTES,
    MAX_DEPTH,
    load_config,
    load_yaml,
    parse_yaml,
)

PROJECT = Path(__file__).parents[2]
EXAMPLE = PROJECT / "config.example.yaml"
CONTRACT = PROJECT / "tests" / "data" / "config.contract.yaml"
OBSERVER = """\
version: 1
organization:
  id: o-exampleorgid
  management_account: 012345670123
  region: eu-west-1
"""


def tree(text: str) -> Mapping[str, Any]:
    """The tree of a YAML text."""
    return parse_yaml(text.encode(), source="c.yaml").tree


@pytest.mark.parametrize(
    "scalar",
    ["012345670123", "no", "null", "~", "1.0", "0x1F", "2027-03-31", "1e3", "on", "=", "1_000"],
)
def test_every_scalar_stays_the_text_that_was_written(scalar: str) -> None:
    """No octal account ids, no Norway, no null, no dates: the schema converts, not the loader."""
    assert tree(f"a: {scalar}\nb: [{scalar}]\n") == {"a": scalar, "b": [scalar]}


def test_quotes_and_blocks_give_their_text() -> None:
    """Quoted, folded and literal scalars are read as YAML says."""
    text = "a: '1'\nb: \"x\\ty\"\nc: |\n  1\n  2\nd: >-\n  1\n  2\ne: ''\n"
    assert tree(text) == {"a": "1", "b": "x\ty", "c": "1\n2\n", "d": "1 2", "e": ""}


def test_a_byte_order_mark_and_windows_line_ends_are_harmless() -> None:
    """A file saved by a Windows editor loads."""
    assert tree("\ufeffa: 1\r\nb: 2\r\n") == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\na: 2\n", 2, "twice (first in line 1)"),
        ("a:\n  b: 1\n  c: 2\n  b: 3\n", 4, "a.b: this key stands here twice"),
        ("a: &x 1\n", 1, "anchors"),
        ("a: {b: &x [1]}\n", 1, "anchors"),
        ("a: *x\n", 1, "aliases"),
        ("*x : 1\n", 1, "a key must be plain text"),
        ("a: !!int 1\n", 1, "tags"),
        ("a: !x [1]\n", 1, "tags"),
        ("!!str a: 1\n", 1, "tags"),
        ("a: ! 1\n", 1, "tags"),
        ("b: 1\n<<: {a: 1}\n", 2, "merge keys"),
        ("[a]: 1\n", 1, "a key must be plain text"),
        ("? {a: 1}\n: 2\n", 1, "a key must be plain text"),
        ("a: 1\n---\nb: 2\n", 2, "a second document"),
        ("a: 1\n--- {}\n", 2, "a second document"),
        ("- a\n", 1, "expected a mapping"),
        ("just text\n", 1, "expected a mapping"),
        ("", 1, "expected a mapping"),
        ("# nothing\n", 2, "expected a mapping"),
        ("a: 1\nb:\n", 2, "b: has no value"),
        ("a:\n  - 1\n  -\n", 3, "a[1]: has no value"),
        ("a: [1\n", 2, "not YAML"),
        ("a: 1\n  b: 2\n", 2, "not YAML"),
        ('a: "\\ud800"\n', 1, "half a character"),
        ("a: " + "[" * (MAX_DEPTH + 1), 1, "nested deeper than 32"),
    ],
)
def test_what_surprises_is_refused_with_file_and_line(text: str, line: int, words: str) -> None:
    """Each refusal names the file, the line and the reason."""
    with pytest.raises(ConfigError) as caught:
        tree(text)
    assert words in caught.value.message
    assert caught.value.message.startswith(f"c.yaml:{line}: ")
    assert (caught.value.source, caught.value.line) == ("c.yaml", line)


@pytest.mark.parametrize(
    "data",
    [b"a: \xff\n", b"a: \x00\n", b'a: "\\UFFFFFFFF"\n', b"%YAML " + b"1" * 5000 + b".1\n---\na: 1"],
)
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    """Not UTF-8, control characters and absurd escapes are errors of the file, not crashes."""
    with pytest.raises(ConfigError, match=r"c\.yaml"):
        parse_yaml(data, source="c.yaml")


@pytest.mark.parametrize(
    ("data", "words", "hint"),
    [
        (b"a: 1\n\tb: 2\n", "c.yaml:2: not YAML", "indent with spaces"),
        (b"a: 1\nb: \x00\n", "c.yaml:2: not YAML: the character 0x0000 is not allowed", None),
        (b"a: 1\nb: \xe9\n", "c.yaml:2: not UTF-8; save the file as UTF-8", None),
    ],
)
def test_what_editors_leave_behind_is_named_with_its_line(
    data: bytes, words: str, hint: str | None
) -> None:
    """A tab, a control character and another encoding say where they are and what to do."""
    with pytest.raises(ConfigError) as caught:
        parse_yaml(data, source="c.yaml")
    assert caught.value.message.startswith(words)
    assert (hint or "") in (caught.value.hint or "")


def test_a_file_above_the_limit_is_refused_before_it_is_parsed() -> None:
    """256 KiB is enough for anyone; an alias bomb has no room."""
    assert parse_yaml(b"a: 1\n#" + b"x" * (MAX_BYTES - 7) + b"\n", source="c").tree == {"a": "1"}
    with pytest.raises(ConfigError, match="larger than 256 KiB"):
        parse_yaml(b"a: 1\n#" + b"x" * (MAX_BYTES - 6) + b"\n", source="c")


def test_nesting_up_to_the_limit_is_read() -> None:
    """Depth 32 passes, 33 does not."""
    assert tree("a: " + "[" * (MAX_DEPTH - 1) + "1" + "]" * (MAX_DEPTH - 1))
    with pytest.raises(ConfigError, match="nested deeper"):
        tree("a: " + "[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH)


def test_an_unquoted_account_id_with_a_leading_zero_is_loaded_right(tmp_path: Path) -> None:
    """012345670123 is an account id, not an octal number."""
    path = tmp_path / "config.yaml"
    path.write_text(OBSERVER)
    assert load_config(path).organization.management_account == "012345670123"


def test_a_wrong_field_is_named_with_file_line_and_path(tmp_path: Path) -> None:
    """Errors of the schema carry the line of the field, and of the section where it is missing."""
    path = tmp_path / "config.yaml"
    path.write_text(OBSERVER.replace("region: eu", "regoin: eu"))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.message == (
        f"{path}:5: organization.regoin: unknown key; did you mean 'region'?"
    )
    path.write_text(OBSERVER.replace("  region: eu-west-1\n", ""))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.message.startswith(f"{path}:2: organization.region: this key is required")
    assert caught.value.line == 2


def test_a_missing_file_says_how_to_write_one(tmp_path: Path) -> None:
    """Without a configuration the remedy is `orgroot init`."""
    with pytest.raises(UsageError, match="there is no configuration file") as caught:
        load_config(tmp_path / "none.yaml")
    assert caught.value.hint is not None
    assert "orgroot init" in caught.value.hint


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    """What cannot be read is a usage error that says so."""
    with pytest.raises(UsageError, match="cannot read"):
        load_yaml(tmp_path)


def test_the_contract_loads_as_it_stands() -> None:
    """The agreed shape of config.yaml loads, byte for byte."""
    loaded = load_config(CONTRACT)
    assert loaded.scps is not None
    assert loaded.approvals is not None
    assert loaded.scps[0].waves == (("ou-ab12-sandbox01",), ("ou-ab12-dev00001",), ("root",))
    assert [rule.id for rule in loaded.approvals.rules][:2] == ["root-tasks", "sessions"]


def _sections(kind: Any) -> set[type[schema.Section]]:
    if isinstance(kind, type) and issubclass(kind, schema.Section):
        inner = [_sections(hint) for hint in get_type_hints(kind).values()]
        return {kind}.union(*inner)
    if get_origin(kind) is not None:
        return set().union(*(_sections(part) for part in get_args(kind)))
    return set()


def _written(kind: Any, value: Any, found: set[tuple[type, str]]) -> None:
    """Collect which field of which section a tree writes."""
    if isinstance(kind, type) and issubclass(kind, schema.Section):
        hints = get_type_hints(kind)
        for field in msgspec.structs.fields(kind):
            if field.encode_name in value:
                found.add((kind, field.encode_name))
                _written(hints[field.name], value[field.encode_name], found)
        return
    for part in get_args(kind):
        if isinstance(value, Mapping) and get_origin(kind) is dict:
            for item in value.values():
                _written(part, item, found)
        elif isinstance(value, list) and get_origin(kind) is tuple:
            for item in value:
                _written(part, item, found)
        elif get_origin(kind) not in (dict, tuple):
            _written(part, value, found)


def test_the_example_documents_every_key() -> None:
    """Every field of every section stands in config.example.yaml, which loads."""
    load_config(EXAMPLE)
    found: set[tuple[type, str]] = set()
    _written(schema.Config, load_yaml(EXAMPLE).tree, found)
    wanted = {
        (section, field.encode_name)
        for section in _sections(schema.Config)
        for field in msgspec.structs.fields(section)
    }
    # `except` takes the selectors of `match`; they are documented there.
    selectors = {(schema.Selectors, name) for name in schema.Selectors.__struct_fields__}
    assert wanted - found <= selectors
    assert {name for kind, name in found if kind is schema.Match} == {
        field.encode_name for field in msgspec.structs.fields(schema.Match)
    }


@given(text=st.text(st.sampled_from("ab:-[]{}&*!|>'\"%#<? \n\t,\\x01"), max_size=40))
def test_arbitrary_yaml_never_crashes(text: str) -> None:
    """Any text is read, or refused by an error of ours."""
    try:
        parse_yaml(text.encode(), source="c")
    except OrgrootError as error:
        refusal: type[Exception] | None = type(error)
    else:
        refusal = None
    assert refusal in (None, ConfigError)


@given(data=st.binary(max_size=64) | st.text(max_size=64).map(str.encode))
def test_arbitrary_bytes_never_crash(data: bytes) -> None:
    """Any bytes are read, or refused by an error of ours."""
    try:
        document = parse_yaml(data, source="c")
    except ConfigError:
        return
    assert document.line_of(("no", "such", "path")) >= 1


@pytest.mark.parametrize("path", [EXAMPLE, CONTRACT])
def test_their_rules_can_be_published(path: Path) -> None:
    """`rules check` finds no error in the rules of either."""
    config = load_config(path)
    assert config.approvals is not None
    assert config.trust is not None
    now = datetime(2026, 11, 25, tzinfo=UTC)
    assert lint_errors(config.approvals, config.trust.owners, now) == ()
