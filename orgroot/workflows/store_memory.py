"""What the store itself tells of the log in it, held against the log.

Whoever reads a log asks this too: was it read where it belongs, and are its records the first ones?
"""

from collections.abc import Sequence
from datetime import datetime

from orgroot.core.log_state import LogState
from orgroot.core.store_evidence import KeyEvidence, doubtful
from orgroot.errors import IntegrityError


def require_world(state: LogState, endpoint: str | None) -> None:
    """Return unless the log speaks of another world than the one its store was reached in.

    Args:
        state: the log as it was read.
        endpoint: `aws` or `sandbox`; None: the store is on this machine.

    Raises:
        IntegrityError: it does.
    """
    genesis = state.genesis
    if genesis is None or endpoint in {None, genesis.endpoint}:
        return
    raise IntegrityError(
        f"the log is of {genesis.endpoint}, and it was read at an endpoint of {endpoint}",
        hint="look at AWS_ENDPOINT_URL and at which configuration is used",
        code="endpoint",
    )


def require_firsts(state: LogState, covered: Sequence[KeyEvidence], now: datetime) -> None:
    """Return unless nobody can be sure that what was read of a record is what was written first.

    Raises:
        IntegrityError: something lies over a record, nothing holds its first version, and no owner
            has acknowledged it.
    """
    doubt = doubtful(covered, state.acknowledged_versions, now)
    if doubt is None:
        return
    named = " ".join(f"--version {doubt.key}={version}" for version in doubt.covered_by)
    raise IntegrityError(
        f"over {doubt.key} in the audit log something was written or deleted, and nothing kept its "
        "first version",
        hint="`orgroot log verify` names every such record; an owner who has looked at it "
        f"acknowledges it: `orgroot log ack {named}`",
        code="multi-version",
    )
