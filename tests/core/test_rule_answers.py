"""What rules say to one person: may they ask, and who could approve it now."""

from typing import Any

import pytest
from fakes.key_types import TokenSigner

from orgroot.core.config import Approvals
from orgroot.core.governed_tasks import Task
from orgroot.core.people import Roster
from orgroot.core.quorum import Missing
from orgroot.core.requirements import requirement
from orgroot.core.rule_answers import Answer, answer, could_decide
from orgroot.core.selectors import Subject
from tests.core import scene as s

UNLOCK, READ = Task.UNLOCK_BUCKET, Task.AUDIT_ROOT_CREDENTIALS


def told(person: str, task: Task = UNLOCK, approvals: Approvals | None = None) -> Answer:
    """The answer to a person about one account."""
    rules = approvals or s.approvals_of()
    needs = requirement(rules, task, [Subject(account=s.ACCOUNT, resource=s.BUCKET)])
    assert needs is not None
    return answer(rules, Roster(rules), task, needs, person, s.START)


def test_who_may_ask_hears_who_could_approve() -> None:
    """The requester is not among them, and nothing is out of reach."""
    assert told("alice") == Answer(
        refusals=(), could_approve=("bob", "carol", "erik"), out_of_reach=()
    )
    assert told("erik").could_approve == ("bob", "carol")
    assert told("nightly", READ) == Answer(refusals=(), could_approve=(), out_of_reach=())


@pytest.mark.parametrize(
    ("person", "task", "fields", "word"),
    [
        ("mallory", UNLOCK, {}, "not in the roster"),
        ("bob", UNLOCK, {}, "Only platform may ask"),
        ("nightly", UNLOCK, {"rules": ["readers"]}, "is a service"),
        ("alice", UNLOCK, {"people": {"alice": {"keys": []}}}, "no valid key"),
        ("alice", UNLOCK, {"defaults": {"hardware_key": "required"}}, "no hardware key"),
        ("alice", UNLOCK, {"expires": "2026-03-01T00:00:00Z"}, "expired at 2026-03-01"),
    ],
)
def test_why_somebody_may_not_ask(
    person: str, task: Task, fields: dict[str, Any], word: str
) -> None:
    """Each row is one reason, in words."""
    rules = (
        [s.rule("r", None, 1, requesters=fields.pop("rules"), each_of={"security": 1})]
        if ("rules" in fields)
        else []
    )
    changes = {name: s.person(name, **entry) for name, entry in fields.pop("people", {}).items()}
    approvals = s.approvals_of(*rules, people=changes, **fields)
    assert any(word in why for why in told(person, task, approvals).refusals)


def test_expired_rules_still_let_people_read() -> None:
    """A reading is asked for as before."""
    approvals = s.approvals_of(expires="2026-03-01T00:00:00Z")
    assert told("alice", READ, approvals).refusals == ()


def test_what_is_out_of_reach_is_named() -> None:
    """Where those who could approve are too few, the slots that stay open are told."""
    rules = s.approvals_of(s.rule("r", None, 3, each_of={"security": 3}))
    assert told("erik", UNLOCK, rules).out_of_reach == (Missing(group="security", count=1),)


def test_only_keys_that_count_decide() -> None:
    """Under required hardware keys only their holders could approve."""
    added = {"key": TokenSigner("carol").public_key, "added": "2026-01-10T00:00:00Z"}
    rules = s.approvals_of(
        people={"carol": s.person("carol", keys=[added])}, defaults={"hardware_key": "required"}
    )
    needs = requirement(rules, UNLOCK, [Subject(account=s.ACCOUNT)])
    assert needs is not None
    assert could_decide(Roster(rules), needs, s.START) == ("carol",)
