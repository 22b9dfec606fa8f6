"""The plans by which declared SCPs reach all their targets, wave after wave."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from orgroot.core.plan import Change, Op
from orgroot.core.scp import TAGS, DeclaredScp, ObservedScp, ObservedScps
from orgroot.core.scp_changes import attachment_of, content_of
from orgroot.core.scp_plan import plan_scps
from orgroot.core.scp_waves import from_wave, longest


def rollout(
    declared: tuple[DeclaredScp, ...], observed: ObservedScps
) -> Iterator[tuple[ObservedScps, tuple[Change, ...]]]:
    """The changes of each wave, with the SCPs as they are found then; nothing is taken back.

    Raises:
        UsageError: as `plan_scps`.
    """
    state = observed
    for wave in range(1, max(1, longest(declared)) + 1):
        changes = plan_scps(from_wave(declared, wave, state), state).plan.changes
        yield state, changes
        state = observed_after(state, changes)


def observed_after(observed: ObservedScps, changes: Iterable[Change]) -> ObservedScps:
    """The SCPs as AWS would show them after some changes."""
    policies = {policy.name: policy for policy in observed.policies}
    attached = {target: list(there) for target, there in observed.attached.items()}
    for change in changes:
        match change.op:
            case Op.CREATE_SCP:
                after = content_of(change)
                policies[change.target] = ObservedScp(
                    id=f"new:{change.target}",
                    name=change.target,
                    description=after.description,
                    aws_managed=False,
                    text=after.policy.text,
                    tags=TAGS,
                )
            case Op.UPDATE_SCP:
                after, old = content_of(change), policies[change.target]
                policies[change.target] = replace(
                    old, text=after.policy.text, description=after.description
                )
            case Op.DELETE_SCP:
                del policies[change.target]
            case Op.ATTACH_SCP:
                attached[change.target].append(policies[attachment_of(change).scp].id)
            case _:
                attached[change.target].remove(policies[attachment_of(change).scp].id)
    return replace(
        observed,
        policies=tuple(policies.values()),
        attached={target: tuple(there) for target, there in attached.items()},
    )
