"""The grammar of SCPs: everything for which AWS Organizations refuses a document.

Organizations user guide, "SCP syntax" (the full IAM language since September 2025, but for
principals) and "Quotas". What AWS accepts and means is not judged here. Records of the log are
read with it: it must know no more than the text.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orgroot.core.conditions import OPERATORS
from orgroot.core.json_places import Path, Place, locate
from orgroot.core.policy_text import MAX_DEPTH, not_json_hint, require_shallow
from orgroot.core.scp_flaws import STATEMENT, Flaw, Severity, error, items, numbered

MAX_CHARACTERS = 10_240
"""The largest SCP, in characters as sent, white space included (quota of 2026-05-15)."""

VERSION = "2012-10-17"
_SID = re.compile(r"[A-Za-z0-9]*")
_ACTION = re.compile(r"\*|(\*|[A-Za-z0-9-]+):[A-Za-z0-9*?_-]+")
_RESOURCE = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+|arn:.*\*", re.DOTALL)
_SET = re.compile(r"(forallvalues|foranyvalue):", re.IGNORECASE)
_ELEMENTS = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A text read as JSON.

    Attributes:
        document: its value; None also where it cannot be read.
        flaws: why it cannot be read, or what two readers would understand differently.
        readable: it is JSON.
    """

    document: Any
    flaws: tuple[Flaw, ...]
    readable: bool = True


def read_scp_text(text: str) -> Reading:
    """Read a text; what it says is not looked at."""
    repeats: list[str] = []

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        document = dict(members)
        if len(document) != len(members):
            repeats.append("a key")
        return document

    try:
        document = json.loads(text, object_pairs_hook=pairs, parse_constant=_no_constant)
        require_shallow(document, MAX_DEPTH)
    except json.JSONDecodeError as problem:
        place = Place(problem.lineno, problem.colno)
        flaw = _unreadable(problem.msg, place, text)
        return Reading(document=None, flaws=(flaw,), readable=False)
    except (ValueError, RecursionError) as problem:
        flaw = _unreadable(str(problem), Place(1, 1), text)
        return Reading(document=None, flaws=(flaw,), readable=False)
    return Reading(document=document, flaws=tuple(_repeated(text)) if repeats else ())


def scp_errors(text: str) -> tuple[Flaw, ...]:
    """Everything for which AWS would refuse the text."""
    reading = read_scp_text(text)
    found = grammar(reading.document) if reading.readable else ()
    return (*reading.flaws, *found)


def grammar(document: Any) -> Iterator[Flaw]:
    """Everything for which AWS would refuse a document that is JSON."""
    if not isinstance(document, dict):
        yield error("shape", (), "it is not a JSON object", _DOCUMENT)
        return
    yield from _document(document)
    statements = list(numbered(document))
    for path, statement in statements:
        if isinstance(statement, dict):
            yield from _statement(path, statement)
        else:
            words = f"it is not a JSON object but {statement!r:.40}"
            yield error("shape", path, words, _DOCUMENT)
    yield from _sids(statements)
    yield from _size(sent_text(document))


def sent_text(document: Any) -> str:
    """A document as orgroot sends it: without white space, which AWS counts."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


_DOCUMENT = 'write {"Version": "2012-10-17", "Statement": [{"Effect": …, "Action": …}]}'


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _unreadable(words: str, place: Place, text: str) -> Flaw:
    return Flaw(
        code="json",
        severity=Severity.ERROR,
        path=(),
        message=f"not JSON: {words}",
        remedy=not_json_hint(text),
        place=place,
    )


def _repeated(text: str) -> Iterator[Flaw]:
    for path, place in locate(text).repeated:
        yield Flaw(
            code="duplicate-key",
            severity=Severity.ERROR,
            path=path,
            message=f"{path[-1]} stands twice in one object",
            remedy="keep one: readers differ in which of the two they believe",
            place=place,
        )


def _document(document: Mapping[str, Any]) -> Iterator[Flaw]:
    for name in document.keys() - {"Version", STATEMENT}:
        yield error("element", (name,), f"an SCP has no element {name}", "take it out")
    if document.get("Version") != VERSION:
        said = f"Version is {document['Version']!r}" if "Version" in document else "no Version"
        yield error("version", ("Version",), said, f'write "Version": "{VERSION}"')
    if document.get(STATEMENT) in (None, []):
        yield error("statement", (STATEMENT,), "it has no Statement", "add one, or no policy")


def _statement(path: Path, statement: Mapping[str, Any]) -> Iterator[Flaw]:
    for name in statement.keys() - set(_ELEMENTS):
        yield _foreign((*path, name), name)
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield error("effect", (*path, "Effect"), "Effect must be Allow or Deny", _SPELLING)
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or _SID.fullmatch(sid) is None:
        words = f"Sid {sid!r:.80} is not made of letters and digits"
        yield error("sid", (*path, "Sid"), words, "use A-Z, a-z and 0-9 alone, no blanks")
    yield from _one_of(path, statement, "Action", _ACTION)
    yield from _one_of(path, statement, "Resource", _RESOURCE)
    if "Condition" in statement:
        yield from _condition((*path, "Condition"), statement["Condition"])


_SPELLING = "element names and Effect are spelled exactly, capitals included"


def _foreign(path: Path, name: str) -> Flaw:
    if name in {"Principal", "NotPrincipal"}:
        words = f"an SCP has no {name}: it binds every principal of its targets"
        return error("principal", path, words, "use a condition on aws:PrincipalArn")
    near = next((known for known in _ELEMENTS if known.lower() == name.lower().rstrip("s")), None)
    remedy = f"write {near}" if near else "take it out"
    return error("element", path, f"an SCP has no element {name}", remedy)


def _one_of(
    path: Path, statement: Mapping[str, Any], element: str, pattern: re.Pattern[str]
) -> Iterator[Flaw]:
    code = element.lower()
    present = [name for name in (element, f"Not{element}") if name in statement]
    if len(present) != 1:
        words = f"exactly one of {element} and Not{element} is needed"
        yield error(code, (*path, *present[1:]), words, _NEEDED[element])
        return
    inner = (*path, present[0])
    listed = list(items(inner, statement[present[0]]))
    if not listed:
        yield error(code, inner, f"{present[0]} is empty", _NEEDED[element])
    for place, value in listed:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            yield error(code, place, f"{value!r:.200} is not {_FORMS[element]}", _NEEDED[element])


_FORMS = {"Action": "an action as service:Name", "Resource": "* or an ARN"}
_NEEDED = {
    "Action": "write * or service:Name; the name may hold * and ?, the service may not",
    "Resource": "write *, or an ARN in six parts: arn:partition:service:region:account:resource",
}


def _condition(path: Path, block: Any) -> Iterator[Flaw]:
    if not isinstance(block, dict):
        yield error("condition", path, "Condition must be an object", _CONDITION)
        return
    for operator, keys in block.items():
        inner = (*path, operator)
        if not is_operator(operator):
            yield _no_operator(inner, operator)
        elif not isinstance(keys, dict) or not keys:
            yield error("condition", inner, f"{operator} names no condition key", _CONDITION)
        else:
            for key, values in keys.items():
                yield from _values((*inner, key), values)


_CONDITION = 'write "Condition": {"OPERATOR": {"KEY": ["VALUE"]}}'


def is_operator(name: str) -> bool:
    """Whether a condition operator is one; its case does not matter."""
    bare = _SET.sub("", name.lower(), count=1)
    return bare == "null" or bare.removesuffix("ifexists") in OPERATORS - {"null"}


def _no_operator(path: Path, name: str) -> Flaw:
    if name.lower().endswith("nullifexists"):
        words = f"{name} is no condition operator: Null asks whether the key is there"
        return error("operator", path, words, "write Null")
    words = f"{name!r:.80} is no condition operator"
    return error("operator", path, words, "IAM's operators are StringEquals, ArnLike, Bool, …")


def _values(path: Path, values: Any) -> Iterator[Flaw]:
    for place, value in items(path, values):
        if not isinstance(value, str | int | float):  # a bool is an int
            words = f"a condition's value is a text, and this is {value!r:.40}"
            yield error("condition", place, words, _CONDITION)


def _sids(statements: list[tuple[Path, Any]]) -> Iterator[Flaw]:
    seen: set[str] = set()
    for path, statement in statements:
        sid = statement.get("Sid") if isinstance(statement, dict) else None
        if not isinstance(sid, str) or not sid:
            continue
        if sid in seen:
            words = f"two statements have the same Sid {sid}"
            yield error("sid", (*path, "Sid"), words, "give each statement a name of its own")
        seen.add(sid)


def _size(sent: str) -> Iterator[Flaw]:
    if not all(character <= "\xff" for character in sent):
        words = "it holds characters beyond Latin-1, which IAM does not accept"
        yield error("characters", (), words, "write it in ASCII")
    if len(sent) > MAX_CHARACTERS:
        over = len(sent) - MAX_CHARACTERS
        words = (
            f"too large: {len(sent):,} characters without white space, and AWS takes "
            f"{MAX_CHARACTERS:,}"
        )
        yield error("size", (), words, f"split it in two, or save {over:,} characters")
