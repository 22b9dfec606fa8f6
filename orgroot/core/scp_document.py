"""Service control policies as texts: the grammar and the size that AWS Organizations accepts.

Organizations user guide, "SCP syntax" and "Quotas". What a policy does is not judged here.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from orgroot.core.ids import sha256
from orgroot.core.policy_text import bad_policy, parse_policy, statements_in, texts

MAX_CHARACTERS = 10_240
"""The largest SCP, in characters as sent, white space included (quota of 2026-05-15)."""

_VERSION = "2012-10-17"
_SID = re.compile(r"[A-Za-z0-9]*")
_ACTION = re.compile(r"\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?_-]+")
_ELEMENTS = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)


class PolicyText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy text as plans carry it: base64, SHA-256 of the exact bytes, and its length.

    Raises:
        ValueError: the three do not agree.
    """

    b64: str
    sha256: str
    characters: int

    def __post_init__(self) -> None:
        try:
            data = base64.b64decode(self.b64, validate=True)
            characters = len(data.decode())
        except (binascii.Error, ValueError) as error:
            raise ValueError("b64 is not base64 of UTF-8 text") from error
        if sha256(data) != self.sha256 or characters != self.characters:
            raise ValueError("sha256 or characters do not belong to b64")

    @property
    def text(self) -> str:
        """The text itself."""
        return base64.b64decode(self.b64).decode()


def policy_text(text: str) -> PolicyText:
    """Wrap a policy text for a plan."""
    data = text.encode()
    return PolicyText(
        b64=base64.b64encode(data).decode("ascii"), sha256=sha256(data), characters=len(text)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpDocument:
    """An SCP that AWS would accept.

    Attributes:
        text: as it is sent: minified, for AWS counts white space and the API keeps it.
        sids: of each statement, in order; empty where it has none.
    """

    text: str
    sids: tuple[str, ...]

    @property
    def characters(self) -> int:
        """The size as AWS counts it."""
        return len(self.text)


def parse_scp(text: str, source: str) -> ScpDocument:
    """Check an SCP; `source` (its file) is named in errors.

    Raises:
        UsageError: code `policy`: what AWS would refuse, and why.
    """
    document = parse_policy(text, source)
    unknown = document.keys() - {"Version", "Statement"}
    if unknown:
        raise bad_policy(source, f"an SCP has no element {min(unknown)}")
    if document.get("Version") != _VERSION:
        raise bad_policy(source, f'write "Version": "{_VERSION}"')
    statements = statements_in(document, source)
    for number, statement in enumerate(statements, 1):
        problem = _problem(statement)
        if problem:
            raise bad_policy(source, f"Statement {number}: {problem}")
    sids = tuple(str(statement.get("Sid", "")) for statement in statements)
    named = [sid for sid in sids if sid]
    if len(set(named)) != len(named):
        raise bad_policy(source, "two statements have the same Sid")
    sent = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    if not _sendable(sent):
        raise bad_policy(source, "it holds characters beyond Latin-1, which IAM does not accept")
    if len(sent) > MAX_CHARACTERS:
        size = f"{len(sent):,} characters without white space, and AWS takes {MAX_CHARACTERS:,}"
        raise bad_policy(source, f"too large: {size}; split it in two")
    return ScpDocument(text=sent, sids=sids)


def same_scp(one: str, other: str) -> bool:
    """Two SCP texts are the same JSON value; a text that is not JSON equals nothing."""
    try:
        same: bool = json.loads(one) == json.loads(other)
    except (ValueError, RecursionError):
        return False
    return same


def _sendable(text: str) -> bool:
    return all(character <= "\xff" for character in text)


def _problem(statement: Mapping[str, Any]) -> str:
    """What AWS would refuse in a statement; empty: nothing."""
    for element in ("Principal", "NotPrincipal"):
        if element in statement:
            return f"an SCP has no {element}: it binds every principal of its targets"
    unknown = statement.keys() - _ELEMENTS
    if unknown:
        return f"an SCP has no element {min(unknown)}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return "Effect must be Allow or Deny"
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or _SID.fullmatch(sid) is None:
        return f"Sid {sid!r} is not made of letters and digits"
    if not isinstance(statement.get("Condition", {}), dict):
        return "Condition must be an object"
    return _one_of(statement, "Action") or _one_of(statement, "Resource") or _actions(statement)


def _one_of(statement: Mapping[str, Any], element: str) -> str:
    present = [name for name in (element, f"Not{element}") if name in statement]
    if len(present) != 1:
        return f"exactly one of {element} and Not{element} is needed"
    return "" if texts(statement[present[0]]) else f"{present[0]} is empty"


def _actions(statement: Mapping[str, Any]) -> str:
    listed = texts(statement.get("Action", statement.get("NotAction")))
    wrong = [action for action in listed if _ACTION.fullmatch(action) is None]
    return f"{wrong[0]!r} is not an action as service:Name" if wrong else ""
