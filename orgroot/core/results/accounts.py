"""Root credentials of accounts: read, removed, and what differs from what was wanted."""

from typing import Any

from orgroot.core.results.base import DeniedBy, Result, Row


class AccessKeyRow(Row, frozen=True, kw_only=True):
    """A root access key; times are RFC 3339 UTC, null where AWS told none."""

    id: str
    status: str
    created_at: str | None
    last_used_at: str | None


class InventoryRow(Row, frozen=True, kw_only=True):
    """One account. `clean`: no password, keys or certificates; null: unknown or skipped."""

    id: str
    name: str
    state: str
    password: str
    access_keys: tuple[AccessKeyRow, ...]
    signing_certificates: tuple[str, ...]
    mfa_devices: tuple[str, ...] | None
    mfa_enabled: bool | None
    clean: bool | None
    reason: str | None
    denied_by: DeniedBy | None


class InventorySummary(Row, frozen=True, kw_only=True):
    """total = read + unread + skipped; read = clean + with_credentials."""

    total: int
    read: int
    clean: int
    with_credentials: int
    unread: int
    skipped: int


class Inventory(Result, frozen=True, kw_only=True, tag="orgroot.inventory/v1"):
    """`orgroot inventory`."""

    accounts: tuple[InventoryRow, ...]
    summary: InventorySummary
    survey: str | None
    receipt: str | None


class CredentialSet(Row, frozen=True, kw_only=True):
    """Root credentials, removed or left."""

    password: bool = False
    access_keys: tuple[str, ...] = ()
    signing_certificates: tuple[str, ...] = ()
    mfa_devices: tuple[str, ...] = ()


class RemovalRow(Row, frozen=True, kw_only=True):
    """One account.

    `outcome`: removed, nothing-to-remove, incomplete, unread, denied, held or skipped.
    """

    id: str
    name: str
    outcome: str
    removed: CredentialSet
    left: CredentialSet
    reason: str | None
    denied_by: DeniedBy | None


class RemovalSummary(Row, frozen=True, kw_only=True):
    """Accounts by outcome."""

    total: int
    removed: int
    nothing_to_remove: int
    incomplete: int
    unread: int
    denied: int
    held: int
    skipped: int


class Removal(Result, frozen=True, kw_only=True, tag="orgroot.removal/v1"):
    """`orgroot credentials remove`, executed (or with nothing to do: `request` is null)."""

    accounts: tuple[RemovalRow, ...]
    summary: RemovalSummary
    request: str | None
    receipt: str | None


class DriftFinding(Row, frozen=True, kw_only=True):
    """One finding; `id` is stable: `<kind>/<account, OU, SCP name or organization id>`."""

    id: str
    kind: str
    severity: str
    account: str | None
    title: str
    evidence: dict[str, Any]
    remedy: str
    status: str


class UnreadRow(Row, frozen=True, kw_only=True):
    """An account that could not be read."""

    id: str
    name: str
    reason: str
    denied_by: DeniedBy | None = None


class Coverage(Row, frozen=True, kw_only=True):
    """What the report rests on."""

    accounts: int
    read: int
    unread: tuple[UnreadRow, ...]


class Drift(Result, frozen=True, kw_only=True, tag="orgroot.drift/v1"):
    """`orgroot drift`.

    Attributes:
        findings: what differs.
        coverage: what was read of root users.
        summary: counts.
        digest: SHA-256 of this very object as canonical JSON without `digest`, `record` and
            `receipt`; it stands in the record.
        record: the number of the record that keeps the digest; null where none was written.
        receipt: pins the log as it is then.
    """

    findings: tuple[DriftFinding, ...]
    coverage: Coverage
    summary: dict[str, int]
    digest: str
    record: int | None = None
    receipt: str | None = None
