"""Drift: where the organization is not as the configuration wants it, as stable findings.

A finding names one thing by `<kind>/<account, OU, SCP name or organization id>` and keeps that name
from run to run. What could not be read is no finding: it belongs to the coverage.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from orgroot.core.config import AcceptedFinding, Config, end_of_day
from orgroot.core.drift_kinds import KINDS, Kind, Severity
from orgroot.core.incidents import due_at, incident, overdue
from orgroot.core.log_state import RequestRecord
from orgroot.core.organization import MemberAccount, RootAccessState
from orgroot.core.plan import SERVICE_PRINCIPAL, wanted_features
from orgroot.core.root_credentials import Presence
from orgroot.core.root_tasks import Feature
from orgroot.core.scp import DeclaredScp, ObservedScps, ScpDifference, compare_scps
from orgroot.core.statements import timestamp


class FindingStatus(StrEnum):
    """Whether a finding is accepted by the configuration."""

    NEW = "new"
    ACCEPTED = "accepted"


_FEATURE_KINDS = {
    Feature.ROOT_CREDENTIALS_MANAGEMENT: (
        Kind.FEATURE_CREDENTIALS_OFF,
        Kind.FEATURE_CREDENTIALS_ON,
    ),
    Feature.ROOT_SESSIONS: (Kind.FEATURE_SESSIONS_OFF, Kind.FEATURE_SESSIONS_ON),
}
_SCP_KINDS = {
    ScpDifference.MISSING: Kind.SCP_MISSING,
    ScpDifference.NOT_ATTACHED: Kind.SCP_NOT_ATTACHED,
    ScpDifference.TEXT: Kind.SCP_TEXT,
    ScpDifference.NOT_OURS: Kind.SCP_NOT_OURS,
    ScpDifference.EXTRA_ATTACHMENT: Kind.SCP_EXTRA_ATTACHMENT,
    ScpDifference.UNDECLARED: Kind.SCP_UNDECLARED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference between the organization and the configuration.

    Attributes:
        kind: see `KINDS`.
        subject: account, OU, SCP name or organization id.
        account: the account it is about, or None.
        title: one sentence.
        evidence: JSON values: what was seen.
        status: new, or accepted by the configuration.
    """

    kind: Kind
    subject: str
    account: str | None
    title: str
    evidence: Mapping[str, Any]
    status: FindingStatus = FindingStatus.NEW

    @property
    def id(self) -> str:
        """The stable name: `<kind>/<subject>`."""
        return f"{self.kind}/{self.subject}"

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return KINDS[self.kind].severity

    @property
    def remedy(self) -> str:
        """What to run or do."""
        return KINDS[self.kind].remedy.format(subject=self.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class RootUserReading:
    """What was read of one member's root user; what is UNKNOWN makes no finding."""

    account: MemberAccount
    password: Presence
    access_keys: Presence
    signing_certificates: Presence
    access_key_ids: tuple[str, ...] = ()
    certificate_ids: tuple[str, ...] = ()


def root_access_findings(config: Config, observed: RootAccessState) -> tuple[Finding, ...]:
    """Trusted access, features and delegated administrator; one finding each at most.

    While trusted access is off AWS hides the features: then that is the one finding.
    """
    return tuple(_root_access(config, observed))


def root_credential_findings(readings: Iterable[RootUserReading]) -> tuple[Finding, ...]:
    """One finding per account and kind of root credential that is present.

    MFA without password, keys and certificates is harmless and no finding.
    """
    found: list[Finding] = []
    for reading in readings:
        account = reading.account
        kinds: tuple[tuple[Kind, Presence, dict[str, Any]], ...] = (
            (Kind.PASSWORD, reading.password, {}),
            (Kind.ACCESS_KEYS, reading.access_keys, {"ids": list(reading.access_key_ids)}),
            (
                Kind.SIGNING_CERTIFICATES,
                reading.signing_certificates,
                {"ids": list(reading.certificate_ids)},
            ),
        )
        found += [
            Finding(
                kind=kind,
                subject=account.id,
                account=account.id,
                title=f"{account.name} ({account.id}): {KINDS[kind].meaning}",
                evidence={"account_name": account.name, **evidence},
            )
            for kind, presence, evidence in kinds
            if presence is Presence.PRESENT
        ]
    return tuple(found)


def scp_findings(
    declared: tuple[DeclaredScp, ...] | None, observed: ObservedScps, organization: str
) -> tuple[Finding, ...]:
    """SCPs as `scp plan` sees them, one finding per SCP and kind; None: not managed."""
    if declared is None:
        return ()
    if declared and not observed.enabled:
        meaning = KINDS[Kind.SCPS_DISABLED].meaning
        return (_organization_finding(Kind.SCPS_DISABLED, organization, meaning, {}),)
    foreign = {scp.name: scp.managed_by for scp in declared if not scp.ours}
    targets: dict[tuple[Kind, str], list[str]] = {}
    for deviation in compare_scps(declared, observed):
        kind = _SCP_KINDS.get(deviation.kind)
        if kind is None or _others_business(kind, deviation.name, foreign):
            continue
        where = targets.setdefault((kind, deviation.name), [])
        where += [deviation.target] if deviation.target else []
    gone = {name for kind, name in targets if kind is Kind.SCP_MISSING}
    return tuple(
        Finding(
            kind=kind,
            subject=name,
            account=None,
            title=f"{name}: {KINDS[kind].meaning}",
            evidence={"targets": where, "managed_by": foreign.get(name, "orgroot")},
        )
        for (kind, name), where in targets.items()
        if not (kind is Kind.SCP_NOT_ATTACHED and name in gone)
    )


def review_findings(
    incidents: Iterable[RequestRecord], now: datetime, organization: str
) -> tuple[Finding, ...]:
    """One finding for each request that was executed under break-glass and not reviewed in time."""
    kind = Kind.BREAK_GLASS_OVERDUE
    return tuple(
        Finding(
            kind=kind,
            subject=request.id,
            account=next(iter(request.accounts), None),
            title=f"{request.id} ({request.body.task} of {request.body.signer.person}): "
            f"{KINDS[kind].meaning}",
            evidence={
                "accounts": list(request.accounts),
                "began_at": run.body.observed_at,
                "due_at": timestamp(due_at(run)),
                "operator": request.body.signer.person,
                "organization": organization,
            },
        )
        for request in incidents
        if (run := incident(request)) is not None and overdue(request, now)
    )


def with_acceptance(
    findings: Iterable[Finding], accepted: Iterable[AcceptedFinding], now: datetime
) -> tuple[Finding, ...]:
    """The findings by id, marked as accepted until the end of the day the configuration says."""
    in_force = {entry.finding for entry in accepted if now < end_of_day(entry.until)}
    return tuple(
        _marked(finding, in_force) for finding in sorted(findings, key=lambda found: found.id)
    )


def _marked(finding: Finding, accepted: set[str]) -> Finding:
    status = FindingStatus.ACCEPTED if finding.id in accepted else FindingStatus.NEW
    return replace(finding, status=status)


def _root_access(config: Config, observed: RootAccessState) -> Iterator[Finding]:
    organization = config.organization
    switches = wanted_features(config.root_access)
    if not observed.trusted_access and any(switches.values()):
        kind = Kind.TRUSTED_ACCESS_OFF
        evidence: dict[str, Any] = {"service_principal": SERVICE_PRINCIPAL}
        yield _organization_finding(kind, organization.id, KINDS[kind].meaning, evidence)
    for feature, wanted in switches.items():
        if observed.features is None:
            continue
        is_on = feature in observed.features
        if is_on != wanted:
            kind = _FEATURE_KINDS[feature][is_on]
            evidence = {"features": sorted(observed.features)}
            yield _organization_finding(kind, organization.id, KINDS[kind].meaning, evidence)
    wanted_delegate = organization.delegated_administrator
    registered = sorted(observed.delegated_administrators)
    if wanted_delegate is not None and registered != [wanted_delegate]:
        title = f"delegated administrator for IAM: {', '.join(registered) or 'none'}"
        evidence = {"wanted": wanted_delegate, "registered": registered}
        yield _organization_finding(
            Kind.DELEGATED_ADMINISTRATOR,
            organization.id,
            f"{title}; configured is {wanted_delegate}",
            evidence,
        )


def _organization_finding(
    kind: Kind, organization: str, title: str, evidence: Mapping[str, Any]
) -> Finding:
    return Finding(kind=kind, subject=organization, account=None, title=title, evidence=evidence)


def _others_business(kind: Kind, name: str, foreign: Mapping[str, str]) -> bool:
    """Where another tool attaches its own SCP besides is its own business."""
    return kind is Kind.SCP_EXTRA_ATTACHMENT and name in foreign
