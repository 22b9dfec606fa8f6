"""What rules demand together, by tables and by what must hold of any rules."""

from itertools import permutations
from typing import Any

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orgroot.core.config import Approvals
from orgroot.core.eligibility import demand
from orgroot.core.governed_tasks import Task
from orgroot.core.quorum import unfilled
from orgroot.core.requirements import Requirement, people_needed, requirement
from orgroot.core.selectors import Subject
from orgroot.core.statements import (
    Request,
)
from tests.core import scene as s
from tests.core import world as w
from tests.core.drafts import executed, granted, request


def of(approvals: Approvals, task: Task, *buckets: str) -> Requirement | None:
    """The demand on a task with these buckets of one account."""
    names = buckets or ("",)
    return requirement(approvals, task, [Subject(account=s.ACCOUNT, resource=n) for n in names])


def test_every_bucket_must_be_covered() -> None:
    """One bucket without a rule denies the whole request."""
    approvals = s.approvals_of(s.rule("a", ["unlock-bucket"], 1, buckets=["a-*"]))
    assert of(approvals, Task.UNLOCK_BUCKET, "a-1") is not None
    assert of(approvals, Task.UNLOCK_BUCKET, "a-1", "b-1") is None
    assert of(approvals, Task.UNLOCK_BUCKET) is None
    assert of(approvals, Task.DELETE_ROOT_CREDENTIALS) is None


def test_the_strictest_of_each_field_holds() -> None:
    """Counts are the largest, groups the intersection, and the people the larger sum."""
    approvals = s.approvals_of(
        s.rule(
            "a",
            None,
            2,
            requesters=["platform", "security"],
            approvers=["security", "platform"],
            each_of={"security": 1},
        ),
        s.rule("b", None, 1, approvers=["security"], each_of={"security": 2, "platform": 1}),
    )
    needs = of(approvals, Task.UNLOCK_BUCKET, "x")
    assert needs is not None
    assert (needs.rule_ids, needs.total, needs.people) == (("a", "b"), 2, 3)
    assert needs.each_of == {"security": 2, "platform": 1}
    assert needs.requesters == {"platform"}
    assert needs.approvers == {"security", "platform"}
    assert needs.executors is None


def test_the_task_table_is_a_floor() -> None:
    """Rules that ask for less than the table allows still need its minimum."""
    approvals = s.approvals_of(s.rule("none", None, 0))
    needs = of(approvals, Task.UNLOCK_BUCKET, "x")
    assert needs is not None
    assert needs.people == 1
    assert not executed(granted("bob"), w.in_force(approvals))


GROUPS = st.sets(st.sampled_from("abc"), max_size=3).map(frozenset)
CROWDS = st.dictionaries(st.sampled_from(["p", "q", "r", "s"]), GROUPS, max_size=4)
SLOTS = st.dictionaries(st.sampled_from("abc"), st.integers(1, 2), max_size=2)


@settings(deadline=None)
@given(SLOTS, CROWDS)
def test_matching_is_as_good_as_trying_everything(
    slots: dict[str, int], people: dict[str, frozenset[str]]
) -> None:
    """The slots left open are as few as the best of all assignments leaves."""
    seats = [group for group, count in slots.items() for _ in range(count)]
    nobody = [""] * len(seats)
    best = max(
        sum(group in people.get(who, ()) for who, group in zip(order, seats, strict=False))
        for order in permutations([*people, *nobody], len(seats))
    )
    assert sum(unfilled(slots, people).values()) == len(seats) - best


ALL_GROUPS = ["platform", "security", "readers"]
RULE = st.builds(
    lambda total, slots, approvers, executors, buckets: s.rule(
        "r",
        None,
        total,
        each_of=slots,
        requesters=["platform"],
        **({"approvers": approvers} if approvers else {}),
        **({"executors": executors} if executors else {}),
        **({"buckets": buckets} if buckets else {}),
    ),
    st.integers(0, 3),
    st.dictionaries(st.sampled_from(ALL_GROUPS), st.integers(1, 2), max_size=2),
    st.lists(st.sampled_from(ALL_GROUPS), max_size=2, unique=True),
    st.lists(st.sampled_from(ALL_GROUPS), max_size=2, unique=True),
    st.sampled_from([None, ["*"], ["example-*"], ["other"]]),
)
SUPPORTERS = st.lists(st.sampled_from(list(s.PEOPLE)), unique=True)


def numbered(rules: list[dict[str, Any]]) -> Approvals:
    """Rules with distinct ids."""
    return s.approvals_of(*(rule | {"id": f"r{n}"} for n, rule in enumerate(rules)))


@settings(max_examples=60, deadline=None)
@given(st.lists(RULE, min_size=1, max_size=3), RULE, SUPPORTERS, st.sampled_from(["alice", "olga"]))
def test_adding_a_rule_never_loosens(
    rules: list[dict[str, Any]], more: dict[str, Any], who: list[str], executor: str
) -> None:
    """What more rules grant, fewer granted too, if they covered it and could be published."""
    before, after = w.in_force(numbered(rules)), w.in_force(numbered([*rules, more]))
    assume(all(people_needed(rule) for rule in before.body.approvals.rules))
    if executed(granted(*who), after, executor) and demand(before, request()) is not None:
        assert executed(granted(*who), before, executor)


@settings(max_examples=60, deadline=None)
@given(st.lists(RULE, min_size=1, max_size=3), st.integers(0, 3))
def test_the_requester_alone_is_never_enough(rules: list[dict[str, Any]], times: int) -> None:
    """No set of approvals that holds only the requester's is granted."""
    assert not executed(granted(*["alice"] * times), w.in_force(numbered(rules)))


@settings(max_examples=60, deadline=None)
@given(st.lists(RULE, min_size=1, max_size=3), SUPPORTERS, st.sampled_from(list(s.PEOPLE)))
def test_fewer_approvals_never_grant_more(
    rules: list[dict[str, Any]], who: list[str], gone: str
) -> None:
    """Taking an approval away grants nothing that was not granted with it."""
    law_now = w.in_force(numbered(rules))
    fewer = [person for person in who if person != gone]
    if executed(granted(*fewer), law_now):
        assert executed(granted(*who), law_now)


def test_requests_are_read_only_values() -> None:
    """A decision changes nothing it looks at."""
    record = granted("bob")
    body = msgspec.to_builtins(record.body)
    executed(record)
    assert isinstance(record.body, Request)
    assert msgspec.to_builtins(record.body) == body
