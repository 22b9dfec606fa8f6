"""The executor role through the adapter, against the sandbox: capped, named, with a reference."""

import json
from typing import Any

import pytest

from orgroot.aws.root_sessions import _require_carried
from orgroot.core.executor_role import nothing_policy, session_policy
from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secrets import RoleSession
from orgroot.errors import AwsError, AwsErrorKind, CredentialsError
from orgroot.sandbox import provision
from orgroot.sandbox.faults import Effect, Rule
from orgroot.sandbox.provision import UserKey
from tests.aws.world import CLEAN, DIRTY, MANAGEMENT, World

REFERENCE = "orq.abcdefghijkl.000000000042.0123456789abcdef01234567"
BOTH = ("sts:AssumeRole", "sts:SetSourceIdentity")
AUDIT, DELETE = TaskPolicy.AUDIT, TaskPolicy.DELETE_CREDENTIALS
ONE = session_policy((DIRTY,), AUDIT, "aws")


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def role(world: World, name: str = "orgroot-executor", actions: tuple[str, ...] = BOTH) -> str:
    """A role that opens root sessions, trusted by the whole management account."""
    trusted = {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}
    opens = {"Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": "*"}
    return provision.add_role(
        world.server.front.data_plane,
        MANAGEMENT,
        name,
        trust=document({"Effect": "Allow", "Principal": trusted, "Action": list(actions)}),
        policies={"p": json.dumps(document(opens))},
    )


def operator(world: World) -> UserKey:
    """A user who may assume roles and open no root session."""
    allowed = {"Effect": "Allow", "Action": list(BOTH), "Resource": "*"}
    policies = {"p": json.dumps(document(allowed))}
    return provision.add_user(world.server.front.data_plane, MANAGEMENT, "alice", policies)


def executor(world: World, policy: str = ONE, identity: str | None = REFERENCE) -> RoleSession:
    """A session of the role, opened by that user."""
    sessions = world.sessions(world.door(operator(world)))
    return sessions.assume_executor(role(world), "alice", policy, identity)


def test_a_session_carries_name_identity_and_the_shortest_life(world: World) -> None:
    """As asked: named after the person, with the reference, for 15 minutes; its secrets hidden."""
    session = executor(world)
    assert (session.account, session.source_identity) == (MANAGEMENT, REFERENCE)
    assert session.secret_access_key.reveal() not in repr(session)
    event = next(r for r in world.server.front.trail.records() if r["eventName"] == "AssumeRole")
    asked = event["requestParameters"]
    assert (asked["roleSessionName"], asked["durationSeconds"]) == ("alice", 900)
    assert f"ref/{REFERENCE}" in event["userAgent"]


def test_root_sessions_are_signed_by_the_executor(world: World) -> None:
    """AWS sees the role's session with its SourceIdentity, and not the operator."""
    through = executor(world)
    opened = world.sessions().assume_root(DIRTY, AUDIT, 900, REFERENCE, through)
    assert opened.account == DIRTY
    seen = world.server.front.trail.root_sessions()[-1]
    assert seen["caller"].endswith(":assumed-role/orgroot-executor/alice")
    assert seen["source_identity"] == REFERENCE
    assert f"ref/{REFERENCE}" in seen["user_agent"]


def test_a_session_handed_out_for_one_task_opens_no_other(world: World) -> None:
    """Another task, another account or any other call is refused by the session policy."""
    through = executor(world)
    door = world.door()
    sessions = world.sessions(door)
    for account, task in ((DIRTY, DELETE), (CLEAN, AUDIT)):
        with pytest.raises(AwsError) as caught:
            sessions.assume_root(account, task, 900, REFERENCE, through)
        assert caught.value.denied_by_type == "session policy"
    with pytest.raises(AwsError) as caught:
        door.call("organizations", "ListAccounts", session=through)
    assert caught.value.denied_by_type == "session policy"


def test_the_asking_session_opens_nothing(world: World) -> None:
    """What only asks which identity a login carries may not open a root session."""
    through = executor(world, nothing_policy(), None)
    assert through.source_identity is None
    with pytest.raises(AwsError) as caught:
        world.sessions().assume_root(DIRTY, AUDIT, 900, REFERENCE, through)
    assert caught.value.kind is AwsErrorKind.DENIED


def test_a_role_that_does_not_take_the_identity_says_what_it_needs(world: World) -> None:
    """A refusal of the role names both policies that must allow sts:SetSourceIdentity."""
    closed = role(world, "closed", ("sts:AssumeRole",))
    with pytest.raises(AwsError) as caught:
        world.sessions().assume_executor(closed, "alice", ONE, REFERENCE)
    assert caught.value.kind is AwsErrorKind.DENIED
    assert caught.value.operation == "sts:AssumeRole"
    assert f"the trust policy of {closed}" in str(caught.value.hint)
    assert "sts:SetSourceIdentity" in str(caught.value.hint)


def test_a_packed_policy_that_is_too_large_has_its_own_code(world: World) -> None:
    """The batch can then be made smaller: this refusal must be told from others."""
    world.server.front.sts.packed_policy_characters = 50
    with pytest.raises(AwsError) as caught:
        executor(world)
    assert caught.value.aws_code.startswith("PackedPolicyTooLarge")
    assert caught.value.kind is AwsErrorKind.LIMIT


def test_an_ended_session_is_not_the_operators_credentials(world: World) -> None:
    """AssumeRoot refused for it is a refusal, and says whose session is over."""
    world.faults(Rule(effect=Effect.SESSION_LIFETIME, operation="AssumeRole", seconds=0))
    through = executor(world)
    with pytest.raises(AwsError) as caught:
        world.sessions().assume_root(DIRTY, AUDIT, 900, REFERENCE, through)
    assert caught.value.aws_code.startswith("ExpiredToken")
    assert "the session of the role is not accepted" in caught.value.message


def test_expired_credentials_of_the_operator_are_theirs(world: World) -> None:
    """The role is assumed with the operator's credentials: those not accepted are exit 2."""
    stranger = UserKey(arn="", access_key_id="AKIATHXKY4QRVB2DWYHJ", secret="x" * 40)
    with pytest.raises(CredentialsError):
        world.sessions(world.door(stranger)).assume_executor(role(world), "alice", ONE, REFERENCE)


def test_an_answer_with_another_identity_is_not_used(world: World) -> None:
    """A root session that carries another SourceIdentity than its executor may exist: LOST."""
    through = executor(world)
    _require_carried({"SourceIdentity": REFERENCE}, through)
    _require_carried({}, through)
    _require_carried({"SourceIdentity": "dana"}, None)
    with pytest.raises(AwsError) as caught:
        _require_carried({"SourceIdentity": "dana"}, through)
    assert caught.value.kind is AwsErrorKind.LOST
