"""What a Terraform plan says of SCPs and RCPs and of their attachments.

Only what the plan is sure of is taken as known. A text, a policy or a target that Terraform does
not know yet stays unknown, under the address that it has in the plan.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orgroot.core.scp_lockout import PolicyKind, Scp
from orgroot.core.scp_statement import parse_statements
from orgroot.core.scp_unknown import unknown_scp
from orgroot.core.terraform_places import ORGANIZATION, made_place
from orgroot.core.terraform_plan import ResourceChange, TerraformPlan
from orgroot.core.terraform_references import References

_POLICY = "aws_organizations_policy"
_CLOUD_CONTROL = "awscc_organizations_policy"
"""The same, made through Cloud Control, with its targets among its arguments."""

_IDS = {_POLICY: "id", _CLOUD_CONTROL: "policy_id"}
"""Resources that are policies, and what their id is called."""

_ATTACHMENT = "aws_organizations_policy_attachment"
_KINDS = {
    "SERVICE_CONTROL_POLICY": PolicyKind.SCP,
    "RESOURCE_CONTROL_POLICY": PolicyKind.RCP,
}
_IDLE = frozenset({"no-op", "read", "forget"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPolicy:
    """A policy of the plan.

    Attributes:
        address: its address.
        id: its id before; empty where it does not exist.
        before: as it is; None where it does not exist.
        after: as it will be; None where it goes away.
        changed: the plan does something to it.
        remade: it goes away and comes again under another id.
    """

    address: str
    id: str
    before: Scp | None
    after: Scp | None
    changed: bool
    remade: bool

    @property
    def made(self) -> bool:
        """It gets a new id."""
        return self.remade or not self.id

    @property
    def key(self) -> str:
        """What it is known by after the plan: its id, or its address where it gets a new one."""
        return self.address if self.made else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAttachment:
    """An attachment of the plan.

    Attributes:
        address: its address.
        before: policy id and target as it is; None where it does not exist.
        policies: keys of the policies that it may attach; none: it attaches nothing.
        sure: it attaches the one, whatever else; else each of them only perhaps.
        hidden: it may attach a policy that the plan does not show.
        target: an id, or the address of what the plan makes; empty: not known.
    """

    address: str
    before: tuple[str, str] | None
    policies: tuple[str, ...] = ()
    sure: bool = True
    hidden: bool = False
    target: str = ""

    @property
    def changed(self) -> bool:
        """It is not what it was."""
        return self.before is None or (*self.policies[:1], self.target) != self.before


def planned_policies(plan: TerraformPlan) -> dict[str, PlannedPolicy]:
    """Every SCP and RCP of the plan, by address.

    Raises:
        UsageError: a text is no policy, or an attribute is no text.
    """
    found = (_policy(each) for each in plan.managed(*_IDS))
    return {each.address: each for each in found if each is not None}


def planned_attachments(
    plan: TerraformPlan, policies: Mapping[str, PlannedPolicy], references: References
) -> Iterator[PlannedAttachment]:
    """Every attachment of the plan; those of other kinds of policies too.

    Raises:
        UsageError: an attribute is no text.
    """
    for each in plan.managed(_ATTACHMENT):
        before, after = each.change.before, each.change.after
        old = None
        if before is not None:
            old = (each.text(before, "policy_id"), each.text(before, "target_id"))
        if after is None:
            # What Terraform forgets, or is told to leave behind, stays attached.
            stays = old is not None and not each.removed
            yield PlannedAttachment(
                address=each.address,
                before=old,
                policies=old[:1] if stays and old else (),
                target=old[1] if stays and old else "",
            )
            continue
        keys, sure, hidden = _meant(each, after, policies, references)
        known = not each.change.unknown("target_id")
        target = each.text(after, "target_id") if known else ""
        yield PlannedAttachment(
            address=each.address,
            before=old,
            policies=keys,
            sure=sure,
            hidden=hidden,
            target=target or made_place(each, "target_id", references),
        )


def cloud_control_attachments(
    plan: TerraformPlan, policies: Mapping[str, PlannedPolicy], references: References
) -> Iterator[PlannedAttachment]:
    """Every attachment that stands in the policy itself, by its target.

    Raises:
        UsageError: an attribute is no text.
    """
    for each in plan.managed(_CLOUD_CONTROL):
        policy = policies.get(each.address)
        if policy is None:  # of another kind of policy
            continue
        after, unknown = each.change.after, each.change.unknown("target_ids")
        old = _targets(each.change.before or {})
        new = _targets(after or {})
        if unknown or (after is None and not each.removed):
            new = (*old, *new)
        for target in dict.fromkeys((*old, *new)):
            stays = target in new and policy.after is not None
            yield PlannedAttachment(
                address=each.address,
                before=(policy.id, target) if target in old else None,
                policies=(policy.key,) if stays else (),
                target=target if stays else "",
            )
        if unknown:
            yield PlannedAttachment(
                address=each.address,
                before=None,
                policies=(policy.key,),
                target=made_place(each, "target_ids", references),
            )


def unread_changes(plan: TerraformPlan) -> tuple[str, ...]:
    """What the plan does not show."""
    return ("what Terraform has deferred",) if plan.deferred_changes else ()


def enabled_kinds(plan: TerraformPlan) -> frozenset[PolicyKind]:
    """The kinds of policies that the plan turns on in the organization."""
    kinds: set[PolicyKind] = set()
    for each in plan.managed(ORGANIZATION):
        sides = (each.change.before or {}, each.change.after or {})
        old, new = ({*(side.get("enabled_policy_types") or ())} for side in sides)
        kinds |= {_KINDS[kind] for kind in new - old if kind in _KINDS}
    return frozenset(kinds)


def _policy(change: ResourceChange) -> PlannedPolicy | None:
    before, after = change.change.before, change.change.after
    kind = _kind(change, after or before or {})
    if kind is None:
        return None
    old = None if before is None else _scp(change, before, kind, unknown=False)
    if after is None:
        new = None if change.removed else old
    else:
        new = _scp(change, after, kind, unknown=change.change.unknown("content"))
    return PlannedPolicy(
        address=change.address,
        id=change.text(before or {}, _IDS[change.type]),
        before=old,
        after=new,
        changed=bool(set(change.change.actions) - _IDLE),
        remade=change.removed and change.made,
    )


def _targets(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The targets that stand in a policy, as far as they are known."""
    listed = values.get("target_ids")
    return tuple(each for each in listed if isinstance(each, str)) if listed else ()


def _kind(change: ResourceChange, values: Mapping[str, Any]) -> PolicyKind | None:
    """Its kind; SCP is Terraform's default, and what is not known yet may be one."""
    kind = change.text(values, "type")
    return _KINDS.get(kind) if kind else PolicyKind.SCP


def _scp(
    change: ResourceChange, values: Mapping[str, Any], kind: PolicyKind, *, unknown: bool
) -> Scp:
    name = change.text(values, "name") or change.address
    if unknown:
        return unknown_scp(name, f"content of {change.address}", kind)
    statements = parse_statements(change.text(values, "content"), f"{change.address}: content")
    return Scp(
        name=name, statements=tuple(replace(each, policy=name) for each in statements), kind=kind
    )


def _meant(
    change: ResourceChange,
    after: Mapping[str, Any],
    policies: Mapping[str, PlannedPolicy],
    references: References,
) -> tuple[tuple[str, ...], bool, bool]:
    """Keys of the policies that an attachment may mean, whether surely, and whether of others.

    An id that is not known yet is that of a policy that the plan makes, or of what a data source
    will read.
    """
    if not change.change.unknown("policy_id"):
        return (change.text(after, "policy_id"),), True, False
    origin = references.of(change, "policy_id")
    made = [each for each in origin.changes if each.made]
    named = [each for each in made if each.type in _IDS]
    keys = [policies[each.address].key for each in named if each.address in policies]
    sure = origin.whole and len(named) == len(made) == 1
    if not sure and (not origin.whole or not named or len(named) < len(made)):
        keys = list(dict.fromkeys((*keys, *(p.key for p in policies.values() if p.made))))
    return tuple(keys), sure, origin.read or not (keys or named)
