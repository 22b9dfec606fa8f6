"""The log as text: records, findings, and the receipt line that goes into a ticket."""

from orgroot.core import results
from orgroot.report.escape import grouped, visible
from orgroot.report.table import pairs, table


def receipt(line: str | None) -> str:
    """The receipt on a line of its own, or nothing."""
    return f"\n\nreceipt: {line}" if line else ""


def verify(result: results.LogVerify) -> str:
    """Whether the log holds, and every finding if not."""
    head = f"{result.records} records, head {result.head.seq} {result.head.hash}"
    if result.receipts:
        held = sum(row.holds for row in result.receipts)
        head += f"\n{held} of {len(result.receipts)} receipts found in it"
    if not result.findings:
        return f"verified: {head}" + receipt(result.receipt)
    rows = [(str(f.seq) if f.seq else "store", f.code, visible(f.detail)) for f in result.findings]
    body = table(("RECORD", "FINDING", "DETAIL"), rows)
    if any(f.level == "integrity" for f in result.findings):
        return f"NOT VERIFIED: {head}\n\n{body}"
    return f"verified, but look at this: {head}\n\n{body}" + receipt(result.receipt)


_COLUMNS = ("SEQ", "AT (UTC)", "TYPE", "BY", "ABOUT")


def show(result: results.LogShow) -> str:
    """One line per record."""
    body = table(_COLUMNS, [_cells(row) for row in result.records])
    return f"{body}\n\nhead: {result.head.seq} {result.head.hash}"


def export(result: results.LogExport) -> str:
    """What was written, and where."""
    span = f", {result.first_seq} to {result.last_seq}" if result.records else ""
    rows = [
        ("exported", f"{result.records} records{span}"),
        ("format", result.format),
        ("file", visible(result.out)),
        ("sha256", result.sha256),
        ("log verified", f"head {result.head.seq} {result.head.hash}"),
    ]
    if result.attention:
        rows.append(("to look at", f"{result.attention} findings of `orgroot log verify`"))
    return pairs(rows) + receipt(result.receipt)


def _cells(row: results.LogRecordRow) -> tuple[str, ...]:
    signers, subject = visible(", ".join(row.signers)), visible(row.subject)
    return (str(row.seq), row.at, row.type, signers, subject)


def recovery(result: results.Recovery) -> str:
    """Each execution that had been left open: what became of it, account by account."""
    if not result.executions:
        return "Nothing was left open." + receipt(result.receipt)
    parts = []
    for row in result.executions:
        rows = [("execution", row.execution), ("request", row.request), ("task", row.task)]
        rows.append(("outcome", row.outcome))
        if row.sessions:
            rows.append(("in CloudTrail", visible(", ".join(row.sessions))))
        if row.waits_until:
            rows.append(("waits until", row.waits_until))
        rows += [
            (grouped(end.account) if end.account else "all of it", visible(_said(end)))
            for end in row.accounts
        ]
        if row.detail:
            rows.append(("note", visible(row.detail)))
        parts.append(pairs(rows))
    return "\n\n".join(parts) + receipt(result.receipt)


def _said(end: results.RecoveredAccount) -> str:
    return f"{end.outcome}: {end.detail}" if end.detail else end.outcome


def init(result: results.LogInit) -> str:
    """What was created, and the line to keep; or who must still sign."""
    rules = f"serial {result.rules_serial}, in force"
    rows = [
        ("log", result.log_id),
        ("store", visible(result.store)),
        ("trust sha256", result.trust_sha256),
        ("rules", "none in force yet" if result.rules_serial is None else rules),
        ("signed by", ", ".join(result.signed)),
    ]
    text = pairs(rows)
    if result.lacking:
        text += f"\n\nNot created yet: {result.lacking} more owner(s) must sign. Each runs"
        text += "\n`orgroot log init` with this same configuration; the last one creates it."
    for warning in result.warnings:
        text += f"\nwarning: {visible(warning)}"
    return text + receipt(result.receipt)


def move(result: results.LogMove) -> str:
    """What was copied where, and what to change before anybody goes on."""
    rows = [
        ("from", visible(result.store)),
        ("to", visible(result.target)),
        ("records", str(result.records)),
        ("objects", str(result.objects)),
        ("copied now", str(result.copied)),
        ("head", f"{result.head.seq} {result.head.hash}"),
    ]
    if not result.done:
        return pairs(rows) + "\n\nNothing was copied: a dry run."
    said = "The copy verifies."
    if result.exit_reasons:
        said = "The copy has the same findings as the log: see `orgroot log verify`."
    text = pairs(rows) + f"\n\n{said} In every configuration, under trust:\n"
    text += "\n".join(f"  {visible(line)}" for line in result.config)
    if result.strays:
        text += f"\n\nleft behind, no part of a log: {visible(', '.join(result.strays))}"
    return (
        text
        + "\n\nThe old store is as it was: nobody may write to it any more."
        + receipt(result.receipt)
    )


def setup(result: results.Init) -> str:
    """What was written, and what to do next."""
    rows = [
        ("config", visible(result.config)),
        ("mode", result.mode),
        ("organization", result.organization),
    ]
    if result.log_id:
        rows += [
            ("log", result.log_id),
            ("store", visible(result.store or "")),
            ("trust sha256", result.trust_sha256 or ""),
        ]
    text = pairs(rows)
    if result.lacking:
        text += (
            f"\n\nSigned by {', '.join(result.signed)}. The log is created once {result.lacking}"
        )
        text += "\nmore owner(s) have run the command below with this very configuration."
    for warning in result.warnings:
        text += f"\nwarning: {visible(warning)}"
    if result.commands:
        text += "\n\nNext:\n" + "\n".join(f"  {visible(line)}" for line in result.commands)
    return text + receipt(result.receipt)
