"""What people say in the log, judged against the state before it: counted, or void with a reason.

Signature and position were checked before; here is decided whether it was allowed. Nothing here
raises anything but Void, and what is void changes nothing.
"""

from orgroot.core.approval import Decision, Phase, answered_by_quorum, decide
from orgroot.core.config import Trust
from orgroot.core.eligibility import (
    closed,
    demand,
    eligible,
    expires_at,
    skew,
    wrong_key,
)
from orgroot.core.executor_role import route_flaw
from orgroot.core.findings import FindingCode, Void
from orgroot.core.governed_tasks import GOVERNED_TASKS, Power, session_policies
from orgroot.core.ids import Digest, RequestId
from orgroot.core.incidents import owes
from orgroot.core.log_state import (
    DecisionRecord,
    ExecutionRecord,
    LogState,
    RequestRecord,
    RulesInForce,
)
from orgroot.core.owners import require_fresh
from orgroot.core.rules_lint import lint_errors
from orgroot.core.run_time import ends_at
from orgroot.core.sshsig import Verified
from orgroot.core.statements import (
    Approval,
    Denial,
    Intent,
    Request,
    Rules,
    Survey,
    instant,
    timestamp,
)
from orgroot.core.summary import summarize
from orgroot.core.whereabouts import moved, remember
from orgroot.core.withdrawal import revoked_by


def next_rules(
    state: LogState, body: Rules, trust: Trust, seq: int, digest: Digest
) -> RulesInForce:
    """New rules: the next serial, and nothing that `rules check` calls an error.

    Raises:
        Void: RULES_VIOLATION.
    """
    require_fresh(state, body)
    serial = len(state.rules) + 1
    if body.serial != serial:
        raise _violation(f"rules have serial {body.serial}, and {serial} is next")
    errors = lint_errors(body.approvals, state.trusts[-1].owners, instant(body.created_at))
    if errors:
        raise _violation(f"rules serial {body.serial} cannot be in force: {errors[0].message}")
    if body.expires_at != timestamp(body.approvals.expires):
        raise _violation(f"rules serial {body.serial} name two expiry times")
    bucket = trust.store.removeprefix("s3://").split("/")[0]
    return RulesInForce(
        seq=seq,
        sha256=digest,
        body=body,
        log_bucket=bucket if trust.store.startswith("s3://") else "",
        revoked=dict(state.ended_keys),
        log_account=trust.store_account or "",
    )


def admit_request(
    state: LogState, rules: RulesInForce, body: Request, record: RequestRecord
) -> None:
    """A request that its signer may make."""
    _place(rules, state, record)
    decision = decide(
        rules,
        record,
        phase=Phase.REQUEST,
        person=body.signer.person,
        now=instant(body.created_at),
        incidents=state.incidents,
    )
    if not decision:
        raise _violation(f"{record.id}: {' '.join(decision.reasons)}")
    remember(state.places, record.targets)
    state.requests[record.id] = record


def admit_decision(
    state: LogState, rules: RulesInForce, body: Approval | Denial, record: DecisionRecord
) -> None:
    """An approval or denial of an open request, by a person who may, of what was shown."""
    request = _decidable(state, rules, body, record.sha256, record.signed_with)
    shown = _was_shown(state, request, body)
    if isinstance(body, Denial):
        _deny(state, rules, request, record)
    elif shown:
        request.approvals.append(record)
        if owes(request) and answered_by_quorum(rules, request, instant(body.created_at)):
            request.settled = record.seq
    if not shown:
        raise _unseen(request, body)


def check_decision(
    state: LogState,
    rules: RulesInForce,
    body: Approval | Denial,
    digest: Digest,
    signed_with: Verified | None,
) -> None:
    """What `admit_decision` would say of a decision of this SHA-256, so signed, changing nothing.

    Raises:
        Void: it would not count, or not in full.
    """
    request = _decidable(state, rules, body, digest, signed_with)
    if not _was_shown(state, request, body):
        raise _unseen(request, body)


def _decidable(
    state: LogState,
    rules: RulesInForce,
    body: Approval | Denial,
    digest: Digest,
    signed_with: Verified | None,
) -> RequestRecord:
    """The open request that a decision is on, by a person who may decide on it."""
    request = known_request(state, body.request_id, body.request_sha256)
    person, now = body.signer.person, instant(body.created_at)
    if not isinstance(request.body, Request):
        raise _illegal(f"{request.id} is a survey and takes no decisions")
    if body.decision != ("approve" if isinstance(body, Approval) else "deny"):
        raise _violation(f"it says {body.decision!r}")
    taken_back = revoked_by(state, digest, person)
    if taken_back:
        detail = f"{person} took this decision back in record {taken_back}"
        raise Void(FindingCode.REPLAY, detail)
    why = closed(rules, request, now)
    if why is None and isinstance(body, Denial) and request.spent:
        why = f"{request.spent}: what is wrong with it is said in its review."
    if why is not None:
        raise _illegal(f"{person} decided, but {why}")
    why = eligible(rules, request, person, now)
    why = why or wrong_key(rules, body.signer, signed_with)
    if why is not None:
        raise _violation(f"{person} decided on {request.id}: {why}")
    return request


def _was_shown(state: LogState, request: RequestRecord, body: Approval | Denial) -> bool:
    """Whether the signer saw what the request asks, as of the head that the statement names."""
    # Equal values are equal bytes: a summary holds texts and lists of texts alone.
    summary = summarize(state, request, body.head.seq)
    return body.head.seq >= request.seq and body.summary == summary


def _unseen(request: RequestRecord, body: Approval | Denial) -> Void:
    return _violation(f"what {body.signer.person} was shown is not what {request.id} asks")


def _deny(
    state: LogState, rules: RulesInForce, request: RequestRecord, record: DecisionRecord
) -> None:
    """A denial counts even where its summary does not fit: a no needs no exact text."""
    request.denials.append(record)
    for account in request.accounts or ("",):
        state.denials.setdefault(account, []).append((request.id, record))
    humans = {
        rules.roster.human(denial.body.signer.person)
        for denial in request.denials
        if not denial.revoked
    }
    if len(humans) >= rules.body.approvals.defaults.deny_threshold:
        request.denied = record.seq


def admit_intent(state: LogState, rules: RulesInForce, body: Intent, run: ExecutionRecord) -> None:
    """An execution that the decision allows at the time the executor observed."""
    request = known_request(state, body.request_id, body.request_sha256)
    if not isinstance(request.body, Request):
        raise _illegal(f"{request.id} is a survey, which was its own execution")
    if request.spent:
        raise _illegal(f"{run.id}: {request.spent}")
    idle = run.scope.difference(request.remaining())
    if idle or len(run.scope) != len(run.work):
        raise _illegal(f"{run.id} names what {request.id} has no work for: {sorted(idle)}")
    unknown = set(body.approvals) - {a.seq for a in request.approvals if not a.revoked}
    if unknown:
        raise _violation(f"{run.id} relies on records that approve nothing: {sorted(unknown)}")
    _check_run(rules, body, request)
    if _decide(state, rules, request, body, run).emergency:
        run.emergency = demand(rules, request)
    _check_time(state, rules, request, body, run)
    run.asked = request
    for earlier in request.executions:
        earlier.superseded_by = earlier.superseded_by or run.seq
        earlier.passed_on |= run.scope
    request.executions.append(run)
    state.executions[run.id] = run
    if run.emergency and all(known is not request for known in state.incidents):
        state.incidents.append(request)
    if owes(request) and answered_by_quorum(rules, request, instant(body.observed_at)):
        request.settled = run.seq


def admit_survey(
    state: LogState,
    rules: RulesInForce,
    body: Survey,
    record: RequestRecord,
    run: ExecutionRecord,
) -> None:
    """A reading that needs no approval, by a person who may ask for it."""
    if GOVERNED_TASKS[body.task].power is not Power.READ:
        raise _violation(f"{body.task} is no survey: it changes something")
    if not set(run.accounts) <= set(record.accounts) or not run.accounts:
        raise _violation(f"{run.id} names accounts that {record.id} is not about")
    _place(rules, state, record)
    _check_run(rules, body, record)
    _decide(state, rules, record, body, run)
    _check_time(state, rules, record, body, run)
    remember(state.places, record.targets)
    run.asked = record
    record.executions.append(run)
    state.requests[record.id] = record
    state.executions[run.id] = run


def _place(rules: RulesInForce, state: LogState, record: RequestRecord) -> None:
    """Where its accounts were seen before, and what the rules demand of it there and here."""
    record.places = state.places
    record.moved = moved(rules.body.approvals, record.targets, state.places)
    record.requirement = demand(rules, record)


def known_request(state: LogState, request_id: str, digest: str) -> RequestRecord:
    """The request that a statement names by id and digest.

    Raises:
        Void: there is none, or its text is another.
    """
    request = state.requests.get(RequestId(request_id))
    if request is None or request.sha256 != digest:
        raise _illegal(f"there is no request {request_id} with SHA-256 {digest[:12]}…")
    return request


def _check_run(rules: RulesInForce, body: Intent | Survey, request: RequestRecord) -> None:
    observed, deadline = instant(body.observed_at), instant(body.deadline)
    if abs(instant(body.created_at) - observed) > skew(rules):
        raise _violation(f"{request.id} was decided at {body.observed_at}, not when it was signed")
    if deadline <= observed:
        raise _violation(f"{request.id}: the deadline {body.deadline} is no later than the start")
    allowed = session_policies(request.body.task, request.body.task_policy)
    if not set(body.task_policies) <= set(allowed):
        raise _violation(f"{request.id}: sessions with task policies that it does not ask for")
    flaw = route_flaw(body.executor_arn, body.reference_in)
    if flaw is not None:
        raise _illegal(f"{request.id}: {flaw}")
    person = body.signer.person
    if not rules.roster.acts_as(person, body.caller_arn):
        raise _violation(
            f"{person} executed {request.id} as {body.caller_arn}, which is not theirs"
        )


def _check_time(
    state: LogState,
    rules: RulesInForce,
    request: RequestRecord,
    body: Intent | Survey,
    run: ExecutionRecord,
) -> None:
    """A granted execution is of its time, and no longer than its sessions and its request."""
    observed, now = instant(body.observed_at), state.witnessed
    if now and observed < instant(now) - skew(rules):
        raise _violation(
            f"{run.id} was decided at {body.observed_at}, and records before it are of {now}"
        )
    latest = ends_at(observed, expires_at(rules, request), turns=len(run.work))
    if instant(body.deadline) > latest:
        raise _violation(
            f"{run.id}: the deadline {body.deadline} is later than {timestamp(latest)}, when its "
            "last session can have ended"
        )


def _decide(
    state: LogState,
    rules: RulesInForce,
    request: RequestRecord,
    body: Intent | Survey,
    run: ExecutionRecord,
) -> Decision:
    decision = decide(
        rules,
        request,
        phase=Phase.EXECUTE,
        person=body.signer.person,
        now=instant(body.observed_at),
        incidents=state.incidents,
    )
    if not decision:
        raise _violation(f"{run.id} was not allowed: {' '.join(decision.reasons)}")
    return decision


def _violation(detail: str) -> Void:
    return Void(FindingCode.RULES_VIOLATION, detail)


def _illegal(detail: str) -> Void:
    return Void(FindingCode.ILLEGAL_TRANSITION, detail)
