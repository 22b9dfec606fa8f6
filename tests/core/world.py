"""A log in memory with real keys: dana owns it, alice and olga ask, bob, carol and erik approve.

`Log.append…` writes what an honest program would; every field can be overridden, to lie.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from orgroot.core.codec import EMPTY, Signature
from orgroot.core.config import Approvals, Owners, Trust
from orgroot.core.ephemeral import EphemeralKey
from orgroot.core.facts import (
    Aborted,
    AbortedItem,
    Closed,
    ClosedItem,
    Issued,
    IssuedItem,
    Observed,
    StepIntent,
    StepIntentItem,
    StepResult,
    StepResultItem,
)
from orgroot.core.governed_tasks import GOVERNED_TASKS, Task
from orgroot.core.ids import Digest, ExecutionId, RequestId, execution_id_of, request_id_of, sha256
from orgroot.core.log_state import RulesInForce
from orgroot.core.statement_parts import RulesRef, SessionAsk, Signer, Target
from orgroot.core.statements import (
    SCHEMA,
    Approval,
    Denial,
    Genesis,
    Intent,
    KeyRevoke,
    Request,
    Rules,
    Survey,
    TrustChange,
    timestamp,
    to_text,
)
from orgroot.core.summary import summarize
from tests.core import scene as s
from tests.core.bare_log import BareLog

T = TypeVar("T", bound=msgspec.Struct)


def changed(body: T, changes: Mapping[str, Any]) -> T:
    """The same statement with other fields."""
    return msgspec.structs.replace(body, **changes)


class Log(BareLog):
    """The same with the statements of its people and executions."""

    def __init__(self, approvals: Approvals | None = None, *, trust: Trust | None = None) -> None:
        super().__init__(trust or s.trust_of())
        if approvals is not None:
            self.genesis()
            self.rules(approvals)

    def genesis(self, *signers: str, **changes: Any) -> int:
        """Append the first record."""
        people = signers or ("dana",)
        body = Genesis(
            **self.common(),
            signers=tuple(Signer(person=p, key=s.key(p)) for p in people),
            endpoint="sandbox",
            management_account="111111111111",
            owners=self.trust.owners,
            retain=self.trust.retain,
        )
        return self.signed(changed(body, changes), *people)

    def trust_body(self, owners: Owners, *signers: str, **changes: Any) -> TrustChange:
        """Other owners, the next serial."""
        body = TrustChange(
            **self.common(),
            signers=tuple(Signer(person=p, key=s.key(p)) for p in signers),
            serial=len(self.state.trusts),
            owners=owners,
            retain=None,
        )
        return changed(body, changes)

    def rotate(self, owners: Owners, *signers: str, **changes: Any) -> int:
        """Append a change of owners."""
        return self.signed(self.trust_body(owners, *signers, **changes), *signers)

    def revoke_body(self, who: str, person: str, key: str = "", **changes: Any) -> KeyRevoke:
        """The end of a person's key (of the same name, or another's), signed by `who`."""
        body = KeyRevoke(
            **self.common(),
            signer=Signer(person=who, key=s.key(who)),
            person=person,
            key=s.key(key or person),
            reason="lost",
            compromised_since=None,
        )
        return changed(body, changes)

    def revoke(self, who: str, person: str, key: str = "", **changes: Any) -> int:
        """Append the end of a key."""
        return self.signed(self.revoke_body(who, person, key, **changes), who)

    def rules_body(self, approvals: Approvals, *signers: str, **changes: Any) -> Rules:
        """Rules of the next serial."""
        people = signers or ("dana",)
        body = Rules(
            **self.common(),
            signers=tuple(Signer(person=p, key=s.key(p)) for p in people),
            serial=len(self.state.rules) + 1,
            expires_at=timestamp(approvals.expires),
            approvals=approvals,
        )
        return changed(body, changes)

    def rules(self, approvals: Approvals, *signers: str, **changes: Any) -> int:
        """Publish rules."""
        body = self.rules_body(approvals, *signers, **changes)
        return self.signed(body, *(signers or ("dana",)))

    def asked(
        self, who: str, task: Task, targets: tuple[Target, ...], params: Any
    ) -> dict[str, Any]:
        """The fields that requests and surveys share."""
        policies = GOVERNED_TASKS[task].task_policies
        rules = self.state.rules_in_force
        return {
            **self.common(),
            "signer": Signer(person=who, key=s.key(who)),
            "expires_at": timestamp(self.now + timedelta(hours=4)),
            "rules": RulesRef(serial=1, sha256=rules.sha256 if rules else EMPTY),
            "task": task,
            "task_policy": policies[0] if policies else None,
            "targets": targets,
            "targets_object": None,
            "params": params,
            "params_object": None,
            "session": SessionAsk(duration_seconds=300) if policies else None,
            "ticket": "",
            "justification": "the bucket is locked",
        }

    def request_body(
        self,
        who: str = "alice",
        task: Task = Task.UNLOCK_BUCKET,
        targets: tuple[Target, ...] | None = None,
        params: Any = None,
        **changes: Any,
    ) -> Request:
        """A request to unlock a bucket, or what is said instead."""
        about = (s.target(),) if targets is None else targets
        params = s.bucket_params() if params is None else params
        body = Request(**self.asked(who, task, about, params), break_glass=False)
        return changed(body, changes)

    def request(self, who: str = "alice", *args: Any, **changes: Any) -> RequestId:
        """Append a request."""
        body = self.request_body(who, *args, **changes)
        self.signed(body, body.signer.person)
        return request_id_of(to_text(body))

    def removal(self, *accounts: str, who: str = "alice", **changes: Any) -> RequestId:
        """Append a request to remove credentials."""
        targets = tuple(s.target(account) for account in accounts)
        about = changes.pop("targets", targets)
        return self.request(
            who, Task.DELETE_ROOT_CREDENTIALS, about, s.removal_params(*accounts), **changes
        )

    def decision_body(
        self, who: str, request: RequestId, kind: type[Approval] | type[Denial], **changes: Any
    ) -> Approval | Denial:
        """An approval or denial of what was shown."""
        record = self.state.requests[request]
        body = kind(
            **self.common(),
            signer=Signer(person=who, key=s.key(who)),
            decision="approve" if kind is Approval else "deny",
            request_id=request,
            request_sha256=record.sha256,
            expires_at=timestamp(self.now + timedelta(hours=2)),
            comment="seen",
            summary=summarize(self.state, record),
        )
        return changed(body, changes)

    def approve(self, who: str, request: RequestId, **changes: Any) -> int:
        """Append an approval."""
        return self.signed(self.decision_body(who, request, Approval, **changes), who)

    def deny(self, who: str, request: RequestId, **changes: Any) -> int:
        """Append a denial."""
        return self.signed(self.decision_body(who, request, Denial, **changes), who)

    def run_fields(self, who: str, accounts: tuple[str, ...], task: Task) -> dict[str, Any]:
        """The fields that intents and surveys share."""
        return {
            "caller_arn": s.arn(who) if who in s.AWS else s.arn("nobody"),
            "executor_arn": None,
            "accounts": accounts,
            "accounts_object": None,
            "task_policies": GOVERNED_TASKS[task].task_policies,
            "deadline": timestamp(self.now + timedelta(minutes=15)),
            "observed_at": timestamp(self.now),
            "ephemeral_key": EphemeralKey.from_seed(s.SEED).public_b64,
            "reference_in": "user-agent",
        }

    def intent_body(
        self, who: str, request: RequestId, accounts: tuple[str, ...] | None = None, **changes: Any
    ) -> Intent:
        """An execution of all that the request is about."""
        record = self.state.requests[request]
        body = Intent(
            **self.common(),
            signer=Signer(person=who, key=s.key(who)),
            request_id=request,
            request_sha256=record.sha256,
            approvals=tuple(approval.seq for approval in record.approvals),
            **self.run_fields(
                who, record.accounts if accounts is None else accounts, record.body.task
            ),
        )
        return changed(body, changes)

    def intent(
        self, who: str, request: RequestId, accounts: tuple[str, ...] | None = None, **changes: Any
    ) -> ExecutionId:
        """Append an intent."""
        body = self.intent_body(who, request, accounts, **changes)
        self.signed(body, who)
        return execution_id_of(to_text(body))

    def survey_body(self, who: str = "nightly", *accounts: str, **changes: Any) -> Survey:
        """A look at root credentials."""
        task = Task.AUDIT_ROOT_CREDENTIALS
        about = accounts or (s.ACCOUNT,)
        body = Survey(
            **self.asked(who, task, tuple(s.target(account) for account in about), {}),
            **self.run_fields(who, about, task),
        )
        return changed(body, changes)

    def survey(self, who: str = "nightly", *accounts: str, **changes: Any) -> ExecutionId:
        """Append a survey."""
        body = self.survey_body(who, *accounts, **changes)
        self.signed(body, who)
        return execution_id_of(to_text(body))

    # --- facts -----------------------------------------------------------------------------------

    def fact_body(self, run: str, *items: Any, **changes: Any) -> Observed:
        """A fact for the next place."""
        kinds: dict[type, Any] = {
            IssuedItem: Issued,
            StepIntentItem: StepIntent,
            StepResultItem: StepResult,
            ClosedItem: Closed,
            AbortedItem: Aborted,
        }
        fields = {
            "schema": SCHEMA,
            "execution_id": run,
            "seq": self.state.seq + 1,
            "prev": self.state.hash,
            "at": timestamp(self.now),
            "items": items,
        }
        body: Observed = kinds[type(items[0])](**(fields | changes))
        return body

    def fact_raw(self, body: Observed, *, seed: bytes = s.SEED, **envelope: Any) -> bytes:
        """The record of a fact."""
        text = to_text(body)
        sig = Signature(alg="ed25519", sig=EphemeralKey.from_seed(seed).sign(text))
        return self.raw(text, (sig,), **envelope)

    def fact(self, run: str, *items: Any, seed: bytes = s.SEED, **changes: Any) -> int:
        """Append a fact."""
        return self.admit(self.fact_raw(self.fact_body(run, *items, **changes), seed=seed))

    def fact_object(self, run: str, n: int, *items: Any, seed: bytes = s.SEED) -> Digest:
        """Write a fact of a survey beside the log; answers its hash."""
        body = self.fact_body(run, *items, seq=0, prev="")
        raw = self.fact_raw(body, seed=seed, seq=0, prev="")
        self.store[f"facts/{self.state.executions[ExecutionId(run)].seq}/{n}.json"] = raw
        return sha256(raw)


def in_force(approvals: Approvals, **where: str) -> RulesInForce:
    """Rules as if the fold had accepted them; `where` the log lies."""
    body = Log(trust=s.trust_of()).rules_body(approvals)
    return RulesInForce(seq=2, sha256=EMPTY, body=body, **where)


def unlocked(log: Log) -> ExecutionId:
    """The whole story of one bucket: asked, approved, executed, recorded."""
    request = log.request()
    log.approve("bob", request)
    run = log.intent("alice", request)
    log.fact(run, s.issued())
    log.fact(run, s.begun())
    log.fact(run, s.made())
    log.fact(run, s.ended())
    return run
