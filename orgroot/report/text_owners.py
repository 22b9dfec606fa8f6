"""What owners sign, as text: each value that changes, who has signed, and what comes next."""

from orgroot.core import results
from orgroot.report.escape import visible
from orgroot.report.table import pairs, table
from orgroot.report.text_log import receipt


def changes(result: results.ProposalView) -> str:
    """All that a proposal changes: `+` new, `-` gone, `~` another value."""
    if not result.changes:
        return "It changes nothing of what is in force."
    return "\n".join(_change(row) for row in result.changes)


def _change(row: results.DifferenceRow) -> str:
    path = visible(row.path)
    if row.before is None:
        return f"  + {path}: {visible(row.after or '')}"
    if row.after is None:
        return f"  - {path}: {visible(row.before)}"
    return f"  ~ {path}: {visible(row.before)} -> {visible(row.after)}"


def proposal(result: results.ProposalView) -> str:
    """Where a proposal stands, and the command that comes next."""
    rows = [
        ("proposal", result.id),
        ("kind", f"{result.kind}, serial {result.serial}"),
        ("state", f"{result.state}: {visible(result.detail)}" if result.detail else result.state),
        ("proposed", result.proposed_at),
        ("signed by", ", ".join(result.signed) or "nobody yet"),
    ]
    if result.state == "OPEN":
        rows.append(("lacking", f"{result.lacking} of {', '.join(result.could_sign)}"))
    if result.state in {"OPEN", "READY"}:
        rows.append(("ends", result.ends_at))
    parts = [pairs(rows)]
    if result.state != "PUBLISHED":
        parts.append("Changes:\n" + changes(result))
    group = "trust" if result.kind == "trust" else "rules"
    if result.state == "OPEN":
        elsewhere = f"or without orgroot: orgroot approval prepare {result.id} --as OWNER"
        parts.append(f"Next, each of them:\n  orgroot {group} sign {result.id}\n  {elsewhere}")
    elif result.state == "READY":
        parts.append(f"Next:\n  orgroot {group} publish {result.id}")
    return "\n\n".join(parts) + receipt(result.receipt)


def listing(result: results.ProposalList) -> str:
    """One line per proposal."""
    if not result.proposals:
        return "Nothing was proposed."
    rows = [
        (row.id, f"{row.kind} {row.serial}", row.state, row.proposed_at, _signed(row))
        for row in result.proposals
    ]
    return table(("PROPOSAL", "KIND", "STATE", "PROPOSED (UTC)", "SIGNED"), rows)


def _signed(row: results.ProposalRow) -> str:
    by = ", ".join(row.signed) or "nobody"
    return f"{by}; {row.lacking} lacking" if row.state == "OPEN" else by


def key_revoked(result: results.KeyRevoked) -> str:
    """Which key ended, and what is still to do."""
    rows = [
        ("key", f"{result.fingerprint} of {visible(result.person)}"),
        ("ended", f"from record {result.seq} on"),
    ]
    if result.compromised:
        numbers = ", ".join(map(str, result.compromised))
        rows.append(("compromised", f"record(s) {numbers}: look at what they did"))
    text = pairs(rows)
    if result.owner_key == "counts":
        text += "\n\nAs an owner's key it counts until the owners are others:"
        text += "\n  orgroot trust propose FILE"
    return text + receipt(result.receipt)


def trust(result: results.TrustView) -> str:
    """Whose log it is, and the section that says so."""
    rows = [
        ("log", result.log_id),
        ("store", visible(result.store)),
        ("owners since", f"record {result.seq}"),
        ("trust sha256", result.trust_sha256),
        ("threshold", str(result.threshold)),
        *(("owner", _owner(row)) for row in result.owners),
        ("retain", result.retain or "not said"),
    ]
    text = pairs(rows)
    if not result.configured:
        text += "\n\nThe configuration names other owners. Put this into it:\n\n"
        text += visible(result.yaml, keep_newlines=True)
    return text + receipt(result.receipt)


def _owner(row: results.OwnerRow) -> str:
    return f"{visible(row.person)} {row.fingerprint}{' (revoked)' if row.ended else ''}"
