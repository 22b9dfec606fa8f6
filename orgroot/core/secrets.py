"""Secrets in memory: types whose `repr` tells nothing, so that no traceback or log line can."""

from dataclasses import dataclass
from datetime import datetime

from orgroot.core.ids import AccountId
from orgroot.core.root_tasks import TaskPolicy


class Secret:
    """A text that must never be shown. Only `reveal` gives it out, and only adapters call that."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not serialised")


@dataclass(frozen=True, slots=True, kw_only=True)
class RootSession:
    """A root session in a member account, as `sts:AssumeRoot` answered it.

    Attributes:
        account: the member account.
        task_policy: the only root-task policy it may be used for.
        access_key_id: AWS's id of the session, the join to CloudTrail; not secret.
        secret_access_key: secret.
        session_token: secret.
        expires_at: UTC.
        aws_request_id: the request id of the AssumeRoot call.
    """

    account: AccountId
    task_policy: TaskPolicy
    access_key_id: str
    secret_access_key: Secret
    session_token: Secret
    expires_at: datetime
    aws_request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSession:
    """A session of an IAM role, as `sts:AssumeRole` answered it.

    Attributes:
        account: the role's account.
        access_key_id: AWS's id of the session; not secret.
        secret_access_key: secret.
        session_token: secret.
        expires_at: UTC.
        source_identity: the SourceIdentity it carries, as AWS answered it; None: none.
    """

    account: AccountId
    access_key_id: str
    secret_access_key: Secret
    session_token: Secret
    expires_at: datetime
    source_identity: str | None = None
