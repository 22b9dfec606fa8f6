"""What the closing fact of an account says: a word, and behind it details as canonical JSON.

The word is for people and for counting; the details let a later command show what was found
without asking AWS again. Texts that this version does not understand have no details, never wrong
ones.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from orgroot.core.codec import canonical, parse_canonical
from orgroot.core.results import DeniedBy
from orgroot.errors import IntegrityError, OutcomeUnknown

_MAX_REASON = 500
"""Characters of a reason that the log keeps: AWS's messages are longer only by what they repeat."""


class UnknownInPart(OutcomeUnknown):
    """Of some accounts nobody can say what happened; what became of the others is on record."""


def outcome_text(word: str, details: Mapping[str, Any] | None = None) -> str:
    """The text for `Run.close`."""
    if not details:
        return word
    return f"{word} {canonical(dict(details)).decode('ascii').rstrip()}"


def parse_outcome(text: str) -> tuple[str, dict[str, Any]]:
    """The word and the details of a closing fact."""
    word, _, rest = text.partition(" ")
    if not rest:
        return word, {}
    try:
        details = parse_canonical(f"{rest}\n".encode())
    except IntegrityError:
        return word, {}
    return word, details if isinstance(details, dict) else {}


def reason_details(reason: str, denied_by: DeniedBy | None) -> dict[str, Any]:
    """A reason and who denied, as details."""
    return {
        "reason": reason[:_MAX_REASON],
        "denied_by": None if denied_by is None else msgspec.to_builtins(denied_by),
    }


def denied_by_of(details: Mapping[str, Any]) -> DeniedBy | None:
    """Who denied, from details."""
    try:
        return msgspec.convert(details.get("denied_by"), DeniedBy | None)
    except msgspec.ValidationError:
        return None
