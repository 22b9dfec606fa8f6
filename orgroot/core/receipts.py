"""Short texts that pin the log from outside: receipts for tickets, references for AWS's trail."""

import re

from orgroot.core.ids import Digest, LogId, RequestId
from orgroot.errors import UsageError

_RECEIPT = re.compile(r"orgroot1 ([0-9a-f]{16}) (0|[1-9][0-9]{0,11}) ([0-9a-f]{64})")


def receipt_line(log_id: LogId, seq: int, record_hash: Digest) -> str:
    """The line printed after each run: `orgroot1 <log id> <record number> <hash>`."""
    return f"orgroot1 {log_id} {seq} {record_hash}"


def parse_receipt(text: str) -> tuple[LogId, int, Digest]:
    """The log id, record number and hash of a receipt line.

    Raises:
        UsageError: it is not such a line.
    """
    found = _RECEIPT.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text!r} is not a receipt",
            hint="expected the form `orgroot1 <log id> <record number> <64 hex>`",
            code="receipt",
        )
    return LogId(found[1]), int(found[2]), Digest(found[3])


def reference(request_id: RequestId, seq: int, record_hash: Digest) -> str:
    """What travels to CloudTrail with every session of an execution: 54 characters.

    `seq` and `record_hash` are those of the intent or survey record.
    """
    return f"orq.{request_id.removeprefix('orq_')[:12]}.{seq:012d}.{record_hash[:24]}"
