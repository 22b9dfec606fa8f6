"""Requests: what is asked, who decided, who could."""

from typing import Any

from msgspec import field

from orgroot.core.results.access import OpenRequest
from orgroot.core.results.base import Result, Row


class ApprovalRow(Row, frozen=True, kw_only=True):
    """A decision on a request; `decision`: approve or deny.

    `revoked`: the record in which its signer took it back; null: it stands.
    """

    person: str
    decision: str
    groups: tuple[str, ...]
    at: str
    seq: int
    revoked: int | None = None


class MissingRow(Row, frozen=True, kw_only=True):
    """So many approvals are missing, of this group or (null) of anyone who counts."""

    group: str | None
    count: int


class RequestView(Result, frozen=True, kw_only=True, tag="orgroot.request/v1"):
    """A request; `could_approve` are people, `summary` what an approver is shown."""

    id: str
    state: str
    task: str
    targets: tuple[dict[str, Any], ...]
    params: dict[str, Any]
    requester: str
    approvals: tuple[ApprovalRow, ...]
    missing: tuple[MissingRow, ...]
    expires_at: str
    receipt: str | None
    ticket: str = ""
    justification: str = ""
    could_approve: tuple[str, ...] = ()
    summary: dict[str, Any] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    continuing: bool = False


class RequestList(Result, frozen=True, kw_only=True, tag="orgroot.request-list/v1"):
    """`orgroot request list`."""

    requests: tuple[OpenRequest, ...]


class DryRun(Result, frozen=True, kw_only=True, tag="orgroot.dry-run/v1"):
    """What a command would have asked for, with `--dry-run`: nothing was written anywhere."""

    command: str
    task: str
    targets: tuple[dict[str, Any], ...]
    params: dict[str, Any]
    needs: tuple[MissingRow, ...]
    could_approve: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
