"""SCPs as the configuration declares them and as AWS shows them: read, never written."""

from dataclasses import replace
from pathlib import Path

from orgroot.core.organization import ScpSummary
from orgroot.core.scp import DeclaredScp, ObservedScp, ObservedScps, declare
from orgroot.core.scp_document import parse_scp
from orgroot.errors import AwsError, AwsErrorKind, UsageError
from orgroot.workflows.workspace import Workspace

_POLICY_TYPE = "SERVICE_CONTROL_POLICY"
_MAX_FILE_BYTES = 256 * 1024


def declared_scps(ws: Workspace, org_root: str) -> tuple[DeclaredScp, ...] | None:
    """The configured SCPs with their documents; None: `scps` is not managed.

    Raises:
        UsageError: a file cannot be read, or is nothing that AWS would take.
    """
    if ws.config.scps is None:
        return None
    folder = ws.config_path.parent
    return tuple(
        declare(scp, parse_scp(read_scp(folder / scp.file, scp.name), scp.file), org_root)
        for scp in ws.config.scps
    )


def observe(ws: Workspace, names: frozenset[str], targets: frozenset[str]) -> ObservedScps:
    """SCPs as AWS shows them: each is asked about once, and each target once.

    Args:
        ws: the command's world.
        names: SCPs that are looked at besides orgroot's own.
        targets: the root, OUs and accounts that are looked at besides those where such SCPs are
            attached; those that do not exist stay out.
    """
    root = ws.organization.root()
    listed = ws.organization.scps()
    ws.progress.start("reading service control policies", len(listed) + len(targets))
    policies = {scp.id: _observed(ws, scp) for scp in listed}
    wanted = {p.id for p in policies.values() if p.ours or p.name in names}
    looked_at = targets.union(*(ws.organization.targets_of_scp(p) for p in sorted(wanted)))
    attached = {}
    for target in sorted(looked_at):
        ids = _attached(ws, target)
        if ids is not None:
            attached[target] = ids
        ws.progress.advance()
    for policy in sorted(wanted.union(*attached.values()) & policies.keys()):
        text = ws.organization.scp_content(policy)
        policies[policy] = replace(policies[policy], text=text)
    return ObservedScps(
        org_root=root.id,
        enabled=root.policy_types.get(_POLICY_TYPE) == "ENABLED",
        policies=tuple(policies.values()),
        attached=attached,
    )


def observe_declared(ws: Workspace, declared: tuple[DeclaredScp, ...]) -> ObservedScps:
    """What AWS shows of declared SCPs and their targets."""
    names = frozenset(scp.name for scp in declared)
    return observe(ws, names, frozenset(target for scp in declared for target in scp.named))


def read_scp(path: Path, name: str | None = None) -> str:
    """The text of an SCP's file; `name` is the SCP's where a configuration declares it.

    Raises:
        UsageError: it cannot be read, is absurdly large, or is no text.
    """
    shown = str(path) if name is None else f"SCP {name}: {path}"
    try:
        data = path.read_bytes()
    except OSError as error:
        declared = "a relative `file:` is relative to the configuration file"
        raise UsageError(
            f"{shown} cannot be read: {error.strerror}",
            hint="look at the path" if name is None else declared,
            code="scp-file",
        ) from error
    if len(data) > _MAX_FILE_BYTES:
        raise UsageError(f"{shown} is larger than any SCP", code="scp-file")
    try:
        return data.decode("utf-8-sig")  # Windows tools write a mark, which JSON does not know
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown} is not UTF-8 text", code="scp-file") from error


def _observed(ws: Workspace, scp: ScpSummary) -> ObservedScp:
    tags = {} if scp.aws_managed else ws.organization.tags_of(scp.id)
    ws.progress.advance()
    return ObservedScp(
        id=scp.id,
        name=scp.name,
        description=scp.description,
        aws_managed=scp.aws_managed,
        text=None,
        tags=tags,
    )


def _attached(ws: Workspace, target: str) -> tuple[str, ...] | None:
    try:
        return tuple(scp.id for scp in ws.organization.attached_scps(target))
    except AwsError as error:
        if error.kind is AwsErrorKind.NOT_FOUND:
            return None
        raise
