"""A team whose root sessions are opened by a service alone, and what the service is told."""

from dataclasses import replace
from typing import Any

from fakes.aws_members import FakeBucket
from fakes.buckets_world import ACCOUNT, ASK, BUCKET, LOCKED, wanted
from fakes.removal_world import grant
from fakes.signer import FakeSigner
from fakes.team import ADDED, World, config_tree, new_world

from orgroot.core.results import RequestView, RunnerRound
from orgroot.workflows.runner import run_once
from orgroot.workflows.unlock import unlock_buckets
from orgroot.workflows.workspace import Workspace

RUNNER = "runner"
RULES = ("root-tasks", "reading")
"""The rules whose executors name the runner's group, where a test does not say otherwise."""


class FakeStop:
    """Says to end after so many looks; what happens meanwhile is up to the test."""

    def __init__(self, world: World, looks: int = 1) -> None:
        self.world = world
        self.left = looks
        self.waited: list[float] = []

    def is_set(self) -> bool:
        """Whether it shall end."""
        return self.left <= 0

    def wait(self, timeout: float) -> bool:
        """Let the time pass; one look less is left."""
        self.waited.append(timeout)
        self.world.clock.forward(timeout)
        self.left -= 1
        return self.is_set()


def runner_tree(*, left: bool = True, executes: tuple[str, ...] = RULES) -> dict[str, Any]:
    """The team's configuration with a runner; `left`: other people leave root sessions to it."""
    tree: dict[str, Any] = config_tree()
    if left:
        tree["organization"]["runner"] = RUNNER
    approvals = tree["approvals"]
    approvals["people"][RUNNER] = {
        "groups": ["runners"],
        "service": "true",
        "keys": [{"key": FakeSigner(RUNNER).public_key, "added": ADDED}],
    }
    for rule in approvals["rules"]:
        if rule["id"] in executes:
            groups = rule.get("executors", {}).get("groups", [])
            rule["executors"] = {"groups": [*groups, "runners"]}
        if rule["id"] == "reading":  # so that it may look at what a crash left
            rule["requesters"]["groups"].append("runners")
    return tree


def runner_world(*, left: bool = True, executes: tuple[str, ...] = RULES) -> World:
    """Such a team, and one locked bucket of ACCOUNT."""
    world = new_world(runner_tree(left=left, executes=executes))
    world.aws.members[ACCOUNT].buckets[BUCKET] = FakeBucket(policy=LOCKED)
    return world


def run(world: World, machine: str = RUNNER) -> RunnerRound:
    """One round of the runner on some machine."""
    return run_once(machine_of(world, machine), FakeStop(world))


def machine_of(world: World, machine: str = RUNNER) -> Workspace:
    """The runner's world on a machine, which remembers what only it has seen."""
    ws = world.workspace(RUNNER, concurrency=1)
    if machine == RUNNER:
        return ws
    return replace(ws, memory=world.memory(machine), log=world.log(machine))


def approved_unlock(world: World) -> str:
    """Alice has asked for the unlocking, and two have approved; answers the id."""
    view = unlock_buckets(world.workspace(), wanted(), ASK)
    assert isinstance(view, RequestView), view
    grant(world, view.id)
    return view.id
