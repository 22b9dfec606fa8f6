"""The credentials of the current session, a root one or a role's, by a context variable.

Outside `signing_with(...)` signing raises: it never falls back to the operator's credentials.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from botocore.credentials import ReadOnlyCredentials

from orgroot.core.secrets import RoleSession, RootSession
from orgroot.errors import OrgrootError

Session = RootSession | RoleSession

_CURRENT: ContextVar[Session | None] = ContextVar("orgroot_session", default=None)


@contextmanager
def signing_with(session: Session) -> Iterator[None]:
    """Sign the calls of this block, in this thread, with a session."""
    token = _CURRENT.set(session)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current_session() -> Session:
    """The session of this block; raises OrgrootError where there is none."""
    session = _CURRENT.get()
    if session is None:
        raise OrgrootError(
            "a call in another account was about to be signed without a session",
            code="no-session",
            hint="this is a bug in orgroot: please report it",
        )
    return session


class SessionCredentials:
    """What botocore takes for credentials: it answers from the context at every signature.

    It holds nothing, so nothing can be left behind for the next thread or account.
    """

    method = "orgroot-root-session"

    @property
    def access_key(self) -> str:
        """The current session's access key id."""
        return current_session().access_key_id

    @property
    def secret_key(self) -> str:
        """The current session's secret."""
        return current_session().secret_access_key.reveal()

    @property
    def token(self) -> str:
        """The current session's token."""
        return current_session().session_token.reveal()

    @property
    def account_id(self) -> str:
        """The current session's account."""
        return current_session().account

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """The current session's three values, taken together."""
        session = current_session()
        return ReadOnlyCredentials(
            session.access_key_id,
            session.secret_access_key.reveal(),
            session.session_token.reveal(),
        )

    def get_deferred_property(self, property_name: str) -> None:
        """Nothing is deferred: botocore asks this for account-based endpoints only."""


@dataclass(frozen=True, slots=True)
class SessionCredentialsProvider:
    """What a botocore session asks for credentials: always the context, never a chain."""

    def load_credentials(self) -> SessionCredentials:
        """The credentials object that answers from the context."""
        return SessionCredentials()
