"""`rules show` and `rules check --without`: what holds where, and what breaks."""

from typing import Any

import msgspec
import pytest
from fakes.buckets_world import ACCOUNT, BUCKET, locked_world
from fakes.team import World, approvals_tree

from orgroot.core.config import Approvals
from orgroot.core.governed_tasks import Task, UnlockMode
from orgroot.core.results import AskerRow, RegionRow, RulesShow, SlotRow
from orgroot.core.structure import convert
from orgroot.errors import UsageError
from orgroot.workflows import rules
from orgroot.workflows.key_revocation import Ended, revoke_key
from orgroot.workflows.requests import Ask
from orgroot.workflows.rules_view import Question, matrix, show
from orgroot.workflows.unlock import Wanted, unlock_buckets

STRICT = "ou-ab12-strict01"
UNLOCK = Task.UNLOCK_BUCKET


@pytest.fixture
def world() -> World:
    """Two of security for what is tagged prod in the strict OU."""
    made = locked_world()
    tree: Any = approvals_tree(total=1)
    tree["rules"].append(
        {
            "id": "strict",
            "match": {"tasks": [UNLOCK.value], "ous": [STRICT], "tags": {"stage": "prod"}},
            "requesters": {"groups": ["platform"]},
            "approvals": {"total": "2", "each_of": [{"group": "security", "count": "2"}]},
        }
    )
    made.config = msgspec.structs.replace(made.config, approvals=convert(tree, Approvals))
    rules.publish(made.desk("dana"), lambda _: None)
    return made


def region(result: RulesShow) -> RegionRow:
    """The only region."""
    (row,) = result.regions
    return row


def asker(result: RulesShow) -> AskerRow:
    """Who asks."""
    assert result.asker is not None
    return result.asker


def test_what_is_not_known_is_taken_strictly_and_said(world: World) -> None:
    """Without a word on OU and tags the strict rule applies, and the note says why."""
    found = show(world.desk("bob"), Question(task=UNLOCK, account=ACCOUNT, person="alice"))
    assert region(found).rules == ("root-tasks", "strict")
    assert found.notes == (
        "not known: its OU (--ou), its tag stage (--tag); rules that look at it are taken to apply",
    )
    assert asker(found).may_ask
    assert asker(found).could_approve == ("bob", "carol", "olga")
    assert asker(found).out_of_reach == ()


def test_what_is_said_decides(world: World) -> None:
    """OUs and tags from the question: elsewhere, or tagged otherwise, one is enough."""
    question = Question(task=UNLOCK, account=ACCOUNT, ous=(STRICT,), tags={"stage": "dev"})
    found = show(world.desk("bob"), question)
    assert (region(found).rules, region(found).people, found.asker) == (("root-tasks",), 1, None)
    assert region(found).where == (f"account {ACCOUNT}", f"in {STRICT}", "tag stage=dev")
    both = Question(task=UNLOCK, account=ACCOUNT, ous=(STRICT,), tags={"stage": "prod"})
    assert region(show(world.desk("bob"), both)).people == 2


def test_what_the_log_saw_fills_the_gaps(world: World) -> None:
    """An account that was asked about is known; where it is said to be now is a move."""
    want = Wanted(account=ACCOUNT, buckets=(BUCKET,), mode=UnlockMode.DELETE)
    unlock_buckets(world.workspace(), want, Ask(reason="x"))
    known = show(world.desk("bob"), Question(task=UNLOCK, account=ACCOUNT, resource=BUCKET))
    assert known.notes == ()
    assert region(known).where[-2:] == ("no tag stage", f"bucket {BUCKET}")
    assert region(known).rules == ("root-tasks",)
    elsewhere = show(world.desk("bob"), Question(task=UNLOCK, account=ACCOUNT, ous=(STRICT,)))
    assert f"orgroot log ack {ACCOUNT}" in elsewhere.notes[0]


def test_the_matrix_has_every_task_and_part(world: World) -> None:
    """Tasks that no rule covers are there as denied; parts are named by their simplest example."""
    found = matrix(world.desk("bob"))
    assert {row.task for row in found.regions} == {task.value for task in Task}
    unlock = [row for row in found.regions if row.task == UNLOCK]
    assert [(row.where, row.people) for row in unlock] == [
        ((), 1),
        ((f"ou {STRICT}", "tag stage=prod"), 2),
    ]
    denied = next(row for row in found.regions if row.task == Task.CHANGE_MONITORING)
    assert (denied.rules, denied.people, denied.may_ask) == ((), 0, ())
    reading = next(row for row in found.regions if row.task == Task.AUDIT_ROOT_CREDENTIALS)
    assert "nightly" in reading.may_ask
    assert reading.may_approve == ()
    adding = next(row for row in found.regions if row.task == Task.ADD_SCPS)
    assert adding.where == ("the organization",)
    assert (found.serial, found.expired) == (2, False)


def test_what_no_rule_covers_has_no_asker(world: World) -> None:
    """Denied is the whole answer."""
    found = show(world.desk("bob"), Question(task=Task.CHANGE_MONITORING, person="alice"))
    assert (region(found).rules, found.asker) == ((), None)


def test_management_tasks_are_about_the_organization(world: World) -> None:
    """They take no account, and others take one."""
    found = show(world.desk("bob"), Question(task=Task.ADD_SCPS, person="olga"))
    assert region(found).each_of == (SlotRow(group="security", count=1),)
    for question in (
        Question(task=Task.ADD_SCPS, account=ACCOUNT),
        Question(task=UNLOCK),
        Question(task=Task.ALLOW_ROOT_RECOVERY, account=ACCOUNT, resource="x"),
    ):
        with pytest.raises(UsageError):
            show(world.desk("bob"), question)


def test_rules_of_the_configuration_are_shown_on_demand(world: World) -> None:
    """Authored rules have no serial; a key that the log has ended approves nothing there either."""
    assert matrix(world.desk("bob"), config=True).serial is None
    question = Question(task=UNLOCK, account=ACCOUNT)
    before = region(show(world.desk("bob"), question, config=True)).may_approve
    gone = Ended(person="bob", fingerprint=None, reason="lost", since=None)
    revoke_key(world.desk("bob"), gone, lambda _: None)
    after = region(show(world.desk("carol"), question, config=True)).may_approve
    assert set(before) - set(after) == {"bob"}


def test_break_glass_is_shown(world: World) -> None:
    """Who may, and who reviews how soon."""
    tree: Any = approvals_tree(total=1)
    tree["rules"][0]["break_glass"] = {
        "requesters": {"groups": ["oncall"]},
        "review": {"within": "24h", "group": "security", "count": "1"},
    }
    world.config = msgspec.structs.replace(world.config, approvals=convert(tree, Approvals))
    found = show(world.desk("bob"), Question(task=UNLOCK, account=ACCOUNT), config=True)
    emergency = region(found).break_glass
    assert emergency is not None
    assert (emergency.requesters, emergency.review_within) == (("oncall",), 86400)


def test_what_breaks_when_somebody_leaves(world: World) -> None:
    """Only what is new is told: bob is one of two whom the strict rule needs."""
    gone = rules.check(world.desk("dana"), without="bob")
    assert gone.without == "bob"
    assert {issue.code for issue in gone.issues} == {"unreachable"}
    assert [reason.value for reason in gone.exit_reasons] == ["findings"]
    quiet = rules.check(world.desk("dana"), without="nightly")
    assert {issue.code for issue in quiet.issues} == {"empty-group"}
    owner = rules.check(world.desk("dana"), without="dana")
    assert {issue.code for issue in owner.issues} == {"owners"}
    with pytest.raises(UsageError, match="neither in the roster"):
        rules.check(world.desk("dana"), without="mallory")
