"""Drift findings: stable names, one per thing, and nothing made of what was not read."""

from dataclasses import replace
from datetime import UTC, date, datetime

import msgspec
import pytest

from orgroot.core.config import AcceptedFinding, Config, OrganizationConfig, RootAccess, ScpConfig
from orgroot.core.drift import (
    Finding,
    FindingStatus,
    RootUserReading,
    root_access_findings,
    root_credential_findings,
    scp_findings,
    with_acceptance,
)
from orgroot.core.drift_kinds import KINDS, Kind, Severity
from orgroot.core.ids import AccountId
from orgroot.core.organization import MemberAccount, RootAccessState
from orgroot.core.root_credentials import Presence
from orgroot.core.root_tasks import Feature
from orgroot.core.scp import TAGS, DeclaredScp, ObservedScp, ObservedScps, declare
from orgroot.core.scp_document import parse_scp

ORGANIZATION, DELEGATE = "o-exampleorgid", AccountId("222222222222")
CONFIG = Config(
    version=1,
    organization=OrganizationConfig(
        id=ORGANIZATION, management_account="111111111111", region="eu-west-1"
    ),
    root_access=RootAccess(credentials_management=True, root_sessions=True),
)
ON = RootAccessState(trusted_access=True, features=frozenset(Feature))
OFF = RootAccessState(trusted_access=False, features=None)
TEXT = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}'
SCP = ObservedScp(
    id="p-11112222", name="one", description="", aws_managed=False, text=TEXT, tags=TAGS
)


def ids(findings: tuple[Finding, ...]) -> list[str]:
    """The ids of findings, in order."""
    return [finding.id for finding in findings]


def test_every_kind_is_described() -> None:
    """The table that the documentation prints has a row for each kind."""
    assert set(KINDS) == set(Kind)
    assert all(row.meaning and row.remedy and row.about for row in KINDS.values())


def test_an_organization_as_wanted_has_no_findings() -> None:
    """Nothing differs, nothing is found; what the configuration leaves out is not compared."""
    assert root_access_findings(CONFIG, ON) == ()
    unmanaged = msgspec.structs.replace(CONFIG, root_access=None)
    assert root_access_findings(unmanaged, OFF) == ()
    with_extra = replace(ON, delegated_administrators=(DELEGATE,))
    assert root_access_findings(CONFIG, with_extra) == ()


def test_trusted_access_off_is_the_one_finding() -> None:
    """AWS hides the features then, so nothing is said about them."""
    (finding,) = root_access_findings(CONFIG, OFF)
    assert finding.id == f"trusted-access.off/{ORGANIZATION}"
    assert (finding.severity, finding.account) == (Severity.HIGH, None)
    assert finding.remedy == "orgroot enable"
    both_off = RootAccess(credentials_management=False, root_sessions=False)
    assert root_access_findings(msgspec.structs.replace(CONFIG, root_access=both_off), OFF) == ()


def test_each_feature_that_differs_is_one_finding() -> None:
    """Off where it shall be on, on where it shall be off."""
    none = RootAccessState(trusted_access=True, features=frozenset())
    assert ids(root_access_findings(CONFIG, none)) == [
        f"feature.root-credentials-management.off/{ORGANIZATION}",
        f"feature.root-sessions.off/{ORGANIZATION}",
    ]
    neither = RootAccess(credentials_management=False, root_sessions=False)
    found = root_access_findings(msgspec.structs.replace(CONFIG, root_access=neither), ON)
    assert ids(found) == [
        f"feature.root-credentials-management.on/{ORGANIZATION}",
        f"feature.root-sessions.on/{ORGANIZATION}",
    ]
    assert found[0].evidence == {"features": ["RootCredentialsManagement", "RootSessions"]}


@pytest.mark.parametrize("registered", [(), ("333333333333",), ("222222222222", "333333333333")])
def test_the_delegated_administrator_is_the_configured_one(registered: tuple[str, ...]) -> None:
    """None, another and one more are each the same one finding."""
    organization = msgspec.structs.replace(CONFIG.organization, delegated_administrator=DELEGATE)
    config = msgspec.structs.replace(CONFIG, organization=organization)
    observed = replace(ON, delegated_administrators=registered)
    (finding,) = root_access_findings(config, observed)
    assert finding.id == f"delegated-administrator.differs/{ORGANIZATION}"
    assert finding.evidence == {"wanted": DELEGATE, "registered": list(registered)}
    assert root_access_findings(config, replace(ON, delegated_administrators=(DELEGATE,))) == ()


def test_root_credentials_are_one_finding_per_account_and_kind() -> None:
    """Present makes a finding; absent, unknown and MFA alone do not."""
    account = MemberAccount(id=DELEGATE, name="dev", email="e", state="ACTIVE")
    full = RootUserReading(
        account=account,
        password=Presence.PRESENT,
        access_keys=Presence.PRESENT,
        signing_certificates=Presence.PRESENT,
        access_key_ids=("AKIA1", "AKIA2"),
        certificate_ids=("C1",),
    )
    unknown = RootUserReading(
        account=replace(account, id=AccountId("333333333333")),
        password=Presence.ABSENT,
        access_keys=Presence.UNKNOWN,
        signing_certificates=Presence.UNKNOWN,
    )
    found = root_credential_findings([full, unknown])
    assert ids(found) == [
        "root-credentials.password/222222222222",
        "root-credentials.access-keys/222222222222",
        "root-credentials.signing-certificates/222222222222",
    ]
    assert found[1].severity is Severity.CRITICAL
    assert found[1].evidence == {"account_name": "dev", "ids": ["AKIA1", "AKIA2"]}
    assert found[1].remedy == "orgroot credentials remove 222222222222"
    assert found[1].account == DELEGATE


def declared(name: str = "one", managed_by: str = "orgroot", *targets: str) -> DeclaredScp:
    """A declared SCP, attached to the root where no target is given."""
    configured = ScpConfig(name=name, file="f", targets=targets or ("root",), managed_by=managed_by)
    return declare(configured, parse_scp(TEXT, "f"), "r-ab12")


def observed(*policies: ObservedScp, root: tuple[str, ...] = (), **other: bool) -> ObservedScps:
    """An organization of a root and one OU."""
    return ObservedScps(
        org_root="r-ab12",
        enabled=other.get("enabled", True),
        policies=policies,
        attached={"r-ab12": root, "ou-ab12-sandbox01": ("p-99999999",)},
    )


def test_scps_are_found_as_the_plan_sees_them() -> None:
    """One finding per SCP and kind; a missing SCP is not also unattached."""
    assert scp_findings(None, observed(SCP), ORGANIZATION) == ()
    assert scp_findings((declared(),), observed(SCP, root=("p-11112222",)), ORGANIZATION) == ()
    assert ids(scp_findings((declared(),), observed(), ORGANIZATION)) == ["scp.missing/one"]
    wide = declared("one", "orgroot", "root", "ou-ab12-sandbox01")
    (loose,) = scp_findings((wide,), observed(SCP), ORGANIZATION)
    assert loose.id == "scp.not-attached/one"
    assert loose.evidence["targets"] == ["r-ab12", "ou-ab12-sandbox01"]


def test_scps_that_differ_otherwise() -> None:
    """Text, tag, extra attachment and leftovers each have a kind; descriptions have none."""
    odd = replace(SCP, id="p-99999999", text="{}", tags={}, description="x")
    left = replace(SCP, name="left")
    found = scp_findings((declared(),), observed(odd, left, root=("p-99999999",)), ORGANIZATION)
    assert ids(found) == [
        "scp.not-ours/one",
        "scp.text-differs/one",
        "scp.extra-attachment/one",
        "scp.undeclared/left",
    ]


def test_another_tools_scps_are_checked_for_meaning() -> None:
    """Its text counts; its tags and further attachments are its own business."""
    odd = replace(SCP, id="p-99999999", text="{}", tags={})
    foreign = declared("one", "terraform")
    (found,) = scp_findings((foreign,), observed(odd, root=("p-99999999",)), ORGANIZATION)
    assert found.id == "scp.text-differs/one"
    assert found.evidence["managed_by"] == "terraform"


def test_disabled_scps_are_one_finding() -> None:
    """Where the policy type is off, none of the declared SCPs is in force."""
    off = observed(SCP, enabled=False)
    assert ids(scp_findings((declared(),), off, ORGANIZATION)) == [
        f"scp.type-disabled/{ORGANIZATION}"
    ]
    assert ids(scp_findings((), off, ORGANIZATION)) == ["scp.undeclared/one"]


def test_findings_are_accepted_until_the_end_of_a_day() -> None:
    """Sorted by id; an acceptance holds for its one id and lapses by itself."""
    none = RootAccessState(trusted_access=True, features=frozenset())
    findings = root_access_findings(CONFIG, none)[::-1]
    accepted = AcceptedFinding(
        finding=f"feature.root-sessions.off/{ORGANIZATION}", reason="later", until=date(2027, 1, 31)
    )
    last = with_acceptance(findings, [accepted], datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC))
    assert [(f.kind, f.status) for f in last] == [
        (Kind.FEATURE_CREDENTIALS_OFF, FindingStatus.NEW),
        (Kind.FEATURE_SESSIONS_OFF, FindingStatus.ACCEPTED),
    ]
    after = with_acceptance(last, [accepted], datetime(2027, 2, 1, tzinfo=UTC))
    assert {finding.status for finding in after} == {FindingStatus.NEW}
