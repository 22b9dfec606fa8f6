"""What is signed and stored has one spelling: every other one of the same is refused.

`test_parsers` mangles texts at random. Here Hypothesis writes a good text anew in each way that
parsers are known to differ on: keys twice or in another order, blanks, numbers, escapes, base64,
line ends, encodings, and bytes behind.
"""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.audit_log import check_fact_object
from orgroot.core.codec import canonical, decode_record, parse_canonical
from orgroot.core.config import parse_config
from orgroot.core.pasted import block_of, pair_of
from orgroot.core.public_keys import parse_public_key
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.sshsig import verify
from orgroot.core.statements import from_text
from orgroot.errors import ConfigError, IntegrityError, OrgrootError
from orgroot.local.yaml_file import parse_yaml
from tests.core import config_trees, every_type
from tests.core import other_spellings as o
from tests.core import scene as s

LOG = every_type.story()
BODIES = [decode_record(raw).body.encode() for raw in LOG.raws]
SURVEY = LOG.state.executions[LOG.survey("alice")]
LOG.fact_object(SURVEY.id, 1, s.issued(policy=TaskPolicy.AUDIT))
FACT = LOG.store[f"facts/{SURVEY.seq}/1.json"]
OBJECT = canonical({"a": [1, None, "x/\u00e9"], "b": {}, "c": {"d": True, "e": 7}})
APPROVAL = next(r for r in map(decode_record, LOG.raws) if '"type": "approval"' in r.body)
ARMORED = APPROVAL.sigs[0].sig
BLOCK = block_of(APPROVAL.body.encode(), ARMORED)
TREE = config_trees.whole()


@given(o.json_spelling(BODIES, 2))
def test_a_statement_has_one_spelling(text: bytes) -> None:
    """No other text is the statement, of whatever type."""
    assert text not in BODIES
    with pytest.raises(IntegrityError):
        from_text(text)


@given(o.json_spelling(LOG.raws, None))
def test_a_record_has_one_spelling(raw: bytes) -> None:
    """No other bytes are the record, of whatever type."""
    assert raw not in LOG.raws
    with pytest.raises(IntegrityError):
        decode_record(raw)


@given(o.json_spelling([FACT], None))
def test_a_fact_beside_the_log_has_one_spelling(raw: bytes) -> None:
    """No other bytes are the fact."""
    check_fact_object(SURVEY, FACT)
    with pytest.raises(IntegrityError):
        check_fact_object(SURVEY, raw)


@given(o.json_spelling([OBJECT], None))
def test_an_object_has_one_spelling(raw: bytes) -> None:
    """No other bytes are the object."""
    with pytest.raises(IntegrityError):
        parse_canonical(raw)


@given(o.armor_spelling(ARMORED))
def test_a_signature_has_one_spelling(armored: str) -> None:
    """No other text is the signature: width, line ends, unused bits, strings inside."""
    key = parse_public_key(APPROVAL.sigs[0].key or "")
    verify(ARMORED, APPROVAL.body.encode(), namespace="orgroot-approval-v1", key=key)
    with pytest.raises(IntegrityError):
        verify(armored, APPROVAL.body.encode(), namespace="orgroot-approval-v1", key=key)


@given(data=st.data())
def test_a_pasted_statement_has_one_base64(data: st.DataObject) -> None:
    """Padding, unused bits and alphabet are as written; else the block is refused."""
    inner, rest = o.block_lines(BLOCK.encode())
    other = data.draw(o.base64_spelling(inner))
    with pytest.raises(IntegrityError):
        pair_of("\n".join((BLOCK.splitlines()[0], *other, *rest, "")).encode())


CHAT = ("\r", " ", "\t", " \t\r")


@given(data=st.data())
def test_a_chat_changes_nothing_or_all(data: st.DataObject) -> None:
    """Whatever a chat did to a block, its pair comes out byte for byte, or nothing does."""
    lines = BLOCK.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        extra = data.draw(st.sampled_from(("", "```", ">", "> ", "\ufeff", "\u00a0", *CHAT)))
        match data.draw(st.integers(0, 3)):
            case 0:
                lines[at] += extra
            case 1:
                lines[at] = extra + lines[at]
            case 2:
                lines.insert(at, extra)
            case _:
                lines = [f"{extra}{line}" for line in lines]
    end = data.draw(st.sampled_from(("\n", "\r\n", "\r", "\n\n")))
    try:
        pair = pair_of(end.join((*lines, "")).encode())
    except OrgrootError:
        return
    assert pair[0] == APPROVAL.body.encode()
    key = parse_public_key(APPROVAL.sigs[0].key or "")
    if pair[1] != ARMORED:
        with pytest.raises(IntegrityError):
            verify(pair[1], pair[0], namespace="orgroot-approval-v1", key=key)


# --- YAML ----------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Writes `Pairs` as they are."""

    def ignore_aliases(self, _data: Any) -> bool:
        """What stands twice is written twice."""
        return True


_Dumper.add_representer(
    o.Pairs, lambda dumper, pairs: dumper.represent_mapping("tag:yaml.org,2002:map", pairs)
)


@st.composite
def layouts(draw: st.DrawFn, tree: Any) -> bytes:
    """A tree as YAML in some layout."""
    text: str = yaml.dump(
        tree,
        Dumper=_Dumper,
        default_flow_style=draw(st.sampled_from((True, False, None))),
        default_style=draw(st.sampled_from((None, "'", '"'))),
        width=draw(st.integers(20, 200)),
        indent=draw(st.integers(2, 9)),
        allow_unicode=draw(st.booleans()),
        explicit_start=draw(st.booleans()),
        line_break=draw(st.sampled_from(("\n", "\r\n"))),
        sort_keys=False,
    )
    return draw(st.sampled_from((b"", o.BOM))) + text.encode()


@given(layouts(o.pairs_of(TREE)))
def test_any_layout_of_a_configuration_is_the_same(data: bytes) -> None:
    """Quotes, flow, folding, CRLF and a BOM are layout; the texts in it are as they were."""
    assert parse_yaml(data, source="c").tree == TREE


@given(data=st.data())
def test_a_key_that_stands_twice_is_refused(data: st.DataObject) -> None:
    """In every mapping, in every layout, wherever the second one stands and whatever it says."""
    tree = o.pairs_of(TREE)
    mapping = data.draw(st.sampled_from([found for found in o.mappings(tree) if found]))
    key, value = data.draw(st.sampled_from(mapping))
    value = data.draw(st.sampled_from((value, "x", [])))
    mapping.insert(data.draw(st.integers(0, len(mapping))), (key, value))
    with pytest.raises(ConfigError, match="stands here twice") as caught:
        parse_yaml(data.draw(layouts(tree)), source="c")
    assert caught.value.line


LOOKS = {
    "a": "\u0430",
    "e": "\u0435",
    "o": "\u03bf",
    "i": "\u0131",
    "s": "\u017f",
    "k": "\u212a",
    "_": "\uff3f",
}
"""Letters that look alike, or that a normalisation makes the same."""


@given(data=st.data())
def test_a_key_that_only_looks_right_is_refused(data: st.DataObject) -> None:
    """Other letters, accents, blanks and cases make another key: unknown, never left out."""
    tree = o.pairs_of(TREE)
    mapping = data.draw(st.sampled_from([tree, tree[1][1], tree[2][1], tree[3][1]]))
    at = data.draw(st.integers(0, len(mapping) - 1))
    key = mapping[at][0]
    likes = [key.replace(old, new, 1) for old, new in LOOKS.items() if old in key]
    others = (key + "\u0301", key + "\u200b", f" {key}", f"{key}\u00a0", key.upper(), key.title())
    other = data.draw(st.sampled_from([*likes, *others]))
    mapping[at] = (other, mapping[at][1])
    with pytest.raises(ConfigError):
        parse_config(parse_yaml(data.draw(layouts(tree)), source="c").tree)


PLAIN = ("NaN", ".nan", "-.inf", "1e3", "0o17", "017", "0x1f", "1_000", "yes", "~", "null", "1:30")


@given(st.lists(st.sampled_from((*PLAIN, "2001-01-01", "=", "9" * 60)), min_size=1, max_size=4))
def test_a_plain_scalar_is_the_text_that_stands_there(scalars: list[str]) -> None:
    """No number, date, truth or nothing is made of a text before the schema asks for one."""
    text = "a: [" + ", ".join(scalars) + "]\n"
    assert parse_yaml(text.encode(), source="c").tree == {"a": scalars}


@given(data=st.data())
def test_what_yaml_adds_to_values_is_refused(data: st.DataObject) -> None:
    """Anchors, aliases, tags, merge keys, directives and further documents, at any scalar."""
    lines = yaml.dump(TREE, sort_keys=False, default_flow_style=False).splitlines()
    scalars = [n for n, line in enumerate(lines) if ": " in line and not line.endswith(("|", ">"))]
    at = data.draw(st.sampled_from(scalars))
    head, _, value = lines[at].partition(": ")
    odd = (
        "&a %s",
        "*a",
        "!!str %s",
        "!x %s",
        "! %s",
        "!<tag:yaml.org,2002:str> %s",
        "{<<: {b: c}}",
    )
    indent = " " * (len(head) - len(head.lstrip(" -")))
    form = data.draw(st.sampled_from((*odd, "merge", "document", "directive")))
    match form:
        case "merge":
            lines.insert(
                at, f"{indent}<<: {{b: c}}" if not head.lstrip().startswith("-") else "<<: x"
            )
        case "document":
            lines += ["---", "version: 1"]
        case "directive":
            lines = [
                "%TAG ! tag:x,2000:",
                "---",
                *lines[:at],
                f"{head}: !y {value}",
                *lines[at + 1 :],
            ]
        case _:
            lines[at] = f"{head}: {form.replace('%s', value)}"
    with pytest.raises(ConfigError):
        parse_config(parse_yaml("\n".join(lines).encode(), source="c").tree)
