"""A log with a record of every type that the fold knows, each of which counts; as short as it goes.

The story: an owner founds the log and hands it over; a bucket is unlocked by day, and one at night,
which is reviewed; and whatever else people say and executions tell, until carol loses her key.
"""

from datetime import timedelta
from typing import Any, get_args

from orgroot.core.evidence_statements import Reconciled, Report
from orgroot.core.facts import Fact
from orgroot.core.statement_parts import Moved, RecoveredEnd, Signer, Statement
from orgroot.core.statements import (
    Ack,
    Body,
    Cancel,
    Drill,
    Recovered,
    Revoke,
    Signed,
)
from tests.core import glass as g
from tests.core import scene as s
from tests.core import world as w

TYPES: tuple[type[Statement | Fact], ...] = get_args(Body)
"""Every type of a record."""

_AFTERWARDS = timedelta(hours=1)
"""Longer than any execution may still be running."""


def tag_of(kind: type[Statement | Fact]) -> str:
    """A type as records name it."""
    return str(kind.__struct_config__.tag)


def story() -> w.Log:
    """The log of it."""
    log = w.Log(trust=s.trust_of("dana"))
    log.genesis()
    log.rotate(s.owners_of("erik"), "dana", "erik")
    log.rules(_approvals(), "erik")
    _by_day(log)
    _by_night(log)
    log.survey("alice")
    _said(log)
    log.revoke("carol", "carol")
    return log


def _approvals() -> Any:
    people = dict.fromkeys(s.PEOPLE) | {
        "alice": s.person("alice", groups=["platform"], aws=[]),
        "carol": s.person("carol", groups=["security"]),
    }
    section = g.section(requesters={"groups": ["platform"]})
    unlocking = s.rule("root", ["unlock-bucket"], 1, each_of={"security": 1}, break_glass=section)
    reading = s.rule("read", s.READING[:1], 0)
    return s.approvals_of(unlocking, reading, people=people)


def _by_day(log: w.Log) -> None:
    """Asked, approved, refused by AWS, begun again, and closed by somebody else."""
    request = _asked(log)
    log.approve("carol", request)
    log.fact(log.intent("alice", request), s.refused())
    run = log.intent("alice", request)
    log.fact(run, s.issued())
    log.now += _AFTERWARDS
    end = RecoveredEnd(account=s.ACCOUNT, outcome="unverified", detail="")
    log.signed(
        Recovered(**log.common(), signer=_signer("carol"), execution_id=run, ends=(end,)), "carol"
    )


def _by_night(log: w.Log) -> None:
    """Done before anybody approved it, and reviewed."""
    request = _asked(log, break_glass=True)
    run = log.intent("alice", request)
    log.fact(run, s.issued(key_id="ASIA2"))
    log.fact(run, s.begun(operation="s3:DeleteBucketPolicy"))
    log.fact(run, s.made())
    log.fact(run, s.ended())
    g.review(log, "carol", request)


def _said(log: w.Log) -> None:
    """What needs no execution: denied, taken back, rehearsed, compared, acknowledged."""
    log.deny("carol", _asked(log))
    request = _asked(log)
    log.approve("carol", request)
    record = log.state.requests[request]
    about = {"request_id": request, "request_sha256": record.sha256, "comment": ""}
    carol, alice = _signer("carol"), _signer("alice")
    _say(log, Revoke, signer=carol, statement_sha256=record.approvals[0].sha256, **about)
    _say(log, Cancel, signer=alice, **about)
    _say(log, Drill, signer=alice, rehearsed=("unlock-bucket",), failed=())
    times = {"since": "2026-03-01T00:00:00Z", "until": "2026-03-02T09:00:00Z"}
    _say(
        log,
        Reconciled,
        signer=carol,
        accounts=("111111111111",),
        counts={"MATCHED": 3},
        report_sha256="0" * 64,
        **times,
    )
    _say(
        log,
        Report,
        signer=carol,
        survey=request,
        counts={"findings": 2, "new": 1},
        report_sha256="0" * 64,
    )
    moved = Moved(account=s.ACCOUNT, ou_path="r-ab12", tags_sha256="", tags={})
    _say(log, Ack, signer=_signer("erik"), moves=(moved,), versions=(), reason="moved")


def _say(log: w.Log, kind: type[Signed], **fields: Any) -> None:
    log.signed(kind(**log.common(), **fields), fields["signer"].person)


def _signer(person: str) -> Signer:
    return Signer(person=person, key=s.key(person))


def _asked(log: w.Log, **changes: Any) -> Any:
    """A request to delete the policy of a bucket, which nobody could read."""
    bucket = {
        "bucket": s.BUCKET,
        "region": "eu-west-1",
        "expected_policy_sha256": None,
        "unseen": True,
        "sids": [],
        "before_b64": "",
        "after_b64": "",
    }
    about = (s.target(name="", tags_sha256="", ou_path=""),)
    params = {"mode": "delete", "buckets": [bucket]}
    return log.request("alice", params=params, targets=about, **changes)
