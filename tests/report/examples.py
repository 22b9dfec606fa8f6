"""One example of every result, with foreign text where it can come from outside."""

from orgroot.core import results as r
from orgroot.core.reconcile import Verdict

DENIED = r.DeniedBy(policy="deny-root", sid="DenyRoot", kind="service control policy")
EVIL = "evil\x1b[31m\u202e=cmd()"

EXAMPLES: tuple[r.Result, ...] = (
    r.Recovery(
        exit_reasons=(r.ExitReason.UNKNOWN,),
        executions=(
            r.RecoveryRow(
                execution="oex_x",
                request="orq_x",
                task="unlock-bucket",
                outcome="closed",
                accounts=(
                    r.RecoveredAccount(account="222222222222", outcome="done", detail=EVIL),
                    r.RecoveredAccount(account="", outcome="succeeded", detail=""),
                ),
                waits_until=None,
                detail="",
            ),
            r.RecoveryRow(
                execution="oex_y",
                request="orq_y",
                task="unlock-bucket",
                outcome="waiting",
                accounts=(),
                waits_until="2026-11-22T20:00:00Z",
                detail="it may still run",
            ),
        ),
        receipt="orgroot1 x 1 y",
    ),
    r.Recovery(executions=(), receipt=None),
    r.Acknowledged(
        moves=(
            r.MovedRow(
                account="222222222222",
                name=EVIL,
                ou_path="r-ab12/ou-ab12-11111111",
                tags={"stage": EVIL, "owner": None},
                tags_sha256="0" * 64,
                before=(r.PlaceRow(ou_path="", tags={}),),
            ),
        ),
        versions=(r.VersionsRow(key="000000000003.json", version_ids=("v2", EVIL)),),
        reason=EVIL,
        record=7,
        receipt="orgroot1 x 7 y",
    ),
    r.Acknowledged(moves=(), versions=(), reason="looked", record=None, receipt="orgroot1 x 6 y"),
    r.Failure(exit_reasons=(r.ExitReason.INTEGRITY,), code="integrity", message="no", hint="why"),
    r.Whoami(
        caller="arn:aws:iam::111111111111:user/alice",
        account="111111111111",
        person=None,
        keys=(r.WhoamiKey(key="ssh-ed25519 AAAA", fingerprint="SHA256:x", found=None),),
        add_to_roster="alice:\n  groups: []\n",
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
        reviews_due=("orq_x",),
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
    r.RequestView(
        id="orq_x",
        state="PENDING",
        task="unlock-bucket",
        targets=({"account": "222222222222"},),
        params={"mode": "delete"},
        requester=EVIL,
        approvals=(
            r.ApprovalRow(person="bob", decision="approve", groups=("security",), at="2026", seq=4),
        ),
        missing=(r.MissingRow(group="platform", count=1), r.MissingRow(group=None, count=1)),
        expires_at="2026-11-22T20:00:00Z",
        receipt=None,
        could_approve=("olga",),
        summary={
            "task": "unlock-bucket",
            "buckets": [{"bucket": EVIL, "unseen": True}],
            "none": [],
        },
        commands=("orgroot approve orq_x --as olga",),
        continuing=True,
    ),
    r.RequestList(requests=()),
    r.Inspection(
        account="222222222222",
        bucket="logs",
        region="eu-west-1",
        policy='{"Version": "2012-10-17"}',
        sha256="0" * 64,
        locked=True,
        by=("DenyAll",),
        receipt=None,
        statements=(r.StatementRow(sid="DenyAll", effect="Deny", locks=True, why="everyone"),),
        notes=("note",),
        next="orgroot unlock-bucket logs",
    ),
    r.Unlock(
        request="orq_x",
        state="SUCCEEDED",
        items=(
            r.UnlockItem(
                account="222222222222",
                bucket="logs",
                outcome="refused",
                before_sha256="0" * 64,
                after_sha256=None,
                backup=12,
                reason="AWS denied it",
                denied_by=DENIED,
            ),
        ),
        receipt="orgroot1 x 1 y",
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
    ),
    r.LogVerify(
        records=2,
        head=r.LogHead(seq=2, hash="0" * 64),
        findings=(
            r.LogFinding(code="CHAIN", seq=2, detail=EVIL, level="integrity"),
            r.LogFinding(code="GAP", seq=0, detail="x", level="integrity"),
        ),
    ),
    r.LogShow(
        records=(
            r.LogRecordRow(
                seq=1, type="genesis", at="2026", signers=("dana",), subject=EVIL, hash="0" * 64
            ),
        ),
        head=r.LogHead(seq=1, hash="0" * 64),
    ),
    r.LogInit(
        log_id="5f0c8d2e9b7a4c31",
        store="file:///x",
        trust_sha256="0" * 64,
        rules_serial=1,
        head=r.LogHead(seq=2, hash="0" * 64),
        receipt="orgroot1 x 2 y",
        warnings=("one owner",),
    ),
    r.Init(
        config="/x/config.yaml",
        mode="team",
        organization="o-exampleorgid",
        log_id="5f0c8d2e9b7a4c31",
        store="file:///x",
        trust_sha256="0" * 64,
        receipt="orgroot1 x 2 y",
        warnings=("one owner",),
        commands=("orgroot whoami",),
    ),
    r.RulesCheck(
        issues=(r.RulesIssue(level="error", code="HOLE", rule=None, message=EVIL),), serial=None
    ),
    r.DryRun(
        command="unlock-bucket",
        task="unlock-bucket",
        targets=({"account": "222222222222"},),
        params={},
        needs=(r.MissingRow(group="security", count=1),),
        notes=("UNSEEN",),
    ),
    r.Reconciliation(
        since="2026-01-01T00:00:00Z",
        until="2026-03-31T00:00:00Z",
        sessions=(
            r.SessionRow(
                status="UNLOGGED_SESSION",
                access_key_id="ASIA1",
                account="222222222222",
                task_policy=EVIL,
                at="2026-03-02T09:00:00Z",
                caller=EVIL,
                region="eu-west-1",
                event="e-1",
                execution=None,
                request=None,
                record=None,
                detail=EVIL,
            ),
            r.SessionRow(
                status="NOT_READ",
                access_key_id="",
                account="",
                task_policy="S3UnlockBucketPolicy",
                at=None,
                caller="arn:aws:iam::111111111111:user/alice",
                region=None,
                event=None,
                execution="oex_x",
                request="orq_x",
                record=4,
                detail="the trail was not read",
            ),
        ),
        read=(r.TrailRead(account="111111111111", regions=("eu-west-1",)),),
        unread=(
            r.TrailUnread(account="222222222222", region=None, reason=EVIL),
            r.TrailUnread(account="222222222222", region="eu-west-1", reason="denied"),
        ),
        in_session_calls="in-session calls not read",
        summary={v.value: 0 for v in Verdict},
        digest="0" * 64,
    ),
)
