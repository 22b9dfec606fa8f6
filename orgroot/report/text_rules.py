"""What rules demand, and what owners say of what was found, as text."""

from orgroot.core import results
from orgroot.report import text_log
from orgroot.report.escape import grouped, visible
from orgroot.report.table import pairs


def acknowledged(result: results.Acknowledged) -> str:
    """What an owner acknowledged."""
    if result.record is None:
        return "Nothing to acknowledge." + text_log.receipt(result.receipt)
    rows = [("record", str(result.record)), ("reason", visible(result.reason))]
    for move in result.moves:
        rows.append((grouped(move.account), f"{visible(move.name)} in {place(move)}"))
        rows += [("  before", place(before)) for before in move.before]
    rows += [(visible(v.key), visible(", ".join(v.version_ids))) for v in result.versions]
    return pairs(rows) + text_log.receipt(result.receipt)


def place(row: results.PlaceRow | results.MovedRow) -> str:
    """Where an account is, and what tags it carries as far as rules look at them."""
    tags = ", ".join(
        f"{key}={value}" if value is not None else f"no {key}" for key, value in row.tags.items()
    )
    return visible(f"{row.ou_path or 'no known OU'}" + (f" ({tags})" if tags else ""))
