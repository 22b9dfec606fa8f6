"""Evidence that somebody looked: the digest of what they saw, and its record in the log."""

from collections.abc import Callable
from typing import Any

import msgspec

from orgroot.core.codec import canonical
from orgroot.core.evidence_statements import Reconciled, Report
from orgroot.core.ids import Digest, sha256
from orgroot.core.results import Drift, Reconciliation
from orgroot.workflows.audit_log import signed_once
from orgroot.workflows.signing import common_fields, sign, signer_of
from orgroot.workflows.workspace import Workspace


def digest_of(report: Reconciliation | Drift) -> Digest:
    """The SHA-256 of a report as canonical JSON, less what is only known once it is recorded."""
    tree: dict[str, Any] = msgspec.to_builtins(report)
    for name in ("digest", "record", "receipt"):
        del tree[name]
    return sha256(canonical(tree))


def record_evidence(
    ws: Workspace, make: Callable[[dict[str, Any]], Reconciled | Report]
) -> tuple[int, str]:
    """Sign and append a record of evidence; answers its number, and a receipt.

    Args:
        ws: the command's world.
        make: makes it of the fields that every statement of a person has.

    Raises:
        UsageError: nobody of the roster, or no key.
        AuditUnavailable: the log did not take it.
    """
    governed = ws.governed
    log = governed.log
    fields = common_fields(log, log.state, log.check_clock(ws.clock.now()))
    body = make({**fields, "signer": signer_of(governed.person, governed.signer)})
    appended = log.append(signed_once(lambda _state: sign(body, governed.signer)))
    return appended.seq, log.receipt()
