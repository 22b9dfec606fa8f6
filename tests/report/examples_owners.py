"""People, rules and owners: what they are, propose, sign and publish."""

from orgroot.core import results as r
from tests.report.foreign import EVIL

DIFFERENCES = (
    r.DifferenceRow(path="people.zoe.groups", before=None, after=EVIL),
    r.DifferenceRow(path=EVIL, before=EVIL, after=None),
    r.DifferenceRow(path="rules[a].approvals.total", before="1", after="2"),
)

OWNERS: tuple[r.Result, ...] = (
    r.RulesShow(
        serial=3,
        expires_at="2026-08-01T00:00:00Z",
        expired=True,
        regions=(
            r.RegionRow(task="unlock-bucket", where=("bucket x-tfstate", EVIL), rules=()),
            r.RegionRow(
                task="unlock-bucket",
                where=(),
                rules=("root-tasks",),
                people=2,
                total=2,
                each_of=(r.SlotRow(group="security", count=1),),
                requesters=("platform",),
                approvers=("platform", "security"),
            ),
            r.RegionRow(task="enable-root-access", where=("the organization",), rules=("adding",)),
        ),
    ),
    r.RulesShow(
        serial=None,
        expires_at="2026-08-01T00:00:00Z",
        expired=False,
        regions=(
            r.RegionRow(
                task="unlock-bucket",
                where=(f"bucket {EVIL}",),
                rules=("root-tasks",),
                people=1,
                total=1,
                each_of=(r.SlotRow(group="security", count=1),),
                executors=("platform",),
                approvers=("security",),
                may_approve=("bob",),
                tickets=(EVIL,),
                hardware_key=True,
                never_buckets=(EVIL,),
                break_glass=r.EmergencyRow(
                    requesters=("oncall",),
                    user_verification="required",
                    max_open_unreviewed=1,
                    max_per_24h=2,
                    review_within=86400,
                    review=(r.SlotRow(group="security", count=1),),
                ),
            ),
        ),
        asker=r.AskerRow(
            person=EVIL,
            may_ask=False,
            refusals=(EVIL,),
            could_approve=(),
            out_of_reach=(r.SlotRow(group=None, count=1),),
        ),
        notes=(EVIL,),
        receipt="orgroot1 x 1 y",
    ),
    r.RulesShow(
        serial=1,
        expires_at="2026-08-01T00:00:00Z",
        expired=False,
        regions=(r.RegionRow(task="unlock-queue", where=(), rules=()),),
    ),
    r.RulesCheck(issues=(), without=EVIL, receipt=None),
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
    r.Whoami(
        caller="arn:aws:iam::111111111111:user/alice",
        account="111111111111",
        person=None,
        keys=(r.WhoamiKey(key="ssh-ed25519 AAAA", fingerprint="SHA256:x", found=None),),
        add_to_roster="alice:\n  groups: []\n",
    ),
    r.Whoami(
        caller=None,
        account=None,
        person="dana",
        keys=(r.WhoamiKey(key="ssh-ed25519 AAAA", fingerprint="SHA256:x", found=None, ended=True),),
        owner=True,
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
    r.LogInit(
        exit_reasons=(r.ExitReason.WAITING,),
        log_id="5f0c8d2e9b7a4c31",
        store="file:///x",
        trust_sha256="0" * 64,
        rules_serial=None,
        head=r.LogHead(seq=0, hash="0" * 64),
        receipt=None,
        signed=("dana",),
        lacking=1,
    ),
    *(
        r.ProposalView(
            exit_reasons=reasons,
            id="opr_x",
            kind=kind,
            serial=2,
            state=state,
            proposed_at="2026-11-22T20:00:00Z",
            ends_at="2026-12-06T20:00:00Z",
            signed=("dana",),
            lacking=lacking,
            could_sign=("erik", "frank"),
            changes=changes,
            detail=detail,
            receipt="orgroot1 x 2 y",
        )
        for kind, state, lacking, detail, changes, reasons in (
            ("rules", "OPEN", 1, "", DIFFERENCES, (r.ExitReason.WAITING,)),
            ("trust", "READY", 0, "", DIFFERENCES, (r.ExitReason.WAITING,)),
            ("rules", "PUBLISHED", 0, "", (), ()),
            ("rules", "STALE", 1, EVIL, (), ()),
        )
    ),
    r.ProposalList(
        proposals=tuple(
            r.ProposalRow(
                id="opr_x",
                kind="rules",
                serial=2,
                state=state,
                proposed_at="2026-11-22T20:00:00Z",
                signed=signed,
                lacking=1,
                detail=EVIL,
            )
            for state, signed in (("OPEN", ("dana",)), ("STALE", ()))
        )
    ),
    r.ProposalList(proposals=()),
    *(
        r.KeyRevoked(
            person=EVIL,
            fingerprint="SHA256:x",
            seq=7,
            owner_key=owner_key,
            compromised=compromised,
            receipt="orgroot1 x 7 y",
        )
        for owner_key, compromised in (("counts", (4, 5)), ("none", ()))
    ),
    *(
        r.TrustView(
            log_id="5f0c8d2e9b7a4c31",
            store=EVIL,
            seq=5,
            trust_sha256="0" * 64,
            threshold=2,
            owners=(
                r.OwnerRow(person="dana", key="ssh-ed25519 A", fingerprint="SHA256:x", ended=True),
                r.OwnerRow(person=EVIL, key="ssh-ed25519 B", fingerprint="SHA256:y", ended=False),
            ),
            retain=retain,
            configured=configured,
            yaml="trust:\n  log_id: " + EVIL,
            receipt="orgroot1 x 5 y",
        )
        for retain, configured in ((None, False), ("400d", True))
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
)
