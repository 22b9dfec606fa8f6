"""Root sessions for other programs: asked for, approved, opened once, recorded, never watched."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from fakes.aws_members import Call
from fakes.buckets_world import ACCOUNT, approved, inspected, locked_world
from fakes.crash_world import PASSED, calm, die, only
from fakes.team import ProcessKilledError, World, new_world
from msgspec import structs

from orgroot.core.governed_tasks import Task
from orgroot.core.organization import Selection
from orgroot.core.results import ExitReason, HandedOut, RequestView
from orgroot.core.root_credentials import CredentialKind
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secrets import RootSession
from orgroot.errors import (
    AuditUnavailable,
    AwsError,
    AwsErrorKind,
    IntegrityError,
    OutcomeUnknown,
    RequestRefused,
    UsageError,
)
from orgroot.workflows.approvals import approve
from orgroot.workflows.crash_recovery import recover
from orgroot.workflows.execution import execute
from orgroot.workflows.inventory import inventory
from orgroot.workflows.log_show import verify
from orgroot.workflows.removal import remove
from orgroot.workflows.requests import Ask
from orgroot.workflows.sessions import HandOutDriver, hand_out, preview, request_session

ASK = Ask(reason="a migration that no command does", duration_seconds=120)
QUEUES = TaskPolicy.UNLOCK_QUEUE


@dataclass
class Taker:
    """Takes a session, and remembers what the log held then."""

    world: World
    refuse: Exception | None = None
    form: str = "exec"
    took: list[tuple[RootSession, float]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def receive(self, session: RootSession, seconds: float) -> None:
        """Take it."""
        self.seen = self.world.types()
        if self.refuse is not None:
            raise self.refuse
        self.took.append((session, seconds))


def look(view: RequestView) -> None:
    """Look at it and say yes."""
    assert view.task == Task.ROOT_SESSION


def asked(world: World) -> str:
    """Alice has asked for a session."""
    view = request_session(world.workspace(), ACCOUNT, QUEUES, ASK)
    assert isinstance(view, RequestView)
    assert view.exit_reasons == (ExitReason.WAITING,)
    return view.id


def granted(world: World) -> str:
    """Alice has asked, two have approved."""
    request = asked(world)
    for person in ("bob", "carol"):
        approve(world.desk(person), request, "", lambda _summary: None)
    return request


def test_a_session_is_recorded_before_anybody_gets_it() -> None:
    """Intent, issued, then the program, then the end: one session, of the task asked for."""
    world = new_world()
    taker = Taker(world)
    result = hand_out(world.workspace(), granted(world), taker, look)
    ((session, seconds),) = taker.took
    assert taker.seen[-2:] == ["intent", "issued"]
    assert world.types()[-1] == "closed"
    assert (session.account, session.task_policy, seconds) == (ACCOUNT, QUEUES, 120)
    assert isinstance(result, HandedOut)
    assert (result.state, result.outcome) == ("SUCCEEDED", "handed-out: exec")
    assert (result.access_key_id, result.exit_reasons) == (session.access_key_id, ())
    assert len(world.aws.sessions) == 1
    assert verify(world.log()).findings == ()


def test_a_survey_from_before_a_handed_out_session_is_never_taken() -> None:
    """What the program did there nobody knows, so the account is read anew."""
    world, here = new_world(), Selection(ids=(ACCOUNT,))
    inventory(world.workspace(), here)
    hand_out(world.workspace(), granted(world), Taker(world), look)
    world.aws.members[ACCOUNT].password = True
    view = remove(world.workspace(), here, tuple(CredentialKind), Ask(reason="unused"))
    assert isinstance(view, RequestView)
    assert view.params["seen"][ACCOUNT]["password"] is True


def never_asked(view: RequestView) -> None:
    """Nobody is asked about what waits."""
    raise AssertionError(view.id)


def test_nothing_is_handed_out_before_the_quorum() -> None:
    """A waiting request opens no session: exit reason WAITING, and the way on is named."""
    world = new_world()
    request, taker = asked(world), Taker(world)
    result = hand_out(world.workspace(), request, taker, never_asked)
    assert isinstance(result, RequestView)
    assert result.exit_reasons == (ExitReason.WAITING,)
    assert result.commands[-1] == f"orgroot session exec {request} -- COMMAND"
    assert (taker.took, world.aws.sessions) == ([], [])


def test_a_request_hands_out_one_session() -> None:
    """A second program that asks is refused."""
    world = new_world()
    request = granted(world)
    hand_out(world.workspace(), request, Taker(world), look)
    with pytest.raises(RequestRefused):
        hand_out(world.workspace(), request, Taker(world), look)
    assert len(world.aws.sessions) == 1


def test_the_session_of_any_other_task_is_never_handed_out() -> None:
    """Neither by the command, nor by a driver that is given another request."""
    world = locked_world()
    inspected(world)
    request, taker = approved(world), Taker(world)
    before = len(world.aws.sessions)
    with pytest.raises(UsageError, match="never handed out") as caught:
        hand_out(world.workspace(), request, taker, look)
    assert caught.value.code == "not-a-session"
    with pytest.raises(IntegrityError):
        execute(world.workspace(), request, driver=HandOutDriver(taker))
    assert (taker.took, len(world.aws.sessions)) == ([], before)


def test_a_session_is_handed_to_no_other_command() -> None:
    """`execute` does not know what to do with it, and says what does."""
    world = new_world()
    request = granted(world)
    with pytest.raises(UsageError) as caught:
        execute(world.workspace(), request)
    assert "orgroot session exec" in (caught.value.hint or "")
    assert world.types()[-1] == "approval"


def test_waiting_for_approvals_opens_nothing() -> None:
    """`--wait` ends as soon as the request is approved, and hands nothing out."""
    world = new_world()
    request = granted(world)
    view = request_session(world.workspace(), ACCOUNT, QUEUES, replace(ASK, wait_seconds=60))
    assert isinstance(view, RequestView)
    assert (view.id, view.state, view.exit_reasons) == (request, "APPROVED", ())
    assert world.aws.sessions == []


def test_a_preview_writes_nothing() -> None:
    """A dry run says the task, and leaves the log as it was."""
    world = new_world()
    before = world.types()
    assert preview(world.workspace(), ACCOUNT, QUEUES, ASK).task == Task.ROOT_SESSION
    assert world.types() == before


def test_what_nobody_looked_at_is_not_opened() -> None:
    """A no to the question stops it before the intent."""
    world = new_world()
    request = granted(world)

    def no(_view: RequestView) -> None:
        raise UsageError("not confirmed")

    with pytest.raises(UsageError, match="not confirmed"):
        hand_out(world.workspace(), request, Taker(world), no)
    assert world.types()[-1] == "approval"


def test_a_refusal_by_aws_is_told() -> None:
    """No session came to be: AWS_REFUSED, FAILED or open again, and nobody got anything."""
    world = new_world()
    request, taker = granted(world), Taker(world)

    def deny(_call: Call) -> None:
        raise AwsError(
            "no", kind=AwsErrorKind.DENIED, aws_code="AccessDenied", operation="sts:AssumeRoot"
        )

    world.aws.when("sts:AssumeRoot", deny)
    result = hand_out(world.workspace(), request, taker, look)
    assert isinstance(result, HandedOut)
    assert result.exit_reasons == (ExitReason.AWS_REFUSED,)
    assert "AccessDenied" in result.outcome
    assert (result.access_key_id, taker.took) == (None, [])


def test_a_session_that_nobody_took_is_told() -> None:
    """The program could not be started: the session is on record, and that nobody got it."""
    world = new_world()
    taker = Taker(world, refuse=UsageError("it cannot be started"))
    result = hand_out(world.workspace(), granted(world), taker, look)
    assert isinstance(result, HandedOut)
    assert (result.state, result.exit_reasons) == ("FAILED", (ExitReason.INCOMPLETE,))
    assert "nobody got it: it cannot be started" in result.outcome


def test_a_session_that_cannot_be_recorded_is_given_to_nobody() -> None:
    """The log fails at `issued`: the credentials are dropped, and the outcome is unknown."""
    world = new_world()
    request, taker = granted(world), Taker(world)
    written = [0]

    def refuse(_key: str) -> Exception | None:
        written[0] += 1
        return AuditUnavailable("disk full") if written[0] > 1 else None

    world.store.refuse = refuse
    with pytest.raises(OutcomeUnknown):
        hand_out(world.workspace(), request, taker, look)
    assert taker.took == []
    assert len(world.aws.sessions) == 1


def test_a_killed_hand_over_is_closed_as_unverified() -> None:
    """Nobody here knows what was done with the session: `recover` does not say "nothing"."""
    world = new_world()
    taker = Taker(world, refuse=ProcessKilledError())
    with pytest.raises(ProcessKilledError):
        hand_out(world.workspace(), granted(world), taker, look)
    world.clock.forward(PASSED)
    (end,) = only(recover(world.workspace())).accounts
    assert end.outcome == "unverified"
    assert "CloudTrail" in end.detail


def test_a_hand_over_killed_before_its_session_did_nothing() -> None:
    """No session on record, and none in CloudTrail: nothing was done."""
    world = new_world()
    request = granted(world)
    world.aws.when("sts:AssumeRoot", die)
    with pytest.raises(ProcessKilledError):
        hand_out(world.workspace(), request, Taker(world), look)
    calm(world)
    world.clock.forward(PASSED + timedelta(hours=1).total_seconds())
    (end,) = only(recover(world.workspace())).accounts
    assert end.outcome == "not-done"


def test_where_a_runner_opens_the_sessions_none_is_handed_out() -> None:
    """Handing out is for direct mode: nothing is asked for, and what was granted stays unused."""
    world = new_world()
    request, taker = granted(world), Taker(world)
    there = structs.replace(world.config.organization, runner="nightly")
    world.config = structs.replace(world.config, organization=there)
    before = world.types()
    for act in (
        lambda: request_session(world.workspace(), ACCOUNT, QUEUES, ASK),
        lambda: preview(world.workspace(), ACCOUNT, QUEUES, ASK),
        lambda: hand_out(world.workspace(), request, taker, look),
    ):
        with pytest.raises(UsageError, match="nightly alone opens root sessions") as caught:
            act()
        assert caught.value.code == "runner"
    assert (world.types(), world.aws.sessions, taker.took) == (before, [], [])
