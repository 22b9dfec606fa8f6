"""The audit log as the workflows use it: verified before it is read, appended to or not at all.

A record that this process wrote is folded like anyone else's. Nothing here updates or deletes, and
no live secret is ever written.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from orgroot.core import audit_log as chain
from orgroot.core.codec import (
    Signature,
    encode_record,
    fact_key,
    object_key,
    record_hash,
    record_key,
)
from orgroot.core.config import Trust
from orgroot.core.eligibility import skew
from orgroot.core.findings import Finding, FindingCode
from orgroot.core.ids import Digest, LogId, log_id, sha256
from orgroot.core.log_state import LogState, RulesInForce
from orgroot.core.secrets import Secret
from orgroot.core.statements import instant, timestamp
from orgroot.errors import AuditUnavailable, IntegrityError, UsageError
from orgroot.ports import Clock, Created, Memory, RecordStore
from orgroot.workflows.head_memory import Head, expected_heads, head_findings
from orgroot.workflows.live_secrets import LiveSecrets
from orgroot.workflows.store_memory import require_firsts, require_world
from orgroot.workflows.trust_memory import require_in_force, require_pinned

_ATTEMPTS = 100
"""How often an append meets another writer before it gives up; each loop makes progress for one."""

_LONGEST_PAUSE = 0.25
"""Seconds of jitter at most between two attempts."""

_ODD_BUT_COUNTED = frozenset({FindingCode.TIME_REGRESSION, FindingCode.SKEW})

Build = Callable[[LogState], tuple[bytes, tuple[Signature, ...]]]
Guard = Callable[[LogState], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """A durable record: its number and the SHA-256 of its raw bytes."""

    seq: int
    hash: Digest


def no_guard(_state: LogState) -> None:
    """Append whatever the log says."""


class AuditLog:
    """One log, as one process sees it. Every method may be called from any thread.

    Args:
        store: where the records lie.
        trust: whose log it is, as configured.
        organization: the organization's id.
        memory: the last head this machine verified.
        clock: for jitter and statements.
        receipts: receipt lines that the log must contain (`--expect-head`).
        any_owners: the trust may be of owners who have handed the log over since.
        sleep: how to wait between two attempts, in seconds.
    """

    def __init__(
        self,
        store: RecordStore,
        trust: Trust,
        organization: str,
        memory: Memory,
        clock: Clock,
        *,
        receipts: tuple[str, ...] = (),
        any_owners: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.trust = trust
        self.organization = organization
        self.memory = memory
        self.clock = clock
        self.sleep = sleep
        self._any_owners = any_owners
        self._store = store
        self._log_id: LogId = log_id(trust.log_id)
        self._firsts_matter = True
        self._fold = self._new_fold()
        self._lock = threading.RLock()
        self.secrets = LiveSecrets()
        self._expected = expected_heads(trust, receipts)
        self._blind: bool | None = None

    @property
    def store(self) -> RecordStore:
        """Where the records lie, for `log verify` and for refusing a store that is not empty."""
        return self._store

    @property
    def id(self) -> LogId:
        """The log's id."""
        return self._log_id

    @property
    def state(self) -> LogState:
        """The state as of the last sync or append."""
        return self._fold.state

    @property
    def running(self) -> Callable[[str], bool]:
        """Whether a live process of this machine holds an execution."""
        return self.memory.is_running

    def sync(self) -> LogState:
        """Read and verify what is new, and remember the head.

        Raises:
            IntegrityError: the log contradicts itself, its trust, or what this machine has seen.
            AuditUnavailable: the store does not answer.
        """
        with self._lock:
            try:
                self._read_on()
            except IntegrityError:
                if not self._store.forget():
                    raise
                # Some of it was this machine's own copy: the store itself is what counts.
                self._fold = self._new_fold()
                self._read_on()
            if not self._any_owners:
                require_in_force(self.state, self.trust)
            return self.state

    def look_at_versions(self) -> None:
        """Do not stop for what lies over records: an owner is here to look at it (`log ack`)."""
        self._firsts_matter = False

    def require(self) -> LogState:
        """As `sync`, and the log has a genesis.

        Raises:
            UsageError: the log has not been created.
        """
        state = self.sync()
        if state.genesis is None:
            raise UsageError(
                f"the audit log {self.trust.store} is empty",
                hint="create it with `orgroot log init`",
                code="no-log",
            )
        return state

    def append(self, build: Build, guard: Guard = no_guard) -> Appended:
        """Write one record behind the newest, durably; check and write are atomic.

        Args:
            build: makes body and signatures for the state that was just verified; called again
                when another writer was faster.
            guard: raises what forbids the record in that very state.

        Raises:
            AuditUnavailable: the store did not take it; nothing counts as written.
            IntegrityError: the log is broken, or the record would hold a live secret.
        """
        for attempt in range(_ATTEMPTS):
            with self._lock:
                # Creating at the next number succeeds only where the state is the newest.
                state = self.sync() if attempt or self._is_behind() else self.state
                guard(state)
                body, signatures = build(state)
                seq = state.seq + 1
                raw = encode_record(
                    seq=seq, log=self._log_id, prev=state.hash, body=body, sigs=signatures
                )
                if self._create(record_key(seq), raw):
                    self._fold.admit(seq, raw)
                    self._remember_own(seq)
                    self._require_counted(seq)
                    return Appended(seq=seq, hash=record_hash(raw))
            self.sleep(random.uniform(0, _LONGEST_PAUSE * (attempt + 1) / _ATTEMPTS))  # noqa: S311 - jitter
        raise AuditUnavailable(
            f"{_ATTEMPTS} other records came first; this one was not written",
            hint="run the command again",
            code="contention",
        )

    def flaw(self, body: bytes, signatures: tuple[Signature, ...]) -> Finding | None:
        """What would be found in this decision, were it the next record; None: it would count.

        Raises:
            IntegrityError: it fits no record.
        """
        state = self.state
        raw = encode_record(
            seq=state.seq + 1, log=self._log_id, prev=state.hash, body=body, sigs=signatures
        )
        return self._fold.flaw(raw)

    def put(self, key: str, data: bytes) -> None:
        """Write what stands beside the records under a name made from it, durably.

        Raises:
            AuditUnavailable: the store did not take it.
            IntegrityError: something else stands there already.
        """
        if not self._create(key, data):
            raise IntegrityError(f"{key} in the log is not what its name says", code="object")

    def put_object(self, data: bytes) -> Digest:
        """Write a content-addressed object, durably; the same bytes twice are one object."""
        digest = sha256(data)
        self.put(object_key(digest), data)
        return digest

    def get_object(self, digest: str) -> bytes:
        """The bytes of a content-addressed object.

        Raises:
            IntegrityError: it is absent or different.
        """
        data = self._object(Digest(digest))
        if data is None:
            raise IntegrityError(f"the object {digest} is missing from the log", code="object")
        if sha256(data) != digest:
            raise IntegrityError(
                f"the object {digest} in the log is not what its name says", code="object"
            )
        return data

    def put_fact(self, survey_seq: int, n: int, raw: bytes) -> Digest | None:
        """Write a fact of a survey, durably, under its n-th name; None: that one was taken before.

        Returns:
            The hash that the survey's closing record names.
        """
        return record_hash(raw) if self._create(fact_key(survey_seq, n), raw) else None

    def get_fact(self, survey_seq: int, n: int) -> bytes | None:
        """The n-th fact of a survey, not yet verified; None behind the last."""
        return self._store.get(fact_key(survey_seq, n))

    def receipt(self) -> str:
        """The line that pins the log as it is now, for a ticket."""
        return chain.receipt_line(self._log_id, self.state.seq, self.state.hash)

    def keep_out(self, secrets: tuple[Secret, ...]) -> Callable[[], None]:
        """Refuse every record that holds one of these secrets, until the answer is called."""
        return self.secrets.keep_out(secrets)

    def rules(self) -> RulesInForce:
        """The rules in force at the last sync.

        Raises:
            UsageError: none were ever published.
        """
        rules = self.state.rules_in_force
        if rules is None:
            raise UsageError(
                "no rules are in force",
                hint="an owner publishes them with `orgroot rules publish`",
                code="no-rules",
            )
        return rules

    def check_clock(self, now: datetime) -> datetime:
        """`now`, unless the log shows that this machine's clock is behind by more than the skew.

        A record from the future does not count as time, lest its writer stop all others; the
        rules in force are an owner's word, and they were published in the past.

        Raises:
            UsageError: the clock is behind.
        """
        state = self.state
        rules = state.rules_in_force
        newest = max(state.newest, "" if rules is None else rules.body.created_at)
        if newest and now < instant(newest) - skew(rules):
            raise UsageError(
                f"it is {timestamp(now)} here, but the log has a record of {newest}",
                hint="set this machine's clock",
                code="clock",
            )
        return now

    @property
    def expected(self) -> tuple[Head, ...]:
        """The heads that the checkpoint and receipts name."""
        return self._expected

    @property
    def blind(self) -> bool:
        """Nothing seen before was there to hold the log against: a cut tail would not show."""
        return not self.remembered() if self._blind is None else self._blind

    def remembered(self) -> tuple[Head, ...]:
        """The heads this log must contain: of this machine, the checkpoint and receipts."""
        head = self.memory.head(self._log_id)
        return (*self._expected, *(() if head is None else (head,)))

    def _new_fold(self) -> chain.Fold:
        return chain.Fold(
            trust=self.trust,
            organization=self.organization,
            objects=self._object,
            now=self.clock.now,
        )

    def _is_behind(self) -> bool:
        """Nothing was read yet, or another process of this machine has seen more."""
        head = self.memory.head(self._log_id)
        return not self.state.seq or (head is not None and head[0] > self.state.seq)

    def _read_on(self) -> None:
        """Fold what is new in the store, and verify it."""
        # Before the store is read: another process of this machine may write meanwhile.
        heads = self.remembered()
        if self._blind is None:
            self._blind = not heads
        for seq, raw in self._store.sequence(self.state.seq):
            self._fold.admit(seq, raw)
        self._settle(heads)

    def _create(self, key: str, data: bytes) -> bool:
        """Whether the object with these bytes is there: our write, or the same bytes before."""
        self.secrets.refuse(data)
        return self._store.create(key, data) is Created.CREATED or self._store.get(key) == data

    def _object(self, digest: Digest) -> bytes | None:
        return self._store.get(object_key(digest))

    def _settle(self, heads: tuple[Head, ...]) -> None:
        """Verify what was folded; then it is remembered as seen."""
        self._verify(heads)
        state = self.state
        if state.seq:
            self.memory.set_head(self._log_id, state.seq, state.hash)
            self._store.keep(state.seq)

    def _verify(self, heads: tuple[Head, ...]) -> None:
        require_pinned(self.state, self.trust, self.memory.pin(self.organization))
        findings = (
            *chain.fatal_findings(self.state),
            *head_findings(self.state, heads),
            *chain.foreign_findings(self.state, self.trust),
        )
        if findings:
            first = findings[0]
            where = f"record {first.seq}" if first.seq else "the store"
            raise IntegrityError(
                f"the audit log does not verify: {first.code.value} at {where}: {first.detail}",
                hint="`orgroot log verify` names every finding; nothing was done",
                code=first.code.value.lower().replace("_", "-"),
            )
        require_world(self.state, self._store.endpoint)
        if self._firsts_matter:
            require_firsts(self.state, self._store.covered(), self.clock.now())

    def _remember_own(self, seq: int) -> None:
        """As `_settle`; a record is written by now, so "nothing was done" would not be true."""
        try:
            self._settle(())
        except UsageError as error:
            raise AuditUnavailable(
                f"record {seq} is written, and this machine cannot remember it: {error.message}",
                hint=error.hint,
                code=error.code,
            ) from error

    def _require_counted(self, seq: int) -> None:
        """Our own record must count; one that is void stands in the log and means nothing."""
        for finding in self.state.findings:
            if finding.seq == seq and finding.code not in _ODD_BUT_COUNTED:
                raise IntegrityError(
                    f"record {seq} was written but does not count: {finding.detail}",
                    hint="nothing was done under it",
                    code="not-counted",
                )


def signed_once(sign: Build) -> Build:
    """A person signs once, however often another writer was faster; the head may lag."""
    made: list[tuple[bytes, tuple[Signature, ...]]] = []

    def build(state: LogState) -> tuple[bytes, tuple[Signature, ...]]:
        if not made:
            made.append(sign(state))
        return made[0]

    return build
