"""Root sessions and the root user's credentials through the adapter, against the sandbox."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orgroot.aws.clients import AwsDoor
from orgroot.aws.root_sessions import _session_of
from orgroot.core.root_credentials import Presence
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secrets import RootSession
from orgroot.errors import AwsError, AwsErrorKind, CredentialsError, UsageError
from orgroot.sandbox.faults import Effect, Rule
from tests.aws.world import CERTIFICATE_ID, CLEAN, DIRTY, KEY_ID, LONG_AGO, MANAGEMENT, MFA, World

REFERENCE = "orq.abcdefghijkl.000000000042.0123456789abcdef01234567"
IN_AN_HOUR = datetime.now(UTC) + timedelta(hours=1)


def opened(world: World, task: TaskPolicy) -> RootSession:
    """A root session in the account with credentials."""
    return world.sessions().assume_root(DIRTY, task, 900, REFERENCE)


def test_a_session_is_as_asked(world: World) -> None:
    """Account, task and duration are those asked for; the secrets do not show."""
    session = world.sessions().assume_root(DIRTY, TaskPolicy.AUDIT, 300, REFERENCE)
    assert (session.account, session.task_policy) == (DIRTY, TaskPolicy.AUDIT)
    assert session.access_key_id.startswith("ASIA")
    assert session.aws_request_id
    left = session.expires_at - datetime.now(UTC)
    assert timedelta(seconds=280) < left <= timedelta(seconds=305)
    assert session.secret_access_key.reveal() not in repr(session)


@pytest.mark.parametrize("seconds", [0, -1, 901])
def test_a_duration_outside_awss_limits_is_not_sent(world: World, seconds: int) -> None:
    """Botocore would send 901; orgroot does not."""
    with pytest.raises(UsageError):
        world.sessions().assume_root(DIRTY, TaskPolicy.AUDIT, seconds, REFERENCE)
    assert world.calls("AssumeRoot") == 0


def test_features_off_are_told_apart(make_world: Callable[..., World]) -> None:
    """While nothing is on, AssumeRoot says trusted access or the feature, not just "denied"."""
    world = make_world(features_on=False)
    with pytest.raises(AwsError) as caught:
        world.sessions().assume_root(DIRTY, TaskPolicy.AUDIT, 900, REFERENCE)
    assert caught.value.kind is AwsErrorKind.TRUSTED_ACCESS_OFF
    world.organizations().enable_trusted_access()
    with pytest.raises(AwsError) as caught:
        world.sessions().assume_root(DIRTY, TaskPolicy.AUDIT, 900, REFERENCE)
    assert caught.value.kind is AwsErrorKind.FEATURE_OFF


def test_members_only(world: World) -> None:
    """The management account is no target."""
    with pytest.raises(AwsError) as caught:
        world.sessions().assume_root(MANAGEMENT, TaskPolicy.AUDIT, 900, REFERENCE)
    assert caught.value.kind is AwsErrorKind.DENIED


def test_a_lost_reply_is_lost_after_one_attempt(world: World) -> None:
    """A session may exist: AssumeRoot is LOST and never tried again."""
    world.faults(Rule(effect=Effect.LOST_REPLY, operation="AssumeRoot"))
    with pytest.raises(AwsError) as caught:
        world.sessions().assume_root(DIRTY, TaskPolicy.AUDIT, 900, REFERENCE)
    assert caught.value.kind is AwsErrorKind.LOST
    assert world.calls("AssumeRoot") == 1


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("Throttling", 400, AwsErrorKind.THROTTLED),
        ("InternalFailure", 500, AwsErrorKind.UNAVAILABLE),
        ("ServiceUnavailable", 503, AwsErrorKind.UNAVAILABLE),
    ],
)
def test_assume_root_is_never_repeated(
    world: World, code: str, status: int, kind: AwsErrorKind
) -> None:
    """Even what a read would try again is answered after one attempt."""
    world.faults(Rule(effect=Effect.ERROR, operation="AssumeRoot", code=code, status=status))
    with pytest.raises(AwsError) as caught:
        world.sessions().assume_root(DIRTY, TaskPolicy.AUDIT, 900, REFERENCE)
    assert caught.value.kind is kind
    assert world.calls("AssumeRoot") == 1
    assert world.pauses == []


def test_a_clean_account_costs_two_calls(world: World) -> None:
    """Reading an account without root credentials is AssumeRoot and GetAccountSummary."""
    sessions = world.sessions()
    session = sessions.assume_root(CLEAN, TaskPolicy.AUDIT, 900, REFERENCE)
    summary = sessions.account_summary(session)
    assert summary.clean is True
    assert sum(world.server.front.trail.counts().values()) == 2


def test_the_credentials_of_an_account_are_read(world: World) -> None:
    """Password, keys with their last use, certificates and MFA devices are what the root has."""
    sessions = world.sessions()
    session = opened(world, TaskPolicy.AUDIT)
    summary = sessions.account_summary(session)
    assert {summary.password, summary.access_keys, summary.signing_certificates, summary.mfa} == {
        Presence.PRESENT
    }
    assert sessions.has_password(session)
    (key,) = sessions.access_keys(session)
    assert (key.id, key.status, key.created_at) == (KEY_ID, "Active", LONG_AGO)
    assert key.last_used_at == datetime(2025, 5, 5, tzinfo=UTC)
    assert sessions.signing_certificates(session) == (CERTIFICATE_ID,)
    assert sessions.mfa_devices(session) == (MFA,)


def test_removal_leaves_nothing_and_can_be_repeated(world: World) -> None:
    """Every credential is removed, removing it again is success, and AWS then shows none."""
    sessions = world.sessions()
    session = opened(world, TaskPolicy.DELETE_CREDENTIALS)
    for _ in range(2):
        sessions.delete_password(session)
        sessions.delete_access_key(session, KEY_ID)
        sessions.delete_signing_certificate(session, CERTIFICATE_ID)
        sessions.deactivate_mfa_device(session, MFA)
    assert not sessions.has_password(session)
    assert sessions.access_keys(session) == ()
    assert sessions.signing_certificates(session) == ()
    assert sessions.mfa_devices(session) == ()
    assert sessions.account_summary(opened(world, TaskPolicy.AUDIT)).clean is True


def test_a_virtual_device_that_stays_is_not_fatal(world: World) -> None:
    """Deactivation is what counts: a refused DeleteVirtualMFADevice changes nothing."""
    world.faults(
        Rule(
            effect=Effect.ERROR, operation="DeleteVirtualMFADevice", code="AccessDenied", status=403
        )
    )
    sessions = world.sessions()
    session = opened(world, TaskPolicy.DELETE_CREDENTIALS)
    sessions.deactivate_mfa_device(session, MFA)
    assert sessions.mfa_devices(session) == ()


def test_the_audit_task_removes_nothing(world: World) -> None:
    """What the task policy leaves out is DENIED, and never taken for done."""
    with pytest.raises(AwsError) as caught:
        world.sessions().delete_password(opened(world, TaskPolicy.AUDIT))
    assert caught.value.kind is AwsErrorKind.DENIED
    assert world.sessions().has_password(opened(world, TaskPolicy.AUDIT))


def test_temporarily_unmodifiable_is_waited_out(world: World) -> None:
    """IAM's plea to come back later is followed."""
    world.faults(
        Rule(
            effect=Effect.ERROR,
            operation="DeleteLoginProfile",
            code="EntityTemporarilyUnmodifiable",
            status=409,
            count=2,
        )
    )
    world.sessions().delete_password(opened(world, TaskPolicy.DELETE_CREDENTIALS))
    assert len(world.pauses) == 2


def test_a_lost_deletion_is_not_repeated(world: World) -> None:
    """A deletion without an answer is LOST after one attempt."""
    session = opened(world, TaskPolicy.DELETE_CREDENTIALS)
    world.faults(Rule(effect=Effect.LOST_REPLY, operation="DeleteAccessKey"))
    with pytest.raises(AwsError) as caught:
        world.sessions().delete_access_key(session, KEY_ID)
    assert caught.value.kind is AwsErrorKind.LOST
    assert world.calls("DeleteAccessKey") == 1


def test_a_read_survives_one_bad_answer(world: World) -> None:
    """Reads are tried again by the SDK where AWS had an internal error."""
    session = opened(world, TaskPolicy.AUDIT)
    world.faults(Rule(effect=Effect.LOST_REPLY, operation="GetAccountSummary", count=1))
    assert world.sessions().account_summary(session).password is Presence.PRESENT
    assert world.calls("GetAccountSummary") == 2


def test_an_expired_session_is_that_accounts_failure(world: World) -> None:
    """A session that ran out is DENIED for its account, not a fault of the operator's login."""
    session = opened(world, TaskPolicy.AUDIT)
    world.server.front.clock.advance(3600)
    with pytest.raises(AwsError) as caught:
        world.sessions().account_summary(session)
    assert caught.value.kind is AwsErrorKind.DENIED
    assert "Expired" in caught.value.aws_code


def test_unknown_operators_are_exit_2(world: World) -> None:
    """AssumeRoot with credentials that AWS does not know issues nothing and says so."""
    environ = {**world.environ(), "AWS_SECRET_ACCESS_KEY": "wrong"}
    door = AwsDoor(None, "eu-west-1", "sandbox", environ)
    with pytest.raises(CredentialsError):
        world.sessions(door).assume_root(DIRTY, TaskPolicy.AUDIT, 900, REFERENCE)


GOOD: dict[str, Any] = {
    "AccessKeyId": "ASIAEXAMPLE",
    "SecretAccessKey": "hush",
    "SessionToken": "hush-hush",
    "Expiration": IN_AN_HOUR,
}


@pytest.mark.parametrize("missing", [*GOOD, None])
def test_an_answer_that_is_not_as_asked_is_lost(missing: str | None) -> None:
    """An incomplete answer, or a session longer than asked, may be a live session: LOST."""
    credentials = {name: value for name, value in GOOD.items() if name != missing}
    latest = IN_AN_HOUR if missing else IN_AN_HOUR - timedelta(seconds=1)
    with pytest.raises(AwsError) as caught:
        _session_of({"Credentials": credentials}, DIRTY, TaskPolicy.AUDIT, latest)
    assert caught.value.kind is AwsErrorKind.LOST
    assert "hush" not in caught.value.message
