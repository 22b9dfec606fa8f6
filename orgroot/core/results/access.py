"""Who calls, where centralized root access stands, and plans to change it."""

from typing import Any

from orgroot.core.results.base import Result, Row


class WhoamiKey(Row, frozen=True, kw_only=True):
    """A key of the person and where its private half was found (null: not found).

    `ended`: a `key-revoke` record ended it, and it approves nothing.
    """

    key: str
    fingerprint: str
    found: str | None
    ended: bool = False


class Whoami(Result, frozen=True, kw_only=True, tag="orgroot.whoami/v1"):
    """`orgroot whoami`; `caller` is an ARN, `may_request` and `may_approve` are task names.

    `owner`: the person is an owner of the trust, who need not be in the roster.
    """

    caller: str | None
    account: str | None
    person: str | None
    keys: tuple[WhoamiKey, ...] = ()
    groups: tuple[str, ...] = ()
    may_request: tuple[str, ...] = ()
    may_approve: tuple[str, ...] = ()
    add_to_roster: str | None = None
    owner: bool = False


class FeatureStatus(Row, frozen=True, kw_only=True):
    """The two features; null: AWS does not show them while trusted access is off."""

    credentials_management: bool | None
    root_sessions: bool | None


class RulesStatus(Row, frozen=True, kw_only=True):
    """The rules in force."""

    serial: int
    expires_at: str
    sha256: str
    matches_config: bool


class OpenRequest(Row, frozen=True, kw_only=True):
    """An open request in `status`."""

    id: str
    state: str
    task: str
    requester: str
    expires_at: str


class ReviewDue(Row, frozen=True, kw_only=True):
    """A request that was executed under break-glass and awaits its review until `due_at` (UTC)."""

    request: str
    task: str
    operator: str
    due_at: str
    overdue: bool


class Status(Result, frozen=True, kw_only=True, tag="orgroot.status/v1"):
    """`orgroot status`; `differs` names what is not as the config wants it."""

    organization: str
    management_account: str
    caller: str
    trusted_access: bool
    features: FeatureStatus
    delegated_administrator: str | None
    rules: RulesStatus | None
    open_requests: tuple[OpenRequest, ...] = ()
    reviews_due: tuple[ReviewDue, ...] = ()
    differs: tuple[str, ...] = ()


class ChangeRow(Row, frozen=True, kw_only=True):
    """One planned or applied change; `before` and `after` are JSON values."""

    op: str
    target: str
    before: Any
    after: Any


class WaveRow(Row, frozen=True, kw_only=True):
    """Whether a root session showed that a wave of an SCP bears it.

    Attributes:
        account: where one was, or shall be, tried.
        reason: why it is not verified; null: it is.
        survey: the record of the session; null: none was tried.
    """

    scp: str
    wave: int
    account: str
    verified: bool
    reason: str | None
    survey: str | None


class PlanResult(Result, frozen=True, kw_only=True, tag="orgroot.plan/v1"):
    """`enable`, `disable`, `scp plan`, `scp apply`.

    Attributes:
        notes: what this plan leaves undone, and why.
        budget: of each target the SCPs it holds, would hold and may hold.
        sizes: of each declared SCP the characters it has and may have.
        waves: of each SCP that was brought to a wave, what proves it.
    """

    command: str
    request: str | None
    state: str | None
    changes: tuple[ChangeRow, ...]
    applied: bool
    receipt: str | None
    notes: tuple[str, ...] = ()
    budget: tuple[dict[str, Any], ...] = ()
    sizes: tuple[dict[str, Any], ...] = ()
    waves: tuple[WaveRow, ...] = ()
