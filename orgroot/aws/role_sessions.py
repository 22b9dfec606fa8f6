"""Sessions of IAM roles that orgroot reads through in other accounts, each capped to those reads.

A session is opened at its first use, kept in memory alone, and opened again before it ends.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta

from orgroot.aws.clients import AwsDoor
from orgroot.core.ids import account_id
from orgroot.core.secrets import RoleSession, Secret

_SECONDS = 3600
"""What AWS allows at most to a role that is assumed by another role's session."""

_MARGIN = timedelta(minutes=5)


class ReadingRoles:
    """The roles of a command, by account.

    Args:
        door: assumes them, with the operator's credentials.
        roles: the role's ARN by account.
        name: the role sessions' name, which the other accounts' trails show.
        actions: all that a session may do, whatever its role may.
    """

    def __init__(
        self, door: AwsDoor, roles: Mapping[str, str], *, name: str, actions: Sequence[str]
    ) -> None:
        self._door = door
        self._roles = roles
        self._name = name
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        self._policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._lock = threading.Lock()
        self._open: dict[str, RoleSession] = {}

    def __contains__(self, account: str) -> bool:
        return account in self._roles

    def session(self, account: str) -> RoleSession:
        """A session of the role in an account, good for some minutes more.

        Raises:
            AwsError: AWS does not let it be assumed.
            CredentialsError: the operator's credentials are not accepted.
        """
        with self._lock:
            held = self._open.get(account)
            if held is None or held.expires_at - self._door.clock.now() < _MARGIN:
                held = self._open[account] = self._assume(account)
            return held

    def _assume(self, account: str) -> RoleSession:
        found = self._door.call(
            "sts",
            "AssumeRole",
            {
                "RoleArn": self._roles[account],
                "RoleSessionName": self._name,
                "DurationSeconds": _SECONDS,
                "Policy": self._policy,
            },
        )["Credentials"]
        return RoleSession(
            account=account_id(account),
            access_key_id=found["AccessKeyId"],
            secret_access_key=Secret(found["SecretAccessKey"]),
            session_token=Secret(found["SessionToken"]),
            expires_at=found["Expiration"].astimezone(UTC),
        )
