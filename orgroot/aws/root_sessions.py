"""`sts:AssumeRoot` and the root user's own IAM calls inside such a session: RootSessionGateway.

AssumeRoot is tried once, on a Regional endpoint; without a usable answer it is LOST, never "no".
The executor role is assumed before it, which opens nothing by itself and is tried like a reading.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from orgroot.aws.clients import AwsDoor
from orgroot.aws.error_codes import plain_code
from orgroot.aws.paging import pages
from orgroot.aws.patience import Patience
from orgroot.core.executor_role import SESSION_SECONDS
from orgroot.core.ids import AccountId, account_id
from orgroot.core.root_credentials import AccessKey, AccountSummary, Presence
from orgroot.core.root_tasks import MAX_SESSION_SECONDS, TaskPolicy
from orgroot.core.secrets import RoleSession, RootSession, Secret
from orgroot.errors import AwsError, AwsErrorKind, UsageError

_ASSUME_ROOT = "sts:AssumeRoot"
_ASSUME_ROLE = "sts:AssumeRole"
_SECRETS = ("AccessKeyId", "SecretAccessKey", "SessionToken")
_EXPIRY_TOLERANCE = timedelta(seconds=60)
_SUMMARY_KEYS = {
    "password": "AccountPasswordPresent",
    "access_keys": "AccountAccessKeysPresent",
    "signing_certificates": "AccountSigningCertificatesPresent",
    "mfa": "AccountMFAEnabled",
}


class AwsRootSessions:
    """Root sessions in member accounts; see `ports.RootSessionGateway`."""

    def __init__(self, door: AwsDoor, patience: Patience | None = None) -> None:
        self._door = door
        self._patience = patience or Patience()

    def assume_executor(
        self, role: str, session_name: str, policy: str, source_identity: str | None
    ) -> RoleSession:
        """`sts:AssumeRole` of an executor role, capped by an inline session policy.

        `source_identity` None: the session carries what the caller's own session has, if any.
        """
        wanted: dict[str, Any] = {
            "RoleArn": role,
            "RoleSessionName": session_name,
            "Policy": policy,
            "DurationSeconds": SESSION_SECONDS,
        }
        if source_identity is not None:
            wanted["SourceIdentity"] = source_identity
        try:
            answer = self._door.call("sts", "AssumeRole", wanted, reference=source_identity)
        except AwsError as error:
            raise _explained(error, role) from error
        return _executor_of(answer, account_id(role.split(":")[4]))

    def assume_root(
        self,
        account: AccountId,
        task_policy: TaskPolicy,
        duration_seconds: int,
        reference: str,
        through: RoleSession | None = None,
    ) -> RootSession:
        """Open a root session: Regional endpoint, one attempt, `reference` in the user agent.

        Raises:
            AwsError: LOST when no usable answer came, so that a session may exist; else a refusal.
            UsageError: the duration is not within AWS's limits; nothing was called.
        """
        if not 0 < duration_seconds <= MAX_SESSION_SECONDS:
            raise UsageError(
                f"a root session cannot last {duration_seconds} seconds",
                hint=f"AWS allows 1 to {MAX_SESSION_SECONDS} seconds",
                code="duration",
            )
        self._door.require_regional_sts()
        answer = self._door.call(
            "sts",
            "AssumeRoot",
            {
                "TargetPrincipal": account,
                "TaskPolicyArn": {"arn": task_policy.arn(self._door.partition)},
                "DurationSeconds": duration_seconds,
            },
            changes=True,
            session=through,
            reference=reference,
        )
        latest = self._door.clock.now() + timedelta(seconds=duration_seconds) + _EXPIRY_TOLERANCE
        session = _session_of(answer, account, task_policy, latest)
        _require_carried(answer, through)
        self._door.remember_reference(session.access_key_id, reference)
        return session

    def account_summary(self, session: RootSession) -> AccountSummary:
        """`iam:GetAccountSummary` (audit task); a key that AWS leaves out is UNKNOWN."""
        summary = self._read(session, "GetAccountSummary").get("SummaryMap", {})
        return AccountSummary(
            **{name: _presence(summary.get(key)) for name, key in _SUMMARY_KEYS.items()}
        )

    def has_password(self, session: RootSession) -> bool:
        """`iam:GetLoginProfile`; NoSuchEntity means no password."""
        try:
            self._read(session, "GetLoginProfile")
        except AwsError as error:
            if plain_code(error.aws_code) == "NoSuchEntity":
                return False
            raise
        return True

    def access_keys(self, session: RootSession) -> tuple[AccessKey, ...]:
        """`iam:ListAccessKeys`, all pages, with `iam:GetAccessKeyLastUsed` for each."""
        return tuple(
            AccessKey(
                id=found["AccessKeyId"],
                status=found.get("Status", ""),
                created_at=_utc(found.get("CreateDate")),
                last_used_at=self._last_used(session, found["AccessKeyId"]),
            )
            for found in self._items(session, "ListAccessKeys", "AccessKeyMetadata")
        )

    def signing_certificates(self, session: RootSession) -> tuple[str, ...]:
        """`iam:ListSigningCertificates`: certificate ids, all pages."""
        found = self._items(session, "ListSigningCertificates", "Certificates")
        return tuple(each["CertificateId"] for each in found)

    def mfa_devices(self, session: RootSession) -> tuple[str, ...]:
        """`iam:ListMFADevices`: serial numbers, all pages."""
        found = self._items(session, "ListMFADevices", "MFADevices")
        return tuple(each["SerialNumber"] for each in found)

    def delete_password(self, session: RootSession) -> None:
        """`iam:DeleteLoginProfile`; NoSuchEntity is success."""
        self._remove(session, "DeleteLoginProfile", {})

    def delete_access_key(self, session: RootSession, key_id: str) -> None:
        """`iam:DeleteAccessKey`; NoSuchEntity is success."""
        self._remove(session, "DeleteAccessKey", {"AccessKeyId": key_id})

    def delete_signing_certificate(self, session: RootSession, certificate_id: str) -> None:
        """`iam:DeleteSigningCertificate`; NoSuchEntity is success."""
        self._remove(session, "DeleteSigningCertificate", {"CertificateId": certificate_id})

    def deactivate_mfa_device(self, session: RootSession, serial: str) -> None:
        """`iam:DeactivateMFADevice`, then best effort `iam:DeleteVirtualMFADevice`."""
        device = {"SerialNumber": serial}
        self._remove(session, "DeactivateMFADevice", device)
        if ":mfa/" in serial:
            # AWS's own steps only deactivate; the task policy may not allow more.
            with suppress(AwsError):
                self._door.call(
                    "iam", "DeleteVirtualMFADevice", device, changes=True, session=session
                )

    def _last_used(self, session: RootSession, key_id: str) -> datetime | None:
        try:
            answer = self._read(session, "GetAccessKeyLastUsed", {"AccessKeyId": key_id})
        except AwsError as error:
            # Not told: the key itself is known, and that decides.
            if error.kind in {AwsErrorKind.DENIED, AwsErrorKind.NOT_FOUND}:
                return None
            raise
        return _utc(answer.get("AccessKeyLastUsed", {}).get("LastUsedDate"))

    def _items(self, session: RootSession, operation: str, member: str) -> Iterator[dict[str, Any]]:
        for page in pages(
            lambda wanted: self._read(session, operation, wanted),
            {},
            sends="Marker",
            answers="Marker",
            operation=f"iam:{operation}",
        ):
            if member not in page:
                raise AwsError(
                    f"AWS answered iam:{operation} without {member}",
                    kind=AwsErrorKind.OTHER,
                    aws_code="",
                    operation=f"iam:{operation}",
                )
            yield from page[member]

    def _read(
        self, session: RootSession, operation: str, parameters: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        return self._patience(
            lambda: self._door.call("iam", operation, parameters, session=session)
        )

    def _remove(self, session: RootSession, operation: str, parameters: Mapping[str, Any]) -> None:
        try:
            self._patience(
                lambda: self._door.call("iam", operation, parameters, changes=True, session=session)
            )
        except AwsError as error:
            if plain_code(error.aws_code) != "NoSuchEntity":
                raise


def _session_of(
    answer: Mapping[str, Any], account: AccountId, task_policy: TaskPolicy, latest: datetime
) -> RootSession:
    """The session of an answer; an answer that is not as asked is LOST: a session may exist."""
    found = answer.get("Credentials", {})
    expires_at = _utc(found.get("Expiration"))
    missing = [name for name in _SECRETS if not found.get(name)]
    if missing or expires_at is None:
        raise _unusable(f"without {', '.join(missing) or 'Expiration'}")
    if expires_at > latest:
        raise _unusable(
            f"with a session ({found['AccessKeyId']}) until {expires_at.isoformat()}, longer than "
            "asked"
        )
    return RootSession(
        account=account,
        task_policy=task_policy,
        access_key_id=found["AccessKeyId"],
        secret_access_key=Secret(found["SecretAccessKey"]),
        session_token=Secret(found["SessionToken"]),
        expires_at=expires_at,
        aws_request_id=answer.get("ResponseMetadata", {}).get("RequestId", ""),
    )


def _require_carried(answer: Mapping[str, Any], through: RoleSession | None) -> None:
    """AWS echoes the SourceIdentity of the session that asked: another one is not ours."""
    carried = answer.get("SourceIdentity")
    if through is not None and carried not in {None, through.source_identity}:
        raise _unusable(f"with the SourceIdentity {carried!r}, not that of the executor's session")


def _executor_of(answer: Mapping[str, Any], account: AccountId) -> RoleSession:
    """The executor's session of an answer; one without credentials opened nothing."""
    found = answer.get("Credentials", {})
    expires_at = _utc(found.get("Expiration"))
    if expires_at is None or not all(found.get(name) for name in _SECRETS):
        raise AwsError(
            "AWS answered AssumeRole without credentials",
            kind=AwsErrorKind.OTHER,
            aws_code="",
            operation=_ASSUME_ROLE,
        )
    return RoleSession(
        account=account,
        access_key_id=found["AccessKeyId"],
        secret_access_key=Secret(found["SecretAccessKey"]),
        session_token=Secret(found["SessionToken"]),
        expires_at=expires_at,
        source_identity=answer.get("SourceIdentity") or None,
    )


def _explained(error: AwsError, role: str) -> AwsError:
    """A refusal of the executor role with what its trust and its caller need."""
    if error.kind is not AwsErrorKind.DENIED:
        return error
    return AwsError(
        error.message,
        kind=error.kind,
        aws_code=error.aws_code,
        operation=error.operation,
        hint=f"the trust policy of {role} and the caller's own policy must both allow "
        "sts:AssumeRole and sts:SetSourceIdentity",
        denied_by_arn=error.denied_by_arn,
        denied_by_type=error.denied_by_type,
    )


def _unusable(how: str) -> AwsError:
    return AwsError(
        f"AWS answered AssumeRoot {how}; the session is not used",
        kind=AwsErrorKind.LOST,
        aws_code="",
        operation=_ASSUME_ROOT,
        hint="a session may exist until it expires; `orgroot log show` tells what was recorded",
    )


def _presence(count: int | None) -> Presence:
    """A count of zero is absent, above zero present, anything else unknown."""
    if count is None or count < 0:
        return Presence.UNKNOWN
    return Presence.PRESENT if count else Presence.ABSENT


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
