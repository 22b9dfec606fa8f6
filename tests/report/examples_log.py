"""The log itself: verified, shown, exported, moved, and held against CloudTrail."""

from orgroot.core import results as r
from orgroot.core.reconcile import Verdict
from tests.report.foreign import EVIL

LOG: tuple[r.Result, ...] = (
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
    r.LogExport(
        format="jsonl",
        out=EVIL,
        sha256="0" * 64,
        records=2,
        first_seq=1,
        last_seq=2,
        head=r.LogHead(seq=2, hash="0" * 64),
        receipt="orgroot1 x 2 y",
        attention=1,
    ),
    r.LogMove(
        store="file:///x",
        target=f"s3://{EVIL}/",
        done=True,
        records=2,
        objects=1,
        copied=3,
        strays=(EVIL,),
        head=r.LogHead(seq=2, hash="0" * 64),
        config=(f"store: s3://{EVIL}/", 'store_account: "444444444444"'),
        receipt="orgroot1 x 2 y",
    ),
    r.LogMove(
        exit_reasons=(r.ExitReason.INTEGRITY,),
        store="file:///x",
        target="file:///y",
        done=False,
        records=2,
        objects=1,
        copied=0,
        strays=(),
        head=r.LogHead(seq=2, hash="0" * 64),
        config=("store: file:///y",),
        receipt="orgroot1 x 2 y",
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
        overuse=(
            r.UseRow(
                access_key_id="ASIA2",
                account="222222222222",
                execution="oex_x",
                request="orq_x",
                action=EVIL,
                at="2026-03-02T09:00:00Z",
                region="eu-west-1",
                event="e-2",
                error="",
                detail=EVIL,
            ),
        ),
        read=(r.TrailRead(account="111111111111", regions=("eu-west-1",)),),
        unread=(
            r.TrailUnread(account="222222222222", region=None, reason=EVIL),
            r.TrailUnread(account="222222222222", region="eu-west-1", reason="denied"),
        ),
        unsound=(f"record 4, orq_x: {EVIL}",),
        in_session_calls="in-session calls not read",
        summary={v.value: 0 for v in Verdict},
        digest="0" * 64,
    ),
)
