"""Other spellings of a good text: what parsers are known to differ on, made on purpose.

A parser that is strict refuses each of them, or takes the very value that the good text has. Which
of the two is for its tests to say.
"""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from fakes.signer import armor, dearmor
from hypothesis import strategies as st

BOM = "\ufeff".encode()
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+|[{}\[\]:,]|true|false|null')
_BLANKS = (b" ", b"\t", b"\n", b"\r", b"\r\n", b"\x0b", b"\x00", BOM)
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class Pairs(list[tuple[str, Any]]):
    """A JSON object or YAML mapping as it is written: keys may stand twice, in any order."""


def pairs_of(tree: Any) -> Any:
    """A tree with `Pairs` for its dictionaries."""
    match tree:
        case dict():
            return Pairs((key, pairs_of(value)) for key, value in tree.items())
        case list():
            return [pairs_of(value) for value in tree]
        case _:
            return tree


def mappings(tree: Any) -> Iterator[Pairs]:
    """Every mapping in a tree."""
    if isinstance(tree, Pairs):
        yield tree
    for item in tree if isinstance(tree, list) else ():
        yield from mappings(item[1] if isinstance(tree, Pairs) else item)


def written(tree: Any, *, indent: int | None, level: int = 1) -> str:
    """A tree as JSON, as the standard library would lay it out, whatever stands twice in it."""
    if not isinstance(tree, list) or not tree:
        return "{}" if isinstance(tree, Pairs) else json.dumps(tree)
    colon = ":" if indent is None else ": "
    inner = [
        f"{json.dumps(item[0])}{colon}{written(item[1], indent=indent, level=level + 1)}"
        if isinstance(tree, Pairs)
        else written(item, indent=indent, level=level + 1)
        for item in tree
    ]
    near, far = ("", "") if indent is None else (_line(indent, level - 1), _line(indent, level))
    opened, closed = "{}" if isinstance(tree, Pairs) else "[]"
    return f"{opened}{far}{f',{far}'.join(inner)}{near}{closed}"


def _line(indent: int, level: int) -> str:
    return "\n" + " " * indent * level


@st.composite
def json_spelling(draw: st.DrawFn, goods: Sequence[bytes], indent: int | None) -> bytes:
    """Another spelling of one of these texts, which have the layout of `indent`."""
    good = draw(st.sampled_from(goods))
    kind = draw(st.sampled_from(("rewritten", "blank", "number", "escape", "around", "encoding")))
    match kind:
        case "rewritten":
            return _rewritten(draw, good, indent)
        case "blank":
            at = draw(st.sampled_from([found.start() for found in _TOKEN.finditer(good)]))
            return good[:at] + draw(st.sampled_from(_BLANKS)) + good[at:]
        case "number":
            return _other_number(draw, good)
        case "escape":
            return _escaped(draw, good)
        case "around":
            other = (BOM + good, good[:-1], good[:-1] + b"\r\n", b"\n" + good, good + good)
            behind = tuple(good + more for more in (*_BLANKS, b"{}", b",", b"//", b"\x1a"))
            return draw(st.sampled_from((*other, *behind)))
        case _:
            text = good.decode()
            codecs = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig")
            return draw(st.sampled_from([text.encode(codec) for codec in codecs]))


def _rewritten(draw: st.DrawFn, good: bytes, indent: int | None) -> bytes:
    """Members of one object in another order, or one of them twice."""
    tree = json.loads(good, object_pairs_hook=Pairs)
    assert (written(tree, indent=indent) + "\n").encode() == good
    mapping = draw(st.sampled_from([found for found in mappings(tree) if found]))
    twice, rest = draw(st.sampled_from(mapping)), draw(st.booleans())
    value = twice[1] if draw(st.booleans()) else draw(st.sampled_from((None, 0, "", "x", [])))
    if rest and len(mapping) > 1:
        mapping.append(mapping.pop(draw(st.integers(0, len(mapping) - 2))))
    else:
        mapping.insert(draw(st.integers(0, len(mapping))), (twice[0], value))
    return (written(tree, indent=indent) + "\n").encode()


def _other_number(draw: st.DrawFn, good: bytes) -> bytes:
    """A number in another form of the same value, or one that JSON does not have."""
    numbers = [found for found in _TOKEN.finditer(good) if found[0][:1].isdigit()]
    found = draw(st.sampled_from(numbers))
    forms = (b"%s.0", b"%se0", b"%sE+0", b"0%s", b"+%s", b"%s.", b"0x%s")
    nonsense = (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 400)
    other = draw(st.sampled_from((*(form % found[0] for form in forms), *nonsense)))
    return good[: found.start()] + other + good[found.end() :]


def _escaped(draw: st.DrawFn, good: bytes) -> bytes:
    """A letter of a text as an escape, or an escape in another spelling."""
    texts = [found for found in _TOKEN.finditer(good) if len(found[0].replace(b"\\", b"")) > 2]
    found = draw(st.sampled_from(texts))
    letters = re.finditer(rb"\\u[0-9a-f]{4}|\\.|[^\\]", found[0][1:-1])
    letter = draw(st.sampled_from(list(letters)))
    code = json.loads(b'"' + letter[0] + b'"')
    forms = [
        f"\\u{ord(code):04x}",
        f"\\u{ord(code):04X}",
        f"\\U{ord(code):08x}",
        f"\\x{ord(code):02x}",
    ]
    forms += [code] if letter[0][:1] == b"\\" and code.isprintable() else []
    forms += ["\\/"] if code == "/" else []
    other = draw(st.sampled_from([form for form in forms if form.encode() != letter[0]]))
    at = found.start() + 1
    return good[: at + letter.start()] + other.encode() + good[at + letter.end() :]


@st.composite
def base64_spelling(draw: st.DrawFn, lines: Sequence[str]) -> list[str]:
    """Other lines for the same base64: padding, unused bits, alphabet."""
    text = "".join(lines)
    bare = text.rstrip("=")
    digit = _BASE64.index(bare[-1])
    unused = {2: 16, 1: 4, 0: 1}[len(text) - len(bare)]
    other = [
        bare,
        bare + "=" * (len(text) - len(bare) + draw(st.integers(1, 4))),
        "=" + text,
        text.translate(str.maketrans("+/", "-_")) + "-_",
    ]
    if unused > 1:
        last = _BASE64[digit ^ draw(st.integers(1, unused - 1))]
        other.append(bare[:-1] + last + text[len(bare) :])
    found = draw(st.sampled_from([each for each in other if each != text]))
    width = len(lines[0])
    return [found[i : i + width] for i in range(0, len(found), width)]


@st.composite
def armor_spelling(draw: st.DrawFn, armored: str) -> str:
    """Another text for an armored signature."""
    begin, *inner, end, _ = armored.split("\n")
    match draw(st.integers(0, 4)):
        case 0:
            return "\n".join((begin, *draw(base64_spelling(inner)), end, ""))
        case 1:
            text, width = "".join(inner), draw(st.integers(1, 200).filter(lambda n: n != 70))
            cut = [text[i : i + width] for i in range(0, len(text), width)]
            return "\n".join((begin, *cut, end, ""))
        case 2:
            at = draw(st.integers(0, len(armored)))
            blank = draw(st.sampled_from((" ", "\t", "\r", "\n", "\r\n", "\0", "\ufeff", "\u2028")))
            return armored[:at] + blank + armored[at:]
        case 3:
            return draw(st.sampled_from((armored[:-1], armored.replace("\n", "\r\n"), armored * 2)))
        case _:
            return _lengthened(draw, dearmor(armored))


def _lengthened(draw: st.DrawFn, blob: bytes) -> str:
    """One of the strings in a signature longer or shorter by a byte, or bytes behind them all."""
    at, places = 10, []
    while at < len(blob):
        size = int.from_bytes(blob[at : at + 4], "big")
        places.append((at, size))
        at += 4 + size
    start, size = draw(st.sampled_from(places))
    inside = blob[start + 4 : start + 4 + size]
    others = [inside + b"\0", b"\0" + inside, inside[:-1]] if inside else [b"\0"]
    other = draw(st.sampled_from(others))
    again = blob[:start] + len(other).to_bytes(4, "big") + other + blob[start + 4 + size :]
    return armor(draw(st.sampled_from((again, blob + b"\0", blob[:-1]))))


def block_lines(pasted: bytes) -> tuple[list[str], list[str]]:
    """The lines of a block up to its signature without the first one, and the rest."""
    lines = pasted.decode().splitlines()
    at = lines.index("-----BEGIN SSH SIGNATURE-----")
    assert base64.b64decode("".join(lines[1:at]))
    return lines[1:at], lines[at:]
