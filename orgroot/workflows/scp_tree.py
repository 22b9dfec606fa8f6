"""The organization's SCPs and RCPs and the accounts they bind, with as few calls as can be.

Every policy is listed once, described once and asked once where it is attached: Organizations
allows a few calls a second. Nothing is changed, and no root session is opened.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from orgroot.core.organization import ACTIVE, MemberAccount
from orgroot.core.scp_lockout import PolicyKind, Scp
from orgroot.core.scp_statement import parse_statements
from orgroot.core.scp_tree import BoundScp, ScpTree
from orgroot.errors import UsageError
from orgroot.workflows.selection import walk
from orgroot.workflows.workspace import Workspace

POLICY_TYPES: Mapping[PolicyKind, str] = MappingProxyType(
    {
        PolicyKind.SCP: "SERVICE_CONTROL_POLICY",
        PolicyKind.RCP: "RESOURCE_CONTROL_POLICY",
    }
)
"""What Organizations calls the two kinds."""


def observe_tree(
    ws: Workspace, targets: tuple[str, ...] = (), known: Mapping[str, str] = MappingProxyType({})
) -> tuple[ScpTree, tuple[str, ...]]:
    """The policies that bind all accounts, or those in or below targets; and what was left out.

    Args:
        ws: the command's world.
        targets: roots, OUs and accounts; none: all accounts.
        known: by policy id, texts that this command has read already.

    Raises:
        UsageError: a target is no account, OU or root of the organization.
        AwsError: Organizations could not be read.
    """
    root = ws.organization.root()
    accounts = ws.organization.accounts()
    members, notes = _bindable(ws, accounts)
    paths = _paths(ws, members)
    _require_known(targets, {root.id, *paths, *(each for path in paths.values() for each in path)})
    chosen = {
        account: path
        for account, path in paths.items()
        if not targets or {account, *path} & set(targets)
    }
    types = root.policy_types
    in_force = frozenset(k for k in PolicyKind if types.get(POLICY_TYPES[k]) == "ENABLED")
    if PolicyKind.SCP not in in_force:
        notes = (*notes, "service control policies are not enabled, so none is in force")
    policies, attached = _policies(ws, in_force, known)
    tree = ScpTree(
        organization=ws.config.organization.id,
        policies=policies,
        attached=attached,
        paths=chosen,
        in_force=in_force,
    )
    return tree, notes


def bound_scp(policy: str, name: str, text: str, kind: PolicyKind = PolicyKind.SCP) -> BoundScp:
    """A policy by its id, name and text.

    Raises:
        UsageError: code `policy`: the text is no policy.
    """
    statements = parse_statements(text, name)
    return BoundScp(id=policy, scp=Scp(name=name, statements=statements, kind=kind))


def _bindable(
    ws: Workspace, accounts: Iterable[MemberAccount]
) -> tuple[tuple[MemberAccount, ...], tuple[str, ...]]:
    """The members that SCPs bind and root sessions reach; and why the others are left out."""
    management = ws.config.organization.management_account
    members = tuple(a for a in accounts if a.id != management and a.state == ACTIVE)
    idle = [a.id for a in accounts if a.id != management and a.state != ACTIVE]
    notes = [f"{management} is the management account, which no SCP binds"]
    if idle:
        notes.append(f"not ACTIVE, so not judged: {', '.join(idle)}")
    return members, tuple(notes)


def _paths(ws: Workspace, members: tuple[MemberAccount, ...]) -> dict[str, tuple[str, ...]]:
    """Where each account lies: from ListAccounts where it says so, else by walking the tree."""
    if all(account.path for account in members):
        return {account.id: account.path for account in members}
    walked, _ = walk(ws)
    return {account.id: walked[account.id] for account in members}


def _require_known(targets: tuple[str, ...], known: set[str]) -> None:
    for target in targets:
        if target not in known:
            raise UsageError(
                f"{target} is no account of this organization, and no OU or root above one",
                hint="check the id, and that the credentials are of the right organization",
                code="scp-target",
            )


def _policies(
    ws: Workspace, in_force: frozenset[PolicyKind], known: Mapping[str, str]
) -> tuple[dict[str, BoundScp], dict[str, tuple[str, ...]]]:
    """Every policy with its text, and where each is attached, read in the order of their names."""
    lists = {PolicyKind.SCP: ws.organization.scps, PolicyKind.RCP: ws.organization.rcps}
    listed = [(kind, each) for kind in PolicyKind if kind in in_force for each in lists[kind]()]
    ws.progress.start("reading control policies", len(listed))
    policies: dict[str, BoundScp] = {}
    attached: dict[str, list[str]] = {}
    for kind, summary in listed:
        text = known.get(summary.id) or ws.organization.scp_content(summary.id)
        policies[summary.id] = bound_scp(summary.id, summary.name, text, kind)
        for target in ws.organization.targets_of_scp(summary.id):
            attached.setdefault(target, []).append(summary.id)
        ws.progress.advance()
    return policies, {target: tuple(there) for target, there in attached.items()}
