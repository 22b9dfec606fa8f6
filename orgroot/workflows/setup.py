"""A log's first two records, genesis and rules, signed by an owner; then the trust is pinned.

A store that is not empty is never touched.
"""

import secrets

from orgroot.core.config import Config
from orgroot.core.log_state import LogState
from orgroot.core.results import LogHead, LogInit
from orgroot.core.statements import Genesis
from orgroot.errors import UsageError
from orgroot.ports import Clock, Memory, RecordStore, Signer
from orgroot.workflows.audit_log import AuditLog, signed_once
from orgroot.workflows.rules import append_rules, require_owner, sound
from orgroot.workflows.signing import common_fields, sign, signer_of
from orgroot.workflows.trust import check_pin, pin_trust
from orgroot.workflows.trust_memory import trust_sha256
from orgroot.workflows.workspace import Governed


def new_log_id() -> str:
    """A random log id."""
    return secrets.token_hex(8)


def init_log(
    *,
    config: Config,
    store: RecordStore,
    memory: Memory,
    clock: Clock,
    person: str,
    signer: Signer,
    endpoint: str,
) -> LogInit:
    """Write the genesis and the first rules, signed by an owner, and pin the trust.

    Args:
        config: with `trust:` and `approvals:`.
        store: empty.
        memory: this machine's.
        clock: AWS's time where AWS was called.
        person: an owner of the trust.
        signer: that owner's key.
        endpoint: `aws` or `sandbox`: the world whose organization the log is of.

    Raises:
        UsageError: no trust or rules, rules with errors, not an owner, or the store is not empty.
        IntegrityError: this machine knows another log of this organization.
        AuditUnavailable: the store did not take it.
    """
    trust, approvals = config.trust, config.approvals
    if trust is None or approvals is None:
        raise UsageError(
            "the configuration has no trust: or no approvals: section",
            hint="`orgroot init --team …` writes both",
            code="no-trust",
        )
    organization = config.organization.id
    check_pin(memory, organization, trust)
    log = AuditLog(store, trust, organization, memory, clock)
    owner = Governed(log=log, person=person, signer=signer)
    require_owner(owner)
    now = clock.now()
    issues = sound(approvals, log, now)
    if store.keys():
        raise UsageError(
            f"the store {trust.store} is not empty",
            hint="a log is created once; `orgroot log show` reads it, or name an empty folder",
            code="store-not-empty",
        )
    genesis = Genesis(
        **common_fields(log, log.sync(), now),
        signers=(signer_of(person, signer),),
        endpoint=endpoint,
        management_account=config.organization.management_account,
        owners=trust.owners,
        retain=trust.retain,
    )

    def first(state: LogState) -> None:
        if state.seq:
            raise UsageError("the log was created meanwhile", code="store-not-empty")

    log.append(signed_once(lambda _state: sign(genesis, signer)), first)
    append_rules(owner, approvals, 1, now)
    digest = trust_sha256(trust)
    pin_trust(memory, organization, trust)
    return LogInit(
        log_id=trust.log_id,
        store=trust.store,
        trust_sha256=digest,
        rules_serial=1,
        head=LogHead(seq=log.state.seq, hash=log.state.hash),
        receipt=log.receipt(),
        warnings=tuple(issue.message for issue in issues),
    )
