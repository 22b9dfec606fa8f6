"""The drift report: findings with stable ids, and a coverage that never flatters."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest
from fakes.aws_members import ORG_ROOT, ORGANIZATION
from fakes.team import World, new_world

from orgroot.core.codec import decode_record, record_key
from orgroot.core.config import AcceptedFinding, DriftConfig, ScpConfig
from orgroot.core.evidence_statements import Report
from orgroot.core.ids import AccountId
from orgroot.core.organization import ScpSummary, Selection
from orgroot.core.results import Drift, ExitReason
from orgroot.core.root_tasks import Feature
from orgroot.core.statements import from_text
from orgroot.errors import AuditUnavailable, UsageError
from orgroot.workflows.drift import drift
from orgroot.workflows.evidence import digest_of
from orgroot.workflows.log_show import verify

A, B, C = (AccountId(digit * 12) for digit in "234")
ALL = Selection(all=True)


@pytest.fixture
def world() -> World:
    """All is as it shall be."""
    return new_world()


def report(world: World, **changes: object) -> Drift:
    """The drift report of the whole organization."""
    result = drift(replace(world.workspace(concurrency=1), **changes), ALL)  # type: ignore[arg-type]
    coverage = result.coverage
    assert coverage.accounts == coverage.read + len(coverage.unread)
    return result


def test_no_drift_is_exit_0(world: World) -> None:
    """Everything was read and nothing differs; nothing was changed."""
    result = report(world)
    assert (result.findings, result.exit_reasons) == ((), ())
    assert (result.coverage.accounts, result.coverage.read) == (3, 3)
    assert {call.detail for call in world.aws.writes} == {"IAMAuditRootUserCredentials"}
    assert result.receipt is not None


def test_that_somebody_looked_is_on_record(world: World) -> None:
    """Digest and counts of the report stand in the log, behind the survey that it rests on."""
    world.aws.members[A].password = True
    result = report(world)
    assert world.types()[-3:] == ["survey", "closed", "report"]
    assert result.record is not None
    assert result.record == len(world.types())
    body = from_text(decode_record(world.store.objects[record_key(result.record)]).body.encode())
    assert isinstance(body, Report)
    assert body.report_sha256 == result.digest == digest_of(result)
    assert body.counts == {**result.summary, "unread": 0}
    assert body.survey in world.log().sync().requests
    assert verify(world.log()).findings == ()


def test_root_credentials_are_findings_with_stable_ids(world: World) -> None:
    """One per account and kind, the same id at each run."""
    world.aws.members[A].password = True
    world.aws.members[B].access_keys.append("AKIAONE")
    world.aws.members[B].certificates.append("CERTONE")
    world.aws.members[C].mfa.append("arn:aws:iam::444444444444:mfa/root")
    result = report(world)
    assert [finding.id for finding in result.findings] == [
        f"root-credentials.access-keys/{B}",
        f"root-credentials.password/{A}",
        f"root-credentials.signing-certificates/{B}",
    ]
    assert result.exit_reasons == (ExitReason.FINDINGS,)
    assert [f.id for f in report(world).findings] == [f.id for f in result.findings]
    assert result.summary["new"] == 3


@pytest.mark.parametrize("trusted", [True, False])
def test_a_feature_that_is_off_is_one_finding_and_nobody_is_clean(
    world: World,
    trusted: bool,  # noqa: FBT001
) -> None:
    """No account is tried; all are unread; exit 6 and 9."""
    world.aws.flags.discard(Feature.ROOT_CREDENTIALS_MANAGEMENT)
    if not trusted:
        world.aws.trusted.clear()
    result = report(world)
    kind = "feature.root-credentials-management.off" if trusted else "trusted-access.off"
    assert [finding.id for finding in result.findings] == [f"{kind}/{ORGANIZATION}"]
    assert set(result.exit_reasons) == {ExitReason.FINDINGS, ExitReason.INCOMPLETE}
    assert result.coverage.read == 0
    assert world.aws.count("sts:AssumeRoot") == 0


def test_an_unread_account_is_in_the_coverage_and_no_finding(world: World) -> None:
    """It is named with its reason, and the report is incomplete."""
    world.aws.fail("iam:GetAccountSummary", subject=A)
    result = report(world)
    assert result.findings == ()
    assert [row.id for row in result.coverage.unread] == [A]
    assert result.coverage.unread[0].reason
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)


def test_accounts_without_details_are_not_read_in_full(world: World) -> None:
    """What certainly is there is a finding, what was not listed is missing in the coverage."""
    world.aws.members[A].password = True
    world.aws.members[A].access_keys.append("AKIAONE")
    world.aws.fail("iam:ListAccessKeys", subject=A)
    result = report(world)
    assert f"root-credentials.password/{A}" in [finding.id for finding in result.findings]
    assert set(result.exit_reasons) == {ExitReason.FINDINGS, ExitReason.INCOMPLETE}


def test_accepted_findings_do_not_fail_the_report(world: World) -> None:
    """They stay in it, marked; after their date they count again."""
    world.aws.members[A].password = True
    accepted = AcceptedFinding(
        finding=f"root-credentials.password/{A}", reason="known", until=date(2026, 12, 31)
    )
    world.config = msgspec.structs.replace(world.config, drift=DriftConfig(accepted=(accepted,)))
    result = report(world)
    assert [finding.status for finding in result.findings] == ["accepted"]
    assert result.exit_reasons == ()
    world.clock.forward(60 * 86400)
    assert report(world).exit_reasons == (ExitReason.FINDINGS,)


def test_the_delegated_administrator_and_features_are_compared(world: World) -> None:
    """A wanted delegate that is not registered is one finding."""
    organization = msgspec.structs.replace(world.config.organization, delegated_administrator=A)
    world.config = msgspec.structs.replace(world.config, organization=organization)
    assert [f.id for f in report(world).findings] == [
        f"delegated-administrator.differs/{ORGANIZATION}"
    ]


def test_scps_are_compared_as_the_plan_sees_them(world: World, tmp_path: Path) -> None:
    """A declared SCP that does not exist is one finding by its name."""
    statement = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    (tmp_path / "deny.json").write_text(text)
    world.aws.attachments[ORG_ROOT] = []
    declared = (ScpConfig(name="deny", file="deny.json", targets=("root",)),)
    world.config = msgspec.structs.replace(world.config, scps=declared)
    result = report(world, config_path=tmp_path / "config.yaml")
    assert [finding.id for finding in result.findings] == ["scp.missing/deny"]


@pytest.mark.parametrize(("spares", "kind"), [(True, None), (False, "scp.root-session-denied")])
def test_another_tools_root_deny_is_judged_by_its_meaning(
    world: World,
    tmp_path: Path,
    spares: bool,  # noqa: FBT001 - a table
    kind: str | None,
) -> None:
    """Under any name root users must be denied and root sessions not; texts are not compared."""
    null = {"Null": {"aws:AssumedRoot": "true"}}
    root = {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {**root, **null}}
    (tmp_path / "deny.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    there = {**deny, "Sid": "Other", "Condition": {**root, **(null if spares else {})}}
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    summary = ScpSummary(
        id="p-1", arn="", name="aws-guardrails-x", description="", aws_managed=False
    )
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow, there]})
    world.aws.policies["p-1"] = (summary, text)
    for target in (ORG_ROOT, *world.aws.members):
        world.aws.attachments[target] = ["p-1"]
    declared = (
        ScpConfig(name="guard", file="deny.json", targets=("root",), managed_by="control-tower"),
    )
    world.config = msgspec.structs.replace(world.config, scps=declared)
    result = report(world, config_path=tmp_path / "config.yaml")
    assert [finding.id for finding in result.findings] == ([f"{kind}/guard"] if kind else [])
    for finding in result.findings:
        assert finding.evidence["by"] == [{"policy": "aws-guardrails-x", "sid": "Other"}]


def test_observer_mode_reads_what_it_can_and_says_what_not(world: World) -> None:
    """Without a log no root session: every account is unread."""
    result = report(world, log=None)
    assert result.coverage.read == 0
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)
    assert (result.receipt, result.record) == (None, None)
    assert world.aws.writes == []


def test_where_reading_needs_approval_nothing_is_read_unasked() -> None:
    """The accounts are unread with that reason."""
    world = new_world(reading=1)
    result = report(world)
    assert "approvals" in result.coverage.unread[0].reason
    assert world.aws.writes == []


def test_nothing_selected_but_skipped_accounts_is_an_empty_coverage(world: World) -> None:
    """The management account alone: nothing to read."""
    result = drift(world.workspace(), Selection(ids=(AccountId("1" * 12),)))
    assert (result.coverage.accounts, result.exit_reasons) == (0, ())
    assert result.summary["skipped"] == 1


def test_an_unknown_account_or_a_dead_log_ends_it_before_any_session(world: World) -> None:
    """Exit 2 and exit 5, without AssumeRoot."""
    with pytest.raises(UsageError):
        drift(world.workspace(), Selection(ids=(AccountId("9" * 12),)))
    ws = world.workspace()
    world.store.down = True
    with pytest.raises(AuditUnavailable):
        drift(ws, ALL)
    assert world.aws.writes == []
