"""Accounts and buckets as text: clean, dirty, unread and skipped are four different words."""

from orgroot.core import results
from orgroot.core.root_credentials import Presence
from orgroot.report.escape import grouped, visible
from orgroot.report.table import pairs, table
from orgroot.report.text_log import receipt


def why(reason: str | None, denied_by: results.DeniedBy | None) -> str:
    """The reason, and who denied where that is known: policy and Sid."""
    text = visible(reason or "")
    if denied_by is None:
        return text
    name = visible(denied_by.policy or "a policy AWS did not name")
    sid = f", Sid {visible(denied_by.sid)}" if denied_by.sid else ""
    kind = f"{visible(denied_by.kind)} " if denied_by.kind else ""
    return f"{text} (denied by {kind}{name}{sid})".strip()


def unread(rows: tuple[results.UnreadRow, ...]) -> str:
    """The accounts that could not be read, each by name."""
    lines = [(grouped(row.id), visible(row.name), why(row.reason, row.denied_by)) for row in rows]
    return f"{len(rows)} account(s) NOT READ:\n" + table(("ACCOUNT", "NAME", "REASON"), lines)


def inventory(result: results.Inventory) -> str:
    """One line per account that is not clean, then the sums."""
    summary = result.summary
    rows = []
    for row in result.accounts:
        if row.clean:
            continue
        what = [
            "password" if row.password == Presence.PRESENT else "",
            f"{len(row.access_keys)} access key(s)" if row.access_keys else "",
            f"{len(row.signing_certificates)} certificate(s)" if row.signing_certificates else "",
            f"{len(row.mfa_devices)} MFA device(s)" if row.mfa_devices else "",
        ]
        detail = ", ".join(part for part in what if part)
        rows.append(
            (
                grouped(row.id),
                visible(row.name),
                "HAS CREDENTIALS" if row.clean is False else "not known",
                detail or why(row.reason, row.denied_by),
            )
        )
    sums = (
        f"{_accounts(summary.total)}: {summary.read} read ({summary.clean} clean, "
        f"{summary.with_credentials} with root credentials), {summary.unread} not read, "
        f"{summary.skipped} skipped."
    )
    body = table(("ACCOUNT", "NAME", "ROOT USER", "DETAIL"), rows) + "\n\n" if rows else ""
    return body + sums + receipt(result.receipt)


def credentials(held: results.CredentialSet) -> str:
    """A set of credentials in words; empty when there are none."""
    parts = [
        "password" if held.password else "",
        f"{len(held.access_keys)} access key(s)" if held.access_keys else "",
        f"{len(held.signing_certificates)} certificate(s)" if held.signing_certificates else "",
        f"{len(held.mfa_devices)} MFA device(s)" if held.mfa_devices else "",
    ]
    return ", ".join(part for part in parts if part)


def removal(result: results.Removal) -> str:
    """What was removed, what is left, and what could not be read."""
    rows = [
        (
            grouped(row.id),
            visible(row.name),
            row.outcome,
            credentials(row.removed) or "-",
            credentials(row.left) or "-",
            why(row.reason, row.denied_by),
        )
        for row in result.accounts
        if row.outcome not in {"nothing-to-remove", "skipped"}
    ]
    s = result.summary
    sums = (
        f"{_accounts(s.total)}: {s.removed} removed and read back, "
        f"{s.nothing_to_remove} had nothing to remove, {s.incomplete} incomplete, "
        f"{s.unread} unread, {s.denied} denied, {s.held} held, {s.skipped} skipped."
    )
    head = ("ACCOUNT", "NAME", "OUTCOME", "REMOVED", "LEFT", "REASON")
    body = table(head, rows) + "\n\n" if rows else ""
    request = f"\nrequest: {result.request}" if result.request else ""
    return body + sums + request + receipt(result.receipt)


def inspection(result: results.Inspection) -> str:
    """Whether a bucket is locked, by which statements, and the policy itself."""
    verdict = "yes, by " + ", ".join(visible(s) for s in result.by) if result.locked else "no"
    if result.policy is None:
        verdict = "no: the bucket has no policy"
    parts = [
        pairs(
            [
                ("bucket", visible(result.bucket)),
                ("account", grouped(result.account)),
                ("region", visible(result.region)),
                ("locked", verdict),
                ("sha256", result.sha256 or "-"),
            ]
        )
    ]
    if result.statements:
        rows = [
            (visible(s.sid), s.effect, "locks" if s.locks else "", visible(s.why))
            for s in result.statements
        ]
        parts.append(table(("SID", "EFFECT", "", "WHY"), rows))
    if result.policy is not None:
        parts.append(visible(result.policy, keep_newlines=True))
    parts.extend(f"- {visible(note)}" for note in result.notes)
    if result.next:
        parts.append(f"Next: {visible(result.next)}")
    return "\n\n".join(parts) + receipt(result.receipt)


def unlock(result: results.Unlock) -> str:
    """One line per bucket, with the record that holds its old policy."""
    rows = [
        (
            visible(item.bucket),
            grouped(item.account),
            item.outcome,
            f"record {item.backup}" if item.backup is not None else "-",
            why(item.reason, item.denied_by),
        )
        for item in result.items
    ]
    body = table(("BUCKET", "ACCOUNT", "OUTCOME", "OLD POLICY IN", "REASON"), rows)
    request = f"\n\nrequest: {result.request}" if result.request else ""
    return f"{body}{request}\nstate: {result.state}" + receipt(result.receipt)


def _accounts(count: int) -> str:
    return "1 account" if count == 1 else f"{count} accounts"
