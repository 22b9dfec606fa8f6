"""What a sandbox organization costs to build: CPU time by accounts, which must not outgrow them."""

import time
from datetime import UTC, datetime

from orgroot.sandbox.seed import build

SIZES = (100, 1_000, 10_000)
SEED = 7
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def main() -> None:
    """Print CPU milliseconds of each size, and its ratio to what its accounts alone would cost."""
    least = None
    for accounts in SIZES:
        seconds = _seconds(accounts)
        each = seconds / accounts
        least = each if least is None else least
        print(f"{accounts:6d} accounts {seconds * 1000:7.0f} ms   ratio {each / least:5.2f}")


def _seconds(accounts: int) -> float:
    began = time.process_time()
    build(accounts=accounts, seed=SEED, features_on=True, clock=lambda: NOW)
    return time.process_time() - began
