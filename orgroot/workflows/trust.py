"""The pinned root of trust: accepted once by a person on this machine, and never silently changed.

Reading never pins. A configuration whose `trust:` differs from the pin is an integrity error unless
the log's own records lead to it; every reader of a log checks that, see `trust_memory`.
"""

from collections.abc import Callable

from orgroot.core.config import Trust
from orgroot.core.log_state import LogState
from orgroot.errors import IntegrityError, UsageError
from orgroot.ports import Memory, Pin
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.trust_memory import require_pinned, trust_sha256

SANDBOX = "sandbox"
AWS = "aws"

ConfirmTrust = Callable[[str], None]
"""Shows the trust's SHA-256 and has it confirmed on a terminal; raises UsageError on a no."""


def check_pin(memory: Memory, organization: str, trust: Trust) -> bool:
    """Whether this machine has pinned this trust; False: none at all yet. For a log not yet read.

    Raises:
        IntegrityError: another trust is pinned.
    """
    pin = memory.pin(organization)
    require_pinned(LogState(), trust, pin)
    return pin is not None


def accept(log: AuditLog, confirm: ConfirmTrust | None) -> bool:
    """Pin the trust of a log at its first confirmed use; True where it was pinned now.

    A pin of earlier owners moves forward, for the records of the log lead to these.

    Args:
        log: synced, so that its genesis says which world it is of.
        confirm: asks a person; None: nobody can be asked. A log of the sandbox needs no asking.

    Raises:
        IntegrityError: another trust is pinned.
        UsageError: a log of AWS, and nobody confirmed.
    """
    state, digest = log.require(), trust_sha256(log.trust)
    pin = log.memory.pin(log.organization)
    if pin is not None and pin.trust_sha256 == digest:
        return False
    if pin is None and world_of(state) != SANDBOX:
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
