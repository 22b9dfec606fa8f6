"""What an approver is shown: what the texts say, in words that a verifier can rebuild."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from orgroot.core.governed_tasks import Task
from orgroot.core.ids import sha256
from orgroot.core.log_state import LogState
from orgroot.core.statement_parts import SessionAsk
from orgroot.core.summary import FEW, summarize
from orgroot.core.whereabouts import Whereabouts
from tests.core import scene as s
from tests.core import world as w
from tests.core.drafts import drafted


def shown(*args: Any, **changes: Any) -> dict[str, Any]:
    """The summary of a request that stands alone."""
    return summarize(LogState(), drafted(w.Log().request_body("alice", *args, **changes)))


def bucket(**changes: Any) -> dict[str, Any]:
    """The parameters of an unlocking with one field changed."""
    params = s.bucket_params()
    params["buckets"][0] |= changes
    return params


def policy(text: bytes) -> dict[str, str]:
    """The two fields that carry a policy that was seen."""
    return {"before_b64": base64.b64encode(text).decode(), "expected_policy_sha256": sha256(text)}


def test_an_unlocking_shows_what_stays_and_what_goes() -> None:
    """Mode, bucket, both texts by size and digest, and the statements that differ."""
    summary = shown(ticket="INC-1")
    assert summary["changes"] == [
        "drop-statements of bucket example-logs in eu-west-1",
        f"policy now: {len(s.LOCKED)} bytes, sha256 {sha256(s.LOCKED)}",
        f"policy then: {len(s.OPEN)} bytes, sha256 {sha256(s.OPEN)}",
        "statements dropped: #1 Lock",
        "statements kept: 1",
        "statements ADDED: none",
    ]
    assert summary["targets"] == ["3333-3333-3333 team-3 in r-ab12/ou-ab12-11111111"]
    assert (summary["region"], summary["session"]) == ("eu-west-1", "300 seconds")
    assert (summary["requester"], summary["ticket"]) == ("alice", "INC-1")
    assert (summary["break-glass"], summary["denials"]) == ("no", [])
    assert summary["expires"] == "2026-03-02T13:00:00Z"


def test_a_statement_that_was_slipped_in_is_shown() -> None:
    """The approver sees what the text says, not what the requester says it does."""
    evil = b'{"Statement":{"Effect":"Allow","Principal":"*"}}'
    lines = shown(params=bucket(after_b64=base64.b64encode(evil).decode()))["changes"]
    assert lines[-3:] == [
        "statements dropped: #1 Lock, #2 Keep",
        "statements kept: 0",
        "statements ADDED: #1",
    ]


@pytest.mark.parametrize("text", [b"{", b"[1]", b'{"Statement":1}', b"\xff"])
def test_a_policy_that_cannot_be_read_is_said_to_be_so(text: bytes) -> None:
    """No guess is made about texts that are not policies."""
    assert shown(params=bucket(**policy(text)))["changes"][-1] == "statements: not readable"


def test_an_unseen_policy_is_called_unseen() -> None:
    """Deleting what nobody looked at says so."""
    change = bucket(
        expected_policy_sha256=None, unseen=True, before_b64="", after_b64="", sids=[]
    ) | {"mode": "delete"}
    assert shown(params=change)["changes"] == [
        "delete of bucket example-logs in eu-west-1",
        "policy now: UNSEEN",
        "policy then: none, it is deleted",
    ]


def test_odd_statements_have_a_number() -> None:
    """A statement without a Sid is known by its place."""
    odd = b'{"Statement":["x",{"Sid":5}]}'
    lines = shown(params=bucket(**policy(odd)))["changes"]
    assert "statements dropped: #1, #2" in lines


def test_readings_are_described() -> None:
    """A request to read says what is read, and a session without a length says so."""
    params = {"buckets": [{"bucket": "logs", "region": "eu-west-1"}]}
    summary = shown(Task.INSPECT_BUCKET_POLICY, None, params, session=None, justification="")
    assert summary["changes"] == ["read the policy of bucket logs in eu-west-1"]
    assert summary["session"] == "as long as rules allow"
    assert summary["justification"] == "none"
    survey = drafted(w.Log().survey_body())
    assert summarize(LogState(), survey)["changes"] == ["read which root credentials exist"]


def test_a_small_removal_lists_every_account() -> None:
    """What was seen in each account stands beside its id; an account not looked at is named."""
    seen = s.removal_params(s.ACCOUNT)
    seen["seen"][s.OTHER] = {
        "password": False,
        "access_keys": [],
        "signing_certificates": ["C1"],
        "mfa_devices": ["arn:mfa"],
    }
    seen["seen"]["999999999999"] = seen["seen"][s.ACCOUNT]
    seen["seen"]["666666666666"] = s.removal_params("x")["seen"]["x"] | {
        "password": False,
        "access_keys": [],
    }
    about = tuple(s.target(a) for a in (s.ACCOUNT, s.OTHER, s.THIRD, "666666666666"))
    lines = shown(Task.DELETE_ROOT_CREDENTIALS, about, seen)["changes"]
    assert lines == [
        "remove: password, access-keys",
        "3333-3333-3333 has a password, access key AKIAEXAMPLE",
        "4444-4444-4444 has signing certificate C1, MFA device arn:mfa",
        "5555-5555-5555 has not been looked at",
        "6666-6666-6666 has nothing",
        "accounts with a password: 1",
        "accounts with access keys: 1",
        "accounts with signing certificates: 1",
        "accounts with MFA devices: 1",
        "accounts not looked at: 1",
    ]


def test_a_large_removal_shows_counts_and_what_stands_out() -> None:
    """Many accounts are counted, their list has a digest, accounts with keys are named."""
    accounts = [f"{n:012d}" for n in range(100, 145)]
    params = s.removal_params(*accounts)
    for account in accounts[1::2]:
        params["seen"][account] = params["seen"][account] | {"access_keys": []}
    about = tuple(s.target(account) for account in accounts)
    summary = shown(Task.DELETE_ROOT_CREDENTIALS, about, params)
    assert summary["targets"][0].startswith("45 accounts, list sha256 ")
    assert summary["changes"][1:5] == [
        "accounts with a password: 45",
        "accounts with access keys: 23",
        "accounts with signing certificates: 0",
        "accounts with MFA devices: 0",
    ]
    assert summary["changes"][-2].startswith("with access keys: 0000-0000-0100, 0000-0000-0102")
    assert summary["changes"][-1] == "with access keys, not listed here: 3"
    few = tuple(s.target(account) for account in accounts[:21])
    assert "not listed" not in shown(Task.DELETE_ROOT_CREDENTIALS, few, params)["changes"][-1]


def test_a_plan_shows_each_change_and_its_texts_by_digest() -> None:
    """Policy texts appear as characters and digest, never as base64; the rest as it is."""
    text = '{"é":1}'
    value = {"name": "deny", "content": {"b64": base64.b64encode(text.encode()).decode()}}
    plan = {
        "plan": [
            {"op": "create-scp", "target": "deny", "before": None, "after": value},
            {"op": "attach-scp", "target": "r-ab12", "before": [{"b64": "?"}], "after": True},
            {"op": "attach-scp", "target": "r-ab12", "before": None, "after": {"scp": "deny"}},
            {
                "op": "detach-scp",
                "target": "r-ab12",
                "before": {"id": None, "scp": "deny"},
                "after": None,
            },
        ]
    }
    about = (w.Target(organization=s.ORG),)
    summary = shown(Task.ADD_SCPS, about, plan)
    content = f"7 characters, sha256 {sha256(text.encode())}"
    assert summary["changes"] == [
        f'create-scp deny: {{"content":"{content}","name":"deny"}}',
        'attach-scp r-ab12: ["not base64"] becomes true',
        'attach-scp r-ab12: {"scp":"deny"}',
        'detach-scp r-ab12: {"scp":"deny"} becomes nothing',
    ]
    assert summary["targets"] == [f"organization {s.ORG}"]
    assert summary["region"] == "none"


def test_another_text_is_shown_by_its_statements() -> None:
    """Which statements come, go and change is counted from the texts, whoever says what."""
    before, after = {"id": "p-1", **s.creation()["after"]}, s.creation()["after"]
    text = s.SCP.replace('"Effect"', '"Sid":"New","Effect"')
    change = {"op": "update-scp", "target": "deny", "before": before, "after": after}
    other = change | {"after": s.creation(text)["after"]}
    broken = change | {"after": s.creation("{")["after"]}
    lines = [
        shown(Task.CHANGE_SCPS, (w.Target(organization=s.ORG),), {"plan": [plan]})["changes"][1:]
        for plan in (change, other, broken)
    ]
    assert lines[0] == [f"statements {kind}: none" for kind in ("added", "removed", "changed")]
    assert lines[1] == [
        "statements added: #1 New",
        "statements removed: #1",
        "statements changed: none",
    ]
    assert lines[2][0].startswith("statements: not readable: policy: not JSON")


def test_what_a_plan_of_scps_asks_for_besides_is_said_first() -> None:
    """An accepted lockout, a rollback and a wave stand before the changes, in words."""
    plan = {
        "plan": [s.creation()],
        "accept_lockout": ["unlock-bucket"],
        "rolls_back": "orq_" + "a" * 26,
        "waves": [{"scp": "deny", "wave": 2, "account": s.ACCOUNT}],
    }
    lines = shown(Task.CHANGE_SCPS, (w.Target(organization=s.ORG),), plan)["changes"]
    assert lines[0].startswith("LOCKOUT ACCEPTED: root sessions of unlock-bucket")
    assert lines[1] == f"the requester calls it a rollback of {plan['rolls_back']}"
    assert lines[2].startswith("the requester calls it wave 2 of SCP deny; afterwards an audit")
    assert lines[3].startswith("create-scp")


def test_parameters_that_do_not_fit_are_not_understood() -> None:
    """A request that cannot be carried out is shown as that."""
    assert shown(params={})["changes"][0].startswith("not understood: ")


def test_break_glass_is_shown() -> None:
    """An approver sees it even though nothing is granted by it."""
    assert shown(break_glass=True)["break-glass"] == "yes"
    assert shown(targets=(s.target(ou_path=""),))["targets"][0].endswith("in no known OU")
    assert shown(session=SessionAsk(duration_seconds=60))["session"] == "60 seconds"


def test_denials_of_the_same_target_are_shown() -> None:
    """Those since 24 hours before the request, up to the head, of the same account only."""
    log = w.Log(s.approvals_of())
    first = log.request()
    log.deny("bob", first, comment="x" * 500)
    elsewhere = log.request(targets=(s.target(s.OTHER),))
    log.deny("carol", elsewhere, comment="")
    again = log.request()
    denials = summarize(log.state, log.state.requests[again])["denials"]
    assert denials == [f"2026-03-02T09:03:00Z bob denied {first} (unlock-bucket): {'x' * 200}"]
    head = log.state.seq
    log.deny("carol", again, comment="")
    record = log.state.requests[again]
    assert summarize(log.state, record, head)["denials"] == denials
    assert len(summarize(log.state, record)["denials"]) == 2
    log.now += timedelta(hours=25)
    later = log.state.requests[log.request()]
    assert summarize(log.state, later)["denials"] == []


def test_many_denials_are_cut_short() -> None:
    """The newest twenty are shown, and how many more there are."""
    log = w.Log(s.approvals_of())
    for _ in range(21):
        log.deny("bob", log.request())
    denials = summarize(log.state, log.state.requests[log.request()])["denials"]
    assert (len(denials), denials[-1]) == (21, "and 1 earlier")


def test_an_account_that_moved_stands_out() -> None:
    """An approver reads where the log saw it before, with the tags that rules look at."""
    record = drafted(w.Log().request_body())
    place = Whereabouts(ou_path="r-ab12/ou-ab12-prod0001", tags=(("owner", None), ("stage", "x")))
    record.moved = {s.ACCOUNT: (place, Whereabouts())}
    assert summarize(LogState(), record)["targets"][1] == (
        "MOVED: 3333-3333-3333 was seen in r-ab12/ou-ab12-prod0001 (no owner, stage=x) "
        "and in an unknown OU"
    )
    record.moved = {str(n): (place,) for n in range(FEW + 3)}
    assert summarize(LogState(), record)["targets"][-1] == "MOVED: 3 more"


def removal_of(*accounts: str, used: str | None) -> list[str]:
    """What is shown of a removal in accounts whose key was last used so."""
    params = s.removal_params(*accounts)
    for seen in params["seen"].values():
        seen["key_last_used"] = used
    about = tuple(s.target(account) for account in accounts)
    changes = shown(Task.DELETE_ROOT_CREDENTIALS, about, params)["changes"]
    return [line for line in changes if "USED" in line]


def test_a_key_that_is_in_use_stands_out() -> None:
    """The last use is shown with what the account has; in a long list those of late are counted."""
    late, long_ago = "2026-02-20T08:00:00Z", "2024-01-01T00:00:00Z"
    (has, counted) = removal_of(s.ACCOUNT, used=late)
    assert has.endswith(f"access key AKIAEXAMPLE, its key LAST USED {late}")
    assert counted == "accounts whose key was USED in the last 90 days: 1"
    assert len(removal_of(s.ACCOUNT, used=long_ago)) == 1
    assert removal_of(s.ACCOUNT, used=None) == []
    many = [f"{n:012d}" for n in range(1, FEW + 2)]
    first, *named = removal_of(*many, used=late)
    assert first.endswith(f": {FEW + 1}")
    assert named[0] == f"0000-0000-0001: key LAST USED {late}"
    assert len(named) == FEW
