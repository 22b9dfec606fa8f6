"""The organization before and after a Terraform plan: the live one, or what the plan alone shows.

Where a policy would lie on something that the plan makes, or that it does not know yet, an account
is imagined there, so that nothing attached goes unjudged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from orgroot.core.scp_after import (
    AccountMoved,
    ScpAttached,
    ScpCreated,
    ScpDeleted,
    ScpDetached,
    ScpEdit,
    ScpUpdated,
    organization_after,
)
from orgroot.core.scp_lockout import Scp
from orgroot.core.scp_tree import FULL_ACCESS, BoundScp, ScpTree, full_access
from orgroot.core.scp_unknown import possible_scp, unknown_scp
from orgroot.core.terraform_controls import planned_controls
from orgroot.core.terraform_places import (
    PlannedPlace,
    known_organization,
    known_parents,
    planned_places,
)
from orgroot.core.terraform_plan import TerraformPlan
from orgroot.core.terraform_references import References
from orgroot.core.terraform_scps import (
    PlannedAttachment,
    PlannedPolicy,
    cloud_control_attachments,
    enabled_kinds,
    planned_attachments,
    planned_policies,
    unread_changes,
)
from orgroot.errors import UsageError

_RCP_FULL_ACCESS = "p-RCPFullAWSAccess"
_DEEPEST = 10
"""Roots have at most five levels of OUs below them; more parents than this is no tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedOrganization:
    """What a plan makes of an organization.

    Attributes:
        before, after: the same accounts before and after it.
        names: what imagined accounts stand for, by their id.
        notes: what was assumed.
        unread: what of the plan was not judged.
    """

    before: ScpTree
    after: ScpTree
    names: Mapping[str, str]
    notes: tuple[str, ...]
    unread: tuple[str, ...]


def planned_organization(plan: TerraformPlan, live: ScpTree | None) -> PlannedOrganization:
    """The organization before and after a plan.

    Args:
        plan: the plan.
        live: the organization as it is; None: as far as the plan alone shows it, which is what it
            attaches, each target by itself, with FullAWSAccess everywhere.

    Raises:
        UsageError: a text in the plan is no policy, an attribute is not what it must be, or the
            plan changes a policy that the organization does not have.
    """
    return _Planner(plan, live).organization()


class _Planner:
    def __init__(self, plan: TerraformPlan, live: ScpTree | None) -> None:
        references = References(plan)
        self._plan = plan
        self._live = live
        policies = planned_policies(plan)
        controls = tuple(planned_controls(plan, references))
        self._policies = policies | {policy.address: policy for policy, _ in controls}
        self._attachments = (
            *planned_attachments(plan, policies, references),
            *cloud_control_attachments(plan, policies, references),
            *(attachment for _, attachment in controls),
        )
        self._places = tuple(planned_places(plan, references))
        self._made = {place.address: place for place in self._places if not place.id}
        self._parents = {
            **known_parents(plan),
            **{place.address: place.parent for place in self._made.values()},
        }

    def organization(self) -> PlannedOrganization:
        """Before and after."""
        known = self._shown() if self._live is None else self._live
        before, names = self._with_imagined(known)
        after = organization_after(before, self._edits(before))
        return PlannedOrganization(
            before=before,
            after=after,
            names=names,
            notes=tuple(self._notes(before)),
            unread=(*unread_changes(self._plan), *self._turned_on(before)),
        )

    # --- before ---------------------------------------------------------------------------------

    def _shown(self) -> ScpTree:
        """The organization as far as the plan shows it."""
        known = {FULL_ACCESS: full_access()}
        for each in self._policies.values():
            if each.before is not None:
                known[each.id] = BoundScp(id=each.id, scp=each.before)
        keys = {policy.key for policy in self._policies.values()}
        for attachment in self._attachments:
            for key in attachment.policies if attachment.changed else ():
                if key not in {*keys, *known, _RCP_FULL_ACCESS}:
                    scp = unknown_scp(key, f"text of {key}")
                    known[key] = BoundScp(id=key, scp=scp)
        attached: dict[str, tuple[str, ...]] = {}
        for policy, target in (a.before for a in self._attachments if a.before is not None):
            there = attached.setdefault(target, (FULL_ACCESS,))
            if policy in known and policy not in there:
                attached[target] = (*there, policy)
        return ScpTree(organization="", policies=known, attached=attached, paths={})

    def _with_imagined(self, known: ScpTree) -> tuple[ScpTree, dict[str, str]]:
        """The organization with an account imagined in whatever would else go unjudged."""
        paths = dict(known.paths)
        names: dict[str, str] = {}
        for node in dict.fromkeys(self._unjudged()):
            if node.isdecimal():
                paths[node] = self._path(self._parents.get(node, ""), known)
            else:
                account = next(id_ for id_ in map(_imagined, range(1, 10**12)) if id_ not in paths)
                paths[account] = self._path(node, known)
                names[account] = node
        attached = dict(known.attached)
        free = (FULL_ACCESS,) if FULL_ACCESS in known.policies else ()
        for account in (*names, *(paths.keys() - known.paths.keys())):
            for node in (*paths[account], account):
                attached.setdefault(node, free)
        organization = known.organization or self._whole_organization(paths)
        tree = replace(known, organization=organization, attached=attached, paths=paths)
        return tree, names

    def _unjudged(self) -> Iterator[str]:
        """What the plan makes, or attaches to without saying what; offline every target."""
        yield from self._made
        for attachment in self._attachments:
            if attachment.policies or attachment.hidden:
                if not attachment.target:
                    yield _somewhere(attachment)
                elif self._live is None and attachment.target not in self._made:
                    yield attachment.target
            if self._live is None and attachment.before is not None:
                yield attachment.before[1]

    def _path(self, node: str, known: ScpTree) -> tuple[str, ...]:
        """The ids from the root, as far as they are known, down to an OU, which ends it."""
        path: tuple[str, ...] = ()
        while node and len(path) < _DEEPEST:
            above = next((p for p in known.paths.values() if node in p), None)
            if above is not None:
                return (*above[: above.index(node) + 1], *path)
            path = (node, *path)
            node = self._parents.get(node, "")
        return path

    def _whole_organization(self, paths: Mapping[str, tuple[str, ...]]) -> str:
        """The organization's id, where it is known and where every account lies in it too."""
        whole = all(path[:1] and path[0].startswith("r-") for path in paths.values())
        return known_organization(self._plan) if whole else ""

    # --- after ----------------------------------------------------------------------------------

    def _edits(self, before: ScpTree) -> Iterator[ScpEdit]:
        """Creations first, deletions last; what is taken off and put on again is on."""
        policies = [each for each in self._policies.values() if self._counts(each, before)]
        after = {each.key: each.after for each in policies if each.after is not None}
        after |= {id_: bound.scp for id_, bound in before.policies.items() if id_ not in after}
        for each in policies:
            if each.after is not None and each.changed:
                if each.made:
                    yield ScpCreated(key=each.key, scp=each.after)
                else:
                    yield ScpUpdated(policy=each.id, scp=each.after)
        changed = [each for each in self._attachments if each.changed]
        for attachment in changed:
            if attachment.before is not None and attachment.before[0] in before.policies:
                yield ScpDetached(policy=attachment.before[0], target=attachment.before[1])
        for attachment in changed:
            yield from _attach(attachment, after)
        for place in self._places:
            yield from self._move(place, before)
        for each in policies:
            if each.id and (each.remade or each.after is None):
                yield ScpDeleted(policy=each.id)

    def _counts(self, policy: PlannedPolicy, before: ScpTree) -> bool:
        """Whether its kind is in force and the organization has it, as it must.

        Raises:
            UsageError: it does not.
        """
        kind = (policy.after or policy.before or full_access().scp).kind
        if not policy.id or policy.id in before.policies:
            return True
        if policy.changed and kind in before.in_force:
            raise UsageError(
                f"{policy.address}: the organization has no {kind} {policy.id}",
                hint="make the plan anew, with the credentials of this organization",
                code="terraform-plan",
            )
        return False

    def _move(self, place: PlannedPlace, before: ScpTree) -> Iterator[ScpEdit]:
        if place.id not in before.paths or place.parent == place.before:
            return
        path = self._path(place.parent, before)
        if path[:1] == before.paths[place.id][:1]:
            yield AccountMoved(account=place.id, path=path)
        else:
            what = f"parent_id of {place.address}"
            yield ScpCreated(key=what, scp=unknown_scp(place.address, what))
            yield ScpAttached(policy=what, target=place.id)

    def _notes(self, before: ScpTree) -> Iterator[str]:
        nodes = {*before.paths, *(node for path in before.paths.values() for node in path)}
        for attachment in self._attachments:
            there = not attachment.target or attachment.target in nodes
            if attachment.changed and attachment.policies and not there:
                yield (
                    f"{attachment.address}: no account that is judged lies in or below "
                    f"{attachment.target}"
                )
        if self._live is None:
            yield (
                "judged on what the plan shows alone: each target by itself, with FullAWSAccess "
                "and without policies that the plan does not show"
            )

    def _turned_on(self, before: ScpTree) -> Iterator[str]:
        for kind in sorted(enabled_kinds(self._plan) - before.in_force):
            yield f"the plan turns on {kind}: what is attached already would count from then on"


def _attach(attachment: PlannedAttachment, policies: Mapping[str, Scp]) -> Iterator[ScpEdit]:
    target = attachment.target or _somewhere(attachment)
    what = f"policy_id of {attachment.address}"
    for key in attachment.policies:
        if key not in policies:  # of another kind of policy
            continue
        if attachment.sure:
            yield ScpAttached(policy=key, target=target)
        else:
            perhaps = f"{key} as {what}"
            yield ScpCreated(key=perhaps, scp=possible_scp(policies[key], what))
            yield ScpAttached(policy=perhaps, target=target)
    if attachment.hidden:
        yield ScpCreated(key=what, scp=unknown_scp(attachment.address, what))
        yield ScpAttached(policy=what, target=target)


def _somewhere(attachment: PlannedAttachment) -> str:
    return f"target_id of {attachment.address}"


def _imagined(number: int) -> str:
    return f"{number:012d}"
