"""What was seen of a log before, held against what its store holds now.

What had been seen must be read before the store: a log that grows meanwhile was not cut.
"""

from orgroot.core.codec import EMPTY
from orgroot.core.config import Trust
from orgroot.core.findings import Finding, FindingCode
from orgroot.core.log_state import LogState
from orgroot.core.receipts import parse_receipt
from orgroot.errors import IntegrityError

Head = tuple[int, str]
"""A record number and that record's hash."""


def expected_heads(trust: Trust, receipts: tuple[str, ...]) -> tuple[Head, ...]:
    """The heads that a configuration's checkpoint and receipt lines name.

    Raises:
        UsageError: one is no receipt line.
        IntegrityError: one is of another log.
    """
    checkpoint = () if trust.checkpoint is None else (trust.checkpoint,)
    return tuple(_of_log(line, trust.log_id) for line in (*checkpoint, *receipts))


def _of_log(line: str, log: str) -> Head:
    of, seq, record_sha256 = parse_receipt(line)
    if of != log:
        raise IntegrityError(
            f"the receipt is of log {of}, and the configuration trusts {log}", code="wrong-log"
        )
    return seq, record_sha256


def holds(state: LogState, head: Head) -> bool:
    """Whether the log has this very record, or began empty where the number is 0."""
    seq, record_sha256 = head
    return seq <= state.seq and (state.hashes[seq - 1] if seq else EMPTY) == record_sha256


def head_findings(state: LogState, heads: tuple[Head, ...]) -> tuple[Finding, ...]:
    """Where the log is not what was seen: ROLLBACK where it is shorter, FORK where it differs.

    Args:
        state: what the store held when it was read.
        heads: what had been seen before it was read.
    """
    found = []
    for seq, record_sha256 in heads:
        if seq > state.seq:
            detail = f"the log ends at record {state.seq}, and {seq} had been seen"
            found.append(Finding(code=FindingCode.ROLLBACK, seq=state.seq, detail=detail))
        elif not holds(state, (seq, record_sha256)):
            detail = f"the record is not the one that had been seen ({record_sha256[:12]}…)"
            found.append(Finding(code=FindingCode.FORK, seq=seq, detail=detail))
    return tuple(found)
