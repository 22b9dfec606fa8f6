"""Where a Terraform plan puts OUs and accounts, and where they lie as far as it has read that."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orgroot.core.terraform_plan import ResourceChange, StateModule, TerraformPlan
from orgroot.core.terraform_references import References

UNIT = "aws_organizations_organizational_unit"
ACCOUNT = "aws_organizations_account"
ORGANIZATION = "aws_organizations_organization"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPlace:
    """An OU or account that the plan makes or changes.

    Attributes:
        address: its address.
        id: its id; empty where the plan makes it.
        before: the id of its parent; empty where the plan makes it.
        parent: id or address of its parent after the plan; empty: not known.
    """

    address: str
    id: str
    before: str
    parent: str


def planned_places(plan: TerraformPlan, references: References) -> Iterator[PlannedPlace]:
    """Every OU and account that the plan makes or changes."""
    for each in plan.managed(UNIT, ACCOUNT):
        after = each.change.after
        if after is None or not set(each.change.actions) & {"create", "update"}:
            continue
        before = {} if each.made else each.change.before or {}
        known = not each.change.unknown("parent_id")
        yield PlannedPlace(
            address=each.address,
            id=each.text(before, "id"),
            before=each.text(before, "parent_id"),
            parent=each.text(after, "parent_id")
            if known
            else made_place(each, "parent_id", references),
        )


def made_place(change: ResourceChange, attribute: str, references: References) -> str:
    """The address of the OU or account that the plan makes and an attribute means, if it is one."""
    origin = references.of(change, attribute)
    made = [each for each in origin.changes if each.type in (UNIT, ACCOUNT) and each.made]
    sure = origin.whole and not origin.read and len(made) == 1
    return made[0].address if sure else ""


def known_parents(plan: TerraformPlan) -> dict[str, str]:
    """By id of OU and account, the id of its parent, as far as Terraform has read it."""
    return dict(_parents(plan))


def known_organization(plan: TerraformPlan) -> str:
    """The id of the organization, where Terraform has read it; else empty."""
    for kind, values in _read(plan.prior_state.values.root_module):
        if kind == ORGANIZATION and isinstance(values.get("id"), str):
            return str(values["id"])
    return ""


def _parents(plan: TerraformPlan) -> Iterator[tuple[str, str]]:
    for kind, values in _read(plan.prior_state.values.root_module):
        if kind in (UNIT, ACCOUNT):
            yield from _parent(values.get("id"), values.get("parent_id"))
        children = values.get("children") if kind == f"{UNIT}s" else ()
        for child in children if isinstance(children, list) else ():
            if isinstance(child, Mapping):
                yield from _parent(child.get("id"), values.get("parent_id"))
    for each in plan.managed(UNIT, ACCOUNT):
        before = each.change.before or {}
        yield from _parent(before.get("id"), before.get("parent_id"))


def _parent(child: Any, parent: Any) -> Iterator[tuple[str, str]]:
    if isinstance(child, str) and isinstance(parent, str):
        yield child, parent


def _read(module: StateModule) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in module.resources:
        yield resource.type, resource.values
    for child in module.child_modules:
        yield from _read(child)
