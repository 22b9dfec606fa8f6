"""`scp lint`: what is wrong with SCPs as texts, offline; with credentials, also what room is left.

Files are read here, names of actions come from a list on this machine; nothing is written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orgroot.core.results import (
    ExitReason,
    ScpFinding,
    ScpLint,
    ScpLintFile,
    ScpLintSummary,
    ScpLintTarget,
)
from orgroot.core.scp_grammar import read_scp_text
from orgroot.core.scp_lint import findings, lint, sizes
from orgroot.core.scp_opinion import flaws_of
from orgroot.core.scp_room import lost, room
from orgroot.core.scp_vocabulary import services_in
from orgroot.errors import AwsError, AwsErrorKind, UsageError
from orgroot.ports import ActionNames, OrganizationGateway, PolicyValidation
from orgroot.workflows.scps import read_scp


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """What documents are looked at with.

    Attributes:
        names: the actions that exist.
        ignored: codes that nobody wants to hear of; errors are told all the same.
        second: another opinion; None: nobody is asked.
        organization: where the targets are; None: they are not looked at.
        targets: root, OUs and accounts whose room is told, and that of the levels above.
    """

    names: ActionNames
    ignored: frozenset[str] = frozenset()
    second: PolicyValidation | None = None
    organization: OrganizationGateway | None = None
    targets: tuple[str, ...] = ()


def lint_files(files: Iterable[tuple[Path, str]], lens: Lens) -> ScpLint:
    """Lint documents, each given by where it is and how it is named in findings.

    Raises:
        UsageError: a file cannot be read, or a target is none of the organization.
        AwsError: AWS could not be asked.
    """
    read = [(source, read_scp(path)) for path, source in files]
    vocabulary = lens.names.vocabulary(
        frozenset().union(*(services_in(read_scp_text(text).document) for _, text in read))
    )
    found: list[ScpFinding] = []
    for source, text in read:
        found += lint(text, source, vocabulary)
        if lens.second is not None:
            found += findings(flaws_of(lens.second.validate(text)), text, source)
    levels = _levels(lens.organization, lens.targets) if lens.organization else {}
    for target, attached in levels.items():
        found += lost(target, attached)
    return _result(
        tuple(f for f in found if f.severity == "error" or f.code not in lens.ignored),
        tuple(sizes(text, source) for source, text in read),
        tuple(room(target, attached) for target, attached in levels.items()),
    )


def _levels(
    organization: OrganizationGateway, targets: Iterable[str]
) -> dict[str, Sequence[tuple[str, str]]]:
    """By target, and by level above an account: names and texts of what is attached there."""
    texts: dict[str, str] = {}
    found: dict[str, Sequence[tuple[str, str]]] = {}
    for target in targets:
        for level in _path(organization, target):
            if level not in found:
                found[level] = _attached(organization, level, texts)
    return found


def _path(organization: OrganizationGateway, target: str) -> tuple[str, ...]:
    """The levels from the organization's root to a target.

    Raises:
        UsageError: there is no such target.
    """
    root = organization.root().id
    if target in {"root", root}:
        return (root,)
    try:
        return (*organization.path_of(target), target)
    except AwsError as error:
        if error.kind not in {AwsErrorKind.NOT_FOUND, AwsErrorKind.INVALID}:
            raise
        raise UsageError(
            f"the organization has no root, OU or account {target}", code="scp-target"
        ) from error


def _attached(
    organization: OrganizationGateway, target: str, texts: dict[str, str]
) -> tuple[tuple[str, str], ...]:
    attached = organization.attached_scps(target)
    for scp in attached:
        if scp.id not in texts:
            texts[scp.id] = organization.scp_content(scp.id)
    return tuple((scp.name, texts[scp.id]) for scp in attached)


def _result(
    found: tuple[ScpFinding, ...],
    files: tuple[ScpLintFile, ...],
    targets: tuple[ScpLintTarget, ...],
) -> ScpLint:
    """Findings with their numbers, and the exit reason that they are."""
    severities = [finding.severity for finding in found]
    summary = ScpLintSummary(
        files=len(files),
        errors=severities.count("error"),
        warnings=severities.count("warning"),
        advice=severities.count("advice"),
    )
    return ScpLint(
        findings=found,
        files=files,
        targets=targets,
        summary=summary,
        exit_reasons=(ExitReason.FINDINGS,) if summary.errors or summary.warnings else (),
    )
