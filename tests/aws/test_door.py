"""One door: shared clients, whose credentials sign, what is told to AWS and what never leaks."""

import io
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

import orgroot
from orgroot.aws.clients import AwsDoor, quiet_sdk_loggers
from orgroot.aws.session_credentials import signing_with
from orgroot.core.root_tasks import TaskPolicy
from orgroot.errors import CredentialsError, OrgrootError
from orgroot.sandbox.faults import Effect, Rule
from tests.aws.world import CLEAN, DIRTY, MANAGEMENT, World

REFERENCE = "orq.abcdefghijkl.000000000042.0123456789abcdef01234567"


def test_one_client_per_service_is_shared_by_all_threads(world: World) -> None:
    """However many threads ask at once, a service and Region have one client."""
    door = world.door()
    with ThreadPoolExecutor(16) as pool:
        clients = list(pool.map(lambda _: door.client("iam", once=False), range(64)))
    assert len({id(client) for client in clients}) == 1


def test_calls_that_change_something_have_one_attempt(world: World) -> None:
    """AssumeRoot and every change are sent once; reads have standard retries."""
    door = world.door()
    once = door.client("sts", once=True).meta.config.retries
    assert once == {"mode": "standard", "total_max_attempts": 1}
    reads = door.client("sts", once=False).meta.config.retries
    assert reads == {"mode": "standard", "total_max_attempts": 3}


def test_each_thread_signs_with_its_own_session(world: World) -> None:
    """Threads share one client and never each other's root session."""
    door = world.door()
    sessions = world.sessions(door)
    opened = {
        account: sessions.assume_root(account, TaskPolicy.AUDIT, 900, REFERENCE)
        for account in (DIRTY, CLEAN)
    }
    together = threading.Barrier(2)

    def who(account: Any) -> list[str]:
        told = []
        for _ in range(10):
            together.wait(timeout=30)
            answer = door.call("sts", "GetCallerIdentity", session=opened[account])
            told.append(answer["Account"])
        return told

    with ThreadPoolExecutor(2) as pool:
        dirty, clean = pool.map(who, (DIRTY, CLEAN))
    assert (dirty, clean) == ([DIRTY] * 10, [CLEAN] * 10)


def test_without_a_session_nothing_is_signed(world: World) -> None:
    """A session client outside a session raises: the operator's credentials never stand in."""
    client = world.door().client("iam", once=False, in_session=True)
    with pytest.raises(OrgrootError, match="without a session"):
        client.list_access_keys()
    assert world.calls("ListAccessKeys") == 0


def test_a_session_does_not_reach_another_thread(world: World) -> None:
    """A thread started inside a session has no session of its own, and so cannot sign."""
    door = world.door()
    session = world.sessions(door).assume_root(CLEAN, TaskPolicy.AUDIT, 900, REFERENCE)
    client = door.client("iam", once=False, in_session=True)
    with signing_with(session), ThreadPoolExecutor(1) as pool:
        caught = pool.submit(client.list_access_keys).exception()
    assert isinstance(caught, OrgrootError)


def test_operator_clients_never_sign_with_a_session(world: World) -> None:
    """Inside a session, operator calls are still the operator's."""
    door = world.door()
    session = world.sessions(door).assume_root(CLEAN, TaskPolicy.AUDIT, 900, REFERENCE)
    with signing_with(session):
        assert door.call("sts", "GetCallerIdentity")["Account"] == MANAGEMENT


def test_a_session_ends_with_its_block(world: World) -> None:
    """After a call in a session, however it ended, no session is left behind."""
    door = world.door()
    session = world.sessions(door).assume_root(CLEAN, TaskPolicy.AUDIT, 900, REFERENCE)
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(OrgrootError))
        door.call("iam", "DeleteLoginProfile", session=session)
    with pytest.raises(OrgrootError, match="without a session"):
        door.client("iam", once=False, in_session=True).list_access_keys()


def test_the_reference_is_in_the_user_agent(world: World) -> None:
    """AssumeRoot and every call in its session name the log's record; other calls do not."""
    door = world.door()
    sessions = world.sessions(door)
    session = sessions.assume_root(DIRTY, TaskPolicy.AUDIT, 900, REFERENCE)
    sessions.account_summary(session)
    door.call("sts", "GetCallerIdentity")
    agents = {
        record["eventName"]: record["userAgent"] for record in world.server.front.trail.records()
    }
    told = f"orgroot/{orgroot.__version__} ref/{REFERENCE}"
    assert told in agents["AssumeRoot"]
    assert told in agents["GetAccountSummary"]
    assert f"orgroot/{orgroot.__version__}" in agents["GetCallerIdentity"]
    assert "ref/" not in agents["GetCallerIdentity"]


def test_debug_logging_shows_no_secret(world: World) -> None:
    """With everything logged at DEBUG, no secret and no token of a session is written."""
    logging.getLogger("botocore.parsers").setLevel(logging.DEBUG)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    top = logging.getLogger()
    before = top.level
    top.addHandler(handler)
    top.setLevel(logging.DEBUG)
    try:
        sessions = world.sessions()
        session = sessions.assume_root(DIRTY, TaskPolicy.AUDIT, 900, REFERENCE)
        sessions.account_summary(session)
        logging.getLogger("orgroot.test").debug("session %r", session)
    finally:
        top.removeHandler(handler)
        top.setLevel(before)
    assert session.access_key_id in written.getvalue()
    assert session.secret_access_key.reveal() not in written.getvalue()
    assert session.session_token.reveal() not in written.getvalue()
    assert session.session_token.reveal()[:40] not in written.getvalue()


def test_sdk_loggers_stay_quiet() -> None:
    """Loggers below botocore's that were turned up are turned down again."""
    logging.getLogger("botocore.endpoint").setLevel(logging.DEBUG)
    quiet_sdk_loggers()
    for name in ("botocore", "botocore.endpoint", "urllib3.connectionpool", "boto3"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


def test_the_clock_follows_aws(world: World) -> None:
    """Once AWS has answered, its `Date` is the time, not this machine's."""
    door = world.door()
    assert door.clock.skew() is None
    door.call("sts", "GetCallerIdentity")
    skew = door.clock.skew()
    assert skew is not None
    assert abs(skew.total_seconds()) < 5


def test_refusals_tell_the_time_too(world: World) -> None:
    """An error answer of AWS carries its time as well."""
    world.faults(Rule(effect=Effect.ERROR, operation="GetCallerIdentity", code="Nope", status=400))
    door = world.door()
    with pytest.raises(OrgrootError):
        door.call("sts", "GetCallerIdentity")
    assert door.clock.skew() is not None


def test_half_a_key_pair_is_refused(world: World) -> None:
    """An access key id without its secret is never half used, nor replaced by another source."""
    environ = dict(world.environ())
    del environ["AWS_SECRET_ACCESS_KEY"]
    with pytest.raises(CredentialsError, match="only one of"):
        AwsDoor(None, "eu-west-1", "sandbox", environ)


def test_an_unknown_profile_is_named(world: World) -> None:
    """A profile that does not exist is exit 2, with its name."""
    with pytest.raises(CredentialsError, match="no-such-profile"):
        AwsDoor("no-such-profile", "eu-west-1", "sandbox", world.environ())


def test_without_credentials_the_remedy_is_said(world: World) -> None:
    """No credentials anywhere: CredentialsError that says how to configure them."""
    door = AwsDoor(None, "eu-west-1", "sandbox", {"AWS_ENDPOINT_URL": world.server.endpoint})
    with pytest.raises(CredentialsError) as caught:
        door.call("sts", "GetCallerIdentity")
    assert "configure credentials" in str(caught.value.hint)


def test_an_expired_sso_sign_in_names_the_command(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A profile of IAM Identity Center without a live token answers with the exact command."""
    config = tmp_path_factory.mktemp("sso") / "config"
    config.write_text(
        "[profile corp]\nsso_session = corp\nsso_account_id = 111111111111\n"
        "sso_role_name = admin\nregion = eu-west-1\n[sso-session corp]\n"
        "sso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\n"
    )
    environ = {"AWS_ENDPOINT_URL": world.server.endpoint, "AWS_CONFIG_FILE": str(config)}
    door = AwsDoor("corp", None, "sandbox", environ)
    with pytest.raises(CredentialsError) as caught:
        door.call("sts", "GetCallerIdentity")
    assert "aws sso login --profile corp" in str(caught.value.hint)


def test_a_call_leaves_a_line_that_tells_nothing_it_carried(world: World) -> None:
    """Operation, account, seconds and the code of a refusal are logged, and nothing else."""
    world.faults(Rule(effect=Effect.ERROR, operation="GetCallerIdentity", code="Nope", status=400))
    door = world.door()
    structlog.reset_defaults()  # a command that ran in this process may have set a level
    with capture_logs() as lines:
        with pytest.raises(OrgrootError):
            door.call("sts", "GetCallerIdentity")
        door.call("organizations", "DescribeOrganization")
    assert [line["event"] for line in lines] == ["aws_call_failed", "aws_call"]
    assert lines[0]["code"].startswith("aws-")
    for line in lines:
        assert set(line) <= {"event", "log_level", "operation", "account", "seconds", "code"}
