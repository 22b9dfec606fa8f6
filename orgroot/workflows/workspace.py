"""Everything a verb may use, composed once per command; the verbs know ports, never adapters."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from orgroot.core.config import Config
from orgroot.core.organization import Caller
from orgroot.errors import UsageError
from orgroot.ports import (
    Clock,
    IdentityGateway,
    Memory,
    OrganizationGateway,
    Progress,
    ResourcePolicyGateway,
    RootSessionGateway,
    Signer,
    TrailGateway,
)
from orgroot.workflows.audit_log import AuditLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One command's world.

    Attributes:
        config: the configuration.
        config_path: the file it came from; `file:` paths are relative to its folder.
        clock: AWS's time where AWS was called, else this machine's.
        progress: what the person sees meanwhile.
        organization, identity, root_sessions, resource_policies, trails: AWS.
        caller: who AWS says is calling, already checked against the configured organization.
        log: the audit log, or None in observer mode.
        memory: what this machine remembers.
        person: the roster name the caller acts as, or None.
        signer: that person's key, or None where none was found.
        concurrency: how many accounts are worked on at once.
    """

    config: Config
    config_path: Path
    clock: Clock
    progress: Progress
    organization: OrganizationGateway
    identity: IdentityGateway
    root_sessions: RootSessionGateway
    resource_policies: ResourcePolicyGateway
    trails: TrailGateway
    caller: Caller
    memory: Memory
    log: AuditLog | None = None
    person: str | None = None
    signer: Signer | None = None
    concurrency: int = 16

    @property
    def governed(self) -> "Governed":
        """The log, the person and their key, which every governed act needs.

        Raises:
            UsageError: observer mode, a caller outside the roster, or no signing key.
        """
        nobody = UsageError(
            f"{self.caller.arn} is nobody in the roster",
            hint="run `orgroot whoami` for the YAML to add, or name yourself with --as",
            code="not-in-roster",
        )
        return Governed.of(self.log, self.person, self.signer, nobody)


@dataclass(frozen=True, slots=True, kw_only=True)
class Governed:
    """What a governed act needs beside AWS: the log, who acts, and their key."""

    log: AuditLog
    person: str
    signer: Signer

    @classmethod
    def of(
        cls, log: AuditLog | None, person: str | None, signer: Signer | None, nobody: UsageError
    ) -> Self:
        """All three, or why there are not.

        Raises:
            UsageError: observer mode; `nobody` where no person is known; no signing key.
        """
        if log is None:
            raise observer_mode()
        if person is None:
            raise nobody
        if signer is None:
            raise UsageError(
                f"no signing key of {person} was found",
                hint="load it into ssh-agent, or name its public key file with --key",
                code="no-key",
            )
        return cls(log=log, person=person, signer=signer)


def observer_mode() -> UsageError:
    """The error of what needs the audit log where there is none."""
    return UsageError(
        "this needs the audit log, and the configuration has no trust: section",
        hint="run `orgroot init --team …` to set up approvals and the log",
        code="observer",
    )
