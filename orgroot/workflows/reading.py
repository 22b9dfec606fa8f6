"""What one account's root user still has: two calls where there is nothing, details where there is.

An answer that is missing is unknown; an account that could not be read is never clean.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from orgroot.core.organization import MemberAccount
from orgroot.core.results import AccessKeyRow, DeniedBy, InventoryRow
from orgroot.core.root_credentials import AccessKey, AccountSummary, Presence
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secrets import RootSession
from orgroot.core.statements import timestamp
from orgroot.errors import AwsError, OutcomeUnknown
from orgroot.ports import RootSessionGateway
from orgroot.workflows.denial import Denials, told
from orgroot.workflows.outcomes import denied_by_of, outcome_text, parse_outcome, reason_details
from orgroot.workflows.run import Run
from orgroot.workflows.sweep import Stint, StoppedError, TooSlowError

CLEAN, WITH_CREDENTIALS, UNREAD = "clean", "with-credentials", "unread"
"""The outcomes of an account in a survey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads accounts in one survey.

    Attributes:
        sessions: AWS inside root sessions.
        run: the survey's execution.
        denials: explains refusals.
    """

    sessions: RootSessionGateway
    run: Run
    denials: Denials

    def read(self, account: MemberAccount, stint: Stint) -> tuple[InventoryRow, AwsError | None]:
        """Read one account and record its outcome; the error where AWS refused the session.

        Raises:
            AuditUnavailable: the log does not take what must be durable.
        """
        try:
            stint.check()
            session = self.run.open_session(account.id, TaskPolicy.AUDIT)
        except AwsError as error:
            self.run.refuse(account.id, error)
            return self._unread(account, error), error
        except OutcomeUnknown as error:
            # A survey changes nothing: a session that may exist is no reason to stop the others.
            return unread(account, error.message), None
        except (StoppedError, TooSlowError) as error:
            return unread(account, error.message), None
        try:
            row = self._details(account, session, stint)
        except AwsError as error:
            row = self._unread(account, error)
        except (StoppedError, TooSlowError) as error:
            row = unread(account, error.message)
        self.run.close(account.id, closing(row))
        return row, None

    def _details(self, account: MemberAccount, session: RootSession, stint: Stint) -> InventoryRow:
        gateway = self.sessions
        stint.check()
        summary = gateway.account_summary(session)
        keys: tuple[AccessKey, ...] = ()
        certificates: tuple[str, ...] = ()
        devices: tuple[str, ...] | None = () if summary.mfa is Presence.ABSENT else None
        trouble: AwsError | None = None
        missing: list[str] = []
        try:
            if summary.access_keys is Presence.PRESENT:
                stint.check()
                keys = gateway.access_keys(session)
                missing += [] if keys else ["access keys"]
            if summary.signing_certificates is Presence.PRESENT:
                stint.check()
                certificates = gateway.signing_certificates(session)
                missing += [] if certificates else ["signing certificates"]
            if summary.mfa is Presence.PRESENT:
                stint.check()
                devices = gateway.mfa_devices(session)
        except AwsError as error:
            trouble = error
        row = _row(account, summary, keys, certificates, devices)
        if trouble is not None:
            return msgspec.structs.replace(
                row,
                reason=told(trouble),
                denied_by=self.denials.explain(trouble),
            )
        if missing:
            reason = f"AWS counts {' and '.join(missing)} but lists none: read it again"
            return msgspec.structs.replace(row, reason=reason)
        return row

    def _unread(self, account: MemberAccount, error: AwsError) -> InventoryRow:
        return unread(account, told(error), self.denials.explain(error))


def unread(account: MemberAccount, reason: str, denied_by: DeniedBy | None = None) -> InventoryRow:
    """An account of which nothing is known, and why."""
    unknown = Presence.UNKNOWN
    summary = AccountSummary(
        password=unknown, access_keys=unknown, signing_certificates=unknown, mfa=unknown
    )
    row = _row(account, summary, (), (), None)
    return msgspec.structs.replace(row, reason=reason, denied_by=denied_by)


def closing(row: InventoryRow) -> str:
    """The outcome that a survey records for an account."""
    if row.clean is None:
        return outcome_text(UNREAD, reason_details(row.reason or "", row.denied_by))
    tree: dict[str, Any] = msgspec.to_builtins(row)
    for key in ("id", "name", "state", "clean"):
        del tree[key]
    return outcome_text(CLEAN if row.clean else WITH_CREDENTIALS, tree)


def reopened(account: MemberAccount, outcome: str) -> InventoryRow:
    """The row that `closing` recorded; unread where the text does not say it all."""
    word, details = parse_outcome(outcome)
    if word not in {CLEAN, WITH_CREDENTIALS}:
        reason = str(details.get("reason") or "the survey could not read it")
        return unread(account, reason, denied_by_of(details))
    tree = {
        **details,
        "id": account.id,
        "name": account.name,
        "state": account.state,
        "clean": word == CLEAN,
    }
    try:
        return msgspec.convert(tree, InventoryRow)
    except msgspec.ValidationError:
        return unread(account, "the survey's record of it cannot be read by this version")


def _row(
    account: MemberAccount,
    summary: AccountSummary,
    keys: tuple[AccessKey, ...],
    certificates: tuple[str, ...],
    devices: tuple[str, ...] | None,
) -> InventoryRow:
    clean = summary.clean
    return InventoryRow(
        id=account.id,
        name=account.name,
        state=account.state,
        password=summary.password.value,
        access_keys=tuple(key_row(key) for key in keys),
        signing_certificates=certificates,
        mfa_devices=devices,
        mfa_enabled=_as_bool(summary.mfa),
        clean=clean,
        reason=_untold(summary) if clean is None else None,
        denied_by=None,
    )


def key_row(key: AccessKey) -> AccessKeyRow:
    """An access key as results show it."""
    return AccessKeyRow(
        id=key.id,
        status=key.status,
        created_at=_time(key.created_at),
        last_used_at=_time(key.last_used_at),
    )


def _untold(summary: AccountSummary) -> str:
    names = {
        "AccountPasswordPresent": summary.password,
        "AccountAccessKeysPresent": summary.access_keys,
        "AccountSigningCertificatesPresent": summary.signing_certificates,
    }
    missing = [name for name, presence in names.items() if presence is Presence.UNKNOWN]
    return f"AWS's answer lacks {', '.join(missing)}"


def _as_bool(presence: Presence) -> bool | None:
    return None if presence is Presence.UNKNOWN else presence is Presence.PRESENT


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else timestamp(moment)
