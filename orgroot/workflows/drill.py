"""`break-glass --drill`: all that an emergency needs, up to the root session and not into it.

It asks the same decision, with the same key, log and quotas, and writes one record that is no
incident: only a write shows that the store takes one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from orgroot.core import approval
from orgroot.core.approval import Phase
from orgroot.core.eligibility import demand
from orgroot.core.emergency import spent_of
from orgroot.core.governed_tasks import Task, UnlockMode
from orgroot.core.ids import AccountId
from orgroot.core.log_state import RequestRecord
from orgroot.core.people import Roster
from orgroot.core.quorum import unfilled
from orgroot.core.requirements import Emergency
from orgroot.core.results import DrillReport, DrillRow, ExitReason
from orgroot.core.root_credentials import CredentialKind
from orgroot.core.root_tasks import Feature, TaskPolicy
from orgroot.core.sshsig import Verified
from orgroot.core.statement_parts import Target
from orgroot.core.statements import Drill, instant
from orgroot.core.task_params import (
    BucketChange,
    DeleteRootCredentials,
    UnlockBucket,
    to_params,
)
from orgroot.errors import AwsError, RequestRefused, UsageError
from orgroot.workflows import buckets
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.requests import Draft, candidate_of
from orgroot.workflows.root_access import observe
from orgroot.workflows.runner_mode import require_executor, runner_for
from orgroot.workflows.signing import common_fields, how_signed, sign, signer_of
from orgroot.workflows.targets import targets_of
from orgroot.workflows.workspace import Workspace

REASON = "drill"
ANY_ACCOUNT = "000000000000"
"""Stands for an account that no rule names, in no known OU, where none is given."""

PROVES = (
    "the log is here, it verifies, and it takes a record",
    "your key signs here, and your caller and key speak for you",
    "the rules in force would let you act now, within your quotas",
    "there are people who can review it",
)
LEAVES_OPEN = (
    "that AWS opens the session: only AssumeRoot asks your permissions and the account's SCPs",
    "that the bucket or credential is there and can be changed",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One task, as it would be asked for, and the terms of its break-glass.

    `refusal`: why it cannot even be asked for; then there is no request.
    """

    name: str
    request: RequestRecord | None = None
    terms: Emergency | None = None
    refusal: str = ""


def drill(
    ws: Workspace, *, account: AccountId | None, bucket: str, only_show: bool = False
) -> DrillReport:
    """Rehearse an emergency of this person; no root session, and no incident.

    Args:
        ws: the command's world.
        account: whose rules apply; None: those of an account that no rule names.
        bucket: the bucket whose unlocking is rehearsed.
        only_show: write no record, so it stays open whether the store would take one.

    Raises:
        UsageError: observer mode, nobody in the roster, no key, or no such account.
        AuditUnavailable: the log cannot be read, or did not take the record.
        IntegrityError: the log contradicts itself.
    """
    governed = ws.governed
    log, person = governed.log, governed.person
    log.require()
    now = log.check_clock(ws.clock.now())
    drafts = tuple(_drafts(ws, account, buckets.bucket_name(bucket)))
    cases = tuple(_case(ws, draft) for draft in drafts)
    rows = [
        DrillRow(check="log", ok=True, detail=f"verified up to record {log.state.seq}"),
        *_rules(log, now),
        *_access(ws),
    ]
    rows += _runner(ws, drafts)
    for case in cases:
        rows += _rehearsed(log, person, case, now)
    recorded = None
    if not only_show:
        recorded, how = _record(ws, cases, rows, now)
        rows.append(DrillRow(check="record", ok=True, detail=f"the log took record {recorded}"))
        rows += (_pin(case, how) for case in cases if case.terms is not None and case.terms.pin)
    passed = all(row.ok for row in rows)
    return DrillReport(
        exit_reasons=() if passed else (ExitReason.FINDINGS,),
        person=person,
        checks=tuple(rows),
        passed=passed,
        proves=PROVES if passed and recorded is not None else (),
        leaves_open=LEAVES_OPEN,
        recorded=recorded,
        receipt=log.receipt(),
    )


def _drafts(ws: Workspace, account: AccountId | None, bucket: str) -> Iterator[Draft]:
    """What an emergency could ask for, for each task that can be done under break-glass."""
    region = ws.config.organization.region
    if account is None:
        targets: tuple[Target, ...] = (Target(account=ANY_ACCOUNT, partition="aws", region=region),)
    else:
        targets = targets_of(ws, (buckets.owner_of(ws, account),))
    change = BucketChange(
        bucket=bucket,
        region=region,
        expected_policy_sha256=None,
        unseen=True,
        sids=(),
        before_b64="",
        after_b64="",
    )
    unlock = UnlockBucket(mode=UnlockMode.DELETE, buckets=(change,))
    removal = DeleteRootCredentials(
        only=(CredentialKind.ACCESS_KEYS,), seen={}, survey="orq_" + "a" * 26
    )
    for task, params, policy in (
        (Task.UNLOCK_BUCKET, to_params(unlock), TaskPolicy.UNLOCK_BUCKET),
        (Task.DELETE_ROOT_CREDENTIALS, to_params(removal), TaskPolicy.DELETE_CREDENTIALS),
    ):
        yield Draft(
            task=task,
            targets=targets,
            params=params,
            task_policy=policy,
            reason=REASON,
            break_glass=True,
        )


def _rules(log: AuditLog, now: datetime) -> Iterator[DrillRow]:
    body = log.rules().body
    expired = instant(body.expires_at) <= now
    words = "EXPIRED at" if expired else "in force until"
    yield DrillRow(
        check="rules", ok=not expired, detail=f"serial {body.serial}, {words} {body.expires_at}"
    )


def _access(ws: Workspace) -> Iterator[DrillRow]:
    """Without the features AWS refuses every root session."""
    try:
        observed = observe(ws)
    except AwsError as error:
        yield DrillRow(check="features", ok=False, detail=error.message)
        return
    missing = [f.value for f in Feature if f not in (observed.features or frozenset())]
    detail = f"off: {', '.join(missing)}" if missing else "on: both features of root access"
    yield DrillRow(check="features", ok=not missing, detail=detail)


def _runner(ws: Workspace, drafts: tuple[Draft, ...]) -> Iterator[DrillRow]:
    """Where a runner alone opens root sessions, an emergency waits for it too."""
    for draft in drafts:
        runner = runner_for(ws, draft.task)
        if runner is None:
            continue
        try:
            require_executor(ws, draft, runner)
        except (UsageError, RequestRefused) as error:
            yield DrillRow(check=f"{draft.task}: runner", ok=False, detail=error.message)
        else:
            yield DrillRow(check=f"{draft.task}: runner", ok=True, detail=f"{runner} executes it")


def _case(ws: Workspace, draft: Draft) -> _Case:
    name = draft.task.value
    try:
        request = candidate_of(ws, draft)
    except RequestRefused as error:
        return _Case(name=name, refusal=error.message)
    needs = demand(ws.governed.log.rules(), request)
    return _Case(name=name, request=request, terms=None if needs is None else needs.break_glass)


def _rehearsed(log: AuditLog, person: str, case: _Case, now: datetime) -> Iterator[DrillRow]:
    """The decision on one task, what of the quotas is left, and who would review."""
    if case.request is None:
        yield DrillRow(check=case.name, ok=False, detail=case.refusal)
        return
    rules, incidents = log.rules(), log.state.incidents
    decision = approval.decide(
        rules, case.request, phase=Phase.REQUEST, person=person, now=now, incidents=incidents
    )
    detail = "; ".join(decision.reasons) or "would be granted at once"
    yield DrillRow(check=case.name, ok=decision.allowed, detail=detail)
    if case.terms is not None:
        yield _quotas(log, person, case.name, case.terms, now)
        yield _reviewers(rules.roster, person, case.name, case.terms, now)


def _quotas(log: AuditLog, person: str, name: str, terms: Emergency, now: datetime) -> DrillRow:
    owed, recent = spent_of(log.rules(), person, now, log.state.incidents)
    left = len(owed) < terms.max_open_unreviewed and len(recent) < terms.max_per_24h
    return DrillRow(
        check=f"{name}: quotas",
        ok=left,
        detail=f"{len(owed)} of {terms.max_open_unreviewed} unreviewed, "
        f"{len(recent)} of {terms.max_per_24h} in 24 hours",
    )


def _reviewers(roster: Roster, person: str, name: str, terms: Emergency, now: datetime) -> DrillRow:
    people = {
        other: roster.groups_of(other)
        for other in roster.members(terms.review)
        if not roster.is_service(other)
        and roster.keys_of(other, now)
        and not roster.same_human(other, person)
    }
    lacking = unfilled(terms.review, people)
    words = ", ".join(f"{count} more of {group}" for group, count in sorted(lacking.items()))
    return DrillRow(
        check=f"{name}: review",
        ok=not lacking,
        detail=f"nobody could: {words} missing" if lacking else f"could be by {', '.join(people)}",
    )


def _pin(case: _Case, how: Verified) -> DrillRow:
    """Where the rules want the key's PIN, the drill's own signature shows whether it was given."""
    shown = how.hardware and how.user_verified
    words = "shows" if shown else "does NOT show"
    return DrillRow(
        check=f"{case.name}: PIN", ok=shown, detail=f"the signature {words} that the PIN was given"
    )


def _record(
    ws: Workspace, cases: tuple[_Case, ...], rows: list[DrillRow], now: datetime
) -> tuple[int, Verified]:
    """Sign and write the drill; answers its record, and what the signature says of the key."""
    governed = ws.governed
    log = governed.log
    body = Drill(
        **common_fields(log, log.state, now),
        signer=signer_of(governed.person, governed.signer),
        rehearsed=tuple(case.name for case in cases),
        failed=tuple(f"{row.check}: {row.detail}" for row in rows if not row.ok),
    )
    text, signatures = sign(body, governed.signer)
    how = how_signed(body, text, signatures)
    return log.append(lambda _state: (text, signatures)).seq, how
