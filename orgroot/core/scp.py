"""Service control policies: what the configuration declares against what AWS shows.

This version creates and attaches what is missing, tagged as orgroot's. Where an update, a
detachment or an adoption would be needed the plan says so and does nothing at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from orgroot.core.config import ScpConfig
from orgroot.core.ids import account_id, ou_id, root_id
from orgroot.core.plan import DONE, OURS, TO_DO, Change, ChangeState, Op, Plan, Standing
from orgroot.core.scp_document import PolicyText, ScpDocument, policy_text, same_scp
from orgroot.errors import IntegrityError, UsageError

MAX_PER_TARGET = 10
"""SCPs attached directly to one root, OU or account, FullAWSAccess included (quota)."""

TAGS: Mapping[str, str] = MappingProxyType({"orgroot:managed": "true"})
"""The tag of every SCP that orgroot created."""

T = TypeVar("T", bound=Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredScp:
    """An SCP as the configuration wants it; `targets` are ids of root, OUs and accounts."""

    name: str
    description: str
    managed_by: str
    targets: tuple[str, ...]
    document: ScpDocument

    @property
    def ours(self) -> bool:
        """Orgroot may write it."""
        return self.managed_by == OURS


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedScp:
    """An SCP as AWS shows it; `text` is None where it was not read."""

    id: str
    name: str
    description: str
    aws_managed: bool
    text: str | None
    tags: Mapping[str, str]

    @property
    def ours(self) -> bool:
        """It carries orgroot's tag."""
        return not self.aws_managed and TAGS.items() <= self.tags.items()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedScps:
    """The SCPs of an organization.

    Attributes:
        org_root: the id of the root container.
        enabled: the policy type SERVICE_CONTROL_POLICY is ENABLED there.
        policies: every SCP; the text is needed for declared names only, the tags for all.
        attached: by target that exists, the ids of the SCPs attached directly to it.
    """

    org_root: str
    enabled: bool
    policies: tuple[ObservedScp, ...]
    attached: Mapping[str, tuple[str, ...]]

    def named(self, name: str) -> ObservedScp | None:
        """The SCP of a name: Organizations keeps names unique."""
        return next((policy for policy in self.policies if policy.name == name), None)


class ScpDifference(StrEnum):
    """How what AWS shows differs from what is declared."""

    MISSING = "missing"
    NOT_ATTACHED = "not-attached"
    TEXT = "text"
    DESCRIPTION = "description"
    NOT_OURS = "not-ours"
    EXTRA_ATTACHMENT = "extra-attachment"
    UNDECLARED = "undeclared"


_BLOCKING = {
    ScpDifference.TEXT: "its text differs: it needs an update",
    ScpDifference.NOT_OURS: "it exists without orgroot's tag: it needs to be adopted",
    ScpDifference.EXTRA_ATTACHMENT: "it is attached to {target} too: it needs to be detached",
    ScpDifference.UNDECLARED: "it is orgroot's and not declared: it needs to be removed",
}
_FOREIGN = {
    ScpDifference.MISSING: "it does not exist",
    ScpDifference.NOT_ATTACHED: "it is not attached to {target}",
    ScpDifference.TEXT: "its text differs from the declared file",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpDeviation:
    """One difference of one SCP; `target` for attachments."""

    kind: ScpDifference
    name: str
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBudget:
    """How many SCPs a target holds directly, and would hold after the plan."""

    target: str
    attached: int
    planned: int
    limit: int = MAX_PER_TARGET


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpPlan:
    """A plan for SCPs; `blocked`: it needs what this version does not do, so it does nothing."""

    plan: Plan
    budgets: tuple[TargetBudget, ...]
    blocked: bool


class CreateScp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `after` of a `create-scp` change: the full text, and its description."""

    policy: PolicyText
    description: str


class AttachScp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `after` of an `attach-scp` change.

    Attributes:
        scp: the SCP's name.
        id: its id; None where an earlier change of the plan creates it.
        policy: its full text where it exists already; None where the plan creates it.
    """

    scp: str
    id: str | None
    policy: PolicyText | None


def declare(configured: ScpConfig, document: ScpDocument, org_root: str) -> DeclaredScp:
    """A configured SCP with its document read and `root` replaced by the id of the root.

    Raises:
        UsageError: a target is no id, or named twice.
    """
    targets = tuple(_target(text, configured.name, org_root) for text in configured.targets)
    if len(set(targets)) != len(targets):
        raise UsageError(f"SCP {configured.name}: a target is named twice", code="scp-target")
    return DeclaredScp(
        name=configured.name,
        description=configured.description,
        managed_by=configured.managed_by,
        targets=targets,
        document=document,
    )


def compare_scps(
    declared: Iterable[DeclaredScp], observed: ObservedScps
) -> tuple[ScpDeviation, ...]:
    """Every difference between what is declared and what AWS shows, in order of declaration."""
    listed = tuple(declared)
    found = [deviation for scp in listed for deviation in _compare(scp, observed)]
    names = {scp.name for scp in listed}
    undeclared = sorted(p.name for p in observed.policies if p.ours and p.name not in names)
    found += [ScpDeviation(kind=ScpDifference.UNDECLARED, name=name) for name in undeclared]
    return tuple(found)


def plan_scps(declared: tuple[DeclaredScp, ...] | None, observed: ObservedScps) -> ScpPlan:
    """What creates and attaches the missing SCPs; None: `scps` is not in the configuration.

    Raises:
        UsageError: SCPs are not enabled, a target does not exist, or would hold more than ten.
    """
    if declared is None:
        note = "scps is not in the configuration: not managed"
        return ScpPlan(plan=Plan(changes=(), notes=(note,)), budgets=(), blocked=False)
    _require_possible(declared, observed)
    by_name = {scp.name: scp for scp in declared}
    changes: list[Change] = []
    notes: list[str] = []
    blocked = False
    for deviation in compare_scps(declared, observed):
        scp = by_name.get(deviation.name)
        if scp is not None and not scp.ours:
            notes += _foreign_note(scp, deviation)
        elif deviation.kind in _BLOCKING:
            blocked = True
            words = _BLOCKING[deviation.kind].format(target=deviation.target)
            notes.append(f"SCP {deviation.name}: {words}; this version does nothing")
        elif deviation.kind is ScpDifference.DESCRIPTION:
            notes.append(f"SCP {deviation.name}: its description differs and stays as it is")
        else:
            changes.append(_change(by_name[deviation.name], deviation, observed))
    made = () if blocked else tuple(changes)
    return ScpPlan(
        plan=Plan(changes=made, notes=tuple(notes)),
        budgets=_budgets(declared, made, observed),
        blocked=blocked,
    )


def standing(change: Change, observed: ObservedScps) -> Standing:
    """What is left of an approved change of SCPs.

    Raises:
        IntegrityError: the change does not say what a change of SCPs must say.
    """
    if change.op is Op.CREATE_SCP:
        wanted = creation(change)
        existing = observed.named(change.target)
        return TO_DO if existing is None else _matching(existing, wanted.policy)
    return _attachment_standing(attachment_of(change), change.target, observed)


def creation(change: Change) -> CreateScp:
    """The `after` of a `create-scp` change.

    Raises:
        IntegrityError: it is none.
    """
    return _after(change, Op.CREATE_SCP, CreateScp)


def attachment_of(change: Change) -> AttachScp:
    """The `after` of an `attach-scp` change.

    Raises:
        IntegrityError: it is none.
    """
    return _after(change, Op.ATTACH_SCP, AttachScp)


def _after(change: Change, op: Op, kind: type[T]) -> T:
    if change.op is not op:
        raise IntegrityError(f"{change.op} is not {op}", code="params")
    try:
        return msgspec.convert(change.after, kind)
    except msgspec.ValidationError as error:
        raise IntegrityError(f"a {op} change does not fit: {error}", code="params") from error


def _attachment_standing(wanted: AttachScp, target: str, observed: ObservedScps) -> Standing:
    existing = observed.named(wanted.scp)
    there = observed.attached.get(target)
    if there is None:
        return _stale(f"there is no target {target} any more")
    if existing is None:
        return _stale(f"SCP {wanted.scp} is gone") if wanted.id else TO_DO
    if wanted.id not in (None, existing.id):
        return _stale(f"SCP {wanted.scp} is another policy than the one approved")
    matching = DONE if wanted.policy is None else _matching(existing, wanted.policy)
    if matching is not DONE or existing.id in there:
        return matching
    full = len(there) >= MAX_PER_TARGET
    return _stale(f"{target} holds {len(there)} SCPs already") if full else TO_DO


def _matching(existing: ObservedScp, wanted: PolicyText) -> Standing:
    if not existing.ours:
        return _stale(f"SCP {existing.name} exists and does not carry orgroot's tag")
    if existing.text is None or not same_scp(existing.text, wanted.text):
        return _stale(f"SCP {existing.name} has another text than the one approved")
    return DONE


def _stale(reason: str) -> Standing:
    return Standing(state=ChangeState.STALE, reason=reason)


def _target(text: str, name: str, org_root: str) -> str:
    if text == "root":
        return org_root
    for parse in (account_id, ou_id, root_id):
        try:
            return parse(text)
        except UsageError:
            continue
    raise UsageError(
        f"SCP {name}: {text!r} is no target",
        hint="a target is root, an OU id (ou-ab12-11111111) or an account id (12 digits)",
        code="scp-target",
    )


def _compare(scp: DeclaredScp, observed: ObservedScps) -> Iterable[ScpDeviation]:
    existing = observed.named(scp.name)
    if existing is None:
        yield ScpDeviation(kind=ScpDifference.MISSING, name=scp.name)
    else:
        if scp.ours and not existing.ours:
            yield ScpDeviation(kind=ScpDifference.NOT_OURS, name=scp.name)
        if existing.text is None or not same_scp(existing.text, scp.document.text):
            yield ScpDeviation(kind=ScpDifference.TEXT, name=scp.name)
        if existing.description != scp.description:
            yield ScpDeviation(kind=ScpDifference.DESCRIPTION, name=scp.name)
    for target in scp.targets:
        if existing is None or existing.id not in observed.attached.get(target, ()):
            yield ScpDeviation(kind=ScpDifference.NOT_ATTACHED, name=scp.name, target=target)
    for target, there in sorted(observed.attached.items()):
        if existing is not None and existing.id in there and target not in scp.targets:
            yield ScpDeviation(kind=ScpDifference.EXTRA_ATTACHMENT, name=scp.name, target=target)


def _require_possible(declared: tuple[DeclaredScp, ...], observed: ObservedScps) -> None:
    for scp in declared:
        for target in scp.targets:
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


def _foreign_note(scp: DeclaredScp, deviation: ScpDeviation) -> list[str]:
    words = _FOREIGN.get(deviation.kind)
    if words is None:
        return []
    said = words.format(target=deviation.target)
    return [f"SCP {scp.name}: {said}; it is managed by {scp.managed_by}, orgroot never writes it"]


def _change(scp: DeclaredScp, deviation: ScpDeviation, observed: ObservedScps) -> Change:
    text = policy_text(scp.document.text)
    after: Struct
    if deviation.kind is ScpDifference.MISSING:
        after = CreateScp(policy=text, description=scp.description)
        op, target = Op.CREATE_SCP, scp.name
    else:
        existing = observed.named(scp.name)
        after = AttachScp(
            scp=scp.name,
            id=existing.id if existing else None,
            policy=policy_text(existing.text or "") if existing else None,
        )
        op, target = Op.ATTACH_SCP, deviation.target
    tree: Any = msgspec.to_builtins(after)
    return Change(op=op, target=target, before=None, after=tree)


def _budgets(
    declared: tuple[DeclaredScp, ...], changes: tuple[Change, ...], observed: ObservedScps
) -> tuple[TargetBudget, ...]:
    budgets: list[TargetBudget] = []
    for target in sorted({target for scp in declared for target in scp.targets}):
        added = sum(c.op is Op.ATTACH_SCP and c.target == target for c in changes)
        attached = len(observed.attached[target])
        if added and attached + added > MAX_PER_TARGET:
            raise UsageError(
                f"{target} holds {attached} SCPs and would hold {attached + added}; "
                f"AWS allows {MAX_PER_TARGET}",
                hint="FullAWSAccess counts; merge policies or attach to another level",
                code="scp-budget",
            )
        budgets.append(TargetBudget(target=target, attached=attached, planned=attached + added))
    return tuple(budgets)
