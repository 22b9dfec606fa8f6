"""Results as text for a person: what happened first, then the detail, then what to do next.

Every text that came from outside passes `visible`; account ids are shown grouped.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from orgroot.core import results
from orgroot.core.plan import Op
from orgroot.report import (
    text_accounts,
    text_log,
    text_owners,
    text_reconcile,
    text_requests,
    text_rules,
    text_runner,
    text_scps,
    text_sessions,
)
from orgroot.report.escape import grouped, visible
from orgroot.report.table import pairs, table
from orgroot.report.text_policies import policy_texts


def to_plain(result: results.Result) -> str:
    """The text of any result, with a final newline."""
    return _RENDERERS[type(result)](result).rstrip("\n") + "\n"


def _on(flag: bool | None) -> str:  # noqa: FBT001 - a value to word, not a switch
    return {True: "on", False: "off", None: "hidden by AWS while trusted access is off"}[flag]


def status(result: results.Status) -> str:
    """Where centralized root access stands."""
    rules = result.rules
    rows = [
        ("organization", result.organization),
        ("management account", grouped(result.management_account)),
        ("caller", visible(result.caller)),
        ("trusted access for IAM", _on(result.trusted_access)),
        ("RootCredentialsManagement", _on(result.features.credentials_management)),
        ("RootSessions", _on(result.features.root_sessions)),
        ("delegated administrator", grouped(result.delegated_administrator or "none")),
        (
            "rules",
            "none (observer mode)"
            if rules is None
            else f"serial {rules.serial}, expire {rules.expires_at}"
            + ("" if rules.matches_config else "; the config's approvals: differ from them"),
        ),
    ]
    parts = [pairs(rows)]
    if result.open_requests:
        parts.append("Open requests:\n" + text_requests.listing(result.open_requests))
    if result.reviews_due:
        parts.append("Break-glass, to be reviewed:\n" + text_requests.due(result.reviews_due))
    if result.differs:
        parts.append("Differs from the configuration:\n" + bullets(result.differs))
    return "\n\n".join(parts)


def bullets(lines: tuple[str, ...]) -> str:
    """One `- line` each."""
    return "\n".join(f"- {visible(line)}" for line in lines)


def whoami(result: results.Whoami) -> str:
    """Who is calling, who that is in the roster, and what they may do."""
    rows = [
        ("caller", visible(result.caller) if result.caller else "unknown (AWS was not asked)"),
        ("account", grouped(result.account or "unknown")),
        ("person", result.person or "nobody in the roster"),
        ("groups", ", ".join(result.groups) or "none"),
        *(("key", _key(key)) for key in result.keys),
        *([("owner", "yes, of the trust")] if result.owner else []),
        ("may request", ", ".join(result.may_request) or "nothing"),
        ("may approve", ", ".join(result.may_approve) or "nothing"),
    ]
    text = pairs(rows)
    if result.add_to_roster:
        text += "\n\nTo be in the roster, ask an owner to add under approvals.people:\n\n"
        text += visible(result.add_to_roster, keep_newlines=True)
    return text


def _key(key: results.WhoamiKey) -> str:
    where = visible(key.found) if key.found else "not found here"
    return f"{key.fingerprint} ({where}){' ended: it approves nothing' if key.ended else ''}"


def plan(result: results.PlanResult) -> str:
    """The changes, before they are made or after."""
    if not result.changes:
        head = "Nothing to do: AWS already is as the configuration wants it."
    elif result.applied:
        head = f"Applied {len(result.changes)} change(s), each read back:"
    else:
        head = f"{len(result.changes)} change(s) planned, none made yet:"
    parts = [head]
    if result.changes:
        parts.append("\n".join(_change(row) for row in result.changes))
        rewritten = [msgspec.to_builtins(r) for r in result.changes if r.op == Op.UPDATE_SCP]
        parts.append(policy_texts({"plan": rewritten}))
    for rows in (result.budget, result.sizes):
        columns = tuple(rows[0]) if rows else ()
        cells = ([visible(str(row[column])) for column in columns] for row in rows)
        parts.append(table(columns, cells) if rows else "")
    parts.append("\n".join(map(_wave, result.waves)))
    if result.notes:
        parts.append("Notes:\n" + bullets(result.notes))
    tail = [("request", result.request or ""), ("state", result.state or "")]
    parts.append(pairs([row for row in tail if row[1]]))
    return "\n\n".join(part for part in parts if part) + text_log.receipt(result.receipt)


def _wave(row: results.WaveRow) -> str:
    proof = f"a root session worked in {grouped(row.account)}" if row.verified else "NOT PROVED"
    why = f": {row.reason}" if row.reason else ""
    by = f" ({row.survey})" if row.survey else ""
    return visible(f"Wave {row.wave} of {row.scp}: {proof}{by}{why}")


def _change(row: results.ChangeRow) -> str:
    shown = " -> ".join(value for value in (_short(row.before), _short(row.after)) if value)
    return f"  {row.op}  {visible(row.target)}" + (f"  {shown}" if shown else "")


def _short(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping) and isinstance(value.get("policy"), Mapping):
        policy = value["policy"]
        name = f"{value['scp']}, " if value.get("scp") else ""
        return visible(
            f"{name}{policy['characters']} characters, sha256 {str(policy['sha256'])[:12]}…"
        )
    if isinstance(value, Mapping) and value.get("scp"):
        return visible(str(value["scp"]))
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return visible(text)


def drift(result: results.Drift) -> str:
    """Findings by severity, and what the report rests on."""
    coverage = result.coverage
    parts = [
        f"{len(result.findings)} finding(s); {coverage.read} of {coverage.accounts} accounts read."
    ]
    if result.findings:
        rows = [
            (f.severity, f.status, f.id, visible(f.title) + ". " + visible(f.remedy))
            for f in result.findings
        ]
        parts.append(table(("SEVERITY", "STATUS", "ID", "WHAT AND REMEDY"), rows))
    if coverage.unread:
        parts.append(text_accounts.unread(coverage.unread))
    elif not result.findings:
        parts.append("No drift: what was asked for is what AWS reports.")
    return "\n\n".join(parts) + text_log.receipt(result.receipt)


def dry_run(result: results.DryRun) -> str:
    """What would have been asked for, or done."""
    needs = ", ".join(text_requests.missing(m) for m in result.needs) or "no approval"
    rows = [
        ("dry run", f"{result.command}: nothing was written"),
        ("task", result.task),
        ("targets", str(len(result.targets))),
        ("needs", needs),
    ]
    if result.needs:
        rows.append(("could approve", ", ".join(result.could_approve) or "nobody"))
    text = pairs(rows)
    if result.summary:
        text += "\n\nWhat would be done:\n" + text_requests.act(result.summary, result.params)
    return text + ("\n\n" + bullets(result.notes) if result.notes else "")


def failure(result: results.Failure) -> str:
    """Why there is no result."""
    return visible(result.message) + (f"\n{visible(result.hint)}" if result.hint else "")


_RENDERERS: Mapping[type[results.Result], Callable[[Any], str]] = {
    results.Failure: failure,
    results.Status: status,
    results.Whoami: whoami,
    results.PlanResult: plan,
    results.Drift: drift,
    results.RulesCheck: text_rules.check,
    results.RulesShow: text_rules.show,
    results.ProposalView: text_owners.proposal,
    results.ProposalList: text_owners.listing,
    results.KeyRevoked: text_owners.key_revoked,
    results.TrustView: text_owners.trust,
    results.Acknowledged: text_rules.acknowledged,
    results.DryRun: dry_run,
    results.Inventory: text_accounts.inventory,
    results.Removal: text_accounts.removal,
    results.Inspection: text_accounts.inspection,
    results.Unlock: text_accounts.unlock,
    results.HandedOut: text_sessions.handed_out,
    results.RequestView: text_requests.view,
    results.RequestList: text_requests.request_list,
    results.DrillReport: text_requests.drill,
    results.LogVerify: text_log.verify,
    results.LogShow: text_log.show,
    results.LogExport: text_log.export,
    results.LogInit: text_log.init,
    results.LogMove: text_log.move,
    results.Init: text_log.setup,
    results.Recovery: text_log.recovery,
    results.Reconciliation: text_reconcile.reconciliation,
    results.RunnerRound: text_runner.runner_round,
    results.RunnerLine: text_runner.runner_line,
    results.ScpCheck: text_scps.check,
    results.ScpLint: text_scps.lint,
}
