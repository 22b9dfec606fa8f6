"""What rules demand, and what owners say of what was found, as text."""

from collections import Counter

from orgroot.core import results
from orgroot.report import text_log
from orgroot.report.escape import grouped, visible
from orgroot.report.table import pairs, table


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


def check(result: results.RulesCheck) -> str:
    """Errors and warnings of the rules, and whether they were published."""
    rows = [(i.level, i.code, i.rule or "", visible(i.message)) for i in result.issues]
    counts = (
        f"{sum(i.level == 'error' for i in result.issues)} error(s), "
        f"{sum(i.level == 'warning' for i in result.issues)} warning(s)"
    )
    head = f"{counts}."
    if result.published:
        head = f"Published as serial {result.serial}."
    elif result.without is not None:
        head = f"Without {visible(result.without)}: {counts} more."
    elif result.serial is not None:
        head = f"{counts}. These rules are in force, as serial {result.serial}."
    listing = "\n\n" + table(("LEVEL", "CODE", "RULE", "MESSAGE"), rows) if rows else ""
    return head + listing + text_log.receipt(result.receipt)


def show(result: results.RulesShow) -> str:
    """One request in detail, or every task in a table."""
    head = "the config's rules" if result.serial is None else f"rules serial {result.serial}"
    expiry = f"EXPIRED {result.expires_at}" if result.expired else f"expire {result.expires_at}"
    parts = [f"{head}, {expiry}"]
    if result.asker is None and len(result.regions) != 1:
        parts.append(_matrix(result.regions))
    else:
        parts += [_region(row) for row in result.regions]
    if result.asker is not None:
        parts.append(_asker(result.asker))
    if result.notes:
        parts.append("\n".join(f"note: {visible(note)}" for note in result.notes))
    return "\n\n".join(parts) + text_log.receipt(result.receipt)


def _matrix(rows: tuple[results.RegionRow, ...]) -> str:
    parts = Counter(row.task for row in rows)
    lines = [
        (
            row.task,
            visible(", ".join(row.where)) or ("anywhere" if parts[row.task] == 1 else "else"),
            _needs(row),
            ", ".join(row.requesters),
            ", ".join(row.rules),
        )
        for row in rows
    ]
    return table(("TASK", "WHERE", "APPROVALS", "MAY ASK", "RULES"), lines)


def _needs(row: results.RegionRow) -> str:
    if not row.rules:
        return "DENIED"
    if not row.people:
        return "none"
    slots = ", ".join(f"{slot.count} of {slot.group}" for slot in row.each_of)
    beyond = row.total - sum(slot.count for slot in row.each_of)
    more = f"{beyond} of {' or '.join(row.approvers)}" if beyond > 0 else ""
    return ", ".join(part for part in (slots, more) if part)


def _region(row: results.RegionRow) -> str:
    rows = [("task", row.task), ("where", visible(", ".join(row.where)) or "anywhere")]
    if not row.rules:
        return pairs([*rows, ("rules", "none: DENIED")])
    executors = "the requester alone" if row.executors is None else _names(row.executors)
    rows += [
        ("rules", ", ".join(row.rules)),
        ("approvals", _needs(row)),
        ("may ask", f"{_names(row.requesters)}: {_names(row.may_ask)}"),
        ("may execute", executors),
    ]
    if row.people:
        rows.append(("may approve", f"{_names(row.approvers)}: {_names(row.may_approve)}"))
    rows += [
        ("session", f"at most {row.max_seconds} seconds"),
        ("request lives", f"{_long(row.request_ttl)}, an approval {_long(row.approval_ttl)}"),
        ("denials", f"{row.deny_threshold} end it"),
    ]
    rows += [("ticket", visible(pattern)) for pattern in row.tickets]
    if row.hardware_key:
        rows.append(("keys", "hardware keys only"))
    rows += [("never", visible(name)) for name in (*row.never_buckets, *row.never_queues)]
    rows.append(("break-glass", _emergency(row.break_glass)))
    return pairs(rows)


def _emergency(row: results.EmergencyRow | None) -> str:
    if row is None:
        return "no"
    review = ", ".join(f"{slot.count} of {slot.group}" for slot in row.review)
    pin = ", with PIN" if row.user_verification == "required" else ""
    return f"{_names(row.requesters)}{pin}; reviewed by {review} within {_long(row.review_within)}"


def _asker(row: results.AskerRow) -> str:
    rows = [(visible(row.person), "may ask" if row.may_ask else "may NOT ask")]
    rows += [("why", visible(why)) for why in row.refusals]
    rows.append(("could approve now", _names(row.could_approve)))
    rows += [
        ("out of reach", f"{slot.count} of {slot.group or 'those who count'}")
        for slot in row.out_of_reach
    ]
    return pairs(rows)


def _names(names: tuple[str, ...]) -> str:
    return visible(", ".join(names)) or "nobody"


def _long(seconds: int) -> str:
    """A length of time as the configuration writes it."""
    for unit, length in (("h", 3600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
