"""Root sessions that were handed out, as text."""

from orgroot.core import results
from orgroot.report.escape import grouped, visible
from orgroot.report.table import pairs
from orgroot.report.text_log import receipt


def handed_out(result: results.HandedOut) -> str:
    """Which session, and what the log says of it."""
    rows = [
        ("request", result.request),
        ("state", result.state),
        ("account", grouped(result.account)),
        ("task policy", result.task_policy),
        ("outcome", visible(result.outcome)),
        ("session", result.access_key_id or "none"),
        ("ends", result.expires_at or "-"),
    ]
    return pairs(rows) + receipt(result.receipt)
