"""The organization as it is, as it was made, and as its SCPs make it."""

from orgroot.core import results as r
from tests.report.foreign import DENIED, EVIL

ORGANIZATION: tuple[r.Result, ...] = (
    r.ScpCheck(
        exit_reasons=(r.ExitReason.FINDINGS,),
        results=(
            r.ScpCheckRow(
                target="222222222222",
                principal="root-session",
                region="eu-west-1",
                task_policy="S3UnlockBucketPolicy",
                decision="denied",
                denied_actions=("s3:PutBucketPolicy",),
                by=(
                    r.ScpBlame(policy=EVIL, sid="X", kind="resource control policy"),
                    r.ScpBlame(policy="narrow", sid="", kind="service control policy"),
                ),
            ),
            r.ScpCheckRow(
                target="333333333333",
                principal="root-session",
                region="eu-west-1",
                task_policy="S3UnlockBucketPolicy",
                decision="depends",
                by=(r.ScpBlame(policy="net", sid="#1", kind="service control policy"),),
                depends_on=("aws:SourceVpc", EVIL),
            ),
            r.ScpCheckRow(
                target="222222222222",
                principal="root-user",
                region="eu-west-1",
                task_policy="S3UnlockBucketPolicy",
                decision="allowed",
            ),
        ),
        groups=(r.ScpCheckGroup(accounts=("222222222222",), levels=(("FullAWSAccess",),)),),
        summary=r.ScpCheckSummary(accounts=2, allowed=0, depends=1, denied=1),
        planned=True,
        stopped=(
            r.ScpStopped(
                accounts=("222222222222", EVIL),
                regions=("eu-west-1", "us-east-1"),
                task_policy="S3UnlockBucketPolicy",
                decision="denied",
                denied_actions=("s3:PutBucketPolicy",),
                by=(r.ScpBlame(policy=EVIL, sid="X", kind="service control policy"),),
            ),
        ),
        notes=(EVIL,),
    ),
    r.ScpLint(
        exit_reasons=(r.ExitReason.FINDINGS,),
        findings=(
            r.ScpFinding(
                file=EVIL,
                line=3,
                column=5,
                severity="warning",
                code="root-deny",
                statement=1,
                sid=EVIL,
                message=EVIL,
                remedy=EVIL,
            ),
            r.ScpFinding(
                file="b.json",
                line=1,
                column=1,
                severity="error",
                code="json",
                statement=None,
                sid=None,
                message="not JSON",
                remedy="write JSON",
            ),
        ),
        files=(
            r.ScpLintFile(file=EVIL, written=300, characters=212, left=10_028),
            r.ScpLintFile(file="b.json", written=1, characters=None, left=None),
        ),
        targets=(
            r.ScpLintTarget(
                target="ou-ab12-11111111",
                attached=("FullAWSAccess", EVIL),
                used=2,
                left=8,
                characters=500,
                characters_left=91_000,
                allows_everything=True,
            ),
        ),
        summary=r.ScpLintSummary(files=2, errors=1, warnings=1, advice=0),
        notes=(EVIL,),
    ),
    r.Status(
        organization="o-exampleorgid",
        management_account="111111111111",
        caller="arn:aws:iam::111111111111:user/alice",
        trusted_access=False,
        features=r.FeatureStatus(credentials_management=None, root_sessions=None),
        delegated_administrator=None,
        rules=r.RulesStatus(
            serial=1, expires_at="2027-05-01T00:00:00Z", sha256="0" * 64, matches_config=False
        ),
        open_requests=(
            r.OpenRequest(
                id="orq_" + "a" * 26,
                state="PENDING",
                task="unlock-bucket",
                requester=EVIL,
                expires_at="2026-11-22T20:00:00Z",
            ),
        ),
        reviews_due=(
            r.ReviewDue(
                request="orq_x",
                task="unlock-bucket",
                operator=EVIL,
                due_at="2026-11-22T20:00:00Z",
                overdue=True,
            ),
        ),
        differs=("trusted access is off",),
    ),
    r.PlanResult(
        command="scp apply",
        request="orq_x",
        state="SUCCEEDED",
        changes=(
            r.ChangeRow(
                op="create-scp",
                target=EVIL,
                before=None,
                after={"b64": "e30=", "sha256": "0" * 64, "characters": 2},
            ),
            r.ChangeRow(op="enable-feature", target="RootSessions", before=False, after=True),
        ),
        applied=True,
        receipt="orgroot1 x 1 y",
        notes=("left alone",),
        budget=({"target": "r-ab12", "attached": 2},),
        sizes=({"scp": EVIL, "characters": 2},),
        waves=(
            r.WaveRow(
                scp=EVIL, wave=1, account="222222222222", verified=True, reason=None, survey="orq_y"
            ),
            r.WaveRow(
                scp="deny", wave=2, account="222222222222", verified=False, reason=EVIL, survey=None
            ),
        ),
    ),
    r.Inventory(
        exit_reasons=(r.ExitReason.INCOMPLETE,),
        accounts=(
            r.InventoryRow(
                id="222222222222",
                name=EVIL,
                state="ACTIVE",
                password="present",
                access_keys=(
                    r.AccessKeyRow(id="AKIA1", status="Active", created_at=None, last_used_at=None),
                    r.AccessKeyRow(id="AKIA2", status="Active", created_at=None, last_used_at=None),
                ),
                signing_certificates=("CERT",),
                mfa_devices=("arn:aws:iam::222222222222:mfa/x",),
                mfa_enabled=True,
                clean=False,
                reason=None,
                denied_by=None,
            ),
            r.InventoryRow(
                id="333333333333",
                name="shielded",
                state="ACTIVE",
                password="unknown",
                access_keys=(),
                signing_certificates=(),
                mfa_devices=None,
                mfa_enabled=None,
                clean=None,
                reason="AWS denied it",
                denied_by=DENIED,
            ),
        ),
        summary=r.InventorySummary(
            total=2, read=1, clean=0, with_credentials=1, unread=1, skipped=0
        ),
        survey="orq_x",
        receipt=None,
    ),
    r.Removal(
        accounts=(
            r.RemovalRow(
                id="222222222222",
                name="sales",
                outcome="removed",
                removed=r.CredentialSet(password=True, access_keys=("AKIA1",)),
                left=r.CredentialSet(),
                reason=None,
                denied_by=None,
            ),
        ),
        summary=r.RemovalSummary(
            total=1,
            removed=1,
            nothing_to_remove=0,
            incomplete=0,
            unread=0,
            denied=0,
            held=0,
            skipped=0,
        ),
        request="orq_x",
        receipt=None,
    ),
    r.Drift(
        findings=(
            r.DriftFinding(
                id="root-password.present/222222222222",
                kind="root-password.present",
                severity="high",
                account="222222222222",
                title=EVIL,
                evidence={"since": "2020"},
                remedy="orgroot credentials remove 222222222222",
                status="new",
            ),
        ),
        coverage=r.Coverage(
            accounts=2,
            read=1,
            unread=(r.UnreadRow(id="333333333333", name=EVIL, reason="x", denied_by=DENIED),),
        ),
        summary={"new": 1},
        digest="0" * 64,
    ),
)
