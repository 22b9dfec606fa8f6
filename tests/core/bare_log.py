"""A log in memory as bytes, and the fold over it: any text may be signed and appended."""

import json
from datetime import timedelta
from typing import Any

import msgspec
from fakes.signer import FakeSigner

from orgroot.core.audit_log import Fold
from orgroot.core.codec import Signature, canonical, record_key
from orgroot.core.config import Trust
from orgroot.core.findings import FindingCode
from orgroot.core.ids import Digest, sha256
from orgroot.core.log_state import ExecutionRecord, LogState, RequestRecord
from orgroot.core.statement_parts import HeadRef, Tool
from orgroot.core.statements import (
    SCHEMA,
    Signed,
    timestamp,
    to_text,
)
from tests.core import scene as s


class BareLog:
    """A log and the fold over it. Each appended record is one minute later than the one before."""

    def __init__(self, trust: Trust) -> None:
        self.trust = trust
        self.store: dict[str, bytes] = {}
        self.raws: list[bytes] = []
        self.now = s.START
        self.fold = self.new_fold()
        self.nonces = 0

    def new_fold(self, **fields: Any) -> Fold:
        """A fold over nothing, which finds this log's objects."""
        return Fold(
            trust=self.trust,
            organization=s.ORG,
            objects=lambda digest: self.store.get(f"objects/{digest}"),
            **fields,
        )

    def refold(self, raws: list[bytes], **fields: Any) -> LogState:
        """What other bytes would amount to."""
        fold = self.new_fold(**fields)
        for seq, raw in enumerate(raws, 1):
            fold.admit(seq, raw)
        return fold.state

    @property
    def state(self) -> LogState:
        """The state so far."""
        return self.fold.state

    @property
    def codes(self) -> list[FindingCode]:
        """What was found so far."""
        return [finding.code for finding in self.state.findings]

    def request_record(self) -> RequestRecord:
        """The newest request or survey."""
        return list(self.state.requests.values())[-1]

    def run_record(self) -> ExecutionRecord:
        """The newest execution."""
        return list(self.state.executions.values())[-1]

    def put(self, value: Any) -> Digest:
        """Write an object."""
        data = canonical(value)
        self.store[f"objects/{sha256(data)}"] = data
        return sha256(data)

    # --- records ---------------------------------------------------------------------------------

    def raw(self, body: bytes, sigs: tuple[Signature, ...], **envelope: Any) -> bytes:
        """A record for the next place."""
        fields = {
            "v": 1,
            "seq": self.state.seq + 1,
            "log": self.trust.log_id,
            "prev": self.state.hash,
            "body": body.decode(),
            "sigs": [msgspec.to_builtins(sig) for sig in sigs],
        } | envelope
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return (text + "\n").encode()

    def admit(self, raw: bytes) -> int:
        """Append bytes; answers the record number."""
        self.raws.append(raw)
        seq = len(self.raws)
        self.store[record_key(seq)] = raw
        self.fold.admit(seq, raw)
        self.now += timedelta(minutes=1)
        return seq

    def signed(
        self, body: Signed, *people: str, namespace: str | None = None, **envelope: Any
    ) -> int:
        """Append a statement signed by people."""
        return self.admit(self.signed_raw(body, *people, namespace=namespace, **envelope))

    def signed_raw(
        self, body: Signed, *people: str, namespace: str | None = None, **envelope: Any
    ) -> bytes:
        """The record of a statement signed by people."""
        text = to_text(body)
        sigs = tuple(
            Signature(
                alg="sshsig",
                key=s.key(who),
                sig=FakeSigner(who).sign(namespace or body.NAMESPACE, text),
            )
            for who in people
        )
        return self.raw(text, sigs, **envelope)

    def common(self) -> dict[str, Any]:
        """The fields of every statement."""
        self.nonces += 1
        return {
            "schema": SCHEMA,
            "org": s.ORG,
            "log": self.trust.log_id,
            "created_at": timestamp(self.now),
            "nonce": f"{self.nonces:032x}",
            "head": HeadRef(seq=self.state.seq, hash=self.state.hash),
            "tool": Tool(version="1.0"),
        }
