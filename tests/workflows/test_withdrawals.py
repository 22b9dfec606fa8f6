"""Cancelling a request and taking back a decision, as people do it at their desks."""

from typing import Any

import pytest
from fakes.buckets_world import approved, inspected, locked_world, requested
from fakes.signer import FakeSigner
from fakes.team import World

from orgroot.core.results import RequestView
from orgroot.core.statements import Approval
from orgroot.errors import IntegrityError, RequestRefused, UsageError
from orgroot.workflows import approval_files, request_view, withdrawals
from orgroot.workflows.execution import execute
from orgroot.workflows.log_listing import show
from orgroot.workflows.log_show import verify


def yes(_summary: dict[str, Any]) -> None:
    """A person who reads and agrees."""


def no(_summary: dict[str, Any]) -> None:
    """A person who does not."""
    raise UsageError("not confirmed")


def granted() -> tuple[World, str]:
    """A request that two approved."""
    world = locked_world()
    inspected(world)
    request = approved(world)
    world.aws.calls.clear()
    world.aws.sessions.clear()
    return world, request


def test_a_requester_cancels_and_the_same_command_asks_anew() -> None:
    """CANCELLED refuses execution with its reason, and is not continued; AWS is not called."""
    world, request = granted()
    shown: list[dict[str, Any]] = []
    view = withdrawals.cancel(world.desk("alice"), request, "fixed otherwise", shown.append)
    assert view.state == "CANCELLED"
    assert shown[0]["request"] == request
    with pytest.raises(RequestRefused, match="was cancelled in record"):
        execute(world.workspace("alice"), request)
    assert world.aws.sessions == []
    assert request not in {row.id for row in request_view.list_requests(world.desk("bob")).requests}
    assert requested(world) != request
    assert verify(world.log()).findings == ()
    assert show(world.log(), last=2).records[0].subject == request


@pytest.mark.parametrize("person", ["olga", "bob", "nightly"])
def test_nobody_cancels_for_another(person: str) -> None:
    """Refused before anything is signed."""
    world, request = granted()
    before, desk = world.types(), world.desk(person)
    with pytest.raises(RequestRefused, match="alice asked for it"):
        withdrawals.cancel(desk, request, "", yes)
    assert world.types() == before
    assert isinstance(desk.signer, FakeSigner)
    assert desk.signer.asked == 0


def test_what_is_not_confirmed_is_not_taken_back() -> None:
    """A no at the question signs nothing."""
    world, request = granted()
    before = world.types()
    with pytest.raises(UsageError, match="not confirmed"):
        withdrawals.cancel(world.desk("alice"), request, "", no)
    with pytest.raises(UsageError, match="not confirmed"):
        withdrawals.revoke(world.desk("bob"), request, "", no)
    assert world.types() == before


def test_an_approver_takes_back_every_approval_of_theirs() -> None:
    """Both of bob's go, carol's stands, and the request waits for one more."""
    world, request = granted()
    text = offline(world, request)
    approval_files.attach(world.desk("carol"), *text)
    view = withdrawals.revoke(world.desk("bob"), request, "I misread it", yes)
    assert view.state == "PENDING"
    assert [(a.person, a.revoked is not None) for a in view.approvals] == [
        ("bob", True),
        ("carol", False),
        ("bob", True),
    ]
    waiting = execute(world.workspace("alice"), request)
    assert isinstance(waiting, RequestView)
    assert world.aws.sessions == []
    with pytest.raises(UsageError, match="no decision of bob"):
        withdrawals.revoke(world.desk("bob"), request, "", yes)


def offline(world: World, request: str, person: str = "bob") -> tuple[bytes, str]:
    """An approval signed elsewhere, not attached."""
    prepared = approval_files.prepare(world.desk("alice"), request, person, Approval)
    return prepared.text, FakeSigner(person).sign(Approval.NAMESPACE, prepared.text)


def test_a_signed_approval_that_was_never_attached_is_taken_back_by_its_file() -> None:
    """Whoever still has the file cannot attach it, and `log verify` finds nothing wrong."""
    world, request = granted()
    text, armored = offline(world, request)
    withdrawals.revoke(world.desk("bob"), request, "", yes, text=text)
    before = world.types()
    with pytest.raises(RequestRefused, match="took it back"):
        approval_files.attach(world.desk("carol"), text, armored)
    assert world.types() == before
    assert verify(world.log()).findings == ()


def test_a_file_that_is_not_theirs_takes_nothing_back() -> None:
    """Another person's decision, a decision on another request, and what is no statement."""
    world, request = granted()
    text, _ = offline(world, request, "carol")
    before = world.types()
    with pytest.raises(RequestRefused, match="a decision of carol"):
        withdrawals.revoke(world.desk("bob"), request, "", yes, text=text)
    other = text.replace(request.encode(), b"orq_" + b"a" * 26)
    with pytest.raises(UsageError, match="no decision on"):
        withdrawals.revoke(world.desk("carol"), request, "", yes, text=other)
    with pytest.raises(IntegrityError):
        withdrawals.revoke(world.desk("carol"), request, "", yes, text=b"{}")
    assert world.types() == before


def test_after_the_execution_nothing_is_taken_back() -> None:
    """Cancel and revoke are refused, and the log still verifies."""
    world, request = granted()
    execute(world.workspace("alice"), request)
    with pytest.raises(RequestRefused, match="was executed"):
        withdrawals.cancel(world.desk("alice"), request, "", yes)
    with pytest.raises(RequestRefused, match="was executed"):
        withdrawals.revoke(world.desk("bob"), request, "", yes)
    assert verify(world.log()).findings == ()


def test_an_approval_taken_back_while_the_executor_signs_stops_it() -> None:
    """The intent is not written over a revocation that came first; no session is opened."""
    world, request = granted()
    workspace = world.workspace("alice")
    signer = workspace.signer
    assert isinstance(signer, FakeSigner)
    sign = signer.sign

    def slowly(namespace: str, message: bytes) -> str:
        if namespace == "orgroot-intent-v1":
            raced.append(withdrawals.revoke(world.desk("bob"), request, "", yes).state)
        return sign(namespace, message)

    raced: list[str] = []
    signer.sign = slowly  # type: ignore[method-assign]
    with pytest.raises(RequestRefused):
        execute(workspace, request)
    assert raced == ["PENDING"]
    assert world.aws.sessions == []
    assert "intent" not in world.types()


def test_what_is_signed_too_late_is_decided_anew() -> None:
    """While the key waits for its touch the log goes on: nothing is dated back, nothing is done."""
    world, request = granted()
    once: list[bool] = []

    def slip_in(key: str) -> None:
        if not once and key.startswith("0"):
            once.append(True)
            world.clock.forward(600)
            inspected(world)
            world.aws.sessions.clear()

    world.store.before_create = slip_in
    with pytest.raises(RequestRefused, match="has a record of") as refused:
        execute(world.workspace(), request)
    assert refused.value.code == "too-late"
    assert "intent" not in world.types()
    assert world.aws.sessions == []
    execute(world.workspace(), request)
    assert verify(world.log()).findings == ()
