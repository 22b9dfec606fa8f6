"""What an approver is shown before signing, rebuilt by every verifier from the log alone.

Its wording is part of the signed statement: another word makes recorded approvals void. It shows
what the texts say, never what the requester says about them.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, assert_never

from orgroot.core.codec import canonical
from orgroot.core.ids import grouped, sha256
from orgroot.core.key_use import used_within
from orgroot.core.log_state import DecisionRecord, LogState, RequestRecord
from orgroot.core.plan import Change, Op
from orgroot.core.root_tasks import ROOT_TASKS
from orgroot.core.scp_changes import content_of, known_of
from orgroot.core.scp_diff import Kind, statement_changes
from orgroot.core.statement_parts import Target
from orgroot.core.statements import Request, instant, timestamp
from orgroot.core.task_params import (
    AuditRootCredentials,
    BucketChange,
    DeleteRootCredentials,
    HandOut,
    InspectBucketPolicy,
    PlannedChanges,
    SeenCredentials,
    TaskParams,
    UnlockBucket,
    parse_params,
)
from orgroot.errors import IntegrityError, UsageError

FEW = 20
"""Up to so many accounts are shown one by one."""

LONGEST_COMMENT = 200
"""Characters of a denial's comment that are shown, lest one denial crowd out all else."""

LATELY = timedelta(days=90)
"""So long ago a use of a root access key stands out."""

DENIALS_SINCE = timedelta(hours=24)


def summarize(state: LogState, request: RequestRecord, head: int | None = None) -> dict[str, Any]:
    """The summary of a request as of record number `head` (None: the newest).

    It depends on the request and on denials recorded up to `head` alone: those of the same targets
    since 24 hours before the request was made. Texts and lists of texts, in the order to show.
    """
    body = request.body
    session = body.session
    return {
        "request": request.id,
        "task": body.task.value,
        "targets": _targets(request),
        "changes": list(_changes(request)),
        "region": ", ".join(sorted({t.region for t in request.targets if t.region})) or "none",
        "session": f"{session.duration_seconds} seconds" if session else "as long as rules allow",
        "requester": body.signer.person,
        "ticket": body.ticket or "none",
        "justification": body.justification or "none",
        "expires": body.expires_at,
        "break-glass": "yes" if isinstance(body, Request) and body.break_glass else "no",
        "denials": _denials(state, request, state.seq if head is None else head),
    }


def _targets(request: RequestRecord) -> list[str]:
    targets = request.targets
    if len(targets) <= FEW:
        return [_target(target) for target in targets] + _moved(request)
    listed = canonical([target.account for target in targets])
    return [f"{len(targets)} accounts, list sha256 {sha256(listed)}", *_moved(request)]


def _moved(request: RequestRecord) -> list[str]:
    """Accounts that are not where, or not tagged as, the log saw them before."""
    lines = [
        f"MOVED: {grouped(account)} was seen in {' and in '.join(map(str, places))}"
        for account, places in sorted(request.moved.items())
    ]
    return lines[:FEW] + ([f"MOVED: {len(lines) - FEW} more"] if len(lines) > FEW else [])


def _target(target: Target) -> str:
    if not target.account:
        return f"organization {target.organization}"
    return f"{grouped(target.account)} {target.name} in {target.ou_path or 'no known OU'}"


def _changes(request: RequestRecord) -> Iterator[str]:
    try:
        params = parse_params(request.body.task, request.params)
    except IntegrityError as error:
        yield f"not understood: {error.message}"
        return
    yield from _described(request, params)


def _described(request: RequestRecord, params: TaskParams) -> Iterator[str]:
    match params:
        case UnlockBucket():
            for change in params.buckets:
                yield f"{params.mode.value} of bucket {change.bucket} in {change.region}"
                yield from _bucket(change)
        case InspectBucketPolicy():
            for ref in params.buckets:
                yield f"read the policy of bucket {ref.bucket} in {ref.region}"
        case AuditRootCredentials():
            yield "read which root credentials exist"
        case DeleteRootCredentials():
            yield from _removal(request, params)
        case HandOut():
            yield from _hand_out(request)
        case PlannedChanges():
            yield from _terms(params)
            for step in params.plan:
                yield f"{step.op} {step.target}: {_becomes(step)}"
                yield from _rewritten(step)
        case _:
            assert_never(params)


def _bucket(change: BucketChange) -> Iterator[str]:
    before, after = change.before, change.after
    yield f"policy now: {_text(before) if before is not None else 'UNSEEN'}"
    yield f"policy then: {_text(after) if after is not None else 'none, it is deleted'}"
    old, new = _statements(before), _statements(after)
    if after is None:
        return
    if old is None or new is None:
        yield "statements: not readable"
        return
    dropped = [_label(n, s) for n, s in enumerate(old, 1) if s not in new]
    added = [_label(n, s) for n, s in enumerate(new, 1) if s not in old]
    yield f"statements dropped: {', '.join(dropped) or 'none'}"
    yield f"statements kept: {len(new) - len(added)}"
    yield f"statements ADDED: {', '.join(added) or 'none'}"


def _terms(params: PlannedChanges) -> Iterator[str]:
    """What a plan of SCPs asks for besides its changes; what the requester calls it is said so."""
    for task in params.accept_lockout:
        yield f"LOCKOUT ACCEPTED: root sessions of {task} that work today may be stopped by this"
    if params.rolls_back:
        yield f"the requester calls it a rollback of {params.rolls_back}"
    for check in params.waves:
        yield (
            f"the requester calls it wave {check.wave} of SCP {check.scp}; afterwards an audit "
            f"session in {grouped(check.account)} shows whether root sessions still work"
        )


def _rewritten(step: Change) -> Iterator[str]:
    """Which statements of an SCP another text changes."""
    if step.op is not Op.UPDATE_SCP:
        return
    try:
        texts = known_of(step).policy.text, content_of(step).policy.text
        found = statement_changes(*texts)
    except (IntegrityError, UsageError) as error:
        yield f"statements: not readable: {error.message}"
        return
    for kind in Kind:
        labels = [each.label for each in found if each.kind is kind]
        yield f"statements {kind}: {', '.join(labels) or 'none'}"


def _text(data: bytes) -> str:
    return f"{len(data)} bytes, sha256 {sha256(data)}"


def _statements(policy: bytes | None) -> list[Any] | None:
    try:
        document = json.loads(policy or b"")
    except (ValueError, RecursionError):
        return None
    statements = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(statements, dict):
        return [statements]
    return statements if isinstance(statements, list) else None


def _label(number: int, statement: Any) -> str:
    sid = statement.get("Sid") if isinstance(statement, dict) else None
    return f"#{number} {sid}" if isinstance(sid, str) else f"#{number}"


def _removal(request: RequestRecord, params: DeleteRootCredentials) -> Iterator[str]:
    yield f"remove: {', '.join(kind.value for kind in params.only)}"
    accounts = request.accounts
    seen = {account: params.seen[account] for account in accounts if account in params.seen}
    if len(accounts) <= FEW:
        for account in accounts:
            yield f"{grouped(account)} has {_found(seen.get(account))}"
    counts = {
        "a password": sum(found.password for found in seen.values()),
        "access keys": sum(bool(found.access_keys) for found in seen.values()),
        "signing certificates": sum(bool(f.signing_certificates) for f in seen.values()),
        "MFA devices": sum(bool(found.mfa_devices) for found in seen.values()),
    }
    for what, count in counts.items():
        yield f"accounts with {what}: {count}"
    yield f"accounts not looked at: {len(accounts) - len(seen)}"
    asked = instant(request.body.created_at)
    used = sorted(a for a, f in seen.items() if used_within(f.key_last_used, asked, LATELY))
    if used:
        yield f"accounts whose key was USED in the last {LATELY.days} days: {len(used)}"
        yield from (
            f"{grouped(a)}: key LAST USED {seen[a].key_last_used}"
            for a in (used[:FEW] if len(accounts) > FEW else ())
        )
    if len(accounts) > FEW:
        keyed = [grouped(account) for account in accounts if _has_keys(seen.get(account))]
        yield f"with access keys: {', '.join(keyed[:FEW]) or 'none'}"
        if len(keyed) > FEW:
            yield f"with access keys, not listed here: {len(keyed) - FEW}"


def _hand_out(request: RequestRecord) -> Iterator[str]:
    policy = request.body.task_policy
    yield f"hand a root session of {policy} to another program, which nobody watches"
    if policy is not None:
        yield f"it may call {', '.join(ROOT_TASKS[policy].actions)}"


def _has_keys(found: SeenCredentials | None) -> bool:
    return found is not None and bool(found.access_keys)


def _found(found: SeenCredentials | None) -> str:
    if found is None:
        return "not been looked at"
    things = (
        *(["a password"] if found.password else []),
        *(f"access key {key}" for key in found.access_keys),
        *(f"signing certificate {certificate}" for certificate in found.signing_certificates),
        *(f"MFA device {device}" for device in found.mfa_devices),
        *([f"its key LAST USED {found.key_last_used}"] if found.key_last_used else []),
    )
    return ", ".join(things) or "nothing"


def _becomes(step: Change) -> str:
    """Both sides of a change; of what is made new, or goes, the one that there is."""
    if step.before is None:
        return _readable(step.after)
    after = "nothing" if step.after is None else _readable(step.after)
    return f"{_readable(step.before)} becomes {after}"


def _readable(value: Any) -> str:
    return canonical(_shortened(value)).decode("ascii").strip()


def _shortened(value: Any) -> Any:
    """A value with each text in base64 replaced by what the text is."""
    if isinstance(value, Mapping):
        if isinstance(value.get("b64"), str):
            return _policy_text(value["b64"])
        return {key: _shortened(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_shortened(item) for item in value]
    return value


def _policy_text(b64: str) -> str:
    try:
        data = base64.b64decode(b64, validate=True)
    except (binascii.Error, ValueError):
        return "not base64"
    text = data.decode("utf-8", errors="replace")
    return f"{len(text)} characters, sha256 {sha256(data)}"


def _denials(state: LogState, request: RequestRecord, head: int) -> list[str]:
    since = timestamp(instant(request.body.created_at) - DENIALS_SINCE)
    found = {
        denial.seq: _denial(denial, state.requests[of])
        for account in request.accounts or ("",)
        for of, denial in state.denials.get(account, ())
        if denial.seq <= head and not 0 < denial.revoked <= head and denial.body.created_at >= since
    }
    shown = [found[seq] for seq in sorted(found, reverse=True)[:FEW]]
    return shown + ([f"and {len(found) - FEW} earlier"] if len(found) > FEW else [])


def _denial(denial: DecisionRecord, of: RequestRecord) -> str:
    body = denial.body
    comment = f": {body.comment[:LONGEST_COMMENT]}" if body.comment else ""
    return f"{body.created_at} {body.signer.person} denied {of.id} ({of.body.task}){comment}"
