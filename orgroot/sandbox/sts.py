"""AWS STS: GetCallerIdentity, AssumeRole with trust policies, and AssumeRoot.

AssumeRoot answers as the STS API reference says and as AWS was seen to answer. It must never issue
a root session that AWS would refuse: where AWS's answer is not known, it refuses.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from orgroot.core.ids import AccountId
from orgroot.sandbox import policy_language, regions
from orgroot.sandbox.actions import root_arn
from orgroot.sandbox.authentication import Authentication, Credential
from orgroot.sandbox.data_plane import DataPlane
from orgroot.sandbox.features import FeaturesApi
from orgroot.sandbox.managed_policies import TASK_POLICY_PREFIX, task_policies
from orgroot.sandbox.model import ApiError, Call, Principal, PrincipalKind, access_denied
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.organization_values import IAM, AccountState, Feature
from orgroot.sandbox.organizations_errors import not_modelled

GLOBAL_HOST = "sts.amazonaws.com"
MAX_ROOT_SESSION_SECONDS = 900
_MIN_ROLE_SESSION_SECONDS = 900
_CHAINED_SESSION_SECONDS = 3600
_FULL = 100
_NAME = re.compile(r"[\w+=,.@-]{2,}", re.ASCII)
_ROLE_MEMBERS = (
    ("RoleSessionName", _NAME, 64),
    ("SourceIdentity", _NAME, 64),
    ("Policy", re.compile(r"[\t\n\r\x20-\xff]+"), 2048),
)
"""What AssumeRole takes (STS API reference): pattern and length of each text."""

_ROOT_KINDS = frozenset({PrincipalKind.ROOT_USER, PrincipalKind.ROOT_SESSION})
_FEATURE_OF_TASK = {
    "IAMAuditRootUserCredentials": Feature.ROOT_CREDENTIALS_MANAGEMENT,
    "IAMCreateRootUserPassword": Feature.ROOT_CREDENTIALS_MANAGEMENT,
    "IAMDeleteRootUserCredentials": Feature.ROOT_CREDENTIALS_MANAGEMENT,
    "S3UnlockBucketPolicy": Feature.ROOT_SESSIONS,
    "SQSUnlockQueuePolicy": Feature.ROOT_SESSIONS,
}


class StsApi:
    """STS in front of one organization.

    Attributes:
        packed_policy_characters: how many characters of session policies fill what AWS allots to
            them. AWS packs them in a way that it does not tell, so less than the plain limit of
            2,048 must be expected.
    """

    OPERATIONS = frozenset({"GetCallerIdentity", "AssumeRole", "AssumeRoot"})

    def __init__(
        self,
        organization: Organization,
        features: FeaturesApi,
        authentication: Authentication,
        data_plane: DataPlane,
    ) -> None:
        self._organization = organization
        self._features = features
        self._authentication = authentication
        self._data = data_plane
        self.packed_policy_characters = 2048

    def validate(self, operation: str, params: Mapping[str, Any], host: str) -> None:
        """What STS checks before it asks who may.

        Raises:
            ApiError: AssumeRoot on the global endpoint, or a request that is not well-formed.
        """
        if operation == "AssumeRole":
            self._validate_assume_role(params)
        if operation != "AssumeRoot":
            return
        if host == GLOBAL_HOST:
            raise ApiError("InvalidAction", "Unknown Operation", 400)
        duration = params.get("DurationSeconds")
        if duration is not None and not 0 <= int(duration) <= MAX_ROOT_SESSION_SECONDS:
            bound = "less" if int(duration) > 0 else "greater"
            limit = MAX_ROOT_SESSION_SECONDS if bound == "less" else 0
            raise _invalid(
                f"1 validation error detected: Value '{duration}' at 'durationSeconds' failed to "
                f"satisfy constraint: Member must have value {bound} than or equal to {limit}"
            )
        target = str(params.get("TargetPrincipal", ""))
        if _account_of_root(root_arn(target)) is None:
            raise _invalid("Request must contain a valid target principal")
        if _task(params) not in task_policies():
            raise _invalid("Request must contain valid AWS managed task policy ARN")

    def _validate_assume_role(self, params: Mapping[str, Any]) -> None:
        for member, pattern, longest in _ROLE_MEMBERS:
            value = params.get(member)
            if value is not None and (pattern.fullmatch(value) is None or len(value) > longest):
                field = f"{member[:1].lower()}{member[1:]}"
                raise _invalid(
                    f"1 validation error detected: Value '{value[:64]}' at '{field}' failed to "
                    f"satisfy constraint: Member must match {pattern.pattern} and have length less "
                    f"than or equal to {longest}"
                )
        if str(params.get("SourceIdentity", "")).lower().startswith("aws:"):
            raise _invalid("SourceIdentity cannot begin with aws:")

    def handle(self, call: Call, *, lifetime_seconds: float | None = None) -> dict[str, Any]:
        """Answer an STS call that was already authorized.

        Args:
            call: the call.
            lifetime_seconds: how long an issued session lives in truth, where a fault shortens it.

        Raises:
            ApiError: as STS refuses; 501 for an operation that the sandbox has not.
        """
        match call.operation:
            case "GetCallerIdentity":
                who = call.principal
                return {"UserId": who.user_id, "Account": who.account, "Arn": who.arn}
            case "AssumeRole":
                return self._assume_role(call, lifetime_seconds)
            case "AssumeRoot":
                return self._assume_root(call, lifetime_seconds)
            case _:
                raise not_modelled("sts", call.operation)

    # --- AssumeRoot -----------------------------------------------------------------------------

    def _assume_root(self, call: Call, shortened: float | None) -> dict[str, Any]:
        caller = call.principal
        regions.require_enabled(call.region, _region_off(call))
        self._check_caller(call)
        task = _task(call.params)
        feature = _FEATURE_OF_TASK[task.removeprefix(TASK_POLICY_PREFIX)]
        off = self._features.usable(feature)
        if off is not None:
            raise ApiError("AccessDenied", off, 403)
        target = self._target(call)
        duration = call.params.get("DurationSeconds")
        seconds = MAX_ROOT_SESSION_SECONDS if duration is None else int(duration)
        credential = self._authentication.issue(
            Principal(
                kind=PrincipalKind.ROOT_SESSION,
                account=target,
                arn=f"arn:aws:iam::{target}:root",
                user_id=target,
                access_key_id="",
                name="root",
                task_policy_arn=task,
                source_identity=caller.source_identity,
            ),
            lifetime=timedelta(seconds=seconds if shortened is None else shortened),
        )
        answer: dict[str, Any] = {"Credentials": _credentials(credential)}
        if caller.source_identity:
            answer["SourceIdentity"] = caller.source_identity
        return answer

    def _check_caller(self, call: Call) -> None:
        caller, organization = call.principal, self._organization
        if caller.kind in _ROOT_KINDS:
            raise access_denied(call)
        delegates = organization.delegated_administrators(IAM)
        if caller.account != organization.management_account and caller.account not in delegates:
            raise access_denied(call)

    def _target(self, call: Call) -> AccountId:
        number = _account_of_root(root_arn(str(call.params["TargetPrincipal"])))
        account = None if number is None else self._organization.account(number)
        if account is None or account.id == self._organization.management_account:
            raise access_denied(call)
        if account.state is not AccountState.ACTIVE:
            raise access_denied(call)
        return account.id

    # --- AssumeRole -----------------------------------------------------------------------------

    def _assume_role(self, call: Call, shortened: float | None) -> dict[str, Any]:
        caller, params = call.principal, call.params
        if caller.kind in _ROOT_KINDS:
            raise ApiError("AccessDenied", "Roles may not be assumed by root accounts.", 403)
        role = self._data.role_of(str(params.get("RoleArn", "")))
        if role is None or not self._is_open(AccountId(role.arn.split(":")[4])):
            raise access_denied(call)
        chained = caller.kind is PrincipalKind.ROLE_SESSION
        seconds = int(params.get("DurationSeconds") or 3600)
        limit = _CHAINED_SESSION_SECONDS if chained else role.max_session_seconds
        if not _MIN_ROLE_SESSION_SECONDS <= seconds <= limit:
            raise _invalid(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
                if seconds > limit
                else f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed "
                "to satisfy constraint: Member must have value greater than or equal to 900"
            )
        identity = params.get("SourceIdentity")
        if caller.source_identity and identity and identity != caller.source_identity:
            raise access_denied(replace(call, action="sts:SetSourceIdentity"))
        lifetime = timedelta(seconds=seconds if shortened is None else shortened)
        return self._role_session(call, role.arn, role.id, lifetime)

    def _is_open(self, account: AccountId) -> bool:
        known = self._organization.account(account)
        return known is None or known.state is AccountState.ACTIVE

    def _role_session(
        self, call: Call, role_arn: str, role_id: str, lifetime: timedelta
    ) -> dict[str, Any]:
        params = call.params
        account = AccountId(role_arn.split(":")[4])
        name = role_arn.rpartition("/")[2]
        session = str(params["RoleSessionName"])
        policies = self._session_policies(account, params)
        identity = params.get("SourceIdentity") or call.principal.source_identity
        arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
        credential = self._authentication.issue(
            Principal(
                kind=PrincipalKind.ROLE_SESSION,
                account=account,
                arn=arn,
                user_id=f"{role_id}:{session}",
                access_key_id="",
                name=name,
                session_name=session,
                role_arn=role_arn,
                source_identity=identity,
                session_policies=policies,
            ),
            lifetime=lifetime,
        )
        answer: dict[str, Any] = {
            "Credentials": _credentials(credential),
            "AssumedRoleUser": {"AssumedRoleId": f"{role_id}:{session}", "Arn": arn},
        }
        if policies:
            answer["PackedPolicySize"] = self._packed(policies)
        if identity:
            answer["SourceIdentity"] = identity
        return answer

    def _session_policies(self, account: AccountId, params: Mapping[str, Any]) -> tuple[str, ...]:
        policies = [str(params["Policy"])] if params.get("Policy") else []
        for given in params.get("PolicyArns") or []:
            arn = str(given.get("arn"))
            document = self._data.managed_policy(account, arn)
            if document is None:
                raise _invalid(f"Policy {arn} does not exist or is not attachable.")
            policies.append(document)
        for text in policies:
            try:
                policy_language.parse(text)
            except ValueError as error:
                raise ApiError("MalformedPolicyDocument", str(error), 400) from error
        percent = self._packed(policies)
        if percent > _FULL:
            text = f"Packed size of session policies and tags consumes {percent}% of allotted space"
            raise ApiError("PackedPolicyTooLarge", text, 400)
        return tuple(policies)

    def _packed(self, policies: Sequence[str]) -> int:
        """How much of the allotted space session policies take, in percent."""
        return -(-sum(map(len, policies)) * 100 // self.packed_policy_characters)


def _task(params: Mapping[str, Any]) -> str:
    value = params.get("TaskPolicyArn", {})
    return str(value.get("arn", "")) if isinstance(value, Mapping) else ""


def _account_of_root(arn: str) -> str | None:
    parts = arn.split(":")
    shape = parts[:4] == ["arn", "aws", "iam", ""] and len(parts) == 6 and parts[5] == "root"  # noqa: PLR2004 - ARN form
    number = parts[4] if shape else ""
    return number if number.isdigit() and len(number) == 12 else None  # noqa: PLR2004 - account id


def _invalid(text: str) -> ApiError:
    return ApiError("ValidationError", text, 400)


def _region_off(call: Call) -> ApiError:
    text = (
        f"STS is not activated in this region for account:{call.principal.account}. "
        "Your account administrator can activate STS in this region using the IAM Console."
    )
    return ApiError("RegionDisabledException", text, 403)


def _credentials(credential: Credential) -> dict[str, Any]:
    return {
        "AccessKeyId": credential.principal.access_key_id,
        "SecretAccessKey": credential.secret,
        "SessionToken": credential.token,
        "Expiration": credential.principal.expires_at,
    }
