"""`scp lint`: everything that is wrong or odd with an SCP's text, each with its place.

Errors are what AWS refuses; plans refuse documents that have them.
"""

from collections.abc import Iterable
from typing import Any

from orgroot.core.results import ScpFinding
from orgroot.core.scp_flaws import Flaw, in_order, number_of, numbered
from orgroot.core.scp_grammar import read_scp_text, scp_errors


def lint_errors(text: str, source: str) -> tuple[ScpFinding, ...]:
    """Everything for which AWS would refuse the text, in its order; `source` is its file."""
    return findings(scp_errors(text), text, source)


def findings(flaws: Iterable[Flaw], text: str, source: str) -> tuple[ScpFinding, ...]:
    """Flaws as results show them."""
    sids = _sids(read_scp_text(text).document)
    return tuple(
        ScpFinding(
            file=source,
            line=place.line,
            column=place.column,
            severity=flaw.severity.value,
            code=flaw.code,
            statement=flaw.statement,
            sid=sids.get(flaw.statement or 0),
            message=flaw.message,
            remedy=flaw.remedy,
        )
        for place, flaw in in_order(flaws, text)
    )


def _sids(document: Any) -> dict[int, str]:
    """By number of the statement, the Sids that are texts."""
    statements = numbered(document) if isinstance(document, dict) else ()
    return {
        number_of(path) or 0: statement["Sid"]
        for path, statement in statements
        if isinstance(statement, dict) and isinstance(statement.get("Sid"), str)
    }
