"""The fold: one record after the other into the state the log stands for.

Anyone may append anything, so a bad record is a finding and never an exception; what is not a
valid statement changes nothing.
"""

from collections.abc import Callable
from datetime import datetime

from orgroot.core import (
    acknowledgement,
    admission,
    owners,
    reconciled,
    recovery,
    review,
    revocation,
    withdrawal,
)
from orgroot.core.codec import Signature, decode_record
from orgroot.core.config import Trust
from orgroot.core.eligibility import skew
from orgroot.core.evidence_statements import Reconciled, Report
from orgroot.core.execution_facts import apply_fact
from orgroot.core.facts import Closed, Fact, Observed
from orgroot.core.findings import Finding, FindingCode, Void
from orgroot.core.ids import Digest, ExecutionId, request_id_of, sha256
from orgroot.core.kept_records import (
    SignedBody,
    decision_record,
    execution_record,
    request_record,
)
from orgroot.core.log_state import (
    LISTED,
    DecisionRecord,
    ExecutionRecord,
    LogState,
    RequestRecord,
)
from orgroot.core.objects import Objects
from orgroot.core.positions import (
    Place,
    append_only,
    check_fact,
    check_fact_place,
    check_head,
    check_person,
    holds_unread,
    misplaced,
    undecodable,
)
from orgroot.core.preread import DIRECT, Checks
from orgroot.core.sshsig import Verified
from orgroot.core.statement_parts import OwnersStatement, PersonStatement
from orgroot.core.statements import (
    SCHEMA,
    Ack,
    Approval,
    Body,
    Cancel,
    Denial,
    Drill,
    Genesis,
    Intent,
    KeyRevoke,
    Recovered,
    Request,
    Review,
    Revoke,
    Rules,
    Survey,
    TrustChange,
    from_text,
    instant,
    require_our_time,
)
from orgroot.errors import IntegrityError


class Fold:
    """Admits records in order; `state` is what they amount to.

    Args:
        trust: which log it is, and where it lies; whose it is, `foreign_findings` judges after.
        organization: the organization's id.
        objects: an object's bytes by SHA-256, or None; may raise AuditUnavailable, and then
            nothing was admitted.
        now: where given, a record dated later than this by more than the skew is reported and
            does not move `state.newest`: nobody can stop others by writing from the future.
    """

    def __init__(
        self,
        *,
        trust: Trust,
        organization: str,
        objects: Callable[[Digest], bytes | None],
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.state = LogState()
        self._trust = trust
        self._append_only = append_only(trust.store)
        self._organization = organization
        self._read = objects
        self._now = now

    def admit(self, seq: int, raw: bytes, checks: Checks = DIRECT) -> None:
        """Fold in the bytes of record number `seq`; numbers grow, and each comes once.

        Args:
            seq: its number.
            raw: its bytes.
            checks: how its signatures are checked; some may have been checked before.

        Raises:
            AuditUnavailable: an object cannot be read now; the state is as before.
        """
        state = self.state
        missing = range(state.seq + 1, seq)
        place = Place(seq=seq, prev="" if missing else state.hash)
        found = [_finding(n, Void(FindingCode.GAP, "it is missing", fatal=True)) for n in missing]
        signed: SignedBody | None = None
        try:
            signed = self._signed(place, raw, checks)
            self._count(place, signed, sha256(raw), found)
        except Void as void:
            found.append(_finding(seq, void, fatal=seq == 1))
        if signed is not None:
            state.statements.add(signed.digest)
        state.findings += found
        state.hashes += [Digest("")] * len(missing)
        state.hash = sha256(raw)
        state.hashes.append(state.hash)
        state.seq = seq

    def flaw(self, raw: bytes) -> Finding | None:
        """What would be found in these bytes of people far away, were they the next record.

        None: it would count. The state stays as it is.
        """
        state = self.state
        place = Place(seq=state.seq + 1, prev=state.hash)
        try:
            self._judge(self._signed(place, raw, DIRECT), place.seq)
        except Void as void:
            return _finding(place.seq, void)
        return None

    def _judge(self, signed: SignedBody, seq: int) -> None:
        """Return if a statement would count that its signers made far away."""
        state = self.state
        match signed.body:
            case Approval() | Denial() as body:
                admission.check_decision(
                    state, state.rules[-1], body, signed.digest, signed.signed_with
                )
            case Review() as body:
                review.check(state, state.rules[-1], body, signed.digest, signed.signed_with)
            case Rules() as body:
                admission.next_rules(state, body, self._trust, seq, signed.digest)
            case Genesis() | TrustChange() as body:
                owners.next_trust(state, body, seq)
            case _:
                raise Void(
                    FindingCode.ILLEGAL_TRANSITION,
                    "it is no decision, and nothing that owners sign",
                )

    def _signed(self, place: Place, raw: bytes, checks: Checks) -> SignedBody:
        """The body, once everything about bytes, signature and position holds."""
        try:
            record = decode_record(raw)
        except IntegrityError as error:
            raise undecodable(raw, error) from error
        text = record.body.encode()
        digest = sha256(text)
        if digest in self.state.statements:
            raise Void(FindingCode.REPLAY, "the same statement stands in an earlier record")
        wrong = misplaced(record, place, self._trust.log_id)
        try:
            body = self._parsed(text, record.sigs, checks)
            signed_with = self._check_signature(body, text, record.sigs, checks)
        except Void as void:
            if wrong is not None:
                detail = f"{wrong}; {void.detail}"
                raise Void(FindingCode.CHAIN, detail, fatal=not self._append_only) from void
            raise
        if wrong is not None and not self._append_only:
            raise Void(FindingCode.CHAIN, wrong, fatal=True)
        if isinstance(body, Fact):
            check_fact_place(body, place)
        else:
            check_head(self.state, body, place)
        if wrong is not None:  # no signed word says that anything was altered
            raise Void(FindingCode.CHAIN, wrong)
        keys = tuple(sig.key for sig in record.sigs if sig.key is not None)
        return SignedBody(
            body=body,
            text=text,
            digest=digest,
            seq=place.seq,
            signed_with=signed_with,
            keys=keys,
        )

    def _parsed(self, text: bytes, sigs: tuple[Signature, ...], checks: Checks) -> Body:
        try:
            body = from_text(text)
            self._require_ours(body)
        except IntegrityError as error:
            foreign = not sigs or holds_unread(text, sigs, self.state.executions, checks)
            code = FindingCode.FOREIGN_RECORD if foreign else FindingCode.BADSIG
            raise Void(code, error.message) from error
        return body

    def _require_ours(self, body: Body) -> None:
        require_our_time(body)
        if body.schema != SCHEMA:
            raise IntegrityError(f"a statement of schema {body.schema}")
        if not isinstance(body, Fact):
            its = (body.org, body.log)
            if its != (self._organization, self._trust.log_id):
                raise IntegrityError(f"a statement of organization {its[0]}, log {its[1]}")

    def _check_signature(
        self, body: Body, text: bytes, sigs: tuple[Signature, ...], checks: Checks
    ) -> Verified | None:
        if isinstance(body, KeyRevoke):
            return revocation.check_revoker(self.state, body, text, sigs)
        if isinstance(body, Ack):
            return acknowledgement.check_owner(self.state, body, text, sigs)
        if isinstance(body, PersonStatement):
            rules, witnessed = self.state.rules_in_force, self.state.witnessed
            return check_person(rules, body, text, sigs, witnessed, checks=checks)
        if isinstance(body, OwnersStatement):
            owners.check_owners(self.state, body, text, sigs)
        else:
            check_fact(self._run(body).body.ephemeral_key, text, sigs, checks)
        return None

    def _run(self, fact: Fact) -> ExecutionRecord:
        run = self.state.executions.get(ExecutionId(fact.execution_id))
        if run is None:
            raise Void(FindingCode.UNKNOWN_SIGNER, f"there is no execution {fact.execution_id}")
        return run

    def _count(
        self, place: Place, signed: SignedBody, digest: Digest, found: list[Finding]
    ) -> None:
        """Let the statement take effect, or raise Void."""
        body, state = signed.body, self.state
        made = body.at if isinstance(body, Fact) else body.created_at
        tolerance = skew(state.rules_in_force)
        # Signed far from the log and attached later: a time to live bounds these.
        late = not isinstance(body, Approval | Denial | Review | OwnersStatement)
        if late and state.newest and instant(made) < instant(state.newest) - tolerance:
            detail = f"it is of {made}, and a record before it of {state.newest}"
            found.append(_finding(place.seq, Void(FindingCode.TIME_REGRESSION, detail)))
        ahead = self._now is not None and instant(made) > self._now() + tolerance
        if ahead:
            detail = f"it is of {made}, later than now"
            found.append(_finding(place.seq, Void(FindingCode.SKEW, detail)))
        objects = Objects(self._read)
        self._apply(place, signed, digest, objects, found)
        state.objects |= objects.named
        state.claimed = max(made, state.claimed)
        for key in signed.keys:
            state.signed.setdefault(key, []).append((place.seq, state.claimed))
        self._hear(body, made)
        state.newest = state.newest if ahead else max(made, state.newest)

    def _hear(self, body: Body, made: str) -> None:
        """Somebody has said how late it is."""
        state, rules = self.state, self.state.rules_in_force
        if isinstance(body, OwnersStatement):
            state.owned = max(made, state.owned)
            return
        said = self._run(body).body if isinstance(body, Fact) else body
        who = said.signer.person
        human = who if rules is None else rules.roster.witness(who)
        state.heard[human] = max(made, state.heard.get(human, ""))

    def _apply(
        self,
        place: Place,
        signed: SignedBody,
        record_hash: Digest,
        objects: Objects,
        found: list[Finding],
    ) -> None:
        state, body, seq = self.state, signed.body, place.seq
        match body:
            case Genesis() | TrustChange() | KeyRevoke() | Rules():
                found += self._govern(body, seq, signed.digest)
            case Request():
                record = self._request(body, signed, objects)
                admission.admit_request(state, state.rules[-1], body, record)
            case Approval() | Denial() | Review():
                self._decided(body, decision_record(state, body, signed))
            case Intent():
                accounts = self._accounts(body, seq, objects, found)
                run = execution_record(body, signed, record_hash, accounts)
                admission.admit_intent(state, state.rules[-1], body, run)
            case Survey():
                record = self._request(body, signed, objects)
                run = execution_record(body, signed, record_hash, objects.accounts(body))
                admission.admit_survey(state, state.rules[-1], body, record, run)
            case Cancel() | Revoke() | Ack() | Recovered() | Reconciled() | Report() | Drill():
                self._afterwards(body, seq, objects)
            case _:
                self._fact(body, seq, objects)

    def _afterwards(
        self,
        body: Cancel | Revoke | Ack | Recovered | Reconciled | Report | Drill,
        seq: int,
        objects: Objects,
    ) -> None:
        """What people say of what was said, done or found before."""
        state = self.state
        match body:
            case Cancel() | Revoke():
                withdrawal.admit(state, state.rules[-1], body, seq)
            case Ack():
                acknowledgement.admit_ack(state, body)
            case Recovered():
                objects.named |= recovery.admit_recovered(state, body, seq)
            case Drill():
                pass  # that it stands there, signed by its person, is all that it is for
            case _:
                reconciled.admit_evidence(body, skew(state.rules_in_force))

    def _govern(
        self, body: Genesis | TrustChange | KeyRevoke | Rules, seq: int, digest: Digest
    ) -> tuple[Finding, ...]:
        """What owners say, and which keys end; answers what that shows of earlier records."""
        state = self.state
        match body:
            case KeyRevoke():
                return revocation.admit_key_revoke(state, body, seq)
            case Rules():
                state.rules.append(admission.next_rules(state, body, self._trust, seq, digest))
            case _:
                state.trusts.append(owners.next_trust(state, body, seq))
                state.genesis = body if isinstance(body, Genesis) else state.genesis
        return ()

    def _decided(self, body: Approval | Denial | Review, decision: DecisionRecord) -> None:
        rules = self.state.rules[-1]
        if isinstance(body, Review):
            review.admit(self.state, rules, body, decision)
        else:
            admission.admit_decision(self.state, rules, body, decision)

    def _request(
        self, body: Request | Survey, signed: SignedBody, objects: Objects
    ) -> RequestRecord:
        """The request or survey, its objects resolved; one that lacks them is remembered so."""
        try:
            return request_record(self.state, body, signed, objects)
        except Void as void:
            self.state.unreadable[request_id_of(signed.text)] = void.detail
            raise

    def _accounts(
        self, body: Intent, seq: int, objects: Objects, found: list[Finding]
    ) -> tuple[str, ...]:
        """The accounts of an intent; where the object is lost, all that are left to do.

        An intent is never overlooked for a lost object: what it began would be begun again.
        """
        try:
            return objects.accounts(body)
        except Void as void:
            found.append(_finding(seq, void))
            request = admission.known_request(self.state, body.request_id, body.request_sha256)
            return tuple(account for account in request.remaining() if account)

    def _fact(self, body: Observed, seq: int, objects: Objects) -> None:
        run = self._run(body)
        ends = body.items if isinstance(body, Closed) else ()
        named: list[str] = []
        for item in ends:
            listed = isinstance(run.body, Survey) and item.outcome.split(" ")[0] == LISTED
            named += [n for o in item.objects for n in (objects.listed(o) if listed else (o,))]
        apply_fact(run, body, seq, skew(self.state.rules_in_force))
        if ends and isinstance(run.body, Survey):
            run.fact_objects = (*run.fact_objects, *named)
        else:
            objects.named |= {Digest(name) for name in named}


def _finding(seq: int, void: Void, *, fatal: bool = False) -> Finding:
    return Finding(code=void.code, seq=seq, detail=void.detail, fatal=void.fatal or fatal)
