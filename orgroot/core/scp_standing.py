"""What is left of an approved change of SCPs, in the light of what AWS shows now.

What was approved is done, or nothing is: another text, another policy of the name, or somebody
else's tag makes a change stale.
"""

from orgroot.core.neighbours import owner_of
from orgroot.core.plan import DONE, TO_DO, Change, ChangeState, Op, Standing
from orgroot.core.scp import ObservedScp, ObservedScps
from orgroot.core.scp_changes import (
    AdoptableScp,
    Attachment,
    KnownScp,
    ScpContent,
    adopted_of,
    attachment_of,
    content_of,
    known_of,
)
from orgroot.core.scp_document import PolicyText, same_scp
from orgroot.errors import IntegrityError


def standing(change: Change, observed: ObservedScps) -> Standing:
    """What is left of an approved change of SCPs.

    Raises:
        IntegrityError: the change does not say what a change of SCPs must say.
    """
    match change.op:
        case Op.CREATE_SCP:
            return _creation(change.target, content_of(change), observed)
        case Op.UPDATE_SCP:
            return _update(change.target, known_of(change), content_of(change), observed)
        case Op.ATTACH_SCP:
            return _attachment(attachment_of(change), change.target, observed)
        case Op.DETACH_SCP:
            return _detachment(attachment_of(change), change.target, observed)
        case Op.DELETE_SCP:
            return _deletion(change.target, known_of(change), observed)
        case Op.ADOPT_SCP:
            return _adoption(change.target, adopted_of(change), observed)
        case _:
            raise IntegrityError(f"{change.op} is about no SCP", code="params")


def _creation(name: str, wanted: ScpContent, observed: ObservedScps) -> Standing:
    existing = observed.named(name)
    if existing is None:
        return TO_DO
    return _foreign(existing) or _other_text(existing, wanted.policy) or DONE


def _update(name: str, known: KnownScp, wanted: ScpContent, observed: ObservedScps) -> Standing:
    existing = observed.named(name)
    if existing is None:
        return _stale(f"SCP {name} is gone")
    objection = _other_policy(existing, known.id) or _foreign(existing)
    if objection is not None:
        return objection
    if _is(existing, wanted.policy, wanted.description):
        return DONE
    if _is(existing, known.policy, known.description):
        return TO_DO
    return _stale(f"SCP {name} has another text or description than the one that was seen")


def _attachment(wanted: Attachment, target: str, observed: ObservedScps) -> Standing:
    existing = observed.named(wanted.scp)
    there = observed.attached.get(target)
    if there is None:
        return _stale(f"there is no target {target} any more")
    if existing is None:
        return _stale(f"SCP {wanted.scp} is gone") if wanted.id else TO_DO
    objection = _not_it(existing, wanted)
    if objection is not None:
        return objection
    return DONE if existing.id in there else TO_DO


def _detachment(known: Attachment, target: str, observed: ObservedScps) -> Standing:
    existing = observed.named(known.scp)
    there = observed.attached.get(target)
    if existing is None:
        return _renamed(known.scp, known.id, observed) or DONE
    if there is None:
        return _stale(f"there is no target {target} any more")
    if existing.id == known.id and existing.id not in there:
        return DONE
    return _not_it(existing, known) or TO_DO


def _deletion(name: str, known: KnownScp, observed: ObservedScps) -> Standing:
    existing = observed.named(name)
    if existing is None:
        return _renamed(name, known.id, observed) or DONE
    return (
        _other_policy(existing, known.id)
        or _foreign(existing)
        or _other_text(existing, known.policy)
        or TO_DO
    )


def _adoption(name: str, known: AdoptableScp, observed: ObservedScps) -> Standing:
    existing = observed.named(name)
    if existing is None:
        return _stale(f"SCP {name} is gone")
    owner = "AWS" if existing.aws_managed else owner_of(name, existing.tags)
    if owner:
        return _stale(f"SCP {name} belongs to {owner}")
    objection = _other_policy(existing, known.id) or _other_text(existing, known.policy)
    return objection or (DONE if existing.ours else TO_DO)


def _not_it(existing: ObservedScp, approved: Attachment) -> Standing | None:
    """Why an SCP is not the one that was approved for attaching or detaching."""
    objection = _other_policy(existing, approved.id) if approved.id else None
    objection = objection or _foreign(existing)
    if objection is None and approved.policy is not None:
        objection = _other_text(existing, approved.policy)
    return objection


def _other_policy(existing: ObservedScp, wanted: str) -> Standing | None:
    if existing.id == wanted:
        return None
    return _stale(f"SCP {existing.name} is another policy than the one approved")


def _foreign(existing: ObservedScp) -> Standing | None:
    if existing.ours:
        return None
    return _stale(f"SCP {existing.name} exists and does not carry orgroot's tag")


def _other_text(existing: ObservedScp, wanted: PolicyText) -> Standing | None:
    if existing.text is not None and same_scp(existing.text, wanted.text):
        return None
    return _stale(f"SCP {existing.name} has another text than the one approved")


def _renamed(name: str, policy: str | None, observed: ObservedScps) -> Standing | None:
    """Whether what is gone by name is there under another one."""
    other = next((scp.name for scp in observed.policies if scp.id == policy), None)
    return None if other is None else _stale(f"SCP {name} is called {other} now")


def _is(existing: ObservedScp, policy: PolicyText, description: str) -> bool:
    same = existing.text is not None and same_scp(existing.text, policy.text)
    return same and existing.description == description


def _stale(reason: str) -> Standing:
    return Standing(state=ChangeState.STALE, reason=reason)
