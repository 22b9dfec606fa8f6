"""What the state keeps of a statement whose signature and position hold: not yet counted."""

from dataclasses import dataclass

from orgroot.core.ids import Digest, execution_id_of, request_id_of
from orgroot.core.log_state import DecisionRecord, ExecutionRecord, LogState, RequestRecord
from orgroot.core.objects import Objects
from orgroot.core.sshsig import Verified
from orgroot.core.statements import Approval, Body, Denial, Intent, Request, Review, Survey


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBody:
    """A statement or fact whose signature and position hold.

    Attributes:
        body: what it says.
        text: its exact bytes.
        digest: their SHA-256.
        seq: the record it stands in.
        signed_with: how one person signed it; None for owners and facts.
        keys: the public keys of its signatures.
    """

    body: Body
    text: bytes
    digest: Digest
    seq: int
    signed_with: Verified | None
    keys: tuple[str, ...]


def request_record(
    state: LogState, body: Request | Survey, signed: SignedBody, objects: Objects
) -> RequestRecord:
    """A request or survey, its objects resolved.

    Raises:
        Void: OBJECT: one is not as the statement says.
    """
    return RequestRecord(
        id=request_id_of(signed.text),
        seq=signed.seq,
        sha256=signed.digest,
        body=body,
        targets=objects.targets(body),
        params=objects.params(body),
        recorded_at=max(body.created_at, state.witnessed),
        latest_at=max(body.created_at, state.claimed),
        signed_with=signed.signed_with,
    )


def decision_record(
    state: LogState, body: Approval | Denial | Review, signed: SignedBody
) -> DecisionRecord:
    """An approval, denial or review, with the groups its signer has now."""
    return DecisionRecord(
        seq=signed.seq,
        sha256=signed.digest,
        body=body,
        groups=state.rules[-1].roster.groups_of(body.signer.person),
        recorded_at=max(body.created_at, state.witnessed),
        latest_at=max(body.created_at, state.claimed),
        signed_with=signed.signed_with,
    )


def execution_record(
    body: Intent | Survey, signed: SignedBody, record_hash: Digest, accounts: tuple[str, ...]
) -> ExecutionRecord:
    """An intent or survey as the execution that it announces."""
    return ExecutionRecord(
        id=execution_id_of(signed.text),
        seq=signed.seq,
        record_hash=record_hash,
        body=body,
        accounts=accounts,
        last_seq=signed.seq,
    )
