"""What all SCPs together mean, whoever wrote them: is root denied, and do root sessions work?

For organizations in which other tools write SCPs: what counts is not whose SCP it is.
"""

from collections.abc import Iterable, Mapping

from orgroot.core.neighbours import owner_of
from orgroot.core.plan import OURS
from orgroot.core.root_principals import RootPrincipal
from orgroot.core.scp import DeclaredScp, ObservedScps
from orgroot.core.scp_check import Check, Checked
from orgroot.core.scp_lockout import Outcome
from orgroot.core.scp_tree import ScpTree

_FEW = 5
"""Names that a sentence spells out."""


def neighbours(declared: Iterable[DeclaredScp], observed: ObservedScps) -> Mapping[str, list[str]]:
    """The SCPs that other tools write, by tool: as the configuration, a name or a tag says."""
    said = {scp.name: scp.managed_by for scp in declared}
    found: dict[str, list[str]] = {}
    for policy in sorted(observed.policies, key=lambda each: each.name):
        owner = said.get(policy.name, OURS)
        if owner == OURS and not policy.ours and not policy.aws_managed:
            owner = owner_of(policy.name, policy.tags) or OURS
        if owner != OURS:
            found.setdefault(owner, []).append(policy.name)
    return found


def meaning(tree: ScpTree, regions: tuple[str, ...], now: str) -> tuple[str, ...]:
    """In how many accounts long-term root is denied, where root sessions are stopped, and by whom.

    Args:
        tree: the organization, or what a plan would make of it.
        regions: where buckets and queues lie.
        now: the time of the check (UTC, ISO 8601).
    """
    found = list(Check(tree=tree, regions=regions, now=now).run())
    users = [each for each in found if each.principal is RootPrincipal.ROOT_USER]
    sessions = [each for each in found if each.principal is RootPrincipal.ROOT_SESSION]
    free = {a for each in users if not _denied(each) for a in each.group.accounts}
    stopped = {a for each in sessions if _denied(each) for a in each.group.accounts}
    total = len(tree.paths)
    denying = _by(each for each in users if not free & set(each.group.accounts))
    stopping = _by(filter(_denied, sessions))
    return (
        f"long-term root is denied every root task in {total - len(free)} of {total} accounts"
        + (f", by {denying}" if denying else ""),
        f"root sessions are stopped in {len(stopped)} of {total} accounts"
        + (f" ({_few(sorted(stopped))}), by {stopping}" if stopped else ""),
    )


def _denied(checked: Checked) -> bool:
    return checked.judgement.outcome is Outcome.DENIED


def _by(found: Iterable[Checked]) -> str:
    names = {blame.policy for each in found for blame in each.judgement.by}
    return _few(sorted(names))


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more


def neighbour_notes(found: Mapping[str, list[str]]) -> tuple[str, ...]:
    """What is said of the SCPs that other tools write."""
    return tuple(
        f"{len(names)} SCP(s) of {owner}, looked at and never written: {_few(names)}"
        for owner, names in sorted(found.items())
    )
