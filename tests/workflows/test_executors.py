"""Root sessions through an executor role: what its sessions may do, and what the intent says."""

import json
from dataclasses import replace

import msgspec
import pytest
from fakes.aws_members import MANAGEMENT
from fakes.buckets_world import ACCOUNT, approved, inspected, locked_world, policy_now
from fakes.removal_world import ask_for, removal_world, run, verified
from fakes.team import World, new_world

from orgroot.core.organization import Caller, Selection
from orgroot.core.results import Inventory, Unlock
from orgroot.errors import AwsError, AwsErrorKind
from orgroot.workflows.execution import execute
from orgroot.workflows.inventory import inventory
from orgroot.workflows.workspace import Workspace

ROLE = f"arn:aws:iam::{MANAGEMENT}:role/orgroot-executor"
LOGIN = f"arn:aws:sts::{MANAGEMENT}:assumed-role/operators/carol"
ALL = Selection(all=True)


def with_role(world: World, account: str = MANAGEMENT) -> World:
    """The configuration names an executor role."""
    roles = {account: ROLE}
    organization = msgspec.structs.replace(world.config.organization, executor_roles=roles)
    world.config = msgspec.structs.replace(world.config, organization=organization)
    return world


def signed_in(world: World) -> Workspace:
    """Carol, whose AWS identity is a role's session of nobody's."""
    caller = Caller(account=MANAGEMENT, arn=LOGIN, user_id="AROAEXAMPLE:carol")
    return replace(world.workspace("carol"), caller=caller)


def granted() -> tuple[World, str]:
    """An approved unlocking, the role configured."""
    world = with_role(locked_world())
    inspected(world)
    request = approved(world)
    world.aws.calls.clear()
    world.aws.executors.clear()
    world.aws.sessions.clear()
    world.aws.opened_through.clear()
    return world, request


def said(world: World) -> list[tuple[str | None, str]]:
    """Executor and carrier of every execution in the log."""
    runs = world.log().sync().executions.values()
    return [(run.body.executor_arn, run.body.reference_in) for run in runs]


def test_a_change_goes_through_the_role_with_the_reference_as_its_identity() -> None:
    """One session of the role, named after the person, for one account and one task."""
    world, request = granted()
    result = execute(world.workspace(), request)
    assert isinstance(result, Unlock)
    assert result.items[0].outcome == "repaired"
    (session, policy), *others = world.aws.executors
    assert not others
    assert session.source_identity == world.aws.sessions[0][1]
    assert world.aws.opened_through == [session]
    assert [c.detail for c in world.aws.calls if c.operation == "sts:AssumeRole"] == ["alice"]
    statement = json.loads(policy)["Statement"][0]
    assert statement["Resource"] == [f"arn:aws:iam::{ACCOUNT}:root"]
    assert "S3UnlockBucketPolicy" in statement["Condition"]["ArnEquals"]["sts:TaskPolicyArn"]
    assert said(world)[-1] == (ROLE, "source-identity")


def test_the_role_is_assumed_after_the_intent_and_before_the_root_session() -> None:
    """A user's session can have no SourceIdentity, so nothing is asked before the intent."""
    world, request = granted()
    seen: dict[str, str] = {}
    for operation in ("sts:AssumeRole", "sts:AssumeRoot"):
        world.aws.when(operation, lambda call: seen.setdefault(call.operation, world.types()[-1]))
    execute(world.workspace(), request)
    assert seen == {"sts:AssumeRole": "intent", "sts:AssumeRoot": "intent"}


def test_a_login_with_an_identity_of_its_own_leaves_the_user_agent() -> None:
    """Nobody can change that identity: it is found out before, and the survey says so."""
    world = with_role(new_world())
    world.aws.identity_of_login = "carol@corp.example"
    inventory(signed_in(world), ALL)
    assert said(world) == [(ROLE, "user-agent")]
    probe, real = (policy for _, policy in world.aws.executors)
    assert json.loads(probe)["Statement"][0]["Effect"] == "Deny"
    assert json.loads(real)["Statement"][0]["Effect"] == "Allow"
    verified(world)


def test_a_login_without_one_is_asked_once_and_takes_the_reference() -> None:
    """Only AWS's answer shows that a role's session carries no SourceIdentity."""
    world = with_role(new_world())
    inventory(signed_in(world), ALL)
    assert said(world) == [(ROLE, "source-identity")]
    assert [bool(session.source_identity) for session, _ in world.aws.executors] == [False, True]


def test_a_role_that_does_not_open_is_told_before_the_intent() -> None:
    """A login that may not assume it opens nothing and leaves no record."""
    world = with_role(new_world())
    world.aws.fail("sts:AssumeRole")
    records = world.types()
    with pytest.raises(AwsError):
        inventory(signed_in(world), ALL)
    assert world.types() == records
    assert world.aws.count("sts:AssumeRoot") == 0


def test_a_role_that_refuses_after_the_intent_is_a_refusal() -> None:
    """No root session came to be: `aborted` says so, and the request can be executed later."""
    world, request = granted()
    world.aws.fail("sts:AssumeRole")
    execute(world.workspace(), request)
    assert world.types()[-2:] == ["intent", "aborted"]
    assert world.aws.count("sts:AssumeRoot") == 0
    execute(world.workspace(), request)
    assert b"Lock" not in (policy_now(world) or b"Lock")


def test_an_identity_that_was_not_taken_is_not_used() -> None:
    """Where AWS answers with another SourceIdentity than was asked for, no root session opens."""
    world, request = granted()
    ordinary = world.aws.assume_executor
    world.aws.assume_executor = lambda role, name, policy, _: ordinary(role, name, policy, None)  # type: ignore[method-assign]
    execute(world.workspace(), request)
    assert world.types()[-1] == "aborted"
    assert world.aws.count("sts:AssumeRoot") == 0


def test_without_a_role_for_the_account_run_from_the_caller_opens() -> None:
    """Another account's role is not ours, and a management task needs none."""
    world = with_role(new_world(), account="999999999999")
    inventory(world.workspace(), ALL)
    assert said(world) == [(None, "user-agent")]
    assert world.aws.opened_through == [None, None, None]


def swept(world: World, count: int) -> list[str]:
    """The policies of an inventory over so many more accounts."""
    for number in range(count):
        world.aws.add_account(f"5{number:011d}")
    result = inventory(world.workspace(), ALL)
    assert isinstance(result, Inventory)
    assert result.summary.read == count + 3
    return [policy for _, policy in world.aws.executors]


def test_a_sweep_takes_one_session_per_batch() -> None:
    """Each covers as many accounts as a policy holds, and no account is in two of them."""
    policies = swept(with_role(new_world()), 200)
    covered = [arn for policy in policies for arn in json.loads(policy)["Statement"][0]["Resource"]]
    assert len(policies) == 4
    assert len(covered) == len(set(covered)) == 203


def test_a_policy_that_aws_finds_too_large_is_halved() -> None:
    """What AWS makes of a policy, packed, nobody can compute: the batch shrinks until it fits."""
    world = with_role(new_world())
    world.aws.longest_policy = 700
    policies = swept(world, 30)
    assert max(map(len, policies)) <= 700
    covered = [arn for policy in policies for arn in json.loads(policy)["Statement"][0]["Resource"]]
    assert len(set(covered)) == 33


def test_a_single_account_that_is_too_large_is_a_refusal() -> None:
    """Halving ends at one account, which is then not read and says why."""
    world = with_role(new_world())
    world.aws.longest_policy = 10
    result = inventory(world.workspace(), ALL)
    assert isinstance(result, Inventory)
    assert result.summary.unread == 3
    assert "AssumeRole" in (result.accounts[1].reason or "")


def test_a_session_that_ends_soon_is_replaced() -> None:
    """A long removal asks for the next session of the role, with the same identity."""
    world = with_role(removal_world())
    request = ask_for(world)
    world.aws.executors.clear()
    world.aws.when("iam:DeleteSigningCertificate", lambda _call: world.clock.forward(850))
    run(world, request)
    policies = [policy for _, policy in world.aws.executors]
    deleting = [policy for policy in policies if "IAMDeleteRootUserCredentials" in policy]
    assert len(deleting) == 2
    assert deleting[0] == deleting[1]
    assert len({session.source_identity for session, _ in world.aws.executors}) == 1


def test_a_session_that_aws_calls_expired_is_replaced_once() -> None:
    """AssumeRoot refused for an ended session opened nothing, so it is asked again with another."""
    world, request = granted()
    world.aws.fail("sts:AssumeRoot", AwsErrorKind.DENIED)
    fault = world.aws.faults[-1]
    fault.error.aws_code = "ExpiredToken"
    execute(world.workspace(), request)
    assert len(world.aws.executors) == 2
    assert b"Lock" not in (policy_now(world) or b"Lock")


def test_throttling_of_the_role_is_waited_out() -> None:
    """A throttled AssumeRole is asked again, like AssumeRoot."""
    world, request = granted()
    world.aws.fail("sts:AssumeRole", AwsErrorKind.THROTTLED)
    execute(world.workspace(), request)
    assert world.types().count("aborted") == 0
    assert b"Lock" not in (policy_now(world) or b"Lock")


def test_the_executors_secrets_reach_no_record() -> None:
    """They are kept out of the log like a root session's, and forgotten at the end."""
    world, request = granted()
    ws = world.workspace()
    execute(ws, request)
    session = world.aws.executors[0][0]
    for raw in world.store.objects.values():
        assert session.session_token.reveal().encode() not in raw
    assert ws.log is not None
    assert not ws.log.secrets
