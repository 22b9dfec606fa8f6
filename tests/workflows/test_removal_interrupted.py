"""What an interrupted removal leaves, and how it is continued."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from fakes.aws_members import Call
from fakes.crash_world import standing
from fakes.memory import FakeMemory
from fakes.removal_world import (
    ALL,
    ASK,
    DELETIONS,
    EVERYTHING,
    A,
    B,
    C,
    ask_for,
    deletions,
    empty,
    fill,
    grant,
    outcomes,
    removal_world,
    row,
    run,
    verified,
)
from fakes.team import World, new_world
from msgspec import structs

from orgroot.core.config import AccountsConfig, Exemption
from orgroot.core.governed_tasks import Task
from orgroot.core.ids import RequestId
from orgroot.core.log_state import RequestState
from orgroot.core.organization import Selection
from orgroot.core.results import ExitReason, Removal, RequestView
from orgroot.core.statements import Survey
from orgroot.errors import (
    AuditUnavailable,
    AwsErrorKind,
    CredentialsError,
    OutcomeUnknown,
)
from orgroot.workflows import log_show, removal
from orgroot.workflows.crash_recovery import recover
from orgroot.workflows.execution import execute
from orgroot.workflows.inventory import inventory


@pytest.fixture
def world() -> World:
    """Account A has everything, B a password, C nothing."""
    return removal_world()


class _CrashError(BaseException):
    """The process dies at this call."""


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_call_and_run_again_it_ends_the_same(after: bool) -> None:  # noqa: FBT001
    """Same end state as without the crash, nothing deleted twice, and the log verifies."""
    for at in count(1):
        world = new_world()
        fill(world.aws.members[A])
        world.aws.members[B].password = True
        request = ask_for(world)
        effects, heal = crash_at(world, at, after=after)
        crashed = False
        try:
            execute(world.workspace(concurrency=1), request)
        except _CrashError:
            crashed = True
        heal()
        if crashed:
            recorded = world.log().sync().requests[RequestId(request)].outcomes()
            if len(recorded) < 2:
                run(world, request)
        assert empty(world.aws.members[A])
        assert empty(world.aws.members[B])
        ends = world.log().sync().requests[RequestId(request)].outcomes()
        assert {account: item.outcome for account, item in ends.items()} == {
            A: "removed",
            B: "removed",
        }
        assert len(effects) == len(set(effects)) == 6
        verified(world)
        if not crashed:
            assert at > 30
            return


def crash_at(
    world: World, at: int, *, after: bool
) -> tuple[list[tuple[str, str, str]], Callable[[], None]]:
    """Die at the n-th call from now; answers the deletions that took effect, and how to stop."""
    real = world.aws._call
    effects: list[tuple[str, str, str]] = []
    calls = count(1)

    def call(
        operation: str,
        subject: str = "",
        detail: str = "",
        effect: Callable[[], None] = lambda: None,
    ) -> None:
        def noted() -> None:
            if operation in DELETIONS:
                effects.append((operation, subject, detail))
            effect()

        die = next(calls) == at
        if die and not after:
            raise _CrashError
        real(operation, subject, detail, noted)
        if die:
            raise _CrashError

    def heal() -> None:
        nonlocal at
        at = 0

    world.aws._call = call  # type: ignore[method-assign]
    return effects, heal


def test_every_session_stands_in_the_log(world: World) -> None:
    """Each root session of the run has its `issued` fact, one to one by access key id."""
    request = ask_for(world)
    run(world, request)
    state = world.log().sync()
    issued = {key for e in state.requests[RequestId(request)].executions for key in e.issued}
    survey_ids = [r for r in state.requests.values() if isinstance(r.body, Survey)]
    assert [r.body.task for r in survey_ids] == [Task.AUDIT_ROOT_CREDENTIALS]
    used = {s.access_key_id for s, _ in world.aws.sessions[3:]}
    assert issued == used


def killed(world: World) -> str:
    """A request whose execution died with deletions under way; answers its id."""
    request = ask_for(world)
    _, heal = crash_at(world, 18, after=False)
    with pytest.raises(_CrashError):
        execute(world.workspace(concurrency=1), request)
    heal()
    return request


def test_a_killed_removal_is_continued_by_the_same_command(world: World) -> None:
    """Run again, `credentials remove` finds its own request and does what is left."""
    request = killed(world)
    result = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(result, Removal)
    assert result.request == request
    assert outcomes(result) == {
        "1" * 12: "skipped",
        A: "removed",
        B: "removed",
        C: "nothing-to-remove",
    }


def test_a_run_that_another_took_over_stops_at_its_next_record(world: World) -> None:
    """Another machine continues what seems dead: the first deletes nothing more of its accounts."""
    request = ask_for(world)
    elsewhere = world.workspace(concurrency=1)
    elsewhere = replace(elsewhere, memory=FakeMemory(), log=world.log("elsewhere"))
    done: list[object] = []

    def meanwhile(_call: Call) -> None:
        world.aws.hooks.clear()
        done.append(execute(elsewhere, request))

    world.aws.when("iam:DeleteLoginProfile", meanwhile)
    with pytest.raises(OutcomeUnknown, match="another run took this request over"):
        execute(world.workspace(concurrency=1), request)
    assert isinstance(done[0], Removal)
    assert outcomes(done[0])[A] == outcomes(done[0])[B] == "removed"
    mine, theirs = world.log().sync().requests[RequestId(request)].executions
    assert mine.superseded_by == theirs.seq
    assert not mine.closed
    assert [call[:2] for call in deletions(world) if call[1] == B] == [(DELETIONS[0], B)]
    verified(world)


def test_what_a_continued_removal_left_out_is_recovered(world: World) -> None:
    """An account whose deletions were under way, and that is exempt by then, is not forgotten."""
    request = killed(world)
    assert world.log().sync().requests[RequestId(request)].executions[0].step_intents
    until = world.clock.now().date() + timedelta(days=30)
    exempt = (Exemption(account=A, reason="moves", until=until),)
    world.config = structs.replace(world.config, accounts=AccountsConfig(exempt=exempt))
    run(world, request)
    world.clock.forward(timedelta(days=3).total_seconds())
    (finding,) = log_show.verify(world.log()).findings
    assert (finding.code, A in finding.detail) == ("DANGLING", True)
    assert standing(world, request) is RequestState.UNKNOWN
    (closed,) = recover(world.workspace()).executions
    assert [end.account for end in closed.accounts] == [A]
    assert log_show.verify(world.log()).findings == ()
    assert standing(world, request) is not RequestState.UNKNOWN


def test_a_continued_removal_still_names_what_was_not_read(world: World) -> None:
    """Executed by the same command: what the survey could not read is unread, and exit 9."""
    world.aws.fail("sts:AssumeRoot", subject=C)
    request = ask_for(world)
    result = removal.remove(world.workspace(), ALL, EVERYTHING, ASK)
    assert isinstance(result, Removal)
    assert result.request == request
    assert row(result, C).outcome == "unread"
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)


def test_a_dry_run_shows_what_a_survey_found(world: World) -> None:
    """With a young survey the dry run names the accounts; a clean selection has nothing."""
    inventory(world.workspace(), ALL)
    sessions = len(world.aws.sessions)
    dry = removal.preview(world.workspace(), ALL, EVERYTHING)
    assert [target["account"] for target in dry.targets] == [A, B]
    assert sum(missing.count for missing in dry.needs) >= 1
    clean = removal.preview(world.workspace(), Selection(ids=(C,)), EVERYTHING)
    assert (clean.targets, clean.params) == ((), {})
    assert "nothing to remove" in clean.notes[0]
    assert len(world.aws.sessions) == sessions


def test_a_run_out_of_time_leaves_the_rest_for_the_next(world: World) -> None:
    """Past its deadline no account is begun, and none is called removed."""
    request = ask_for(world)
    late = [False]

    def pass_time(_call: object) -> None:
        if not late[0]:
            late[0] = True
            world.clock.forward(32 * 60)

    world.aws.when("iam:DeleteLoginProfile", pass_time)
    result = run(world, request)
    assert set(outcomes(result).values()) == {"incomplete"}
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)
    assert world.aws.members[B].password


def test_lists_that_stay_full_are_incomplete(world: World) -> None:
    """What the delete session still lists is left, whatever the deletion answered."""
    request = ask_for(world, Selection(ids=(A, B)))
    world.aws.when("iam:DeactivateMFADevice", lambda _call: world.aws.members[A].mfa.append("new"))
    result = run(world, request)
    assert row(result, A).outcome == "incomplete"
    assert row(result, A).left.mfa_devices == ("new",)


def test_appearing_password_holds_the_account(world: World) -> None:
    """A password that the survey did not see is not removed under its request."""
    world.aws.members[C].access_keys.append("AKIACCC")
    request = ask_for(world, Selection(ids=(C,)))
    world.aws.members[C].password = True
    result = run(world, request)
    assert row(result, C).outcome == "held"
    assert "a password appeared" in (row(result, C).reason or "")
    assert world.aws.members[C].access_keys == ["AKIACCC"]


def test_one_account_that_aws_refuses_is_exit_8(world: World) -> None:
    """A command with one target, nothing changed: AWS refused."""
    request = ask_for(world, Selection(ids=(B,)))
    world.aws.fail("sts:AssumeRoot", subject=B)
    assert run(world, request).exit_reasons == (ExitReason.AWS_REFUSED,)


def test_a_deletion_nobody_can_vouch_for_is_exit_7_and_continued(world: World) -> None:
    """No answer, and the key still there: unknown; the next run deletes it."""
    request = ask_for(world)
    world.aws.fail("iam:DeleteAccessKey", AwsErrorKind.LOST, subject=A)
    result = execute(world.workspace(concurrency=1), request)
    assert result.exit_reasons == (ExitReason.UNKNOWN, ExitReason.INCOMPLETE)
    assert any("AKIA2222ONE" in note for note in world.progress.notes)
    assert outcomes(run(world, request)) == {A: "removed", B: "removed"}


def test_one_account_that_aws_cannot_serve_now_is_over(world: World) -> None:
    """A request for one account is executed once: incomplete and FAILED at once, not UNKNOWN."""
    request = ask_for(world, Selection(ids=(B,)))
    world.aws.fail("iam:ListAccessKeys", AwsErrorKind.THROTTLED, times=99)
    result = run(world, request)
    assert (row(result, B).outcome, row(result, B).left.password) == ("incomplete", True)
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)
    assert standing(world, request) is RequestState.FAILED


def test_one_account_past_its_time_is_over(world: World) -> None:
    """Its deadline came before its first change: nothing goes on with it."""
    ask = replace(ASK, duration_seconds=60)
    view = removal.remove(world.workspace(), Selection(ids=(B,)), EVERYTHING, ask)
    assert isinstance(view, RequestView)
    grant(world, view.id)
    world.aws.when("iam:ListMFADevices", lambda _call: world.clock.forward(121))
    request, result = view.id, run(world, view.id)
    assert "the time of this run ended" in (row(result, B).reason or "")
    assert standing(world, request) is RequestState.FAILED


def test_what_nobody_knows_of_one_account_is_settled_by_recover_at_once(world: World) -> None:
    """No answer, and the password still there: 7, and whoever looks need not wait."""
    request = ask_for(world, Selection(ids=(B,)))
    world.aws.fail("iam:DeleteLoginProfile", AwsErrorKind.LOST, subject=B)
    with pytest.raises(OutcomeUnknown, match="DeleteLoginProfile") as caught:
        execute(world.workspace(concurrency=1), request)
    assert "orgroot recover" in (caught.value.hint or "")
    assert standing(world, request) is RequestState.UNKNOWN
    (found,) = recover(world.workspace()).executions
    assert (found.outcome, found.accounts[0].outcome) == ("closed", "not-done")
    assert standing(world, request) is RequestState.FAILED


def expire(world: World, number: int, subject: str) -> None:
    """The operator's credentials expire at the number-th AssumeRoot in an account."""
    left = [number]

    def hook(call: Call) -> None:
        left[0] -= call.subject == subject
        if not left[0]:
            left[0] = -1
            raise CredentialsError("the AWS credentials are expired", hint="run `aws sso login`")

    world.aws.when("sts:AssumeRoot", hook)


def test_credentials_that_expire_between_accounts_hide_nothing(world: World) -> None:
    """What was removed is told, the rest is named, and the next run goes on: 9, never 2."""
    request = ask_for(world)
    expire(world, 1, B)
    result = run(world, request)
    assert outcomes(result) == {A: "removed", B: "incomplete"}
    assert result.exit_reasons == (ExitReason.INCOMPLETE,)
    assert any("aws sso login" in note for note in world.progress.notes)
    assert outcomes(run(world, request)) == {A: "removed", B: "removed"}


def test_credentials_that_expire_before_the_first_account_are_usage(world: World) -> None:
    """Nothing was begun, so that is all there is to say; the request can be executed again."""
    request = ask_for(world)
    expire(world, 1, A)
    with pytest.raises(CredentialsError):
        execute(world.workspace(concurrency=1), request)
    assert outcomes(run(world, request)) == {A: "removed", B: "removed"}


def test_credentials_that_expire_before_the_proof_end_one_account(world: World) -> None:
    """Its password is gone and nobody proved it: incomplete, and not UNKNOWN."""
    request = ask_for(world, Selection(ids=(B,)))
    expire(world, 2, B)
    result = run(world, request)
    assert (row(result, B).outcome, row(result, B).removed.password) == ("incomplete", True)
    assert standing(world, request) is RequestState.FAILED


def test_a_dead_log_stops_the_removal_before_the_next_change(world: World) -> None:
    """No durable step, no deletion: the rest is not begun."""
    request = ask_for(world)

    def die(_call: object) -> None:
        world.store.down = True

    world.aws.when("iam:GetLoginProfile", die)
    with pytest.raises(AuditUnavailable):
        execute(world.workspace(concurrency=1), request)
    assert deletions(world) == []


def test_many_accounts_at_once_are_all_done() -> None:
    """Sixty accounts, sixteen at a time: every one proved, facts of many in few records."""
    world = new_world()
    for n in range(60):
        fill(world.aws.add_account(f"7000000000{n:02d}"))
    request = ask_for(world, Selection(all=True))
    result = execute(world.workspace(concurrency=16), request)
    assert isinstance(result, Removal)
    assert result.summary.removed == 60
    assert all(empty(member) for member in world.aws.members.values())
    assert len(set(deletions(world))) == len(deletions(world)) == 300
    verified(world)
