"""The trust of a configuration, held against the log's own records and against what is pinned.

Whoever reads a log asks this first: a configuration of other owners, or of those who were owners
once, is never worked with.
"""

from orgroot.core.config import Trust
from orgroot.core.ids import Digest
from orgroot.core.log_state import LogState
from orgroot.core.owners import trust_digest
from orgroot.errors import IntegrityError
from orgroot.ports import Pin


def trust_sha256(trust: Trust) -> Digest:
    """The SHA-256 over what is pinned: log id, owners, retain. Store and checkpoint may change."""
    return trust_digest(trust.log_id, trust.owners, trust.retain)


def require_pinned(state: LogState, trust: Trust, pin: Pin | None) -> None:
    """Return unless this machine has pinned a trust from which no records lead to this one.

    Raises:
        IntegrityError: it has.
    """
    mine = trust_sha256(trust)
    if pin is None or (pin.log_id, pin.trust_sha256) == (trust.log_id, mine):
        return
    known = [in_force.digest for in_force in state.trusts]
    if pin.log_id == trust.log_id and pin.trust_sha256 in known and mine in known:
        return
    raise IntegrityError(
        f"the configuration trusts log {trust.log_id} (SHA-256 {mine}), but for "
        f"{pin.organization} this machine trusts log {pin.log_id} (SHA-256 {pin.trust_sha256}), "
        "and no record of its owners leads from one to the other",
        hint="find out who changed trust: in the configuration, and put the old one back",
        code="trust-changed",
    )


def require_in_force(state: LogState, trust: Trust) -> None:
    """Return unless the owners of the configuration have handed the log over since.

    Raises:
        IntegrityError: they have: the configuration is out of date.
    """
    if not state.trusts or state.trusts[-1].digest == trust_sha256(trust):
        return
    raise IntegrityError(
        f"the owners of log {trust.log_id} changed in record {state.trusts[-1].seq}, and the "
        "configuration still names those before",
        hint="`orgroot trust show` prints the trust: section to use; compare its SHA-256 with an "
        "owner",
        code="trust-outdated",
    )
