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
    comment: str = ""


class MissingRow(Row, frozen=True, kw_only=True):
    """So many approvals are missing, of this group or (null) of anyone who counts."""

    group: str | None
    count: int


class ReviewedRow(Row, frozen=True, kw_only=True):
    """A review; `verdict`: reviewed or violation."""

    person: str
    verdict: str
    ticket: str
    comment: str
    at: str
    seq: int


class ReviewState(Row, frozen=True, kw_only=True):
    """What is owed for a request that was executed under break-glass.

    Attributes:
        began_at, due_at: UTC.
        owed: neither reviewed nor approved in full afterwards.
        reviews: so far.
        missing: reviewers still wanted; `could_review` are people.
        ticket_owed: the review must bring a ticket.
    """

    began_at: str
    due_at: str
    owed: bool
    reviews: tuple[ReviewedRow, ...]
    missing: tuple[MissingRow, ...]
    could_review: tuple[str, ...]
    ticket_owed: bool


class RequestView(Result, frozen=True, kw_only=True, tag="orgroot.request/v1"):
    """A request; `could_approve` are people, `summary` what an approver (or reviewer) is shown.

    `review`: null unless it was executed under break-glass. `chat`: lines for one, while it waits.
    """

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
    break_glass: bool = False
    review: ReviewState | None = None
    chat: str = ""


class DrillRow(Row, frozen=True, kw_only=True):
    """One thing that was rehearsed; `detail`: what was found, or why it would have failed."""

    check: str
    ok: bool
    detail: str


class DrillReport(Result, frozen=True, kw_only=True, tag="orgroot.drill/v1"):
    """`orgroot break-glass --drill`.

    Attributes:
        person: who rehearsed.
        checks: in the order in which an emergency would meet them.
        passed: all of them.
        proves, leaves_open: what that shows, and what only an emergency would.
        recorded: the record that the drill wrote; null: with `--dry-run`.
    """

    person: str
    checks: tuple[DrillRow, ...]
    passed: bool
    proves: tuple[str, ...]
    leaves_open: tuple[str, ...]
    recorded: int | None
    receipt: str | None


class RequestList(Result, frozen=True, kw_only=True, tag="orgroot.request-list/v1"):
    """`orgroot request list`."""

    requests: tuple[OpenRequest, ...]


class DryRun(Result, frozen=True, kw_only=True, tag="orgroot.dry-run/v1"):
    """What a command would have asked for or done, with `--dry-run`: nothing was written anywhere.

    `summary`: what an approver would be shown.
    """

    command: str
    task: str
    targets: tuple[dict[str, Any], ...]
    params: dict[str, Any]
    needs: tuple[MissingRow, ...]
    could_approve: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    summary: dict[str, Any] = field(default_factory=dict)
