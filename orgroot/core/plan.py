"""Desired against observed: a plan of changes, with a digest, and what is left of it later.

A plan is a value that stands in a request and is approved word by word; nothing here changes or
reads anything. A key that the configuration leaves out is not managed: no change ever comes of it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from orgroot.core.codec import canonical
from orgroot.core.config import OrganizationConfig, RootAccess
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import Digest, sha256
from orgroot.core.organization import RootAccessState
from orgroot.core.root_tasks import Feature
from orgroot.core.scp_document import PolicyText, allows_something
from orgroot.errors import UsageError

OURS = "orgroot"
"""The `managed_by` under which orgroot itself writes."""

SERVICE_PRINCIPAL = "iam.amazonaws.com"
"""The trusted service of centralized root access (Organizations user guide, "IAM")."""

SESSIONS_MAY_LIVE = (
    "root sessions that are already open live up to 15 minutes, and STS may issue more for about "
    "3 minutes: nothing is certainly closed before 18 minutes have passed"
)


class Op(StrEnum):
    """What one change does; `target` is the thing it is done to.

    Trusted access: the service principal. Features: IAM's name of the feature. Delegated
    administrator: the account id. Attaching and detaching SCPs: the id of the root, OU or account.
    All else about SCPs: the SCP's name.
    """

    ENABLE_TRUSTED_ACCESS = "enable-trusted-access"
    ENABLE_FEATURE = "enable-feature"
    DISABLE_FEATURE = "disable-feature"
    REGISTER_DELEGATED_ADMINISTRATOR = "register-delegated-administrator"
    DEREGISTER_DELEGATED_ADMINISTRATOR = "deregister-delegated-administrator"
    DISABLE_TRUSTED_ACCESS = "disable-trusted-access"
    CREATE_SCP = "create-scp"
    ATTACH_SCP = "attach-scp"
    UPDATE_SCP = "update-scp"
    DETACH_SCP = "detach-scp"
    DELETE_SCP = "delete-scp"
    ADOPT_SCP = "adopt-scp"


_TASK_OF = {
    Op.ENABLE_TRUSTED_ACCESS: Task.ENABLE_ROOT_ACCESS,
    Op.ENABLE_FEATURE: Task.ENABLE_ROOT_ACCESS,
    Op.CREATE_SCP: Task.ADD_SCPS,
    Op.ATTACH_SCP: Task.ADD_SCPS,
    Op.UPDATE_SCP: Task.CHANGE_SCPS,
    Op.DETACH_SCP: Task.CHANGE_SCPS,
    Op.DELETE_SCP: Task.CHANGE_SCPS,
    Op.ADOPT_SCP: Task.CHANGE_SCPS,
    Op.REGISTER_DELEGATED_ADMINISTRATOR: Task.CHANGE_DELEGATED_ADMINISTRATOR,
    Op.DEREGISTER_DELEGATED_ADMINISTRATOR: Task.CHANGE_DELEGATED_ADMINISTRATOR,
    Op.DISABLE_FEATURE: Task.DISABLE_ROOT_ACCESS,
    Op.DISABLE_TRUSTED_ACCESS: Task.DISABLE_ROOT_ACCESS,
}
"""The task each operation needs, from the loosest to the strictest.

`disable-root-access` covers the deregistration inside `disable`.
"""

_TURNS_ON = frozenset(
    {Op.ENABLE_TRUSTED_ACCESS, Op.ENABLE_FEATURE, Op.REGISTER_DELEGATED_ADMINISTRATOR}
)
_STRICTNESS = tuple(_TASK_OF.values())


class Change(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One change: `before` and `after` are JSON values, policy texts are `PolicyText` objects."""

    op: Op
    target: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Changes in the order they are made.

    Attributes:
        changes: what will be done; empty: nothing differs.
        notes: what is seen and left undone, and why, in words.
    """

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()

    @property
    def task(self) -> Task | None:
        """The strictest task that the changes need; None for an empty plan."""
        tasks = [_task_of(change) for change in self.changes]
        return max(tasks, key=_STRICTNESS.index, default=None)

    @property
    def digest(self) -> Digest:
        """SHA-256 of the changes as canonical JSON; the notes change nothing and do not count."""
        return sha256(canonical(msgspec.to_builtins(self.changes)))


class ChangeState(StrEnum):
    """What is left of one approved change, in the light of what is there now."""

    TO_DO = "to-do"
    DONE = "done"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The standing of a change; `reason` says in words why it is stale."""

    state: ChangeState
    reason: str = ""


TO_DO = Standing(state=ChangeState.TO_DO)
DONE = Standing(state=ChangeState.DONE)


def plan_enable(
    desired: RootAccess | None, organization: OrganizationConfig, observed: RootAccessState
) -> Plan:
    """What `enable` does: trusted access and features as the configuration wants them.

    It never registers a delegated administrator; where the configuration asks for one that is not
    registered, a note says so.

    Raises:
        UsageError: another tool manages root access.
    """
    if desired is None:
        return Plan(changes=(), notes=("root_access is not in the configuration: not managed",))
    require_ours(desired)
    wanted = wanted_features(desired)
    changes: list[Change] = []
    if not observed.trusted_access and any(wanted.values()):
        changes.append(_switch(Op.ENABLE_TRUSTED_ACCESS, SERVICE_PRINCIPAL, on=True))
    for feature, on in wanted.items():
        is_on = feature in (observed.features or ())
        if on and not is_on:
            changes.append(_switch(Op.ENABLE_FEATURE, feature, on=True))
        elif is_on and not on:
            changes.append(_switch(Op.DISABLE_FEATURE, feature, on=False))
    notes = (*_hidden_note(wanted, observed), *_delegate_note(organization, observed))
    return Plan(changes=tuple(changes), notes=notes)


def plan_disable(desired: RootAccess | None, observed: RootAccessState) -> Plan:
    """What `disable` does: features off, delegated administrators off, trusted access off.

    Raises:
        UsageError: another tool manages root access.
    """
    require_ours(desired)
    if not observed.trusted_access:
        note = "trusted access is off already; turned on again, AWS restores the earlier features"
        return Plan(changes=(), notes=(note,))
    changes = [
        *(
            _switch(Op.DISABLE_FEATURE, feature, on=False)
            for feature in Feature
            if feature in (observed.features or ())
        ),
        *(
            _switch(Op.DEREGISTER_DELEGATED_ADMINISTRATOR, account, on=False)
            for account in sorted(observed.delegated_administrators)
        ),
        _switch(Op.DISABLE_TRUSTED_ACCESS, SERVICE_PRINCIPAL, on=False),
    ]
    return Plan(changes=tuple(changes), notes=(SESSIONS_MAY_LIVE,))


def plan_delegated_administrator(
    desired: RootAccess | None, organization: OrganizationConfig, observed: RootAccessState
) -> Plan:
    """What makes the configured account the one delegated administrator for IAM.

    Raises:
        UsageError: another tool manages root access, or trusted access is off.
    """
    require_ours(desired)
    wanted = organization.delegated_administrator
    if wanted is None:
        note = "organization.delegated_administrator is not in the configuration: not managed"
        return Plan(changes=(), notes=(note,))
    if not observed.trusted_access:
        raise UsageError(
            "a delegated administrator needs trusted access for iam.amazonaws.com, which is off",
            hint="run `orgroot enable` first",
        )
    registered = observed.delegated_administrators
    changes = [
        _switch(Op.DEREGISTER_DELEGATED_ADMINISTRATOR, account, on=False)
        for account in sorted(registered)
        if account != wanted
    ]
    if wanted not in registered:
        changes.append(_switch(Op.REGISTER_DELEGATED_ADMINISTRATOR, wanted, on=True))
    return Plan(changes=tuple(changes))


def standing(change: Change, observed: RootAccessState) -> Standing:
    """What is left of an approved change of root access.

    Raises:
        ValueError: the change is about an SCP; see `scp_standing.standing`.
    """
    if change.op is Op.DISABLE_FEATURE and observed.features is None:
        reason = f"trusted access is off, so AWS hides whether {change.target} is on"
        return Standing(state=ChangeState.STALE, reason=reason)
    return DONE if _is_on(change, observed) == (change.op in _TURNS_ON) else TO_DO


def _is_on(change: Change, observed: RootAccessState) -> bool:
    match change.op:
        case Op.ENABLE_TRUSTED_ACCESS | Op.DISABLE_TRUSTED_ACCESS:
            return observed.trusted_access
        case Op.ENABLE_FEATURE | Op.DISABLE_FEATURE:
            return change.target in (observed.features or ())
        case Op.REGISTER_DELEGATED_ADMINISTRATOR | Op.DEREGISTER_DELEGATED_ADMINISTRATOR:
            return change.target in observed.delegated_administrators
        case _:
            raise ValueError(f"{change.op} is judged against observed SCPs")


def _task_of(change: Change) -> Task:
    """The task one change needs.

    An SCP that allows something may loosen what an allow list leaves out, so it is no addition.
    """
    task = _TASK_OF[change.op]
    if task is Task.ADD_SCPS and isinstance(change.after, dict):
        try:
            text = msgspec.convert(change.after.get("policy"), PolicyText).text
        except msgspec.ValidationError:  # attached as created, or it does not fit: judged elsewhere
            return task
        return Task.CHANGE_SCPS if allows_something(text) else task
    return task


def require_ours(desired: RootAccess | None) -> None:
    """Return unless another tool manages root access.

    Raises:
        UsageError: it does, so orgroot never writes it.
    """
    if desired is not None and desired.managed_by != OURS:
        raise UsageError(
            f"root access is managed by {desired.managed_by} (root_access.managed_by)",
            hint=f"change it with {desired.managed_by}; `orgroot status --check` compares",
            code="managed-by",
        )


def wanted_features(desired: RootAccess | None) -> dict[Feature, bool]:
    """The features that the configuration manages, in the order they are switched."""
    if desired is None:
        return {}
    keys = {
        Feature.ROOT_CREDENTIALS_MANAGEMENT: desired.credentials_management,
        Feature.ROOT_SESSIONS: desired.root_sessions,
    }
    return {feature: on for feature, on in keys.items() if on is not None}


def _switch(op: Op, target: str, *, on: bool) -> Change:
    return Change(op=op, target=str(target), before=not on, after=on)


def _hidden_note(wanted: dict[Feature, bool], observed: RootAccessState) -> tuple[str, ...]:
    if observed.trusted_access or all(wanted.values()):
        return ()
    note = (
        "trusted access is off, so AWS hides the features: turned on, it restores the earlier "
        "ones; run `orgroot enable` again afterwards"
    )
    return (note,)


def _delegate_note(organization: OrganizationConfig, observed: RootAccessState) -> tuple[str, ...]:
    wanted = organization.delegated_administrator
    if wanted is None or wanted in observed.delegated_administrators:
        return ()
    note = (
        f"delegated administrator {wanted} is not registered; registering it is a request of its "
        "own (change-delegated-administrator)"
    )
    return (note,)
