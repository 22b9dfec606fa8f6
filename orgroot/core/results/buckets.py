"""Bucket policies: inspected and unlocked."""

from orgroot.core.results.base import DeniedBy, Result, Row


class StatementRow(Row, frozen=True, kw_only=True):
    """A statement of a resource policy: `sid` as `--sid` takes it, and why it matters."""

    sid: str
    effect: str
    locks: bool
    why: str


class Inspection(Result, frozen=True, kw_only=True, tag="orgroot.inspect/v1"):
    """`orgroot inspect bucket`; `policy` is the text, null without one; `by` are Sids that lock."""

    account: str
    bucket: str
    region: str
    policy: str | None
    sha256: str | None
    locked: bool
    by: tuple[str, ...]
    receipt: str | None
    statements: tuple[StatementRow, ...] = ()
    notes: tuple[str, ...] = ()
    next: str | None = None


class UnlockItem(Row, frozen=True, kw_only=True):
    """One bucket; `outcome`: unlocked, repaired, not-locked, refused, failed, unknown.

    `backup` is the record number of the step-intent that holds the old policy.
    """

    account: str
    bucket: str
    outcome: str
    before_sha256: str | None
    after_sha256: str | None
    backup: int | None
    reason: str | None = None
    denied_by: DeniedBy | None = None


class Unlock(Result, frozen=True, kw_only=True, tag="orgroot.unlock/v1"):
    """`orgroot unlock-bucket`, executed."""

    request: str | None
    state: str
    items: tuple[UnlockItem, ...]
    receipt: str | None
