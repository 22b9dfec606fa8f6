"""The write-ahead protocol: what is durable before what, and what a death at any point leaves."""

import base64
import contextlib
import json
import re
from pathlib import Path

import pytest
from fakes.aws_members import Call, aws_error
from fakes.buckets_world import (
    ACCOUNT,
    BUCKET,
    LOCKED,
    approved,
    inspected,
    locked_world,
    policy_now,
    requested,
)
from fakes.team import ProcessKilledError, World

import orgroot
from orgroot.core.codec import decode_record
from orgroot.core.log_state import MAX_EXECUTIONS, RequestRecord
from orgroot.core.results import DryRun, ExitReason, RequestView, Unlock
from orgroot.errors import (
    AuditUnavailable,
    AwsErrorKind,
    OrgrootError,
    OutcomeUnknown,
    RequestRefused,
    UsageError,
)
from orgroot.workflows.approvals import deny
from orgroot.workflows.execution import execute, preview
from orgroot.workflows.log_show import verify


def granted() -> tuple[World, str]:
    """A locked bucket whose unlocking is approved."""
    world = locked_world()
    inspected(world)
    request = approved(world)
    world.aws.calls.clear()
    world.aws.sessions.clear()
    return world, request


def on_write(world: World, number: int, error: Exception, *, after: bool) -> None:
    """Let the number-th object written from now on fail, before or after it is durable."""
    seen = 0

    def refuse(_key: str) -> Exception | None:
        nonlocal seen
        seen += 1
        return error if seen == number else None

    world.store.refuse, world.store.after = refuse, after


def test_assume_root_has_one_caller() -> None:
    """Nothing in the package calls assume_root but the open execution."""
    package = Path(orgroot.__file__).parent
    callers = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"\.assume_root\(", path.read_text())
    }
    assert callers - {path for path in callers if path.startswith(("aws/", "sandbox/"))} == {
        "workflows/run.py"
    }


def test_every_step_is_durable_before_the_next() -> None:
    """Intent before AssumeRoot, issued before the first read, step-intent before the change."""
    world, request = granted()
    seen: dict[str, str] = {}

    def note(call: Call) -> None:
        seen.setdefault(call.operation, world.types()[-1])

    for operation in ("sts:AssumeRoot", "s3:ListBuckets", "s3:PutBucketPolicy"):
        world.aws.when(operation, note)
    execute(world.workspace(), request)
    assert seen == {
        "sts:AssumeRoot": "intent",
        "s3:ListBuckets": "issued",
        "s3:PutBucketPolicy": "step-intent",
    }


def test_the_session_carries_the_reference_of_its_intent() -> None:
    """54 characters: the request, the intent's record number, the start of its hash."""
    world, request = granted()
    execute(world.workspace(), request)
    reference = world.aws.sessions[0][1]
    state = world.log().sync()
    intent = next(iter(state.requests[request].executions))  # type: ignore[index]
    assert len(reference) == 54
    assert reference == f"orq.{request[4:16]}.{intent.seq:012d}.{intent.record_hash[:24]}"


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(1, 8))
def test_killed_at_any_record(number: int, *, after: bool) -> None:
    """Whatever write kills it: no session without intent, no change without step-intent, once."""
    world, request = granted()
    on_write(world, number, ProcessKilledError(), after=after)
    try:
        execute(world.workspace(), request)
    except ProcessKilledError:
        pass
    else:
        assert number == 7
    world.store.refuse = lambda _key: None
    check_invariants(world, request)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    "operation", ["sts:AssumeRoot", "s3:ListBuckets", "s3:GetBucketPolicy", "s3:PutBucketPolicy"]
)
def test_killed_at_any_call(operation: str, *, after: bool) -> None:
    """Whatever call to AWS kills it, the same holds."""
    world, request = granted()

    def kill(call: Call) -> None:
        if after and operation == "s3:PutBucketPolicy":
            world.aws.members[call.subject].buckets[call.detail].policy = b'{"Statement": []}'
        raise ProcessKilledError

    world.aws.when(operation, kill)
    with pytest.raises(ProcessKilledError):
        execute(world.workspace(), request)
    world.aws.hooks.clear()
    check_invariants(world, request)


def check_invariants(world: World, request: str) -> None:
    """What holds after any death, and after trying again."""
    changes = world.aws.count("s3:PutBucketPolicy")
    types = world.types()
    assert len(world.aws.sessions) <= types.count("intent")
    assert changes <= types.count("step-intent")
    assert not world.memory("alice").marks
    with contextlib.suppress(RequestRefused, OutcomeUnknown):
        execute(world.workspace(), request)
    assert world.aws.count("s3:PutBucketPolicy") <= 1
    assert world.types().count("intent") == 1
    log = world.log()
    state = log.sync()
    for session, reference in world.aws.sessions:
        run = next(r for r in state.executions.values() if f".{r.seq:012d}." in reference)
        assert session.account in run.accounts
    found = verify(world.log())
    assert ExitReason.INTEGRITY not in found.exit_reasons, found.findings


@pytest.mark.parametrize(
    ("number", "error", "session", "changed", "spooled"),
    [
        (1, AuditUnavailable, False, False, None),
        (2, OutcomeUnknown, True, False, "issued"),
        (3, AuditUnavailable, True, False, None),
        (4, OutcomeUnknown, True, True, "step-result"),
        (6, OutcomeUnknown, True, True, "closed"),
    ],
)
def test_a_log_that_fails(
    number: int,
    error: type[OrgrootError],
    *,
    session: bool,
    changed: bool,
    spooled: str | None,
) -> None:
    """Nothing goes on unrecorded: refused before an act, spooled and said loudly after it."""
    world, request = granted()
    on_write(world, number, AuditUnavailable("disk full"), after=False)
    with pytest.raises(error):
        execute(world.workspace(), request)
    assert bool(world.aws.sessions) is session
    assert (policy_now(world) != LOCKED) is changed
    facts = [
        json.loads(decode_record(raw).body)["type"] for _, raw in world.memory("alice").spooled()
    ]
    assert facts == ([spooled] if spooled else [])
    assert bool(world.progress.notes) is (spooled is not None)


def test_rows_that_cannot_be_kept_do_not_hide_the_end() -> None:
    """The object of rows fails and the log comes back: the closing still says how it ended."""
    world, request = granted()
    on_write(world, 5, AuditUnavailable("disk full"), after=False)
    with pytest.raises(OutcomeUnknown):
        execute(world.workspace(), request)
    assert world.types()[-1] == "closed"


def test_a_lost_assume_root_is_unknown() -> None:
    """No answer to AssumeRoot: exit 7, the request is UNKNOWN, and never executed again."""
    world, request = granted()
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.LOST, after=True)
    with pytest.raises(OutcomeUnknown):
        execute(world.workspace(), request)
    assert world.types()[-1] == "intent"
    with pytest.raises(OutcomeUnknown):
        execute(world.workspace(), request)
    assert world.aws.count("sts:AssumeRoot") == 1


def test_throttling_is_waited_for() -> None:
    """A throttled AssumeRoot opened nothing, so it is asked again after a pause."""
    world, request = granted()
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.THROTTLED, times=2)
    result = execute(world.workspace(), request)
    assert isinstance(result, Unlock)
    assert result.items[0].outcome == "repaired"
    assert len(world.clock.slept) == 2


def test_refused_again_and_again_is_spent() -> None:
    """A definite refusal reopens a request, but not for ever."""
    world, request = granted()
    world.aws.fail("sts:AssumeRoot", times=9)
    for _ in range(MAX_EXECUTIONS):
        execute(world.workspace(), request)
    with pytest.raises(RequestRefused, match="refused by AWS"):
        execute(world.workspace(), request)


def test_before_the_quorum_nothing_is_done() -> None:
    """Executing too early answers the waiting request and does not touch AWS."""
    world = locked_world()
    inspected(world)
    request = requested(world)
    world.aws.calls.clear()
    view = execute(world.workspace(), request)
    assert isinstance(view, RequestView)
    assert view.exit_reasons == (ExitReason.WAITING,)
    assert world.aws.calls == []


def test_only_what_was_granted_is_shown_and_asked_about() -> None:
    """A waiting or refused request is answered at once; a no to a granted one stops all."""
    shown: list[str] = []

    def no(request: RequestRecord) -> None:
        shown.append(request.id)
        raise UsageError("not confirmed")

    world = locked_world()
    inspected(world)
    waiting = requested(world)
    assert isinstance(execute(world.workspace(), waiting, look=no), RequestView)
    world, request = granted()
    before = world.types()
    with pytest.raises(UsageError, match="not confirmed"):
        execute(world.workspace(), request, look=no)
    assert (shown, world.aws.calls, world.types()) == ([request], [], before)
    execute(world.workspace(), request, look=lambda _: None)
    with pytest.raises(RequestRefused):
        execute(world.workspace(), request, look=no)
    assert shown == [request]


def test_a_preview_of_an_execution_writes_nothing() -> None:
    """It decides as an execution does, on live targets, opens no session and records nothing."""
    world, request = granted()
    before = world.types()
    dry = preview(world.workspace(), request)
    assert isinstance(dry, DryRun)
    assert dry.summary["request"] == request
    assert (world.aws.sessions, world.aws.writes, world.types()) == ([], [], before)
    execute(world.workspace(), request)
    with pytest.raises(RequestRefused):
        preview(world.workspace(), request)


def test_denied_is_final() -> None:
    """After a denial nothing is executed, and AWS is not called."""
    world, request = granted()
    deny(world.desk("carol"), request, "no", lambda _summary: None)
    with pytest.raises(RequestRefused):
        execute(world.workspace(), request)
    assert world.aws.calls == []


def test_expired_is_final() -> None:
    """An expired request is not executed."""
    world, request = granted()
    world.clock.forward(5 * 3600)
    with pytest.raises(RequestRefused):
        execute(world.workspace(), request)
    assert world.aws.calls == []


def test_an_account_that_moved_is_stale() -> None:
    """The account moved to another OU since the request: refused before any session."""
    world, request = granted()
    world.aws.members[ACCOUNT].tags["team"] = "other"
    with pytest.raises(RequestRefused, match="STALE"):
        execute(world.workspace(), request)
    assert world.aws.writes == []


def test_a_denial_that_arrives_first_wins() -> None:
    """The order in the log decides: a denial between decision and intent stops the execution."""
    world, request = granted()
    once: list[bool] = []

    def slip_in(key: str) -> None:
        if not once and key.startswith("0"):
            once.append(True)
            deny(world.desk("carol"), request, "wait", lambda _summary: None)

    world.store.before_create = slip_in
    with pytest.raises(RequestRefused):
        execute(world.workspace(), request)
    assert "intent" not in world.types()
    assert world.aws.writes == []


def test_only_a_member_of_the_executors_may_execute() -> None:
    """Bob approves; he cannot execute."""
    world, request = granted()
    with pytest.raises(RequestRefused):
        execute(world.workspace("bob"), request)
    assert world.aws.calls == []


def test_a_running_execution_is_not_run_twice() -> None:
    """While a process of this machine runs it, a second one is refused."""
    world, request = granted()
    caught: list[str] = []

    def again(_call: Call) -> None:
        with pytest.raises(RequestRefused) as refused:
            execute(world.workspace(), request)
        caught.append(refused.value.code)

    world.aws.when("s3:GetBucketPolicy", again)
    execute(world.workspace(), request)
    assert set(caught) == {"running"}


def test_no_secret_reaches_the_spool() -> None:
    """A fact that the log refuses for the secret in it is kept nowhere else either."""
    world, request = granted()

    def leak(_call: Call) -> None:
        secret = world.aws.sessions[0][0].session_token.reveal()
        raise aws_error(AwsErrorKind.DENIED, f"s3:PutBucketPolicy with {secret}")

    world.aws.when("s3:PutBucketPolicy", leak)
    with pytest.raises(OutcomeUnknown, match="a live secret"):
        execute(world.workspace(), request)
    assert world.memory("alice").spooled() == ()
    for data in world.store.objects.values():
        assert b"token+of" not in data
    assert not any("token+of" in note for note in world.progress.notes)


def test_no_secret_reaches_the_log() -> None:
    """A record that would hold a live session secret is not written."""
    world, request = granted()
    ws = world.workspace()

    def leak(_call: Call) -> None:
        secret = world.aws.sessions[0][0].session_token.reveal().encode()
        bucket = world.aws.members[ACCOUNT].buckets[BUCKET]
        bucket.policy = LOCKED.replace(b'"Lock"', b'"' + secret + b'"')

    world.aws.when("s3:ListBuckets", leak)
    result = execute(ws, request)
    assert isinstance(result, Unlock)
    assert result.items[0].outcome == "refused"
    for data in world.store.objects.values():
        assert b"token+of" not in data
    token = world.aws.sessions[0][0].session_token
    forget = ws.governed.log.keep_out((token,))
    for text in (token.reveal().encode(), base64.b64encode(b"xy" + token.reveal().encode())):
        with pytest.raises(OrgrootError) as caught:
            ws.governed.log.put_object(b"x" + text)
        assert caught.value.code == "secret"
    forget()
    ws.governed.log.put_object(b"x" + token.reveal().encode())
