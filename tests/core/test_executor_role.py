"""The executor role as values: what its sessions may do, their names, how many it takes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgroot.core.executor_role import (
    MAX_POLICY_CHARACTERS,
    ReferenceIn,
    batches,
    halves,
    nothing_policy,
    route_flaw,
    session_name,
    session_policy,
)
from orgroot.core.root_tasks import TaskPolicy
from tests.core import world as w
from tests.core.verdicts import C, voided

ROLE = "arn:aws:iam::222222222222:role/orgroot-executor"
AUDIT = TaskPolicy.AUDIT


def test_a_session_may_open_its_own_root_sessions_and_nothing_else() -> None:
    """One statement: AssumeRoot, on these accounts, with this task policy."""
    document = json.loads(session_policy(("222222222222", "333333333333"), AUDIT, "aws"))
    assert document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRoot",
                "Resource": ["arn:aws:iam::222222222222:root", "arn:aws:iam::333333333333:root"],
                "Condition": {
                    "ArnEquals": {
                        "sts:TaskPolicyArn": "arn:aws:iam::aws:policy/root-task/"
                        "IAMAuditRootUserCredentials"
                    }
                },
            }
        ],
    }


def test_a_session_that_only_asks_who_it_is_may_do_nothing() -> None:
    """It denies everything and allows nothing."""
    statements = json.loads(nothing_policy())["Statement"]
    assert statements == [{"Effect": "Deny", "Action": "*", "Resource": "*"}]


@given(count=st.integers(0, 300), task=st.sampled_from(TaskPolicy))
def test_batches_hold_every_account_once_and_fit(count: int, task: TaskPolicy) -> None:
    """In order, none lost or named twice, each policy within AWS's limit and none half empty."""
    accounts = tuple(f"{number:012d}" for number in range(count))
    found = tuple(batches(accounts, task, "aws-us-gov"))
    assert tuple(account for batch in found for account in batch) == accounts
    for batch in found:
        assert len(session_policy(batch, task, "aws-us-gov")) <= MAX_POLICY_CHARACTERS
    for batch in found[:-1]:
        more = session_policy((*batch, "9" * 12), task, "aws-us-gov")
        assert len(more) > MAX_POLICY_CHARACTERS


@given(count=st.integers(2, 100))
def test_halves_are_smaller_and_complete(count: int) -> None:
    """Halving a batch loses nothing and ends."""
    batch = tuple(f"{number:012d}" for number in range(count))
    one, other = halves(batch)
    assert one + other == batch
    assert 0 < len(other) <= len(one) < count


def test_a_session_is_called_after_the_person() -> None:
    """AWS wants two characters; what is added to a single one is no character of a name."""
    assert session_name("alice") == "alice"
    assert session_name("a") == "a="


@pytest.mark.parametrize(
    ("role", "word", "sound"),
    [
        (None, ReferenceIn.USER_AGENT, True),
        (ROLE, ReferenceIn.USER_AGENT, True),
        (ROLE, ReferenceIn.SOURCE_IDENTITY, True),
        (None, ReferenceIn.SOURCE_IDENTITY, False),
        (ROLE, "ticket", False),
        (None, "", False),
    ],
)
def test_what_an_intent_says_of_its_route(
    log: w.Log, role: str | None, word: str, *, sound: bool
) -> None:
    """A SourceIdentity needs a role that was assumed with it; another carrier does not exist."""
    assert (route_flaw(role, word) is None) is sound
    request = log.request()
    log.approve("carol", request)
    log.intent("alice", request, executor_arn=role, reference_in=str(word))
    if sound:
        assert log.state.executions
    else:
        voided(log, C.ILLEGAL_TRANSITION)
        assert not log.state.executions
