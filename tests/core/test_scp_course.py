"""A root task that works before a plan and after it goes on working on the way."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orgroot.core.governed_tasks import Task
from orgroot.core.plan import Change
from orgroot.core.scp import ObservedScps
from orgroot.core.scp_after import organization_after
from orgroot.core.scp_changes import AdoptableScp, adopt_scp
from orgroot.core.scp_check import Memory
from orgroot.core.scp_course import Course, Passage
from orgroot.core.scp_document import policy_text
from orgroot.core.scp_guard import edits_of, tasks_of
from orgroot.core.scp_lockout import Scp
from orgroot.core.scp_plan import plan_scps
from orgroot.core.scp_regressions import Asked, Stopped, stopped_by
from orgroot.core.scp_statement import parse_statements
from orgroot.core.scp_tree import BoundScp, ScpTree
from orgroot.errors import UsageError
from tests.core.scp_world import ACCOUNT, ORG_ROOT, UNIT, declared, observed, scp

ASKED: Asked = {
    "regions": ("eu-west-1",),
    "now": "2026-11-25T09:00:00Z",
    "settled": {},
    "said": Memory(),
}
OTHER = "333333333333"
NOBODY: frozenset[Task] = frozenset()
UNLOCKS = {Task.UNLOCK_BUCKET}


def text(effect: str, *actions: str, resource: str = "*", **condition: object) -> str:
    """A document of one statement."""
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource}
    extra = {"Condition": condition} if condition else {}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **extra}]})


def tree_of(state: ObservedScps, *more: str) -> ScpTree:
    """The same organization as a tree: an account in the OU, and one at the root."""
    bound = {
        p.id: BoundScp(id=p.id, scp=Scp(name=p.name, statements=parse_statements(p.text or "", "")))
        for p in state.policies
    }
    paths = {ACCOUNT: (ORG_ROOT, UNIT), OTHER: (ORG_ROOT,)} | dict.fromkeys(more, (ORG_ROOT, UNIT))
    others = dict.fromkeys((OTHER, *more), ("p-FullAWSAccess",))
    attached = {**others, **state.attached}
    return ScpTree(organization="o-example", policies=bound, attached=attached, paths=paths)


IAM, S3, BOTH = text("Allow", "iam:*", "sqs:*"), text("Allow", "s3:*"), text("Allow", "*")
ROOT_DENY = text("Deny", "s3:*")


def course(state: ObservedScps, changes: tuple[Change, ...], *more: str) -> Course:
    """What the accounts meet on the way of a plan."""
    return Course(tree_of(state, *more), changes, ASKED)


def test_an_order_is_taken_in_which_the_task_goes_on() -> None:
    """An allow list is split: what takes over a part of it is attached before that is taken out."""
    state = observed(scp("list", text=BOTH), bare=("unit",), unit=("p-list",))
    wanted = (declared(UNIT, name="list", text=IAM), declared(UNIT, name="more", text=S3))
    changes = plan_scps(wanted, state).plan.changes
    way = course(state, changes)
    broken = way.passage(changes)
    assert (broken.after, broken.tasks) == ((), UNLOCKS)
    order, passage = way.least_broken(changes, state, NOBODY)
    assert [(c.op.value, c.target) for c in order] == [
        ("create-scp", "more"),
        ("attach-scp", UNIT),
        ("update-scp", "list"),
    ]
    assert (passage.tasks, sorted(order, key=str)) == (NOBODY, sorted(changes, key=str))


def swap() -> tuple[ObservedScps, tuple[Change, ...]]:
    """Two allow lists that trade what they allow: whichever is written first, something stops."""
    lists = (scp("one", text=IAM), scp("two", text=S3))
    state = observed(*lists, bare=("unit",), unit=("p-one", "p-two"))
    wanted = (declared(UNIT, name="one", text=S3), declared(UNIT, name="two", text=IAM))
    return state, plan_scps(wanted, state).plan.changes


def test_where_no_order_avoids_it_the_step_is_named() -> None:
    """Step, task, account and the policies that allow nothing of it; a later step ends it."""
    state, changes = swap()
    order, passage = course(state, changes).least_broken(changes, state, NOBODY)
    assert (order, passage.after) == (changes, ())
    assert passage.words[0] == (
        "after step 1 of 2 (update-scp one) and until a later one, audit-root-credentials in "
        f"{ACCOUNT} would be denied by service control policy one, service control policy two"
    )
    assert passage.tasks == set(Task) & tasks_of(each.stopped for each in passage.between)
    assert Task.UNLOCK_BUCKET not in passage.tasks


def test_among_orders_one_is_taken_that_interrupts_what_is_accepted() -> None:
    """Written the other way round, only the unlocking of buckets stops for a moment."""
    state, changes = swap()
    way = course(state, changes)
    order, passage = way.least_broken(changes, state, frozenset(UNLOCKS))
    assert [change.target for change in order] == ["two", "one"]
    assert (passage.after, passage.tasks) == ((), UNLOCKS)
    assert all(each.step == 1 for each in passage.between)


def test_an_accepted_interruption_that_can_be_avoided_does_not_come() -> None:
    """Acceptance is no reason to stop anything."""
    state = observed(scp("list", text=BOTH), bare=("unit",), unit=("p-list",))
    wanted = (declared(UNIT, name="list", text=IAM), declared(UNIT, name="more", text=S3))
    changes = plan_scps(wanted, state).plan.changes
    _, passage = course(state, changes).least_broken(changes, state, frozenset(UNLOCKS))
    assert passage == Passage(steps=len(changes))


def test_what_stops_for_good_is_no_interruption() -> None:
    """It is said once, as what the plan would stop, in every account that is alike."""
    state = observed()
    changes = plan_scps((declared(UNIT, text=ROOT_DENY),), state).plan.changes
    more = ("444444444444", "555555555555")
    _, passage = course(state, changes, *more).least_broken(changes, state, NOBODY)
    assert passage.between == ()
    (stopped,) = passage.after
    assert stopped.accounts == (ACCOUNT, *more)
    assert "unlock-bucket in 222222222222, 444444444444, 555555555555" in passage.words[0]


def test_what_is_interrupted_in_some_accounts_and_stopped_in_others_is_told_apart() -> None:
    """The interruption names only the accounts in which the task works again."""
    lists = (scp("one", text=BOTH), scp("two", text=BOTH))
    state = observed(*lists, bare=("unit", "root"), unit=("p-two",), root=("p-one",))
    wanted = (declared("root", name="one", text=IAM), declared(UNIT, name="two", text=BOTH))
    changes = plan_scps(wanted, state).plan.changes
    passage = course(state, changes).passage(changes)
    assert (passage.between, passage.after[0].accounts) == ((), (ACCOUNT, OTHER))


def test_steps_that_bind_nobody_are_not_judged() -> None:
    """A policy on an empty OU, an adoption, and a policy that spares root sessions stop nothing."""
    exempt = text("Deny", "*", Null={"aws:AssumedRoot": "true"})
    known = AdoptableScp(id="p-x", policy=policy_text(ROOT_DENY), description="", tags={})
    state = observed(scp("x", text=ROOT_DENY, team="t"), scp("old", text=exempt), unit=("p-old",))
    changes = (
        adopt_scp("x", known),
        *plan_scps((declared("root", text=exempt),), state).plan.changes,
    )
    assert course(state, changes).passage(changes) == Passage(steps=len(changes))


def test_the_search_for_an_order_ends() -> None:
    """Of many steps that could be made in a million orders none is tried without end."""
    names = [f"n{n}" for n in range(8)]
    lists = [scp(name, text=text("Allow", "iam:*", f"s3:{name}*")) for name in names]
    swapped = (scp("one", text=text("Allow", "sqs:*")), scp("two", text=S3))
    held = tuple(each.id for each in (*lists, *swapped))
    state = observed(*lists, *swapped, bare=("unit",), unit=held)
    wanted = (
        *(declared(UNIT, name=n, text=text("Allow", "iam:*", f"s3:{n}?*")) for n in names),
        declared(UNIT, name="one", text=S3),
        declared(UNIT, name="two", text=text("Allow", "sqs:*")),
    )
    changes = plan_scps(wanted, state).plan.changes
    order, passage = course(state, changes).least_broken(changes, state, NOBODY)
    assert order == changes
    assert passage.tasks


NAMES = ("a", "b", "c")
DOCUMENTS = (
    BOTH,
    IAM,
    S3,
    ROOT_DENY,
    text("Deny", "sqs:*", StringNotEquals={"aws:SourceVpc": "vpc-1"}),
    text("Deny", "iam:*", resource=f"arn:aws:iam::{ACCOUNT}:root"),
    text("Deny", "*", Null={"aws:AssumedRoot": "true"}),
)
documents = st.sampled_from(DOCUMENTS)
places = st.lists(st.sampled_from((ORG_ROOT, UNIT, ACCOUNT)), unique=True)


def pairs(found: tuple[Stopped, ...]) -> set[tuple[Task, str]]:
    """Each task with each account in which it stops."""
    return {(task, a) for each in found for task in tasks_of([each]) for a in each.accounts}


@settings(max_examples=60)
@given(
    wanted=st.dictionaries(st.sampled_from(NAMES), st.tuples(documents, places)),
    there=st.dictionaries(st.sampled_from(NAMES), st.tuples(documents, places)),
    full=st.booleans(),
)
def test_every_step_of_every_plan_is_judged_as_the_whole_organization_would_be(
    wanted: dict[str, tuple[str, list[str]]],
    there: dict[str, tuple[str, list[str]]],
    full: bool,  # noqa: FBT001 - drawn
) -> None:
    """What is said to stop, and where, is what judging every account after every step finds."""
    keys = {ORG_ROOT: "root", UNIT: "unit", ACCOUNT: "account"}
    state = observed(
        *(scp(name, text=document) for name, (document, _) in there.items()),
        bare=() if full else ("unit",),
        **{
            key: tuple(f"p-{n}" for n, (_, at) in there.items() if target in at)
            for target, key in keys.items()
        },
    )
    asked = tuple(declared(*at, name=n, text=doc) for n, (doc, at) in wanted.items())
    try:
        changes = plan_scps(asked, state).plan.changes
    except UsageError:
        return
    tree = tree_of(state, "444444444444")
    order, passage = Course(tree, changes, ASKED).least_broken(changes, state, NOBODY)
    after = tree
    found: list[set[tuple[Task, str]]] = [set()]
    for change in order:
        after = organization_after(after, edits_of((change,), after))
        found.append(
            pairs(stopped_by(tree, after, regions=("eu-west-1",), now=ASKED["now"], settled={}))
        )
    assert pairs(passage.after) == found[-1]
    interrupted = pairs(tuple(each.stopped for each in passage.between))
    assert interrupted == set().union(*found) - found[-1]
    for each in passage.between:
        assert pairs((each.stopped,)) <= found[each.step]
        assert not pairs((each.stopped,)) & found[each.step - 1]
    if interrupted:
        return
    assert passage.tasks == {task for task, _ in found[-1]}


@pytest.mark.parametrize("accounts", [(), (OTHER,)])
def test_an_organization_without_accounts_below_is_left_alone(accounts: tuple[str, ...]) -> None:
    """Nobody is stopped where nobody is."""
    state = observed()
    changes = plan_scps((declared(UNIT, text=ROOT_DENY),), state).plan.changes
    tree = tree_of(state)
    empty = ScpTree(
        organization="o-example",
        policies=tree.policies,
        attached=tree.attached,
        paths=dict.fromkeys(accounts, (ORG_ROOT,)),
    )
    assert Course(empty, changes, ASKED).passage(changes) == Passage(steps=len(changes))
