"""Records that somebody wrote to stop the others: by anyone, or by one of the roster."""

import pytest

from orgroot.core.audit_log import Fold, fatal_findings
from orgroot.core.codec import Signature
from orgroot.core.findings import FindingCode
from orgroot.core.statement_parts import ObjectRef
from tests.core import scene as s
from tests.core import world as w

ANYONE = Signature(alg="ed25519", sig="nobody signed this")
BOB = Signature(alg="sshsig", key=s.key("bob"), sig="nor this")


@pytest.fixture
def log() -> w.Log:
    """A log with its rules in force."""
    return w.Log(s.approvals_of())


def goes_on(log: w.Log) -> None:
    """Others still ask and approve, and nothing shows an altered log."""
    request = log.request()
    log.approve("bob", request)
    assert log.state.requests[request].approvals
    assert fatal_findings(log.state) == ()


@pytest.mark.parametrize("sig", [ANYONE, BOB])
@pytest.mark.parametrize(
    "body",
    [
        '{"a":' + "[" * 60000,
        '{"type":"\\ud800"}',
        '{"type":["approval"],"execution_id":{}}',
        '{"execution_id":[]}',
        '{"type":"\\u0000","execution_id":0}',
        '{"a":1e999}',
        '{"a":' + "9" * 5000 + "}",
    ],
)
def test_a_signed_looking_body_of_any_shape_stops_nobody(
    log: w.Log, body: str, sig: Signature
) -> None:
    """What cannot be parsed is a finding, however deep or odd, and whoever seems to sign it."""
    log.admit(log.raw(body.encode(), (sig,)))
    assert log.codes == [FindingCode.BADSIG]
    goes_on(log)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/dev/zero", "", "A" * 64, "0" * 65])
def test_an_object_is_never_looked_for_under_another_kind_of_name(log: w.Log, name: str) -> None:
    """A path in place of a SHA-256 is void, is asked of no store, and stops nobody."""
    asked: list[object] = []
    log.fold = Fold(trust=log.trust, organization=s.ORG, objects=asked.append)
    for seq, raw in enumerate(log.raws, 1):
        log.fold.admit(seq, raw)
    ref = ObjectRef(sha256=name, count=1)
    log.signed(log.request_body(params={}, params_object=ref), "alice")
    log.signed(log.request_body(targets=(), targets_object=ref), "alice")
    log.signed(log.survey_body("nightly", accounts=(), accounts_object=ref), "nightly")
    assert log.codes == [FindingCode.OBJECT] * 3
    assert asked == []
    goes_on(log)


def test_a_name_made_to_be_slow_is_refused_at_once(log: w.Log) -> None:
    """No bucket name of a request keeps the readers of the log busy with an owner's patterns."""
    security = {"security": 1}
    log.rules(
        s.approvals_of(
            s.rule("slow", ["unlock-bucket"], 1, buckets=["*a*a*a*b"], each_of=security),
            s.rule("rest", ["unlock-bucket"], 1, each_of=security),
        )
    )
    params = s.bucket_params()
    params["buckets"][0]["bucket"] = "a" * 20000
    log.request(params=params)  # by a matcher that tries every way, this would not end
    assert log.codes == [FindingCode.RULES_VIOLATION]
