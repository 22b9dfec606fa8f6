"""Service control policies as texts: the grammar and the size that AWS Organizations accepts.

What a policy does is not judged here.
"""

import base64
import binascii
import json
from dataclasses import dataclass

from msgspec import Struct

from orgroot.core.ids import sha256
from orgroot.core.policy_text import parse_policy, statements_in
from orgroot.core.scp_flaws import Flaw, in_order, numbered, said
from orgroot.core.scp_grammar import scp_errors, sent_text
from orgroot.errors import UsageError

_SHOWN = 5
"""Flaws that one refusal spells out."""


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
        UsageError: code `policy`: everything for which AWS would refuse it, and where.
    """
    flaws = scp_errors(text)
    if flaws:
        raise _refused(flaws, text, source)
    document = json.loads(text)
    sids = tuple(str(statement.get("Sid", "")) for _, statement in numbered(document))
    return ScpDocument(text=sent_text(document), sids=sids)


def _refused(flaws: tuple[Flaw, ...], text: str, source: str) -> UsageError:
    """The error that names every flaw, in the order of the text."""
    found = in_order(flaws, text)
    shown = [f"line {place.line}, column {place.column}: {said(flaw)}" for place, flaw in found]
    more = f"; and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return UsageError(
        f"{source}: {'; '.join(shown[:_SHOWN])}{more}", hint=found[0][1].remedy, code="policy"
    )


def same_scp(one: str, other: str) -> bool:
    """Two SCP texts are the same JSON value; a text that is not JSON equals nothing."""
    try:
        values = [json.dumps(json.loads(text), sort_keys=True) for text in (one, other)]
    except (ValueError, RecursionError):
        return False
    return values[0] == values[1]


def allows_something(text: str) -> bool:
    """Some statement of an SCP is an Allow; a text that is no policy allows nothing."""
    try:
        statements = statements_in(parse_policy(text, "policy"), "policy")
    except UsageError:
        return False
    return any(statement.get("Effect") == "Allow" for statement in statements)
