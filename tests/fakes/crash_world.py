"""Unlocks that are killed at any of their writes and calls, and what must hold afterwards."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fakes.aws_members import Call
from fakes.buckets_world import LOCKED, approved, inspected, locked_world, policy_now
from fakes.team import ProcessKilledError, World

from orgroot.core import audit_log
from orgroot.core.ids import RequestId
from orgroot.core.log_state import ExecutionRecord, LogState, RequestState
from orgroot.core.recovery import unsettled
from orgroot.core.results import Recovery, RecoveryRow
from orgroot.errors import (
    RequestRefused,
)
from orgroot.workflows import log_show
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.execution import execute

PASSED = timedelta(minutes=50).total_seconds()
"""Longer than a session, its margin and half an hour."""


class EveryCall(dict[str, Callable[[Call], None]]):
    """One hook for every operation."""

    def __init__(self, hook: Callable[[Call], None]) -> None:
        self._hook = hook

    def get(self, _key: str, _default: object = None) -> Callable[[Call], None]:  # type: ignore[override]
        """The one hook."""
        return self._hook


def events(world: World, kill_at: int = 0) -> list[str]:
    """Notes every write and every AWS call from here on; the process dies just before one."""
    seen: list[str] = []

    def note(event: str) -> None:
        seen.append(event)
        if len(seen) == kill_at:
            raise ProcessKilledError(event)

    world.store.before_create = note
    world.aws.hooks = EveryCall(lambda call: note(call.operation))
    return seen


def calm(world: World) -> None:
    """Nothing dies any more."""
    world.store.before_create = lambda _key: None
    world.aws.hooks = {}


def granted() -> tuple[World, str]:
    """A locked bucket whose unlocking is approved."""
    world = locked_world()
    inspected(world)
    request = approved(world)
    world.aws.calls.clear()
    return world, request


def killed(kill_at: int) -> tuple[World, str]:
    """The same, its execution killed just before one of its writes and calls."""
    world, request = granted()
    events(world, kill_at)
    with pytest.raises(ProcessKilledError):
        execute(world.workspace(), request)
    calm(world)
    return world, request


def killed_before(operation: str, nth: int = 1) -> tuple[World, str]:
    """Killed just before the nth call of an operation."""
    world, request = granted()
    left = [nth]

    def die(_call: Call) -> None:
        left[0] -= 1
        if not left[0]:
            raise ProcessKilledError

    world.aws.when(operation, die)
    with pytest.raises(ProcessKilledError):
        execute(world.workspace(), request)
    calm(world)
    return world, request


def standing(world: World, request: str) -> RequestState:
    """The state of a request, as another machine sees it."""
    state = world.log().sync()
    record = state.requests[RequestId(request)]
    return audit_log.request_state(state, record, world.clock.now(), lambda _run: False)


def all_settled(state: LogState) -> bool:
    """No execution is open."""
    return all(not unsettled(run) for run in state.executions.values())


def only(result: Recovery) -> RecoveryRow:
    """The one execution that was found open."""
    (row,) = result.executions
    return row


def check_end(world: World, request: str) -> None:
    """The invariants: closed, verified, the state equals reality, and nothing runs again."""
    assert all_settled(world.log().sync())
    codes = {finding.code for finding in log_show.verify(world.log()).findings}
    assert codes <= {"STRAY_OBJECT"}  # written just before the record that would have named it
    changed = policy_now(world) != LOCKED
    stands = standing(world, request)
    if not runs(world, request):
        assert stands is RequestState.APPROVED
        assert not changed
        return
    assert stands is (RequestState.SUCCEEDED if changed else RequestState.FAILED)
    before = len(world.aws.writes)
    with pytest.raises(RequestRefused):
        execute(world.workspace(), request)
    assert len(world.aws.writes) == before


def runs(world: World, request: str) -> list[ExecutionRecord]:
    """The executions of a request."""
    return world.log().sync().requests[RequestId(request)].executions


def die(_call: Call) -> None:
    """The process dies at this call."""
    raise ProcessKilledError


def left_log(world: World) -> AuditLog:
    """Alice's log, read."""
    log = world.log("alice")
    log.sync()
    return log
