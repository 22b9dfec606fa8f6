"""`scp lint`: what is wrong with SCPs as texts, offline; with credentials, also what room is left.

Files are read here, names of actions come from a list on this machine; nothing is written.
"""

from collections.abc import Iterable
from pathlib import Path

from orgroot.core.results import (
    ExitReason,
    ScpFinding,
    ScpLint,
    ScpLintFile,
    ScpLintSummary,
)
from orgroot.core.scp_grammar import read_scp_text
from orgroot.core.scp_lint import lint, sizes
from orgroot.core.scp_vocabulary import services_in
from orgroot.ports import ActionNames
from orgroot.workflows.scps import read_scp


def lint_files(
    files: Iterable[tuple[Path, str]], names: ActionNames, ignored: frozenset[str]
) -> ScpLint:
    """Lint documents; needs no credentials.

    Args:
        files: where each is, and how it is named in findings.
        names: the actions that exist.
        ignored: codes that nobody wants to hear of; errors are told all the same.

    Raises:
        UsageError: a file cannot be read.
    """
    read = [(source, read_scp(path, source)) for path, source in files]
    vocabulary = names.vocabulary(
        frozenset().union(*(services_in(read_scp_text(text).document) for _, text in read))
    )
    found = (finding for source, text in read for finding in lint(text, source, vocabulary))
    return result(
        tuple(f for f in found if f.severity == "error" or f.code not in ignored),
        tuple(sizes(text, source) for source, text in read),
    )


def result(findings: tuple[ScpFinding, ...], files: tuple[ScpLintFile, ...]) -> ScpLint:
    """Findings with their numbers, and the exit reason that they are."""
    found = [finding.severity for finding in findings]
    summary = ScpLintSummary(
        files=len(files),
        errors=found.count("error"),
        warnings=found.count("warning"),
        advice=found.count("advice"),
    )
    return ScpLint(
        findings=findings,
        files=files,
        summary=summary,
        exit_reasons=(ExitReason.FINDINGS,) if summary.errors or summary.warnings else (),
    )
