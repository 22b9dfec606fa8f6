"""A real process killed between its step-intent and the result, and `orgroot recover` after it."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orgroot.local.memory import LocalMemory
from tests.e2e.bucket_owner import denial, innocent, make_bucket
from tests.e2e.playground import Playground, playground

PATIENCE = 60
PASSED = 50 * 60
"""Seconds: longer than a session, its margin and half an hour."""


@pytest.fixture
def own_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A sandbox whose clock may be moved."""
    with playground(tmp_path_factory.mktemp("recover") / "s", "--accounts", "12") as place:
        yield place


def last_type(place: Playground) -> str:
    """The type of the newest record."""
    raw = (place.folder / "log" / place.records()[-1]).read_bytes()
    return str(json.loads(json.loads(raw)["body"])["type"])


def kill_when(place: Playground, ready: Callable[[], bool], *arguments: str) -> None:
    """Start a command and kill it the moment it has come so far; it must not end before."""
    process = place.start("alice", *arguments)
    give_up = time.monotonic() + PATIENCE
    try:
        while not ready():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < give_up, "it never came so far"
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()


def left_open(place: Playground, bucket: str, *, changed: bool) -> str:
    """An unlock killed before or after its change; answers the request's id."""
    account = place.account("backup")
    s3 = place.in_account(account, "s3")
    make_bucket(s3, bucket, innocent(account, bucket), denial(bucket))
    place.ok("alice", "inspect", "bucket", bucket, "--account", account)
    asked = ("unlock-bucket", bucket, "--account", account, "--mode", "drop-statements")
    request = place.pending("alice", *asked, "--reason", "locked out")
    place.approve(request, "bob", "olga")
    slow = "GetBucketPolicy" if changed else "PutBucketPolicy"
    rule = {"effect": "latency", "service": "s3", "operation": slow, "latency_ms": 1500}
    place.control("faults", {"rules": [rule | {"after": int(changed)}]})

    def stepped() -> bool:
        seen: list[dict[str, Any]] = place.control("faults")["rules"]
        return last_type(place) == "step-intent" and (not changed or seen[0]["seen"] > 1)

    kill_when(place, stepped, "execute", request, "--yes")
    place.control("faults", method="DELETE")
    assert place.ok("alice", "request", "show", request)["state"] == "UNKNOWN"
    return request


@pytest.mark.parametrize(
    ("changed", "outcome", "state"), [(False, "not-done", "FAILED"), (True, "done", "SUCCEEDED")]
)
def test_a_killed_unlock_is_closed_by_recover(
    own_time: Playground, *, changed: bool, outcome: str, state: str
) -> None:
    """Too early it waits and says until when; later the log says what AWS shows, once."""
    place = own_time
    request = left_open(place, "killed-and-closed", changed=changed)
    before = place.records()
    (early,) = place.ok("alice", "recover", "--yes", code=7)["executions"]
    assert (early["outcome"], early["request"]) == ("waiting", request)
    assert early["waits_until"].endswith("Z")
    assert place.records() == before

    place.control("clock", {"advance_seconds": PASSED})
    assert "left open" in place.run("alice", "recover").err  # asks first: no terminal, no --yes
    (row,) = place.ok("alice", "recover", "--yes")["executions"]
    assert row["outcome"] == "closed"
    assert [end["outcome"] for end in row["accounts"]] == [outcome]
    assert place.ok("bob", "request", "show", request)["state"] == state
    place.refused("alice", 3, "execute", request, "--yes")
    assert place.ok("alice", "recover")["executions"] == []
    done = place.run("carol", "log", "verify", "-o", "json")
    assert {found["code"] for found in done.json["findings"]} <= {"SKEW", "STRAY_OBJECT"}
    seen = place.witness()
    assert (seen["violations"], seen["recorded_twice"]) == ([], [])


def test_every_command_tells_of_facts_that_only_this_machine_holds(own_time: Playground) -> None:
    """While the spool is not empty each command says so; a damaged fact is exit 4 and stays."""
    place = own_time
    place.ok("alice", "inventory", "--limit", "1", "--all")
    survey = next(
        json.loads(fact.read_bytes())["body"] for fact in (place.folder / "log").rglob("facts/*/*")
    )
    run = json.loads(survey)["execution_id"]
    state = Path(place.environment("alice")["ORGROOT_STATE_DIR"])
    LocalMemory(state).spool(f"{run}-00.json", b"{}")
    for command in (("request", "list"), ("status",)):
        done = place.run("alice", *command)
        assert (done.code, "orgroot recover" in done.err) == (0, True)
    assert "damaged" in place.refused("alice", 4, "recover", "--yes").err
    assert LocalMemory(state).spooled()
