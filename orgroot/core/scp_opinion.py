"""What IAM Access Analyzer's ValidatePolicy says of an SCP, as flaws: a second opinion.

It finds what a grammar cannot, and one of its errors is out of date: wildcards may stand anywhere
in an action since September 2025.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from orgroot.core.json_places import Path
from orgroot.core.scp_flaws import Flaw, Severity

STALE = "SCP_SYNTAX_ERROR_ACTION_WILDCARD"
"""Still an error there ("Access Analyzer policy check reference"), taken by Organizations."""

SECOND_OPINION = "access-analyzer/"
"""What the codes of its findings begin with."""

_SEVERITIES = {"ERROR": Severity.ERROR, "SUGGESTION": Severity.ADVICE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One finding of ValidatePolicy.

    Attributes:
        kind: `ERROR`, `SECURITY_WARNING`, `WARNING` or `SUGGESTION`.
        code: AWS's name of it.
        details: AWS's words.
        link: where AWS says more.
        path: where in the document.
    """

    kind: str
    code: str
    details: str
    link: str
    path: Path


def flaws_of(opinions: Iterable[Opinion]) -> tuple[Flaw, ...]:
    """The findings as flaws; the stale error is advice."""
    return tuple(
        Flaw(
            code=f"{SECOND_OPINION}{opinion.code}",
            severity=Severity.ADVICE
            if opinion.code == STALE
            else _SEVERITIES.get(opinion.kind, Severity.WARNING),
            path=opinion.path,
            message=f"Access Analyzer: {opinion.details}",
            remedy=_NO_LONGER if opinion.code == STALE else f"see {opinion.link}",
        )
        for opinion in opinions
    )


_NO_LONGER = "Organizations takes it since September 2025: this check of Access Analyzer is older"
