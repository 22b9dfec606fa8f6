"""Requests that make no sense in themselves, or would hide what they do from an approver."""

import base64
from typing import Any

import pytest

from orgroot.core.findings import FindingCode
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import sha256
from orgroot.core.scp import TAGS
from orgroot.core.statement_parts import SessionAsk, Target
from tests.core import scene as s
from tests.core import world as w

ABOUT = (Target(organization=s.ORG),)
EVIL = b'{"Version":"2012-10-17","Statement":[{"Sid":"Keep"},{"Sid":"Evil","Principal":"*"}]}'
TWICE = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}],'


@pytest.fixture
def log() -> w.Log:
    """A log with its rules in force."""
    return w.Log(s.approvals_of())


def repair(after: bytes, *sids: str, before: bytes = s.LOCKED) -> dict[str, Any]:
    """Parameters that promise to drop statements, and put this."""
    params = s.bucket_params()
    params["buckets"][0] |= {
        "sids": list(sids or ("Lock",)),
        "after_b64": base64.b64encode(after).decode(),
        "before_b64": base64.b64encode(before).decode(),
        "expected_policy_sha256": sha256(before),
    }
    return params


def attachment(scp: str = "deny", **fields: Any) -> dict[str, Any]:
    """The change that attaches an SCP."""
    after = {"scp": scp, "id": None, "policy": None} | fields
    return {"op": "attach-scp", "target": "r-ab12", "before": None, "after": after}


def update(text: str = s.SCP) -> dict[str, Any]:
    """The change that gives an SCP another text."""
    before = {"id": "p-12345678", **s.creation()["after"]}
    return s.creation(text) | {"op": "update-scp", "before": before}


def detachment(scp: str = "deny", **fields: Any) -> dict[str, Any]:
    """The change that detaches an SCP."""
    policy = s.creation()["after"]["policy"]
    before = {"scp": scp, "id": "p-12345678", "policy": policy} | fields
    return {"op": "detach-scp", "target": "r-ab12", "before": before, "after": None}


def adoption() -> dict[str, Any]:
    """The change that gives an SCP orgroot's tag."""
    before = {"id": "p-12345678", **s.creation()["after"], "tags": {}}
    return {"op": "adopt-scp", "target": "deny", "before": before, "after": {"tags": dict(TAGS)}}


def refused(log: w.Log, words: str) -> None:
    """The newest record is void for this reason, and there is no request."""
    assert log.codes == [FindingCode.RULES_VIOLATION]
    assert words in log.state.findings[0].detail
    assert log.state.requests == {}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (repair(EVIL), "is not its policy without Lock"),
        (repair(s.OPEN.replace(b"2012-10-17", b"2008-10-17")), "is not its policy without Lock"),
        (repair(s.OPEN + b" "), "is not its policy without Lock"),
        (repair(b""), "is not its policy without Lock"),
        (repair(s.OPEN, "Keep"), "is not its policy without Keep"),
        (repair(s.OPEN, "Nobody"), "cannot be repaired so"),
        (repair(s.OPEN, before=b"not a policy"), "cannot be repaired so"),
        (repair(s.OPEN, before=TWICE.encode() + s.LOCKED[1:]), "cannot be repaired so"),
    ],
)
def test_a_repair_puts_nothing_but_the_rest(log: w.Log, params: Any, words: str) -> None:
    """What `drop-statements` puts is the seen policy less the named statements, to the byte."""
    log.request(params=params)
    refused(log, words)


def test_only_what_opens_sessions_says_how_long_they_live(log: w.Log) -> None:
    """Without a length the longest would be taken, whatever the rules allow."""
    log.request(session=None)
    refused(log, "unlock-bucket says nothing of the length of its root sessions")
    log.survey(session=None)
    assert "says nothing of the length" in log.state.findings[-1].detail
    length = SessionAsk(duration_seconds=300)
    log.request(task=Task.ADD_SCPS, targets=ABOUT, params={"plan": [s.creation()]}, session=length)
    assert "opens none, and names the length" in log.state.findings[-1].detail
    assert log.state.requests == {}


def test_a_repair_that_is_one_is_a_request(log: w.Log) -> None:
    """The honest request counts."""
    log.request(params=repair(s.OPEN))
    assert log.codes == []


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ([s.creation(TWICE + s.SCP[1:])], "stands twice"),
        ([s.creation(f" {s.SCP}")], "is not as it is sent"),
        ([s.creation("no policy")], "not JSON"),
        ([s.creation() | {"after": "text"}], "does not fit"),
        ([attachment()], "without saying which text"),
        ([attachment("other"), s.creation()], "without saying which text"),
        ([attachment(id="p-12345678")], "without saying which text"),
        ([attachment() | {"after": {}}], "does not fit"),
        ([update(TWICE + s.SCP[1:])], "stands twice"),
        ([update() | {"before": None}], "does not fit"),
        ([detachment(policy=None)], "detaches SCP deny without saying which text"),
        ([detachment(id=None)], "detaches SCP deny without saying which text"),
        ([s.creation(), detachment(id=None, policy=None)], "detaches SCP deny without saying"),
        ([update(), attachment()], "attaches SCP deny without saying"),
        ([update() | {"op": "delete-scp", "before": "text"}], "does not fit"),
        ([adoption() | {"after": {"tags": {"team": "x"}}}], "no other"),
        ([adoption() | {"before": None}], "does not fit"),
    ],
)
def test_an_scp_is_there_to_be_read(log: w.Log, plan: Any, words: str) -> None:
    """An SCP without a text, or with one that can be read in two ways, makes its plan void."""
    adds = {"create-scp", "attach-scp"} >= {change["op"] for change in plan}
    log.request("alice", Task.ADD_SCPS if adds else Task.CHANGE_SCPS, ABOUT, {"plan": plan})
    refused(log, words)


def test_an_allowing_scp_cannot_travel_as_an_addition(log: w.Log) -> None:
    """Beside an allow list an Allow loosens: the stricter task asks for it."""
    plan = [s.creation(s.SCP.replace("Deny", "Allow"))]
    log.request("alice", Task.ADD_SCPS, ABOUT, {"plan": plan})
    refused(log, "Its plan needs change-scps")


def test_plans_that_show_their_texts_are_requests(log: w.Log) -> None:
    """Created and attached, or attached with its text: both count, and other changes too."""
    known_as = {"id": "p-12345678", "policy": None}
    changes = [
        update(),
        attachment(**known_as),
        detachment(policy=None),
        detachment("other"),
        {**update(), "op": "delete-scp", "after": None},
        adoption(),
    ]
    log.request("alice", Task.CHANGE_SCPS, ABOUT, {"plan": changes})
    text = s.creation()["after"]["policy"]
    known = attachment("known", id="p-12345678", policy=text)
    log.request("alice", Task.ADD_SCPS, ABOUT, {"plan": [s.creation(), attachment(), known]})
    on = {"op": "enable-feature", "target": "RootSessions", "before": False, "after": True}
    log.request("alice", Task.ENABLE_ROOT_ACCESS, ABOUT, {"plan": [on]})
    assert log.codes == []
