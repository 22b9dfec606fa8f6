"""SCPs that other tools write, judged by what they are for: root users denied, root sessions not.

Whose text it is and which policy does it is the other tool's business; what counts is what binds
the accounts at their targets.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from orgroot.core.drift import Finding
from orgroot.core.drift_kinds import KINDS, Kind
from orgroot.core.root_principals import RootPrincipal
from orgroot.core.scp import DeclaredScp
from orgroot.core.scp_check import Check, Checked
from orgroot.core.scp_lockout import Outcome, Scp
from orgroot.core.scp_statement import parse_statements
from orgroot.core.scp_tree import FULL_ACCESS, BoundScp, ScpTree, full_access

_REGIONS = ("us-east-1",)
"""Any: what denies root altogether does so everywhere."""

_SOMEBODY = "000000000000"
_SOMEWHERE = "r-root"
REPLACED = frozenset({Kind.SCP_MISSING, Kind.SCP_NOT_ATTACHED, Kind.SCP_TEXT})
"""What is said of the text and place of an SCP, and not of one that is judged by its meaning."""


def about_root(declared: Iterable[DeclaredScp]) -> tuple[DeclaredScp, ...]:
    """Those of another tool's SCPs that are declared to deny long-term root every root task."""
    return tuple(scp for scp in declared if not scp.ours and _denies_root(scp))


def meaning_findings(scps: Iterable[DeclaredScp], tree: ScpTree, now: str) -> Iterator[Finding]:
    """Where long-term root is not surely denied, and where root sessions are, by any policy.

    Args:
        scps: as `about_root` answers them.
        tree: the organization.
        now: the time of the check (UTC, ISO 8601).
    """
    for scp in scps:
        below = {
            account: path
            for account, path in tree.paths.items()
            if {account, *path} & set(scp.targets)
        }
        check = Check(tree=replace(tree, paths=below), regions=_REGIONS, now=now)
        found = tuple(check.run())
        allowed = [
            each
            for each in found
            if each.principal is RootPrincipal.ROOT_USER
            and each.judgement.outcome is not Outcome.DENIED
        ]
        denied = [
            each
            for each in found
            if each.principal is RootPrincipal.ROOT_SESSION
            and each.judgement.outcome is Outcome.DENIED
        ]
        for kind, cases in ((Kind.ROOT_USER_ALLOWED, allowed), (Kind.ROOT_SESSION_DENIED, denied)):
            if cases:
                yield _finding(kind, scp, cases)


def _denies_root(scp: DeclaredScp) -> bool:
    """Whether its document alone denies long-term root every action of every root task."""
    statements = parse_statements(scp.document.text, scp.name)
    own = BoundScp(id=scp.name, scp=Scp(name=scp.name, statements=statements))
    tree = ScpTree(
        organization="",
        policies={FULL_ACCESS: full_access(), own.id: own},
        attached={_SOMEWHERE: (FULL_ACCESS, own.id), _SOMEBODY: (FULL_ACCESS,)},
        paths={_SOMEBODY: (_SOMEWHERE,)},
    )
    return all(
        each.judgement.outcome is Outcome.DENIED
        for each in Check(tree=tree, regions=_REGIONS).run()
        if each.principal is RootPrincipal.ROOT_USER
    )


def _finding(kind: Kind, scp: DeclaredScp, cases: list[Checked]) -> Finding:
    accounts = sorted({account for each in cases for account in each.group.accounts})
    by = sorted({(blame.policy, blame.sid) for each in cases for blame in each.judgement.by})
    evidence: dict[str, Any] = {
        "accounts": accounts,
        "by": [{"policy": policy, "sid": sid} for policy, sid in by],
        "managed_by": scp.managed_by,
        "tasks": sorted({each.judgement.task_policy.value for each in cases}),
    }
    title = f"{scp.name}: {KINDS[kind].meaning} ({len(accounts)} account(s))"
    return Finding(kind=kind, subject=scp.name, account=None, title=title, evidence=evidence)
