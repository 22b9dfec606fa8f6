"""Text of other people inside what an operator is told to type."""

import shlex

import pytest
from fakes.buckets_world import ACCOUNT, ASK, BUCKET, LOCK, locked_world, policy_of, wanted

from orgroot.core.results import Inspection
from orgroot.errors import UsageError
from orgroot.workflows.inspection import inspect_bucket
from orgroot.workflows.unlock import unlock_buckets


def test_the_command_to_paste_runs_nothing_that_a_policy_says() -> None:
    """A Sid is its author's text: in the command that is shown it stays one argument."""
    world = locked_world()
    evil = "x'; touch /tmp/owned; echo 'y"
    world.aws.members[ACCOUNT].buckets[BUCKET].policy = policy_of(LOCK | {"Sid": evil})
    result = inspect_bucket(world.workspace(), ACCOUNT, BUCKET)
    assert isinstance(result, Inspection)
    assert result.next is not None
    words = shlex.split(result.next)
    assert words[words.index("--sid") + 1] == evil
    assert "touch" not in words
    with pytest.raises(UsageError) as caught:
        unlock_buckets(world.workspace(), wanted(sids=("nope",)), ASK)
    assert evil in shlex.split(caught.value.hint or "")
