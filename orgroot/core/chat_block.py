"""The few lines about a waiting request that people paste into a chat: who asks for what, and how.

It points at the request and replaces nothing: whoever approves reads the request itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from orgroot.core.quorum import Missing

SHOWN = 5
"""So many lines of targets and of changes; the rest is counted."""


def chat_block(
    request_id: str,
    summary: Mapping[str, Any],
    lacking: Sequence[Missing],
    could_approve: Sequence[str],
) -> str:
    """Lines for a chat; empty where nothing is missing.

    Args:
        request_id: the request.
        summary: what an approver is shown.
        lacking: the approvals that are missing.
        could_approve: whose approval would help now.
    """
    if not lacking:
        return ""
    ticket = "" if summary["ticket"] == "none" else f" ({summary['ticket']})"
    why = summary["justification"] + ticket
    needs = ", ".join(f"{m.count} of {m.group or 'those who count'}" for m in lacking)
    people = ", ".join(could_approve) or "nobody now"
    return "\n".join(
        (
            f"{summary['requester']} asks for {summary['task']}: {why}",
            *_some(summary["targets"]),
            *_some(summary["changes"]),
            f"needs {needs} before {summary['expires']}: {people}",
            f"orgroot approve {request_id}",
            f"without orgroot: ask for `orgroot approval prepare {request_id} --as YOU --paste`",
        )
    )


def _some(lines: Sequence[str]) -> list[str]:
    rest = len(lines) - SHOWN
    return [f"- {line}" for line in lines[:SHOWN]] + ([f"- … {rest} more"] if rest > 0 else [])
