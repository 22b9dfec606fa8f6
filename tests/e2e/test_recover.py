"""A real process killed between its step-intent and the result, and `orgroot recover` after it."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from orgroot.local.memory import LocalMemory
from tests.e2e.bucket_owner import denial, innocent, make_bucket
from tests.e2e.stage import KILLED, STOPPED, Snapshot, Stage

PASSED = 50 * 60
"""Seconds: longer than a session, its margin and half an hour."""

CHANGE, READ_BACK = "aws PUT /killed-and-closed?policy", "aws GET /killed-and-closed?policy"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A sandbox whose clock may be moved, and whose world can be set back."""
    with Stage(tmp_path_factory.mktemp("recover") / "s").playing(12, 7) as found:
        yield found


@pytest.fixture(scope="module")
def approved(stage: Stage) -> tuple[Snapshot, str, tuple[str, ...]]:
    """An approved unlocking: where it begins, the request, and the points of its execution."""
    account, bucket = stage.account("backup"), "killed-and-closed"
    make_bucket(stage.in_account(account, "s3"), bucket, innocent(account, bucket), denial(bucket))
    stage.info["locked_buckets"].append({"account": account, "name": bucket})
    stage.ok("alice", "inspect", "bucket", bucket, "--account", account)
    asked = ("unlock-bucket", bucket, "--account", account, "--mode", "drop-statements")
    request = stage.pending("alice", *asked, "--reason", "locked out")
    stage.approve(request, "bob", "olga")
    start = stage.snapshot()
    calm = stage.forked("alice", "execute", request, "--yes")
    assert calm.code == 0, calm.err
    return start, request, calm.points


@pytest.fixture(params=[False, True], ids=["before the change", "after the change"])
def left_open(
    request: pytest.FixtureRequest, stage: Stage, approved: tuple[Snapshot, str, tuple[str, ...]]
) -> tuple[str, bool]:
    """An unlocking killed before or after its change; answers the request, and which."""
    start, id_, points = approved
    stage.reset(start)
    at = points.index(CHANGE) + (2 if request.param else 1)
    assert points[at - 1] == (READ_BACK if request.param else CHANGE)
    assert stage.forked("alice", "execute", id_, "--yes", how="kill", at=at).code == KILLED
    assert stage.bodies()[-1]["type"] == "step-intent"
    return id_, bool(request.param)


def test_a_killed_unlock_is_unknown(stage: Stage, left_open: tuple[str, bool]) -> None:
    """Nobody can say whether it was done: UNKNOWN, never executed again, and the log verifies."""
    request, _ = left_open
    for person in ("alice", "olga"):
        assert stage.ok(person, "request", "show", request)["state"] == "UNKNOWN"
        records = stage.records()
        done = stage.run(person, "execute", request, "--yes")
        assert (done.code, "orgroot" in done.err) == (7, True)
        assert stage.records() == records
    assert stage.ok("carol", "log", "verify")["findings"] == []


def test_a_killed_unlock_is_closed_by_recover(stage: Stage, left_open: tuple[str, bool]) -> None:
    """Too early it waits and says until when; later the log says what AWS shows, once."""
    request, changed = left_open
    before = stage.records()
    (early,) = stage.ok("alice", "recover", "--yes", code=7)["executions"]
    assert (early["outcome"], early["request"]) == ("waiting", request)
    assert early["waits_until"].endswith("Z")
    assert stage.records() == before

    stage.pass_time(PASSED)
    assert "left open" in stage.run("alice", "recover").err  # asks first: no terminal, no --yes
    (row,) = stage.ok("alice", "recover", "--yes")["executions"]
    assert row["outcome"] == "closed"
    assert [end["outcome"] for end in row["accounts"]] == ["done" if changed else "not-done"]
    state = stage.ok("bob", "request", "show", request)["state"]
    assert state == ("SUCCEEDED" if changed else "FAILED")
    assert stage.run("alice", "execute", request, "--yes").code == 3
    assert stage.ok("alice", "recover")["executions"] == []
    done = stage.run("carol", "log", "verify", "-o", "json")
    assert {found["code"] for found in done.json["findings"]} <= {"SKEW", "STRAY_OBJECT"}
    seen = stage.front.witness.report()
    assert (seen["violations"], seen["recorded_twice"]) == ([], [])


@pytest.mark.parametrize(("point", "code", "state"), [(CHANGE, 7, "UNKNOWN"), ("", 9, "APPROVED")])
def test_an_interrupt_is_told_as_what_it_left(
    stage: Stage,
    approved: tuple[Snapshot, str, tuple[str, ...]],
    point: str,
    code: int,
    state: str,
) -> None:
    """Ctrl-C behind the intent: 7, and `recover` ends it; before: 9, and the command does it."""
    start, request, points = approved
    stage.reset(start)
    at = points.index(point) + 1 if point else 1
    pid = stage.begin("alice", "execute", request, "--yes", how="stop", at=at)
    assert stage.wait(pid).code == STOPPED
    os.kill(pid, signal.SIGINT)
    done = stage.go_on(pid)
    assert (done.code, "interrupted" in done.err) == (code, True), done.err
    assert ("orgroot recover" in done.err) is (code == 7)
    assert stage.ok("bob", "request", "show", request)["state"] == state
    assert stage.run("alice", "execute", request, "--yes").code == (7 if code == 7 else 0)


def test_every_command_tells_of_facts_that_only_this_machine_holds(stage: Stage) -> None:
    """While the spool is not empty each command says so; a damaged fact is exit 4 and stays."""
    place = stage
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
