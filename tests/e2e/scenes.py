"""What must hold after a command was hurt, whatever it was: the five invariants, from outside.

A root session implies an earlier durable intent; a change implies an earlier durable step intent;
nothing is executed twice; after `recover` every execution is closed; and what the log then says is
what AWS shows, or is named unverified.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from orgroot.cli.sandbox import Kind
from tests.e2e.playground import READING
from tests.e2e.stage import KILLED, Ended, Snapshot, Stage

PASSED = 100 * 60
"""Seconds: longer than any run here, its margin, half an hour, and CloudTrail's delay."""

EVERY_POINT = "ORGROOT_TEST_EVERY_POINT"
"""Set by `make kill`: no point is left out."""

_ODD = {"SKEW", "STRAY_OBJECT", "TIME_REGRESSION"}
"""What moving the sandbox's clock and a write that was cut short leave behind."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A command to hurt.

    Attributes:
        stage: where it plays.
        start: where its story begins.
        command: what alice runs.
        request: the request that it executes; empty for a command that makes its own.
        done: what AWS shows once all of it was done.
        shows: what AWS shows now, in the same terms.
    """

    stage: Stage
    start: Snapshot
    command: tuple[str, ...]
    request: str
    done: Any
    shows: Callable[[], Any]

    def begin(self) -> Any:
        """Set everything back; answers what AWS shows."""
        self.stage.reset(self.start)
        return self.shows()

    def points(self) -> tuple[str, ...]:
        """The points of an undisturbed run, which must do all of it."""
        self.begin()
        calm = self.stage.forked("alice", *self.command)
        assert calm.code == 0, calm.err
        assert self.shows() == self.done
        return calm.points

    def hurt(self, **harm: Any) -> Ended:
        """Run the command from the beginning and hurt it."""
        self.begin()
        return self.stage.forked("alice", *self.command, **harm)


def unlocking(stage: Stage) -> Scene:
    """An approved unlocking of one bucket."""
    bucket = stage.locked_bucket("tfstate")
    where = (bucket["name"], "--account", bucket["account"])
    stage.ok("alice", "inspect", "bucket", *where)
    asked = ("unlock-bucket", *where, "--mode", "delete", "--reason", "locked out")
    request = stage.pending("alice", *asked)
    stage.approve(request, "bob", "olga")
    return Scene(
        stage=stage,
        start=stage.snapshot(),
        command=("execute", request, "--yes"),
        request=request,
        done=None,
        shows=lambda: stage.bucket_policy(bucket),
    )


def full() -> bool:
    """Every point is taken."""
    return bool(os.environ.get(EVERY_POINT))


def chosen(scene: Scene, points: tuple[str, ...], *, few: int) -> tuple[int, ...]:
    """Which points to hurt: every one in a full run; else some next to what cannot be undone.

    That is a record that comes into being, and a change in AWS; and half as many of the others.
    """
    numbers = tuple(range(1, len(points) + 1))
    if full():
        return numbers
    danger = {n + step for n in numbers if lasts(points[n - 1]) for step in (0, 1)}
    risky = [n for n in numbers if n in danger]
    calm = [n for n in numbers if n not in danger]
    return tuple(sorted(spread(scene, risky, few) + spread(scene, calm, few // 2)))


def lasts(point: str) -> bool:
    """Whether a point is the moment at which something is so for others too."""
    if point.startswith("link log/"):
        return True
    return point.startswith("aws ") and not point[4:].startswith((*READING, "GET", "HEAD"))


def spread(scene: Scene, numbers: Sequence[int], few: int) -> list[int]:
    """So many of these numbers, evenly; half as many, and other ones, with the log in S3.

    A command takes twice the time there, and is the same but for its store.
    """
    folder = scene.stage.kind is Kind.FILE
    count = few if folder else (few + 1) // 2
    if count == 0:
        return []
    step = max(1, len(numbers) // count)
    return list(numbers[step // 3 if folder else 2 * step // 3 :: step][:count])


def check_witness(stage: Stage) -> None:
    """No session without an intent that was durable before, no change without a step intent."""
    seen = stage.front.witness.report()
    assert seen["violations"] == []
    assert all(session["seq"] for session in seen["sessions"])
    assert (seen["recorded_twice"], seen["recorded_but_never_issued"]) == ([], [])
    assert all(change.announced for change in stage.mutations), stage.mutations


def check_honest(scene: Scene, done: Ended, before: Any) -> None:
    """The exit code of a command that could speak says what is so.

    5 and 8: nothing changed, and what was opened to look is on record; 2: nothing was begun.
    """
    stage = scene.stage
    asked = stage.front.trail.root_sessions()[len(scene.start.trail["_root_sessions"]) :]
    issued = {session["access_key_id"] for session in asked if session["access_key_id"]}
    if done.code == 0:
        assert scene.shows() == scene.done
    elif done.code in {2, 5, 8}:
        assert scene.shows() == before, done.err
        assert issued <= {item["access_key_id"] for item in stage.items("issued")}, done.err
    if done.code == 2:
        assert not issued, done.err
        assert len(stage.records()) == scene.start.records, done.err
    assert done.code in {KILLED, 0, 2, 5, 7, 8}, (done.code, done.err)


def settle(scene: Scene, before: Any, *, deep: bool = True) -> str:
    """Recover, and check everything that must hold then; answers the request's state.

    `deep`: recover too early as well, and once more, compare CloudTrail with the log, and execute
    again, which the others do where only some points are taken.
    """
    stage = scene.stage
    check_witness(stage)
    if deep:
        stage.forked("alice", "recover", "--yes")
    stage.pass_time(PASSED)
    closed = _recovered(stage)
    check_witness(stage)
    verified = json.loads(stage.forked("carol", "log", "verify", "-o", "json").out)
    assert {found["code"] for found in verified["findings"]} <= _ODD, verified["findings"]
    _check_ends(stage.bodies())
    if deep:
        again = stage.forked("alice", "recover", "--yes", "-o", "json")
        assert (again.code, json.loads(again.out)["executions"]) == (0, []), again.out
        seen = json.loads(stage.forked("carol", "reconcile", "--dry-run", "-o", "json").out)
        assert seen["exit_reasons"] == [], seen
    if not scene.request:
        return ""
    state = _check_state(scene, before, unverified=9 in closed)
    if deep or not full():
        _execute_again(scene, state)
    return state


def _recovered(stage: Stage) -> set[int]:
    """Recover until nothing waits; answers the exit codes."""
    done = stage.forked("alice", "recover", "--yes", "-o", "json")
    assert done.code in {0, 9}, done.out
    outcomes = {row["outcome"] for row in json.loads(done.out)["executions"]}
    assert outcomes <= {"closed", "looked", "late"}, done.out
    return {done.code}


def _check_state(scene: Scene, before: Any, *, unverified: bool) -> str:
    """What the log says is so in AWS."""
    stage, shows = scene.stage, scene.shows()
    shown = json.loads(stage.forked("bob", "request", "show", scene.request, "-o", "json").out)
    state = str(shown["state"])
    if state == "APPROVED":  # it had not come as far as its intent
        assert shows == before
        assert not stage.mutations
    elif state == "SUCCEEDED":
        assert shows == scene.done
    elif state == "FAILED":
        assert shows != scene.done
    else:
        assert (state, unverified) == ("ABANDONED", True)
    return state


def _execute_again(scene: Scene, state: str) -> None:
    """What was not begun is done; nothing is done a second time."""
    stage = scene.stage
    if state == "APPROVED":
        done = stage.forked("alice", "execute", scene.request, "--yes")
        assert (done.code, scene.shows()) == (0, scene.done), done.err
    calls = stage.changing_calls()
    refused = stage.forked("alice", "execute", scene.request, "--yes")
    assert (refused.code, stage.changing_calls()) == (3, calls), refused.err


def _check_ends(bodies: Iterable[dict[str, Any]]) -> None:
    """At most one outcome of its own, and one seen afterwards, per execution and account."""
    own: Counter[tuple[str, str]] = Counter()
    after: Counter[tuple[str, str]] = Counter()
    for body in bodies:
        facts = [json.loads(fact["body"]) for fact in body.get("facts", ())]
        for fact in (body, *facts):
            if fact["type"] == "closed":
                own.update((fact["execution_id"], item["account"]) for item in fact["items"])
        if body["type"] == "recovered":
            after.update((body["execution_id"], end["account"]) for end in body["ends"])
    assert not [key for key, count in (own + Counter()).items() if count > 1]
    assert not [key for key, count in after.items() if count > 1]
