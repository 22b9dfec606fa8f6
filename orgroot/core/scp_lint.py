"""`scp lint`: everything that is wrong or odd with an SCP's text, each with its place.

Errors are what AWS refuses; `parse_scp`, and so every plan, refuses documents that have them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from orgroot.core.json_places import Path, place_at
from orgroot.core.results import ScpFinding, ScpLintFile
from orgroot.core.scp_flaws import (
    Flaw,
    advice,
    in_order,
    number_of,
    statements_in,
    warning,
)
from orgroot.core.scp_grammar import (
    MAX_CHARACTERS,
    read_scp_text,
    scp_errors,
    sent_text,
)
from orgroot.core.scp_lockout import Scp
from orgroot.core.scp_never import never_matching
from orgroot.core.scp_overlap import covered_statements, empty_conditions
from orgroot.core.scp_reach import narrowed, stopped_own_calls, stopped_root_tasks
from orgroot.core.scp_statement import parse_statements
from orgroot.core.scp_template import BRACKETED, PLACEHOLDER, filled_in
from orgroot.core.scp_vocabulary import Vocabulary, unknown_actions, unknown_keys

IGNORABLE = frozenset(
    {
        "action-matches-nothing",
        "allow-list",
        "may-stop-root-task",
        "never-matches",
        "no-full-access",
        "no-sid",
        "no-such-principal",
        "not-an-action",
        "not-ascii",
        "placeholder",
        "root-deny",
        "stops-orgroot",
        "stops-root-task",
        "template",
        "unknown-action",
        "unknown-key",
        "unknown-service",
        "value-form",
        "white-space",
        "wildcard-as-text",
    }
)
"""The codes of warnings and advice: AWS takes the document all the same."""


def lint(text: str, source: str, vocabulary: Vocabulary) -> tuple[ScpFinding, ...]:
    """Everything wrong or odd about the text, in its order; `source` is its file."""
    document = read_scp_text(text).document
    errors = [flaw for flaw in scp_errors(text) if not _of_template(flaw, document)]
    odd = [
        *_style(document, text),
        *unknown_actions(document, vocabulary),
        *unknown_keys(document, vocabulary),
    ]
    meant = () if errors else _meaning(document, text, source)
    return findings((*errors, *odd, *meant), text, source)


def sizes(text: str, source: str) -> ScpLintFile:
    """How large a text is, as it stands in its file and as orgroot sends it."""
    reading = read_scp_text(text)
    sent = len(sent_text(reading.document)) if reading.readable else None
    return ScpLintFile(
        file=source,
        written=len(text),
        characters=sent,
        left=None if sent is None else MAX_CHARACTERS - sent,
    )


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
    return {
        number_of(path) or 0: statement["Sid"]
        for path, statement in statements_in(document)
        if isinstance(statement.get("Sid"), str)
    }


def _meaning(document: Any, text: str, source: str) -> Iterator[Flaw]:
    """What a document does that AWS would take."""
    yield from never_matching(document)
    yield from empty_conditions(document)
    yield from covered_statements(document)
    filled, _ = filled_in(text)
    statements = parse_statements(filled, source)
    yield from stopped_root_tasks(statements, filled)
    yield from stopped_own_calls(statements)
    yield from narrowed(Scp(name=source, statements=statements))


def _style(document: Any, text: str) -> Iterator[Flaw]:
    statements = tuple(statements_in(document))
    if not statements:
        return
    for path, statement in statements:
        if not statement.get("Sid"):
            words = "it has no Sid: nobody can name what denied them"
            yield advice("no-sid", path, words, "give each statement a name of its own")
    compact = sent_text(document)
    sent = len(compact)
    if sent <= MAX_CHARACTERS < len(text):
        words = f"as written it has {len(text):,} characters, and AWS takes {MAX_CHARACTERS:,}"
        yield advice(
            "white-space", (), words, f"send it without white space ({sent:,}); orgroot does"
        )
    if not compact.isascii():
        yield advice("not-ascii", (), "it holds characters beyond ASCII", "write it in ASCII")
    yield from _unfinished(text)


def _unfinished(text: str) -> Iterator[Flaw]:
    """What somebody must still fill in, each where it stands first."""
    for found in _first(PLACEHOLDER, text):
        words = f"{found[0]} must be filled in before it is attached: this is a template"
        flaw = advice("template", (), words, "lint what is attached, too")
        yield replace(flaw, place=place_at(text, found.start()))
    for found in _first(BRACKETED, text):
        words = f"{found[0]} stands where a name belongs, and is taken as it is"
        flaw = warning("placeholder", (), words, "fill it in")
        yield replace(flaw, place=place_at(text, found.start()))


def _first(pattern: re.Pattern[str], text: str) -> Iterable[re.Match[str]]:
    """The first match of each wording."""
    return {found[0]: found for found in reversed(tuple(pattern.finditer(text)))}.values()


def _of_template(flaw: Flaw, document: Any) -> bool:
    """Whether AWS would not see the flaw, since another tool replaces the text that has it."""
    value = _at(document, flaw.path)
    return isinstance(value, str) and PLACEHOLDER.search(value) is not None


def _at(document: Any, path: Path) -> Any:
    """The value at a path; None: there is none."""
    try:
        for step in path:
            document = document[step]
    except (KeyError, IndexError, TypeError):
        return None
    return document
