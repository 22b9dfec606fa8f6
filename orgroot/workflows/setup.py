"""A log's first two records, genesis and rules, signed by its owners; then the trust is pinned.

A store that is not empty is never touched.
"""

import secrets

from orgroot.core.codec import record_key
from orgroot.core.config import Config
from orgroot.core.log_state import LogState
from orgroot.core.owners import owner_keys, signers_of
from orgroot.core.proposals import PREFIX
from orgroot.core.results import ExitReason, LogHead, LogInit
from orgroot.core.statements import Genesis
from orgroot.errors import UsageError
from orgroot.ports import Clock, Memory, RecordStore, Signer
from orgroot.workflows.audit_log import AuditLog, signed_once
from orgroot.workflows.begin_together import begin_together
from orgroot.workflows.rules import append_rules, require_owner, rules_of, sound
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

    Where several owners must sign, each runs it with the same configuration: the signatures wait in
    the store, and the last one creates the log.

    Args:
        config: with `trust:` and `approvals:`.
        store: empty, or with what other owners have signed.
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
    issues = sound(config, approvals, log, now)
    _require_empty(log, alone=trust.owners.threshold == 1)
    log.sync()
    several = () if trust.owners.threshold == 1 else signers_of(owner_keys(log.state, trust.owners))
    genesis = Genesis(
        **common_fields(log, log.state, now),
        signers=several or (signer_of(person, signer),),
        endpoint=endpoint,
        management_account=config.organization.management_account,
        owners=trust.owners,
        retain=trust.retain,
    )
    lacking = 0
    signed: tuple[str, ...] = (person,)
    if several:
        rules = rules_of(log, approvals, several, now)
        lacking, signed = begin_together(owner, genesis, rules, now)
    else:
        log.append(signed_once(lambda _state: sign(genesis, signer)), _still_empty)
        append_rules(owner, rules_of(log, approvals, genesis.signers, now))
    if not lacking:
        pin_trust(memory, organization, trust)
    return LogInit(
        exit_reasons=(ExitReason.WAITING,) if lacking else (),
        log_id=trust.log_id,
        store=trust.store,
        trust_sha256=trust_sha256(trust),
        rules_serial=len(log.state.rules) or None,
        head=LogHead(seq=log.state.seq, hash=log.state.hash),
        receipt=None if lacking else log.receipt(),
        warnings=tuple(issue.message for issue in issues),
        signed=signed,
        lacking=lacking,
    )


def _require_empty(log: AuditLog, *, alone: bool) -> None:
    """Nothing is in the store, but for what several owners have begun to sign.

    Raises:
        UsageError: something is.
    """
    begun = () if alone else (PREFIX, record_key(1))
    keys = log.store.keys()
    strange = [key for key in keys if not key.startswith(begun or "\0")]
    if strange or (record_key(1) in keys and log.sync().rules):
        raise UsageError(
            f"the store {log.trust.store} is not empty",
            hint="a log is created once; `orgroot log show` reads it, or name an empty folder",
            code="store-not-empty",
        )


def _still_empty(state: LogState) -> None:
    if state.seq:
        raise UsageError("the log was created meanwhile", code="store-not-empty")
