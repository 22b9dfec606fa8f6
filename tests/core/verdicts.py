"""What a test expects of the fold: codes of findings, and where a request stands."""

from orgroot.core.audit_log import request_state
from orgroot.core.findings import FindingCode
from orgroot.core.log_state import LogState, RequestState
from tests.core import world as w

C = FindingCode


def codes(state: LogState) -> list[FindingCode]:
    """The codes of all findings."""
    return [finding.code for finding in state.findings]


def standing(log: w.Log, *, running: bool = False) -> RequestState:
    """The state of the newest request."""
    return request_state(log.state, log.request_record(), log.now, lambda _: running)


def voided(log: w.Log, code: FindingCode, *, fatal: bool = False) -> None:
    """The newest record has exactly this finding."""
    newest = [f for f in log.state.findings if f.seq == log.state.seq]
    assert [f.code for f in newest] == [code], newest
    assert newest[0].fatal is fatal
    assert newest[0].detail
