"""The pinned root of trust: accepted once by a person on this machine, and never silently changed.

Reading never pins. A configuration whose `trust:` differs from the pin is an integrity error.
"""

from collections.abc import Callable

import msgspec

from orgroot.core.codec import canonical
from orgroot.core.config import Trust
from orgroot.core.ids import sha256
from orgroot.core.log_state import LogState
from orgroot.errors import IntegrityError, UsageError
from orgroot.ports import Memory, Pin
from orgroot.workflows.audit_log import AuditLog

SANDBOX = "sandbox"
AWS = "aws"

ConfirmTrust = Callable[[str], None]
"""Shows the trust's SHA-256 and has it confirmed on a terminal; raises UsageError on a no."""


def trust_sha256(trust: Trust) -> str:
    """The SHA-256 over what is pinned: log id, owners, retain. Store and checkpoint may change."""
    return sha256(
        canonical(
            {
                "log_id": trust.log_id,
                "owners": msgspec.to_builtins(trust.owners),
                "retain": trust.retain,
            }
        )
    )


def check_pin(memory: Memory, organization: str, trust: Trust) -> bool:
    """Whether this machine has pinned exactly this trust; False: none at all yet.

    Raises:
        IntegrityError: another trust is pinned.
    """
    pin = memory.pin(organization)
    if pin is None:
        return False
    if pin.log_id != trust.log_id or pin.trust_sha256 != trust_sha256(trust):
        raise IntegrityError(
            f"the configuration trusts log {trust.log_id} (SHA-256 {trust_sha256(trust)}), but for "
            f"{organization} this machine trusts log {pin.log_id} (SHA-256 {pin.trust_sha256})",
            hint="find out who changed trust: in the configuration, and put the old one back",
            code="trust-changed",
        )
    return True


def accept(log: AuditLog, confirm: ConfirmTrust | None) -> bool:
    """Pin the trust of a log at its first confirmed use; True where it was pinned now.

    Args:
        log: synced, so that its genesis says which world it is of.
        confirm: asks a person; None: nobody can be asked. A log of the sandbox needs no asking.

    Raises:
        IntegrityError: another trust is pinned.
        UsageError: a log of AWS, and nobody confirmed.
    """
    if check_pin(log.memory, log.organization, log.trust):
        return False
    digest = trust_sha256(log.trust)
    if world_of(log.require()) != SANDBOX:
        if confirm is None:
            raise UsageError(
                f"this machine has not used the log {log.trust.log_id} before",
                hint="run the command once on a terminal, or give --expect-head RECEIPT",
                code="trust-unconfirmed",
            )
        confirm(digest)
    pin_trust(log.memory, log.organization, log.trust)
    return True


def pin_trust(memory: Memory, organization: str, trust: Trust) -> None:
    """Remember a trust that was confirmed, or just created, on this machine."""
    pin = Pin(organization=organization, log_id=trust.log_id, trust_sha256=trust_sha256(trust))
    memory.set_pin(pin)


def world_of(state: LogState) -> str:
    """`aws` or `sandbox`: which world the log speaks of; empty before its genesis."""
    return state.genesis.endpoint if state.genesis else ""


def check_world(state: LogState, *, endpoint: str, management_account: str) -> None:
    """The log, the endpoint and the organization are of one world.

    Args:
        state: the synced log.
        endpoint: `aws` or `sandbox`, as the adapters see it.
        management_account: the live organization's.

    Raises:
        IntegrityError: they differ.
    """
    if state.genesis is None:
        return
    if state.genesis.endpoint != endpoint:
        raise IntegrityError(
            f"the log is of {state.genesis.endpoint}, and the endpoint is of {endpoint}",
            hint="look at AWS_ENDPOINT_URL and at which configuration is used",
            code="endpoint",
        )
    if state.genesis.management_account != management_account:
        raise IntegrityError(
            f"the log is of management account {state.genesis.management_account}, "
            f"and the organization's is {management_account}",
            code="organization",
        )
