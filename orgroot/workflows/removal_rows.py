"""What became of each account of a removal, from the log, and the result they add up to.

An account without a recorded outcome is never shown as removed.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from orgroot.core.facts import ClosedItem
from orgroot.core.log_state import RequestRecord
from orgroot.core.organization import SelectedAccounts
from orgroot.core.results import (
    CredentialSet,
    ExitReason,
    InventoryRow,
    Removal,
    RemovalRow,
    RemovalSummary,
)
from orgroot.core.root_credentials import CredentialKind
from orgroot.core.statement_parts import Target
from orgroot.core.task_params import DeleteRootCredentials, SeenCredentials, parse_params
from orgroot.errors import AwsErrorKind, IntegrityError
from orgroot.workflows.credential_sets import removed_of, seen_less
from orgroot.workflows.inventory import Readings, refusals
from orgroot.workflows.outcomes import denied_by_of, parse_outcome
from orgroot.workflows.run import LOOK_FIRST

_DENIALS = ("AccessDenied", f"{AwsErrorKind.DENIED.value}:")
"""How a recorded refusal begins that is a denial: AWS's code, else our kind."""

GOOD = frozenset({"removed", "nothing-to-remove", "skipped"})
"""Outcomes with which an account is done."""

_OUTCOMES = (
    "removed",
    "nothing-to-remove",
    "incomplete",
    "unread",
    "denied",
    "held",
    "skipped",
)


def removal_params(request: RequestRecord) -> DeleteRootCredentials:
    """The typed parameters of a removal, which say what each of its accounts had.

    Raises:
        IntegrityError: they do not.
    """
    params = parse_params(request.body.task, request.params)
    if not isinstance(params, DeleteRootCredentials):
        raise IntegrityError(f"{request.id} is no removal of root credentials", code="params")
    unseen = {target.account for target in request.targets} - set(params.seen)
    if unseen:
        named = ", ".join(sorted(unseen))
        raise IntegrityError(f"{request.id} does not say what {named} has", code="params")
    return params


def rows_of(request: RequestRecord, params: DeleteRootCredentials) -> tuple[RemovalRow, ...]:
    """What became of each account of a request."""
    ends, refused = request.outcomes(), refusals(request)
    return tuple(
        _row_of(request, params, target, ends.get(target.account), refused.get(target.account))
        for target in request.targets
    )


def _row_of(
    request: RequestRecord,
    params: DeleteRootCredentials,
    target: Target,
    item: ClosedItem | None,
    refusal: str | None,
) -> RemovalRow:
    """What became of one account: by its recorded end, or the refusal of a session."""
    account = target.account
    gone = removed_of(request, account)
    left = seen_less(params.seen[account], gone, params.only)
    if item is None:
        reason = _why_open(request, account) if refusal is None else refusal
        refused = refusal is not None and gone == CredentialSet()
        word = "denied" if refused and reason.startswith(_DENIALS) else "incomplete"
        return _removal_row(target, word, gone=gone, left=left, reason=reason)
    word, details = parse_outcome(item.outcome)
    if word in {"removed", "nothing-to-remove"}:
        gone = removed_of(request, account, proved=True)
        return _removal_row(target, word, gone=gone, left=CredentialSet(), reason=None)
    word = word if word in _OUTCOMES else "incomplete"
    reason = str(details.get("reason") or "the log does not say why")
    return _removal_row(
        target, word, gone=gone, left=_left(details, left), reason=reason, details=details
    )


def rest_rows(
    readings: Readings, asked: tuple[InventoryRow, ...], kinds: tuple[CredentialKind, ...]
) -> tuple[RemovalRow, ...]:
    """The accounts that the request is not about, each with its reason."""
    named = {row.id for row in asked}
    rows = []
    for row in readings.rows:
        if row.id in named:
            continue
        known = row.clean is not None and row.reason is None
        held = known and has(row, kinds)
        word = "held" if held else "nothing-to-remove" if known else "unread"
        left = CredentialSet() if known and not held else _seen_set(row, kinds)
        reason = _held(row) if held else row.reason
        removal = _removal_row(row, word, gone=CredentialSet(), left=left, reason=reason)
        rows.append(msgspec.structs.replace(removal, denied_by=row.denied_by))
    return tuple(rows)


def has(row: InventoryRow, kinds: tuple[CredentialKind, ...]) -> bool:
    """Whether an account has something of the kinds asked for.

    MFA alone is harmless: it counts only where nothing but MFA is asked for.
    """
    if row.clean is None:
        return False
    there = {
        CredentialKind.PASSWORD: row.password == "present",  # noqa: S105 - a presence
        CredentialKind.ACCESS_KEYS: bool(row.access_keys),
        CredentialKind.SIGNING_CERTIFICATES: bool(row.signing_certificates),
        CredentialKind.MFA: bool(row.mfa_devices) and kinds == (CredentialKind.MFA,),
    }
    return any(there[kind] for kind in kinds)


def key_last_used(row: InventoryRow) -> str | None:
    """When any access key of an account was last used (UTC text); None: never, or not told."""
    return max((key.last_used_at for key in row.access_keys if key.last_used_at), default=None)


def _held(row: InventoryRow) -> str:
    used = key_last_used(row) or "lately"
    return (
        f"its root access key was used {used}: held until a request names it, "
        f"`orgroot credentials remove {row.id}`"
    )


def skipped_rows(selected: SelectedAccounts) -> tuple[RemovalRow, ...]:
    """The accounts that were left out on purpose."""
    none = CredentialSet()
    return tuple(
        RemovalRow(
            id=skipped.account.id,
            name=skipped.account.name,
            outcome="skipped",
            removed=none,
            left=none,
            reason=skipped.reason,
            denied_by=None,
        )
        for skipped in selected.skipped
    )


def seen_in(row: InventoryRow) -> SeenCredentials:
    """What a request says an account has."""
    return SeenCredentials(
        password=row.password == "present",  # noqa: S105 - a presence
        access_keys=tuple(key.id for key in row.access_keys),
        signing_certificates=row.signing_certificates,
        mfa_devices=row.mfa_devices or (),
        key_last_used=key_last_used(row),
    )


def removal_of(rows: Iterable[RemovalRow], request: str | None, receipt: str | None) -> Removal:
    """The result that the rows add up to; one account that AWS refused is exit 8."""
    listed = tuple(sorted(rows, key=lambda row: row.id))
    counts = {word: sum(row.outcome == word for row in listed) for word in _OUTCOMES}
    bad = [row for row in listed if row.outcome not in GOOD]
    alone = len(listed) == 1 and [row.outcome for row in bad] == ["denied"]
    untouched = alone and bad[0].removed == CredentialSet()
    reason = ExitReason.AWS_REFUSED if untouched else ExitReason.INCOMPLETE
    return Removal(
        exit_reasons=(reason,) if bad else (),
        accounts=listed,
        summary=RemovalSummary(
            total=len(listed),
            removed=counts["removed"],
            nothing_to_remove=counts["nothing-to-remove"],
            incomplete=counts["incomplete"],
            unread=counts["unread"],
            denied=counts["denied"],
            held=counts["held"],
            skipped=counts["skipped"],
        ),
        request=request,
        receipt=receipt,
    )


def _removal_row(
    target: Target | InventoryRow,
    word: str,
    *,
    gone: CredentialSet,
    left: CredentialSet,
    reason: str | None,
    details: dict[str, Any] | None = None,
) -> RemovalRow:
    return RemovalRow(
        id=target.account if isinstance(target, Target) else target.id,
        name=target.name,
        outcome=word,
        removed=gone,
        left=left,
        reason=reason,
        denied_by=denied_by_of(details or {}),
    )


def _left(details: dict[str, Any], otherwise: CredentialSet) -> CredentialSet:
    try:
        return msgspec.convert(details["left"], CredentialSet)
    except (KeyError, msgspec.ValidationError):
        return otherwise


def _why_open(request: RequestRecord, account: str) -> str:
    """Why an account of a request has no outcome, where no session was refused."""
    errors = [
        result.error
        for run in request.executions
        for _, result in run.steps(account)
        if result is not None and result.error
    ]
    again = f"`orgroot execute {request.id}` continues" if request.bulk else LOOK_FIRST
    if errors:
        return f"{errors[-1]}; {again}"
    if any(account in run.scope for run in request.executions):
        return f"not finished; {again}"
    return "left alone: exempt, moved, renamed, tagged otherwise or not ACTIVE since the request"


def _seen_set(row: InventoryRow, kinds: tuple[CredentialKind, ...]) -> CredentialSet:
    return seen_less(seen_in(row), CredentialSet(), kinds)
