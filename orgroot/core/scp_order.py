"""In which order SCPs are changed, so that no target is ever worse off than before or after.

On the way no target is left without an SCP or without an Allow that it had, and none holds more
than AWS takes. What restricts comes first and on the smallest target first; what it replaces goes
last, and sooner only where its slot is needed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orgroot.core.plan import Change, ChangeState, Op, Standing
from orgroot.core.scp import MAX_PER_TARGET, ObservedScps
from orgroot.core.scp_changes import OPERATIONS, attachment_of, content_of, scp_of
from orgroot.core.scp_document import allows_something
from orgroot.errors import UsageError

_FIRST = tuple(OPERATIONS)


def in_order(changes: Iterable[Change], observed: ObservedScps) -> tuple[Change, ...]:
    """The changes in an order in which each may be made.

    Raises:
        UsageError: code `scp-order`: there is none, and why.
    """
    pending = ranked(changes, observed)
    state = Simulation.of(observed)
    made: list[Change] = []
    while pending:
        at = next((n for n, each in enumerate(pending) if not state.objection(each, pending)), None)
        if at is None:
            why = state.objection(pending[0], pending)
            raise UsageError(
                f"{pending[0].op} {pending[0].target}: {why}",
                hint="every root, OU and account needs an SCP that allows, such as FullAWSAccess",
                code="scp-order",
            )
        change = pending.pop(at)
        state.make(change)
        made.append(change)
    return tuple(made)


def ranked(changes: Iterable[Change], observed: ObservedScps) -> list[Change]:
    """The changes in the order in which each is preferred."""
    return sorted(changes, key=lambda change: _rank(change, observed))


def objection(
    changes: tuple[Change, ...], judged: Mapping[int, Standing], observed: ObservedScps
) -> str:
    """Why what is left of approved changes may not be made in their order now; empty: it may."""
    state = Simulation.of(observed)
    left = [each for n, each in enumerate(changes) if judged[n].state is ChangeState.TO_DO]
    for n, change in enumerate(left):
        why = state.objection(change, left[n:])
        if why:
            return f"{change.op} {change.target}: {why}"
        state.make(change)
    return ""


def _rank(change: Change, observed: ObservedScps) -> tuple[int, int]:
    """By kind of change; attachments from accounts over OUs to the root."""
    width = 1
    if change.op in (Op.ATTACH_SCP, Op.DETACH_SCP):
        width = 2 if change.target == observed.org_root else int(change.target.startswith("ou-"))
    return _FIRST.index(change.op), width


@dataclass(kw_only=True)
class Simulation:
    """The SCPs while they are changed, by name.

    Attributes:
        allows: whether an SCP has an Allow.
        attached: by target, the SCPs directly on it.
    """

    allows: dict[str, bool]
    attached: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, observed: ObservedScps) -> "Simulation":
        """The SCPs as they are before the first change."""
        names = {policy.id: policy.name for policy in observed.policies}
        return cls(
            allows={p.name: allows_something(p.text or "") for p in observed.policies},
            attached={
                target: {names.get(policy, policy) for policy in there}
                for target, there in observed.attached.items()
            },
        )

    def objection(self, change: Change, pending: Sequence[Change]) -> str:
        """Why a change may not be made next, the others still to come; empty: it may."""
        name = scp_of(change)
        match change.op:
            case Op.UPDATE_SCP if not allows_something(content_of(change).policy.text):
                bare = (self._bare(target, name) for target in self._holders(name))
                return next(filter(None, bare), "")
            case Op.ATTACH_SCP:
                return self._no_attachment(change.target, name, pending)
            case Op.DETACH_SCP if self.attached.get(change.target) == {name}:
                return f"{change.target} would be left without any SCP, which AWS refuses"
            case Op.DETACH_SCP:
                return self._bare(change.target, name)
            case Op.DELETE_SCP if holders := self._holders(name):
                return f"SCP {name} is still attached to {', '.join(holders)}"
            case _:
                return ""

    def _no_attachment(self, target: str, name: str, pending: Sequence[Change]) -> str:
        texts = {c.target for c in pending if c.op in (Op.CREATE_SCP, Op.UPDATE_SCP)}
        held = len(self.attached.get(target, ()))
        if name in texts:
            return f"SCP {name} does not have its new text yet"
        if held >= MAX_PER_TARGET:
            return f"{target} holds {held} SCPs, and AWS allows {MAX_PER_TARGET}"
        return ""

    def make(self, change: Change) -> None:
        """Make the change."""
        if change.op in (Op.CREATE_SCP, Op.UPDATE_SCP):
            self.allows[change.target] = allows_something(content_of(change).policy.text)
        elif change.op is Op.ATTACH_SCP:
            self.attached.setdefault(change.target, set()).add(attachment_of(change).scp)
        elif change.op is Op.DETACH_SCP:
            self.attached.get(change.target, set()).discard(attachment_of(change).scp)

    def copied(self) -> "Simulation":
        """One that goes its own way from here."""
        attached = {target: set(held) for target, held in self.attached.items()}
        return Simulation(allows=dict(self.allows), attached=attached)

    def _holders(self, name: str) -> tuple[str, ...]:
        return tuple(sorted(target for target, held in self.attached.items() if name in held))

    def _bare(self, target: str, without: str) -> str:
        """Whether a target would lose the last of its SCPs that allows anything."""
        there = self.attached.get(target, ())
        if {name for name in there if self.allows.get(name)} != {without}:
            return ""
        return f"{target} would be left without an SCP that allows anything: all would be denied"
