"""The audit log as pure values: records in, state and findings out. The one door to its parts.

Nothing here reads a store or a clock. Two questions are kept apart: is the log as it was written
(`fatal_findings`, which stop every command), and is all that stands in it in order
(`integrity_findings`, which `log verify` reports)?
"""

from orgroot.core.execution_facts import check_fact_object
from orgroot.core.findings import Finding
from orgroot.core.fold import Fold
from orgroot.core.log_state import LogState
from orgroot.core.log_verify import verify
from orgroot.core.owners import foreign_findings
from orgroot.core.receipts import parse_receipt, receipt_line, reference
from orgroot.core.request_states import request_state

__all__ = [
    "Fold",
    "check_fact_object",
    "fatal_findings",
    "foreign_findings",
    "integrity_findings",
    "parse_receipt",
    "receipt_line",
    "reference",
    "request_state",
    "verify",
]


def integrity_findings(state: LogState) -> tuple[Finding, ...]:
    """Everything that is exit 4 for `log verify`, in the order it was found."""
    return tuple(finding for finding in state.findings if not finding.code.attention)


def fatal_findings(state: LogState) -> tuple[Finding, ...]:
    """What shows that the log was altered, so that no command may go on.

    A missing record; a first record that is no genesis (one of other owners: `foreign_findings`);
    a chain that does not hold; a head or position that a person or execution of this log signed
    and that is not so here.
    All other findings are about records that count for nothing: whoever can append must not be
    able to stop the others.

    What it costs: a person of the roster can stop the log by signing a false head. It is believed,
    for a second version of the log shows itself in no other way, and it names its signer. And
    what was done to the last record shows in nothing behind it: for the tail there are receipts
    and the heads that machines remember.
    """
    return tuple(finding for finding in state.findings if finding.fatal)
