"""Rules that allow break-glass to the people on call, and logs in which it was broken."""

from typing import Any

from orgroot.core.config import Approvals
from orgroot.core.ids import ExecutionId, RequestId
from orgroot.core.review import shown
from orgroot.core.statement_parts import Signer
from orgroot.core.statements import Review, timestamp
from tests.core import scene as s
from tests.core import world as w

ONCALL = ("alice", "olga")


def section(**changes: Any) -> dict[str, Any]:
    """A `break_glass` section."""
    review = {"within": "24h", "group": "security", "count": "1"}
    tree: dict[str, Any] = {"requesters": {"groups": ["oncall"]}, "review": review}
    return tree | {"max_open_unreviewed": "1", "max_per_24h": "2"} | changes


def people(**changes: Any) -> dict[str, Any]:
    """The usual people, alice and olga on call."""
    oncall = {
        name: s.person(name, groups=[*s.PEOPLE[name], "oncall"], **changes) for name in ONCALL
    }
    return {**oncall, "dave": s.person("dave", groups=["oncall"])}


def approvals(*sections: dict[str, Any] | None, **fields: Any) -> Approvals:
    """The rule for root tasks once for each section, and the reading one."""
    rules = [
        s.rule(
            f"root-{n}",
            s.ROOT_TASKS,
            1,
            each_of={"security": 1},
            **({"executors": ["platform"]} | fields.get("of_rules", {})),
            **({} if found is None else {"break_glass": found}),
        )
        for n, found in enumerate(sections or (section(),))
    ]
    rest = {name: value for name, value in fields.items() if name != "of_rules"}
    return s.approvals_of(*rules, s.RULES[-1], **({"people": people()} | rest))


def log_of(*sections: dict[str, Any] | None, **fields: Any) -> w.Log:
    """A log with such rules in force."""
    return w.Log(approvals(*sections, **fields))


def asked(log: w.Log, who: str = "alice", **changes: Any) -> RequestId:
    """An emergency, asked for."""
    return log.request(who, break_glass=True, **changes)


def begun(log: w.Log, who: str = "alice", **changes: Any) -> tuple[RequestId, ExecutionId]:
    """An emergency, asked for and begun at once."""
    request = asked(log, who, **changes)
    return request, log.intent(who, request)


def broken(log: w.Log, who: str = "alice", **changes: Any) -> RequestId:
    """The whole of it: asked, done, recorded."""
    request, run = begun(log, who, **changes)
    log.fact(run, s.issued(key_id=f"ASIA{log.state.seq}"))
    bucket = log.state.requests[request].params["buckets"][0]["bucket"]
    log.fact(run, s.begun(target=bucket))
    log.fact(run, s.made())
    log.fact(run, s.ended())
    return request


def review_body(log: w.Log, who: str, request: RequestId, **changes: Any) -> Review:
    """A review of what was shown."""
    record = log.state.requests[request]
    body = Review(
        **log.common(),
        signer=Signer(person=who, key=s.key(who)),
        decision="reviewed",
        request_id=request,
        request_sha256=record.sha256,
        expires_at=timestamp(log.now),
        comment="it was needed",
        summary=shown(log.state, record),
        ticket="",
    )
    return w.changed(body, changes)


def review(log: w.Log, who: str, request: RequestId, **changes: Any) -> int:
    """Append a review."""
    return log.signed(review_body(log, who, request, **changes), who)
