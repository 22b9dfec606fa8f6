"""The plan that makes the SCPs as the configuration declares them, and what it leaves alone."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import assert_never

from orgroot.core.neighbours import owner_by_name, owner_of
from orgroot.core.plan import Change, Op, Plan
from orgroot.core.scp import (
    MAX_PER_TARGET,
    DeclaredScp,
    ObservedScp,
    ObservedScps,
    ScpDeviation,
    ScpDifference,
    compare_scps,
)
from orgroot.core.scp_changes import (
    Attachment,
    KnownScp,
    ScpContent,
    attach_scp,
    create_scp,
    delete_scp,
    detach_scp,
    update_scp,
)
from orgroot.core.scp_document import policy_text
from orgroot.core.scp_grammar import MAX_CHARACTERS
from orgroot.core.scp_order import in_order
from orgroot.errors import UsageError

_FOREIGN = {
    ScpDifference.MISSING: "it does not exist",
    ScpDifference.NOT_ATTACHED: "it is not attached to {target}",
    ScpDifference.TEXT: "its text differs from the declared file",
}
_REWRITES = (ScpDifference.TEXT, ScpDifference.DESCRIPTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBudget:
    """How many SCPs a target holds directly, and would hold after the plan."""

    target: str
    attached: int
    planned: int
    limit: int = MAX_PER_TARGET


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpSize:
    """How many characters a declared SCP has as it is sent, and how many it may have."""

    scp: str
    characters: int
    limit: int = MAX_CHARACTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpPlan:
    """A plan for SCPs, the slots of the targets it is about, and the sizes of what it declares."""

    plan: Plan
    budgets: tuple[TargetBudget, ...] = ()
    sizes: tuple[ScpSize, ...] = ()


def plan_scps(declared: tuple[DeclaredScp, ...] | None, observed: ObservedScps) -> ScpPlan:
    """What makes the SCPs as declared; None: `scps` is not in the configuration.

    Raises:
        UsageError: SCPs are not enabled, a target does not exist or would hold more than ten, an
            SCP belongs to somebody else, or no order is safe.
    """
    if declared is None:
        note = "scps is not in the configuration: not managed"
        return ScpPlan(plan=Plan(changes=(), notes=(note,)))
    _require_possible(declared, observed)
    by_name = {scp.name: scp for scp in declared}
    found = compare_scps(declared, observed)
    own = tuple(d for d in found if d.name not in by_name or by_name[d.name].ours)
    changes = tuple(_changes(own, by_name, observed))
    budgets = _budgets(declared, changes, observed)
    return ScpPlan(
        plan=Plan(
            changes=in_order(changes, observed),
            notes=tuple(
                note for d in found if d not in own for note in _foreign_notes(by_name[d.name], d)
            ),
        ),
        budgets=budgets,
        sizes=tuple(ScpSize(scp=s.name, characters=s.document.characters) for s in declared),
    )


def known(scp: ObservedScp) -> KnownScp:
    """An SCP as a change says that it was found."""
    return KnownScp(id=scp.id, policy=policy_text(scp.text or ""), description=scp.description)


def _changes(
    found: tuple[ScpDeviation, ...], by_name: Mapping[str, DeclaredScp], observed: ObservedScps
) -> Iterator[Change]:
    there = {policy.name: policy for policy in observed.policies}
    rewritten = {d.name for d in found if d.kind in _REWRITES}
    for name in sorted(rewritten):
        yield update_scp(name, known(there[name]), _content(by_name[name]))
    for deviation in found:
        name, target = deviation.name, deviation.target
        existing = there.get(name)
        match deviation.kind:
            case ScpDifference.NOT_OURS:
                raise _not_ours(there[name])
            case ScpDifference.MISSING:
                yield create_scp(name, _content(by_name[name]))
            case ScpDifference.NOT_ATTACHED:
                yield attach_scp(target, _attachment(name, existing, rewritten))
            case ScpDifference.EXTRA_ATTACHMENT:
                yield detach_scp(target, _attachment(name, existing, rewritten))
            case ScpDifference.UNDECLARED:
                yield from removal(there[name], observed)
            case ScpDifference.TEXT | ScpDifference.DESCRIPTION:
                pass
            case _:
                assert_never(deviation.kind)


def removal(scp: ObservedScp, observed: ObservedScps) -> Iterator[Change]:
    """The changes that detach an SCP everywhere and delete it."""
    for target, there in sorted(observed.attached.items()):
        if scp.id in there:
            yield detach_scp(target, _attachment(scp.name, scp, frozenset()))
    yield delete_scp(scp.name, known(scp))


def _attachment(name: str, existing: ObservedScp | None, rewritten: AbstractSet[str]) -> Attachment:
    if existing is None:
        return Attachment(scp=name, id=None, policy=None)
    text = None if name in rewritten else policy_text(existing.text or "")
    return Attachment(scp=name, id=existing.id, policy=text)


def _content(scp: DeclaredScp) -> ScpContent:
    return ScpContent(policy=policy_text(scp.document.text), description=scp.description)


def _not_ours(existing: ObservedScp) -> UsageError:
    if existing.aws_managed:
        return UsageError(
            f"SCP {existing.name} is AWS's own: nobody can change it",
            hint="declare yours under another name",
            code="managed-by",
        )
    owner = owner_of(existing.name, existing.tags)
    if owner:
        return UsageError(
            f"SCP {existing.name} is managed by {owner}: orgroot never writes it",
            hint=f"say whose it is (`managed_by:`), and change it through {owner}",
            code="managed-by",
        )
    return UsageError(
        f"SCP {existing.name} exists and is not orgroot's: it lacks the tag of those that orgroot "
        "created or adopted",
        hint=f"`orgroot scp adopt {existing.name}` asks to take it over; or declare another name",
        code="scp-not-ours",
    )


def _require_possible(declared: tuple[DeclaredScp, ...], observed: ObservedScps) -> None:
    for scp in declared:
        owner = owner_by_name(scp.name)
        if scp.ours and owner:
            raise UsageError(
                f"SCP {scp.name}: a name of {owner}'s, which orgroot never writes",
                hint="add `managed_by:` to have it looked at, or choose another name",
                code="managed-by",
            )
        for target in sorted(scp.named):
            if target not in observed.attached:
                raise UsageError(
                    f"SCP {scp.name}: the organization has no root, OU or account {target}",
                    code="scp-target",
                )
    if not observed.enabled and any(scp.ours for scp in declared):
        raise UsageError(
            "service control policies are not enabled in this organization",
            hint="enable them once: aws organizations enable-policy-type "
            f"--root-id {observed.org_root} --policy-type SERVICE_CONTROL_POLICY",
            code="scp-not-enabled",
        )


def _foreign_notes(scp: DeclaredScp, deviation: ScpDeviation) -> Iterator[str]:
    words = _FOREIGN.get(deviation.kind)
    if words is not None:
        said = words.format(target=deviation.target)
        yield f"SCP {scp.name}: {said}; it is managed by {scp.managed_by}, orgroot never writes it"


def _budgets(
    declared: tuple[DeclaredScp, ...], changes: tuple[Change, ...], observed: ObservedScps
) -> tuple[TargetBudget, ...]:
    budgets: list[TargetBudget] = []
    touched = {c.target for c in changes if c.op in (Op.ATTACH_SCP, Op.DETACH_SCP)}
    for target in sorted({target for scp in declared for target in scp.targets} | touched):
        ops = [change.op for change in changes if change.target == target]
        attached = len(observed.attached[target])
        planned = attached + ops.count(Op.ATTACH_SCP) - ops.count(Op.DETACH_SCP)
        if Op.ATTACH_SCP in ops and planned > MAX_PER_TARGET:
            raise UsageError(
                f"{target} holds {attached} SCPs and would hold {planned}; "
                f"AWS allows {MAX_PER_TARGET}",
                hint="FullAWSAccess counts; merge policies or attach to another level",
                code="scp-budget",
            )
        budgets.append(TargetBudget(target=target, attached=attached, planned=planned))
    return tuple(budgets)
