"""`drift`: where the organization is not as the configuration wants it, and what was not read.

Reads only. What was not read is in the coverage and makes the report incomplete; it is never
clean. A feature that is off is one finding, and no account is tried.
"""

from collections import Counter
from typing import Any

import msgspec

from orgroot.core.drift import (
    Finding,
    FindingStatus,
    RootUserReading,
    review_findings,
    root_access_findings,
    root_credential_findings,
    scp_findings,
    with_acceptance,
)
from orgroot.core.drift_kinds import Severity
from orgroot.core.drift_meaning import REPLACED, about_root, meaning_findings
from orgroot.core.evidence_statements import Report
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import AccountId
from orgroot.core.organization import MemberAccount, SelectedAccounts, Selection
from orgroot.core.results import (
    Coverage,
    Drift,
    DriftFinding,
    ExitReason,
    InventoryRow,
    UnreadRow,
)
from orgroot.core.root_credentials import Presence
from orgroot.core.statements import timestamp
from orgroot.errors import Incomplete, RequestRefused
from orgroot.workflows.evidence import digest_of, record_evidence
from orgroot.workflows.inventory import Readings, survey_accounts
from orgroot.workflows.past_surveys import recent_survey
from orgroot.workflows.reading import unread
from orgroot.workflows.requests import Ask
from orgroot.workflows.root_access import observe
from orgroot.workflows.runner_mode import runner_for
from orgroot.workflows.scp_tree import observe_tree
from orgroot.workflows.scps import declared_scps, observe_declared
from orgroot.workflows.selection import resolve
from orgroot.workflows.workspace import Workspace

_ASK = Ask(reason="drift report")


def drift(ws: Workspace, selection: Selection) -> Drift:
    """Compare what AWS shows with the configuration.

    Raises:
        UsageError: a wrong selection, a declared file that is no SCP, or the caller may not act.
        AwsError: the organization could not be read.
        AuditUnavailable: the log does not take the survey.
    """
    selected = resolve(ws, selection)
    found = [*root_access_findings(ws.config, observe(ws)), *_scps(ws)]
    readings = _readings(ws, selected)
    found += _reviews(ws)
    found += root_credential_findings(_reading(row) for row in readings.rows)
    findings = with_acceptance(found, ws.config.drift.accepted, ws.clock.now())
    missing = tuple(
        UnreadRow(id=row.id, name=row.name, reason=row.reason or "", denied_by=row.denied_by)
        for row in readings.rows
        if row.clean is None or row.reason is not None
    )
    report = Drift(
        exit_reasons=_reasons(findings, missing),
        findings=tuple(map(_row, findings)),
        coverage=Coverage(
            accounts=len(readings.rows),
            read=len(readings.rows) - len(missing),
            unread=missing,
        ),
        summary=_summary(findings, selected),
        digest="",
    )
    report = msgspec.structs.replace(report, digest=digest_of(report))
    return report if readings.survey is None else _recorded(ws, report, readings.survey)


def _recorded(ws: Workspace, report: Drift, survey: str) -> Drift:
    """The same, once its digest and counts are in the log; only told where nobody can sign."""
    if ws.person is None or ws.signer is None:
        return report

    def said(fields: dict[str, Any]) -> Report:
        unread = len(report.coverage.unread)
        counts = {**report.summary, "unread": unread}
        return Report(**fields, survey=survey, counts=counts, report_sha256=report.digest)

    record, receipt = record_evidence(ws, said)
    return msgspec.structs.replace(report, record=record, receipt=receipt)


def _scps(ws: Workspace) -> tuple[Finding, ...]:
    if ws.config.scps is None:
        return ()
    declared = declared_scps(ws, ws.organization.root().id) or ()
    observed = observe_declared(ws, declared)
    found = scp_findings(declared, observed, ws.config.organization.id)
    judged = about_root(declared) if observed.enabled else ()
    if not judged:
        return found
    names = {scp.name for scp in judged}
    kept = (each for each in found if not (each.kind in REPLACED and each.subject in names))
    tree, _ = observe_tree(ws)
    return (*kept, *meaning_findings(judged, tree, timestamp(ws.clock.now())))


def _reviews(ws: Workspace) -> tuple[Finding, ...]:
    """What is owed for break-glass and late; nothing without a log."""
    if ws.log is None:
        return ()
    incidents = ws.log.sync().incidents
    return review_findings(incidents, ws.clock.now(), ws.config.organization.id)


def _readings(ws: Workspace, selected: SelectedAccounts) -> Readings:
    """The root credentials of the selected accounts, or why none could be read."""
    accounts = selected.accounts
    if not accounts:
        return Readings(rows=(), survey=None)
    if ws.log is None:
        return _none(accounts, "observer mode: root sessions need the audit log (`orgroot init`)")
    runner = runner_for(ws, Task.AUDIT_ROOT_CREDENTIALS)
    if runner is not None:
        ws.log.require()
        found = recent_survey(ws.log, accounts, ws.clock.now(), whole=False)
        why = f"only {runner} opens root sessions here, and no survey under an hour old tried it"
        return found or _none(accounts, why)
    try:
        return survey_accounts(ws, accounts, _ASK)
    except (Incomplete, RequestRefused) as error:
        return _none(accounts, error.message)


def _none(accounts: tuple[MemberAccount, ...], reason: str) -> Readings:
    return Readings(rows=tuple(unread(account, reason) for account in accounts), survey=None)


def _reading(row: InventoryRow) -> RootUserReading:
    """A row for the findings; kinds it does not show are unknown, which is no finding."""
    absent = Presence.ABSENT if row.clean is not None and row.reason is None else Presence.UNKNOWN
    return RootUserReading(
        account=MemberAccount(id=AccountId(row.id), name=row.name, email="", state=row.state),
        password=Presence(row.password),
        access_keys=Presence.PRESENT if row.access_keys else absent,
        signing_certificates=Presence.PRESENT if row.signing_certificates else absent,
        access_key_ids=tuple(key.id for key in row.access_keys),
        certificate_ids=row.signing_certificates,
    )


def _row(finding: Finding) -> DriftFinding:
    evidence: dict[str, Any] = dict(finding.evidence)
    return DriftFinding(
        id=finding.id,
        kind=finding.kind.value,
        severity=finding.severity.value,
        account=finding.account,
        title=finding.title,
        evidence=evidence,
        remedy=finding.remedy,
        status=finding.status.value,
    )


def _reasons(
    findings: tuple[Finding, ...], missing: tuple[UnreadRow, ...]
) -> tuple[ExitReason, ...]:
    new = any(finding.status is FindingStatus.NEW for finding in findings)
    return (
        *((ExitReason.INCOMPLETE,) if missing else ()),
        *((ExitReason.FINDINGS,) if new else ()),
    )


def _summary(findings: tuple[Finding, ...], selected: SelectedAccounts) -> dict[str, int]:
    """Counts: all findings, by status, by severity (new ones), and the accounts left out."""
    statuses = Counter(finding.status for finding in findings)
    severities = Counter(
        finding.severity for finding in findings if finding.status is FindingStatus.NEW
    )
    return {
        "findings": len(findings),
        **{status.value: statuses[status] for status in FindingStatus},
        **{severity.value: severities[severity] for severity in Severity},
        "skipped": len(selected.skipped),
    }
