"""`log verify` of a folder as a process of its own, for `bench.log`: prints seconds and MiB."""

import multiprocessing
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from orgroot.core.config import Trust
from orgroot.core.log_verify import PrereadRecords, Records, in_turn, verify
from orgroot.local.file_store import FileStore
from orgroot.local.second_process import ahead


def main(folder: str, organization: str, trust: str, how: str) -> None:
    """Verify the log in a folder, its records looked at in turn or ahead."""
    second = 0

    def watched(records: Records) -> PrereadRecords:
        nonlocal second
        for n, one in enumerate((ahead if how == "ahead" else in_turn)(records)):
            if n % 500 == 0:
                peaks = [_peak(str(child.pid)) for child in multiprocessing.active_children()]
                second = max(second, *peaks, 0)
            yield one

    store = FileStore(Path(folder))
    before = time.perf_counter()
    state = verify(
        trust=msgspec.json.decode(trust, type=Trust),
        organization=organization,
        get=store.get,
        keys=store.keys(),
        now=datetime.now(UTC),
        ahead=watched,
    )
    seconds = time.perf_counter() - before
    assert all(finding.code.attention for finding in state.findings)
    print(f"{state.seq} {seconds:.2f} {time.process_time():.2f} {_peak('self')} {second}")


def _peak(process: str) -> int:
    """The most memory that a process of this machine had, in MiB; 0 where Linux is not."""
    status = Path("/proc") / process / "status"
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
