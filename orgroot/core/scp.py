"""Service control policies: what the configuration declares against what AWS shows.

Orgroot writes the SCPs that carry its tag, which it gives to those that it creates or adopts. What
a neighbour's name marks as theirs is never orgroot's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from orgroot.core.config import ScpConfig
from orgroot.core.ids import account_id, ou_id, root_id
from orgroot.core.neighbours import owner_by_name
from orgroot.core.plan import OURS
from orgroot.core.scp_document import ScpDocument, same_scp
from orgroot.errors import UsageError

MAX_PER_TARGET = 10
"""SCPs attached directly to one root, OU or account, FullAWSAccess included (quota)."""

TAGS: Mapping[str, str] = MappingProxyType({"orgroot:managed": "true"})
"""The tag of every SCP that orgroot created or adopted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredScp:
    """An SCP as the configuration wants it.

    Attributes:
        targets: ids of root, OUs and accounts.
        waves: in which order it reaches them; empty: at once.
    """

    name: str
    description: str
    managed_by: str
    targets: tuple[str, ...]
    document: ScpDocument
    waves: tuple[tuple[str, ...], ...] = ()

    @property
    def ours(self) -> bool:
        """Orgroot may write it."""
        return self.managed_by == OURS

    @property
    def named(self) -> frozenset[str]:
        """Every target that it names, canaries included."""
        return frozenset(self.targets).union(*self.waves)


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
        """It carries orgroot's tag, and no name that marks it as a neighbour's."""
        theirs = self.aws_managed or bool(owner_by_name(self.name))
        return not theirs and TAGS.items() <= self.tags.items()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedScps:
    """The SCPs of an organization.

    Attributes:
        org_root: the id of the root container.
        enabled: the policy type SERVICE_CONTROL_POLICY is ENABLED there.
        policies: every SCP with its tags; the texts of those declared, of orgroot's, and of those
            attached where these are.
        attached: by target that exists, the ids of the SCPs attached directly to it: all targets
            that are declared, and all where an SCP of orgroot's is attached.
    """

    org_root: str
    enabled: bool
    policies: tuple[ObservedScp, ...]
    attached: Mapping[str, tuple[str, ...]]

    def named(self, name: str) -> ObservedScp | None:
        """The SCP of a name: Organizations keeps names unique."""
        return next((policy for policy in self.policies if policy.name == name), None)


NOTHING = ObservedScps(org_root="", enabled=False, policies=(), attached={})
"""Where nobody looked."""


class ScpDifference(StrEnum):
    """How what AWS shows differs from what is declared."""

    MISSING = "missing"
    NOT_ATTACHED = "not-attached"
    TEXT = "text"
    DESCRIPTION = "description"
    NOT_OURS = "not-ours"
    EXTRA_ATTACHMENT = "extra-attachment"
    UNDECLARED = "undeclared"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpDeviation:
    """One difference of one SCP; `target` for attachments."""

    kind: ScpDifference
    name: str
    target: str = ""


def declare(configured: ScpConfig, document: ScpDocument, org_root: str) -> DeclaredScp:
    """A configured SCP with its document read and `root` replaced by the id of the root.

    Raises:
        UsageError: a target is no id, or named twice; or the waves do not end with the targets.
    """
    name = configured.name
    targets = tuple(_target(text, name, org_root) for text in configured.targets)
    if len(set(targets)) != len(targets):
        raise UsageError(f"SCP {name}: a target is named twice", code="scp-target")
    waves = tuple(
        tuple(_target(text, name, org_root) for text in wave) for wave in configured.waves or ()
    )
    _require_waves(name, targets, waves)
    return DeclaredScp(
        name=configured.name,
        description=configured.description,
        managed_by=configured.managed_by,
        targets=targets,
        document=document,
        waves=waves,
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


def _require_waves(name: str, targets: tuple[str, ...], waves: tuple[tuple[str, ...], ...]) -> None:
    named = [target for wave in waves for target in wave]
    problem = ""
    if not all(waves):
        problem = "a wave names no target"
    elif len(set(named)) != len(named):
        problem = "its waves name a target twice"
    elif waves and (left := sorted(set(targets) - set(named))):
        problem = f"no wave names its target {left[0]}"
    elif waves and (odd := sorted(set(waves[-1]) - set(targets))):
        problem = f"its last wave names {odd[0]}, which is not among its targets"
    if problem:
        raise UsageError(
            f"SCP {name}: {problem}",
            hint="waves name each target once; canaries besides come before the last wave",
            code="scp-waves",
        )


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
