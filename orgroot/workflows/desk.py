"""The desk of commands that work on the log alone: no AWS stands behind it."""

from dataclasses import dataclass

from orgroot.core.config import Config
from orgroot.errors import UsageError
from orgroot.ports import Clock, Memory, Signer
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.workspace import Governed, Workspace, observer_mode


@dataclass(frozen=True, slots=True, kw_only=True)
class LogDesk:
    """What approving, denying and looking need.

    Attributes:
        config: the configuration.
        log: the audit log.
        clock: this machine's, for no AWS is called.
        memory: what this machine remembers.
        person: the roster name given by `--as` or found, or None.
        signer: that person's key, or None where none was found.
    """

    config: Config
    log: AuditLog
    clock: Clock
    memory: Memory
    person: str | None = None
    signer: Signer | None = None

    @property
    def governed(self) -> Governed:
        """The log, the person and their key, which every signature needs.

        Raises:
            UsageError: nobody is named, or no signing key was found.
        """
        nobody = UsageError(
            "who are you in the roster?",
            hint="name yourself with --as PERSON or ORGROOT_AS",
            code="not-in-roster",
        )
        return Governed.of(self.log, self.person, self.signer, nobody)


Desk = LogDesk | Workspace
"""Looking at the log needs no AWS, and must also work where AWS is at hand."""


def log_of(desk: Desk) -> AuditLog:
    """The desk's audit log.

    Raises:
        UsageError: observer mode, which has none.
    """
    if desk.log is None:
        raise observer_mode()
    return desk.log
