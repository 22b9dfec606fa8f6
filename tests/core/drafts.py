"""Requests and approvals as drafted, and the decision on them."""

from datetime import datetime, timedelta
from typing import Any

from orgroot.core.approval import Decision, Phase, decide
from orgroot.core.ids import request_id_of, sha256
from orgroot.core.log_state import DecisionRecord, RequestRecord, RulesInForce
from orgroot.core.statement_parts import HeadRef, Signer, Tool
from orgroot.core.statements import Approval, Denial, Request, Survey, timestamp, to_text
from tests.core import scene as s
from tests.core import world as w

RULES = w.in_force(s.approvals_of())
LATER = s.START + timedelta(minutes=10)


def drafted(body: Request | Survey, *decisions: DecisionRecord) -> RequestRecord:
    """A request as recorded, with decisions on it."""
    text = to_text(body)
    record = RequestRecord(
        id=request_id_of(text),
        seq=3,
        sha256=sha256(text),
        body=body,
        targets=body.targets,
        params=body.params,
    )
    for decision in decisions:
        (record.approvals if isinstance(decision.body, Approval) else record.denials).append(
            decision
        )
    return record


def request(who: str = "alice", *args: Any, **changes: Any) -> RequestRecord:
    """A request as recorded under the usual rules."""
    return drafted(w.Log().request_body(who, *args, **changes))


def decision_by(
    who: str,
    record: RequestRecord,
    *,
    kind: type[Approval] | type[Denial] = Approval,
    groups: tuple[str, ...] | None = None,
    at: datetime = s.START,
    **changes: Any,
) -> DecisionRecord:
    """A recorded approval or denial."""
    body = kind(
        schema="",
        org=s.ORG,
        log=s.LOG,
        created_at=timestamp(at),
        nonce="",
        head=HeadRef(seq=3, hash=""),
        tool=Tool(version=""),
        signer=Signer(person=who, key=s.key(who)),
        decision="approve",
        request_id=record.id,
        request_sha256=record.sha256,
        expires_at=timestamp(at + timedelta(hours=9)),
        comment="",
        summary={},
    )
    had = s.PEOPLE.get(who, ()) if groups is None else groups
    return DecisionRecord(
        seq=4, sha256=sha256(b""), body=w.changed(body, changes), groups=frozenset(had)
    )


def granted(*who: str, record: RequestRecord | None = None) -> RequestRecord:
    """A request that these people approved."""
    record = record or request()
    record.approvals += [decision_by(person, record) for person in who]
    return record


def executed(
    record: RequestRecord, rules: RulesInForce = RULES, person: str = "alice", **fields: Any
) -> Decision:
    """May it be executed now?"""
    return decide(
        rules, record, phase=Phase.EXECUTE, person=person, now=fields.pop("now", LATER), **fields
    )


def asked(
    record: RequestRecord, rules: RulesInForce = RULES, person: str = "alice", **fields: Any
) -> Decision:
    """May it be asked for?"""
    return decide(
        rules, record, phase=Phase.REQUEST, person=person, now=fields.pop("now", s.START), **fields
    )


def law(*rules: dict[str, Any], **fields: Any) -> RulesInForce:
    """Other rules."""
    return w.in_force(s.approvals_of(*rules, **fields))
