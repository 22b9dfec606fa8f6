"""The removal in one account: password, access keys, certificates, then MFA, then the proof.

Nothing is deleted that the request did not name. MFA is never deactivated while a password or a
key may exist. Only empty lists in the delete session and zeros in a later audit session are called
removed; an account whose work could not be ended stays open and is continued by the next run.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec

from orgroot.core.config import seconds
from orgroot.core.ids import AccountId
from orgroot.core.key_use import last_use, used_within
from orgroot.core.log_state import RequestRecord
from orgroot.core.planned_steps import (
    DEACTIVATE_MFA,
    DELETE_CERTIFICATE,
    DELETE_KEY,
    DELETE_PASSWORD,
    PASSWORD,
)
from orgroot.core.results import CredentialSet
from orgroot.core.root_credentials import (
    CredentialKind,
    Presence,
    RootCredentials,
)
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secrets import RootSession
from orgroot.core.statements import instant, timestamp
from orgroot.core.task_params import DeleteRootCredentials
from orgroot.errors import (
    AwsError,
    AwsErrorKind,
    CredentialsError,
    OutcomeUnknown,
    RequestRefused,
)
from orgroot.workflows.credential_sets import (
    beyond,
    left_of,
    not_absent,
    removed_of,
    seen_less,
)
from orgroot.workflows.denial import Denials, told
from orgroot.workflows.outcomes import outcome_text, reason_details
from orgroot.workflows.run import DEADLINE, Run
from orgroot.workflows.settling import settled
from orgroot.workflows.sweep import Stint, StoppedError, TooSlowError
from orgroot.workflows.workspace import Workspace

_LATER = frozenset({AwsErrorKind.THROTTLED, AwsErrorKind.UNAVAILABLE, AwsErrorKind.CONFLICT})
"""Refusals that say "later": the account stays open."""


class _Open(Exception):  # noqa: N818 - not an error: the account is continued by the next run
    """The work on this account ends here without an outcome."""


class _Refused(_Open):
    """AWS opened no session, as is on record: the request may be executed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deletion:
    """One step: what is deleted, how, and whether it is still there."""

    operation: str
    target: str
    change: Callable[[], None]
    there: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How the work on an account ended."""

    word: str
    reason: str | None = None
    error: AwsError | None = None
    left: CredentialSet = field(default_factory=CredentialSet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remover:
    """Removes root credentials in one run.

    Attributes:
        ws: the command's world.
        run: the open execution.
        request: what was asked for.
        params: the same, typed.
        denials: explains refusals.
        stop: set when no further account may be begun.
        unknown: accounts of which nobody can say what happened, with the words.
    """

    ws: Workspace
    run: Run
    request: RequestRecord
    params: DeleteRootCredentials
    denials: Denials
    stop: threading.Event
    unknown: dict[str, str]

    def remove(self, account: str, stint: Stint) -> None:
        """Do one account, and record its outcome unless it stays open.

        Raises:
            AuditUnavailable: the log does not take what must be durable.
            CredentialsError: those of the operator are not accepted: no further account is begun.
        """
        try:
            verdict = self._work(AccountId(account), stint)
        except _Refused as reason:
            self.ws.progress.note(f"{account} stays open: {reason}")
        except (_Open, StoppedError, TooSlowError) as reason:
            self._leave(account, str(reason))
        except CredentialsError as error:
            state = self.ws.governed.log.state
            if account not in state.executions[self.run.execution_id].aborted:
                self._leave(account, error.message)
            raise
        except OutcomeUnknown as error:
            self.unknown[account] = error.message
            if not self.run.can_record:
                self.stop.set()
        except RequestRefused as error:
            if error.code != DEADLINE:
                raise
            self.stop.set()
            self._leave(account, error.message)
        else:
            self.run.close(account, self._text(verdict))

    def _leave(self, account: str, why: str) -> None:
        """Leave an account to the next run; a request for one has none, so this is its end.

        What nobody knows is then said so on record, and `recover` may look at once.
        """
        if self.request.bulk:
            self.ws.progress.note(f"{account} stays open: {why}")
            return
        word = "unknown" if account in self.unknown else "incomplete"
        verdict = Verdict(word=word, reason=why, left=self._everything(account))
        self.run.close(account, self._text(verdict))

    def _text(self, verdict: Verdict) -> str:
        if verdict.reason is None:
            return outcome_text(verdict.word)
        denied_by = None if verdict.error is None else self.denials.explain(verdict.error)
        details: dict[str, Any] = reason_details(verdict.reason, denied_by)
        details["left"] = msgspec.to_builtins(verdict.left)
        return outcome_text(verdict.word, details)

    def _work(self, account: AccountId, stint: Stint) -> Verdict:
        stint.check()
        try:
            session = self.run.open_session(account, TaskPolicy.DELETE_CREDENTIALS)
        except AwsError as error:
            self.run.refuse(account, error)
            raise _Refused(error.message) from error
        try:
            found = self._list(session, stint)
        except AwsError as error:
            return self._refused(error, self._everything(account))
        extra = beyond(found, self.params.seen[account], self.params.only)
        if extra:
            reason = f"changed since the request: {', '.join(extra)}; ask again to remove it"
            return Verdict(word="held", reason=reason, left=left_of(found, self.params.only))
        used = self._used_since(account, found)
        if used is not None:
            reason = f"its root access key was used {used}, after the request: ask again by its id"
            return Verdict(word="held", reason=reason, left=left_of(found, self.params.only))
        try:
            verdict = self._delete(account, session, found, stint)
            return verdict or self._prove(account, session, stint)
        except AwsError as error:
            return self._refused(error, self._everything(account))

    def _used_since(self, account: str, found: RootCredentials) -> str | None:
        """When a key was used that nobody knew to be in use when this was asked for."""
        within = self.ws.config.accounts.hold_if_root_key_used_within
        used = last_use(found.access_keys)
        if within is None or used is None:
            return None
        hold, seen = timedelta(seconds=seconds(within)), self.params.seen[account].key_last_used
        known = used_within(seen, instant(self.request.body.created_at), hold)
        if known or not used_within(used, self.ws.clock.now(), hold):
            return None
        return timestamp(used)

    def _delete(
        self, account: AccountId, session: RootSession, found: RootCredentials, stint: Stint
    ) -> Verdict | None:
        for deletion in self._deletions(session, found):
            self._step(account, deletion, stint)
        if CredentialKind.MFA not in self.params.only or not found.mfa_devices:
            return None
        gateway = self.ws.root_sessions
        stint.check()
        password, keys = gateway.has_password(session), gateway.access_keys(session)
        if password or keys:
            left = CredentialSet(
                password=password,
                access_keys=tuple(key.id for key in keys),
                mfa_devices=found.mfa_devices,
            )
            reason = "MFA stays as long as a password or an access key exists"
            return Verdict(word="incomplete", reason=reason, left=left)
        for serial in found.mfa_devices:
            self._step(account, self._deactivation(session, serial), stint)
        return None

    def _deletions(self, session: RootSession, found: RootCredentials) -> Iterator[_Deletion]:
        """What is deleted before MFA, in order."""
        gateway, only = self.ws.root_sessions, self.params.only
        if CredentialKind.PASSWORD in only and found.password is Presence.PRESENT:
            yield _Deletion(
                operation=DELETE_PASSWORD,
                target=PASSWORD,
                change=partial(gateway.delete_password, session),
                there=partial(gateway.has_password, session),
            )
        for key in found.access_keys if CredentialKind.ACCESS_KEYS in only else ():
            yield _Deletion(
                operation=DELETE_KEY,
                target=key.id,
                change=partial(gateway.delete_access_key, session, key.id),
                there=partial(self._has_key, session, key.id),
            )
        certificates = found.signing_certificates
        for each in certificates if CredentialKind.SIGNING_CERTIFICATES in only else ():
            yield _Deletion(
                operation=DELETE_CERTIFICATE,
                target=each,
                change=partial(gateway.delete_signing_certificate, session, each),
                there=partial(self._has_certificate, session, each),
            )

    def _deactivation(self, session: RootSession, serial: str) -> _Deletion:
        gateway = self.ws.root_sessions
        return _Deletion(
            operation=DEACTIVATE_MFA,
            target=serial,
            change=partial(gateway.deactivate_mfa_device, session, serial),
            there=lambda: serial in gateway.mfa_devices(session),
        )

    def _has_key(self, session: RootSession, key_id: str) -> bool:
        return key_id in {key.id for key in self.ws.root_sessions.access_keys(session)}

    def _has_certificate(self, session: RootSession, certificate: str) -> bool:
        return certificate in self.ws.root_sessions.signing_certificates(session)

    def _step(self, account: AccountId, deletion: _Deletion, stint: Stint) -> None:
        """One deletion; what AWS refuses is raised, what nobody knows leaves the account open."""
        stint.check()
        step = self.run.step(
            account,
            operation=deletion.operation,
            target=deletion.target,
            before=b"present",
            change=deletion.change,
            read_back=lambda: b"present" if self._still(deletion.there) else None,
            expected=lambda after: after is None,
        )
        if step.outcome == "refused" and step.error is not None:
            raise step.error
        if step.outcome != "done":
            words = f"nobody can say whether {deletion.operation} on {deletion.target} was done"
            self.unknown[account] = words
            raise _Open(words)

    def _prove(self, account: AccountId, session: RootSession, stint: Stint) -> Verdict:
        remaining = left_of(self._list(session, stint), self.params.only)
        if remaining != CredentialSet():
            reason = "the delete session still lists root credentials"
            return Verdict(word="incomplete", reason=reason, left=remaining)
        try:
            stint.check()
            audit = self.run.open_session(account, TaskPolicy.AUDIT)
            traces = self._traces(audit)
        except AwsError as error:
            if error.kind in _LATER:
                raise _Open(error.message) from error
            reason = f"the lists are empty, but the proof failed: {error.message}"
            return Verdict(word="incomplete", reason=reason, error=error)
        if traces:
            reason = f"the lists are empty, but the audit session shows {', '.join(traces)}"
            return Verdict(word="incomplete", reason=reason)
        return Verdict(word="removed" if self._deleted(account) else "nothing-to-remove")

    def _traces(self, audit: RootSession) -> tuple[str, ...]:
        """What GetAccountSummary does not show as absent, IAM's lag given a moment to pass."""
        return settled(
            lambda: not_absent(self.ws.root_sessions.account_summary(audit), self.params.only),
            lambda traces: not traces,
            self.ws.governed.log.sleep,
        )

    def _still(self, there: Callable[[], bool]) -> bool:
        return settled(there, lambda found: not found, self.ws.governed.log.sleep)

    def _deleted(self, account: str) -> bool:
        """Whether this request deleted something here: now, or before a crash."""
        state = self.ws.governed.log.state
        return removed_of(state.requests[self.request.id], account, proved=True) != CredentialSet()

    def _list(self, session: RootSession, stint: Stint) -> RootCredentials:
        gateway = self.ws.root_sessions
        stint.check()
        password = gateway.has_password(session)
        return RootCredentials(
            password=Presence.PRESENT if password else Presence.ABSENT,
            access_keys=gateway.access_keys(session),
            signing_certificates=gateway.signing_certificates(session),
            mfa_devices=gateway.mfa_devices(session),
        )

    def _everything(self, account: str) -> CredentialSet:
        """What may be left where it could not be read: all that was seen and not yet deleted."""
        state = self.ws.governed.log.state
        gone = removed_of(state.requests[self.request.id], account)
        return seen_less(self.params.seen[account], gone, self.params.only)

    def _refused(self, error: AwsError, left: CredentialSet) -> Verdict:
        if error.kind in _LATER:
            raise _Open(error.message) from error
        word = "denied" if error.kind is AwsErrorKind.DENIED else "incomplete"
        return Verdict(word=word, reason=told(error), error=error, left=left)
