"""The organization's policies as they would be after some edits, whoever would make them.

The edits are orgroot's own plan or another tool's; nothing here judges whether AWS would take them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from orgroot.core.scp_lockout import Scp
from orgroot.core.scp_tree import BoundScp, ScpTree
from orgroot.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpCreated:
    """A policy that does not exist yet.

    Attributes:
        key: what later edits call it; nothing that is an id already (its name, say).
        scp: its name and statements.
    """

    key: str
    scp: Scp

    @property
    def policy(self) -> str:
        """What later edits call it, as in every edit."""
        return self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpUpdated:
    """A policy with another text, or another name.

    Attributes:
        policy: its id, or the key it was created under; so in every edit.
        scp: its name and statements from then on.
    """

    policy: str
    scp: Scp


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpAttached:
    """A policy on one root, OU or account more."""

    policy: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpDetached:
    """A policy on one root, OU or account less."""

    policy: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpDeleted:
    """A policy that is gone, wherever it was attached."""

    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMoved:
    """An account in another place; `path`: the ids from the root to its new parent."""

    account: str
    path: tuple[str, ...]


PolicyEdit = ScpCreated | ScpUpdated | ScpAttached | ScpDetached | ScpDeleted
ScpEdit = PolicyEdit | AccountMoved


def organization_after(tree: ScpTree, edits: Iterable[ScpEdit]) -> ScpTree:
    """The organization after the edits, one after the other.

    Attaching what is attached, and detaching what is not, changes nothing.

    Raises:
        UsageError: code `scp-edit`: an edit is of a policy that is not there, or creates one that
            is.
    """
    policies = dict(tree.policies)
    attached = dict(tree.attached)
    paths = dict(tree.paths)
    for edit in edits:
        match edit:
            case ScpCreated(key=key, scp=scp):
                if key in policies:
                    raise UsageError(f"there is an SCP {key} already", code="scp-edit")
                policies[key] = BoundScp(id=key, scp=scp)
            case ScpUpdated(policy=policy, scp=scp):
                policies[policy] = replace(_there(policies, policy), scp=scp)
            case ScpAttached(policy=policy, target=target):
                _there(policies, policy)
                attached[target] = tuple(dict.fromkeys((*attached.get(target, ()), policy)))
            case ScpDetached(policy=policy, target=target):
                _there(policies, policy)
                attached[target] = _without(attached.get(target, ()), policy)
            case ScpDeleted(policy=policy):
                _there(policies, policy)
                del policies[policy]
                attached = {at: _without(there, policy) for at, there in attached.items()}
            case AccountMoved(account=account, path=path):
                paths[account] = path
            case _:
                assert_never(edit)
    return replace(tree, policies=policies, attached=attached, paths=paths)


def _there(policies: Mapping[str, BoundScp], policy: str) -> BoundScp:
    if policy not in policies:
        raise UsageError(f"the organization has no SCP {policy}", code="scp-edit")
    return policies[policy]


def _without(there: tuple[str, ...], policy: str) -> tuple[str, ...]:
    return tuple(each for each in there if each != policy)
