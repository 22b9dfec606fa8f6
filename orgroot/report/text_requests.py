"""Requests as text: what is asked, who approved, who could, and the commands for them."""

from typing import Any

from orgroot.core import results
from orgroot.report.escape import grouped, visible
from orgroot.report.table import pairs, table
from orgroot.report.text_log import receipt
from orgroot.report.text_policies import policy_texts

_TO_COME = frozenset({"PENDING", "APPROVED"})
"""States in which nothing was done yet."""


def missing(row: results.MissingRow) -> str:
    """`1 of security`, or `1 more of anyone who counts`."""
    return f"{row.count} of {row.group}" if row.group else f"{row.count} more of anyone who counts"


def listing(rows: tuple[results.OpenRequest, ...]) -> str:
    """One line per request."""
    return table(
        ("REQUEST", "STATE", "TASK", "BY", "EXPIRES (UTC)"),
        ((r.id, r.state, r.task, visible(r.requester), r.expires_at) for r in rows),
    )


def due(rows: tuple[results.ReviewDue, ...]) -> str:
    """One line per review that is owed."""
    return table(
        ("REQUEST", "TASK", "BY", "DUE (UTC)", ""),
        (
            (r.request, r.task, visible(r.operator), r.due_at, "OVERDUE" if r.overdue else "")
            for r in rows
        ),
    )


def drill(result: results.DrillReport) -> str:
    """Each check, then what the drill shows and what it cannot."""
    rows = [("ok" if c.ok else "FAILED", c.check, visible(c.detail)) for c in result.checks]
    head = "The drill passed." if result.passed else "The drill FAILED: an emergency would too."
    parts = [head, table(("", "CHECK", "FOUND"), rows)]
    if result.proves:
        parts.append("It shows:\n" + "\n".join(f"- {line}" for line in result.proves))
    parts.append("It cannot show:\n" + "\n".join(f"- {line}" for line in result.leaves_open))
    return "\n\n".join(parts) + receipt(result.receipt)


def request_list(result: results.RequestList) -> str:
    """All requests asked for, or the sentence that there are none."""
    return listing(result.requests) if result.requests else "No requests."


def summary(tree: dict[str, Any]) -> str:
    """What a signer is shown: `label: value`, lists indented below their label."""
    lines: list[tuple[str, str]] = []
    for label, value in tree.items():
        _flatten(label.replace("_", " "), value, lines)
    return pairs(lines)


def act(tree: dict[str, Any], params: dict[str, Any]) -> str:
    """What a signer is shown, and the policy texts in full."""
    texts = policy_texts(params)
    return summary(tree) + (f"\n\nPolicy texts:\n{texts}" if texts else "")


def _indented(lines: str) -> str:
    return "\n".join(f"  {visible(line)}" for line in lines.splitlines())


def _flatten(label: str, value: Any, lines: list[tuple[str, str]]) -> None:
    if isinstance(value, dict):
        for key, part in value.items():
            _flatten(f"{label}.{key}", part, lines)
    elif isinstance(value, list | tuple):
        if not value:
            lines.append((visible(label), "none"))
        for part in value:
            _flatten(label, part, lines)
    else:
        lines.append((visible(label), visible(_word(value))))


def _word(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _review(review: results.ReviewState | None) -> list[tuple[str, str]]:
    """What was said of it afterwards, and what is still owed."""
    if review is None:
        return []
    rows = [
        (
            f"review, {row.verdict}",
            f"{visible(row.person)} at {row.at}, #{row.seq}"
            + (f", {visible(row.ticket)}" if row.ticket else "")
            + (f": {visible(row.comment)}" if row.comment else ""),
        )
        for row in review.reviews
    ]
    if review.owed:
        wanted = ", ".join(missing(m) for m in review.missing)
        ticket = ", with a ticket" if review.ticket_owed else ""
        rows.append(("review due", f"{review.due_at}, by {wanted}{ticket}"))
        rows.append(("could review", ", ".join(review.could_review) or "nobody now"))
    return rows


def view(result: results.RequestView) -> str:
    """A request, and what it is waiting for."""
    accounts = [t["account"] for t in result.targets if t.get("account")]
    shown = ", ".join(grouped(a) for a in accounts[:5]) + (
        f" and {len(accounts) - 5} more" if len(accounts) > 5 else ""  # noqa: PLR2004 - a line's worth
    )
    rows = [
        ("request", result.id + (" (continuing)" if result.continuing else "")),
        ("state", result.state),
        ("task", result.task),
        ("accounts", shown or "the organization"),
        ("requester", visible(result.requester)),
        ("reason", visible(result.justification) or "-"),
        ("ticket", visible(result.ticket) or "-"),
        ("expires", result.expires_at),
    ]
    rows.extend(
        (
            row.decision,
            f"{visible(row.person)} ({', '.join(row.groups)}) at {row.at}, #{row.seq}"
            + (f", taken back in #{row.revoked}" if row.revoked else "")
            + (f": {visible(row.comment)}" if row.comment else ""),
        )
        for row in result.approvals
    )
    if result.break_glass:
        rows.append(("break-glass", "yes"))
    rows.extend(_review(result.review))
    if result.missing:
        rows.append(("still needs", ", ".join(missing(m) for m in result.missing)))
        rows.append(("could approve", ", ".join(result.could_approve) or "nobody"))
    text = pairs(rows)
    if result.summary:
        heading = "What will be done" if result.state in _TO_COME else "What was asked"
        text += f"\n\n{heading}:\n{act(result.summary, result.params)}"
        text += f"\n\nTo paste into a chat:\n{_indented(result.chat)}" if result.chat else ""
    if result.commands:
        text += "\n\nNext:\n" + "\n".join(f"  {visible(line)}" for line in result.commands)
    return text + receipt(result.receipt)
