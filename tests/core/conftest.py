"""Logs that most tests of the fold begin with."""

import pytest

from orgroot.core.ids import ExecutionId
from tests.core import scene as s
from tests.core import world as w


@pytest.fixture
def log() -> w.Log:
    """A log with its rules in force."""
    return w.Log(s.approvals_of())


@pytest.fixture
def locked() -> w.Log:
    """The same in a store where nobody can overwrite."""
    return w.Log(s.approvals_of(), trust=s.trust_of(store="s3://corp-orgroot-log/v1/"))


@pytest.fixture
def run(log: w.Log) -> ExecutionId:
    """An execution that was killed between its step-intent and the result."""
    request = log.request()
    log.approve("bob", request)
    execution = log.intent("alice", request)
    log.fact(execution, s.issued())
    log.fact(execution, s.begun())
    return execution
