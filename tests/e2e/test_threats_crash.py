"""Killed, out of disk, or without an answer, at every step: what then is true, and who says so.

All of it with the log in a folder and with the log in S3. The points are found by counting. The
suite takes a few of them; `make kill` takes every one.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from orgroot.cli.sandbox import Kind
from tests.e2e.scenes import (
    PASSED,
    Scene,
    check_honest,
    check_witness,
    chosen,
    full,
    lasts,
    settle,
    spread,
    unlocking,
)
from tests.e2e.stage import KILLED, STOPPED, Ended, Stage

PARTS = 6 if full() else 1
"""In a full run workers share the points of a test."""


@pytest.fixture(scope="module", params=Kind, ids=str)
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """A sandbox whose world can be set back."""
    with Stage(tmp_path_factory.mktemp("stage") / "s").playing(12, 7, request.param) as found:
        yield found


@pytest.fixture(scope="module")
def unlock(stage: Stage) -> Scene:
    """An approved unlocking of one bucket."""
    return unlocking(stage)


@pytest.fixture(scope="module")
def points(unlock: Scene) -> tuple[str, ...]:
    """The points of the unlocking."""
    found = unlock.points()
    assert len(found) > 80
    return found


def killed(done: Ended, at: int) -> bool:
    """Whether the run was killed there; else it ended before it came so far.

    Facts of two accounts may share a record, as it happens: then there are fewer points.
    """
    assert done.code == KILLED or len(done.points) < at, (at, done.err)
    return done.code == KILLED


def walk(scene: Scene, numbers: Iterable[int], which: int, **harm: Any) -> None:
    """Hurt the command at a part of these points, and settle each; every third one deeply."""
    for turn, at in enumerate(tuple(numbers)[which::PARTS]):
        before = scene.begin()
        done = scene.hurt(at=at, **harm)
        if harm["how"] == "kill" and not killed(done, at):
            continue
        assert (done.code == KILLED) is (harm["how"] == "kill"), (at, done.err)
        check_honest(scene, done, before)
        settle(scene, before, deep=turn % 3 == 0)


@pytest.mark.parametrize("which", range(PARTS))
def test_crash_at_every_step(unlock: Scene, points: tuple[str, ...], which: int) -> None:
    """SIGKILL at each point of an execution: after `recover` the five invariants hold."""
    walk(unlock, chosen(unlock, points, few=4), which, how="kill")


@pytest.mark.parametrize("which", range(PARTS))
@pytest.mark.parametrize(("how", "lasting"), [("ENOSPC", False), ("ENOSPC", True), ("EIO", False)])
def test_disk_full_and_eio_at_every_step(
    unlock: Scene, points: tuple[str, ...], which: int, how: str, *, lasting: bool
) -> None:
    """A full or failing disk at each file point: the exit code is true, the invariants hold."""
    files = tuple(n for n, name in enumerate(points, 1) if not name.startswith("aws"))
    walk(unlock, some(unlock, files, 2), which, how=how, lasting=lasting)


@pytest.mark.parametrize("which", range(PARTS))
@pytest.mark.parametrize("effect", ["lost-reply", "error"])
def test_lost_replies_and_5xx_at_every_call(
    unlock: Scene, points: tuple[str, ...], which: int, effect: str
) -> None:
    """No answer, or AWS's own failure, at each call: the exit code is true, the invariants hold."""
    calls = [name for name in points if name.startswith("aws")]
    risky = range(len(calls)) if full() else [n for n, c in enumerate(calls) if lasts(c)]
    for turn, nth in enumerate(some(unlock, risky, 2)[which::PARTS]):
        before = unlock.begin()
        failure = {"code": "InternalFailure", "message": "try later", "status": 500}
        more = {"count": 3, **failure} if effect == "error" else {"count": 1}
        rule = {"effect": effect, "after": nth, **more}
        unlock.stage.control("faults", {"rules": [rule]})
        done = unlock.stage.forked("alice", *unlock.command)
        unlock.stage.control("faults", method="DELETE")
        check_honest(unlock, done, before)
        settle(unlock, before, deep=turn % 3 == 0)


def some(scene: Scene, numbers: Sequence[int], few: int) -> Sequence[int]:
    """A few of these points, or all of them."""
    return numbers if full() else spread(scene, numbers, few)


def last_state(scene: Scene) -> str:
    """What another machine's owner is told of the request."""
    shown = scene.stage.forked("bob", "request", "show", scene.request, "-o", "json")
    return str(json.loads(shown.out)["state"])


def at_of(points: tuple[str, ...], name: str, nth: int = 1) -> int:
    """The number of the nth point of this name."""
    return [n for n, each in enumerate(points, 1) if name in each][nth - 1]


def behind_intent(points: tuple[str, ...]) -> list[int]:
    """Where a run may be put to sleep, its intent being durable; not while it holds a lock."""
    begun = at_of(points, "aws AssumeRoot")
    return [n for n, name in enumerate(points, 1) if n >= begun and "state/" not in name]


@pytest.mark.parametrize("which", range(PARTS))
def test_a_recovery_killed_at_every_step_can_be_repeated(
    unlock: Scene, points: tuple[str, ...], which: int
) -> None:
    """The unlocking dies behind its change, `recover` dies too: the next one closes both."""
    stage = unlock.stage
    unlock.hurt(how="kill", at=at_of(points, "?policy", 3))
    assert unlock.shows() == unlock.done
    stage.pass_time(PASSED)
    second = replace(unlock, start=stage.snapshot(), command=("recover", "--yes"))
    again = second.points()
    assert len(again) > 30
    walk(second, chosen(second, again, few=2), which, how="kill")


@pytest.mark.parametrize("which", range(PARTS))
def test_recover_while_the_executor_still_runs(
    unlock: Scene, points: tuple[str, ...], which: int
) -> None:
    """Whoever recovers leaves a run alone that may live; what it does then is told by itself."""
    stage = unlock.stage
    for at in some(unlock, behind_intent(points), 1)[which::PARTS]:
        before = unlock.begin()
        pid = stage.begin("alice", *unlock.command, how="stop", at=at)
        assert stage.wait(pid).code == STOPPED
        for person, outcome in (("alice", "running"), ("olga", "waiting")):
            records = stage.records()
            done = json.loads(stage.forked(person, "recover", "--yes", "-o", "json").out)
            assert {row["outcome"] for row in done["executions"]} <= {outcome}
            assert stage.records() == records
        assert stage.go_on(pid).code == 0
        assert settle(unlock, before, deep=False) == "SUCCEEDED"


@pytest.mark.parametrize("which", range(PARTS))
def test_an_executor_that_slept_past_its_recovery_does_nothing_more(
    unlock: Scene, points: tuple[str, ...], which: int
) -> None:
    """Its machine slept, another closed the execution: it changes nothing and claims nothing."""
    stage = unlock.stage
    for at in some(unlock, behind_intent(points), 1)[which::PARTS]:
        before = unlock.begin()
        pid = stage.begin("alice", *unlock.command, how="stop", at=at)
        assert stage.wait(pid).code == STOPPED
        stage.pass_time(PASSED)
        stage.forked("olga", "recover", "--yes")
        shows, state = unlock.shows(), last_state(unlock)
        late = stage.go_on(pid)
        assert (unlock.shows(), last_state(unlock)) == (shows, state)
        # 0: it slept only after its own last word.
        assert late.code in ({0, 7} if state == "SUCCEEDED" else {3, 5, 7}), late.err
        settle(unlock, before, deep=False)


@pytest.fixture(scope="module")
def removal(stage: Stage, unlock: Scene) -> Scene:
    """An approved removal of everything that one root user has."""
    stage.another(unlock.start)
    account = max(stage.info["accounts"], key=lambda a: len(a["root_credentials"]))["id"]
    request = stage.pending("alice", "credentials", "remove", account, "--reason", "unused")
    stage.approve(request, "bob", "olga")
    return Scene(
        stage=stage,
        start=stage.snapshot(),
        command=("execute", request, "--yes"),
        request=request,
        done=(),
        shows=lambda: stage.root_user(account).kinds,
    )


@pytest.mark.parametrize("which", range(PARTS))
def test_a_removal_killed_at_every_step(removal: Scene, which: int) -> None:
    """Many changes in two kinds of sessions: each is announced, none is made twice."""
    found = removal.points()
    walk(removal, chosen(removal, found, few=2), which, how="kill")


@pytest.fixture(scope="module")
def removals(stage: Stage, unlock: Scene) -> Scene:
    """An approved removal in two accounts at once."""
    stage.another(unlock.start)
    dirty = sorted(stage.info["accounts"], key=lambda a: len(a["root_credentials"]))[-2:]
    accounts = [account["id"] for account in dirty]
    request = stage.pending("alice", "credentials", "remove", *accounts, "--reason", "unused")
    stage.approve(request, "bob", "olga")
    return Scene(
        stage=stage,
        start=stage.snapshot(),
        command=("execute", request, "--yes"),
        request=request,
        done=[(), ()],
        shows=lambda: [stage.root_user(account).kinds for account in accounts],
    )


@pytest.mark.parametrize("which", range(PARTS))
def test_a_bulk_removal_killed_at_every_step_goes_on(removals: Scene, which: int) -> None:
    """A further run ends it: no credential is deleted twice, no account has two outcomes."""
    stage = removals.stage
    found = removals.points()
    once = deletions(stage)
    for turn, at in enumerate(chosen(removals, found, few=1)[which::PARTS]):
        removals.begin()
        if not killed(removals.hurt(how="kill", at=at), at):
            continue
        check_witness(stage)
        assert stage.forked("alice", *removals.command).code in {0, 3}
        assert removals.shows() == removals.done
        assert deletions(stage) == once
        settle(replace(removals, request=""), None, deep=turn % 3 == 0)
        assert last_state(removals) == "SUCCEEDED"


def deletions(stage: Stage) -> dict[str, int]:
    """How often each deletion was asked for, one that AWS refused too.

    But for the virtual device of a deactivated MFA: that is best effort, and may be left.
    """
    calls = stage.changing_calls()
    best_effort = "iam:DeleteVirtualMFADevice"
    return {n: c for n, c in calls.items() if n.startswith("iam:De") and n != best_effort}


@pytest.fixture(scope="module")
def features(stage: Stage, unlock: Scene) -> Scene:
    """Centralized root access is off, and nobody need approve that it goes on."""
    stage.another(unlock.start)
    organization = stage.front.organization
    organization.features = set()
    return Scene(
        stage=stage,
        start=stage.snapshot(),
        command=("enable", "--reason", "as declared", "--yes"),
        request="",
        done=2,
        shows=lambda: len(organization.features),
    )


@pytest.mark.parametrize("which", range(PARTS))
def test_a_plan_killed_at_every_step(features: Scene, which: int) -> None:
    """A management task: `recover` tells what AWS shows, and the same command does the rest."""
    for turn, at in enumerate(chosen(features, features.points(), few=1)[which::PARTS]):
        features.begin()
        assert features.hurt(how="kill", at=at).code == KILLED
        settle(features, None, deep=turn % 3 == 0)
        assert features.stage.forked("alice", *features.command).code == 0
        assert features.shows() == features.done


@pytest.fixture(scope="module")
def survey(stage: Stage, unlock: Scene) -> Scene:
    """A reading of two accounts, whose facts are objects."""
    stage.another(unlock.start)
    accounts = [a["id"] for a in stage.info["accounts"] if a["name"] in {"backup", "network"}]
    return Scene(
        stage=stage,
        start=stage.snapshot(),
        command=("inventory", *accounts),
        request="",
        done=None,
        shows=lambda: None,
    )


@pytest.mark.parametrize("which", range(PARTS))
def test_a_survey_killed_at_every_step(survey: Scene, which: int) -> None:
    """No session without its survey, each matched in CloudTrail after `recover`."""
    walk(survey, chosen(survey, survey.points(), few=1), which, how="kill")
