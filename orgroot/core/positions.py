"""Where a record stands, and whose signatures it carries: checked before anything is believed.

An envelope (number, `prev`, log) is signed by nobody; the head in a statement and the position in
a fact are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from orgroot.core.codec import EMPTY, Record, Signature
from orgroot.core.facts import Fact
from orgroot.core.findings import FindingCode, Void
from orgroot.core.ids import Digest, ExecutionId
from orgroot.core.log_state import ExecutionRecord, LogState, RulesInForce
from orgroot.core.preread import DIRECT, Checks
from orgroot.core.sshsig import Verified
from orgroot.core.statement_parts import PersonStatement, Signer, Statement
from orgroot.core.statements import Rules, instant
from orgroot.errors import IntegrityError, UsageError

_CODES = {
    "flags": FindingCode.FLAGS,
    "unknown-signer": FindingCode.UNKNOWN_SIGNER,
    "wrong-namespace": FindingCode.WRONG_NAMESPACE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a record lies in the store: its number, and the hash of the one before.

    `prev` is empty where the record before is missing: then it says nothing.
    """

    seq: int
    prev: Digest | str


def append_only(store: str) -> bool:
    """Whether nobody can overwrite what lies in a store (S3 with Object Lock).

    There a wrong `prev` was appended as it is, around whatever statement somebody had at hand (an
    approval from a chat will do), by one who wants to stop the others; only a signed head or
    position that is not so here tells of an alteration. In a folder whoever can append can also
    overwrite, so a wrong `prev` is taken for one: of the record before, which may have held the
    key that this one was signed with.
    """
    return store.startswith("s3://")


def undecodable(raw: bytes, error: IntegrityError) -> Void:
    """What is no record: too long, one of ours that was damaged, or something foreign."""
    if error.code == "size":
        return Void(FindingCode.SIZE, error.message)
    ours = raw.startswith(b'{"body":') or raw.endswith(b'"v":1}\n')
    code = FindingCode.NONCANON if ours else FindingCode.FOREIGN_RECORD
    return Void(code, error.message)


def misplaced(record: Record, place: Place, log: str) -> str | None:
    """What is wrong with an envelope, or None."""
    if record.log != log:
        return f"it says log {record.log}"
    if record.seq != place.seq:
        return f"it says it is record {record.seq}"
    if place.prev and record.prev != place.prev:
        return f"it follows {record.prev[:12]}…, and record {place.seq - 1} is {place.prev[:12]}…"
    return None


def check_head(state: LogState, body: Statement, place: Place) -> None:
    """The head that a signer had verified must be an earlier record, as it stands here.

    The first rules may be signed together with the genesis, whose head they then have.

    Raises:
        Void: HEAD_MISMATCH: a signer saw another log than this one.
    """
    head = body.head
    if head.seq == 0 and place.seq <= (2 if isinstance(body, Rules) else 1):
        fits = head.hash == EMPTY
    elif 0 < head.seq < place.seq:
        known = state.hashes[head.seq - 1] if head.seq <= state.seq else ""
        fits = known in {"", head.hash}
    else:
        fits = False
    if not fits:
        detail = f"its signer had seen record {head.seq} as {head.hash[:12]}…, not as it is here"
        raise Void(FindingCode.HEAD_MISMATCH, detail, fatal=True)


def check_fact_place(fact: Fact, place: Place) -> None:
    """A fact signs its own position; one that was kept aside signs none, and is no record.

    Raises:
        Void: CHAIN.
    """
    if fact.seq != place.seq or (place.prev and fact.prev != place.prev):
        detail = f"{fact.execution_id} wrote it as record {fact.seq} after {fact.prev[:12]}…"
        raise Void(FindingCode.CHAIN, detail, fatal=fact.seq > 0)


def check_person(
    rules: RulesInForce | None,
    body: PersonStatement,
    text: bytes,
    sigs: tuple[Signature, ...],
    witnessed: str,
    *,
    checks: Checks = DIRECT,
) -> Verified:
    """Signed by a key of the roster, valid when it was made and when it was recorded.

    The record is no earlier than what others witnessed before it, so a stolen key that was ended
    cannot write itself into the past.

    Raises:
        Void: UNKNOWN_SIGNER, WRONG_NAMESPACE, FLAGS or BADSIG.
    """
    signer = body.signer
    if rules is None:
        raise _unknown(signer, "no rules are in force")
    for moment in {body.created_at, max(body.created_at, witnessed)}:
        if not rules.roster.has_key(signer.person, signer.key, instant(moment)):
            raise _unknown(signer, f"not a key of theirs at {moment}")
    (verified,) = check_sshsigs((signer,), text, sigs, body.NAMESPACE, checks)
    return verified


def check_fact(key: str, text: bytes, sigs: tuple[Signature, ...], checks: Checks = DIRECT) -> None:
    """Signed by the execution's ephemeral key, and by nothing else.

    Raises:
        Void: BADSIG.
    """
    if len(sigs) != 1 or sigs[0].key is not None:
        raise Void(FindingCode.BADSIG, "a fact has one signature, by the key of its execution")
    try:
        checks.fact(key, text, sigs[0].sig)
    except IntegrityError as error:
        raise Void(FindingCode.BADSIG, error.message) from error


def holds_unread(
    text: bytes,
    sigs: tuple[Signature, ...],
    executions: Mapping[ExecutionId, ExecutionRecord],
    checks: Checks,
) -> bool:
    """Whether every signature fits a text that this version does not understand.

    Somebody means it then, a later version perhaps; else it is a statement that was damaged.
    """
    try:
        tree = msgspec.json.decode(text, type=dict[str, Any])
        for sig in sigs:
            if sig.key is None:
                run = executions[tree["execution_id"]]
                checks.fact(run.body.ephemeral_key, text, sig.sig)
            else:
                checks.person(sig.sig, text, namespace=f"orgroot-{tree['type']}-v1", key=sig.key)
    except (ValueError, LookupError, TypeError, RecursionError, IntegrityError, UsageError):
        return False  # whatever it is: anyone may have written it, so nothing of it may stop us
    return True


def check_sshsigs(
    signers: tuple[Signer, ...],
    text: bytes,
    sigs: tuple[Signature, ...],
    namespace: str,
    checks: Checks = DIRECT,
) -> tuple[Verified, ...]:
    """One SSHSIG of each signer, in their order; the keys are known and sound.

    Raises:
        Void: WRONG_NAMESPACE, UNKNOWN_SIGNER, FLAGS or BADSIG.
    """
    if [sig.key for sig in sigs] != [signer.key for signer in signers]:
        raise Void(FindingCode.BADSIG, "the signatures are not those of the signers it names")
    return tuple(
        _check_sshsig(signer, text, sig.sig, namespace, checks)
        for signer, sig in zip(signers, sigs, strict=True)
    )


def _check_sshsig(
    signer: Signer, text: bytes, armored: str, namespace: str, checks: Checks
) -> Verified:
    try:
        return checks.person(armored, text, namespace=namespace, key=signer.key)
    except IntegrityError as error:
        code = _CODES.get(error.code, FindingCode.BADSIG)
        raise Void(code, f"{signer.person}: {error.message}") from error


def _unknown(signer: Signer, why: str) -> Void:
    return Void(FindingCode.UNKNOWN_SIGNER, f"{signer.person}: {why}")
